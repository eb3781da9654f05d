"""Values of any size as streams of frames, so that nothing large is held twice.

A pickler writes to a :class:`Sink`, an unpickler reads from a :class:`Feed`, and the bytes go through ``data`` frames,
cut where the pickler cuts them: a large string or array goes from its own memory to the socket, and from the socket
into the memory of its copy. Memory that pickle protocol 5 leaves out of the stream goes in ``buffer`` frames among
them. ``end`` closes a stream.
"""

CHUNK = 1 << 16


class Sink:
    """A file for a pickler to write to: small writes are gathered, large ones go as they are."""

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
            self.channel.send({"kind": "data"}, data)
        return size

    def buffer(self, pickled):
        """Send memory beside the stream (``buffer_callback``); true when it is better in the stream."""
        try:
            raw = pickled.raw()
        except BufferError:  # not contiguous
            return True
        if raw.nbytes < CHUNK:
            return True
        self.channel.send({"kind": "buffer"}, raw)
        return False

    def flush(self):
        """Send what was gathered."""
        if self.gathered:
            self.channel.send({"kind": "data"}, self.gathered)
            self.gathered = bytearray()

    def close(self):
        """Say that the stream is at its end."""
        self.flush()
        self.channel.send({"kind": "end"})


class Feed:
    """A file for an unpickler to read from, and the iterator of its buffers."""

    def __init__(self, channel):
        self.channel = channel
        self.left = 0
        self.ready = memoryview(b"")
        self.buffers = []
        self.ended = False

    def _more(self):
        """Reach the next bytes of the stream; false at its end."""
        while not self.left and not self.ready and not self.ended:
            header, payload = self.channel.next()
            whole = not isinstance(payload, int)
            if header["kind"] == "data":
                self.left, self.ready = (0, memoryview(payload)) if whole else (payload, self.ready)
            elif header["kind"] == "buffer":
                self.buffers.append(payload if whole else self.channel.body(payload))
            elif header["kind"] == "end":
                self.ended = True
            else:
                raise ValueError("unexpected frame in a stream: " + str(header["kind"]))
        return not self.ended

    def readinto(self, target):
        """Fill ``target``; give the number of bytes, less at the end of the stream."""
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
        """Give ``size`` bytes, or the rest."""
        if size < 0:
            pieces = []
            while self._more():
                pieces.append(self.read(len(self.ready) or self.left))
            return b"".join(pieces)
        data = bytearray(size)
        return bytes(memoryview(data)[: self.readinto(data)])

    def readline(self):
        """Give the bytes up to a line feed: only the oldest pickle protocols ask for it."""
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
        """Read up to the ``end``."""
        while self._more():
            self.read(len(self.ready) or self.left)
