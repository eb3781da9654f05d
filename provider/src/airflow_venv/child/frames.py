"""Define the frames, which are the messages between the operator and the child. Both use this module.

A frame on the wire is:

    4 bytes  length of the header, big-endian
    8 bytes  length of the payload
    header   a JSON object; "kind" names the class below, the rest are its fields
    payload  bytes

The operator's first frame is `start`: the source, the arguments, the settings. Values that are not plain follow as a
stream (`stream.py`). While the function runs, the child sends `log` frames (logging records) and `request` frames, each
of which the operator answers with an `answer` frame. At the end it sends exactly one outcome: `value`, `skip`, `error`
or `exit`.

Only the C accelerator of the package `json` is used here. The package itself imports `re`, which takes longer than half
an interpreter start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(frozen):  # noqa: ARG001 - type checkers see the real one, which takes milliseconds to import
        """Return the class unchanged. At run time `Frame` does what a dataclass would."""
        return lambda cls: cls


try:
    from _json import encode_basestring_ascii, make_encoder, make_scanner
except ImportError:  # an interpreter without the C accelerator
    make_scanner = None

HEADER, PAYLOAD = 4, 8
"""Bytes of the two lengths at the start of a frame."""
PREFIX = HEADER + PAYLOAD
PLAIN_LIMIT = 1 << 14
"""Maximum number of characters and values, added up, of a plain value. Larger values are sent as a stream."""
PLAIN_DEPTH = 100
"""Maximum depth of a plain value. A JSON parser calls itself for each level, and Python limits that."""
RECORD_LIMIT = 1 << 19
"""Maximum number of characters of a logging record.

The child cuts a longer record. The operator then removes the end as well, because it could be a part of a secret, which
Airflow's masker does not recognise.
"""
MESSAGE_LIMIT = 80_000
"""Maximum number of characters of an exception's message, cut likewise. In JSON, each takes up to twelve bytes."""
GROUP_LIMIT = 20
"""Maximum number of exceptions that are sent with one: those of groups and of nested groups, and causes."""
GROUP_MESSAGE_LIMIT = 2_000
"""Maximum number of characters of the message of each exception in a group, cut likewise."""
TRACEBACK_LIMIT = 1_000_000
"""Maximum number of characters of a traceback, cut likewise, but at its start."""
INTEGER_BITS = 63
"""Maximum number of bits of an integer in JSON, which every JSON decoder can read."""


class Frame:
    """Immutable value whose fields are the annotations of its class."""

    kind: str = ""

    def __init__(self, **fields):
        """Set the fields, which are keyword arguments.

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
        """Return the frame's header as a dictionary."""
        return dict(self.__dict__, kind=self.kind)


@dataclass(frozen=True)
class SourcePiece(Frame):
    """Source code from one file, to be run before the function is called."""

    source: str
    """Preceded by empty lines, so that each line has the same number as in the file."""
    filename: str
    first_line: int
    """Number of the first line that is not padding."""
    future: list
    """Names of the `__future__` features that the code is compiled with."""


@dataclass(frozen=True)
class StartFrame(Frame):
    """Run a function. The source is in `pieces`, or in the file `path`."""

    kind = "start"
    mark: str
    """Value of the environment variable by which all descendants are recognised."""
    token: str
    """Text at the start of the marks that log records leave in the output."""
    log_level: int
    module: str
    """Name of the DAG file's module in the worker, which pickled values of its classes refer to."""
    string_args: list
    serializer: str
    serializer_module: str
    """Package that is used instead of the standard library's `pickle`; empty for none."""
    data_only: bool
    """Whether the serializer carries data only, so that reading it runs no code."""
    remedy: str
    """What the user can do about a result that the serializer cannot send."""
    protocol: int
    """Pickle protocol for the result."""
    context: dict
    """Values of Airflow's context to pass as keyword arguments, encoded."""
    shim: bool
    name: str
    """Name of the function."""
    pieces: list = ()
    """Fields of the `SourcePiece` objects, as dictionaries."""
    path: str = ""
    """Path of the file that defines the function; empty if `pieces` does."""
    arguments: list | None = None
    """Positional and keyword arguments; None if they follow as a stream."""
    terminal: str = ""
    """Path of the terminal that pdb uses; empty for none."""
    debugpy: int = 0
    """Port on which debugpy waits for an editor; 0 for none."""

    def sources(self):
        """Return `pieces` as `SourcePiece` objects."""
        return [SourcePiece(**piece) for piece in self.pieces]


