"""Answer the requests of workers in a zygote: fork once for each task, and report how each child ended.

A request passes file descriptors. Settings and messages are JSON objects, one per packet. The forked child reads
everything else (variables, arguments, the function) from the channel, so that no data of a task is ever in the zygote.

The zygote ends when it has been idle for long, is too old or too large, is told to stop, or when its socket has been
removed or replaced. Children do not depend on it, but only the zygote can report their exit status.
"""

import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import time
import warnings

from .preload import Preload, flush, resident

PACKET = 1 << 17
"""Maximum size of a request in bytes."""
DESCRIPTORS = 4
"""Number of file descriptors in a request: the channel, the output pipe, the lifeline and the working folder."""
PATIENCE = 5.0
"""Seconds within which a client must send its request."""
LOOK = 15.0
"""Maximum number of seconds between checks of the socket and the limits."""


class ForkServer:
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
        self.preload = Preload()
        self.ending = False
        self.child_ended = False
        self.busy = False
        self.handler = signal.SIG_DFL

    def serve(self):
        """Handle requests until the end.

        Returns:
            In a forked child, the file descriptors of its task; in the zygote, None.
        """
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
            "modules": self.preload.modules(),
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
        self.used = time.monotonic()
        if self.preload.changed():
            self.refuse(connection, "", "a file that it has imported has changed", again=True)
            return None
        new = self.preload.missing(modules)
        for name in new:
            say(connection, {"importing": name})
            try:
                os.utime(self.settings["about"])  # tells other workers that this process does not hang
            except OSError:
                pass
            reason = self.preload.load(name, self.settings["memory"])
            if reason:
                self.refuse(connection, name, reason)
                return None
        if new:
            self.preload.remember_files()
            flush()
            gc.collect()
            gc.freeze()
            self.take_back_signal()
            say(connection, {"importing": ""})
        self.busy = True  # `reap` must not run until the child is known, and never in the child
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python would warn of threads; `problem` has checked them
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
