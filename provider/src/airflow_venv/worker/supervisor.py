"""Serve the one child of a task, and end it with the task.

The child is started, or is forked from a process that has imported what it needs (`worker/warm.py`). Otherwise no
process is started, no file is written, no port is opened. The child gets a socket that only it inherits, one
pipe to print to, one pipe that tells it of our end, and `/dev/null` as its input. It stays in the task's process group
unless it is forked. However the task ends, the child and what it has started end with it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import time
from typing import TYPE_CHECKING, Any, Protocol, cast

from airflow_venv.call import Crash, Error, Value, signal_name
from airflow_venv.child.frames import RECORD_LIMIT, AnswerFrame, EndFrame, LogFrame, RequestFrame, ValueFrame
from airflow_venv.child.stream import Feed, Sink
from airflow_venv.errors import AbandonedError, TransferError
from airflow_venv.worker import warm
from airflow_venv.worker.channel import STREAMED, ChildChannel, ProtocolError
from airflow_venv.worker.launch import launch
from airflow_venv.worker.log_stream import OutputStream, TaskLog
from airflow_venv.worker.messages import Pickled, error_frame, mask_cut, read_outcome, start_frame
from airflow_venv.worker.serializers import SERIALIZERS, dump_arguments, load_result

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from airflow_venv.call import Call, Outcome
    from airflow_venv.child.frames import Frame
    from airflow_venv.worker.launch import Launched

__all__ = ["AirflowServices", "Supervisor", "kill_all", "run"]

STALL_TIMEOUT = 120.0
"""Seconds that a frame may remain half sent."""
READ_TIMEOUT = 900.0
"""Seconds that a frame may remain half read; the child may be busy importing."""
_READ_SIZE = 1 << 18
_LAST_OUTPUT = 1 << 22
_POLL_INTERVAL = 0.05
"""Seconds between checks of the child on systems without pidfds."""

_running: set[Supervisor] = set()


class AirflowServices(Protocol):
    """The services of Airflow that the child may use."""

    def context(self, names: Iterable[str], *, everything: bool) -> dict[str, Any]:
        """Encode context values as plain data, by name."""

    def answer(self, request: str, arguments: dict[str, Any]) -> Any:
        """Answer one request with plain data. An exception is raised again in the child."""

    def redact(self, text: str) -> str:
        """Return the text with the secrets hidden that Airflow knows."""

    def longest_secret(self) -> int:
        """Return the number of bytes of the longest of these secrets."""

    def variables(self, call: Call) -> dict[str, str]:
        """Return the child's environment variables."""


def run(call: Call, services: AirflowServices, log: Any, *, above: int | None = None) -> Outcome:
    """Run one function in its environment; return its outcome.

    An exception that interrupts this (of a timeout or a signal handler) ends the child and its descendants first.

    Args:
        call: the function, its arguments and settings.
        services: the services of Airflow that the child may use.
        log: the task's log.
        above: a descriptor that hangs up when the process of Airflow's that supervises this one has ended.

    Raises:
        AbandonedError: `above` has hung up.
    """
    variables = services.variables(call)
    context = services.context(call.context_names, everything=call.all_context)
    with Supervisor(call, services, TaskLog(log), above) as supervisor:
        try:
            supervisor.start(variables)
        except OSError as error:
            return Crash(f"{call.environment.python} cannot be started: {error}")
        return supervisor.run(context)


def kill_all() -> None:
    """End every child of this process and their descendants: the operators' `on_kill`."""
    for supervisor in list(_running):
        supervisor.kill()


def _failure(error: Exception) -> Error:
    """Describe what went wrong between the two processes."""
    name, message = type(error).__name__, str(error)
    if isinstance(error, ProtocolError):
        message = f"The process in the environment broke the protocol and was ended: {message}"
    elif not isinstance(error, TransferError):
        name, message = "TransferError", f"The function's result cannot be read: {name}: {message}"
    return Error(type_name=name, message=message, traceback="")


class _OutcomeInStreamError(Exception):
    """The child sent an outcome in the middle of a value: it could not continue."""


