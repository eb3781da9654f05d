"""Frames: what the operator and the child say to each other, written and read alike on both ends.

A frame is::

    4 bytes  length of the header, big-endian
    8 bytes  length of the payload
    header   a JSON object; "kind" says what it is
    payload  bytes

The operator's first frame is ``start``: the source, the arguments, the settings. Values that are not plain follow as
a stream (:mod:`.stream`). The child sends ``log`` (a logging record) and ``request`` (a question, answered by
``answer``) while the function runs, and exactly one outcome: ``value``, ``skip``, ``fail``, ``error`` or ``exit``.

The package ``json`` drags in ``re`` and costs more than half an interpreter start; its C half loads in no time, and is
all that is used of it here.
"""

import _thread
import os

try:
    from _json import encode_basestring_ascii, make_encoder, make_scanner
except ImportError:  # an interpreter without the C accelerator
    make_scanner = None

HEADER, PAYLOAD = 4, 8
PREFIX = HEADER + PAYLOAD
PLAIN_ROOM = 1 << 14
"""Characters and values together: what is larger goes as a stream."""
INTEGER_BITS = 63
"""What any JSON reader takes."""


class _Scan:
    """What the C scanner reads its settings from."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int = float, int
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.__getitem__
    memo = {}  # noqa: RUF012 - the scanner clears it itself

    def __getattr__(self, name):
        """Leave off what later versions ask for, such as the array_hook of Python 3.15."""


def dumps(value):
    """Write JSON (ASCII bytes). Raises TypeError for what JSON cannot say."""
    if make_scanner is None:
        import json

        return json.dumps(value).encode("ascii")
    encode = make_encoder(None, _refuse, encode_basestring_ascii, None, ":", ",", False, False, True)
    return "".join(encode(value, 0)).encode("ascii")


def _refuse(value):
    raise TypeError("not plain data: " + type(value).__name__)


def loads(data):
    """Read JSON (UTF-8 bytes). Raises ValueError or StopIteration for what is none."""
    if make_scanner is None:
        import json

        return json.loads(data)
    return make_scanner(_Scan())(bytes(data).decode("utf-8", "surrogatepass"), 0)[0]


def is_plain(value):
    """Tell whether JSON gives back exactly this value: the usual small results need no pickle at all."""
    todo = [value]
    room = PLAIN_ROOM
    while todo and room > 0:
        item = todo.pop()
        kind = type(item)
        room -= 1
        if kind is dict or kind is list:
            room -= len(item)
            if kind is dict and any(type(key) is not str for key in item):
                return False
            todo.extend(item.values() if kind is dict else item)
            todo.extend(item if kind is dict else ())
        elif kind is str:
            room -= len(item)
        elif kind is int:
            if item.bit_length() > INTEGER_BITS:
                return False
        elif item is not None and kind is not bool and kind is not float:
            return False
    return room > 0


def prefix(header, payload):
    """Give the twelve bytes before a header and a payload of these lengths."""
    return header.to_bytes(HEADER, "big") + payload.to_bytes(PAYLOAD, "big")


class Channel:
    """This process's end. Any thread may send; one at a time may ask."""

    def __init__(self, fd):
        self.fd = fd
        self.closed = ""
        self.unsent = memoryview(b"")  # what a signal handler's exception kept us from sending
        self.partial = bytearray()
        self.asked = 0
        self.inbox = []
        self.sending = _thread.allocate_lock()
        self.asking = _thread.allocate_lock()

    def send(self, header, payload=b""):
        """Send one frame. Raises ConnectionError when there is no operator to take it."""
        view = memoryview(payload).cast("B") if payload else memoryview(b"")
        head = dumps(header)
        with self.sending:
            if self.closed:
                raise ConnectionError(self.closed)
            self._write(self.unsent)
            self._write(memoryview(prefix(len(head), len(view)) + head))
            self._write(view)

    def _write(self, view):
        self.unsent = view
        while self.unsent:
            self.unsent = self.unsent[os.write(self.fd, self.unsent[: 1 << 24]) :]

    def fill(self, view):
        """Read exactly as many bytes as ``view`` holds."""
        while view:
            count = os.readv(self.fd, [view])
            if not count:
                raise ConnectionError("the operator's process is gone")
            view = view[count:]

    def _read(self, size):
        while len(self.partial) < size:
            data = os.read(self.fd, size - len(self.partial))
            if not data:
                raise ConnectionError("the operator's process is gone")
            self.partial += data

    def head(self):
        """Read the next header; give it with the length of the payload, which the caller reads."""
        self._read(PREFIX)
        size = int.from_bytes(self.partial[:HEADER], "big")
        self._read(PREFIX + size)
        payload = int.from_bytes(self.partial[HEADER:PREFIX], "big")
        header = loads(self.partial[PREFIX:])
        self.partial.clear()
        return header, payload

    def body(self, size):
        """Read a whole payload into memory of its own."""
        data = bytearray(size)
        self.fill(memoryview(data))
        return data

    def next(self):
        """Give the next frame of a stream: what came while we asked for something else first."""
        if self.inbox:
            return self.inbox.pop(0)
        return self.head()

    def ask(self, request, arguments):
        """Ask the operator and wait for the answer: its header and payload. Threads queue up."""
        with self.asking:
            self.asked += 1
            self.send({"kind": "request", "id": self.asked, "request": request, "arguments": arguments})
            while True:
                header, size = self.head()
                body = self.body(size)
                if header["kind"] != "answer":
                    self.inbox.append((header, body))
                elif header["id"] == self.asked:  # an older number: whoever asked was interrupted
                    return header, body

    def forget(self):
        """In a forked child: let go of the channel, it is the parent's."""
        if not self.closed:
            os.close(self.fd)
        self.closed = "a forked process has no channel to Airflow: ask in the task's own process and pass the value on"
        self.unsent = memoryview(b"")
        self.sending, self.asking = _thread.allocate_lock(), _thread.allocate_lock()
