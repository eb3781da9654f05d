"""`pyenv-frontend lock` without a network."""

import json

import pytest
import tomli_w

from pyenv_frontend.cli import base_facts
from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion.base_image import Base
from pyenv_frontend.lock.inputs import lock_inputs
from pyenv_frontend.lock.lockfile import Lock, LockTarget, as_document
from tests.frontend.cli.running import called, folder
from tests.frontend.pyenv.contexts import closure, environment


def lock_of(line):
    """Return a lock that fits a PYENV."""
    inputs = lock_inputs(environment(line), closure(line, {"r.txt": "six\n"}))
    target = LockTarget(python="3.9", libc="glibc 2.36", platforms=("linux/amd64", "linux/arm64"))
    return tomli_w.dumps(as_document(Lock(target=target, inputs=inputs, packages=())))


@pytest.mark.parametrize(
    ("option", "place"),
    [
        ("", "pylock.x.toml"),
        ("--lock=require ", "pylock.x.toml"),
        ("--lock=locks/pylock.own.toml ", "locks/pylock.own.toml"),
    ],
)
def test_a_lock_is_looked_for_where_builds_take_it_from(monkeypatch, tmp_path, option, place):
    """It is in the build context, whatever the Dockerfile's folder, or at the path of `--lock`."""
    line = f"PYENV {option}3.9 x r.txt"
    folder(tmp_path / "docker", f"FROM a\n{line}\n")
    (tmp_path / "r.txt").write_text("six\n")
    check = ["lock", "--check", "--format=json", "-f", tmp_path / "docker/Dockerfile", f"--context={tmp_path}"]
    assert json.loads(called(monkeypatch, *check).out)["locks"][0]["reasons"] == ["missing"]
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(lock_of(line))
    done = called(monkeypatch, *check)
    assert (done.code, json.loads(done.out)["locks"][0]["stale"]) == (0, False)


@pytest.mark.parametrize("command", ["lock", "check"])
def test_a_file_beside_the_dockerfiles_folder_is_in_another_context(monkeypatch, tmp_path, command):
    """`docker build -f docker/Dockerfile .` has it; the commands take the Dockerfile's folder until they are told."""
    folder(tmp_path / "docker", "FROM a\nPYENV 3.9 x r.txt\n")
    (tmp_path / "r.txt").write_text("six\n")
    (tmp_path / "docker/r2.txt").write_text("six\n")
    monkeypatch.chdir(tmp_path)
    done = called(monkeypatch, command, "-f", "docker/Dockerfile")
    hint = "--context . makes the folder that you are in the build context, which has it"
    assert hint in done.out + done.err
    monkeypatch.chdir(tmp_path / "docker")
    done = called(monkeypatch, command)
    assert "did you mean r2.txt?" in done.out + done.err


def test_an_environment_without_a_lock_needs_none(monkeypatch, tmp_path):
    """With `--lock=off` the check does not fail, unless the environment is named."""
    place = folder(tmp_path, "FROM a\nPYENV --lock=off 3.9 x <<EOF\nsix\nEOF\n") / "Dockerfile"
    assert called(monkeypatch, "lock", "--check", "-f", place).code == 0
    assert called(monkeypatch, "lock", "--check", "-f", place, "x").code == 1


def two_stages(tmp_path, first, second, **options):
    """Write a Dockerfile with two stages; `options` are those of their PYENVs."""
    one, two = options.get("one", ""), options.get("two", "")
    text = f"FROM a AS first\n{first}\nPYENV {one}3.9 x r.txt\nFROM b\n{second}\nPYENV {two}3.9 x r.txt\n"
    (tmp_path / "r.txt").write_text("six\n")
    return folder(tmp_path, text) / "Dockerfile"


def test_two_stages_share_a_lock_if_they_ask_for_the_same(monkeypatch, tmp_path):
    """The variables that decide on versions count; with a lock of its own, each PYENV may differ."""
    place = two_stages(tmp_path, "", "")
    assert called(monkeypatch, "lock", "--check", "-f", place).out.count("pylock.x.toml") == 1
    place = two_stages(tmp_path, "", "ENV UV_PRERELEASE=allow")
    done = called(monkeypatch, "lock", "--check", "-f", place)
    assert "pylock.x.toml cannot be the lock of two PYENVs that ask for different packages" in done.err
    assert "only one has ENV UV_PRERELEASE" in done.err
    place = two_stages(tmp_path, "", "ENV UV_PRERELEASE=allow", two="--lock=pylock.other.toml ")
    assert called(monkeypatch, "lock", "--check", "-f", place).out.count("missing") == 2


