"""The step that creates an environment, run on this machine instead of in an image."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pyenv_image
from airflow_venv.environments.facts import read as read_environment
from pyenv_image.step_options import EnvironmentOptions, to_arguments
from pyenv_image.variables import HEREDOC_PREFIX, HEREDOC_VARIABLE
from tests.local.support import wheel
from tools import interpreters


def step(tmp_path, code=0, environ=None, **options):
    """Run the step and return its output."""
    folder = tmp_path / "stage"
    folder.mkdir(exist_ok=True)
    values = {"name": "x", "path": str(tmp_path / "env"), "user": f"{os.getuid()}:{os.getgid()}", "home": str(tmp_path)}
    values |= {"uv": str(interpreters.uv()), "context": str(tmp_path / "context"), "no_compile": True, **options}
    command = [sys.executable, "-IB", str(Path(pyenv_image.__file__).parent), "environment"]
    command += to_arguments(EnvironmentOptions(**values))
    environ = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull, "TMPDIR": str(folder), **(environ or {})}
    done = subprocess.run(
        command, env=environ, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def packages(tmp_path):
    return sorted(path.name.partition("-")[0] for path in tmp_path.glob("env/lib/python*/site-packages/*.dist-info"))


def test_a_parent_that_is_a_file(tmp_path):
    """The error is one sentence with the path."""
    (tmp_path / "opt").touch()
    output = step(tmp_path, 1, path=str(tmp_path / "opt/venv/x"))
    assert output == f"error: {tmp_path}/opt is not a folder: choose another place with --path=DIR\n"


def test_nothing_is_left_but_the_environment(tmp_path):
    """Nothing is left in the temporary folder or in the home."""
    wheel(tmp_path / "context/wheels", "tiny")
    step(tmp_path, lines=("--no-index", "--find-links wheels", "tiny"))
    assert packages(tmp_path) == ["tiny"]
    assert list((tmp_path / "stage").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["context", "env", "stage"]


@pytest.mark.parametrize(("heredoc", "place"), [("", "heredoc:2"), ("Dockerfile:7", "Dockerfile:8")])
def test_messages_name_the_users_files(tmp_path, heredoc, place):
    """Files of the context are named by path, and lines of a heredoc by number."""
    (tmp_path / "context/reqs").mkdir(parents=True)
    (tmp_path / "context/reqs/r.txt").write_text("\n\npandas=2.2.3\n")
    assert "`reqs/r.txt:3`" in step(tmp_path, 1, requirements=("reqs/r.txt",))
    output = step(tmp_path, 1, lines=("six", "pandas=2.2.3"), heredoc=heredoc)
    assert f"`{place}`" in output
    variable = {HEREDOC_VARIABLE: HEREDOC_PREFIX + heredoc} if heredoc else {HEREDOC_VARIABLE: "http://proxy:1"}
    assert f"`{place}`" in step(tmp_path, 1, environ=variable, lines=("six", "pandas=2.2.3"))
    assert "/pyenv-" not in output


def test_pips_configuration_and_absolute_paths(tmp_path):
    """Packages come from the source in pip's configuration; a wheel of the stage is installed by its path."""
    wheel(tmp_path / "house", "tiny")
    other = wheel(tmp_path / "tmp", "other")
    (tmp_path / ".config/pip").mkdir(parents=True)
    (tmp_path / ".config/pip/pip.conf").write_text(f"[global]\nno-index = yes\nfind-links = {tmp_path}/house\n")
    step(tmp_path, environ={"PIP_CONFIG_FILE": ""}, lines=("tiny", str(other)))
    assert packages(tmp_path) == ["other", "tiny"]


def test_pre_releases(tmp_path):
    """--pre may be in a requirements file, an option or a variable."""
    for version in ("1.0", "2.0rc1"):
        wheel(tmp_path / "context/wheels", "tiny", version)
    lines = ("--no-index", "--find-links wheels", "tiny")
    for options, expected in (
        ({"lines": lines}, "1.0"),
        ({"lines": (*lines, "--pre")}, "2.0rc1"),
        ({"lines": lines, "pre": True}, "2.0rc1"),
        ({"lines": lines, "environ": {"PIP_PRE": "1"}}, "2.0rc1"),
    ):
        step(tmp_path, **options)
        assert [path.name for path in tmp_path.glob("env/lib/python*/site-packages/*.dist-info")] == [
            f"tiny-{expected}.dist-info"
        ]


def test_an_environment_for_pip_where_no_index_has_one(tmp_path):
    """The environment gets the pip that is bundled with its Python, and the log says so."""
    output = step(tmp_path, environ={"PIP_NO_INDEX": "1"}, installer="pip")
    assert "PYENV x: note: pip is not available from the configured indexes" in output
    assert "pip" in packages(tmp_path)


