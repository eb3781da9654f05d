"""The `local` command with real interpreters and a real uv, but without a registry."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.support import PROGRAM, interpreter_versions, local, slow_package, wheel
from tools.files import write_files

DOCKERFILE = """\
# syntax=pyenv-frontend:dev
ARG SERIES=3.8
FROM apache/airflow:3.3.2 AS base
ARG SERIES=3.8
PYENV --network=none ${SERIES} old requirements/old.txt
FROM base
PYENV --network=none 3.12 my-env <<EOF
--find-links wheels
tiny==2.0
EOF
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Provide a Dockerfile with two environments in two stages."""
    folder = tmp_path / "it's a project"
    (folder / "requirements").mkdir(parents=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "requirements/old.txt").write_text("-r ../common.txt\n")
    (folder / "common.txt").write_text("--find-links wheels\ntiny==1.0\n")
    for version in ("1.0", "2.0"):
        wheel(folder / "wheels", "tiny", version)
    return folder


def output_of(python: Path | str, code: str) -> str:
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_makes_the_environments_of_all_stages_of_the_target(project: Path):
    """Each has the Python and the packages of its PYENV, and the printed variables contain its interpreter."""
    printed, notes = local(project)
    code = "import os; print(os.environ['ASTRO_PYENV_old'], os.environ['ASTRO_PYENV_my_env'], sep='\\n')"
    script = f'{printed}\n"{sys.executable}" -c "{code}"'
    pythons = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
    assert pythons == [str(project / ".pyenv-frontend" / name / "bin/python") for name in ("old", "my-env")]
    answers = [
        output_of(python, "import platform, tiny; print(platform.python_version(), tiny.VERSION)") for python in pythons
    ]
    old, new = interpreter_versions("3.8", "3.12")
    assert answers == [f"{old} 1.0", f"{new} 2.0"]
    assert "old: done in" in notes
    assert "my-env: done in" in notes


def test_a_build_arg_chooses_the_version(project: Path):
    """--build-arg works as in `docker build`."""
    local(project, "--build-arg", "SERIES=3.9")
    assert output_of(project / ".pyenv-frontend/old/bin/python", "import sys; print(sys.version_info[:2])") == "(3, 9)"


def test_a_target_leaves_later_stages_out(project: Path):
    """--target builds a stage and the stages below it."""
    printed, _ = local(project, "--target", "base")
    assert "my_env" not in printed
    assert "ASTRO_PYENV_old" in printed


def test_makes_again_only_what_changed(project: Path):
    """A second run changes nothing; a change in a nested requirements file rebuilds one environment."""
    local(project)
    places = {name: (project / ".pyenv-frontend" / name).readlink() for name in ("old", "my-env")}
    assert "2 environments, up to date" in local(project)[1]
    (project / "common.txt").write_text("--find-links wheels\ntiny==2.0\n")
    (project / "unrelated.txt").write_text("x")
    _, notes = local(project)
    assert (project / ".pyenv-frontend/my-env").readlink() == places["my-env"]
    assert (project / ".pyenv-frontend/old").readlink() != places["old"]
    assert output_of(project / ".pyenv-frontend/old/bin/python", "import tiny; print(tiny.VERSION)") == "2.0"
    assert "my-env" not in notes


@pytest.mark.parametrize(
    ("requirements", "files"),
    [
        ("r.txt", {"r.txt": "./slowly\n"}),
        (
            "app/pyproject.toml",
            {
                "app/pyproject.toml": "[project]\nname = 'app'\nversion = '1'\ndependencies = ['slowly']\n"
                "[tool.uv.sources]\nslowly = { path = '../slowly' }\n"
            },
        ),
        (
            "pylock.toml",
            {
                "pylock.toml": "lock-version = '1.0'\ncreated-by = 'me'\n[[packages]]\nname = 'slowly'\n"
                "[packages.directory]\npath = 'slowly'\n"
            },
        ),
    ],
    ids=["requirements", "project", "lock"],
)
def test_a_project_of_which_any_file_changed_is_built_anew(tmp_path: Path, requirements: str, files: dict[str, str]):
    """The cache of uv knows few of its files."""
    write_files(tmp_path, {"Dockerfile": f"FROM base\nPYENV 3.11 a {requirements}\n", **files})
    slow_package(tmp_path / "slowly", seconds=0, version="1")
    for version in ("1", "2"):
        (tmp_path / "slowly/VERSION").write_text(version)
        local(tmp_path)
        program = tmp_path / ".pyenv-frontend/a/bin/python"
        assert output_of(program, "import slowly; print(slowly.VERSION)") == version


def test_check_reports_what_is_stale_and_why(project: Path):
    """--check creates nothing and returns an exit code."""
    assert local(project, "--check", code=1)[0] == "old: missing\nmy-env: missing\n"
    assert not (project / ".pyenv-frontend").exists()
    local(project)
    assert local(project, "--check")[0] == "old: up to date\nmy-env: up to date\n"
    (project / "common.txt").write_text("--find-links wheels\ntiny\n")
    assert local(project, "--check", code=1)[0] == "old: common.txt changed\nmy-env: up to date\n"
    report = json.loads(local(project, "--check", "--build-arg=SERIES=3.9", "--format=json", code=1)[0])
    assert report["environments"][0]["reasons"] == ["Python 3.8 became 3.9", "common.txt changed"]
    (project / "wheels/tiny-2.0-py3-none-any.whl").touch()
    assert "my-env: up to date" in local(project, "--check", code=1)[0]
    wheel(project / "wheels", "tiny", "3.0")
    assert "my-env: wheels/ changed" in local(project, "--check", code=1)[0]


def test_an_environment_whose_interpreter_is_gone_is_stale(project: Path):
    """The environments of an uninstalled Python are created again."""
    local(project, "--target", "base")
    python = project / ".pyenv-frontend/old/bin/python"
    python.unlink()
    python.symlink_to(project / "gone")
    assert (
        local(project, "--check", "--target", "base", code=1)[0] == "old: its interpreter is gone, or it is damaged\n"
    )
    local(project, "--target", "base")
    assert output_of(python, "import tiny; print(tiny.VERSION)") == "1.0"


def test_clean_removes_only_what_was_created(project: Path):
    """A folder that has other files is kept with those files."""
    local(project)
    (project / ".pyenv-frontend/versions").mkdir()
    assert "removed my-env, old" in local(project, "--clean")[1]
    assert [path.name for path in (project / ".pyenv-frontend").iterdir()] == ["versions"]
    (project / ".pyenv-frontend/versions").rmdir()
    local(project, "--target", "base")
    local(project, "--clean")
    assert not (project / ".pyenv-frontend").exists()


def test_environments_of_an_earlier_version_are_mentioned_and_kept(project: Path):
    """They were stored in .pyenv, which can also be a folder of the program pyenv."""
    local(project)
    (project / ".pyenv-frontend").rename(project / ".pyenv")
    (project / ".pyenv/versions").mkdir()
    before = sorted(str(path) for path in (project / ".pyenv").rglob("*"))
    _, notes = local(project)
    assert f"an earlier version left its own in {project}/.pyenv, which can be deleted" in notes
    assert "an earlier version" in local(project, "--clean")[1]
    assert sorted(str(path) for path in (project / ".pyenv").rglob("*")) == before
    for name in ("old", "my-env"):
        (project / ".pyenv" / name).unlink()
    assert "an earlier version" not in local(project)[1]


@pytest.mark.parametrize("form", ["dotenv", "json", "fish"])
def test_formats(project: Path, form: str):
    """All formats have the same paths; JSON also has the name with a dash."""
    printed, _ = local(project, "--format", form)
    python = str(project / ".pyenv-frontend/my-env/bin/python")
    if form == "json":
        assert json.loads(printed)["ASTRO_PYENV_my-env"] == json.loads(printed)["ASTRO_PYENV_my_env"] == python
    elif form == "dotenv":
        assert f'ASTRO_PYENV_my_env="{python}"\n' in printed
    else:
        quoted = python.replace("'", "\\'")
        assert f"set -gx ASTRO_PYENV_my_env '{quoted}'\n" in printed
        assert "my-env '" not in printed


def test_an_unavailable_interpreter_fails_only_its_environment(project: Path):
    """Other environments are created, the exit code is 1, and the message says how to install the interpreter."""
    (project / "Dockerfile").write_text(DOCKERFILE + "PYENV 3.12.39 never\n")
    environ = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    printed, notes = local(project, code=1, environ=environ)
    assert printed.count("export") == 2
    assert printed.endswith("\nfalse\n")  # so that `eval "$(pyenv-frontend local)"` fails
    assert "Dockerfile:11:7: there is no Python 3.12.39 on this machine; there is 3.12" in notes
    assert "UV_PYTHON_DOWNLOADS forbids" in notes
    assert "hint: get it with `pyenv install 3.12.39`, `uv python install 3.12.39`" in notes


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((), 1), (("--format", "fish"), 1), (("--jobs", "none"), 64), (("--frmat", "sh"), 64), (("-f", "nothere"), 64)],
)
def test_eval_fails_if_the_command_fails_for_any_reason(tmp_path: Path, arguments: tuple[str, ...], code: int):
    """`eval` would succeed on an empty output; the shell itself must not be affected."""
    (tmp_path / "Dockerfile").write_text("FROM debian\nPYENV 3.12 two words\nPYENV\n")
    printed, _ = local(tmp_path, *arguments, code=code)
    assert printed == "false\n"
    script = 'eval "$("$@" 2> /dev/null)" || echo "failed, and $0 goes on"'
    done = subprocess.run(
        ["sh", "-c", script, "sh", PROGRAM, "local", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "failed, and sh goes on\n"


@pytest.mark.parametrize("arguments", [("--check",), ("--clean", "--format", "sh"), ("--format", "json")])
def test_output_for_programs_is_empty_after_an_error(tmp_path: Path, arguments: tuple[str, ...]):
    """Output that is meant for programs is empty after an error."""
    (tmp_path / "Dockerfile").write_text("FROM debian\nPYENV\n")
    printed, _ = local(tmp_path, *arguments, code=0 if "--clean" in arguments else 1)
    assert printed == ""


def test_requirements_that_do_not_install_leave_the_old_environment(project: Path):
    """The resolver's message is shown at the user's line; the previous environment is kept but not exported."""
    local(project)
    (project / "common.txt").write_text("--find-links wheels\ntiny==9\n")
    printed, notes = local(project, code=1)
    assert "ASTRO_PYENV_old" not in printed
    assert "ASTRO_PYENV_my_env" in printed
    assert "old: failed (the one made before stays)" in notes
    assert "Dockerfile:5:" in notes
    assert "tiny==9" in notes
    assert "Using CPython" not in notes
    assert output_of(project / ".pyenv-frontend/old/bin/python", "import tiny; print(tiny.VERSION)") == "1.0"
    assert local(project, "--check", code=1)[0].startswith("old: common.txt changed\n")


def test_messages_name_the_line_of_the_dockerfile(project: Path):
    """A line of a heredoc is reported with its number in the Dockerfile."""
    (project / "Dockerfile").write_text("FROM debian\n\nPYENV --network=none 3.12 x <<E\n\n./nowhere\nE\n")
    _, notes = local(project, code=1)
    assert "Dockerfile:5" in notes


def test_a_missing_requirements_file_fails_only_its_environment(project: Path):
    """Other environments are still created."""
    (project / "common.txt").unlink()
    printed, notes = local(project, code=1)
    assert "common.txt, which requirements/old.txt names in line 1, is not in the build context" in notes
    assert "ASTRO_PYENV_my_env" in printed


def test_options_about_images_are_reported(project: Path):
    """A note is shown for each option that has no effect here, and the environment is created."""
    odd = "PYENV --from=python:3.12 --builder=tools --path=/x --network=host 3.12 odd"
    (project / "Dockerfile").write_text(f"FROM debian AS tools\nFROM debian\n{odd}\nONBUILD PYENV 3.12 later\n")
    _, notes = local(project)
    for option in ("from", "builder", "path", "network"):
        assert f"note: odd: --{option} is for images; " in notes
    assert "note: later: ONBUILD PYENV" in notes
    assert not (project / ".pyenv-frontend/later").exists()


def test_pip_installs_where_it_is_asked_for(project: Path):
    """--installer=pip is used, and a script that pip wrote works at the environment's final location."""
    (project / "Dockerfile").write_text(
        "FROM debian\nPYENV --installer=pip --network=none 3.12 piped <<EOF\n--find-links wheels\ntiny==1.0\nEOF\n"
    )
    local(project)
    python = project / ".pyenv-frontend/piped/bin/python"
    assert output_of(python, "import pip, tiny; print(tiny.VERSION)") == "1.0"
    assert subprocess.run([python.with_name("pip"), "--version"], check=True, capture_output=True).returncode == 0


