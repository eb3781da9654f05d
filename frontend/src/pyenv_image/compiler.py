"""Byte-compile files: a script for the interpreter that imports them later.

    python -S compiler.py CACHE NAMES FOLDER ...

CACHE is where byte code is kept between builds, or empty; NAMES are the folders to leave out, with commas between them.

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

Byte code is kept, so that an environment that is created again compiles only what is new in it: one file for each
package, under a digest of everything that its byte code depends on. Creating one for each module would take as long as
compiling a quarter of them. Only installs that run no foreign code have such a cache.

The interpreter that runs this may have no byte code yet, and compiles what is imported here each time. So paths are
text, and the arguments are in a fixed order.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import marshal
import mmap
import os
import signal
import struct
import sys
import zlib
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

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
    cache, names, *folders = sys.argv[1:]
    gc.disable()  # compiling leaves few cycles among many objects
    packages = _sources(folders, frozenset(names.split(",")) | {"__pycache__"})
    places = [(f"{cache}/{_digest(paths)}" if cache else "", paths) for paths in packages]
    missing = [(place, paths) for place, paths in places if not (place and _take(place, paths))]
    compiled = _compile_all([path for _, paths in missing for path in paths])
    for place, paths in missing:
        if place:
            _keep(place, paths, compiled)


def _sources(folders: list[str], without: frozenset[str]) -> Iterable[list[str]]:
    """Return the sources of each entry of the given folders, which is a package, and those that are in none."""
    packages: dict[str, list[str]] = {}
    for top in folders:
        for folder, below, files in os.walk(top):
            below[:] = sorted(name for name in below if name not in without)
            sources = [f"{folder}/{name}" for name in sorted(files) if name.endswith(".py")]
            if sources:
                name = os.path.relpath(folder, top).partition(os.sep)[0]
                packages.setdefault(f"{top}/{name}", []).extend(sources)
    return packages.values()


def _compile_all(paths: list[str]) -> set[str]:
    """Compile files; return those that were compiled.

    Raises:
        SystemExit: a file could not be written, or a process was killed.
    """
    # Large files first, so that no processor ends with a large one while the others are idle.
    paths = sorted(paths, key=lambda path: (-os.lstat(path).st_size, path))
    compile(_FIRST_USES, "", "exec", dont_inherit=True)
    done = mmap.mmap(-1, len(paths) + 1)
    drawn, numbers = os.pipe()
    workers = [_fork(drawn, numbers, paths, done) for _ in range(_processors())]
    os.close(drawn)
    for number in range(len(paths)):
        os.write(numbers, _NUMBER.pack(number))
    os.close(numbers)
    if any(os.waitpid(worker, 0)[1] for worker in workers):
        sys.exit(1)  # the worker has reported why
    return {path for number, path in enumerate(paths) if done[number]}


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _fork(drawn: int, numbers: int, paths: list[str], done: mmap.mmap) -> int:
    """Start a worker, which runs one compiling process after another until the numbers end."""
    worker = os.fork()
    if worker:
        return worker
    os.close(numbers)
    while True:
        process = os.fork()
        if not process:
            os._exit(_draw(drawn, paths, done))
        status = os.waitpid(process, 0)[1]
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            _complain("a process was killed, which is usually a lack of memory")
            os._exit(_FAILED)
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else _STAINED
        if code in {_DONE, _FAILED}:  # otherwise stained, or ended by its file
            os._exit(code)


def _draw(drawn: int, paths: list[str], done: mmap.mmap) -> int:
    """Compile the files whose numbers are drawn, and mark them, until one leaves something behind in the process."""
    modules = len(sys.modules)
    while True:
        drawn_number = os.read(drawn, _NUMBER.size)
        if not drawn_number:
            return _DONE
        (number,) = _NUMBER.unpack(drawn_number)
        try:
            done[number] = _compile(paths[number])
        except OSError as error:
            _complain(f"{error.filename}: {error.strerror}")
            return _FAILED
        except _CompileError:
            return _STAINED
        if len(sys.modules) != modules:
            return _STAINED


def _complain(message: str) -> None:
    os.write(2, f"{message}\n".encode("utf-8", "surrogateescape"))


def _compile(path: str) -> bool:
    """Compile a file; return False if it cannot be read: a dangling link, for example, which cannot be imported either.

    Raises:
        OSError: its byte code cannot be written.
        _CompileError: it does not compile.
    """
    try:
        source = _read(path)
    except OSError:
        return False
    _write_byte_code(path, _byte_code(path, source))
    return True


def _write_byte_code(path: str, data: bytes) -> None:
    _write(cache_from_source(path), data, (os.stat(path).st_mode | 0o200) & 0o666)  # noqa: PTH116 - as py_compile has it


def _byte_code(path: str, source: bytes) -> bytes:
    """Compile one file as `py_compile` does, which before Python 3.14 truncates files on a full disk.

    Raises:
        _CompileError: it does not compile.
    """
    try:
        code = SourceFileLoader("<py_compile>", path).source_to_code(source, path)
    except Exception as error:  # compilers raise many errors for a file that is not Python
        raise _CompileError from error
    return MAGIC_NUMBER + _UNCHECKED_HASH + source_hash(source) + marshal.dumps(code)


def _digest(paths: Iterable[str]) -> str:
    """Return a digest of what byte code depends on: the interpreter, the sources and their paths, which it names."""
    digest = hashlib.sha256(MAGIC_NUMBER)
    for path in paths:
        try:
            source = _read(path)
        except OSError:
            source = b""
        for part in (os.fsencode(path), source):
            digest.update(_NUMBER.pack(len(part)) + part)
    return digest.hexdigest()


def _keep(place: str, paths: Iterable[str], compiled: set[str]) -> None:
    """Keep the byte code of a package: the length of each file, and the file; nothing for one that does not compile."""
    files = [_read(cache_from_source(path)) if path in compiled else b"" for path in paths]
    data = b"".join(part for file in files for part in (_NUMBER.pack(len(file)), file))
    with contextlib.suppress(OSError):  # without it the next build only takes longer
        _write(place, data + _NUMBER.pack(zlib.crc32(data)), 0o644)


def _take(place: str, paths: list[str]) -> bool:
    """Write the byte code of a package that is kept. One that was truncated (power cut, full disk) counts as missing.

    Raises:
        SystemExit: a file could not be written.
    """
    try:
        sealed = _read(place)
    except OSError:
        return False
    data, seal = memoryview(sealed)[: -_NUMBER.size], sealed[-_NUMBER.size :]
    if seal != _NUMBER.pack(zlib.crc32(data)):
        return False
    start = 0
    for path in paths:
        (size,) = _NUMBER.unpack_from(data, start)
        file = data[start + _NUMBER.size : start + _NUMBER.size + size]
        start += _NUMBER.size + size
        if size:
            try:
                _write_byte_code(path, bytes(file))
            except OSError as error:
                _complain(f"{error.filename}: {error.strerror}")
                sys.exit(1)
    return True


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()


def _write(path: str, data: bytes, mode: int) -> None:
    """Write a file atomically: under another name, then renamed."""
    unfinished = f"{path}.{os.urandom(4).hex()}"  # builds that share a cache have processes of the same numbers
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
