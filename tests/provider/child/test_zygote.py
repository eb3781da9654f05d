"""The zygote reports how each of its children ended, whenever the system reports it."""

import json
import os
import signal
import socket

import pytest

from airflow_venv.child.zygote import Zygote
from tests.support.waiting import wait_for


@pytest.fixture
def zygote(tmp_path):
    """Return a zygote that handles SIGCHLD of this process."""
    zygote = Zygote(None, {"socket": str(tmp_path)})
    before = signal.signal(signal.SIGCHLD, zygote.reap)
    yield zygote
    signal.signal(signal.SIGCHLD, before)


def test_each_status_is_reported_if_the_handler_interrupts_itself(zygote, monkeypatch):
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
        zygote.busy = True  # as in `fork`
        pid = os.posix_spawn(  # a new program, since this process has threads
            "/bin/sh",
            ["sh", "-c", f"read line; exit {code}"],
            {},
            file_actions=[(os.POSIX_SPAWN_DUP2, gate, 0), (os.POSIX_SPAWN_CLOSE, opened)],
        )
        zygote.tasks[pid] = ours
        zygote.busy = False
        clients.append(client)
    os.close(gate)
    os.close(opened)
    wait_for(lambda: not zygote.tasks)
    for code, client in enumerate(clients):
        assert json.loads(client.recv(100)) == {"status": code << 8}
        client.close()
