"""The place where a project or a lock names a git repository."""

import pytest

from pyenv_image.git_sources import git_source
from pyenv_image.step_options import EnvironmentOptions

PROJECT = "[project]\nname = 'x'\ndependencies = ['a @ git+ssh://git@b/c']\n"
SOURCES = "[project]\ndependencies = ['git', 'a']\n[tool.uv.sources]\n# git = 'b'\na = { git = \"https://b/c\" }\n"
LOCK = "[[package]]\nname = 'git'\nsource = { registry = 'x' }\n[[package]]\nsource = { git = 'https://b/c?rev=1' }\n"
PYLOCK = "[[packages]]\nname = 'a'\n[packages.vcs]\ntype = \"git\"\n"


@pytest.mark.parametrize(
    ("options", "files", "place"),
    [
        ({"projects": ("a/pyproject.toml",)}, {"a/pyproject.toml": PROJECT}, "a/pyproject.toml:3"),
        ({"projects": ("pyproject.toml",)}, {"pyproject.toml": SOURCES}, "pyproject.toml:5"),
        ({"projects": ("pyproject.toml",)}, {"pyproject.toml": SOURCES * 2}, "pyproject.toml"),
        (
            {"projects": ("a/b/pyproject.toml",), "locked": ("a/b/pyproject.toml",)},
            {"a/b/pyproject.toml": "[project]", "a/uv.lock": LOCK, "uv.lock": ""},
            "a/uv.lock:5",
        ),
        ({"projects": ("pyproject.toml",)}, {"pyproject.toml": "[project]", "uv.lock": LOCK}, "a package"),
        ({"requirements": ("r.txt", "pylock.x.toml")}, {"r.txt": "", "pylock.x.toml": PYLOCK}, "pylock.x.toml:4"),
    ],
)
def test_the_place(tmp_path, options, files, place):
    """The place is a line, or the file if several lines match; a package named git does not match."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert git_source(EnvironmentOptions(name="x", **options), tmp_path) == place
