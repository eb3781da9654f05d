"""What one Python on one platform takes of a `pylock.toml` of any program."""

import pytest
import tomli_w

from pyenv_frontend.expansion.libc import Libc
from pyenv_frontend.lock.choice import plan_install
from pyenv_frontend.lock.named_lock import read_named_lock
from tests.frontend.pyenv.contexts import Files, environment, pyenv

GLIBC = Libc(kind="glibc", version=(2, 36))
MUSL = Libc(kind="musl", version=(0, 0))
ANY = "a-1-py3-none-any.whl"


def package(*wheels, name="a", sdist=False, **more):
    """Return the table of a package."""
    table = {"name": name, "version": "1", **more}
    if sdist:
        table["sdist"] = {"url": f"https://x/{name}-1.tar.gz"}
    return table | ({"wheels": [{"url": f"https://x/{wheel}"} for wheel in wheels]} if wheels else {})


def read(*packages, python="3.9", platform="linux/amd64", libc=GLIBC):
    """Read a lock of these packages."""
    data = tomli_w.dumps({"lock-version": "1.0", "packages": [*packages]}).encode()
    return read_named_lock(data, pyenv(f"PYENV {python} x pylock.toml").version, platform, libc)


@pytest.mark.parametrize(
    ("wheel", "options"),
    [
        (ANY, {}),
        ("a-1-py2.py3-none-any.whl", {"libc": None}),
        ("a-1-cp39-cp39-manylinux_2_28_x86_64.whl", {}),
        ("a-1-cp39-cp39-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", {}),
        ("a-1-cp37-abi3-manylinux1_x86_64.whl", {"python": "3.9.18"}),
        ("a-1-cp37-cp37m-manylinux2010_x86_64.whl", {"python": "3.7"}),
        ("a-1-cp39-cp39-manylinux_2_17_aarch64.whl", {"platform": "linux/arm64/v8"}),
        ("a-1-cp39-cp39-musllinux_1_1_x86_64.whl", {"libc": MUSL}),
    ],
)
def test_a_package_with_a_wheel_that_fits_is_not_built(wheel, options):
    """The source distribution beside it is not used, as in a lock of `uv export`."""
    assert read(package(wheel, sdist=True), **options).to_build == ""


@pytest.mark.parametrize(
    ("wheel", "options"),
    [
        ("a-1-cp310-cp310-manylinux_2_17_x86_64.whl", {}),
        ("a-1-cp310-abi3-manylinux_2_17_x86_64.whl", {}),
        ("a-1-cp39-cp39-manylinux_2_39_x86_64.whl", {}),
        ("a-1-cp39-cp39-manylinux_2_17_aarch64.whl", {}),
        ("a-1-cp39-cp39-musllinux_1_1_x86_64.whl", {}),
        ("a-1-cp39-cp39-manylinux_2_17_x86_64.whl", {"libc": None}),
        ("a-1-cp39-cp39-manylinux_2_17_x86_64.whl", {"libc": MUSL}),
        ("a-1-cp39-cp39-macosx_11_0_arm64.whl", {}),
        ("nonsense.whl", {}),
    ],
)
def test_a_package_without_a_wheel_that_fits_may_have_to_be_built(wheel, options):
    """A lock that has nothing but wheels never builds, so the installer has the last word there."""
    assert read(package(wheel, sdist=True), **options).to_build == "a"
    assert read(package(wheel), **options).to_build == ""


def test_a_package_without_wheels_has_to_be_built():
    """This includes repositories and folders."""
    assert read(package(ANY), package(name="b", vcs={"type": "git"})).to_build == "b"


@pytest.mark.parametrize(
    ("marker", "count"),
    [
        ("sys_platform == 'win32'", 0),
        ("python_version >= '3.10'", 0),
        ("python_full_version >= '3.9.5'", 1),
        ("platform_machine == 'aarch64'", 0),
        ("'test' in dependency_groups", 1),
        ("nonsense", 1),
    ],
)
def test_packages_for_something_else_are_left_out(marker, count):
    """In case of doubt, a package may be installed."""
    lock = read(package(name="b", sdist=True, marker=marker))
    assert (len(lock.packages), bool(lock.to_build)) == (count, bool(count))


@pytest.mark.parametrize("data", [b"<", b"packages = 1", b"[[packages]]\n", b"\xff"])
def test_what_is_no_lock_is_left_to_the_installer(data):
    """Its message has the reason."""
    assert read_named_lock(data, pyenv("PYENV 3.9 x pylock.toml").version, "linux/amd64", GLIBC) is None


@pytest.mark.parametrize(
    ("line", "is_read"),
    [
        ("PYENV 3.9 x pylock.toml", True),
        ("PYENV --lock=off 3.9 x pylock.toml", True),
        ("PYENV --installer=pip 3.9 x pylock.toml r.txt", False),
        ("PYENV --installer=pip --constraint=r.txt 3.9 x pylock.toml", False),
        ("PYENV --installer=pip 3.9 x pylock.toml <<EOF\nb\nEOF", False),
    ],
)
def test_a_lock_that_is_the_only_requirement_is_read(line, is_read):
    """Other requirements would be resolved beside it."""
    text = tomli_w.dumps({"lock-version": "1.0", "packages": [package(ANY)]})
    files = Files({"pylock.toml": text, "r.txt": ""})
    plan = plan_install(environment(line), files, platform="linux/amd64", libc=GLIBC)
    assert (plan.named_lock is not None) is is_read
    assert plan.lock is None