@dataclass(frozen=True)
class LogFrame(Frame):
    """A logging record. Its text is the payload."""

    kind = "log"
    number: int
    """Number of the mark that is written to the output after the record."""
    name: str
    level: int
    path: str
    line: int
    function: str
    created: float
    """Seconds since the epoch."""


@dataclass(frozen=True)
class RequestFrame(Frame):
    """A request to Airflow, answered by an `AnswerFrame` with the same `id`."""

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
    """Whether the answer is a pickle, in the payload."""
    error: str | None = None
    """Message of the exception; None if there is none."""
    types: list = ()
    """Names of the exception's class and its base classes."""


@dataclass(frozen=True)
class ValueFrame(Frame):
    """The function has returned a value."""

    kind = "value"
    value: object = None
    streamed: bool = False
    """Whether the value follows as a stream."""


@dataclass(frozen=True)
class SkipFrame(Frame):
    """The function has asked to skip the task."""

    kind = "skip"
    message: str


@dataclass(frozen=True)
class ErrorFrame(Frame):
    """The function has raised an exception. The formatted traceback is the payload."""

    kind = "error"
    types: list
    """`module:qualified name` of the exception's class and its base classes, in the order of its MRO."""
    message: str
    retry: bool = True
    """False if the task must fail without retries."""
    args: list = ()
    """The exception's arguments if all are plain, otherwise empty."""
    attributes: dict = {}  # noqa: RUF012 - frames cannot be changed
    """The exception's own attributes that are plain."""
    exceptions: list = ()
    """For an exception group, a dictionary for each exception, with fields as here: `types`, `message`, `args`,
    `exceptions` and `causes`."""
    causes: list = ()
    """The same for `__cause__`, if there is one."""


@dataclass(frozen=True)
class ExitFrame(Frame):
    """The function has called `sys.exit`."""

    kind = "exit"
    code: int
    message: str


@dataclass(frozen=True)
class BytesFrame(Frame):
    """Bytes of a stream, in the payload."""

    kind = "data"


@dataclass(frozen=True)
class BufferFrame(Frame):
    """Out-of-band buffer of pickle protocol 5 (PEP 574), in the payload."""

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
    """Return the frame that a header describes, after checking the types of its fields.

    Args:
        header: the decoded JSON of the header.

    Raises:
        ValueError: the header is not an object, its kind is unknown, or a field is missing, unknown or of a wrong type.
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
    """Settings of the C scanner, which reads them as attributes."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int = float, int
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.__getitem__
    memo = {}  # noqa: RUF012 - the scanner clears it itself

    def __getattr__(self, name):
        """Return None for settings of later versions, such as `array_hook` of Python 3.15."""


def dumps(value):
    """Encode a value as JSON in ASCII. Raises TypeError for a value that JSON cannot represent."""
    if make_scanner is None:
        import json

        return json.dumps(value).encode("ascii")
    encode = make_encoder(None, _refuse, encode_basestring_ascii, None, ":", ",", False, False, True)
    return "".join(encode(value, 0)).encode("ascii")


def _refuse(value):
    raise TypeError("not plain data: " + type(value).__name__)


def loads(data):
    """Decode JSON from UTF-8 bytes. Raises ValueError or StopIteration for invalid JSON."""
    if make_scanner is None:
        import json

        return json.loads(data)
    return make_scanner(_ScannerSettings())(bytes(data).decode("utf-8", "surrogatepass"), 0)[0]


def is_plain(value):
    """Return whether a value is small and JSON reproduces it exactly. Most results are plain and need no pickle."""
    level = [value]
    room = PLAIN_LIMIT
    for _ in range(PLAIN_DEPTH):
        below = []
        for item in level:
            kind = type(item)
            room -= 1
            if kind is dict or kind is list:
                room -= len(item)
                if room < 0 or (kind is dict and any(type(key) is not str for key in item)):
                    return False
                below.extend(item.values() if kind is dict else item)
                below.extend(item if kind is dict else ())
            elif kind is str:
                room -= len(item)
                if not item.isascii() and item.encode("utf-8", "ignore").decode() != item:  # JSON joins surrogate pairs
                    return False
            elif kind is int:
                if item.bit_length() > INTEGER_BITS:
                    return False
            elif item is not None and kind is not bool and kind is not float:
                return False
        level = below
    return room > 0 and not level


def prefix(header, payload):
    """Return the start of a frame: the lengths of its header and its payload, in `PREFIX` bytes."""
    return header.to_bytes(HEADER, "big") + payload.to_bytes(PAYLOAD, "big")
