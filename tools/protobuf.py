"""Compile the gateway's messages: `make messages`.

protoc's own Python module loads half of the protobuf package, most of which serves its pure-Python implementation:
30 ms of every build. The module written here asks the C implementation for the same classes directly. The types for
type checkers are protoc's.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

FOLDER = Path(__file__).parents[1] / "frontend/src/pyenv_frontend/buildkit"

MODULE = '''"""The messages of wire.proto, as classes of protobuf's C implementation. Written by `make messages`."""

from google._upb import _message as _upb
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper as _Enum
from google.protobuf.message import Message as _Message

DESCRIPTOR = _upb.default_pool.AddSerializedFile(
{lines}
)


def _class(descriptor, prefix=""):
    name = prefix + descriptor.name
    members = {{nested.name: _class(nested, f"{{name}}.") for nested in descriptor.nested_types}}
    members |= {{"DESCRIPTOR": descriptor, "__module__": __name__, "__qualname__": name}}
    return _upb.MessageMeta(descriptor.name, (_Message,), members)


for _message in DESCRIPTOR.message_types_by_name.values():
    globals()[_message.name] = _class(_message)
for _enum in DESCRIPTOR.enum_types_by_name.values():
    globals()[_enum.name] = _Enum(_enum)
    globals().update({{value.name: value.number for value in _enum.values}})
'''


def main() -> None:
    """Write `wire_pb2.py` and `wire_pb2.pyi` beside `wire.proto`."""
    with tempfile.TemporaryDirectory() as scratch:
        compiled = Path(scratch, "wire.bin")
        paths = [f"-I{FOLDER}", f"--pyi_out={FOLDER}", f"--descriptor_set_out={compiled}"]
        if protoc.main(["protoc", *paths, str(FOLDER / "wire.proto")]):
            sys.exit("protoc failed")
        (file,) = FileDescriptorSet.FromString(compiled.read_bytes()).file
    raw = file.SerializeToString(deterministic=True)
    lines = "\n".join(f"    {raw[at : at + 60]!r}" for at in range(0, len(raw), 60))
    (FOLDER / "wire_pb2.py").write_text(MODULE.format(lines=lines))


if __name__ == "__main__":
    main()
