"""The temporary folder of an install."""

import os
import subprocess
from pathlib import Path

import pytest

from pyenv_image.failure import StepError
from pyenv_image.workspace import Workspace
from tools import interpreters


def test_the_workspace_is_removed(tmp_path):
    """The folder is removed even if a build has made folders read-only."""
    with Workspace() as workspace:
        locked = workspace.temporary / "build" / "locked"
        locked.mkdir(parents=True)
        (locked / "file").touch()
        locked.chmod(0o500)
        locked.parent.chmod(0o500)
        (workspace.temporary / "link").symlink_to(tmp_path)
    assert not workspace.root.exists()
    assert tmp_path.exists()


def test_the_context_is_copied(tmp_path):
    """Builds of packages write to the copy; archives are linked, since there may be many large ones."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/setup.py").touch()
    (tmp_path / "w-1-py3-none-any.whl").touch()
    with Workspace() as workspace:
        workspace.use_context(tmp_path, copy=True)
        (workspace.context / "pkg/build").mkdir()
        assert (workspace.context / "w-1-py3-none-any.whl").readlink() == tmp_path / "w-1-py3-none-any.whl"
    assert [path.name for path in (tmp_path / "pkg").iterdir()] == ["setup.py"]


def test_what_cannot_be_read_is_left_out_of_a_copy(tmp_path, monkeypatch):
    """A project of the stage may hold files that its user has no right to read, and pipes; pip would not read them."""
    for name in ("pkg/setup.py", "pkg/.env", "pkg/private/key"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "pkg/link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pkg/pipe")
    secret = {str(tmp_path / "pkg/.env"), str(tmp_path / "pkg/private")}
    monkeypatch.setattr(os, "access", lambda path, _rights: path not in secret)  # the tests may run as root
    with Workspace() as workspace:
        copy = workspace.copy_of_stage(tmp_path / "pkg")
        assert sorted(path.name for path in copy.iterdir()) == ["link", "setup.py"]


def test_the_folder_of_the_workspace_is_not_copied_into_itself():
    """A requirement such as `/` or `/tmp` is no project that could be built apart."""
    with Workspace() as workspace, pytest.raises(StepError, match=f"{workspace.root.parent} holds the temporary files"):
        workspace.copy_of_stage(workspace.root.parent)


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.toml"])
def test_uv_takes_no_settings_from_above(tmp_path, monkeypatch, name):
    """Folders above the workspace may have a project that the PYENV does not name."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    text = 'required-version = "==0.0.1"\n'
    (tmp_path / name).write_text(text if name == "uv.toml" else f"[tool.uv]\n{text}")
    with Workspace() as workspace:
        for folder, fails in ((tmp_path, True), (workspace.files, False)):
            done = subprocess.run([interpreters.uv(), "cache", "dir"], cwd=folder, capture_output=True, check=False)
            assert bool(done.returncode) is fails


def test_what_the_user_calls_the_files():
    """The name of each copy is replaced by that of the original."""
    with Workspace() as workspace:
        workspace.use_context(Path("/nonexistent"), copy=True)
        for path, name in (
            (f"file://{workspace.context}/libs/own", "./libs/own"),
            (f"file://{workspace.context} (from", ". (from"),
            (f"Processing {workspace.context}", "Processing ."),
            (f"{workspace.context}/libs/own", "libs/own"),
            (f"{workspace.files}/r.txt", "r.txt"),
            (f"{workspace.stage}/tmp/r.txt", "/tmp/r.txt"),
            ("../stage/tmp/r.txt", "/tmp/r.txt"),
        ):
            shown = path
            for old, new in workspace.names:
                shown = shown.replace(old, new)
            assert shown == name
