"""`pyenv-frontend lock` without a network."""

import json

import pytest
import tomli_w

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
    [("", "pylock.x.toml"), ("--lock=require ", "pylock.x.toml"), ("--lock=locks/own.toml ", "locks/own.toml")],
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
    assert "ENV UV_PRERELEASE is new" in done.err
    place = two_stages(tmp_path, "", "ENV UV_PRERELEASE=allow", two="--lock=other.toml ")
    assert called(monkeypatch, "lock", "--check", "-f", place).out.count("missing") == 2
