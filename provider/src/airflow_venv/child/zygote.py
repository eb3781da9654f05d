"""Run a zygote: a process that imports the modules that tasks need, and forks once for each task.

The worker starts `<environment>/bin/python zygote.py <settings>` with a few allowed environment variables only. The
zygote leaves the task's session, imports the modules that tasks name, and listens on a socket that only its own user
can connect to. A request passes file descriptors. The forked child reads everything else (variables, arguments, the
function) from the channel, so that no data of a task is ever in this process. Settings and messages are JSON objects,
one per packet.

The zygote ends when it has been idle for long, is too old or too large, is told to stop, or when its socket has been
removed or replaced. Children do not depend on it, but only the zygote can report their exit status.
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
"""Maximum size of a request in bytes."""
DESCRIPTORS = 4
"""Number of file descriptors in a request: the channel, the output pipe, the lifeline and the working folder."""
PATIENCE = 5.0
"""Seconds within which a client must send its request."""
LOOK = 15.0
"""Maximum number of seconds between checks of the socket and the limits."""


class Zygote:
    """Server that handles one request at a time, until it has a reason to end.

    Args:
        listener: the socket that it listens on.
        settings: a dictionary with the path of the `socket`, the path of the file `about` this process, the limits
            `idle` and `age` in seconds, and the limit `memory` in bytes.
    """

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
        self.child_ended = False
        self.busy = False
        self.handler = signal.SIG_DFL

    def serve(self):
        """Handle requests until the end.

        Returns:
            In a forked child, the file descriptors of its task; in the zygote, None.
        """
        import select

        poll = select.poll()
        poll.register(self.listener, select.POLLIN)
        while not self.should_end():
            if self.ending or not poll.poll(min(LOOK, self.settings["idle"]) * 1000):
                if self.ending:
                    time.sleep(0.05)  # tasks are still running; `reap` is called when they end
                continue
            try:
                connection, _ = self.listener.accept()
            except OSError:  # there may be too many open files
                time.sleep(0.05)
                continue
            try:
                task = self.handle(connection)
            except Exception:  # noqa: BLE001 - a request must not end this process
                connection.close()
                continue
            if task is not None:
                return task
        self.remove_socket()
        return None

    def should_end(self):
        """Stop if the socket is gone or a limit is reached. Return whether the zygote has stopped and no task runs."""
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
        """Accept no more requests."""
        self.ending = True
        self.remove_socket()
        self.listener.close()

    def remove_socket(self):
        """Remove the socket, unless another process has replaced it with its own."""
        try:
            if os.stat(self.settings["socket"]).st_ino == self.inode:
                os.unlink(self.settings["socket"])
        except OSError:
            pass

    def handle(self, connection):
        """Answer one request.

        Returns:
            In a forked child, the file descriptors of its task; in the zygote, None.

        Raises:
            OSError: the request cannot be received or answered.
            ValueError: it is malformed.
        """
        connection.settimeout(PATIENCE)
        if struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1] != os.getuid():
            connection.close()
            return None
        data, descriptors = receive(connection)
        try:
            do, modules = parse(data)
            if do == "fork" and len(descriptors) == DESCRIPTORS:
                return self.fork(connection, modules, descriptors)
            if do == "stop":
                self.stop()
            say(connection, self.state())
            connection.close()
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return None

    def state(self):
        """Describe this process, with times in seconds and its memory in bytes."""
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
        """Import missing modules and fork. If a fork is not safe, refuse the request and stop.

        Returns:
            In the forked child, duplicates of the file descriptors; in the zygote, None.
        """
        from airflow_venv.fork_safety import problem

        self.used = time.monotonic()
        if self.changed():
            self.refuse(connection, "", "a file that it has imported has changed", again=True)
            return None
        new = [name for name in modules if name not in self.known]
        for name in new:
            say(connection, {"importing": name})
            self.known.add(name)
            try:
                os.utime(self.settings["about"])  # tells other workers that this process does not hang
            except OSError:
                pass
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
            self.take_back_signal()
            say(connection, {"importing": ""})
        self.busy = True  # `reap` must not run until the child is known, and never in the child
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # `problem` has checked the threads that Python would warn of
                pid = os.fork()
        except OSError as error:
            send(connection, {"refused": str(error), "module": "", "again": False})
            connection.close()
        else:
            if not pid:
                self.let_go(connection)
                task = list(descriptors)
                descriptors.clear()  # the caller closes what it finds there
                return task
            self.tasks[pid] = connection
            self.count += 1
            send(connection, {"pid": pid})
        self.busy = False
        self.reap()
        return None

    def take_back_signal(self):
        """Handle SIGCHLD again if a module has changed its handler; the module's one is for the forked children."""
        handler = signal.getsignal(signal.SIGCHLD)
        if handler != self.reap:
            self.handler = handler or signal.SIG_DFL  # None if it is not Python's
            signal.signal(signal.SIGCHLD, self.reap)
            self.reap()

    def refuse(self, connection, module, reason, again=False):
        """Refuse a request and stop.

        Args:
            connection: the connection of the request.
            module: the name whose import is the reason, or an empty text.
            reason: why there is no fork.
            again: whether a new zygote may accept the request.
        """
        self.stop()
        say(connection, {"refused": reason, "module": module, "again": again})
        connection.close()

    def let_go(self, connection):
        """Close the zygote's sockets in a forked child, and restore the handler of SIGCHLD."""
        signal.signal(signal.SIGCHLD, self.handler)
        for held in [connection, *self.tasks.values(), self.listener]:
            held.close()

    def reap(self, *_):
        """Report the exit status of children that have ended (the handler of SIGCHLD).

        Python runs the handler again while it runs. A mask would not prevent that, because the system may deliver the
        signal to a thread of a module.
        """
        self.child_ended = True
        while self.child_ended and not self.busy:
            self.busy = True
            self.child_ended = False
            self.report_ended()
            self.busy = False

    def report_ended(self):
        """Collect the children that have ended, and report their status."""
        for pid in list(self.tasks):
            try:
                done, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                done, status = pid, None
            if done:
                self.used = time.monotonic()
                connection = self.tasks.pop(pid)
                send(connection, {"status": status})
                connection.close()

    def remember_files(self):
        """Record when imported files outside the environment were modified. The worker checks those inside."""
        inside = tuple(os.path.realpath(path) + os.sep for path in (sys.prefix, sys.base_prefix, FOLDER))
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and path not in self.files and not os.path.realpath(path).startswith(inside):
                self.files[path] = modified(path)

    def changed(self):
        """Return whether an imported file outside the environment has been modified since."""
        return any(modified(path) != before for path, before in self.files.items())