def test_a_shared_lock_is_reported_with_all_its_environments(monkeypatch, tmp_path):
    """Whichever is named, the lock has to fit both; a program gets an entry for each."""
    pyenv = "PYENV --lock=pylock.one.toml 3.9"
    text = f"FROM a\n{pyenv} x r.txt\n{pyenv} y r.txt\nPYENV 3.9 z r.txt\n"
    place = folder(tmp_path, text, r_dot_txt="six\n") / "Dockerfile"
    done = called(monkeypatch, "lock", "--check", "-f", place)
    assert done.out == "x, y: pylock.one.toml is missing\nz: pylock.z.toml is missing\n"
    assert "lock --file=" in done.err
    assert done.err.rstrip().endswith(" x y z")
    assert called(monkeypatch, "lock", "--check", "-f", place, "y").out == "x, y: pylock.one.toml is missing\n"
    listed = json.loads(called(monkeypatch, "lock", "--check", "--format=json", "-f", place).out)["locks"]
    assert [(lock["name"], lock["lock"]) for lock in listed] == [
        ("x", "pylock.one.toml"),
        ("y", "pylock.one.toml"),
        ("z", "pylock.z.toml"),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--check", "--upgrade"], "argument --upgrade: not allowed with argument --check"),
        (["--check", "--upgrade=six"], "argument --upgrade: not allowed with argument --check"),
        (["--check", "--exclude-newer=2026-01-31"], "argument --exclude-newer: not allowed with argument --check"),
        (["--format=json"], "argument --format: only allowed with argument --check"),
        (["--check", "--base-suite=alpine", "--base-libc=2.36"], "with --base-suite alpine it is `musl`"),
        (["--check", "../Dockerfile"], "cannot be the name of an environment; to name a Dockerfile, write --file=../"),
        (["--check", "Dockerfile"], "to name a Dockerfile, write --file=Dockerfile"),
        (["--check", "a.b"], "a.b cannot be the name of an environment"),
    ],
)
def test_a_wrong_command_line(monkeypatch, tmp_path, arguments, message):
    """Options without an effect are refused, and a path in place of a name is explained."""
    monkeypatch.chdir(folder(tmp_path, "FROM a\nPYENV 3.9 x r.txt\n", r_dot_txt="six\n"))
    done = called(monkeypatch, "lock", *arguments)
    assert (done.code, message in done.err) == (64, True), done.err


def test_what_cannot_be_locked_is_mentioned_if_it_is_named(monkeypatch, tmp_path):
    """Nothing happens to it."""
    text = "FROM a\nPYENV 3.9 bare\nPYENV 3.9 named pylock.toml\nONBUILD PYENV 3.9 trigger r.txt\n"
    monkeypatch.chdir(folder(tmp_path, text, pylock_dot_toml="lock-version = '1.0'\npackages = []\n"))
    done = called(monkeypatch, "lock", "--check", "bare", "named", "trigger")
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines() == [
        "note: bare has nothing to lock: it has no requirements",
        "note: named has nothing to lock: its requirements are a lock",
        "note: trigger has nothing to lock: it is a trigger (ONBUILD)",
    ]


def test_the_hint_has_the_dockerfile_and_the_context(monkeypatch, tmp_path):
    """The command that it names does the rest from the same folder; an unused lock is mentioned."""
    folder(tmp_path / "docker", "FROM a\nPYENV 3.9 x r.txt\n")
    folder(tmp_path, "", r_dot_txt="six\n", pylock_dot_old_dot_toml="[tool.pyenv-frontend]\n")
    monkeypatch.chdir(tmp_path)
    arguments = ["--context=.", "--build-arg=A=b c", "--platform=linux/arm64", "--base-libc=2.36"]
    done = called(monkeypatch, "lock", "--check", "-f", "docker/Dockerfile", *arguments)
    note, hint = done.err.splitlines()
    assert note == "note: no PYENV of docker/Dockerfile uses pylock.old.toml; if nothing else does, delete it"
    options = "--file=docker/Dockerfile --context=. '--build-arg=A=b c' --platform=linux/arm64 --base-libc=2.36"
    assert hint == f"hint: run pyenv-frontend lock {options} x"


def test_the_triggers_of_an_image_do_not_matter(monkeypatch, tmp_path):
    """The C library that an option states counts for an Astro Runtime, too."""
    text = "FROM quay.io/astronomer/astro-runtime:12.1.0\nPYENV 3.9 x r.txt\n"
    monkeypatch.chdir(folder(tmp_path, text, r_dot_txt="six\n"))
    (tmp_path / "pylock.x.toml").write_text(lock_of("PYENV 3.9 x r.txt"))
    done = called(monkeypatch, "lock", "--check", "--base-libc=2.28")
    assert (done.code, "it is for glibc 2.36, and the base image has glibc 2.28" in done.out) == (1, True)


