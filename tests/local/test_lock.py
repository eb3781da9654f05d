"""`pyenv-frontend lock`: real uv and pip resolve against a real index, and the file says what was found."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.pylock import Pylock

from tests.local.support import PROGRAM, interpreter_versions, local
from tests.support import services

WHEELS = {
    services.wheel_file(name, version): services.wheel(name, version, requires=requires)
    for name, version, requires in [
        ("alpha", "1.0", ()),
        ("alpha", "1.1", ()),
        ("beta", "2.0", ("alpha",)),
        ("gamma", "1.0", ("alpha<1.1",)),
    ]
}
DOCKERFILE = """\
FROM apache/airflow:3.3.2
PYENV 3.9 one one.txt
PYENV 3.12 two <<EOF
gamma
EOF
PYENV 3.11 bare
"""
BASE = ("--base-suite=bookworm",)


@pytest.fixture
def index() -> Iterator[str]:
    """Provide the address of an index that asks for a password, with the password in it."""
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


def versions(path: Path) -> dict[str, str]:
    """Return the packages of a lock."""
    return {package["name"]: package["version"] for package in tomllib.loads(path.read_text())["packages"]}


def test_each_environment_gets_a_lock_for_its_python_and_platforms(project: Path, index: str):
    """One line on standard error for each; the files are valid, have hashes, and hold no credentials."""
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
    """Locking again changes nothing, and says so."""
    lock(project, *BASE, index=index)
    first = (project / "pylock.one.toml").read_bytes()
    assert "pylock.one.toml unchanged" in lock(project, "one", *BASE, index=index).stderr
    assert (project / "pylock.one.toml").read_bytes() == first
    (project / "pylock.one.toml").unlink()
    lock(project, "one", *BASE, index=index)
    assert (project / "pylock.one.toml").read_bytes() == first


def test_versions_stay_until_they_are_upgraded(project: Path, index: str):
    """A changed requirement moves nothing else; `--upgrade=PACKAGE` moves that package, `--upgrade` all."""
    (project / "one.txt").write_text("beta\nalpha<1.1\n")
    lock(project, "one", *BASE, index=index)
    (project / "one.txt").write_text("beta\nalpha\n")
    lock(project, "one", *BASE, index=index)
    assert versions(project / "pylock.one.toml")["alpha"] == "1.0"
    lock(project, "--upgrade=beta", "one", *BASE, index=index)
    assert versions(project / "pylock.one.toml")["alpha"] == "1.0"
    lock(project, "--upgrade", "one", *BASE, index=index)
    assert versions(project / "pylock.one.toml")["alpha"] == "1.1"


def test_check_says_offline_what_changed(project: Path, index: str):
    """Exit code 0 as long as all fit, 1 with the reasons and the command to run."""
    assert "one: pylock.one.toml does not fit: missing" in lock(project, "--check", code=1).stdout
    lock(project, *BASE, index=index)
    assert lock(project, "--check").stdout == "one: pylock.one.toml fits\ntwo: pylock.two.toml fits\n"
    (project / "one.txt").write_text("beta\n# a comment\n")
    (project / "Dockerfile").write_text(DOCKERFILE.replace("3.12 two", "3.13 two"))
    done = lock(project, "--check", code=1)
    assert "one: pylock.one.toml does not fit: one.txt changed" in done.stdout
    assert "two: pylock.two.toml does not fit: Python 3.12 became 3.13" in done.stdout
    assert "run pyenv-frontend lock one two" in done.stderr


def test_a_check_loads_nothing_that_resolves(project: Path):
    """It runs before every commit, so it waits for no module that it does without."""
    command = [sys.executable, "-X", "importtime", PROGRAM, "lock", "--check"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 1
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "pyenv_frontend.lock.locker" in loaded
    unneeded = {"pyenv_frontend.lock.writer", "pyenv_frontend.cli.docker_image", "urllib.request", "difflib"}
    assert not unneeded & loaded


def test_requirements_without_a_solution_are_an_error_at_the_pyenv(project: Path, index: str):
    """The installer's words are in it; the lock that was there stays, and nothing else is left."""
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
    """With the name that was probably meant."""
    assert "did you mean one?" in lock(project, "oen", *BASE, code=64).stderr


def test_local_packages_are_named_relative_to_the_context(project: Path, index: str):
    """The lock means the same in another checkout."""
    package = project / "libs/local"
    package.mkdir(parents=True)
    (package / "pyproject.toml").write_text('[project]\nname = "local"\nversion = "1"\ndependencies = ["alpha"]\n')
    (project / "one.txt").write_text("./libs/local\n")
    lock(project, "one", *BASE, index=index)
    packages = tomllib.loads((project / "pylock.one.toml").read_text())["packages"]
    assert [package.get("directory", {}).get("path") for package in packages] == [None, "libs/local"]


