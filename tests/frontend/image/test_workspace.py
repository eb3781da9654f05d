"""The temporary folder of an install."""

import subprocess
from pathlib import Path

import pytest

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
