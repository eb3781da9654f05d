"""Frames: the messages between the operator and the child, written and read alike on both ends.

A frame on the wire is:

    4 bytes  length of the header, big-endian
    8 bytes  length of the payload
    header   a JSON object; "kind" names the class below, the rest are its fields
    payload  bytes

The operator's first frame is `start`: the source, the arguments, the settings. Values that are not plain follow as a
stream (`stream.py`). While the function runs the child sends `log` (a logging record) and `request` (a question, which
`answer` answers), and then exactly one outcome: `value`, `skip`, `error` or `exit`.

The package `json` imports `re` and takes longer than half an interpreter start. Its C half loads in no time, and is all
that is used of it here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(frozen):  # noqa: ARG001 - type checkers see the real one, which takes milliseconds to import
        """Leave the class as it is: `Frame` does at run time what `dataclasses` would."""
        return lambda cls: cls


try:
    from _json import encode_basestring_ascii, make_encoder, make_scanner
except ImportError:  # an interpreter without the C accelerator
    make_scanner = None

HEADER, PAYLOAD = 4, 8
PREFIX = HEADER + PAYLOAD
PLAIN_LIMIT = 1 << 14
"""Characters and values together. A larger value is sent as a stream."""
RECORD_LIMIT = 1 << 19
"""Characters of a logging record. The operator drops the end of a longer one, which may be half of a secret."""
MESSAGE_LIMIT = 80_000
"""Characters of the message of an exception; likewise. As JSON each may take twelve bytes."""
GROUP_LIMIT = 20
"""Exceptions of a group, those of groups in it included."""
GROUP_MESSAGE_LIMIT = 2_000
"""Characters of the message of each."""
TRACEBACK_LIMIT = 1_000_000
"""Characters of a traceback, of which the start is cut off; likewise."""
INTEGER_BITS = 63
"""The largest integers that any JSON reader takes."""


class Frame:
    """A value with the fields that its class annotates; it cannot be changed."""

    kind: str = ""

    def __init__(self, **fields):
        """Take every field by name.

        Raises:
            TypeError: a field is missing or unknown.
        """
        annotated = self.__annotations__
        unknown = fields.keys() - annotated.keys()
        missing = [name for name in annotated if name not in fields and not hasattr(type(self), name)]
        if unknown or missing:
            raise TypeError(f"{type(self).__name__}: unknown {_quoted(sorted(unknown))}, missing {missing}")
        self.__dict__.update(fields)

    def __setattr__(self, name, value):
        raise AttributeError("frames cannot be changed")

    def header(self):
        """Return the header as a dictionary."""
        return dict(self.__dict__, kind=self.kind)


@dataclass(frozen=True)
class SourcePiece(Frame):
    """Source code of one file, to be run before the function is called."""

    source: str
    """With as many lines before it as the file has."""
    filename: str
    first_line: int
    """Number of the first line that is not padding."""
    future: list
    """Names of the `__future__` features that are in force in the file."""


@dataclass(frozen=True)
class StartFrame(Frame):
    """Run a function. The source is in `pieces`, or in the file `path`."""

    kind = "start"
    mark: str
    """Value of the environment variable that all descendants carry."""
    token: str
    """What the marks of log records in the output begin with."""
    log_level: int
    module: str
    """Name of the DAG file's module in the worker; values of its classes are pickled under it."""
    string_args: list
    serializer: str
    serializer_module: str
    """Package that pickles instead of the standard library; empty for none."""
    data_only: bool
    """Whether the serializer can only make data."""
    remedy: str
    """What to do about a result that the serializer cannot send."""
    protocol: int
    """Pickle protocol for the result."""
    context: dict
    """Values of Airflow's context to pass as keyword arguments, encoded."""
    shim: bool
    name: str
    """Name of the function."""
    pieces: list = ()
    """The fields of a `SourcePiece` each."""
    path: str = ""
    arguments: list | None = None
    """Positional and keyword arguments; None when they follow as a stream."""
    terminal: str = ""
    """Path of the terminal that pdb talks to; empty for none."""
    debugpy: int = 0
    """The port to wait for an editor at; 0 for none."""

    def sources(self):
        """Return the pieces as values."""
        return [SourcePiece(**piece) for piece in self.pieces]


@dataclass(frozen=True)
class LogFrame(Frame):
    """A logging record. Its text is the payload."""

    kind = "log"
    number: int
    """Number of the mark that was written to the output behind the record."""
    name: str
    level: int
    path: str
    line: int
    function: str
    created: float
    """Seconds since the epoch."""


@dataclass(frozen=True)
class RequestFrame(Frame):
    """A question to Airflow."""

    kind = "request"
    id: int
    request: str
    arguments: dict


@dataclass(frozen=True)
class AnswerFrame(Frame):
    """The answer to a request: a value, a pickle as the payload, or an exception."""

    kind = "answer"
    id: int
    value: object = None
    pickled: bool = False
    error: str | None = None
    types: list = ()
    """Names of the exception's class and of its bases."""


