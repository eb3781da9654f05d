"""The versions of an earlier lock that a new one keeps."""

import tomllib

import pytest
import tomli_w

from pyenv_frontend.lock.lockfile import Lock, LockTarget, as_document
from pyenv_frontend.lock.preferences import Wishes, as_preferences, prefer

TARGET = LockTarget(python="3.9", libc="glibc 2.36", platforms=("linux/amd64", "linux/arm64"))
SIX = {"name": "six", "version": "1.16.0"}
ON_ARM = {"name": "arm-only", "version": "2", "marker": "platform_machine == 'aarch64'"}


def lock(*packages):
    """Return the bytes of a lock."""
    return tomli_w.dumps(as_document(Lock(target=TARGET, inputs={}, packages=packages))).encode()


def versions(packages):
    return {package["name"]: package["version"] for package in packages}


@pytest.mark.parametrize(
    ("platform", "upgrade", "expected"),
    [
        ("linux/amd64", [], {"six": "1.16.0"}),
        ("linux/arm64", [], {"six": "1.16.0", "arm-only": "2"}),
        ("linux/arm64", ["Arm_Only>1"], {"six": "1.16.0"}),
        ("linux/arm64", [""], {}),
    ],
)
def test_a_platform_keeps_its_versions_except_those_to_upgrade(platform, upgrade, expected):
    """Names are compared as indexes do, and an empty `--upgrade` means all packages."""
    wishes = Wishes(upgrade="" in upgrade, upgrade_packages=Wishes.packages(upgrade))
    assert versions(wishes.keep(lock(SIX, ON_ARM), TARGET, platform).values()) == expected


@pytest.mark.parametrize(("python", "limit"), [("3.9", "3.10"), ("3.9.18", "3.9.19"), ("3.15-rc", "3.16")])
def test_markers_are_those_of_the_environment(python, limit):
    """A version that is locked for its release of Python stays, whichever Python makes the lock."""
    target = LockTarget(python=python, libc="glibc 2.36", platforms=("linux/amd64",))
    marker = f"python_full_version < '{limit}' and implementation_name == 'cpython'"
    assert versions(Wishes().keep(lock({**SIX, "marker": marker}), target, "linux/amd64").values()) == {"six": "1.16.0"}


@pytest.mark.parametrize("before", [None, b"<<<<<<< HEAD\n", lock({**SIX, "marker": "python"})])
def test_a_lock_that_cannot_be_read_has_no_versions_to_keep(before):
    """The file may be missing, or have a merge conflict or an invalid marker in it."""
    assert Wishes().keep(before, TARGET, "linux/amd64") == {}


def test_a_version_that_is_new_on_one_platform_is_preferred_on_the_next():
    """All platforms get the same version where they can."""
    old, new = SIX, {**SIX, "version": "1.17.0"}
    other = {"name": "attrs", "version": "24.1.0"}
    previous = {"linux/amd64": {"six": old}, "linux/arm64": {"six": old}}
    assert prefer(previous, {}, "linux/arm64") == [old]
    assert prefer(previous, {"linux/amd64": [old, other]}, "linux/arm64") == [old, other]
    assert prefer(previous, {"linux/amd64": [new]}, "linux/arm64") == [new]


def test_preferences_have_commits_and_folders_but_no_files():
    """Uv would accept no other files than those whose hashes it reads."""
    commit = {"name": "tool", "vcs": {"type": "git", "url": "https://h/tool", "commit-id": "a" * 40}}
    wheel = {**SIX, "wheels": [{"url": "https://h/six.whl", "hashes": {"sha256": "0"}}]}
    assert tomllib.loads(as_preferences([commit, wheel]).decode())["packages"] == [commit, SIX]