def test_a_variable_of_the_base_image(monkeypatch, tmp_path):
    """An engine is asked for it if it is needed; without one, the hint names the option."""
    text = "FROM apache/airflow:3.0.6\nPYENV 3.9 x <<EOF\napache-airflow==${AIRFLOW_VERSION}\nEOF\n"
    monkeypatch.chdir(folder(tmp_path, text))
    references = []

    def base_of(_options, reference, *_):
        references.append(reference)
        return Base(reference=reference, env={"AIRFLOW_VERSION": "3.0.6"})

    monkeypatch.setattr(base_facts, "base_facts", base_of)
    assert "missing" in called(monkeypatch, "lock", "--check").out
    assert references == ["apache/airflow:3.0.6"]
    for arguments in (["check"], ["lock", "--check", "--base-suite=bookworm"]):
        done = called(monkeypatch, *arguments)
        assert "the requirements refer to AIRFLOW_VERSION, which is not set here" in done.out + done.err
        assert "if the base image sets it, say --base-env NAME=VALUE" in done.out + done.err
    folder(tmp_path, "FROM a\nPYENV 3.9 x <<EOF\nsix\nEOF\n")
    assert "missing" in called(monkeypatch, "lock", "--check").out
    assert len(references) == 1


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    "lines",
    [
        "PYENV ${PYTHON_VERSION:-3.9}",
        "ARG V=${PYTHON_VERSION:-3.9}\nENV W=$V\nPYENV $W",
        "ENV W=$PYTHON_VERSION\nPYENV ${W:-3.9}",
    ],
)
def test_a_default_holds_only_if_the_base_image_does_not_set_the_variable(monkeypatch, tmp_path, known, lines):
    """Builds know the variables of the base image, so an engine is asked for them, and a note says if it cannot be."""
    text = f"FROM a\n{lines} x r.txt\n"

    def base(_self, reference, _platform, env, place):
        if not known:
            raise UserError(f"nothing is known of the base image {reference}", place)
        return Base(reference=reference, env={"PYTHON_VERSION": "3.12", **env})

    monkeypatch.setattr(base_facts, "base_facts", base)
    place = (
        folder(tmp_path, text, r_dot_txt="six\n", pylock_dot_x_dot_toml=lock_of("PYENV 3.10 x r.txt")) / "Dockerfile"
    )
    done = called(monkeypatch, "lock", "--check", "-f", place)
    assert ("Python 3.10 became 3.12" in done.out) is known
    assert ("no engine knows a, which may set PYTHON_VERSION" in done.err) is not known
    assert ("fits (as far as is known: if the base image sets PYTHON_VERSION, say" in done.out) is not known
    done = called(monkeypatch, "lock", "--check", "-f", place, "--base-env=PYTHON_VERSION=3.11")
    assert ("Python 3.10 became 3.11" in done.out, "no engine" in done.err) == (True, False)


@pytest.mark.parametrize(
    ("line", "requirements", "code"),
    [
        ("PYENV ${PYTHON_VERSION:-3.9} x r.txt", "six\n", 0),
        ("ENV UV_PRERELEASE=${PRE}\nPYENV 3.10 x r.txt", "six\n", 0),
        ("ENV UV_PRERELEASE=${PRE:-allow}\nPYENV 3.10 x r.txt", "six\n", 0),
        ("PYENV --index-strategy=${STRATEGY:-first-index} 3.10 x r-${STRATEGY:-}.txt", "six\n", 0),
        ("PYENV ${PYTHON_VERSION:-3.10} x r.txt", "attrs\n", 1),
        ("ARG PYTHON_VERSION=3.9\nPYENV ${PYTHON_VERSION:-3.10} x r.txt", "six\n", 1),
        ("ENV UV_PRERELEASE=allow\nPYENV ${PYTHON_VERSION:-3.10} x r.txt", "six\n", 1),
        ("ENV UV_PRERELEASE=${PRE:-allow}\nPYENV 3.9 x r.txt", "six\n", 1),
    ],
)
def test_a_lock_is_not_stale_because_of_a_variable_that_the_base_image_may_set(
    monkeypatch, tmp_path, line, requirements, code
):
    """What does not depend on such a variable is compared nevertheless; `--lock=require` follows the same rule."""
    lock = lock_of("PYENV 3.10 x r.txt")
    files = {"r_dot_txt": requirements, "r-_dot_txt": requirements, "pylock_dot_x_dot_toml": lock}
    place = folder(tmp_path, f"FROM a\n{line}\n", **files) / "Dockerfile"
    assert called(monkeypatch, "lock", "--check", "--base-suite=bookworm", "-f", place).code == code
    assert ("PyenvStaleLock" in called(monkeypatch, "check", place).out) is bool(code)
    folder(tmp_path, f"FROM a\n{line}\n".replace("PYENV", "PYENV --lock=require"), **files)
    assert ("does not fit" in called(monkeypatch, "check", place).out) is bool(code)


def test_an_empty_variable_of_a_variable_that_the_base_image_may_set(monkeypatch, tmp_path):
    """The message names the one that is not set."""
    place = folder(tmp_path, "FROM a\nENV V=$PYTHON_VERSION\nPYENV $V x\n") / "Dockerfile"
    out = called(monkeypatch, "check", place).out
    assert "the Python version is empty: PYTHON_VERSION is not set here" in out
    assert "if the base image sets it, say --base-env NAME=VALUE" in out
