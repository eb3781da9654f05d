"""What uv has to build anew on this machine."""

import pytest

from pyenv_image import reinstall
from tools.files import write_files

UV_LOCK = """\
version = 1
[[package]]
name = "app"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "common" }, { name = "six" }]

[[package]]
name = "common"
version = "0.1"
source = { editable = "libs/common" }

[[package]]
name = "other"
source = { directory = "../other" }

[[package]]
name = "six"
version = "1.17.0"
source = { registry = "https://index.example/simple" }
"""
PYLOCK = """\
lock-version = "1.0"
[[packages]]
name = "one"
directory = { path = "one" }
[[packages]]
name = "two"
[packages.directory]
path = "two"
[[packages]]
name = "six"
version = "1.17.0"
wheels = [{ url = "https://index.example/directory/six.whl", hashes = {} }]
"""


@pytest.mark.parametrize(("text", "names"), [(UV_LOCK, ["common", "other"]), (PYLOCK, ["one", "two"]), ("", [])])
def test_the_folders_of_a_lock(text, names):
    """Both kinds of locks; what comes from an index stays in the cache."""
    assert reinstall.of_lock(text) == [f"--reinstall-package={name}" for name in names]


@pytest.mark.parametrize(
    ("project", "options"),
    [
        ("[build-system]\nrequires = []\n[project]\nversion = '1'\nname = 'a-b'\n", ["--reinstall-package=a-b"]),
        ("[tool.poetry]\nname = 'a'\n", ["--reinstall"]),
        (None, ["--reinstall"]),
    ],
)
def test_a_folder_that_is_installed(tmp_path, project, options):
    """Everything is read anew where its name is not known."""
    write_files(tmp_path, {} if project is None else {"pyproject.toml": project})
    assert reinstall.of_project(tmp_path) == options


def test_a_project_whose_dependencies_are_installed(tmp_path):
    """Itself if it computes them, its local sources, and the folders of the lock of its workspace."""
    text = (
        "[project]\nname = 'app'\ndynamic = ['dependencies']\n[tool.uv.sources]\n"
        "near = { path = '../near', editable = true }\nmember = { workspace = true }\nfar = { git = 'https://x' }\n"
    )
    write_files(tmp_path, {"apps/app/pyproject.toml": text, "uv.lock": UV_LOCK})
    options = reinstall.of_uv_project(tmp_path / "apps/app/pyproject.toml", tmp_path)
    assert options == [f"--reinstall-package={name}" for name in ("app", "near", "member", "common", "other")]
    static = text.replace("dynamic = ['dependencies']\n", "")
    write_files(tmp_path, {"apps/app/pyproject.toml": static})
    assert "--reinstall-package=app" not in reinstall.of_uv_project(tmp_path / "apps/app/pyproject.toml", tmp_path)
