"""A lock is used if it fits its PYENV, its platform and the base's libc; otherwise the reasons are given."""

from dataclasses import replace

import pytest
import tomli_w

from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion.libc import Libc
from pyenv_frontend.lock.choice import plan_install
from pyenv_frontend.lock.inputs import lock_inputs
from pyenv_frontend.lock.lockfile import Lock, LockTarget, as_document
from tests.frontend.pyenv.contexts import Files, closure, environment, pyenv

FILES = {"r.txt": "six\n", "c.txt": "six<2\n"}
LINE = "PYENV --constraint=c.txt 3.9 x r.txt"
PACKAGE = {"name": "six", "version": "1.17.0", "wheels": [{"url": "https://index.example/six-1.17.0-py3-none-any.whl"}]}


def lock_text(line=LINE, libc="glibc 2.36", packages=(PACKAGE,)):
    """Return the lock of a PYENV line."""
    target = LockTarget(python="3.9", libc=libc, platforms=("linux/amd64", "linux/arm64"))
    inputs = lock_inputs(environment(line), closure(line, FILES))
    return tomli_w.dumps(as_document(Lock(target=target, inputs=inputs, packages=packages)))


def glibc(minor):
    """Return a C library."""
    return Libc(kind="glibc", version=(2, minor))


def test_a_lock_that_fits_takes_the_place_of_the_requirements():
    """Requirements files and constraints are not inputs of the step, so editing a comment rebuilds nothing."""
    plan = plan_install(environment(LINE), Files(FILES, **{"pylock.x.toml": lock_text()}), platform="linux/arm64")
    assert plan.requirements.inputs == ("pylock.x.toml",)
    assert (plan.pyenv.options.constraints, plan.pyenv.inline, plan.path) == ((), None, "pylock.x.toml")
    assert plan.lock is not None
    assert plan.lock.only_wheels


def test_without_a_lock_nothing_changes():
    """The requirements are unchanged."""
    plan = plan_install(environment(LINE), Files(FILES))
    assert (plan.pyenv, plan.path, plan.lock) == (replace(pyenv(LINE), instruction=plan.pyenv.instruction), "", None)
    assert plan.requirements.inputs == ("c.txt", "r.txt")


@pytest.mark.parametrize(
    ("files", "options", "reason"),
    [
        ({"r.txt": "six>1\n"}, {}, "r.txt changed"),
        ({"c.txt": "six<3\n"}, {}, "c.txt changed"),
        ({}, {"platform": "linux/s390x"}, "it is not for linux/s390x"),
        ({}, {"libc": glibc(28)}, "it is for glibc 2.36, and the base image has glibc 2.28"),
        ({}, {"libc": Libc(kind="musl", version=(0, 0))}, "it is for glibc 2.36, and the base image has musl"),
        ({"pylock.x.toml": "x = 1\n"}, {}, "it was not written by pyenv-frontend lock"),
    ],
)
def test_a_stale_lock_is_not_used_and_has_reasons(files, options, reason):
    """The requirements are installed without the lock."""
    plan = plan_install(environment(LINE), Files({**FILES, "pylock.x.toml": lock_text(), **files}), **options)
    assert (plan.requirements.stale_lock, plan.lock) == (f"pylock.x.toml ({reason})", None)
    assert "r.txt" in plan.requirements.inputs


@pytest.mark.parametrize(
    ("lock", "remedy"),
    [
        (lock_text(), "run pyenv-frontend lock x"),
        ("x = 1\n", "name it in the PYENV (PYENV 3.9 x pylock.x.toml), or move it away"),
    ],
)
def test_what_to_do_about_a_stale_lock(lock, remedy):
    """That of another tool is never overwritten."""
    files = {**FILES, "pylock.x.toml": lock, "r.txt": "six<2\n"}
    assert plan_install(environment(LINE), Files(files)).requirements.lock_remedy == remedy
    with pytest.raises(UserError) as caught:
        plan_install(environment(LINE.replace("PYENV", "PYENV --lock=require")), Files(files))
    assert caught.value.hint == remedy


def test_a_newer_glibc_of_the_base_takes_the_lock():
    """A wheel for an older glibc also works there."""
    assert (
        plan_install(environment(LINE), Files(FILES, **{"pylock.x.toml": lock_text()}), libc=glibc(41)).lock is not None
    )


def test_with_off_no_lock_is_used():
    """`--lock=off` is for builds that must resolve."""
    line = LINE.replace("PYENV", "PYENV --lock=off")
    assert plan_install(environment(line), Files(FILES, **{"pylock.x.toml": lock_text()})).lock is None


def test_another_file_is_taken_by_name():
    """`--lock=FILE` is relative to the build context."""
    line = LINE.replace("PYENV", "PYENV --lock=locks/pylock.any.toml")
    plan = plan_install(environment(line), Files(FILES, **{"locks/pylock.any.toml": lock_text()}))
    assert plan.requirements.inputs == ("locks/pylock.any.toml",)


@pytest.mark.parametrize(
    ("files", "message", "hint"),
    [
        ({}, "the lock pylock.x.toml is not in the build context", "run pyenv-frontend lock x"),
        (
            {"pylock.x.toml": lock_text(), "r.txt": "a\n"},
            "the lock pylock.x.toml does not fit: r.txt changed",
            "lock x",
        ),
    ],
)
def test_a_lock_that_is_required_is_an_error_when_it_is_missing_or_stale(files, message, hint):
    """The error marks the option."""
    line = LINE.replace("PYENV", "PYENV --lock=require")
    with pytest.raises(UserError) as caught:
        plan_install(environment(line), Files({**FILES, **files}))
    assert caught.value.message == message
    assert hint in caught.value.hint
    assert caught.value.headline.startswith("Dockerfile:2:7: ")


def test_a_required_lock_that_dockerignore_excludes_is_reported():
    """The solution is a line in .dockerignore."""
    line = LINE.replace("PYENV", "PYENV --lock=require")
    context = Files({**FILES, "pylock.x.toml": lock_text()}, ignored=["pylock.x.toml"])
    with pytest.raises(UserError, match=r"is left out by \.dockerignore"):
        plan_install(environment(line), context)


def test_a_lock_with_a_local_package_brings_it_along():
    """Its folder, which is relative to the lock, becomes an input of the step."""
    package = {"name": "mine", "directory": {"path": "libs/mine"}}
    context = Files({**FILES, "pylock.x.toml": lock_text(packages=(package,)), "libs/mine/pyproject.toml": ""})
    plan = plan_install(environment(LINE), context)
    assert plan.requirements.inputs == ("pylock.x.toml", "libs/mine/")
    assert plan.lock is not None
    assert not plan.lock.only_wheels


@pytest.mark.parametrize(
    ("option", "groups"),
    [("", ()), ("--group=dev ", ("default", "dev")), ("--group=dev --group=default ", ("default", "dev"))],
)
def test_a_group_of_a_named_lock_comes_on_top_of_its_default_groups(option, groups):
    """Installers drop the default groups if one is named."""
    lock = 'lock-version = "1.0"\ndependency-groups = ["default", "dev"]\ndefault-groups = ["default"]\n'
    plan = plan_install(environment(f"PYENV {option}3.9 x pylock.toml"), Files({"pylock.toml": lock}))
    assert plan.pyenv.options.groups == groups
