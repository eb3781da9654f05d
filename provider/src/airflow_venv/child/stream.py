"""Values of any size as streams of frames, so that nothing large is held twice.

A pickler writes to a `Sink`, an unpickler reads from a `Feed`, and the bytes go through `data` frames, divided where
the pickler divides them: a large string or array goes from its own memory to the socket, and from the socket into the
memory of its copy. Memory that pickle protocol 5 leaves out of the stream goes in `buffer` frames among them. `end`
closes a stream.
"""

from .frames import BufferFrame, BytesFrame, EndFrame

CHUNK = 1 << 16


class Sink:
    """A file for a pickler to write to: small writes are gathered, large ones are sent as they are."""

    def __init__(self, channel):
        self.channel = channel
        self.gathered = bytearray()

    def write(self, data):
        """Take any bytes-like object."""
        size = memoryview(data).nbytes
        if size < CHUNK:
            self.gathered += data
        if size >= CHUNK or len(self.gathered) >= CHUNK:
            self.flush()
        if size >= CHUNK:
            self.channel.send(BytesFrame(), data)
        return size

    def buffer(self, pickled):
        """Send memory beside the stream (`buffer_callback`); return True when it belongs in the stream."""
        try:
            raw = pickled.raw()
        except BufferError:  # not contiguous
            return True
        if raw.nbytes < CHUNK:
            return True
        self.channel.send(BufferFrame(), raw)
        return False

    def flush(self):
        """Send what was gathered."""
        if self.gathered:
            self.channel.send(BytesFrame(), self.gathered)
            self.gathered = bytearray()

    def close(self):
        """End the stream."""
        self.flush()
        self.channel.send(EndFrame())


class Feed:
    """A file for an unpickler to read from, and the iterator of its buffers.

    Args:
        channel: where the frames come from.
        with_buffers: whether memory beside the stream is expected; without, it is an error.
    """

    def __init__(self, channel, with_buffers=True):
        self.channel = channel
        self.with_buffers = with_buffers
        self.left = 0
        self.ready = memoryview(b"")
        self.buffers = []
        self.ended = False

    def _more(self):
        """Reach the next bytes of the stream; return False at its end."""
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
        """Fill `target`; return the number of bytes, less at the end of the stream."""
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
        """Return `size` bytes, or the rest."""
        if size < 0:
            pieces = []
            while self._more():
                pieces.append(self.read(len(self.ready) or self.left))
            return b"".join(pieces)
        data = bytearray(size)
        return bytes(memoryview(data)[: self.readinto(data)])

    def readline(self):
        """Return the bytes up to a line feed: only the oldest pickle protocols need it."""
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
        """Read to the end of the stream."""
        while self._more():
            self.read(min(len(self.ready) or self.left, CHUNK))
