"""Send values of any size as streams of frames, without further copies of large data in memory.

A pickler writes to a `Sink`, and an unpickler reads from a `Feed`. The bytes are sent in `data` frames, split where the
pickler splits them: a large string or array is sent from its own memory, and received directly in the memory of its
copy. Out-of-band buffers of pickle protocol 5 (PEP 574) are sent in `buffer` frames in between. An `end` frame closes
the stream.
"""

from .frames import BufferFrame, BytesFrame, EndFrame

CHUNK = 1 << 16
"""Bytes from which on data is sent in a frame of its own."""


class Sink:
    """Writable file for a pickler. Small writes are collected into larger frames; large ones are sent without a copy.

    Args:
        channel: the channel that the frames are sent to.
    """

    def __init__(self, channel):
        self.channel = channel
        self.gathered = bytearray()

    def write(self, data):
        """Write a bytes-like object, and return its size in bytes."""
        size = memoryview(data).nbytes
        if size < CHUNK:
            self.gathered += data
        if size >= CHUNK or len(self.gathered) >= CHUNK:
            self.flush()
        if size >= CHUNK:
            self.channel.send(BytesFrame(), data)
        return size

    def buffer(self, pickled):
        """Send an out-of-band buffer, or return True for the pickler to include it in the stream.

        Args:
            pickled: the `pickle.PickleBuffer` that the pickler passes to its `buffer_callback`.
        """
        try:
            raw = pickled.raw()
        except BufferError:  # not contiguous
            return True
        if raw.nbytes < CHUNK:
            return True
        self.channel.send(BufferFrame(), raw)
        return False

    def flush(self):
        """Send the data of small writes."""
        if self.gathered:
            self.channel.send(BytesFrame(), self.gathered)
            self.gathered = bytearray()

    def close(self):
        """Send the remaining data and end the stream."""
        self.flush()
        self.channel.send(EndFrame())


class Feed:
    """Readable file for an unpickler, and the iterator of its out-of-band buffers.

    Args:
        channel: the channel that the frames are received from.
        with_buffers: whether out-of-band buffers are allowed; if not, they raise a ValueError.
    """

    def __init__(self, channel, with_buffers=True):
        self.channel = channel
        self.with_buffers = with_buffers
        self.left = 0
        self.ready = memoryview(b"")
        self.buffers = []
        self.ended = False

    def _more(self):
        """Receive frames until there are bytes to read. Return False at the end of the stream."""
        while not self.left and not self.ready and not self.ended:
            frame, payload = self.channel.next()
            received = not isinstance(payload, int)
            if isinstance(frame, BytesFrame):
                self.left, self.ready = (0, memoryview(payload)) if received else (payload, self.ready)
            elif isinstance(frame, BufferFrame) and self.with_buffers:
                self.buffers.append(payload if received else self.channel.body(payload))
            elif isinstance(frame, EndFrame):
                self.ended = True
            else:
                raise ValueError("unexpected frame in a stream: " + frame.kind)
        return not self.ended

    def readinto(self, target):
        """Fill a writable buffer. Return the number of bytes, which is smaller only at the end of the stream."""
        view = memoryview(target).cast("B")
        done = 0
        while done < len(view) and self._more():
            if self.ready:
                count = min(len(self.ready), len(view) - done)
                view[done : done + count] = self.ready[:count]
                self.ready = self.ready[count:]
            else:
                count = min(self.left, len(view) - done)
                self.channel.fill(view[done : done + count])
                self.left -= count
            done += count
        return done

    def read(self, size=-1):
        """Return `size` bytes, or fewer at the end of the stream. Return all remaining bytes for a negative size."""
        if size < 0:
            pieces = []
            while self._more():
                pieces.append(self.read(len(self.ready) or self.left))
            return b"".join(pieces)
        data = bytearray(size)
        return bytes(memoryview(data)[: self.readinto(data)])

    def readline(self):
        """Return the bytes up to and including a line feed. Only the oldest pickle protocols need this."""
        line = b""
        while not line.endswith(b"\n"):
            byte = self.read(1)
            if not byte:
                break
            line += byte
        return line

    def __iter__(self):
        return self

    def __next__(self):
        while not self.buffers and self._more() and not self.left and not self.ready:
            pass
        if not self.buffers:
            raise StopIteration
        return self.buffers.pop(0)

    def finish(self):
        """Read and discard the rest of the stream."""
        while self._more():
            self.read(min(len(self.ready) or self.left, CHUNK))
