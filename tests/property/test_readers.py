"""Properties of the readers of files that others write: any content is read, or refused by the reader's own error."""

import contextlib
import os
from fnmatch import fnmatch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion.inspection import inspect
from pyenv_frontend.expansion.libc import Libc
from pyenv_frontend.lock.choice import plan_program
from pyenv_frontend.stages.analyze import read
from pyenv_image.failure import StepError
from pyenv_image.pip_format import decode, failed_byte
from pyenv_image.settings import settings_for
from tests.frontend.pyenv.contexts import Files

EXAMPLES = int(os.environ.get("PYENV_EXAMPLES", "300"))
pytestmark = pytest.mark.timeout(900 + EXAMPLES // 5)  # long runs need more time


def soups(*fragments):
    """Return a strategy for bytes: fragments in random order, with random text between them."""
    words = st.sampled_from(fragments) | st.text(max_size=3)
    return st.lists(words, max_size=20).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass"))


TOML = soups(
    *(f"[{name}]\n" for name in ("project", "tool.uv", "tool.uv.sources", "tool.uv.workspace", "dependency-groups")),
    *(f"[[{name}]]\n" for name in ("package", "packages", "packages.wheels")),
    "[tool.pyenv-frontend]\nformat=2\npython='3.11'\nlibc='glibc 2.36'\nplatforms=['linux/amd64']\n",
    "[tool.pyenv-frontend.inputs]\n",
    *(f"{key}='x'\n" for key in ("name", "version", "marker", "requires-python", "url", "path", "sdist", "vcs", "uv")),
    *(f"{key}=['x']\n" for key in ("dependencies", "members", "exclude", "extras", "default-groups", "g", "wheels")),
    *(f"{key}={{path='x'}}\n" for key in ("x", "source", "directory", "archive", "sdist", "vcs")),
    *(f"{key}=1\n" for key in ("name", "size", "packages", "project", "url", "inputs", "marker")),
    "dependencies=[{name='y', extra=['e']}]\n",
    "g=[{include-group='g'}]\n",
)
LINES = ("pyproject.toml", "pylock.toml", "--lock=pylock.toml 3.11 x r.txt", "--group=g 3.11 x m/pyproject.toml")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(LINES), TOML, TOML)
@example("pyproject.toml", b"x = " + b"[" * 1000, b"")
def test_projects_and_locks(line, one, other):
    """A `pyproject.toml`, a `uv.lock` or a `pylock.toml` may hold anything."""
    names = ("pyproject.toml", "m/pyproject.toml", "pylock.toml", "uv.lock")
    files = Files(dict(zip(names, (one, other, one, other), strict=True)) | {"r.txt": b"six\n", "x": b""})
    line = line if " " in line else f"3.11 x {line}"
    program = read(parse(f"FROM a\nPYENV {line}\n".encode()))
    libc = Libc(kind="glibc", version=(2, 36))
    try:
        plan_program(program, files, platform="linux/amd64", libc_of=lambda _: libc)
    except UserError as error:
        error.format()


class Image:
    """The files of an image; every folder of interpreters has the same names."""

    def __init__(self, content):
        self.content = content

    def load(self, *_, **__):
        return iter(())

    def read(self, _path):
        return self.content

    def names(self, _folder, pattern):
        return [name for name in ("python3.11", "python3.²", "libssl.so.3") if fnmatch(name, pattern)]


BASES = soups(
    "VERSION_CODENAME=",
    "ID=",
    "bookworm\n",
    "GNU C Library (x) stable release version ",
    "2.36",
    '#define PY_VERSION "',
    '"',
    "root:x:0:0::/root:/bin/sh\n",
    ":",
    "\n",
    "²",
    "٣",
    "9" * 5000,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(BASES)
@example("x:x:²:0::/x:".encode())
@example(b"GNU C Library version 2." + b"9" * 5000)
@example(b'#define PY_VERSION "\xff"')
def test_base_images(content):
    """Whatever stands in the files of a base image, its facts are read as far as they can be."""
    inspect("image", Image(content), series=frozenset({"3.11"}))


CONFIGURATIONS = soups(
    "[global]\n",
    "[install]\n",
    *(f"{name} = " for name in ("index-url", "extra-index-url", "timeout", "retries", "pre", "no-binary", "cert", "x")),
    *("true\n", "0\n", "1e999\n", "nan\n", ":all:,x\n", "\n  https://a\n", "~x/y\n", "%(x)s\n"),
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(CONFIGURATIONS, st.sampled_from(["uv", "pip"]))
@example(b"[global]\ntimeout = inf", "uv")
def test_configurations_of_pip(tmp_path_factory, content, installer):
    """A configuration file of pip is followed, or refused by a sentence."""
    path = tmp_path_factory.getbasetemp() / "pip.conf"
    path.write_bytes(content)
    with contextlib.suppress(StepError):
        settings_for(installer, {"PIP_CONFIG_FILE": str(path)}, "/nonexistent", "/")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(["idna", "punycode", "undefined", "utf-7", "hex", "unicode_escape", "none"]), st.binary())
@example("undefined", b"")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_encodings_of_requirements(encoding, data):
    """A file is text in the encoding that it names, or is not; some of Python's encodings are not for files."""
    try:
        assert isinstance(decode(f"# coding: {encoding}\n".encode() + data), str)
    except UnicodeDecodeError as error:
        failed_byte(error)