@dataclass(frozen=True)
class ValueFrame(Frame):
    """The function has returned."""

    kind = "value"
    value: object = None
    streamed: bool = False
    """Whether the value follows as a stream."""


@dataclass(frozen=True)
class SkipFrame(Frame):
    """The function asks for the task to be skipped."""

    kind = "skip"
    message: str


@dataclass(frozen=True)
class ErrorFrame(Frame):
    """The function has raised. The formatted traceback is the payload."""

    kind = "error"
    types: list
    """`module:qualified name` of the exception's class and of its bases, in the order of its MRO."""
    message: str
    retry: bool = True
    """False when the task must fail at once."""
    args: list = ()
    """The exception's arguments, where they are plain."""
    attributes: dict = {}  # noqa: RUF012 - frames cannot be changed
    """Those of its own attributes that are plain."""
    exceptions: list = ()
    """Of a group: a dictionary with `types`, `message`, `args` and `exceptions` for each of its exceptions."""


@dataclass(frozen=True)
class ExitFrame(Frame):
    """The function has called `sys.exit`."""

    kind = "exit"
    code: int
    message: str


@dataclass(frozen=True)
class BytesFrame(Frame):
    """Bytes of a stream, as the payload."""

    kind = "data"


@dataclass(frozen=True)
class BufferFrame(Frame):
    """Memory that pickle protocol 5 has left out of the stream, as the payload."""

    kind = "buffer"


@dataclass(frozen=True)
class EndFrame(Frame):
    """The stream is complete."""

    kind = "end"


FRAMES = {
    frame.kind: frame
    for frame in (
        *(StartFrame, LogFrame, RequestFrame, AnswerFrame, ValueFrame, SkipFrame, ErrorFrame, ExitFrame),
        *(BytesFrame, BufferFrame, EndFrame),
    )
}
_TYPES = {"int": int, "str": str, "bool": bool, "float": float, "list": list, "dict": dict}


def read_frame(header):
    """Make the frame of a header; every field has the type that its class annotates.

    Raises:
        ValueError: the header is not an object, or not of any frame.
    """
    fields = dict(header) if isinstance(header, dict) else {}
    kind = fields.pop("kind", None)
    frame = FRAMES.get(kind) if isinstance(kind, str) else None
    if frame is None:
        raise ValueError("a header without a known kind: " + _quoted(kind))
    for name, value in fields.items():
        expected = _TYPES.get(frame.__annotations__.get(name), object)
        if not isinstance(value, expected):
            raise ValueError(f"the frame {kind!r} has a {type(value).__name__} for {_quoted(name)}")  # noqa: TRY004
    try:
        return frame(**fields)
    except TypeError as error:
        raise ValueError(str(error)) from None


def _quoted(value):
    from .excerpt import excerpt  # only for errors: every import costs each task time

    return excerpt(value)


class _ScannerSettings:
    """The attributes from which the C scanner reads its settings."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int = float, int
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.__getitem__
    memo = {}  # noqa: RUF012 - the scanner clears it itself

    def __getattr__(self, name):
        """Return None for what later versions look for, such as the array_hook of Python 3.15."""


def dumps(value):
    """Write JSON as ASCII bytes. Raises TypeError for what JSON cannot express."""
    if make_scanner is None:
        import json

        return json.dumps(value).encode("ascii")
    encode = make_encoder(None, _refuse, encode_basestring_ascii, None, ":", ",", False, False, True)
    return "".join(encode(value, 0)).encode("ascii")


def _refuse(value):
    raise TypeError("not plain data: " + type(value).__name__)


def loads(data):
    """Read JSON from UTF-8 bytes. Raises ValueError or StopIteration for anything else."""
    if make_scanner is None:
        import json

        return json.loads(data)
    return make_scanner(_ScannerSettings())(bytes(data).decode("utf-8", "surrogatepass"), 0)[0]


def is_plain(value):
    """Tell whether JSON reproduces exactly this value: most small results need no pickle at all."""
    remaining = [value]
    room = PLAIN_LIMIT
    while remaining and room > 0:
        item = remaining.pop()
        kind = type(item)
        room -= 1
        if kind is dict or kind is list:
            room -= len(item)
            if kind is dict and any(type(key) is not str for key in item):
                return False
            remaining.extend(item.values() if kind is dict else item)
            remaining.extend(item if kind is dict else ())
        elif kind is str:
            room -= len(item)
            if not item.isascii() and item.encode("utf-8", "ignore").decode() != item:  # two halves would become one
                return False
        elif kind is int:
            if item.bit_length() > INTEGER_BITS:
                return False
        elif item is not None and kind is not bool and kind is not float:
            return False
    return room > 0


def prefix(header, payload):
    """Return the twelve bytes before a header and a payload of these lengths."""
    return header.to_bytes(HEADER, "big") + payload.to_bytes(PAYLOAD, "big")