def test_a_removed_pyenv_takes_its_environment_along(project: Path):
    """Environments of another Dockerfile in the same folder are kept."""
    (project / "Dockerfile.other").write_text("FROM debian\nPYENV 3.12 other\n")
    local(project)
    local(project, "-f", "Dockerfile.other")
    (project / "Dockerfile").write_text("FROM debian\nPYENV 3.12 fresh\n")
    _, notes = local(project)
    assert "old: removed" in notes
    assert sorted(path.name for path in (project / ".pyenv-frontend").iterdir() if path.is_symlink()) == [
        "fresh",
        "other",
    ]


def test_a_folder_that_was_not_created_here_is_not_replaced(project: Path):
    """A folder that this command has not created is not replaced."""
    mine = project / ".pyenv-frontend/old/precious"
    mine.mkdir(parents=True)
    _, notes = local(project, "--target", "base", code=1)
    assert "is there already, and pyenv-frontend did not make it" in notes
    assert mine.exists()


def test_a_dockerfile_without_pyenv(tmp_path: Path):
    """Nothing is printed, and the command succeeds."""
    (tmp_path / "Dockerfile").write_text("FROM debian\n")
    printed, notes = local(tmp_path)
    assert printed == ""
    assert "there is no PYENV" in notes


def test_a_missing_uv_is_reported_with_a_solution(project: Path):
    """The command looks for uv on PATH and next to itself."""
    if shutil.which("uv", path=str(Path(sys.executable).parent)):
        pytest.skip("uv is installed beside the tests")
    _, notes = local(project, code=64, environ={**os.environ, "PATH": "/usr/bin:/bin"})
    assert "pip install uv" in notes
