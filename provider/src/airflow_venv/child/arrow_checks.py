"""Checks of an Arrow IPC stream that somebody else has written, so that reading it is safe and takes no more memory.

Arrow trusts what a stream says about itself: offsets are followed unless the table is validated, and compressed buffers
and columns without data can be of any size. Our own writer uses none of these.
"""

import struct

ROWS_ALWAYS = 1 << 20
"""Cells that a table may have however few bytes it came in."""
_HEADERS = {2: (1,), 3: ()}
"""Type of a message with a body to the fields that lead to its RecordBatch: of a dictionary's, of a batch itself."""
_COMPRESSION = 3
"""Number of the field of a RecordBatch that names its compression."""


class CheckedMessages:
    """A file of the messages of a stream, each checked before it is passed on."""

    closed = False

    def __init__(self, source):
        import pyarrow

        self._reader = pyarrow.ipc.MessageReader.open_stream(source)
        self._rest = memoryview(b"")
        self.size = 0
        """Bytes read so far."""

    def read(self, size):
        """Return up to `size` bytes. Raises ValueError for a message that is compressed."""
        pieces = []
        while size > 0:
            if not self._rest and not self._next():
                break
            pieces.append(self._rest[:size])
            self._rest = self._rest[size:]
            size -= len(pieces[-1])
        return b"".join(pieces)

    def _next(self):
        try:
            message = self._reader.read_next_message()
        except StopIteration:
            return False
        if is_compressed(message.metadata.to_pybytes()):
            raise ValueError("its Arrow stream is compressed, which is not accepted")
        self._rest = memoryview(message.serialize())
        self.size += len(self._rest)
        return True

    def close(self):
        """Stay open: the source is not ours."""


def is_compressed(metadata):
    """Tell whether the body of a message is compressed.

    Args:
        metadata: the message's FlatBuffer (`Message.fbs` of the Arrow format).

    Raises:
        ValueError: it is malformed.
    """
    try:
        message = _follow(metadata, 0)
        kind = _field(metadata, message, 1)
        if not kind or metadata[kind] not in _HEADERS:
            return False
        table = _follow(metadata, _field(metadata, message, 2))
        for number in _HEADERS[metadata[kind]]:
            table = _follow(metadata, _field(metadata, table, number))
        return bool(_field(metadata, table, _COMPRESSION))
    except (struct.error, IndexError) as error:
        raise ValueError(f"its Arrow stream is malformed: {error}") from error


def _follow(data, position):
    return position + struct.unpack_from("<I", data, position)[0]


def _field(data, table, number):
    """Return the position of a field of a FlatBuffers table; 0 if it is absent."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    size = struct.unpack_from("<H", data, vtable)[0]
    place = 4 + 2 * number
    offset = struct.unpack_from("<H", data, vtable + place)[0] if place + 2 <= size else 0
    return table + offset if offset else 0


def check_size(table, size, library):
    """Refuse a table that takes much more memory than the bytes that it came in.

    Args:
        table: the table.
        size: the number of these bytes.
        library: what the table is to be converted for.

    Raises:
        ValueError: it has more cells than bits were sent, or, for pandas, values that share memory.
    """
    cells = table.num_rows + sum(count_values(chunk) for column in table.columns for chunk in column.chunks)
    if cells > max(8 * size, ROWS_ALWAYS):
        raise ValueError(f"its Arrow stream of {size} bytes claims {cells} values")
    if library == "pandas":
        for field in table.schema:
            if "_view" in str(field.type) or "run_end_encoded" in str(field.type):
                raise ValueError(f"its column {field.name!r} is of the type {field.type}, which pandas would multiply")


def count_values(array):
    """Count the values of an array and of the arrays in it."""
    from pyarrow import types

    kind = array.type
    parts = []
    if hasattr(array, "storage"):  # of an extension type
        return count_values(array.storage)
    if types.is_struct(kind) or types.is_union(kind):
        parts = [array.field(number) for number in range(kind.num_fields)]
    elif types.is_map(kind):
        parts = [array.keys, array.items]
    elif types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        parts = [array.values]
    elif types.is_dictionary(kind):
        parts = [array.dictionary]
    return len(array) + sum(map(count_values, parts))
