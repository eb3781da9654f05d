"""The child's end of the channel to the operator."""

import _thread
import os

from .frames import HEADER, PREFIX, AnswerFrame, RequestFrame, dumps, loads, prefix, read_frame


class OperatorChannel:
    """Connection to the operator that sends and receives frames. Threads may send at any time but ask one at a time.

    Args:
        fd: the file descriptor of the socket.
    """

    def __init__(self, fd):
        self.fd = fd
        self.closed = ""
        self.unsent = memoryview(b"")  # the rest of a frame, if a signal handler's exception interrupted it
        self.partial = bytearray()
        self.last_id = 0
        self.inbox = []
        self.sending = _thread.allocate_lock()
        self.asking = _thread.allocate_lock()

    def send(self, frame, payload=b""):
        """Send one frame.

        Args:
            frame: the frame.
            payload: its payload, any bytes-like object.

        Raises:
            ConnectionError: this process has no channel, or the operator's process has ended.
        """
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
        """Read exactly as many bytes as `view` holds. Raises ConnectionError if the operator's process has ended."""
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
        """Read the next frame without its payload.

        Returns:
            The frame, and the length of its payload in bytes, which the caller must read.

        Raises:
            ConnectionError: the operator's process has ended.
            ValueError: the frame is invalid.
        """
        self._read(PREFIX)
        size = int.from_bytes(self.partial[:HEADER], "big")
        self._read(PREFIX + size)
        payload = int.from_bytes(self.partial[HEADER:PREFIX], "big")
        frame = read_frame(loads(self.partial[PREFIX:]))
        self.partial.clear()
        return frame, payload

    def body(self, size):
        """Read a payload of `size` bytes and return it as a new bytearray."""
        data = bytearray(size)
        self.fill(memoryview(data))
        return data

    def next(self):
        """Return the next frame of a stream.

        Returns:
            The frame with its payload, if it arrived while `ask` waited for an answer; otherwise the frame with the
            length of its payload, which the caller must read.
        """
        if self.inbox:
            return self.inbox.pop(0)
        return self.head()

    def ask(self, request, arguments):
        """Send a request and wait for its answer. Other threads wait for their turn.

        Args:
            request: the name of the request.
            arguments: its arguments, which JSON can represent.

        Returns:
            The `AnswerFrame` and its payload.

        Raises:
            ConnectionError: this process has no channel, or the operator's process has ended.
        """
        with self.asking:
            self.last_id += 1
            self.send(RequestFrame(id=self.last_id, request=request, arguments=arguments))
            while True:
                frame, size = self.head()
                body = self.body(size)
                if not isinstance(frame, AnswerFrame):
                    self.inbox.append((frame, body))
                elif frame.id == self.last_id:  # an answer with an older id is dropped: its request was interrupted
                    return frame, body

    def forget(self):
        """Close the channel in a forked process, because it belongs to the parent."""
        if not self.closed:
            os.close(self.fd)
        self.disown()

    def disown(self):
        """Make each later use raise ConnectionError, as in a process that the function has started."""
        self.closed = (
            "a process that the function has started has no channel to Airflow: ask in the task's own process and pass "
            "the value on"
        )
        self.unsent = memoryview(b"")
        self.sending, self.asking = _thread.allocate_lock(), _thread.allocate_lock()
