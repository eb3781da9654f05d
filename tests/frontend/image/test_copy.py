"""Copying an environment from another stage."""

import os

import pytest

from pyenv_image import copy
from pyenv_image.failure import StepError
from pyenv_image.step_options import CopyOptions


@pytest.fixture
def environment(tmp_path):
    """Provide an environment as it is in a builder's stage."""
    root = tmp_path / "made"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "python").symlink_to("/opt/pyenv/3.8/bin/python3.8")
    (root / "bin" / "run").write_text("#!")
    (root / "bin" / "run").chmod(0o750)
    (root / "lib").symlink_to("bin")
    for path in (root / "bin" / "run", root / "bin", root):
        os.utime(path, (1, 1_700_000_000))
    return root


def options(source, path, user=None):
    user = user or f"{os.getuid()}:{os.getgid()}"
    return CopyOptions(name="x", source=str(source), path=str(path), user=user)


def test_an_environment_comes_as_it_is(environment, tmp_path):
    """Files, links, modes and times are kept; an existing environment is replaced."""
    path = tmp_path / "home" / ".venv" / "x"
    path.mkdir(parents=True)
    (path / "old").write_text("")
    (path / "pyvenv.cfg").write_text("")
    copy.run(options(environment, path))
    assert sorted(place.name for place in path.rglob("*")) == ["bin", "lib", "python", "run"]
    assert (path / "bin" / "python").readlink() == (environment / "bin" / "python").readlink()
    assert (path / "lib").is_symlink()
    for name in (".", "bin", "bin/run"):
        ours, theirs = (path / name).stat(), (environment / name).stat()
        assert (ours.st_mode, ours.st_mtime) == (theirs.st_mode, theirs.st_mtime)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_owners_come_along(environment, tmp_path):
    """Files keep their owners; new parent folders belong to the stage's user or to root."""
    os.chown(environment / "bin" / "python", 1234, 77, follow_symlinks=False)
    os.chown(environment, 1234, 77)
    path = tmp_path / "srv" / "x"
    copy.run(options(environment, path, "1234:77"))
    owners = {
        place: (place.lstat().st_uid, place.lstat().st_gid) for place in (path, path / "bin" / "python", path.parent)
    }
    assert [*owners.values()] == [(1234, 77), (1234, 77), (0, 0)]


def test_nothing_to_copy(tmp_path):
    """The error has the missing folder."""
    with pytest.raises(StepError, match=r"the stage of --builder has no .*/x"):
        copy.run(options(tmp_path / "none", tmp_path / "x"))
