"""Implement the serializers `json` and `arrow`, which carry data only, so that reading runs no code.

Both the worker and the child use this module. A stream consists of the length of a JSON text (8 bytes, big-endian), the
text itself (see `json_codec.py`) and, for `arrow`, an Arrow IPC stream for each data frame or table in the text.
"""

import json

from .arrow_checks import CheckedMessages, check_size
from .excerpt import excerpt
from .json_codec import decode, encode

SAFE_ARROW = (14, 0, 1)
"""Minimum version of pyarrow. Older releases unpickle data of extension types in a stream (CVE-2023-47248)."""


TEXT_LIMIT = 1 << 26
"""Maximum length of the JSON text in bytes. The decoded values take many times as much memory."""


def _too_long(size):
    return f"it takes {size} bytes as JSON, and {TEXT_LIMIT} are the limit: write it to a file, or use data frames"


def dump_coded(value, sink, serializer):
    """Write a value to a stream.

    Args:
        value: the value.
        sink: a `stream.Sink`, or another object with a method `write`.
        serializer: `json` or `arrow`.

    Raises:
        TypeError: the serializer cannot represent the value.
        ValueError: its JSON text is longer than `TEXT_LIMIT`.
        ImportError: pyarrow is needed and not installed.
    """
    tables = []
    text = json.dumps(encode(value, _describer(tables, serializer))).encode()
    if len(text) > TEXT_LIMIT:
        raise ValueError(_too_long(len(text)))
    sink.write(len(text).to_bytes(8, "big"))
    sink.write(text)
    for table in tables:
        import pyarrow

        with pyarrow.ipc.new_stream(pyarrow.PythonFile(_Writable(sink), "w"), table.schema) as writer:
            writer.write_table(table)


def load_coded(feed, serializer):
    """Read a value from a stream.

    Args:
        feed: a `stream.Feed`, or another object with a method `read`.
        serializer: `json` or `arrow`.

    Raises:
        ValueError: the stream is invalid, or its JSON text is longer than `TEXT_LIMIT`.
        ImportError: pyarrow is needed and not installed or older than `SAFE_ARROW`.
    """
    size = int.from_bytes(feed.read(8), "big")
    if size > TEXT_LIMIT:
        raise ValueError(_too_long(size))
    text = feed.read(size)
    tables = []
    value = decode(json.loads(text.decode()), lambda tag: _reader(tag, tables, serializer))
    if tables:
        _read_tables(feed, tables)
        value = _fulfilled(value)
    return value


class _Writable:
    """Writable file on a `Sink`, for pyarrow."""

    closed = False

    def __init__(self, sink):
        self.write = sink.write
        self.flush = lambda: None

    def close(self):
        """Do nothing: more data follows."""


class _Readable:
    """Readable file on a `Feed`, for pyarrow."""

    closed = False

    def __init__(self, feed):
        self.read = feed.read

    def close(self):
        """Do nothing: more data follows."""


def _describer(tables, serializer):
    """Return a function that returns the tag of a sensor's result, a data frame or a table, or None for other values.

    The function also appends data frames and tables to `tables`, as Arrow tables in the order of their tags.
    """

    def describe(value):
        if type(value).__name__ == "PokeReturnValue":
            return ["poke", encode(value.is_done, describe), encode(value.xcom_value, describe)]
        if serializer != "arrow":
            return None
        library = type(value).__module__.partition(".")[0]
        name = type(value).__name__
        if library not in ("pandas", "polars", "pyarrow") or name not in ("DataFrame", "Series", "Table"):
            return None
        tables.append(_table(value, library, name))
        return ["arrow", library, name, value.name if name == "Series" else None]

    return describe


def _table(value, library, name):
    """Convert a data frame or a series to an Arrow table."""
    import pyarrow

    if library == "pyarrow":
        return value
    if name == "Series":
        value = value.to_frame("value" if value.name is None else None)
    if library == "polars":
        return value.to_arrow()
    value = value.copy(deep=False)
    value.columns = [str(column) for column in value.columns]
    return pyarrow.Table.from_pandas(value)


class _Promise:
    """Placeholder for a data frame, series or table until its Arrow stream has been read."""

    def __init__(self, library, name, label):
        self.library, self.name, self.label = library, name, label
        self.value = None

    def fulfill(self, table):
        """Convert the Arrow table to the type that was written."""
        if self.library == "pandas":
            frame = table.to_pandas()
        elif self.library == "polars":
            import polars

            frame = polars.from_arrow(table)
        else:
            frame = table
        if self.name == "Series":
            frame = frame.iloc[:, 0] if self.library == "pandas" else frame.to_series(0)
            frame = frame.rename(self.label)
        self.value = frame


def _reader(tag, tables, serializer):
    """Decode a tag of `_describer`."""
    if tag[0] == "poke":
        from airflow_venv import PokeReturnValue

        _, is_done, xcom_value = tag
        parts = [decode(part, lambda inner: _reader(inner, tables, serializer)) for part in (is_done, xcom_value)]
        return PokeReturnValue(*parts)
    if serializer != "arrow":
        raise ValueError(f"unknown type: {excerpt(tag[0])}")
    return _promise(tag, tables)


def _promise(tag, tables):
    name, library, kind, label = tag
    if name != "arrow" or library not in ("pandas", "polars", "pyarrow"):
        raise ValueError(f"unknown type: {excerpt(name)}")
    tables.append(_Promise(library, kind, label))
    return tables[-1]


def _read_tables(feed, promises):
    import pyarrow

    version = tuple(int(part) for part in pyarrow.__version__.split(".")[:3] if part.isdigit())
    if version < SAFE_ARROW:
        raise ImportError(f"pyarrow {pyarrow.__version__} runs code that a stream brings: 14.0.1 or newer is needed")
    source = pyarrow.PythonFile(_Readable(feed), "r")
    for promise in promises:
        messages = CheckedMessages(source)
        table = pyarrow.ipc.open_stream(pyarrow.PythonFile(messages, "r")).read_all()
        table.validate(full=True)
        check_size(table, messages.size, promise.library)
        promise.fulfill(table)


def _fulfilled(value):
    """Return a value with its placeholders replaced by the data frames."""
    if isinstance(value, _Promise):
        return value.value
    if isinstance(value, dict):
        return {key: _fulfilled(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_fulfilled(item) for item in value)
    if type(value).__name__ == "PokeReturnValue":
        value.xcom_value = _fulfilled(value.xcom_value)
    return value
