"""Serve the one child of a task, and see to it that it ends.

No other process is started, no file is written, no port is opened. The child gets a socket that only it inherits, one
pipe for what it prints, one that tells it of our end, and ``/dev/null`` to read from. It stays in the task's process
group. However the task ends, the child and what it has started end with it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any, Protocol

from airflow_venv.call import Crash, Error, Value, signal_name
from airflow_venv.child import process_tree
from airflow_venv.child.stream import Feed, Sink
from airflow_venv.errors import TransferError
from airflow_venv.worker.channel import UNLIMITED, Channel, ProtocolError
from airflow_venv.worker.launch import launch
from airflow_venv.worker.log_stream import OutputStream, TaskLog
from airflow_venv.worker.messages import Answer, LogRecord, Pickled, Request, Start, read_outcome
from airflow_venv.worker.serializers import dump_arguments, load_result

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from airflow_venv.call import Call, Outcome
    from airflow_venv.worker.channel import Header

__all__ = ["Child", "Services", "kill_all", "run"]

STALL = 120.0
"""Seconds that a frame may rest half sent."""
PATIENCE = 900.0
"""Seconds that a frame may rest half read: the child may be busy importing."""
GRACE = 3.0
"""Seconds between asking a child to end and ending it."""
_READ = 1 << 18
_LAST_OUTPUT = 1 << 22
_POLL = 0.05
"""Seconds between looks at the child where the system has no pidfd."""

_running: set[Child] = set()


class Services(Protocol):
    """Airflow, as the child may ask for it."""

    def context(self, names: Iterable[str], *, everything: bool) -> dict[str, Any]:
        """Describe context values as plain data, by name."""

    def answer(self, request: str, arguments: dict[str, Any]) -> Any:
        """Answer one request with plain data. What it raises is raised in the child."""

    def variables(self, call: Call) -> dict[str, str]:
        """Give what is to be added to the child's environment: exported connections, settings of Airflow's."""


def run(call: Call, services: Services, log: Any) -> Outcome:
    """Run one function in its environment; give what became of it.

    Whatever interrupts this (a timeout's or a signal's exception) ends the child and its descendants first.
    """
    variables = services.variables(call)
    context = services.context(call.context_names, everything=call.all_context)
    try:
        child = Child(call, services, TaskLog(log), variables)
    except OSError as error:
        return Crash(f"{call.environment.python} cannot be started: {error}")
    with child:
        return child.live(context)


def kill_all() -> None:
    """End every child of this process and their descendants: the operators' ``on_kill``."""
    for child in list(_running):
        child.kill()


def _failure(error: Exception) -> Error:
    """Describe what went wrong between the two processes."""
    name, message = type(error).__name__, str(error)
    if isinstance(error, ProtocolError):
        message = f"The process in the environment broke the protocol and was ended: {message}"
    elif not isinstance(error, TransferError):
        name, message = "TransferError", f"The function's result cannot be read: {name}: {message}"
    return Error(type_name=name, message=message, traceback=f"{name}: {message}")


class _Early(Exception):  # noqa: N818 - a way out of an unpickler, not an error
    """The child sent an outcome in the middle of a value: it could not go on."""


