"""The zygote reports how each of its children ended, whenever the system reports it."""

import json
import os
import signal
import socket

import pytest

from airflow_venv.child.fork_server import ForkServer
from tests.support.waiting import wait_for


@pytest.fixture
def server(tmp_path):
    """Return a server that handles SIGCHLD of this process."""
    server = ForkServer(None, {"socket": str(tmp_path)})
    before = signal.signal(signal.SIGCHLD, server.reap)
    yield server
    signal.signal(signal.SIGCHLD, before)


def test_each_status_is_reported_if_the_handler_interrupts_itself(server, monkeypatch):
    """A child may end while the status of another one is read: Python then calls the handler within the handler."""
    waitpid = os.waitpid

    def interrupted(*args):
        answer = waitpid(*args)
        if answer[0]:
            os.kill(os.getpid(), signal.SIGCHLD)
        return answer

    monkeypatch.setattr(os, "waitpid", interrupted)
    gate, opened = os.pipe()
    clients = []
    for code in range(6):
        client, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        server.busy = True  # as in `fork`
        pid = os.posix_spawn(  # a new program, since this process has threads
            "/bin/sh",
            ["sh", "-c", f"read line; exit {code}"],
            {},
            file_actions=[(os.POSIX_SPAWN_DUP2, gate, 0), (os.POSIX_SPAWN_CLOSE, opened)],
        )
        server.tasks[pid] = ours
        server.busy = False
        clients.append(client)
    os.close(gate)
    os.close(opened)
    wait_for(lambda: not server.tasks)
    for code, client in enumerate(clients):
        assert json.loads(client.recv(100)) == {"status": code << 8}
        client.close()
