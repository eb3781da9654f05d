"""Check an Arrow IPC stream from an untrusted writer, so that reading it is safe and its memory use is limited.

Arrow trusts the stream: it follows offsets unless the table is validated, and compressed buffers or columns without
data can claim any size. `data_serializers.py` itself writes streams without compression.
"""

import struct

ROWS_ALWAYS = 1 << 20
"""Number of cells that a table may always have, however short its stream is."""
_HEADERS = {2: (1,), 3: ()}
"""Field numbers that lead from a message's header to its RecordBatch, by header type.

The types are those of the union `MessageHeader` of `Message.fbs`: 2 is DictionaryBatch, 3 is RecordBatch.
"""
_COMPRESSION = 3
"""Number of the field `compression` of a RecordBatch."""


class CheckedMessages:
    """Readable file of the messages of an Arrow IPC stream, each of which is checked before it is passed on.

    Args:
        source: a `pyarrow.PythonFile` with the stream.
    """

    closed = False

    def __init__(self, source):
        import pyarrow

        self._reader = pyarrow.ipc.MessageReader.open_stream(source)
        self._rest = memoryview(b"")
        self.size = 0
        """Number of bytes read so far."""

    def read(self, size):
        """Return `size` bytes, or fewer at the end of the stream. Raises ValueError for a compressed message."""
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
        """Do nothing: the source belongs to the caller."""


def is_compressed(metadata):
    """Return whether the body of a message is compressed.

    Args:
        metadata: the bytes of the message's FlatBuffer (`Message.fbs` of the Arrow columnar format).

    Raises:
        ValueError: the metadata is malformed.
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
    """Return the position of field `number` of a FlatBuffers table; 0 if the field is absent."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    size = struct.unpack_from("<H", data, vtable)[0]
    place = 4 + 2 * number
    offset = struct.unpack_from("<H", data, vtable + place)[0] if place + 2 <= size else 0
    return table + offset if offset else 0


def check_size(table, size, library):
    """Check that a table does not need much more memory than the length of its stream.

    Args:
        table: the `pyarrow.Table`.
        size: the length of its stream in bytes.
        library: the library that the table will be converted for: `pandas`, `polars` or `pyarrow`.

    Raises:
        ValueError: the table has more than `ROWS_ALWAYS` cells and more than eight per byte, or, for pandas, a column
            of a type whose values share memory.
    """
    cells = table.num_rows + sum(count_values(chunk) for column in table.columns for chunk in column.chunks)
    if cells > max(8 * size, ROWS_ALWAYS):
        raise ValueError(f"its Arrow stream of {size} bytes claims {cells} values")
    if library == "pandas":
        for field in table.schema:
            if "_view" in str(field.type) or "run_end_encoded" in str(field.type):
                raise ValueError(f"its column {field.name!r} is of the type {field.type}, which pandas would multiply")


def count_values(array):
    """Count the values of an Arrow array, including those of its child arrays."""
    from pyarrow import types

    kind = array.type
    parts = []
    if hasattr(array, "storage"):  # an extension type
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
