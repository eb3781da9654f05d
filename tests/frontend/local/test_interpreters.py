"""Which interpreters match a version, and where they are found."""

import os
from pathlib import Path

import pytest

from pyenv_frontend.local.interpreters import LocalInterpreters, MissingInterpreterError, fits
from pyenv_frontend.positions import Span
from pyenv_frontend.pyenv.versions import parse_version
from tools import interpreters


@pytest.mark.parametrize(
    ("have", "want", "fit"),
    [
        ("3.12.1", "3.12", True),
        ("3.1.0", "3.12", False),
        ("3.12.1", "3.12.1", True),
        ("3.12.10", "3.12.1", False),
        ("3.15.0a2", "3.15", False),
        ("3.15.0a2", "3.15-rc", True),
        ("3.15.0a2", "3.15.0a2", True),
        ("3.13.0+", "3.13", True),
    ],
)
def test_fits(have: str, want: str, fit: bool):
    """A minor version matches all its releases, and pre-releases only on request."""
    assert fits(have, parse_version(want, Span(0, 0))) is fit


def fake(path: Path, version: str, kind: str = "CPython") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {kind} {version} $0\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Provide a machine with an empty PATH; PYENV_ROOT is `pyenv`, and uv's Pythons are in `uv`."""
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def find(version: str) -> str:
    return str(LocalInterpreters(interpreters.uv()).find(parse_version(version, Span(0, 0))).python)


def test_the_newest_of_all_places_is_chosen(machine: Path):
    """Interpreters of pyenv, uv and PATH are compared by version only, and broken ones are skipped."""
    fake(machine / "pyenv/versions/3.7.9/bin/python3.7", "3.7.9")
    fake(machine / "uv/cpython-3.7.16-linux-x86_64-gnu/bin/python3.7", "3.7.16")
    fake(machine / "bin/python3.7", "3.7.10")
    assert find("3.7") == str(machine / "uv/cpython-3.7.16-linux-x86_64-gnu/bin/python3.7")
    assert find("3.7.10") == str(machine / "bin/python3.7")
    fake(machine / "pyenv/versions/3.7.99/bin/python3.7", "3.7.99", "PyPy")
    (machine / "pyenv/versions/3.7.98/bin").mkdir(parents=True)
    (machine / "pyenv/versions/3.7.98/bin/python3.7").write_text("#!/bin/sh\nexit 1\n")
    (machine / "pyenv/versions/3.7.98/bin/python3.7").chmod(0o755)
    fake(machine / "pyenv/versions/3.7.97/bin/python3.7", "", "")
    (machine / "pyenv/versions/3.7.97/bin/python3.7").write_text("#!/bin/sh\n")
    assert find("3.7").endswith("cpython-3.7.16-linux-x86_64-gnu/bin/python3.7")


def test_pyenvs_shims_are_no_interpreters(machine: Path, monkeypatch: pytest.MonkeyPatch):
    """A shim starts the interpreter that pyenv selects at that moment."""
    fake(machine / "pyenv/shims/python3.7", "3.7.9")
    monkeypatch.setenv("PATH", f"{machine / 'pyenv/shims'}{os.pathsep}{machine / 'bin'}")
    with pytest.raises(MissingInterpreterError, match="UV_PYTHON_DOWNLOADS forbids") as caught:
        find("3.7")
    assert "pyenv install 3.7" in caught.value.hint
