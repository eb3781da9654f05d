"""The child's end of the channel to the operator."""

import _thread
import os

from .frames import HEADER, PREFIX, AnswerFrame, RequestFrame, dumps, loads, prefix, read_frame


class OperatorChannel:
    """Sends and receives frames. Any thread may send; one at a time may ask."""

    def __init__(self, fd):
        self.fd = fd
        self.closed = ""
        self.unsent = memoryview(b"")  # what a signal handler's exception kept us from sending
        self.partial = bytearray()
        self.last_id = 0
        self.inbox = []
        self.sending = _thread.allocate_lock()
        self.asking = _thread.allocate_lock()

    def send(self, frame, payload=b""):
        """Send one frame. Raises ConnectionError when there is no operator to receive it."""
        view = memoryview(payload).cast("B") if payload else memoryview(b"")
        header = dumps(frame.header())
        with self.sending:
            if self.closed:
                raise ConnectionError(self.closed)
            self._write(self.unsent)
            self._write(memoryview(prefix(len(header), len(view)) + header))
            self._write(view)

    def _write(self, view):
        self.unsent = view
        while self.unsent:
            self.unsent = self.unsent[os.write(self.fd, self.unsent[: 1 << 24]) :]

    def fill(self, view):
        """Read exactly as many bytes as `view` holds."""
        while view:
            count = os.readv(self.fd, [view])
            if not count:
                raise ConnectionError("the operator's process has ended")
            view = view[count:]

    def _read(self, size):
        while len(self.partial) < size:
            data = os.read(self.fd, size - len(self.partial))
            if not data:
                raise ConnectionError("the operator's process has ended")
            self.partial += data

    def head(self):
        """Read the next frame; return it with the length of its payload, which the caller reads."""
        self._read(PREFIX)
        size = int.from_bytes(self.partial[:HEADER], "big")
        self._read(PREFIX + size)
        payload = int.from_bytes(self.partial[HEADER:PREFIX], "big")
        frame = read_frame(loads(self.partial[PREFIX:]))
        self.partial.clear()
        return frame, payload

    def body(self, size):
        """Read a whole payload into memory of its own."""
        data = bytearray(size)
        self.fill(memoryview(data))
        return data

    def next(self):
        """Return the next frame of a stream. Frames that arrived while an answer was awaited come first."""
        if self.inbox:
            return self.inbox.pop(0)
        return self.head()

    def ask(self, request, arguments):
        """Ask the operator and wait for the answer; return its frame and payload. Threads queue up."""
        with self.asking:
            self.last_id += 1
            self.send(RequestFrame(id=self.last_id, request=request, arguments=arguments))
            while True:
                frame, size = self.head()
                body = self.body(size)
                if not isinstance(frame, AnswerFrame):
                    self.inbox.append((frame, body))
                elif frame.id == self.last_id:  # an older id: the thread that asked was interrupted
                    return frame, body

    def forget(self):
        """Let go of the channel in a forked process: it is the parent's."""
        if not self.closed:
            os.close(self.fd)
        self.disown()

    def disown(self):
        """Be the channel of a process that the function has started: it has none."""
        self.closed = (
            "a process that the function has started has no channel to Airflow: ask in the task's own process and pass "
            "the value on"
        )
        self.unsent = memoryview(b"")
        self.sending, self.asking = _thread.allocate_lock(), _thread.allocate_lock()
