"""Whether a lock fits: the same rule for builds and for `lock --check`."""

import tomllib

import pytest
import tomli_w

from pyenv_frontend.lock.fit import compare, older_libc
from pyenv_frontend.lock.inputs import lock_inputs
from pyenv_frontend.lock.lockfile import Lock, LockTarget, as_document
from tests.frontend.pyenv.contexts import closure, environment

FILES = {"r.txt": "six\n"}
LINE = "PYENV 3.9 x r.txt"


WHEEL = {"url": "https://index.example/six-1.17.0-py3-none-any.whl", "hashes": {"sha256": "5" * 64}}
PACKAGES = tuple({"name": name, "version": "1.17.0", "wheels": [WHEEL]} for name in ("idna", "six"))


def reasons(*, locked="glibc 2.36", platforms=("linux/amd64",), libc="", data=None):
    """Return the reasons why a lock for Debian 12 on amd64 does not fit."""
    inputs = lock_inputs(environment(LINE), closure(LINE, FILES))
    target = LockTarget(python="3.9", libc=locked, platforms=("linux/amd64",))
    text = tomli_w.dumps(as_document(Lock(target=target, inputs=inputs, packages=())))
    data = text.encode() if data is None else data
    return compare(data, environment(LINE), closure(LINE, FILES), platforms=platforms, libc=libc)[1]


@pytest.mark.parametrize(
    ("locked", "libc"),
    [("glibc 2.36", ""), ("glibc 2.36", "glibc 2.36"), ("glibc 2.9", "glibc 2.36"), ("musl", "musl")],
)
def test_a_lock_fits_the_same_and_a_newer_c_library(locked, libc):
    """A wheel for an older glibc works with a newer one."""
    assert reasons(locked=locked, libc=libc) == []


@pytest.mark.parametrize(
    ("locked", "libc"), [("glibc 2.36", "glibc 2.28"), ("glibc 2.36", "musl"), ("musl", "glibc 2.36")]
)
def test_a_lock_does_not_fit_an_older_or_another_c_library(locked, libc):
    """The reason has both C libraries."""
    assert reasons(locked=locked, libc=libc) == [f"it is for {locked}, and the base image has {libc}"]


def test_every_platform_must_be_in_the_lock():
    """Each missing platform is a reason."""
    platforms = ("linux/amd64", "linux/arm64", "linux/s390x")
    assert reasons(platforms=platforms) == ["it is not for linux/arm64", "it is not for linux/s390x"]


@pytest.mark.parametrize("locked", ["glibc", "glibc x", "Debian 12", ""])
def test_a_lock_for_a_c_library_that_is_none_is_damaged(locked):
    """The lock was edited; a build reports this, and installs from the requirements."""
    assert reasons(locked=locked, libc="glibc 2.36") == ["its table [tool.pyenv-frontend] is damaged"]


@pytest.mark.parametrize(
    "packages",
    [
        "'six'",
        "['six']",
        "[{}]",
        "[{name = 1}]",
        "[{name = 'six', wheels = ['x']}]",
        "[{name = 'six', wheels = [{size = '5 MB'}]}]",
    ],
)
def test_a_lock_with_packages_that_are_none_is_damaged(packages):
    """A build treats it in the same way."""
    target = LockTarget(python="3.9", libc="musl", platforms=("linux/amd64",))
    text = tomli_w.dumps(as_document(Lock(target=target, inputs={}, packages=())))
    assert "\npackages = []\n" in text
    damaged = text.replace("\npackages = []\n", f"\npackages = {packages}\n")
    assert reasons(data=damaged.encode()) == ["its [[packages]] are damaged"]


def edited(edit):
    """Return a lock whose packages somebody has edited."""
    inputs = lock_inputs(environment(LINE), closure(LINE, FILES))
    target = LockTarget(python="3.9", libc="glibc 2.36", platforms=("linux/amd64",))
    document = as_document(Lock(target=target, inputs=inputs, packages=PACKAGES))
    content = tomllib.loads(tomli_w.dumps(document))
    edit(content["packages"])
    return tomli_w.dumps(content).encode()


@pytest.mark.parametrize(
    "edit",
    [
        lambda packages: packages.pop(),
        lambda packages: packages[1].update(version="1.16.0"),
        lambda packages: packages[1].update(marker="sys_platform == 'win32'"),
        lambda packages: packages[1].update(directory={"path": "six"}),
        lambda packages: packages[1].update(vcs={"type": "git", "url": "https://a.example/six", "commit-id": "1"}),
        lambda packages: packages.append({"name": "attrs", "version": "1", "wheels": [WHEEL]}),
        lambda packages: packages[1]["wheels"][0].update(size=11050),
        lambda packages: packages[1]["wheels"][0]["hashes"].update(sha256="6" * 64),
    ],
)
def test_packages_that_were_edited_are_noticed(edit):
    """What a merge or an edit has left of a lock may lack what another package needs, or be another package."""
    assert reasons(data=edited(edit)) == ["it was edited"]


@pytest.mark.parametrize(
    "edit",
    [
        lambda _packages: None,
        lambda packages: packages[1]["wheels"][0].update(url="https://mirror.example/six-1.17.0-py3-none-any.whl"),
        lambda packages: packages[1].update(index="https://mirror.example/simple"),
    ],
)
def test_addresses_may_be_edited(edit):
    """A mirror has the same files."""
    assert reasons(data=edited(edit)) == []


@pytest.mark.parametrize(
    ("key", "value"), [("lock-version", "2.0"), ("requires-python", ">=3.12"), ("environments", [])]
)
def test_an_edit_of_what_installers_read_first_is_noticed(key, value):
    """Otherwise the installer would refuse the lock in words of its own."""
    content = tomllib.loads(edited(lambda _packages: None).decode())
    assert reasons(data=tomli_w.dumps({**content, key: value}).encode()) == ["it was edited"]


def test_a_file_that_is_no_lock_of_ours_does_not_fit():
    """Its content is not compared further."""
    assert reasons(data=b"x = 1\n") == ["it was not written by pyenv-frontend lock"]


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [
        ("glibc 2.36", "glibc 2.41", "glibc 2.36"),
        ("glibc 2.41", "glibc 2.36", "glibc 2.36"),
        ("musl", "musl", "musl"),
        ("glibc 2.36", "musl", None),
        ("", "musl", "musl"),
    ],
)
def test_the_c_library_of_a_lock_for_two_stages(one, other, older):
    """It is the older one, whose wheels run with both; there is none for glibc and musl."""
    assert older_libc(one, other) == older
