"""Byte-compile files: a script for the interpreter that imports them later.

    python -S compiler.py [--cache=DIR] FOLDER ... [--without NAME ...]

`compileall` takes a third longer, because it sends the name of every file to a pool of processes, which import many
modules and answer each time. Here the processes are forks of this one, which know all names, and read the number of
their next file from a common pipe.

Files that do not compile are skipped: the standard library has deliberate syntax errors, packages ship templates that
are not valid Python, and neither can be imported. A file that cannot be written ends the program: an image with a part
of its byte code looks complete. Files are written under another name and renamed, so none is ever incomplete.

The bytes must not depend on what was compiled before in the same process. They would: `marshal` marks objects that are
referred to elsewhere in the process, such as a name that an earlier file left behind. So a process that has met an
error or imported a codec is replaced by a new one, and what the compiler keeps of every first use (the spelling of
annotations) is used once before any process is started.

Byte code is kept in `--cache`, under a digest of everything that it depends on, so that an environment that is created
again compiles only what is new in it. Only installs that run no foreign code have such a cache.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import hashlib
import marshal
import os
import signal
import struct
import sys
import zlib
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path

_UNCHECKED_HASH = (1).to_bytes(4, "little")
"""The flags of PEP 552."""

_NUMBER = struct.Struct("=L")
_FIRST_USES = """\
from __future__ import annotations
def f(a: (x[1:2], "b", lambda: 0, f"{y!r:>{z}}", {1: 2}, {3}, [g for i, in j if k])): 0
def g(a: (-1 if not l else m ** n, o.p(*q, r=s), ..., (), t @ u, not v)): 0
"""
_DONE, _STAINED, _FAILED = 0, 1, 2
"""Exit codes of a process: no file is left, it must not compile another one, or a file could not be written."""


class _CompileError(Exception):
    """A file does not compile."""


def main() -> None:
    """Compile the folders of the arguments, on all processors that this process may use.

    Raises:
        SystemExit: a file could not be written, or a process was killed.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--without", nargs="*", default=[], help="names of folders to leave out")
    parser.add_argument("--cache", type=Path, help="where byte code is kept between builds")
    options = parser.parse_args()
    gc.disable()  # compiling leaves few cycles among many objects
    compile(_FIRST_USES, "", "exec", dont_inherit=True)
    paths = _sources(options.folders, frozenset(options.without) | {"__pycache__"})
    drawn, numbers = os.pipe()
    workers = [_fork(drawn, numbers, paths, options.cache) for _ in range(_processors())]
    os.close(drawn)
    for number in range(len(paths)):
        os.write(numbers, _NUMBER.pack(number))
    os.close(numbers)
    if any(os.waitpid(worker, 0)[1] for worker in workers):
        sys.exit(1)  # the worker has reported why


def _sources(folders: list[str], without: frozenset[str]) -> list[Path]:
    """Return all sources, large ones first, so that no processor ends with a large one while the others are idle."""
    sources = []
    for top in folders:
        for folder, below, files in os.walk(top):
            below[:] = [name for name in below if name not in without]
            sources += [Path(folder, name) for name in files if name.endswith(".py")]
    return sorted(sources, key=lambda path: (-path.lstat().st_size, path))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _fork(drawn: int, numbers: int, paths: list[Path], cache: Path | None) -> int:
    """Start a worker, which runs one compiling process after another until the numbers end."""
    worker = os.fork()
    if worker:
        return worker
    os.close(numbers)
    while True:
        process = os.fork()
        if not process:
            os._exit(_draw(drawn, paths, cache))
        status = os.waitpid(process, 0)[1]
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            _complain("a process was killed, which is usually a lack of memory")
            os._exit(_FAILED)
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else _STAINED
        if code in {_DONE, _FAILED}:  # otherwise stained, or ended by its file
            os._exit(code)


def _draw(drawn: int, paths: list[Path], cache: Path | None) -> int:
    """Compile the files whose numbers are drawn, until one leaves something behind in the process."""
    modules = len(sys.modules)
    while True:
        number = os.read(drawn, _NUMBER.size)
        if not number:
            return _DONE
        try:
            _compile(paths[_NUMBER.unpack(number)[0]], cache)
        except OSError as error:
            _complain(f"{error.filename}: {error.strerror}")
            return _FAILED
        except _CompileError:
            return _STAINED
        if len(sys.modules) != modules:
            return _STAINED


def _complain(message: str) -> None:
    os.write(2, f"{message}\n".encode("utf-8", "surrogateescape"))


def _compile(path: Path, cache: Path | None) -> None:
    try:
        source = path.read_bytes()
    except OSError:  # for example a dangling link, which cannot be imported either
        return
    cached = _place(path, source, cache) if cache else None
    data = _kept_data(cached) if cached else None
    if data is None:
        data = _byte_code(path, source)
        if cached:
            with contextlib.suppress(OSError):  # without the cache the next build only takes longer
                _write(str(cached), _sealed(data), 0o644)
    _write(cache_from_source(str(path)), data, (path.stat().st_mode | 0o200) & 0o666)  # as py_compile has it


def _byte_code(path: Path, source: bytes) -> bytes:
    """Compile one file as `py_compile` does, which before Python 3.14 truncates files on a full disk.

    Raises:
        _CompileError: it does not compile.
    """
    try:
        code = SourceFileLoader("<py_compile>", str(path)).source_to_code(source, str(path))
    except Exception as error:  # compilers raise many errors for a file that is not Python
        raise _CompileError from error
    return MAGIC_NUMBER + _UNCHECKED_HASH + source_hash(source) + marshal.dumps(code)


def _place(path: Path, source: bytes, cache: Path) -> Path:
    """Return the path in the cache: byte code depends on the interpreter, the source and the path, which it names."""
    digest = hashlib.sha256(b"\0".join((MAGIC_NUMBER, os.fsencode(path), source))).hexdigest()
    return cache / digest[:2] / digest[2:]


def _kept_data(cached: Path) -> bytes | None:
    """Read byte code from the cache; a truncated file (power cut, full disk) counts as missing."""
    try:
        sealed = cached.read_bytes()
    except OSError:
        return None
    data = sealed[: -_NUMBER.size]
    return data if sealed == _sealed(data) else None


def _sealed(code: bytes) -> bytes:
    return code + _NUMBER.pack(zlib.crc32(code))


def _write(path: str, data: bytes, mode: int) -> None:
    """Write a file atomically: under another name, then renamed. `pathlib` would be slower for thousands of files."""
    unfinished = f"{path}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        try:
            file = os.open(unfinished, flags, mode)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
            file = os.open(unfinished, flags, mode)
        with open(file, "wb", buffering=0) as writer:  # noqa: PTH123
            while data:
                data = data[writer.write(data) :]
        os.replace(unfinished, path)  # noqa: PTH105
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)  # noqa: PTH108
        raise OSError(error.errno, error.strerror, path) from None


if __name__ == "__main__":
    main()
