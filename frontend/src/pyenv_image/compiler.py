"""Byte-compile files: a script that the interpreter runs which is going to import them.

    python -S compiler.py [--cache=DIR] FOLDER ... [--without NAME ...]

``compileall`` does the same, with a third more work: it sends every file's name to a pool of processes that load much
and answer each time. Here the processes are forks of this one, which know all names already, and draw the next number
from one pipe: a read of a number's size gets one number, since nothing else is written. Who is done earlier draws more
often. No one answers: what does not compile (the standard library has deliberate syntax errors, packages ship templates
that are no valid Python) would not import either.

The bytes must not tell who compiled what before. They do: ``marshal`` marks what is referred to elsewhere in the
process, a name that some earlier file left behind, too. So a process that has met an error or imported a codec is
followed by a fresh one, and what the compiler keeps of every first use (the spelling of annotations) is used once
before there are any processes.

Byte code that was once made is kept in ``--cache``, under a digest of all that it depends on, so that an environment
that is made again compiles only what is new in it.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import os
import py_compile
import struct
import sys
import zlib
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

_MODE = py_compile.PycInvalidationMode.UNCHECKED_HASH
_NUMBER = struct.Struct("=L")
_FIRST_USES = """\
from __future__ import annotations
def f(a: (x[1:2], "b", lambda: 0, f"{y!r:>{z}}", {1: 2}, {3}, [g for i, in j if k])): 0
def g(a: (-1 if not l else m ** n, o.p(*q, r=s), ..., (), t @ u, not v)): 0
"""
_DONE, _STAINED = 0, 1


def main() -> None:
    """Compile what the arguments say, on all processors that this process may use."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--without", nargs="*", default=[], help="names of folders to leave out")
    parser.add_argument("--cache", type=Path, help="where byte code is kept between builds")
    options = parser.parse_args()
    gc.disable()  # compiling leaves no cycles worth looking for, and many objects to look through
    compile(_FIRST_USES, "", "exec", dont_inherit=True)
    paths = _sources(options.folders, frozenset(options.without) | {"__pycache__"})
    drawn, numbers = os.pipe()
    workers = [_fork(drawn, numbers, paths, options.cache) for _ in range(_processors())]
    os.close(drawn)
    for number in range(len(paths)):
        os.write(numbers, _NUMBER.pack(number))
    os.close(numbers)
    for worker in workers:
        os.waitpid(worker, 0)


def _sources(folders: list[str], without: frozenset[str]) -> list[Path]:
    """All sources, large ones first, so that no processor ends with a large one while the others are idle."""
    found = []
    for top in folders:
        for folder, below, files in os.walk(top):
            below[:] = [name for name in below if name not in without]
            found += [Path(folder, name) for name in files if name.endswith(".py")]
    return sorted(found, key=lambda path: (-path.lstat().st_size, path))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _fork(drawn: int, numbers: int, paths: list[Path], cache: Path | None) -> int:
    """Start a worker: one process after the other that compiles until the numbers end. It compiles nothing itself."""
    worker = os.fork()
    if worker:
        return worker
    os.close(numbers)
    while True:
        process = os.fork()
        if not process:
            os._exit(_draw(drawn, paths, cache))
        if os.waitpid(process, 0)[1] == _DONE:  # else stained, or ended by its file
            os._exit(0)


def _draw(drawn: int, paths: list[Path], cache: Path | None) -> int:
    """Compile what is drawn, as long as nothing is left behind by it."""
    known = len(sys.modules)
    while True:
        number = os.read(drawn, _NUMBER.size)
        if not number:
            return _DONE
        try:
            _compile(paths[_NUMBER.unpack(number)[0]], cache)
        except (py_compile.PyCompileError, OSError, RecursionError):
            return _STAINED
        if len(sys.modules) != known:
            return _STAINED


def _compile(path: Path, cache: Path | None) -> None:
    kept = _place(path, cache) if cache else None
    if not (kept and _restore(kept, path)):
        made = py_compile.compile(str(path), doraise=True, invalidation_mode=_MODE)
        if kept and made:
            _keep(Path(made), kept)


def _place(path: Path, cache: Path) -> Path:
    """Where the cache has it: byte code depends on the interpreter, the source and the path, which it names."""
    digest = hashlib.sha256(b"\0".join((MAGIC_NUMBER, os.fsencode(path), path.read_bytes()))).hexdigest()
    return cache / digest[:2] / digest[2:]


def _restore(kept: Path, path: Path) -> bool:
    """Take byte code out of the cache. A file that lacks its end (power cut, full disk) is as good as none."""
    try:
        data = kept.read_bytes()
    except OSError:
        return False
    code, check = data[: -_NUMBER.size], data[-_NUMBER.size :]
    if check != _NUMBER.pack(zlib.crc32(code)):
        return False
    target = Path(cache_from_source(str(path)))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=(path.stat().st_mode | 0o200) & 0o666)  # as py_compile has it
    target.write_bytes(code)
    return True


def _keep(made: Path, kept: Path) -> None:
    code = made.read_bytes()
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_name(f"{kept.name}.{os.getpid()}")  # other builds see the cache: whole files only
    unfinished.write_bytes(code + _NUMBER.pack(zlib.crc32(code)))
    unfinished.replace(kept)


if __name__ == "__main__":
    main()