def test_pip_decides_the_versions_where_it_installs(project: Path, index: str):
    """With `--installer=pip` the lock has pip's choice."""
    (project / "Dockerfile").write_text("FROM x\nPYENV --installer=pip 3.12 one one.txt\n")
    lock(project, "one", *BASE, index=index)
    assert versions(project / "pylock.one.toml") == {"alpha": "1.1", "beta": "2.0"}


def test_local_installs_from_the_lock(project: Path, index: str):
    """It has the version of the day it was made, and lies beside `pyvenv.cfg`; one that does not fit is told."""
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
    """The index of these tests says none, so that its server is asked for each, with the password of the index."""
    lock(project, "one", *BASE, index=index)
    wheels = [
        wheel
        for package in tomllib.loads((project / "pylock.one.toml").read_text())["packages"]
        for wheel in package["wheels"]
    ]
    assert [wheel["size"] for wheel in wheels] == [len(WHEELS[wheel["url"].rpartition("/")[2]]) for wheel in wheels]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be a user with an empty home and no settings."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_", "XDG_"))]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(folder / "none"))
    return folder


def configure_pip(home: Path, index: str) -> None:
    """Write a configuration of pip with an index and constraints."""
    (home / ".config/pip").mkdir(parents=True)
    (home / "constraints.txt").write_text("alpha<1.1\n")
    settings = f"[global]\nindex-url = {index}\nconstraint = {home}/constraints.txt\n"
    (home / ".config/pip/pip.conf").write_text(settings)


@pytest.mark.parametrize("options", ["", "--installer=pip "])
def test_pips_configuration_counts_as_in_a_build(project: Path, index: str, home: Path, options: str):
    """Its index, with the password, and its constraints: with either installer."""
    configure_pip(home, index)
    (project / "Dockerfile").write_text(f"FROM x\nPYENV {options}3.12 one one.txt\n")
    lock(project, *BASE)
    assert versions(project / "pylock.one.toml") == {"alpha": "1.0", "beta": "2.0"}
    assert "s3cret" not in (project / "pylock.one.toml").read_text()


def test_uvs_configuration_counts_as_in_a_build(project: Path, index: str, home: Path, monkeypatch: pytest.MonkeyPatch):
    """That in a file, and constraints that a variable names."""
    (home / ".config/uv").mkdir(parents=True)
    (home / ".config/uv/uv.toml").write_text(f'index = [{{ url = "{index}", default = true }}]\n')
    (home / "constraints.txt").write_text("alpha<1.1\n")
    monkeypatch.setenv("UV_CONSTRAINT", str(home / "constraints.txt"))
    lock(project, "one", *BASE)
    assert versions(project / "pylock.one.toml") == {"alpha": "1.0", "beta": "2.0"}


@pytest.mark.usefixtures("home")
def test_the_indexes_of_the_dockerfile_count_if_one_has_none(project: Path, index: str):
    """Those of ENV, and what it says of versions; one's own index goes before."""
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
    """Only those environments that ask for them get them."""
    (project / "one.txt").write_text("alpha\n")
    wheels = {**WHEELS, services.wheel_file("alpha", "2.0rc1"): services.wheel("alpha", "2.0rc1")}
    chosen = []
    with services.package_index(wheels) as address:
        for pre in ("", "--pre "):
            (project / "Dockerfile").write_text(f"FROM x\nPYENV {options}{pre}3.12 one one.txt\n")
            lock(project, "--upgrade", *BASE, index=address)
            chosen.append(versions(project / "pylock.one.toml")["alpha"])
    assert chosen == ["1.1", "2.0rc1"]


@pytest.mark.usefixtures("home")
def test_several_indexes(project: Path, monkeypatch: pytest.MonkeyPatch):
    """The first that has a package, unless `--index-strategy` says otherwise; pip's are all alike."""
    (project / "one.txt").write_text("alpha\n")
    old = {services.wheel_file("alpha", "0.9"): services.wheel("alpha", "0.9")}
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
    """What pip has chosen is written down from the same places."""
    (project / "Dockerfile").write_text("FROM x\nPYENV --installer=pip 3.12 one one.txt\n")
    with services.package_index(WHEELS) as address:
        (project / "one.txt").write_text(f"--index-url {address}\nbeta\n")
        lock(project, *BASE)
    assert versions(project / "pylock.one.toml") == {"alpha": "1.1", "beta": "2.0"}
