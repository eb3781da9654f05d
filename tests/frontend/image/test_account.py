"""The owner of an environment."""

import os
import pwd
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