class _Incoming:
    """What a Feed reads a value from: its frames alone, other kinds being served on the way."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self.body = child.channel.body
        self.fill = child.channel.fill

    def next(self) -> tuple[Header, int | bytearray]:
        """Give the next frame of the value."""
        while True:
            header, payload = self._child.channel.head()
            if header["kind"] in UNLIMITED or header["kind"] == "end":
                return header, payload
            self._child.serve(header, payload)
            if self._child.outcome is not None:
                raise _Early


class Child:
    """The process that runs one function, from its start to its end."""

    def __init__(self, call: Call, services: Services, log: TaskLog, variables: dict[str, str]) -> None:
        self.call = call
        self.outcome: Outcome | None = None
        self._services = services
        self._log = log
        self._token = secrets.token_hex(8)
        self._output = OutputStream(log, self._token)
        self._ended = False
        self._silent = False
        self._launched = launch(call, variables)
        self.channel = Channel(self._launched.sock, self._wait)
        _running.add(self)

    def __enter__(self) -> Child:  # noqa: PYI034 - Self came with Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self._has_ended():
                self.kill()
        finally:
            _running.discard(self)
            self._launched.sock.close()
            os.close(self._launched.pipe)
            os.close(self._launched.lifeline)
            if self._launched.pidfd is not None:
                os.close(self._launched.pidfd)

    def live(self, context: dict[str, Any]) -> Outcome:
        """Feed the child, serve it until it ends, and tell its outcome."""
        try:
            self._feed(context)
            while True:
                self.serve(*self.channel.head())
        except EOFError:
            pass
        except (ProtocolError, TransferError) as error:
            self.outcome = _failure(error)
            self.kill()
        self._see_off()
        code = self._launched.popen.returncode
        if self.outcome is None:
            return Crash.with_code(code)
        if code < 0:
            self._log.line(f"The process was ended by {signal_name(code)} after its function had ended.")
        return self.outcome

    def _feed(self, context: dict[str, Any]) -> None:
        """Send the start frame, and the arguments that have no place in it."""
        start = Start(self.call, context, self._launched.mark, self._token, self._log.level)
        try:
            self.channel.send(start.header())
            if not start.holds_arguments:
                sink = Sink(self.channel)
                dump_arguments(self.call, sink)
                sink.close()
        except EOFError:
            return  # it has ended already: what it said last is still to be read

    def serve(self, header: Header, payload: int | bytearray) -> None:
        """Do what one frame asks for. Raises ProtocolError for what a runner does not send."""
        kind = header["kind"]
        if kind in UNLIMITED or (self.outcome is not None and kind not in {"log", "request"}):
            raise ProtocolError(f"a frame {kind[:40]!r} out of turn")
        body = self.channel.body(payload) if isinstance(payload, int) else payload
        if kind == "log":
            self._output.record(LogRecord.read(header, body.decode("utf-8", "backslashreplace")))
        elif kind == "request":
            self._answer(Request.read(header))
        elif kind == "value":
            self._value(header)
        else:
            self.outcome = read_outcome(header, body.decode("utf-8", "backslashreplace"))

    def _answer(self, request: Request) -> None:
        try:
            value = self._services.answer(request.name, request.arguments)
        except Exception as error:  # noqa: BLE001 - the function is told, whatever Airflow raised
            answer = Answer(request.id, error=error)
        else:
            pickled = isinstance(value, Pickled)
            answer = Answer(request.id, pickled=value.data) if pickled else Answer(request.id, value)
        self.channel.send(answer.header(), answer.pickled)

    def _value(self, header: Header) -> None:
        if "value" in header:
            self.outcome = Value(header["value"])
            return
        feed = Feed(_Incoming(self))
        try:
            value = load_result(self.call, feed)
            feed.finish()
        except _Early:
            return
        except (EOFError, ProtocolError):
            raise
        except Exception as error:  # noqa: BLE001 - the environment's own classes run here
            with contextlib.suppress(_Early, EOFError):
                feed.finish()
            self.outcome = self.outcome or _failure(error)
        else:
            self.outcome = Value(value)

    def _has_ended(self) -> bool:
        self._ended = self._ended or self._launched.popen.poll() is not None
        return self._ended

    def _wait(self, *, write: bool, idle: bool) -> bool:
        """Wait for the channel (see :class:`Wait`), reading what the child prints meanwhile."""
        if idle and not write:
            self._output.release()  # a record comes before its mark: if none is on its way, none will come
        limit = PATIENCE if write else STALL
        deadline = time.monotonic() + limit
        while True:
            ready = self._poll(select.POLLIN | (select.POLLOUT if write else 0))
            if ready:
                return bool(ready & ~select.POLLOUT)
            if self._has_ended() and not self._poll(select.POLLIN, timeout=0):
                raise EOFError
            if not idle and time.monotonic() > deadline:
                raise ProtocolError(f"the process left a message half {'read' if write else 'sent'} for {limit:.0f} s")

    def _poll(self, events: int, timeout: float | None = None) -> int:
        """Wait for the channel, the pipe or the child's end; read the pipe; give the channel's events."""
        poll = select.poll()
        sock, pipe, pidfd = self._launched.sock.fileno(), self._launched.pipe, self._launched.pidfd
        if events:
            poll.register(sock, events)
        if not self._output.held and not self._silent:
            poll.register(pipe, select.POLLIN)
        if pidfd is not None and not self._ended:
            poll.register(pidfd, select.POLLIN)
        if timeout is None:
            timeout = min(STALL, PATIENCE) if pidfd is not None else _POLL
        ready = dict(poll.poll(timeout * 1000))
        if pipe in ready:
            self._read_pipe()
        return ready.get(sock, 0)

    def _read_pipe(self) -> int:
        """Read once; give the number of bytes."""
        try:
            data = os.read(self._launched.pipe, _READ)
        except BlockingIOError:
            return 0
        self._silent = not data  # closed: by the child's end, or by a child that lives on without output
        self._output.feed(data)
        return len(data)

    def _see_off(self) -> None:
        """Wait for the child's end, logging what it prints; descendants that still hold the pipe are left alone."""
        while not self._has_ended():
            self._poll(0)
        left = _LAST_OUTPUT
        while left > 0 and (count := self._read_pipe()):
            left -= count
        self._output.finish()

    def kill(self) -> None:
        """End the child and its descendants: ask first, then do not ask."""
        try:
            self._end_all(signal.SIGTERM)
            deadline = time.monotonic() + GRACE
            while time.monotonic() < deadline and self._left():
                time.sleep(0.01)
        finally:
            if not self._has_ended():  # it first: it might start others
                process_tree.end([self._launched.popen.pid])
            process_tree.sweep(self._left(), self._launched.mark)
            with contextlib.suppress(subprocess.TimeoutExpired):  # what hangs in the kernel ends when it comes back
                self._launched.popen.wait(GRACE)

    def _left(self) -> list[int]:
        below = process_tree.descendants(self._launched.popen.pid, self._launched.mark)
        return below if self._has_ended() else [self._launched.popen.pid, *below]

    def _end_all(self, number: int) -> None:
        process_tree.end(self._left(), number)
