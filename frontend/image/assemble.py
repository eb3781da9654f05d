"""Put the frontend image's file system together: run by Dockerfile.frontend, in a stage that has the whole of Python.

    python assemble.py ROOT BASE SITE

The image holds what the frontend imports and nothing else: it is imported here once, and what `sys.modules` then names
is copied, byte-compiled. The interpreter and the shared libraries follow, see libraries.py.

The image may be for another processor than this one: what is copied comes from the same base image and dependencies for
that one, and nothing of it is executed. Byte code is the same for all processors.

Byte code is what makes the frontend start fast. Its file system is thrown away after every build, so code that had to
be compiled would be compiled every time; hence hash-based `.pyc` files that are never compared with their sources. In
the end most of them are put into one file, see entrypoint.py.
"""

from __future__ import annotations

import _sre  # type: ignore[import-not-found]
import ast
import dataclasses
import importlib
import importlib.util
import marshal
import os
import pkgutil
import py_compile
import re
import shutil
import sys
import types
from pathlib import Path
from typing import Any

type Patterns = dict[tuple[str | bytes, int], tuple[Any, ...]]
"""For a pattern and its flags what `_sre.compile` takes beside the pattern."""

PACKAGE = "pyenv_frontend"
NOT_NEEDED = (
    "pyenv_frontend.cli",
    "pyenv_frontend.local",
    "pyenv_frontend.lock.locker",
    "pyenv_frontend.lock.resolver",
    "pyenv_frontend.lock.settings",
    "pyenv_frontend.lock.sizes",
    "pyenv_frontend.lock.writer",
)
"""Modules that the frontend does not run."""

REPLACED = ("lark", "importlib.resources")
"""What is imported only where the parser was not made beforehand; in the image it was."""

GENERATED = "pyenv_frontend.pyenv._standalone"
"""That parser: what it imports inside functions serves lark's other uses."""

LATE = (
    "traceback",
    "linecache",
    "tokenize",
    "textwrap",
    "codeop",
    "unicodedata",
    "encodings.ascii",
    "encodings.latin_1",
    "encodings.utf_8_sig",
    "encodings.utf_16",
    "encodings.utf_32",
)
"""Modules that the standard library imports only when it needs them: an internal error must be able to print itself,
a requirements file may begin with a byte order mark."""

LEFT_OUT = ("_hashlib", "_ssl")
"""Extension modules that have a built-in stand-in; OpenSSL would be most of the image."""

EARLY = ("encodings", "encodings.aliases", "encodings.utf_8", "os")
"""Modules that the interpreter imports before anything of ours runs; by the place of `os` it finds its library."""

STDLIB = Path(os.__file__).parent
HASHED = py_compile.PycInvalidationMode.UNCHECKED_HASH


def main(root: Path, base: Path, site: Path) -> None:
    """Fill `root`; `base` is the root of the image for its processor, `site` has the dependencies for it."""
    texts: dict[str, bytes] = {}
    patterns: Patterns = {}
    record_dataclasses(texts)
    record_patterns(patterns)
    package = import_everything()
    home, library = root / "frontend", root / STDLIB.relative_to("/")
    places = {package.parent: home, site: home, base / STDLIB.relative_to("/"): library}
    for name in sorted(sys.modules):
        if name not in LEFT_OUT:
            copy_module(name, places, root)
    for stub in sorted((Path(__file__).parent / "stdlib_stubs").glob("*.py")):
        take_the_place(stub, root)
    bundle(root, [home, library], (texts, patterns))
    for licence in sorted(site.glob("*.dist-info/licenses/**/*")):
        if licence.is_file():
            copy(licence, home / "licenses" / licence.relative_to(site))


def take_the_place(stub: Path, root: Path) -> None:
    """Put a reduced module in the place of the standard library's, which is kept as `_full_<name>`."""
    library = root / STDLIB.relative_to("/")
    package = library / stub.stem
    original = package if package.is_dir() else library / f"{stub.stem}.pyc"
    original.rename(original.with_name(f"_full_{original.name}"))
    compile_to(stub, library / f"{stub.stem}.pyc", root)


def record_dataclasses(into: dict[str, bytes]) -> None:
    """Keep what `dataclasses` compiles from now on, by its text."""

    def record(text: str, names: dict[str, object], namespace: dict[str, object]) -> None:
        code = compile(text, "<string>", "exec")
        into[text] = marshal.dumps(code)
        exec(code, names, namespace)  # noqa: S102

    dataclasses.exec = record  # type: ignore[attr-defined]  # found before the built-in one


