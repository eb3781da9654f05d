"""Byte-compiling: all valid files, the same result as the standard library's tool, and a cache between builds."""

import contextlib
import importlib.util
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pyenv_image import bytecode, compiler
from pyenv_image.failure import StepError
from tools import interpreters
from tools.files import write_files
from tools.state import Unavailable

SOURCES = {
    "one.py": "X = {'a', 'b', 'c'} & {*'bcd'}\n",
    "package/__init__.py": "",
    "package/large.py": "\n".join(
        f"def f{number}(x):\n    return x in {{'p', 'q', {number}}}\n" for number in range(200)
    ),
    "package/template.py": "class {{ name }}: pass\n",
    "package/latin.py": b"# -*- coding: latin-1 -*-\nNAME = '\xe9'\n",
    "package/broken.py": b"\xff\x00",
    "package/tests/test_it.py": "1\n",
    "tests.py": "2\n",
}


@pytest.fixture
def folder(tmp_path):
    """Provide a folder of sources."""
    for name, text in SOURCES.items():
        path = tmp_path / "site-packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else str(text).encode())
    return tmp_path / "site-packages"


@pytest.fixture
def one_processor():
    """Let a single worker compile all files."""
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})
    yield
    os.sched_setaffinity(0, processors)


@contextlib.contextmanager
def file_size_limit(size):
    """Limit the size of files, so that writing fails as on a full disk; pytest's own output may be larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def byte_code(folder):
    """Return the byte code below a folder, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.pyc"))}


def compiled(folder, cache=None, python=sys.executable):
    for path in folder.rglob("*.pyc"):
        path.unlink()
    bytecode.compile_all(Path(python), [folder], without=("test", "tests"), cache=cache)
    return byte_code(folder)


def test_the_bytes_are_those_of_compileall(folder):
    """The result is the same as that of the standard library's tool, and complete."""
    ours = compiled(folder)
    assert {Path(path).name.partition(".")[0] for path in ours} == {"one", "__init__", "large", "latin", "tests"}
    for path in folder.rglob("*.pyc"):
        path.unlink()
    script = (
        "import compileall, py_compile, re, sys\n"
        "mode = py_compile.PycInvalidationMode.UNCHECKED_HASH\n"
        "compileall.compile_dir(sys.argv[1], quiet=2, rx=re.compile('/tests/'), invalidation_mode=mode)"
    )
    environ = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", script, folder], env=environ, check=False)
    assert ours == byte_code(folder)


