"""`pyenv-frontend lock`: uv and pip resolve against a real index, and the lock contains their results."""

import ensurepip
import hashlib
import os
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.pylock import Pylock

from pyenv_frontend.lock.settings import INDEXES
from tests.local.support import PROGRAM, interpreter_versions, local
from tests.support import services
from tools import interpreters

WHEELS = services.wheels(("alpha", "1.0"), ("alpha", "1.1"), ("beta", "2.0", "alpha"), ("gamma", "1.0", "alpha<1.1"))
DOCKERFILE = """\
FROM apache/airflow:3.3.2
PYENV 3.9 one one.txt
PYENV 3.12 two <<EOF
gamma
EOF
PYENV 3.11 bare
"""
BASE = ("--base-suite=bookworm",)
BACKEND = """\
import pathlib

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    folder = pathlib.Path(metadata_directory, "p-1.dist-info")
    folder.mkdir()
    needs = [f"Requires-Dist: {line}" for line in pathlib.Path("needs.txt").read_text().split()]
    text = "\\n".join(["Metadata-Version: 2.2", "Name: p", "Version: 1", *needs, ""])
    (folder / "METADATA").write_text(text)
    return folder.name

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    raise AssertionError("only the metadata is needed")
"""
"""The build backend of a project whose dependencies are in a file."""


@pytest.fixture
def index() -> Iterator[str]:
    """Provide the address of an index that requires a password, including the password."""
    with services.package_index(WHEELS, user="me", password="s3cret") as address:
        yield address if "@" in address else address.replace("://", "://me:s3cret@")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Provide a Dockerfile with three PYENVs, two of which have requirements."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "one.txt").write_text("beta\n")
    return tmp_path


