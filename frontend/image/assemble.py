"""Assemble the file system of the frontend's image. Dockerfile.frontend runs this in a stage with a complete Python.

    python assemble.py ROOT BASE SITE

The image contains only what the frontend imports: everything is imported here once, and then the modules in
`sys.modules` are compiled to byte code and copied. libraries.py adds the interpreter and the shared libraries.

The image may be for another processor than that of this stage. The files are then copied from the same base image and
dependencies for that processor, and none of them is executed. Byte code is the same for all processors.

Byte code makes the frontend start fast. Its file system is discarded after every build, so source code would be
compiled each time. The `.pyc` files are therefore hash-based and not checked against their sources (PEP 552). Finally,
most of them are put into one file (see entrypoint.py).
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
"""Further arguments of `_sre.compile` by pattern and flags."""

PACKAGE = "pyenv_frontend"
NOT_NEEDED = (
    "pyenv_frontend.cli",
    "pyenv_frontend.local",
    "pyenv_frontend.lock.locker",
    "pyenv_frontend.lock.package_tables",
    "pyenv_frontend.lock.preferences",
    "pyenv_frontend.lock.resolver",
    "pyenv_frontend.lock.settings",
    "pyenv_frontend.lock.sizes",
    "pyenv_frontend.lock.writer",
    "pyenv_frontend.processes",
)
"""Modules, with their submodules, that the frontend does not import in a build."""

REPLACED = ("lark", "importlib.resources")
"""Modules that are imported only if there is no generated parser, which the image has."""

GENERATED = "pyenv_frontend.pyenv._standalone"
"""The generated parser. The imports inside its functions are for features of lark that the frontend does not use."""

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
"""Modules that the standard library imports only on demand, such as for the traceback of an internal error or for a
requirements file with a byte order mark."""

LEFT_OUT = ("_hashlib", "_ssl")
"""Extension modules that the standard library can replace. The OpenSSL they need would be most of the image."""

EARLY = ("encodings", "encodings.aliases", "encodings.utf_8", "os")
"""Modules that the interpreter imports before entrypoint.py runs, and `os`, by which it finds its library."""

STDLIB = Path(os.__file__).parent
HASHED = py_compile.PycInvalidationMode.UNCHECKED_HASH


def main(root: Path, base: Path, site: Path) -> None:
    """Assemble the file system.

    Args:
        root: the root of the new image.
        base: the root of the base image for the new image's processor.
        site: a folder with the dependencies for this processor.
    """
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
    """Replace a module of the standard library with a reduced one, and keep the original as `_full_<name>`.

    Args:
        stub: the source of the reduced module.
        root: the root of the new image.
    """
    library = root / STDLIB.relative_to("/")
    package = library / stub.stem
    original = package if package.is_dir() else library / f"{stub.stem}.pyc"
    original.rename(original.with_name(f"_full_{original.name}"))
    compile_to(stub, library / f"{stub.stem}.pyc", root)


def record_dataclasses(into: dict[str, bytes]) -> None:
    """Record the byte code of the methods that `dataclasses` generates from now on, by their source."""

    def record(text: str, names: dict[str, object], namespace: dict[str, object]) -> None:
        code = compile(text, "<string>", "exec")
        into[text] = marshal.dumps(code)
        exec(code, names, namespace)  # noqa: S102

    dataclasses.exec = record  # type: ignore[attr-defined]  # shadows the builtin


def record_patterns(into: Patterns) -> None:
    """Record the compiled form of the patterns that `re` compiles from now on."""
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
        if isinstance(pattern, str | bytes):  # not a parsed pattern, which `re.Scanner` passes
            into[pattern, int(flags)] = (int(final), [*map(int, code)], *groups)
        return compiled

    re.purge()
    compiler._sre = types.SimpleNamespace(**{**vars(_sre), "compile": keep})  # noqa: SLF001
    compiler.compile = record


def bundle(root: Path, folders: list[Path], records: tuple[dict[str, bytes], Patterns]) -> None:
    """Move byte code into one file, apart from the modules that the interpreter imports before it can read that file.

    Args:
        root: the root of the new image.
        folders: the folders with the byte code.
        records: the results of `record_dataclasses` and `record_patterns`.
    """
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
    for name in [name.rpartition(".")[0] for name in modules]:  # namespace packages
        if name and name not in modules:
            place = "/frontend/" + name.replace(".", "/") + "/__init__.py"
            modules[name] = (place, marshal.dumps(compile("", place, "exec")))
    write_bundle(root / "frontend/bundle", modules, records)
    compile_to(Path(__file__).with_name("entrypoint.py"), root / "frontend/entrypoint.pyc", root)


def write_bundle(path: Path, modules: dict[str, tuple[str, bytes]], records: tuple[dict[str, bytes], Patterns]) -> None:
    """Write the file that entrypoint.py reads: the length of the index (8 bytes, big-endian), the index and the data.

    Args:
        path: the path of the file.
        modules: for each module, the path of its source in the image and its marshalled code.
        records: the results of `record_dataclasses` and `record_patterns`.
    """
    packed = marshal.dumps(records)
    index = {}
    offset = len(packed)
    for name, (place, code) in modules.items():
        index[name] = (place, offset, len(code))
        offset += len(code)
    head = marshal.dumps((index, len(packed)))
    path.write_bytes(b"".join([len(head).to_bytes(8), head, packed, *(code for _, code in modules.values())]))


def where(name: str, places: dict[Path, Path]) -> tuple[Path, Path] | None:
    """Find the file of a module and the path that it is copied to.

    Frozen modules have files as well.

    Args:
        name: the name of the module.
        places: the folder that each folder of modules is copied to.

    Returns:
        Both paths, or None for built-in modules and modules that are not part of the image.
    """
    path = name.replace(".", "/")
    for folder, target in places.items():
        for pattern in (f"{path}/__init__.py", f"{path}.py", f"{path}.*so", f"lib-dynload/{path}.*so"):
            for file in folder.glob(pattern):
                return file, target / file.relative_to(folder)
    return None


def import_everything() -> Path:
    """Import all modules of the frontend and all that they import inside functions; return the package's folder."""
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
    """Return the names of the modules that a statement imports.

    Imports in `TYPE_CHECKING` blocks are not excluded, because they add little to the size of the image.
    """
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []


def copy_module(name: str, places: dict[Path, Path], root: Path) -> None:
    """Copy one module: extension modules unchanged, other modules as byte code, the frontend's with their source.

    Tracebacks show the source.

    Args:
        name: the name of the module.
        places: the folder that each folder of modules is copied to.
        root: the root of the new image.
    """
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
    """Compile a module to byte code that has the path of its source in the image, for tracebacks."""
    name = str(Path("/") / target.relative_to(root).with_suffix(".py")).replace("__pycache__/", "")
    name = name.replace(f".{sys.implementation.cache_tag}", "")
    py_compile.compile(str(origin), str(target), name, doraise=True, invalidation_mode=HASHED)


def copy(origin: Path, target: Path) -> None:
    """Copy a file's content and mode, following links, unless the target exists."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(origin, target)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
