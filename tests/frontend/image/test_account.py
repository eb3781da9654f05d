"""The owner of an environment."""

import os
import pwd
import stat
from pathlib import Path

import pytest

from pyenv_image import account
from pyenv_image.failure import StepError


def test_a_name_is_looked_up():
    """The line in /etc/passwd has the name's numbers and home."""
    me = pwd.getpwuid(os.getuid())
    owner = account.find(me.pw_name)
    assert (owner.uid, owner.gid, owner.home) == (me.pw_uid, me.pw_gid, Path(me.pw_dir))


def test_a_number_need_not_be_known():
    """As in the engine, an unknown number belongs to the root group and has no home."""
    assert account.find("4242424") == account.Account(4242424, 0, (0,), None)


def test_a_group_takes_the_place_of_the_users_own():
    """`USER name:group` has that group only."""
    owner = account.find("0:4711")
    assert (owner.gid, owner.groups) == (4711, (4711,))


def test_env_home_takes_precedence():
    """`ENV HOME` takes precedence, since the image's programs use it."""
    assert account.find("0", "/srv/app").home == Path("/srv/app")


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ("nobody-at-all", "no user 'nobody-at-all': make it before PYENV"),
        ("0:no-such-group", "no group 'no-such-group'"),
    ],
)
def test_unknown_names(user, message):
    """The error has the unknown name and a solution."""
    with pytest.raises(StepError, match=message):
        account.find(user)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give folders away")
def test_folders_below_the_home_are_the_users(tmp_path):
    """New folders in the home belong to the user; outside of it only the environment's own folder does."""
    home = tmp_path / "home"
    home.mkdir()
    owner = account.Account(4242, 4343, (4343,), home)
    owner.own_folder(home / ".venv" / "a")
    owner.own_folder(tmp_path / "data" / "envs" / "b")
    owners = {
        str(path.relative_to(tmp_path)): (path.stat().st_uid, path.stat().st_gid)
        for path in (
            home / ".venv",
            home / ".venv/a",
            tmp_path / "data",
            tmp_path / "data/envs",
            tmp_path / "data/envs/b",
        )
    }
    assert owners == {
        "home/.venv": (4242, 4343), "home/.venv/a": (4242, 4343),
        "data": (0, 0), "data/envs": (0, 0), "data/envs/b": (4242, 4343),
    }  # fmt: skip


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give folders away")
def test_the_folder_is_the_users_and_new_ones_above_take_over_the_set_group_bit(tmp_path):
    """An empty folder of somebody else is handed over; links are followed, also one whose target does not exist yet."""
    team = tmp_path / "team"
    team.mkdir()
    os.chown(str(team), 0, 33)
    team.chmod(0o2775)
    (tmp_path / "link").symlink_to(team / "new")
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o700)
    owner = account.Account(4242, 4343, (4343,), tmp_path / "home")
    owner.own_folder(tmp_path / "link" / "x")
    owner.own_folder(empty)
    abouts = [path.stat() for path in (team / "new", team / "new/x", empty)]
    assert [(about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)) for about in abouts] == [
        (0, 33, 0o2755), (4242, 4343, 0o755), (4242, 4343, 0o755),
    ]  # fmt: skip


def test_a_path_that_is_none(tmp_path):
    """The error names the file or the link."""
    owner = account.Account(os.getuid(), os.getgid(), (), None)
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(StepError, match="file is not a folder: choose another place with --path=DIR"):
        owner.own_folder(tmp_path / "file/x")
    with pytest.raises(StepError, match="loop/x leads through too many links"):
        owner.own_folder(tmp_path / "loop/x")