def lock(project: Path, *arguments: str, index: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    done = subprocess.run(
        [PROGRAM, "lock", *arguments],
        cwd=project,
        env={**os.environ, **({"UV_DEFAULT_INDEX": index, "PIP_INDEX_URL": index} if index else {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.mark.parametrize(
    "case",
    [
        ("id=pypi,env=UV_DEFAULT_INDEX", "UV_DEFAULT_INDEX", 'UV_DEFAULT_INDEX="$(cat FILE)"'),
        ("id=pypi,env=PIP_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL", 'PIP_EXTRA_INDEX_URL="$(cat FILE)"'),
        ("id=pypi,target=/etc/pip.conf", "pip.conf", "PIP_CONFIG_FILE=FILE"),
        ("id=pypi,target=/etc/uv/uv.toml", "uv.toml", "UV_CONFIG_FILE=FILE"),
    ],
)
def test_an_index_that_only_builds_know_is_an_error(project: Path, index: str, monkeypatch, case):
    """The public index may have other packages of the same names."""
    mount, what, remedy = case
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(project))
    for name in INDEXES:
        monkeypatch.delenv(name, raising=False)
    (project / "Dockerfile").write_text(f"FROM base\nPYENV --mount=type=secret,{mount} 3.11 x one.txt\n")
    errors = lock(project, *BASE, code=1).stderr
    assert f"Dockerfile:2:7: builds take {what} from the secret pypi, and nothing here names an index" in errors
    assert f"hint: say it here, too: {remedy} pyenv-frontend lock x" in errors
    assert not (project / "pylock.x.toml").exists()
    lock(project, *BASE, index=index)
    assert versions(project / "pylock.x.toml") == {"alpha": "1.1", "beta": "2.0"}


def test_a_secret_that_names_no_index_is_no_error(project: Path, index: str):
    """It may be a password."""
    mounts = "--mount=type=secret,id=a,env=TOKEN --mount=type=secret,id=netrc,target=/root/.netrc"
    (project / "Dockerfile").write_text(f"FROM base\nPYENV {mounts} 3.11 x one.txt\n")
    lock(project, *BASE, index=index)


@pytest.mark.parametrize(
    ("settings", "version"),
    [
        ('constraint-dependencies = ["alpha<1.1"]', "1.0"),
        ('override-dependencies = ["alpha==1.0"]', "1.0"),
        ('resolution = "lowest"', "1.0"),
        ('[[tool.uv.index]]\nname = "other"\nurl = "{url}"', "9.0"),
    ],
)
def test_the_settings_of_a_project_count_as_in_a_build(project: Path, index: str, settings: str, version: str):
    """Its `[tool.uv]` says which versions, and where from."""
    (project / "Dockerfile").write_text("FROM base\nPYENV 3.11 x sub/pyproject.toml\n")
    (project / "sub").mkdir()
    with services.package_index(services.wheels(("alpha", "9.0"))) as url:
        (project / "sub/pyproject.toml").write_text(
            f"[project]\nname = 'p'\nversion = '1'\ndependencies = ['alpha']\n[tool.uv]\n{settings.format(url=url)}\n"
        )
        lock(project, *BASE, index=index)
    assert versions(project / "pylock.x.toml") == {"alpha": version}


def test_the_settings_of_a_project_may_be_in_a_file_of_their_own(project: Path, index: str):
    """Those of a folder above it do not count: a build does not have them."""
    (project / "Dockerfile").write_text("FROM base\nPYENV 3.11 x sub/pyproject.toml\n")
    (project / "sub").mkdir()
    (project / "sub/pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\ndependencies = ['alpha']\n")
    (project / "uv.toml").write_text('constraint-dependencies = ["alpha<1"]\n')
    lock(project, *BASE, index=index)
    assert versions(project / "pylock.x.toml") == {"alpha": "1.1"}
    (project / "sub/uv.toml").write_text('constraint-dependencies = ["alpha<1.1"]\n')
    assert "sub/uv.toml is new" in lock(project, "--check", *BASE, code=1).stdout
    lock(project, *BASE, index=index)
    assert versions(project / "pylock.x.toml") == {"alpha": "1.0"}


@pytest.mark.parametrize("requirement", ["pyproject.toml", "r.txt"])
def test_a_project_that_reads_its_dependencies_from_a_file_is_read_anew(project: Path, index: str, requirement: str):
    """The cache of uv does not know of that file."""
    (project / "Dockerfile").write_text(f"FROM base\nPYENV 3.11 x lib/{requirement}\n")
    (project / "lib").mkdir()
    (project / "lib/r.txt").write_text("./\n")
    (project / "lib/pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
        "[project]\nname = 'p'\nversion = '1'\ndynamic = ['dependencies']\n"
        "[tool.setuptools.dynamic]\ndependencies = {file = 'needs.txt'}\n"
    )
    (project / "lib/backend.py").write_text(BACKEND)
    (project / "lib/needs.txt").write_text("alpha\n")
    lock(project, *BASE, index=index)
    (project / "lib/needs.txt").write_text("alpha\ngamma\n")
    assert "lib/needs.txt changed" in lock(project, "--check", *BASE, code=1).stdout
    lock(project, *BASE, index=index)
    packages = tomllib.loads((project / "pylock.x.toml").read_text())["packages"]
    assert {package["name"] for package in packages} - {"p"} == {"alpha", "gamma"}


def test_what_builds_of_a_lock_do_not_have_is_said(project: Path, index: str):
    """Without a lock, they read credentials in requirements, and constraints of the image."""
    text = "FROM base\nENV PIP_CONSTRAINT=/c.txt\nPYENV 3.11 x one.txt\nPYENV 3.11 y <<E\nalpha\nE\n"
    text = text.replace("alpha", f"--extra-index-url {index}\nalpha")
    (project / "Dockerfile").write_text(text)
    (project / "one.txt").write_text(f"--extra-index-url {index}\nbeta\n")
    notes = lock(project, *BASE, index=index).stderr
    reason = "has credentials in an address, which are not written to a lock: builds need them from a secret or a netrc"
    assert f"note: x: one.txt {reason}" in notes
    assert f"note: y: the heredoc {reason}" in notes
    assert "note: x: PIP_CONSTRAINT is /c.txt, a file of the image, which is not read here: name it by PYENV" in notes
    (project / "Dockerfile").write_text(text.replace("/c.txt", "/other.txt"))
    assert "ENV PIP_CONSTRAINT changed" in lock(project, "--check", *BASE, code=1).stdout


def test_constraints_at_an_address_count(project: Path, index: str):
    """A stage may name the constraints of a release of Airflow."""
    with services.package_index({"c.txt": b"alpha==1.0\n"}) as url:
        constraints = f"{url.removesuffix('simple/')}files/c.txt"
        (project / "Dockerfile").write_text(f"FROM base\nENV PIP_CONSTRAINT={constraints}\nPYENV 3.11 x one.txt\n")
        assert "PIP_CONSTRAINT" not in lock(project, *BASE, index=index).stderr
    assert versions(project / "pylock.x.toml")["alpha"] == "1.0"


def test_a_token_in_the_query_of_an_address_is_an_error(project: Path, index: str):
    """It would be committed with the lock."""
    address = f"{index.removesuffix('simple/')}files/{services.wheel_file('alpha', '1.0')}?token=t0psecret"
    (project / "one.txt").write_text(f"alpha @ {address}\n")
    done = lock(project, "one", *BASE, index=index, code=1)
    assert "but the address of alpha has one: token=..." in done.stderr
    assert not (project / "pylock.one.toml").exists()


def test_an_upgrade_without_a_network(project: Path, index: str, monkeypatch: pytest.MonkeyPatch):
    """What is missing is said, and no option that nobody wrote; this index has no hashes, so a file is missing."""
    lock(project, "one", *BASE, index=index)
    monkeypatch.setenv("UV_OFFLINE", "1")
    errors = lock(project, "one", "--upgrade", *BASE, index=index, code=1).stderr
    assert "Network connectivity is disabled" in errors
    assert "--refresh" not in errors


def test_stages_that_are_not_built_are_left_out(project: Path, index: str):
    """With `--target`, as in a build; their locks are not called unused."""
    text = "FROM base AS a\nPYENV 3.11 x one.txt\nFROM base AS b\nPYENV 3.12 x gone.txt\n"
    (project / "Dockerfile").write_text(text)
    (project / "pylock.y.toml").write_text("[tool.pyenv-frontend]\n")
    assert "delete it" not in lock(project, "--target=a", *BASE, index=index).stderr
    assert versions(project / "pylock.x.toml") == {"alpha": "1.1", "beta": "2.0"}
    assert "gone.txt is not in the build context" in lock(project, "--target=b", *BASE, code=1).stderr


def test_a_lock_that_another_dockerfile_has_made_is_said(project: Path, index: str):
    """The two would replace it in turn."""
    (project / "a.Dockerfile").write_text("FROM base\nPYENV 3.11 x one.txt\n")
    (project / "b.Dockerfile").write_text("FROM base\nPYENV 3.11 x other.txt\n")
    (project / "other.txt").write_text("alpha\n")
    assert "before" not in lock(project, "--file=a.Dockerfile", *BASE, index=index).stderr
    (project / "one.txt").write_text("beta\nalpha\n")
    assert "before" not in lock(project, "--file=a.Dockerfile", *BASE, index=index).stderr
    notes = lock(project, "--file=b.Dockerfile", *BASE, index=index).stderr
    assert "note: pylock.x.toml was made from one.txt before: if that is another Dockerfile's, give one" in notes


def test_the_hint_of_a_check_keeps_the_platforms_of_a_lock(project: Path, index: str):
    """A lock for another platform alone would not fit the builds that it was for."""
    lock(project, "one", "--platform=linux/amd64", *BASE, index=index)
    done = lock(project, "--check", "one", "--platform=linux/arm64", *BASE, code=1)
    assert "hint: run pyenv-frontend lock --base-suite=bookworm one\n" in done.stderr
    (project / "one.txt").write_text("alpha\n")
    hint = lock(project, "--check", "one", *BASE, code=1).stderr
    assert "hint: run pyenv-frontend lock --platform=linux/amd64 --base-suite=bookworm one\n" in hint


def test_a_lock_of_another_tool_is_not_called_stale(project: Path, index: str):
    """Each message says what to do with it, and none leads to another error."""
    (project / "Dockerfile").write_text("FROM base\nPYENV 3.11 x one.txt\n")
    (project / "pylock.x.toml").write_text('lock-version = "1.0"\n')
    remedy = "name it in the PYENV (PYENV 3.11 x pylock.x.toml), or move it away"
    assert f"hint: pylock.x.toml: {remedy}\n" in lock(project, "--check", *BASE, code=1).stderr
    done = lock(project, *BASE, index=index, code=1)
    assert f"hint: {remedy}, or name another file for the lock with --lock=FILE" in done.stderr
    assert "chosen again" not in done.stderr


def versions(path: Path) -> dict[str, str]:
    """Return the versions of a lock's packages."""
    return {package["name"]: package["version"] for package in tomllib.loads(path.read_text())["packages"]}


def test_each_environment_gets_a_lock_for_its_python_and_platforms(project: Path, index: str):
    """Each lock is reported on standard error; the files are valid, have hashes, and contain no credentials."""
    notes = lock(project, *BASE, index=index).stderr
    assert "one: pylock.one.toml written: 2 packages for Python 3.9, glibc 2.36, linux/amd64 and linux/arm64" in notes
    assert "two: pylock.two.toml written: 2 packages for Python 3.12" in notes
    assert sorted(path.name for path in project.glob("*pylock*")) == ["pylock.one.toml", "pylock.two.toml"]
    text = (project / "pylock.one.toml").read_text()
    assert "s3cret" not in text
    assert "me:" not in text
    parsed = Pylock.from_dict(tomllib.loads(text))
    assert [str(package.name) for package in parsed.packages] == ["alpha", "beta"]
    assert all(wheel.hashes["sha256"] for package in parsed.packages for wheel in package.wheels or ())
    assert str(parsed.requires_python) in {">=3.9,<3.10", "<3.10,>=3.9"}


def test_the_same_inputs_give_the_same_bytes(project: Path, index: str):
    """Locking again does not change the file, and the command reports this."""
    lock(project, *BASE, index=index)
    first = (project / "pylock.one.toml").read_bytes()
    assert "pylock.one.toml unchanged" in lock(project, "one", *BASE, index=index).stderr
    assert (project / "pylock.one.toml").read_bytes() == first
    (project / "pylock.one.toml").unlink()
    lock(project, "one", *BASE, index=index)
    assert (project / "pylock.one.toml").read_bytes() == first


def test_versions_stay_until_they_are_upgraded(project: Path, index: str):
    """A changed requirement keeps other versions; `--upgrade=PACKAGE` upgrades one package, `--upgrade` all."""
    (project / "one.txt").write_text("beta\nalpha<1.1\n")
    lock(project, "one", *BASE, index=index)
    (project / "one.txt").write_text("beta\nalpha\n")
    lock(project, "one", *BASE, index=index)
    assert versions(project / "pylock.one.toml")["alpha"] == "1.0"
    lock(project, "--upgrade=beta", "one", *BASE, index=index)
    assert versions(project / "pylock.one.toml")["alpha"] == "1.0"
    lock(project, "--upgrade", "one", *BASE, index=index)
    assert versions(project / "pylock.one.toml")["alpha"] == "1.1"


def test_check_reports_changes_offline(project: Path, index: str):
    """The exit code is 0 if all locks fit, and otherwise 1 with the reasons and the command to run."""
    assert "one: pylock.one.toml is missing" in lock(project, "--check", code=1).stdout
    lock(project, *BASE, index=index)
    assert lock(project, "--check").stdout == "one: pylock.one.toml fits\ntwo: pylock.two.toml fits\n"
    before = (project / "one.txt").read_text()
    (project / "one.txt").write_text(f"# a comment\n\n{before}")
    assert "one: pylock.one.toml fits" in lock(project, "--check").stdout
    (project / "one.txt").write_text(f"{before}alpha>0\n")
    (project / "Dockerfile").write_text(DOCKERFILE.replace("3.12 two", "3.13 two"))
    done = lock(project, "--check", code=1)
    assert "one: pylock.one.toml does not fit: one.txt changed" in done.stdout
    assert "two: pylock.two.toml does not fit: Python 3.12 became 3.13" in done.stdout
    assert "run pyenv-frontend lock one two" in done.stderr


def test_a_check_loads_nothing_that_resolves(project: Path):
    """It runs before every commit, so it must not import modules that it does not need."""
    command = [sys.executable, "-X", "importtime", PROGRAM, "lock", "--check"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 1
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "pyenv_frontend.lock.locker" in loaded
    ours = {"lock.writer", "cli.docker_image", "cli.base_facts", "expansion.base_image", "expansion.inspection"}
    others = {"pyenv_image.step_options", "urllib.request", "difflib", "concurrent.futures"}
    assert not ({f"pyenv_frontend.{name}" for name in ours} | others) & loaded


def test_requirements_without_a_solution_are_an_error_at_the_pyenv(project: Path, index: str):
    """The message includes the installer's; the previous lock is kept, and no other file is left."""
    lock(project, "one", *BASE, index=index)
    before = (project / "pylock.one.toml").read_bytes()
    (project / "one.txt").write_text("beta\nalpha>5\n")
    done = lock(project, "one", *BASE, index=index, code=1)
    assert "Dockerfile:2:11: the requirements of one cannot be resolved for Python 3.9" in done.stderr
    assert "alpha" in done.stderr
    assert "s3cret" not in done.stderr
    assert "Traceback" not in done.stderr
    assert (project / "pylock.one.toml").read_bytes() == before
    assert sorted(path.name for path in project.iterdir()) == ["Dockerfile", "one.txt", "pylock.one.toml"]


def test_a_name_that_no_pyenv_has_is_a_usage_error(project: Path):
    """The message suggests the most similar name."""
    assert "did you mean one?" in lock(project, "oen", *BASE, code=64).stderr


def test_local_packages_are_named_relative_to_the_context(project: Path, index: str):
    """The lock is also valid in another checkout."""
    package = project / "libs/local"
    package.mkdir(parents=True)
    (package / "pyproject.toml").write_text('[project]\nname = "local"\nversion = "1"\ndependencies = ["alpha"]\n')
    (project / "one.txt").write_text("./libs/local\n")
    lock(project, "one", *BASE, index=index)
    packages = tomllib.loads((project / "pylock.one.toml").read_text())["packages"]
    assert [package.get("directory", {}).get("path") for package in packages] == [None, "libs/local"]


@pytest.mark.parametrize("installer", ["uv", "pip"])
@pytest.mark.parametrize("has_lock", [False, True])
def test_a_group_is_locked_and_installed(project: Path, index: str, installer: str, has_lock: bool):
    """A `pyproject.toml` with nothing but groups is resolved, and made by `local`, also with a `uv.lock`."""
    version = interpreter_versions("3.12")[0].rpartition(".")[0]
    line = f"PYENV --installer={installer} --group=dev {version} one pyproject.toml"
    (project / "Dockerfile").write_text(f"FROM x\n{line}\n")
    (project / "pyproject.toml").write_text('[dependency-groups]\ndev = ["beta"]\nother = ["gamma"]\n')
    environ = {**os.environ, "UV_DEFAULT_INDEX": index, "PIP_INDEX_URL": index}
    alpha = "1.0" if has_lock else "1.1"  # uv locks all groups together
    if has_lock:
        subprocess.run([interpreters.uv(), "lock", "--quiet"], cwd=project, env=environ, check=True)
    local(project, environ=environ)
    assert installed(project / ".pyenv-frontend/one", "alpha") == alpha
    lock(project, "one", *BASE, index=index)
    assert versions(project / "pylock.one.toml") == {"alpha": alpha, "beta": "2.0"}
    local(project, environ=environ)
    assert installed(project / ".pyenv-frontend/one", "beta") == "2.0"
    done = lock(project, "one", "--upgrade", *BASE, index=index)
    assert ("one: the uv.lock of pyproject.toml decides: upgrade that" in done.stderr) is has_lock


def test_pip_decides_the_versions_where_it_installs(project: Path, index: str):
    """With `--installer=pip`, the lock has the versions that pip chooses."""
    (project / "Dockerfile").write_text("FROM x\nPYENV --installer=pip 3.12 one one.txt\n")
    lock(project, "one", *BASE, index=index)
    assert versions(project / "pylock.one.toml") == {"alpha": "1.1", "beta": "2.0"}


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("old_pip", [False, True])
def test_pip_takes_markers_for_the_environment(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, *, old_pip: bool
):
    """Python and the machine are those of the environment, not those that the lock is made with."""
    if old_pip:  # the pip that Python brings along is taken instead
        programs = tmp_path_factory.mktemp("bin")
        (programs / "pip").write_text("#!/bin/sh\necho 'pip 20.0 from /old/pip (python 3.6)'\n")
        (programs / "pip").chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    (project / "Dockerfile").write_text("FROM x\nPYENV --installer=pip 3.11 one one.txt\n")
    lines = ["delta", 'alpha; python_version < "3.12"', 'absent; python_version >= "3.12"']
    (project / "one.txt").write_text("\n".join([*lines, 'gamma; platform_machine == "aarch64"\n']))
    delta = services.wheels(("delta", "1.0", 'beta; python_full_version < "3.12" and platform_machine == "x86_64"'))
    with services.package_index({**WHEELS, **delta}) as address:
        lock(project, *BASE, index=address)
    packages = tomllib.loads((project / "pylock.one.toml").read_text())["packages"]
    on_arm, on_amd = (f"platform_machine == '{machine}'" for machine in ("aarch64", "x86_64"))
    assert [(package["name"], package["version"], package.get("marker")) for package in packages] == [
        ("alpha", "1.0", on_arm),
        ("alpha", "1.1", on_amd),
        ("beta", "2.0", on_amd),
        ("delta", "1.0", None),
        ("gamma", "1.0", on_arm),
    ]


def test_files_with_other_hashes_than_those_listed_are_not_locked(project: Path, index: str):
    """The hashes of a requirements file or a constraints file decide, not what the index has by now."""
    right = hashlib.sha256(WHEELS[services.wheel_file("alpha", "1.0")]).hexdigest()
    for option, file in (("", "one.txt"), ("--constraint=c.txt ", "c.txt")):
        (project / "Dockerfile").write_text(f"FROM x\nPYENV {option}3.12 one one.txt\n")
        (project / "one.txt").write_text("alpha\n")
        (project / file).write_text(f"alpha==1.0 --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{right}\n")
        lock(project, *BASE, index=index)
        before = (project / "pylock.one.toml").read_bytes()
        (project / file).write_text(f"alpha==1.0 --hash=sha256:{'0' * 64}\n")
        done = lock(project, *BASE, index=index, code=1)
        assert "Dockerfile:2:" in done.stderr
        assert "the requirements list, but alpha 1.0 has no file for linux/amd64 with a hash that is" in done.stderr
        assert (project / "pylock.one.toml").read_bytes() == before


def test_local_installs_from_the_lock(project: Path, index: str):
    """The locked version is installed, and the lock is copied next to `pyvenv.cfg`; an outdated lock is reported."""
    version = interpreter_versions("3.12")[0].rpartition(".")[0]
    (project / "Dockerfile").write_text(f"FROM x\nPYENV {version} one one.txt\n")
    (project / "one.txt").write_text("alpha\n")
    environment = project / ".pyenv-frontend/one"
    older = {name: wheel for name, wheel in WHEELS.items() if "1.1" not in name}
    with services.package_index(older) as before:
        lock(project, "one", *BASE, index=before)
        _, notes = local(project, environ={**os.environ, "UV_DEFAULT_INDEX": index})
    assert "note: one: installed from pylock.one.toml" in notes
    assert (environment / "pylock.toml").read_bytes() == (project / "pylock.one.toml").read_bytes()
    assert installed(environment, "alpha") == "1.0"
    (project / "one.txt").write_text("alpha>=1\n")
    _, notes = local(project, environ={**os.environ, "UV_DEFAULT_INDEX": index})
    assert "note: one: the lock does not fit: pylock.one.toml (one.txt changed)" in notes
    assert installed(environment, "alpha") == "1.1"
    assert not (environment / "pylock.toml").exists()


def installed(environment: Path, name: str) -> str:
    """Return the version of a package in an environment."""
    code = f"import importlib.metadata as metadata; print(metadata.version({name!r}))"
    command = [environment / "bin/python", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_lock_has_the_size_of_every_wheel(project: Path, index: str):
    """The index does not list sizes, so its server is asked for each file, with the index's password."""
    lock(project, "one", *BASE, index=index)
    wheels = [
        wheel
        for package in tomllib.loads((project / "pylock.one.toml").read_text())["packages"]
        for wheel in package["wheels"]
    ]
    assert [wheel["size"] for wheel in wheels] == [len(WHEELS[wheel["url"].rpartition("/")[2]]) for wheel in wheels]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Provide an empty home folder for a user without settings."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_", "XDG_"))]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(folder / "none"))
    return folder


def configure_pip(home: Path, index: str) -> None:
    """Write a configuration file for pip with an index and constraints."""
    (home / ".config/pip").mkdir(parents=True)
    (home / "constraints.txt").write_text("alpha<1.1\n")
    settings = f"[global]\nindex-url = {index}\nconstraint = {home}/constraints.txt\n"
    (home / ".config/pip/pip.conf").write_text(settings)


@pytest.mark.parametrize("options", ["", "--installer=pip "])
def test_pips_configuration_counts_as_in_a_build(project: Path, index: str, home: Path, options: str):
    """Both installers use its index, with the password, and its constraints."""
    configure_pip(home, index)
    (project / "Dockerfile").write_text(f"FROM x\nPYENV {options}3.12 one one.txt\n")
    lock(project, *BASE)
    assert versions(project / "pylock.one.toml") == {"alpha": "1.0", "beta": "2.0"}
    assert "s3cret" not in (project / "pylock.one.toml").read_text()


def test_uvs_configuration_counts_as_in_a_build(project: Path, index: str, home: Path, monkeypatch: pytest.MonkeyPatch):
    """The index is in a file, and a variable names the constraints."""
    (home / ".config/uv").mkdir(parents=True)
    (home / ".config/uv/uv.toml").write_text(f'index = [{{ url = "{index}", default = true }}]\n')
    (home / "constraints.txt").write_text("alpha<1.1\n")
    monkeypatch.setenv("UV_CONSTRAINT", str(home / "constraints.txt"))
    lock(project, "one", *BASE)
    assert versions(project / "pylock.one.toml") == {"alpha": "1.0", "beta": "2.0"}


@pytest.mark.usefixtures("home")
def test_the_indexes_of_the_dockerfile_count_if_one_has_none(project: Path, index: str):
    """The index and the resolution of ENV are used; the user's own index takes precedence."""
    text = f"FROM x\nENV PIP_INDEX_URL={index} UV_RESOLUTION=lowest\nPYENV 3.12 one one.txt\n"
    (project / "Dockerfile").write_text(text)
    lock(project, *BASE)
    assert versions(project / "pylock.one.toml") == {"alpha": "1.0", "beta": "2.0"}
    with services.package_index({name: wheel for name, wheel in WHEELS.items() if "alpha-1.0" not in name}) as own:
        lock(project, "--upgrade", *BASE, index=own)
    assert versions(project / "pylock.one.toml") == {"alpha": "1.1", "beta": "2.0"}


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("options", ["", "--installer=pip "])
def test_pre_releases(project: Path, options: str):
    """Only environments with `--pre` get them."""
    (project / "one.txt").write_text("alpha\n")
    wheels = {**WHEELS, **services.wheels(("alpha", "2.0rc1"))}
    chosen = []
    with services.package_index(wheels) as address:
        for pre in ("", "--pre "):
            (project / "Dockerfile").write_text(f"FROM x\nPYENV {options}{pre}3.12 one one.txt\n")
            lock(project, "--upgrade", *BASE, index=address)
            chosen.append(versions(project / "pylock.one.toml")["alpha"])
    assert chosen == ["1.1", "2.0rc1"]


@pytest.mark.usefixtures("home")
def test_several_indexes(project: Path, monkeypatch: pytest.MonkeyPatch):
    """The first index that has a package is used, unless `--index-strategy` is set; pip treats all indexes equally."""
    (project / "one.txt").write_text("alpha\n")
    old = services.wheels(("alpha", "0.9"))
    with services.package_index(old) as first, services.package_index(WHEELS) as second:
        monkeypatch.setenv("UV_INDEX", first)
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", first)
        chosen = {}
        for option in ("", "--index-strategy=unsafe-best-match ", "--installer=pip "):
            (project / "Dockerfile").write_text(f"FROM x\nPYENV {option}3.12 one one.txt\n")
            lock(project, "--upgrade", *BASE, index=second)
            chosen[option.partition("=")[0]] = versions(project / "pylock.one.toml")["alpha"]
    assert chosen == {"": "0.9", "--index-strategy": "1.1", "--installer": "1.1"}


@pytest.mark.usefixtures("home")
def test_the_indexes_of_a_file_are_those_of_its_packages(project: Path):
    """The versions that pip chooses are locked with files from the same index."""
    (project / "Dockerfile").write_text("FROM x\nPYENV --installer=pip 3.12 one one.txt\n")
    with services.package_index(WHEELS) as address:
        (project / "one.txt").write_text(f"--index-url {address}\nbeta\n")
        lock(project, *BASE)
    assert versions(project / "pylock.one.toml") == {"alpha": "1.1", "beta": "2.0"}


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("option", "folder"), [("", "wheels"), ("--lock=locks/pylock.one.toml ", "../wheels")])
def test_wheels_in_the_build_context(tmp_path: Path, option: str, folder: str):
    """They are named by paths, so that the lock is the same on every machine; builds have these files."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels/alpha-1.0-py3-none-any.whl").write_bytes(services.wheel("alpha", "1.0", {"alpha.py": ""}))
    (tmp_path / "one.txt").write_text("--no-index\n--find-links wheels\nalpha\n")
    (tmp_path / "Dockerfile").write_text(f"FROM x\nPYENV {option}3.12 one one.txt\n")
    done = lock(tmp_path, *BASE)
    assert "names" not in done.stderr
    (path,) = tmp_path.rglob("pylock.one.toml")
    (package,) = tomllib.loads(path.read_text())["packages"]
    (wheel,) = package["wheels"]
    assert wheel["path"] == f"{folder}/alpha-1.0-py3-none-any.whl"
    assert wheel["size"] == (tmp_path / "wheels/alpha-1.0-py3-none-any.whl").stat().st_size
    assert "url" not in wheel
    lock(tmp_path, *BASE, "--check")


@pytest.fixture
def two_indexes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """Provide a project and two indexes: one with wheels for x86-64 alone, another one with all wheels."""
    del home
    machines = ("x86_64", "aarch64")
    for folder, platforms in (("mirror", machines[:1]), ("all", machines)):
        for version in ("1.0", "1.1"):
            for machine in platforms:
                path = tmp_path / folder / f"alpha/alpha-{version}-py3-none-manylinux_2_17_{machine}.whl"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(services.wheel("alpha", version, {"alpha.py": machine}))
        links = "".join(
            f'<a href="{path.name}">{path.name}</a>' for path in sorted((tmp_path / folder / "alpha").iterdir())
        )
        (tmp_path / folder / "alpha/index.html").write_text(links)
    project = tmp_path / "project"
    project.mkdir()
    (project / "Dockerfile").write_text("FROM x\nPYENV 3.12 one one.txt\n")
    (project / "one.txt").write_text("alpha\n")
    monkeypatch.setenv("UV_INDEX", f"file://{tmp_path}/mirror file://{tmp_path}/all")
    monkeypatch.setenv("UV_INDEX_STRATEGY", "unsafe-best-match")
    return project


def test_the_files_of_one_platform_do_not_limit_the_next(two_indexes: Path):
    """Fresh, repeated and upgraded locks are the same, and have one version; the second index alone has both wheels."""
    done = lock(two_indexes, *BASE)
    assert f"note: pylock.one.toml names file://{two_indexes.parent}/all/alpha/alpha-1.1-" in done.stderr
    assert "which builds and other machines do not have: your settings of uv or pip name that folder" in done.stderr
    fresh = (two_indexes / "pylock.one.toml").read_bytes()
    assert [package["version"] for package in tomllib.loads(fresh.decode())["packages"]] == ["1.1"]
    for arguments in ((), ("--upgrade",), ("--upgrade=alpha",)):
        lock(two_indexes, *BASE, *arguments)
        assert (two_indexes / "pylock.one.toml").read_bytes() == fresh


def test_each_platform_keeps_its_version_until_it_is_upgraded(two_indexes: Path):
    """A wheel that appears later for one platform does not change a lock that has another version for it."""
    (newest,) = two_indexes.parent.glob("all/alpha/alpha-1.1-*aarch64.whl")
    page = newest.with_name("index.html")
    links = page.read_text()
    page.write_text(links.replace(f'<a href="{newest.name}">{newest.name}</a>', ""))
    lock(two_indexes, *BASE)
    locked = (two_indexes / "pylock.one.toml").read_bytes()
    assert [package["version"] for package in tomllib.loads(locked.decode())["packages"]] == ["1.0", "1.1"]
    page.write_text(links)
    lock(two_indexes, *BASE)
    assert (two_indexes / "pylock.one.toml").read_bytes() == locked
    lock(two_indexes, *BASE, "--upgrade=alpha")
    assert versions(two_indexes / "pylock.one.toml") == {"alpha": "1.1"}


def test_an_upgrade_to_a_version(project: Path, index: str):
    """`--upgrade=PACKAGE==VERSION` takes that one, and the next lock keeps it; anything else is a usage error."""
    (project / "one.txt").write_text("alpha\n")
    lock(project, "one", *BASE, index=index)
    lock(project, "one", *BASE, "--upgrade=Alpha==1.0", index=index)
    assert versions(project / "pylock.one.toml") == {"alpha": "1.0"}
    lock(project, "one", *BASE, index=index)
    assert versions(project / "pylock.one.toml") == {"alpha": "1.0"}
    assert "--upgrade: " in lock(project, "one", *BASE, "--upgrade=a b", index=index, code=64).stderr
    notes = lock(project, "one", *BASE, "--upgrade=Alpha", "--upgrade=alfa", index=index).stderr
    assert [line for line in notes.splitlines() if "note: --upgrade" in line] == [
        "note: --upgrade=alfa: no lock has this package"
    ]


def test_no_interpreter_on_path_is_started_without_need(project: Path, index: str, monkeypatch: pytest.MonkeyPatch):
    """Those of uv and pyenv are known; a slow script called like an interpreter is not waited for."""
    shims = project / "root/shims"
    shims.mkdir(parents=True)
    for name in ("python", "python3", "python3.9"):
        (shims / name).write_text(f"#!/bin/sh\necho {name} >> {project}/started\nexit 1\n")
        (shims / name).chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(project / "root"))
    monkeypatch.setenv("PATH", f"{shims}:{interpreters.uv().parent}:/usr/bin:/bin")
    lock(project, "one", *BASE, index=index)
    assert not (project / "started").exists()


@pytest.mark.usefixtures("home")
def test_with_pip_as_well_versions_stay(project: Path):
    """A new release of a dependency changes nothing; a requirement that needs it gets it."""
    (project / "Dockerfile").write_text("FROM x\nPYENV --installer=pip 3.12 one one.txt\n")
    older = {name: wheel for name, wheel in WHEELS.items() if "alpha-1.1" not in name}
    with services.package_index(older) as address:
        lock(project, *BASE, index=address)
    with services.package_index(WHEELS) as address:
        lock(project, *BASE, index=address)
        assert versions(project / "pylock.one.toml") == {"alpha": "1.0", "beta": "2.0"}
        (project / "one.txt").write_text("beta\nalpha>1\n")
        lock(project, *BASE, index=address)
        assert versions(project / "pylock.one.toml") == {"alpha": "1.1", "beta": "2.0"}


@pytest.mark.parametrize("damage", ["<<<<<<< ours\n", 'marker = "nonsense"\n'])
def test_a_damaged_lock_is_made_again(project: Path, index: str, damage: str):
    """A conflict that a merge has left is no reason to fail, and a note says that versions may have changed."""
    lock(project, "one", *BASE, index=index)
    path = project / "pylock.one.toml"
    before = path.read_text()
    path.write_text(before.replace('version = "1.1"\n', f'version = "1.1"\n{damage}'))
    notes = lock(project, "one", *BASE, index=index).stderr
    assert ("pylock.one.toml: it is not TOML" in notes) is damage.startswith("<")
    assert path.read_text() == before


@pytest.mark.parametrize("kind", ["address", "file"])
def test_a_wheel_that_is_no_index_s_is_locked_as_a_wheel(project: Path, kind: str):
    """Nothing is built of a wheel that a requirement names by its address or its path."""
    name = services.wheel_file("alpha", "1.0")
    with services.package_index(WHEELS) as index:
        address = f"{index.removesuffix('simple/')}files/{name}"
        (project / name).write_bytes(WHEELS[name])
        (project / "one.txt").write_text(f"alpha @ {address}\n" if kind == "address" else f"./{name}\n")
        assert "have to be built" not in lock(project, "one", *BASE, index=index).stderr
    (package,) = tomllib.loads((project / "pylock.one.toml").read_text())["packages"]
    (wheel,) = package["wheels"]
    assert (wheel.get("url"), wheel.get("path")) == ((address, None) if kind == "address" else (None, name))
    assert wheel["size"] == len(WHEELS[name])
    assert wheel["hashes"]["sha256"]


def test_a_lock_that_cannot_be_written(project: Path, index: str):
    """The error points at the PYENV."""
    (project / "pylock.one.toml").mkdir()
    done = lock(project, "one", *BASE, index=index, code=1)
    assert "Dockerfile:2:11: the lock pylock.one.toml cannot be written: Is a directory" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(project.glob(".pylock*"))


def test_a_link_to_a_lock_stays_a_link(project: Path, index: str):
    """The file that it leads to is written, also one that does not exist yet."""
    (project / "pylock.one.toml").symlink_to("locks/one.toml")
    lock(project, "one", *BASE, index=index)
    assert (project / "pylock.one.toml").is_symlink()
    assert versions(project / "locks/one.toml") == {"alpha": "1.1", "beta": "2.0"}


def test_a_lock_that_dockerignore_leaves_out_is_mentioned(project: Path, index: str):
    """Builds would not use it, so that a check of it fails."""
    (project / ".dockerignore").write_text("*\n!*.txt\n!pylock.two.toml\n")
    note = "note: pylock.one.toml is left out by .dockerignore: add the line !pylock.one.toml to it\n"
    for arguments, code in ((BASE, 0), (("--check",), 1)):
        done = lock(project, *arguments, index=index, code=code)
        assert note in done.stderr
        assert "pylock.two.toml is left out" not in done.stderr
    assert "one: pylock.one.toml does not fit: it is left out by .dockerignore\n" in done.stdout
    assert "run pyenv-frontend lock" not in done.stderr


def test_a_version_that_does_not_exist_changes_no_lock(project: Path, index: str):
    """A resolver may do without the package, by an old version of the one that needs it."""
    lock(project, "one", *BASE, index=index)
    before = (project / "pylock.one.toml").read_bytes()
    done = lock(project, "one", "--upgrade=alpha==99", *BASE, index=index, code=1)
    assert "alpha" in done.stderr
    assert (project / "pylock.one.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("one.txt", "2:14: --lock cannot be 'one.txt'"),
        ("Dockerfile", "2:14: --lock cannot be 'Dockerfile'"),
        ("pylock.other.toml", "2:7: pylock.other.toml is not a lock of pyenv-frontend, and is not overwritten"),
    ],
)
def test_a_file_that_is_no_lock_of_ours_is_not_overwritten(project: Path, index: str, name: str, message: str):
    """The option may name any file by mistake."""
    (project / "pylock.other.toml").write_text('lock-version = "1.0"\ncreated-by = "uv"\npackages = []\n')
    (project / "Dockerfile").write_text(f"FROM x\nPYENV --lock={name} 3.9 one one.txt\n")
    before = (project / name).read_bytes()
    done = lock(project, *BASE, index=index, code=1)
    assert f"Dockerfile:{message}" in done.stderr
    assert (project / name).read_bytes() == before


def test_a_link_out_of_the_build_context_is_not_followed(project: Path, index: str, tmp_path: Path):
    """Nothing is written where no build looks."""
    target = tmp_path.with_name("elsewhere") / "lock"
    (project / "pylock.one.toml").symlink_to(target)
    done = lock(project, "one", *BASE, index=index, code=1)
    assert f"the lock pylock.one.toml is a link to {target}, outside of the build context" in done.stderr
    assert not target.parent.exists()


@pytest.mark.usefixtures("home")
def test_a_wheel_of_the_build_context_that_changes(tmp_path: Path):
    """A check compares it with the hash in the lock."""
    wheel = tmp_path / "wheels/alpha-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(services.wheel("alpha", "1.0", {"alpha.py": ""}))
    (tmp_path / "one.txt").write_text("--no-index\n--find-links wheels\nalpha\n")
    (tmp_path / "Dockerfile").write_text("FROM x\nPYENV 3.12 one one.txt\n")
    lock(tmp_path, *BASE)
    wheel.write_bytes(services.wheel("alpha", "1.0", {"alpha.py": "X = 1"}))
    done = lock(tmp_path, "--check", code=1)
    assert "does not fit: wheels/alpha-1.0-py3-none-any.whl changed" in done.stdout
    wheel.unlink()
    assert "wheels/alpha-1.0-py3-none-any.whl is gone" in lock(tmp_path, "--check", code=1).stdout


def test_a_platform_may_have_its_variant(project: Path, index: str):
    """Docker writes linux/arm64/v8 as well."""
    lock(project, "one", *BASE, "--platform=linux/arm64/v8", index=index)
    assert 'platforms = [\n    "linux/arm64",\n]' in (project / "pylock.one.toml").read_text()


def test_a_package_behind_upgrade_without_an_equals_sign(project: Path):
    """The word is the name of an environment, and the message shows what was meant."""
    assert "write --upgrade=alpha" in lock(project, "--upgrade", "alpha", *BASE, code=64).stderr


def test_the_time_of_exclude_newer(project: Path, index: str):
    """A date means the end of that day in UTC, wherever the command runs; anything else is a usage error."""
    done = lock(project, "one", *BASE, "--exclude-newer=2020-02-29", index=index, code=1)
    assert "uploaded before 2020-03-01T00:00:00Z" in done.stderr
    done = lock(project, "one", *BASE, "--exclude-newer=2020-02-29T02:00:00+02:00", index=index, code=1)
    assert "uploaded before 2020-02-29T00:00:00Z" in done.stderr
    done = lock(project, "one", *BASE, "--exclude-newer=", index=index, code=64)
    assert "--exclude-newer : write a date" in done.stderr
    done = lock(project, "one", *BASE, "--exclude-newer=yesterday", index=index, code=64)
    assert "--exclude-newer yesterday: write a date such as 2026-01-31" in done.stderr


@pytest.mark.skipif(int(ensurepip.version().partition(".")[0]) >= 26, reason="this Python brings a newer pip")
def test_exclude_newer_with_an_old_pip(project: Path, monkeypatch: pytest.MonkeyPatch):
    """The message says which pip it takes, instead of pip's usage."""
    (project / "Dockerfile").write_text("FROM x\nPYENV --installer=pip 3.12 one one.txt\n")
    monkeypatch.setenv("PATH", str(interpreters.uv().parent))
    done = lock(project, *BASE, "--exclude-newer=2020-02-29", code=1)
    assert "expected: pip 26.0 or newer for --exclude-newer: update this machine's" in done.stderr
    assert "Usage" not in done.stderr


def test_an_index_that_does_not_answer(project: Path):
    """The message does not speak of versions that do not fit together."""
    done = lock(project, "one", *BASE, index="http://127.0.0.1:1/simple/", code=1)
    assert "expected: indexes and repositories that answer" in done.stderr
    assert "Connection refused" in done.stderr


@pytest.mark.parametrize(
    ("script", "message"),
    [("no program\n", "does not start: Exec format error"), ("#!/bin/sh\nkill -9 $$\n", "was killed by signal 9")],
)
def test_a_uv_that_does_not_run(project: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str):
    """The message is a sentence, not a traceback."""
    (project / "bin").mkdir()
    (project / "bin/uv").write_text(script)
    (project / "bin/uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{project}/bin:/usr/bin:/bin")
    done = lock(project, "one", *BASE, code=1)
    assert f"uv {message}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_installers_as_well(project: Path, number: signal.Signals):
    """An index that does not answer is not waited for, and no temporary folder is left."""
    temporary = project / "temporary"
    temporary.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/simple/"
        environ = {**os.environ, "UV_DEFAULT_INDEX": address, "TMPDIR": str(temporary)}
        command = [PROGRAM, "lock", "one", *BASE]
        # uv asks the index, and waits.
        with subprocess.Popen(command, cwd=project, env=environ) as process, silent.accept()[0]:
            process.send_signal(number)
            assert process.wait(timeout=20) == 128 + number
    mine = f"{temporary}/".encode()
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [command for command in commands if mine in command]
    assert sorted(path.name for path in project.iterdir()) == ["Dockerfile", "one.txt", "temporary"]
