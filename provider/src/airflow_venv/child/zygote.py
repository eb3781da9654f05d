"""A process that imports what tasks need, and forks for each of them.

The worker starts `<environment>/bin/python zygote.py <settings>` with an allow-list of its variables, no more. It
leaves the task's session, imports the modules that tasks name, and listens on a socket that only its own user can
reach. A request brings descriptors; the forked child reads everything else (variables, arguments, the function) from
the channel, so that nothing of a task is ever in this process. Settings and messages are JSON objects, one a packet.

It ends by itself: idle, too old, too large, told to stop, or when its socket is gone. Children do not depend on it,
except that it alone can tell how they ended.
"""

import gc
import json
import os
import signal
import socket
import struct
import sys
import time
import warnings

FOLDER = os.path.dirname(os.path.abspath(__file__))
MARK = "AIRFLOW_VENV_TASK"
PACKET = 1 << 17
DESCRIPTORS = 4
"""The channel, the pipe to print to, the lifeline, the working folder."""
PATIENCE = 5.0
"""Seconds that a peer is given to send its request."""
LOOK = 15.0
"""Seconds between looks at the socket and the bounds."""


class Zygote:
    """Serves requests, one at a time, until there is a reason to end or this process is a forked task."""

    def __init__(self, listener, settings):
        self.listener = listener
        self.settings = settings
        self.inode = os.stat(settings["socket"]).st_ino
        self.started = self.used = time.monotonic()
        self.tasks = {}
        self.count = 0
        self.known = set()
        self.ending = False
        self.files = {}

    def serve(self):
        """Serve until the end. Return the descriptors of the task in a forked child, None in the zygote."""
        import select

        poll = select.poll()
        poll.register(self.listener, select.POLLIN)
        while not self.should_end():
            if self.ending or not poll.poll(min(LOOK, self.settings["idle"]) * 1000):
                if self.ending:
                    time.sleep(0.05)  # the signal of a child's end interrupts nothing that matters
                continue
            try:
                connection, _ = self.listener.accept()
            except OSError:  # there may be no room for another descriptor
                time.sleep(0.05)
                continue
            try:
                task = self.handle(connection)
            except (OSError, ValueError):
                connection.close()
                continue
            if task is not None:
                return task
        self.remove_socket()
        return None

    def should_end(self):
        """Return whether nothing more is to be done here."""
        now = time.monotonic()
        try:
            replaced = os.stat(self.settings["socket"]).st_ino != self.inode
        except OSError:
            replaced = True
        idle = now - self.used > self.settings["idle"]
        too_old = now - self.started > self.settings["age"]
        if (replaced or too_old or (idle and not self.tasks)) and not self.ending:
            self.stop()
        return self.ending and not self.tasks

    def stop(self):
        """Take no more requests."""
        self.ending = True
        self.remove_socket()
        self.listener.close()

    def remove_socket(self):
        """Remove the socket, unless another process has put its own there."""
        try:
            if os.stat(self.settings["socket"]).st_ino == self.inode:
                os.unlink(self.settings["socket"])
        except OSError:
            pass

    def handle(self, connection):
        """Answer one request; return the descriptors in a forked child."""
        connection.settimeout(PATIENCE)
        if struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1] != os.getuid():
            connection.close()
            return None
        data, descriptors = receive(connection)
        try:
            request = json.loads(data.decode())
            if request["do"] == "fork" and len(descriptors) == DESCRIPTORS:
                return self.fork(connection, request["modules"], descriptors)
            if request["do"] == "stop":
                self.stop()
            say(connection, self.state())
            connection.close()
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return None

    def state(self):
        """Describe this process."""
        return {
            "pid": os.getpid(),
            "python": sys.executable,
            "modules": modules_of(self.known),
            "running": len(self.tasks),
            "tasks": self.count,
            "idle": round(time.monotonic() - self.used, 1),
            "age": round(time.monotonic() - self.started, 1),
            "memory": resident(),
        }

    def fork(self, connection, modules, descriptors):
        """Import what is missing and fork. Refuse, and end, where a fork would not be safe."""
        from airflow_venv.fork_safety import problem

        self.used = time.monotonic()
        if self.changed():
            self.refuse(connection, "", "a file that it has imported has changed", again=True)
            return None
        new = [name for name in modules if name not in self.known]
        for name in new:
            say(connection, {"importing": name})
            self.known.add(name)
            reason = load(name) or problem()
            if not reason and resident() > self.settings["memory"]:
                reason = "the process takes {} MB with it, [venv] warm_memory allows {}".format(
                    resident() >> 20, self.settings["memory"] >> 20
                )
            if reason:
                self.refuse(connection, name, reason)
                return None
        if new:
            self.remember_files()
            flush()
            gc.collect()
            gc.freeze()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that OpenBLAS has threads is known
                pid = os.fork()
            if not pid:
                self.let_go(connection)
                task = list(descriptors)
                descriptors.clear()  # the caller closes what it finds there
                return task
            self.tasks[pid] = connection
            self.count += 1
            say(connection, {"pid": pid})
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        return None

    def refuse(self, connection, module, reason, again=False):
        """Say why there is no fork, and end; `again`: another zygote may do."""
        self.stop()
        say(connection, {"refused": reason, "module": module, "again": again})
        connection.close()

    def let_go(self, connection):
        """Close, in a forked child, what is the zygote's."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for held in [connection, *self.tasks.values(), self.listener]:
            held.close()

    def reap(self, *_):
        """Tell how children have ended (handler of SIGCHLD)."""
        for pid in list(self.tasks):
            try:
                done, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                done, status = pid, None
            if done:
                connection = self.tasks.pop(pid)
                self.used = time.monotonic()
                try:
                    say(connection, {"status": status})
                except OSError:  # nobody waits for it
                    pass
                connection.close()

    def remember_files(self):
        """Remember the state of files outside of the environment: the worker looks at those inside."""
        inside = tuple(os.path.realpath(path) + os.sep for path in (sys.prefix, sys.base_prefix, FOLDER))
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and path not in self.files and not os.path.realpath(path).startswith(inside):
                self.files[path] = modified(path)

    def changed(self):
        """Return whether a file outside of the environment is no longer what was imported."""
        return any(modified(path) != before for path, before in self.files.items())


def load(name):
    """Import `module`, or `module:name` as `from module import name` does; return why it spoils this process.

    A package that is not there changes nothing, and the function's own statement raises that error again. A module that
    fails in the middle of its code might fail in another way the next time.
    """
    module, _, attribute = name.partition(":")
    try:
        __import__(module, fromlist=[attribute] if attribute else [])
    except BaseException as error:  # noqa: BLE001 - a module may do anything
        if isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]:
            return ""
        from airflow_venv.excerpt import whole

        return "it raises " + whole(repr(error))
    return ""


def modules_of(names):
    """Return the names of modules among those that were to be imported."""
    modules = {name.replace(":", ".") for name in names} | {name.partition(":")[0] for name in names}
    return sorted(modules.intersection(sys.modules))


def modified(path):
    """Return the time of a file's last change."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def resident():
    """Return the bytes of memory that this process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def flush():
    """Write out what was printed while modules were imported, which no task's log is to show."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: BLE001, S110 - a module may have replaced it
            pass


