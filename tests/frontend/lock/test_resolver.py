"""Resolving for a lock; with a program in place of uv, since this is about what is made of its answer."""

import pytest

from pyenv_frontend.lock.lockfile import LockTarget
from pyenv_frontend.lock.resolver import Resolver, ResolverError, Wishes
from tests.frontend.pyenv.contexts import closure, pyenv

LINE = "PYENV 3.9 x r.txt"


def test_the_error_of_an_installer_hides_passwords(tmp_path):
    """As in a build: a lock is often made by a job whose log others read."""
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho 'error: https://u:secret@h/a.whl is gone' >&2\nexit 2\n")
    uv.chmod(0o755)
    (tmp_path / "r.txt").write_text("six\n")
    target = LockTarget(python="3.9", libc="glibc 2.36", platforms=("linux/amd64",))
    resolver = Resolver(uv=uv, context=tmp_path, wishes=Wishes())
    with pytest.raises(ResolverError, match=r"^error: https://u:\*\*\*\*@h/a\.whl is gone$"):
        resolver.resolve(pyenv(LINE), closure(LINE, {"r.txt": "six\n"}), target, None, {})
