"""Resolving for a lock, with a script instead of uv that gives fixed answers."""

import re

import pytest

from pyenv_frontend.lock.lockfile import LockTarget
from pyenv_frontend.lock.preferences import Wishes
from pyenv_frontend.lock.resolver import Resolver, ResolverError
from pyenv_frontend.pyenv.options import OPTIONS
from tests.frontend.pyenv.contexts import closure, pyenv

LINE = "PYENV 3.9 x r.txt"
TARGET = LockTarget(python="3.9", libc="glibc 2.36", platforms=("linux/amd64",))


def resolver_with(folder, script):
    """Return a resolver for a folder, with a shell script as its uv."""
    uv = folder / "uv"
    uv.write_text(f"#!/bin/sh\n{script}\n")
    uv.chmod(0o755)
    (folder / "r.txt").write_text("six\n")
    return Resolver(uv=uv, context=folder, wishes=Wishes())


def test_the_error_of_an_installer_hides_passwords(tmp_path):
    """As in a build, others may be able to read the log."""
    resolver = resolver_with(tmp_path, "echo 'error: https://u:secret@h/a.whl is gone' >&2; exit 2")
    with pytest.raises(ResolverError, match=r"^error: https://u:\*\*\*\*@h/a\.whl is gone$"):
        resolver.resolve(pyenv(LINE), closure(LINE, {"r.txt": "six\n"}), TARGET, None, {})


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("  x No solution found when resolving dependencies:", "versions that go together"),
        ("ERROR: ResolutionImpossible: for help visit", "versions that go together"),
        ("error: Git operation failed", "indexes and repositories that answer"),
        (
            "heredoc:1: /srv/a.whl does not exist on this machine; only a build has the files of a stage",
            "files of the build context, or PYENV --lock=off",
        ),
    ],
)
def test_what_an_error_expects(message, expected):
    """The exit code of uv and pip is the same for a conflict and for a repository that does not answer."""
    assert ResolverError(message).expected.startswith(expected)


@pytest.mark.parametrize(
    ("option", "path"), [("", "libs/own"), ("--lock=locks/pylock.x.toml ", "../libs/own"), ("--lock=off ", "libs/own")]
)
def test_a_local_package_is_named_from_where_the_lock_is(tmp_path, option, path):
    """Installers resolve paths in a lock relative to the lock."""
    package = f"[[packages]]\\nname = 'own'\\ndirectory = {{path = '{tmp_path}/libs/own'}}\\n"
    script = f'for word; do case $word in --output-file=*) printf "{package}" > ${{word#*=}};; esac; done'
    line = LINE.replace("PYENV ", f"PYENV {option}")
    resolver = resolver_with(tmp_path, script)
    (own,) = resolver.resolve(pyenv(line), closure(line, {"r.txt": "six\n"}), TARGET, None, {})
    assert own["directory"] == {"path": path}


PROJECT = """\
[project]
name = "own"
version = "1"
[project.optional-dependencies]
a = []
[dependency-groups]
a = []
"""


@pytest.mark.parametrize("option", [spec.name for spec in OPTIONS if spec.resolves])
def test_what_makes_a_lock_stale_is_passed_to_the_installer(tmp_path, option):
    """Otherwise, an option would change the digest of the inputs, and nothing in the lock."""
    value = {"constraint": "=c.txt", "pre": "", "index-strategy": "=unsafe-best-match"}.get(option, "=a")
    files = {"pyproject.toml": PROJECT, "c.txt": "six<2\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    resolver = resolver_with(tmp_path, f'echo "$@" >> {tmp_path}/calls; exit 2')
    for words in ("", f"--{option}{value} "):
        line = f"PYENV {words}3.9 x pyproject.toml"
        with pytest.raises(ResolverError):
            resolver.resolve(pyenv(line), closure(line, files), TARGET, None, {})
    without, with_option = (tmp_path / "calls").read_text().splitlines()
    folder = re.compile(r"\S*/pyenv-\w+/")
    assert folder.sub("", without) != folder.sub("", with_option)