@pytest.mark.parametrize("version", ["3.7", "3.8", "3.13"])
def test_under_every_python(folder, version):
    """The environment's own interpreter compiles, and imports the result without reading the source."""
    try:
        python = interpreters.find(version) / "bin" / "python3"
    except Unavailable as reason:
        pytest.skip(str(reason))
    assert len(compiled(folder, python=python)) == 5
    (folder / "one.py").write_text("raise SystemExit('the source was read')")
    code = "import sys; sys.path.insert(0, sys.argv[1]); import one; print(one.X == {'b', 'c'})"
    done = subprocess.run([python, "-B", "-c", code, folder], capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stderr


def test_what_is_kept_is_used_again(folder, tmp_path):
    """The second time, identical byte code with the source's mode comes from the cache; a new source is compiled."""
    (folder / "one.py").chmod(0o600)
    (folder / "link.py").symlink_to("one.py")
    (folder / "package-1.0.dist-info").mkdir()
    cache = tmp_path / "cache"
    first = compiled(folder, cache)
    cached = [path for path in cache.rglob("*") if path.is_file()]
    assert len(cached) == len(["package", "modules in no package"])
    written = {path: path.stat().st_mtime_ns for path in cached}
    assert compiled(folder, cache) == first
    for name in ("one.py", "link.py"):
        assert (Path(importlib.util.cache_from_source(str(folder / name))).stat().st_mode & 0o777) == 0o600
    assert {path: path.stat().st_mtime_ns for path in cached} == written
    (folder / "one.py").write_text("Y = 1\n")
    again = compiled(folder, cache)
    assert {path for path in again if again[path] != first[path]} == {
        os.path.relpath(importlib.util.cache_from_source(str(folder / name)), folder) for name in ("one.py", "link.py")
    }
    assert {path: path.stat().st_mtime_ns for path in cached} == written  # the package was not compiled again


def test_only_what_was_compiled_is_kept(folder, tmp_path):
    """Byte code that a wheel brings for a file that does not compile is in no other environment."""
    cache = tmp_path / "cache"
    brought = Path(importlib.util.cache_from_source(str(folder / "package" / "template.py")))
    for bring in (True, False):
        shutil.rmtree(folder / "package" / "__pycache__", ignore_errors=True)
        if bring:
            brought.parent.mkdir()
            brought.write_bytes(b"foreign")
        bytecode.compile_all(Path(sys.executable), [folder], without=("test", "tests"), cache=cache)
        assert brought.exists() == bring
    assert not any(b"foreign" in path.read_bytes() for path in cache.rglob("*") if path.is_file())


def test_a_damaged_cache_file_is_replaced(folder, tmp_path):
    """A truncated or empty file is replaced."""
    cache = tmp_path / "cache"
    first = compiled(folder, cache)
    for number, path in enumerate(path for path in cache.rglob("*") if path.is_file()):
        path.write_bytes(b"" if number % 2 else path.read_bytes()[:-9])
    assert compiled(folder, cache) == first


def test_files_are_compiled_if_the_cache_is_read_only(folder, tmp_path):
    """If nothing can be cached, all files are still compiled."""
    (tmp_path / "cache").write_text("no folder")
    assert len(compiled(folder, tmp_path / "cache")) == 5


def test_a_worker_that_dies_leaves_the_rest_to_the_others(folder, monkeypatch):
    """If a file crashes the interpreter, only its own byte code is missing."""
    compile_one = compiler._byte_code

    def crash(path, source):
        if path.endswith("/one.py"):
            os._exit(9)
        return compile_one(path, source)

    monkeypatch.setattr(compiler, "_byte_code", crash)
    monkeypatch.setattr(compiler, "_processors", lambda: 2)
    monkeypatch.setattr(sys, "argv", ["compiler.py", "", "tests", str(folder)])
    compiler.main()
    assert {Path(path).name.partition(".")[0] for path in byte_code(folder)} == {"__init__", "large", "latin", "tests"}
    monkeypatch.setattr(compiler, "_processors", lambda: 1)
    for path in folder.rglob("*.pyc"):
        path.unlink()
    compiler.main()
    assert {Path(path).name.partition(".")[0] for path in byte_code(folder)} == {"__init__", "large", "latin", "tests"}


@pytest.mark.usefixtures("one_processor")
@pytest.mark.parametrize("version", ["3.8", "3.11"])
def test_the_bytes_do_not_tell_what_was_compiled_before(tmp_path, version):
    """Annotations, a codec or an error may change the state of a process; large files are compiled first."""
    try:
        prefix = interpreters.find(version)
    except Unavailable as reason:
        pytest.skip(str(reason))
    filler = "#" * 10_000
    before = {
        "annotations.py": f"from __future__ import annotations\ndef f(a: lambda: (1, 'x')): 0 {filler}\n",
        "latin.py": f"# -*- coding: iso-8859-15 -*-\n{filler}\n",
        "error.py": f"def encoding_table(charmap_build: {filler}\n",
    }
    late = (prefix / f"lib/python{version}/token.py").read_text() + "\nencoding_table\ncharmap_build\niso8859_15\n"
    results = set()
    for names in ((), *((name,) for name in before), tuple(before)):
        shutil.rmtree(tmp_path / "packages", ignore_errors=True)
        write_files(tmp_path / "packages", {name: before[name] for name in names} | {"late.py": late})
        byte_code = compiled(tmp_path / "packages", python=prefix / "bin/python3")
        results.add(next(data for name, data in byte_code.items() if "late." in name))
    assert len(results) == 1


def test_a_full_disk(folder):
    """The error has the file that cannot be written, and no part of the file is left."""
    with (
        file_size_limit(2000),
        pytest.raises(StepError, match=r"byte code could not be made in .*site-packages: .*File too large"),
    ):
        compiled(folder)
    assert [path.name for path in folder.rglob("*large*") if path.suffix != ".py"] == []


def test_a_full_disk_when_byte_code_comes_from_the_cache(folder, tmp_path):
    """This also holds for files that are copied from the cache."""
    cache = tmp_path / "cache"
    compiled(folder, cache)
    with file_size_limit(2000), pytest.raises(StepError, match=r"large\S*: File too large"):
        compiled(folder, cache)
    assert [path.name for path in folder.rglob("*large*") if path.suffix != ".py"] == []


def test_a_full_cache(folder, tmp_path):
    """A package that cannot be cached is compiled again the next time, and no part of it is left."""
    first = compiled(folder)
    (cache := tmp_path / "cache").mkdir()
    with file_size_limit(max(map(len, first.values()))):  # exceeded by what has that file and others
        assert compiled(folder, cache) == first
    assert len([path for path in cache.rglob("*") if path.is_file()]) == len(["modules in no package"])


def test_an_interpreter_that_does_not_start(folder):
    """The step fails, instead of leaving an image without byte code."""
    with pytest.raises(StepError, match=r"byte code could not be made in .*site-packages: exit code 1"):
        compiled(folder, python="/bin/false")
