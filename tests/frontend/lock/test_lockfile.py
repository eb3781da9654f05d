"""Lock files: the results for all platforms are combined into one file, which can be read back."""

import pytest
import tomli_w
from packaging.pylock import Pylock

from pyenv_frontend.lock.lockfile import (
    Lock,
    LockFormatError,
    LockTarget,
    as_document,
    merge_platforms,
    read_lock_file,
)

TARGET = LockTarget(python="3.9", libc="glibc 2.36", platforms=("linux/amd64", "linux/arm64"))
SDIST = {"url": "https://index.example/a-1.0.tar.gz", "hashes": {"sha256": "1" * 64}}


def package(name, version="1.0", wheels=(), **fields):
    """Return a `[[packages]]` table as written by uv for one platform."""
    tables = [{"url": f"https://index.example/{wheel}", "size": 3, "hashes": {"sha256": "0" * 64}} for wheel in wheels]
    return {"name": name, "version": version, **({"wheels": tables} if tables else {}), **fields}


def test_a_package_of_all_platforms_has_their_wheels_and_no_marker():
    """The wheels are sorted by name, so the same result gives the same bytes."""
    (only,) = merge_platforms(
        {
            "linux/amd64": [package("a", wheels=["a-1.0-cp39-cp39-manylinux_2_17_x86_64.whl"], sdist=SDIST)],
            "linux/arm64": [package("a", wheels=["a-1.0-cp39-cp39-manylinux_2_17_aarch64.whl"], sdist=SDIST)],
        }
    )
    assert [wheel["url"].rpartition("2_17_")[2] for wheel in only["wheels"]] == ["aarch64.whl", "x86_64.whl"]
    assert not {"marker", "sdist"} & only.keys()


@pytest.mark.parametrize("python", ["3.15-rc", "3.15", "3.15.0a2", "3.15.1"])
def test_a_lock_is_for_the_series_of_its_python(python):
    """Also where that is a pre-release."""
    target = LockTarget(python=python, libc="musl", platforms=("linux/amd64",))
    assert as_document(Lock(target=target, inputs={}, packages=()))["requires-python"] == ">=3.15,<3.16"


def test_a_platform_without_a_wheel_keeps_the_source():
    """A package that has to be built on a platform is locked with its source distribution."""
    (only,) = merge_platforms(
        {
            "linux/amd64": [package("a", wheels=["a-1.0-py3-none-manylinux_2_17_x86_64.whl"], sdist=SDIST)],
            "linux/arm64": [package("a", sdist=SDIST)],
        }
    )
    assert only["sdist"] == SDIST
    assert not Lock(target=TARGET, inputs={}, packages=(only,)).only_wheels


def test_a_package_that_one_platform_needs_has_a_marker():
    """Two versions of a package also have markers."""
    merged = merge_platforms(
        {
            "linux/amd64": [package("a", "2", wheels=["a-2-py3-none-any.whl"]), package("only", wheels=["o-1.whl"])],
            "linux/arm64": [package("a", "1", wheels=["a-1-py3-none-any.whl"])],
        }
    )
    assert [(entry["name"], entry["version"], entry.get("marker")) for entry in merged] == [
        ("a", "1", "platform_machine == 'aarch64'"),
        ("a", "2", "platform_machine == 'x86_64'"),
        ("only", "1.0", "platform_machine == 'x86_64'"),
    ]


@pytest.mark.parametrize(
    ("marker", "merged"),
    [
        ("platform_machine == 'aarch64'", "platform_machine == 'aarch64'"),
        ("os_name == 'posix'", "(os_name == 'posix') and (platform_machine == 'aarch64')"),
    ],
)
def test_the_marker_of_a_requirement_for_one_platform(marker, merged):
    """It is not repeated."""
    (only,) = merge_platforms({"linux/amd64": [], "linux/arm64": [package("a", marker=marker)]})
    assert only["marker"] == merged


def test_a_lock_is_valid_and_reads_back():
    """`packaging` accepts the file as a PEP 751 lock, and reading it gives the same values."""
    packages = merge_platforms(
        {platform: [package("a", wheels=["a-1.0-py3-none-any.whl"])] for platform in TARGET.platforms}
    )
    lock = Lock(target=TARGET, inputs={"Python": "3.9", "r.txt": "sha256:00"}, packages=packages)
    document = as_document(lock)
    Pylock.from_dict(document)
    again = read_lock_file(tomli_w.dumps(document).encode())
    assert (again.target, again.inputs, again.only_wheels) == (lock.target, lock.inputs, True)
    assert list(again.packages) == list(packages)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = ", "it is not TOML"),
        ('lock-version = "1.0"\n', "it was not written by pyenv-frontend lock"),
        ("[tool.pyenv-frontend]\nformat = 999\n", "another version of pyenv-frontend"),
        ('[tool.pyenv-frontend]\nformat = 2\npython = "3.9"\n', "is damaged"),
        ("tool = 1\n", "it was not written by pyenv-frontend lock"),
        ("\xff", "it is not TOML"),
    ],
)
def test_a_file_that_is_no_lock_of_ours_is_refused_with_a_reason(text, reason):
    """Locks of other tools or other versions and damaged ones are refused."""
    with pytest.raises(LockFormatError, match=reason):
        read_lock_file(text.encode("latin-1"))
