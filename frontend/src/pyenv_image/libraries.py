"""Carry the shared libraries that an interpreter needs and its new image lacks.

The official images are Debian's. A base of another distribution has some of their libraries under other names
(`libbz2.so.1` for `libbz2.so.1.0`) or in other versions only (OpenSSL 3 for `libssl.so.1.1`). What is missing, as the
base's own loader says, is copied into the `lib` folder of the interpreter's prefix: nothing else in the image sees it.

The official executables have `DT_RUNPATH $ORIGIN/../lib`, which counts for what they need themselves. As `DT_RPATH`,
the same path also counts for what extension modules need, and for what these libraries need (ld.so(8)).
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Iterable, Iterator

from pyenv_image.failure import StepError

__all__ = ["carry"]

_NOT_FOUND = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)
_PT_DYNAMIC, _PT_INTERP = 2, 3
_DT_RPATH, _DT_RUNPATH = 15, 29
# 64 bits, little-endian: elf(5). Others are not carried to.
_IDENT = b"\x7fELF\x02\x01"
_SEGMENT = struct.Struct("<IIQQQQQQ")
_ENTRY = struct.Struct("<QQ")

# Where Debian's OpenSSL looks for certificates, and where other distributions have them; none is longer than Debian's.
_CERTIFICATES = (
    (b"/usr/lib/ssl/cert.pem", (b"/etc/pki/tls/cert.pem", b"/etc/ssl/cert.pem")),
    (b"/usr/lib/ssl/certs", (b"/etc/pki/tls/certs", b"/etc/ssl/certs")),
)


def carry(prefix: Path, series: str, source: Path, root: Path = Path("/")) -> list[str]:
    """Copy what the base lacks of the libraries that an interpreter and its extension modules need.

    Args:
        prefix: the interpreter's prefix in this image.
        series: `3.8`.
        source: the root of the image that the interpreter comes from.
        root: the root of this image.

    Returns:
        The names of the libraries that were copied.

    Raises:
        StepError: the executable is not one of the official images'.
    """
    python = prefix / "bin" / f"python{series}"
    loader = _let_search_for_all(python)
    folders = [*source.glob("lib/*-linux-*"), *source.glob("usr/lib/*-linux-*")]
    waiting = [python, *(prefix / "lib").glob("libpython*.so*")]
    waiting += sorted((prefix / "lib" / f"python{series}" / "lib-dynload").glob("*.so"))
    carried = []
    while waiting:
        for name in _missing(loader, waiting.pop()):
            target = prefix / "lib" / name
            library = next((folder / name for folder in folders if (folder / name).is_file()), None)
            if library is not None and not target.exists():
                shutil.copy2(str(library), str(target))
                if name.startswith("libcrypto.so."):
                    _use_certificates_of(root, target)
                carried.append(name)
                waiting.append(target)
    return sorted(carried)


def _missing(loader: str, file: Path) -> Iterable[str]:
    """Return the libraries of a file that the loader of this image does not find."""
    done = subprocess.run(
        [loader, str(file)],
        env={"LD_TRACE_LOADED_OBJECTS": "1"},  # as ldd(1) does; `--list` ends at the first that is missing
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return _NOT_FOUND.findall(done.stdout.decode(errors="replace"))


def _let_search_for_all(python: Path) -> str:
    """Turn the executable's RUNPATH into an RPATH; return the loader that it names."""
    content = bytearray(python.read_bytes())
    loader, has_path = "", False
    if content.startswith(_IDENT):
        for kind, offset, size in _segments(content):
            if kind == _PT_INTERP:
                loader = content[offset : offset + size].rstrip(b"\0").decode()
            elif kind == _PT_DYNAMIC:
                for place in range(offset, offset + size, _ENTRY.size):
                    tag, value = _ENTRY.unpack_from(content, place)
                    if tag in (_DT_RPATH, _DT_RUNPATH):
                        _ENTRY.pack_into(content, place, _DT_RPATH, value)
                        has_path = True
    if not (loader and has_path):
        raise StepError(
            f"{python} does not look for libraries beside itself, as the official images' does: the libraries that "
            "this base image lacks cannot be carried for it; name an image whose Python was built for it with --from"
        )
    python.write_bytes(content)
    return loader


def _segments(content: bytearray) -> Iterator[tuple[int, int, int]]:
    """Yield kind, offset and size of each segment of a program."""
    (first,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    for number in range(count):
        segment = _SEGMENT.unpack_from(content, first + number * size)
        yield segment[0], segment[2], segment[5]


def _use_certificates_of(root: Path, library: Path) -> None:
    """Make a carried OpenSSL search for certificates where this image has them."""
    content = library.read_bytes()
    for debian, others in _CERTIFICATES:
        places = [place for place in others if (root / place.decode().lstrip("/")).exists()]
        if places and not (root / debian.decode().lstrip("/")).exists():
            content = content.replace(debian + b"\0", places[0].ljust(len(debian) + 1, b"\0"))
    library.write_bytes(content)
