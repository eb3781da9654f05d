"""Start a zygote: a process that imports the modules that tasks need, and forks once for each task.

The worker starts `<environment>/bin/python zygote.py <settings>` with a few allowed environment variables only. The
zygote leaves the task's session and listens on a socket that only its own user can connect to (`fork_server.py`).
"""

import gc
import json
import os
import signal
import socket
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))


def detach():
    """Continue in a forked child with a session of its own, which is not a descendant of the task.

    The parent, for which the worker waits, exits.
    """
    if os.fork():
        os._exit(0)
    os.setsid()


def listen(path):
    """Return a new socket that listens at a path.

    Call this after `detach`: clients read the ID of the process that called `listen` (`SO_PEERCRED`).
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    before = os.umask(0o077)
    os.chdir(os.path.dirname(path))
    listener.bind(os.path.basename(path))  # the whole path may be longer than the system allows
    os.chdir("/")
    os.umask(before)
    listener.listen(128)
    return listener


def main():
    """Run the zygote and, in its forked children, the tasks."""
    settings = json.loads(sys.argv[1])
    if sys.path[:1] != [FOLDER]:  # PYTHONSAFEPATH
        sys.path.insert(0, FOLDER)
    import runner

    del sys.path[0]
    runner.install_package()
    del sys.modules["runner"]
    from airflow_venv import parent_death

    detach()
    parent_death.kill_at_hangup(settings["lifeline"])
    listener = listen(settings["socket"])
    import logging

    from airflow_venv import fork_server, forked_task

    prepared = forked_task.prepare()
    if settings["shim"]:
        from airflow_venv import shim

        shim.install()
    placeholder = logging.NullHandler()  # basicConfig() has no effect in modules, as in other processes
    logging.getLogger().addHandler(placeholder)
    server = fork_server.ForkServer(listener, settings)
    signal.signal(signal.SIGCHLD, server.reap)
    gc.collect()
    gc.freeze()
    parent_death.release()
    os.close(settings["lifeline"])
    try:
        os.write(1, b"\nready\n")
    except BrokenPipeError:  # the worker has given up meanwhile
        server.remove_socket()
        os._exit(1)
    os.dup2(0, 1)
    os.dup2(0, 2)
    task = server.serve()
    if task is None:
        os._exit(0)  # threads of modules could block a regular exit
    logging.getLogger().removeHandler(placeholder)
    forked_task.run(task, prepared)


if __name__ == "__main__":
    main()