class _ValueFrames:
    """The source of a Feed: the frames of a value's stream. Other frames are served meanwhile."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self.body = supervisor.channel.body
        self.fill = supervisor.channel.fill

    def next(self) -> tuple[Frame, int | bytearray]:
        """Return the next frame of the value."""
        while True:
            frame, payload = self._supervisor.channel.head()
            if isinstance(frame, (*STREAMED, EndFrame)):
                return frame, payload
            self._supervisor.serve(frame, payload)
            if self._supervisor.outcome is not None:
                raise _OutcomeInStreamError


class Supervisor:
    """Runs the process of one function, from its start to its end."""

    channel: ChildChannel
    _launched: Launched | None = None

    def __init__(self, call: Call, services: AirflowServices, log: TaskLog, above: int | None = None) -> None:
        self.call = call
        self.outcome: Outcome | None = None
        self._services = services
        self._log = log
        self._above = above
        self._token = secrets.token_hex(8)
        self._output = OutputStream(log, self._token, services)
        self._ended = False
        self._pipe_closed = False
        self._killed = False

    def __enter__(self) -> Supervisor:  # noqa: PYI034 - Self came with Python 3.11
        _running.add(self)  # before there is a process: a signal may arrive while it is being started
        if self._above is not None:
            # A descriptor of our own: if other code in the worker closes this one, its number is soon another file's.
            try:
                self._above = os.dup(self._above)
            except OSError:
                self._above = None
        return self

    def start(self, variables: dict[str, str]) -> None:
        """Start the process. Raises OSError if that is impossible."""
        self._launched = warm.launch(self.call, variables, self._log.line) or launch(self.call, variables)
        self.channel = ChildChannel(self._launched.sock, self._wait)
        if self._killed:
            self.kill()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._launched is not None and (kind is not None or not self._has_ended()):
                self.kill()
        finally:
            _running.discard(self)
            if self._above is not None:
                os.close(self._above)
                self._above = None
            if self._launched is not None:
                self._launched.close()

    def run(self, context: dict[str, Any]) -> Outcome:
        """Send the child its task, serve it until it ends, and return the outcome."""
        try:
            self._send_task(context)
            while True:
                self.serve(*self.channel.head())
        except EOFError:
            pass
        except (ProtocolError, TransferError) as error:
            self.outcome = _failure(error)
            self.kill()
            self._drain()
            return self.outcome  # this process has ended it
        self._drain()
        code = self._child.process.returncode
        if self.outcome is not None and code < 0 and not self._killed:
            self._log.line(f"The process was ended by {signal_name(code)} after its function had ended.")
        if self.outcome is None or code < 0:  # it could not end its descendants itself
            self.kill()
        return self.outcome or (Crash(warm.LOST) if code == warm.UNKNOWN else Crash.with_code(code))

    @property
    def _child(self) -> Launched:
        return cast("Launched", self._launched)  # only used after `start`

    def _send_task(self, context: dict[str, Any]) -> None:
        """Send the start frame, and the arguments that are not in it."""
        frame = start_frame(self.call, context, mark=self._child.mark, token=self._token, log_level=self._log.level)
        try:
            self.channel.send(frame)
            if frame.arguments is None:
                sink = Sink(self.channel)
                dump_arguments(self.call, sink)
                sink.close()
        except EOFError:
            return  # it has ended already; its last frames have not been read yet

    def serve(self, frame: Frame, payload: int | bytearray) -> None:
        """Handle one frame. Raises ProtocolError for a frame out of turn."""
        if isinstance(frame, STREAMED) or (
            self.outcome is not None and not isinstance(frame, (LogFrame, RequestFrame))
        ):
            raise ProtocolError(f"a frame {frame.kind!r} out of turn")
        body = self.channel.body(payload) if isinstance(payload, int) else payload
        if isinstance(frame, LogFrame):
            text = body.decode("utf-8", "backslashreplace")
            self._output.record(frame, mask_cut(text, RECORD_LIMIT, self._services))
        elif isinstance(frame, RequestFrame):
            self._answer(frame)
        elif isinstance(frame, ValueFrame):
            self._receive_value(frame)
        else:
            self.outcome = read_outcome(frame, body.decode("utf-8", "backslashreplace"), self._services)

    def _answer(self, frame: RequestFrame) -> None:
        try:
            answer = self._services.answer(frame.request, frame.arguments)
        except Exception as error:  # noqa: BLE001 - whatever Airflow raises is raised again in the function
            self.channel.send(error_frame(frame.id, error))
        else:
            if isinstance(answer, Pickled):
                self.channel.send(AnswerFrame(id=frame.id, pickled=True), answer.data)
            else:
                self.channel.send(AnswerFrame(id=frame.id, value=answer))

    def _receive_value(self, frame: ValueFrame) -> None:
        if not frame.streamed:
            self.outcome = Value(frame.value)
            return
        feed = Feed(_ValueFrames(self), with_buffers=not SERIALIZERS[self.call.serializer].data_only)
        try:
            value = load_result(self.call, feed)
            feed.finish()
        except _OutcomeInStreamError:
            return
        except (EOFError, ProtocolError):
            raise
        except Exception as error:  # noqa: BLE001 - the environment's own classes run here
            with contextlib.suppress(_OutcomeInStreamError, EOFError):
                feed.finish()
            self.outcome = self.outcome or _failure(error)
        else:
            self.outcome = Value(value)

    def _has_ended(self) -> bool:
        self._ended = self._ended or self._child.process.poll() is not None
        return self._ended

    def _wait(self, *, write: bool, idle: bool) -> bool:
        """Wait for the channel (`channel.Wait`), reading what the child prints meanwhile."""
        if idle and not write:
            self._output.release()  # a record is sent before its mark: if none is on its way, none will come
        limit = READ_TIMEOUT if write else STALL_TIMEOUT
        deadline = time.monotonic() + limit
        while True:
            ready = self._poll(select.POLLIN | (select.POLLOUT if write else 0))
            if self._output.held and not ready and not self._poll(select.POLLIN, timeout=0):
                self._output.release()  # the mark is forged, or its record is among the frames that wait
            if ready:
                return bool(ready & ~select.POLLOUT)
            if self._has_ended() and not self._poll(select.POLLIN, timeout=0):
                raise EOFError
            if not idle and time.monotonic() > deadline:
                raise ProtocolError(f"the process left a message half {'read' if write else 'sent'} for {limit:.0f} s")

    def _poll(self, events: int, timeout: float | None = None) -> int:
        """Wait for the channel, the pipe or the child's end; read the pipe; return the channel's events.

        Raises:
            AbandonedError: Airflow's supervisor has ended, so the scheduler counts this task as failed.
        """
        poll = select.poll()
        sock, pipe, pidfd = self._child.sock.fileno(), self._child.pipe, self._child.pidfd
        if events:
            poll.register(sock, events)
        if not self._output.held and not self._pipe_closed:
            poll.register(pipe, select.POLLIN)
        if pidfd is not None and not self._ended:
            poll.register(pidfd, select.POLLIN)
        if self._above is not None and not self._killed:
            poll.register(self._above, 0)  # no event requested: only hang-up and error are reported
        if timeout is None:
            timeout = min(STALL_TIMEOUT, READ_TIMEOUT) if pidfd is not None else _POLL_INTERVAL
        ready = dict(poll.poll(timeout * 1000))
        if pipe in ready:
            self._read_pipe()
        if self._above in ready:
            raise AbandonedError(
                "Airflow's supervisor of this task has ended, so that nobody would get its result: the function was "
                "ended, too."
            )
        return ready.get(sock, 0)

    def _read_pipe(self) -> int:
        """Read once; return the number of bytes."""
        try:
            data = os.read(self._child.pipe, _READ_SIZE)
        except BlockingIOError:
            return 0
        self._pipe_closed = not data  # by the child's end, or by a child that lives on without output
        self._output.feed(data)
        return len(data)

    def _drain(self) -> None:
        """Wait for the child's end, logging what it prints. Descendants that still hold the pipe do not matter."""
        while not self._has_ended():
            self._poll(0)
        left = _LAST_OUTPUT
        while left > 0 and (count := self._read_pipe()):
            left -= count
        self._output.finish(cut=left <= 0)

    def kill(self) -> None:
        """End the child and its descendants: SIGTERM first, then SIGKILL."""
        self._killed = True
        if self._launched is not None:
            self._launched.end()
