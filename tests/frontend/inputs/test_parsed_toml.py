"""A lock is parsed once, however many parts of a build read it."""

import tomllib

import pytest
import tomli_w

from pyenv_frontend.inputs import parsed_toml
from pyenv_frontend.lock.choice import plan_install
from pyenv_frontend.lock.inputs import lock_inputs
from pyenv_frontend.lock.lockfile import Lock, LockTarget, as_document
from tests.frontend.pyenv.contexts import Files, closure, environment

LINE = "PYENV 3.9 x r.txt"


@pytest.mark.parametrize(("line", "name"), [(LINE, "pylock.x.toml"), ("PYENV 3.9 x pylock.toml", "pylock.toml")])
def test_a_lock_is_parsed_once(monkeypatch, line, name):
    """It is compared with its inputs, and read for the files that it names and for its packages."""
    target = LockTarget(python="3.9", libc="glibc 2.36", platforms=("linux/amd64",))
    inputs = lock_inputs(environment(LINE), closure(LINE, {"r.txt": "six"}))
    package = {"name": "six", "version": "1.17.0", "wheels": [{"url": "https://h/six-1.17.0-py3-none-any.whl"}]}
    text = tomli_w.dumps(as_document(Lock(target=target, inputs=inputs, packages=(package,))))
    count = 0

    def counted(text):
        nonlocal count
        count += 1
        return original(text)

    original = tomllib.loads
    monkeypatch.setattr(tomllib, "loads", counted)
    parsed_toml.parsed_toml.cache_clear()
    plan = plan_install(environment(line), Files({"r.txt": "six", name: text}), platform="linux/amd64")
    assert (plan.lock or plan.named_lock).packages == (package,)
    assert count == 1
