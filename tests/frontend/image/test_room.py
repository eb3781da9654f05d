"""Files and folders at the place of an environment."""

import re

import pytest

from pyenv_image.failure import StepError
from pyenv_image.room import make_room, obstacle


@pytest.mark.parametrize("content", [(), ("pyvenv.cfg", "bin/python")])
def test_an_empty_folder_and_an_environment_give_way(tmp_path, content):
    """An empty folder and one with a pyvenv.cfg can be replaced, and a missing folder is created."""
    make_room(tmp_path / "missing")
    for name in content:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert obstacle(tmp_path) == ""
    make_room(tmp_path)
    assert not tmp_path.exists() or not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("folder", r"folder exists and is not an environment, .* such as --path=\S*/folder/folder$"),
        ("file", "file exists and is not a folder"),
        ("link", r"link is a link to \S*/folder: name that with --path=DIR, or choose another place$"),
        ("dangling", r"dangling is a link to \S*/nowhere: name that"),
    ],
)
def test_anything_else_stays(tmp_path, place, message):
    """Nothing but an environment is deleted."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/passwd").touch()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.rglob("*"))
    assert re.search(message, obstacle(tmp_path / place))
    with pytest.raises(StepError, match=message):
        make_room(tmp_path / place)
    assert sorted(tmp_path.rglob("*")) == before