def test_a_project_that_requires_another_uv(tmp_path):
    """The error says so and has a solution."""
    (tmp_path / "context").mkdir()
    text = '[project]\nname = "p"\nversion = "1"\n[tool.uv]\nrequired-version = ">=0.5.0,<0.9"\n'
    (tmp_path / "context/pyproject.toml").write_text(text)
    output = step(tmp_path, 1, projects=("pyproject.toml",))
    assert "error: PYENV x: pyproject.toml requires uv >=0.5.0, <0.9 (required-version)" in output
    assert "bring another one with PYENV --uv=VERSION" in output


def test_uv_of_an_image(tmp_path):
    """It is found at the usual paths of images; otherwise the error lists these paths."""
    place = tmp_path / "root/usr/local/bin"
    place.mkdir(parents=True)
    (tmp_path / "root/root").mkdir(mode=0o000)
    assert "what --uv names has no uv in /uv, /usr/local/bin/uv" in step(tmp_path, 1, uv=str(tmp_path / "root"))
    (place / "uv").symlink_to("uv")
    assert "what --uv names has no uv in" in step(tmp_path, 1, uv=str(tmp_path / "root"))
    (place / "uv").unlink()
    # Links within an image are resolved relative to its mount point.
    (tmp_path / "root/srv").mkdir()
    (tmp_path / "root/srv/uv").write_bytes(interpreters.uv().read_bytes())
    (tmp_path / "root/srv/uv").chmod(0o755)
    (tmp_path / "root/opt").symlink_to("/srv")
    (place / "uv").symlink_to("/opt/../opt/uv")
    step(tmp_path, uv=str(tmp_path / "root"))
    assert (tmp_path / "env/bin/python").exists()
    (tmp_path / "root/srv/uv").write_bytes(b"#!/lib/no-such-loader\n")
    assert "the uv that --uv names does not run here: it needs libraries that this stage lacks" in step(
        tmp_path, 1, uv=str(tmp_path / "root")
    )


def test_an_index_that_is_missed_is_named(tmp_path):
    """The log mentions settings without effect."""
    assert "PYENV x: note: PIP_INDEX sets index, which is not" in step(tmp_path, environ={"PIP_INDEX": "http://i"})


def test_the_environment_records_the_line_that_recreates_it(tmp_path):
    """The provider shows a line that recreates the environment, without the lines of the heredoc."""
    context = tmp_path / "context"
    context.mkdir()
    (context / "my requirements.txt").write_text("# nothing\n")
    (context / "c.txt").write_text("")
    lines = ("", "--index-url https://user:pass@127.0.0.1:1/simple")
    options = {"requirements": ("my requirements.txt",), "constraints": ("c.txt",), "lines": lines, "pre": True}
    step(tmp_path, **options)
    facts = read_environment(str(tmp_path / "env/bin/python"))
    version = ".".join(map(str, sys.version_info[:3]))
    assert facts.pyenv_line == f'PYENV --constraint=c.txt --pre {version} x "my requirements.txt" <<EOF'
    assert "user:pass" not in (tmp_path / "env/pyvenv.cfg").read_text()


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_a_lock_is_installed_whatever_pip_there_is(tmp_path, installer):
    """The pip of this Python, which an index without pip leaves, is too old to read a lock."""
    file = wheel(tmp_path / "context", "alpha", "1.0")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    (tmp_path / "context/pylock.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "alpha"\nversion = "1.0"\n'
        f'wheels = [{{path = "{file.name}", hashes = {{sha256 = "{digest}"}}}}]\n'
    )
    output = step(
        tmp_path, installer=installer, requirements=("pylock.toml",), environ={"UV_NO_INDEX": "1", "PIP_NO_INDEX": "1"}
    )
    assert packages(tmp_path) == (["alpha", "pip"] if installer == "pip" else ["alpha"])
    assert ("does not read locks, which uv installs" in output) is (installer == "pip")


def test_packages_of_a_part_are_installed_without_an_environment(tmp_path):
    """A part of a lock is installed into a folder without an environment's own files."""
    wheel(tmp_path, "alpha", "1.0")
    digest = hashlib.sha256((tmp_path / "alpha-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    part = tmp_path / "pylock.toml"
    part.write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "alpha"\nversion = "1.0"\n'
        f'wheels = [{{path = "{tmp_path}/alpha-1.0-py3-none-any.whl", hashes = {{sha256 = "{digest}"}}}}]\n'
    )
    step(tmp_path, lock=str(part), packages_only=True)
    assert packages(tmp_path) == ["alpha"]
    entries = {path.relative_to(tmp_path / "env").parts[0] for path in tmp_path.glob("env/**/*") if path.is_file()}
    assert entries == {"lib"}
    assert not (tmp_path / "env/pyvenv.cfg").exists()