def record_patterns(into: Patterns) -> None:
    """Keep what `re` makes of the patterns that are compiled from now on."""
    compiler = re._compiler  # type: ignore[attr-defined]  # noqa: SLF001
    compile_anew = compiler.compile
    arguments: list[Any] = []

    def keep(pattern: object, *rest: Any) -> re.Pattern[Any]:
        arguments[:] = rest
        compiled: re.Pattern[Any] = _sre.compile(pattern, *rest)
        return compiled

    def record(pattern: str | bytes, flags: int = 0) -> re.Pattern[Any]:
        compiled: re.Pattern[Any] = compile_anew(pattern, flags)
        final, code, *groups = arguments
        if isinstance(pattern, str | bytes):  # and no tree, as `re.Scanner` has it
            into[pattern, int(flags)] = (int(final), [*map(int, code)], *groups)
        return compiled

    re.purge()
    compiler._sre = types.SimpleNamespace(**{**vars(_sre), "compile": keep})  # noqa: SLF001
    compiler.compile = record


def bundle(root: Path, folders: list[Path], records: tuple[dict[str, bytes], Patterns]) -> None:
    """Move byte code into one file; what the interpreter imports before it can read that file stays."""
    modules: dict[str, tuple[str, bytes]] = {}
    for folder in folders:
        for file in sorted(folder.rglob("*.pyc")):
            parts = [part for part in file.relative_to(folder).with_suffix("").parts if part != "__pycache__"]
            parts[-1] = parts[-1].removesuffix(f".{sys.implementation.cache_tag}")
            name = ".".join(parts).removesuffix(".__init__")
            if name not in EARLY:
                place = "/" + str(folder.relative_to(root).joinpath(*parts)) + ".py"
                modules[name] = (place, file.read_bytes()[16:])
                file.unlink()
    for name in [name.rpartition(".")[0] for name in modules]:  # packages without a file
        if name and name not in modules:
            place = "/frontend/" + name.replace(".", "/") + "/__init__.py"
            modules[name] = (place, marshal.dumps(compile("", place, "exec")))
    write_bundle(root / "frontend/bundle", modules, records)
    compile_to(Path(__file__).with_name("entrypoint.py"), root / "frontend/entrypoint.pyc", root)


def write_bundle(path: Path, modules: dict[str, tuple[str, bytes]], records: tuple[dict[str, bytes], Patterns]) -> None:
    """Write what entrypoint.py reads: how long the index is, the index, and what it points at."""
    packed = marshal.dumps(records)
    index = {}
    offset = len(packed)
    for name, (place, code) in modules.items():
        index[name] = (place, offset, len(code))
        offset += len(code)
    head = marshal.dumps((index, len(packed)))
    path.write_bytes(b"".join([len(head).to_bytes(8), head, packed, *(code for _, code in modules.values())]))


def where(name: str, places: dict[Path, Path]) -> tuple[Path, Path] | None:
    """Find a module's file in one of the folders, and where it goes; None for what is built in or none of the image's.

    What the interpreter has frozen is among the files too.
    """
    path = name.replace(".", "/")
    for folder, target in places.items():
        for pattern in (f"{path}/__init__.py", f"{path}.py", f"{path}.*so", f"lib-dynload/{path}.*so"):
            for file in folder.glob(pattern):
                return file, target / file.relative_to(folder)
    return None


def import_everything() -> Path:
    """Import each of the frontend's modules, and what one of them imports inside a function; returns the package."""
    package = importlib.import_module(PACKAGE)
    for info in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
        if info.name.startswith(NOT_NEEDED):
            continue
        module = importlib.import_module(info.name)
        if info.name == GENERATED:
            continue
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_bytes())):
            for name in imported(node):
                if name.split(".")[0] != PACKAGE and name not in REPLACED:
                    importlib.import_module(name)
    for name in LATE:
        importlib.import_module(name)
    return Path(package.__path__[0])


def imported(node: ast.AST) -> list[str]:
    """Name the modules that one statement imports, `TYPE_CHECKING` blocks included: they cost a little size."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []


def copy_module(name: str, places: dict[Path, Path], root: Path) -> None:
    """Copy one module: an extension as it is, code as byte code, our own code with its source for tracebacks."""
    if (location := where(name, places)) is None:
        return
    origin, target = location
    own = name.partition(".")[0] == PACKAGE
    if origin.suffix != ".py" or own:
        copy(origin, target)
    if origin.suffix == ".py":
        cached = Path(importlib.util.cache_from_source(str(target)))
        compile_to(origin, cached if own else target.with_suffix(".pyc"), root)


def compile_to(origin: Path, target: Path, root: Path) -> None:
    """Compile a module; tracebacks name the file by its place in the image."""
    name = str(Path("/") / target.relative_to(root).with_suffix(".py")).replace("__pycache__/", "")
    name = name.replace(f".{sys.implementation.cache_tag}", "")
    py_compile.compile(str(origin), str(target), name, doraise=True, invalidation_mode=HASHED)


def copy(origin: Path, target: Path) -> None:
    """Copy a file's content and mode; links become files."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(origin, target)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