def say(connection, message):
    """Send one message."""
    connection.send(json.dumps(message).encode())


def receive(connection):
    """Receive one packet and the descriptors that come with it."""
    size = struct.calcsize("i")
    data, ancillary, _, _ = connection.recvmsg(PACKET, socket.CMSG_SPACE(DESCRIPTORS * size))
    descriptors = []
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            count = len(payload) // size
            descriptors += struct.unpack(f"{count}i", payload[: count * size])
    return data, descriptors


def detach():
    """Leave the task's session and its descendants; its own parent is waited for by the worker."""
    if os.fork():
        os._exit(0)
    os.setsid()


def listen(path):
    """Listen on the socket: this process, since its number is what peers are told."""
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
    """Run the zygote, and in its forked children the task."""
    settings = json.loads(sys.argv[1])
    detach()
    listener = listen(settings["socket"])
    if sys.path[:1] != [FOLDER]:  # PYTHONSAFEPATH
        sys.path.insert(0, FOLDER)
    import runner

    del sys.path[0]
    runner.install_package()
    del sys.modules["runner"]
    import logging

    from airflow_venv import fork_safety, forked_task  # noqa: F401 - later it would count as the task's

    prepared = forked_task.prepare()
    placeholder = logging.NullHandler()  # a module that calls basicConfig finds the root logger configured, as always
    logging.getLogger().addHandler(placeholder)
    zygote = Zygote(listener, settings)
    signal.signal(signal.SIGCHLD, zygote.reap)
    gc.collect()
    gc.freeze()
    os.write(1, b"\nready\n")
    os.dup2(0, 1)
    os.dup2(0, 2)
    task = zygote.serve()
    if task is None:
        os._exit(0)  # nothing here is worth an end in good order, and modules' own threads might hinder it
    logging.getLogger().removeHandler(placeholder)
    forked_task.run(task, prepared)


if __name__ == "__main__":
    main()
