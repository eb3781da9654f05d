"""`make dist` builds and checks distributions, and its checks detect broken ones."""

import zipfile
from pathlib import Path

import pytest

from tools import release
from tools.state import ROOT, Unavailable


def test_the_distributions_pass_their_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Wheels and sdists are built, checked by twine, and installed into an empty environment."""
    monkeypatch.setattr(release, "DIST", tmp_path)
    files = release.distributions()
    assert sorted(path.name.split("-")[0] for path in files) == ["airflow_provider_venv"] * 2 + ["pyenv_frontend"] * 2
    with zipfile.ZipFile(next(tmp_path.glob("pyenv_frontend*.whl"))) as wheel:
        names = set(wheel.namelist())
    assert {"pyenv_image/graft.py", "pyenv_frontend/pyenv/grammar.lark"} <= names
    assert "pyenv_frontend/pyenv/_standalone.py" in names
    with zipfile.ZipFile(next(tmp_path.glob("airflow_provider_venv*.whl"))) as wheel:
        points = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
        assert b"[apache_airflow_provider]" in wheel.read(points)


def test_every_half_has_the_licence():
    """Each distribution needs its own copy, since it cannot include files from outside its folder."""
    text = (ROOT / "LICENSE").read_bytes()
    assert [(ROOT / half / "LICENSE").read_bytes() == text for half in release.HALVES] == [True, True]


def test_a_broken_distribution_is_found(tmp_path: Path):
    """A program that does not start after installation fails the check with the program's own message."""
    wheel = tmp_path / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing.py", "")
        archive.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        archive.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("thing-1.0.dist-info/RECORD", "")
    with pytest.raises(Unavailable, match="No module named 'another'"):
        release._check_installed(wheel, ("python -c 'import thing, another'",))