def load(name):
    """Import `module`, or `module:name` like `from module import name`.

    A package that is missing does no harm, because the function's own import statement raises the same error again. A
    module that fails while its code runs may fail differently the next time.

    Returns:
        The reason why this process must not be forked, or an empty text.
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
    """Return the sorted names of imported modules among names in the format of `load`."""
    modules = {name.replace(":", ".") for name in names} | {name.partition(":")[0] for name in names}
    return sorted(modules.intersection(sys.modules))


def modified(path):
    """Return the time of a file's last modification in nanoseconds, or 0 if the file does not exist."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def resident():
    """Return the resident memory of this process in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def flush():
    """Flush what modules have printed during their import, so that it does not appear in a task's log."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: BLE001, S110 - a module may have replaced it
            pass


def parse(data):
    """Read a request, and return what to do and the names to import.

    Raises:
        ValueError: the request is malformed.
    """
    try:
        request = json.loads(data.decode())
        do, modules = request["do"], request.get("modules", [])
    except (AttributeError, KeyError, RecursionError, TypeError) as error:
        raise ValueError(repr(error)) from error
    if not isinstance(modules, list) or not all(isinstance(name, str) for name in modules):
        raise ValueError(repr(modules))
    return do, modules


def say(connection, message):
    """Send one message."""
    connection.send(json.dumps(message).encode())


def send(connection, message):
    """Send one message, unless no one waits for it."""
    try:
        say(connection, message)
    except OSError:
        pass


def receive(connection):
    """Receive one packet, and return its bytes and the file descriptors that were passed with it."""
    size = struct.calcsize("i")
    data, ancillary, _, _ = connection.recvmsg(PACKET, socket.CMSG_SPACE(DESCRIPTORS * size))
    descriptors = []
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            count = len(payload) // size
            descriptors += struct.unpack(f"{count}i", payload[: count * size])
    return data, descriptors


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

    from airflow_venv import fork_safety, forked_task  # noqa: F401 - imported later, it would count as the task's

    prepared = forked_task.prepare()
    if settings["shim"]:
        from airflow_venv import shim

        shim.install()
    placeholder = logging.NullHandler()  # basicConfig() has no effect in modules, as in other processes
    logging.getLogger().addHandler(placeholder)
    zygote = Zygote(listener, settings)
    signal.signal(signal.SIGCHLD, zygote.reap)
    gc.collect()
    gc.freeze()
    parent_death.release()
    os.close(settings["lifeline"])
    try:
        os.write(1, b"\nready\n")
    except BrokenPipeError:  # the worker has given up meanwhile
        zygote.remove_socket()
        os._exit(1)
    os.dup2(0, 1)
    os.dup2(0, 2)
    task = zygote.serve()
    if task is None:
        os._exit(0)  # threads of modules could block a regular exit
    logging.getLogger().removeHandler(placeholder)
    forked_task.run(task, prepared)


if __name__ == "__main__":
    main()
