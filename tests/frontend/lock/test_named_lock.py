"""What one Python on one platform takes of a `pylock.toml` of any program."""

import pytest
import tomli_w

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion.libc import Libc
from pyenv_frontend.lock.choice import plan_install, requirement_inputs
from pyenv_frontend.lock.named_lock import read_named_lock
from pyenv_frontend.stages.analyze import read as read_program
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


def plan(*packages, line="PYENV 3.9 x pylock.toml", platform="linux/amd64", libc=GLIBC):
    """Plan the install of a lock of these packages."""
    text = tomli_w.dumps({"lock-version": "1.0", "packages": [*packages]})
    return plan_install(environment(line), Files({"pylock.toml": text}), platform=platform, libc=libc)


@pytest.mark.parametrize(
    ("wheel", "options", "target"),
    [
        ("a-1-cp310-cp310-manylinux_2_17_x86_64.whl", {}, "linux/amd64 with glibc 2.36"),
        ("a-1-cp39-cp39-manylinux_2_39_x86_64.whl", {}, "linux/amd64 with glibc 2.36"),
        ("a-1-cp39-cp39-manylinux_2_17_x86_64.whl", {"platform": "linux/arm64"}, "linux/arm64 with glibc 2.36"),
        ("a-1-cp39-cp39-manylinux_2_17_x86_64.whl", {"libc": MUSL}, "linux/amd64 with musl"),
        ("a-1-cp39-cp39-win_amd64.whl", {"libc": None}, "linux/amd64"),
    ],
)
def test_a_package_that_cannot_be_installed_is_an_error_at_the_lock(wheel, options, target):
    """The installer would say only that it may not build it."""
    with pytest.raises(UserError) as caught:
        plan(package(ANY, name="b"), package(wheel), **options)
    assert caught.value.message == f"pylock.toml has no wheel of a 1 for Python 3.9 on {target}"
    assert caught.value.headline.startswith("Dockerfile:2:13: ")


@pytest.mark.parametrize(
    ("table", "options"),
    [
        (package("a-1-cp310-cp310-win_amd64.whl", sdist=True), {}),
        (package("a-1-cp310-cp310-win_amd64.whl", marker="sys_platform == 'win32'"), {}),
        (package("a-1-cp310-cp310-win_amd64.whl", marker="'test' in dependency_groups"), {}),
        (package("a-1-cp310-cp310-win_amd64.whl", marker="nonsense"), {}),
        (package("a-1-cp310-cp310-win_amd64.whl"), {"line": "PYENV --from=pypy 3.9 x pylock.toml"}),
        (package("a-1-cp310-cp310-win_amd64.whl"), {"platform": "linux/s390x"}),
        (package("a-1-cp310-cp310-win_amd64.whl"), {"platform": None}),
        (package("nonsense.whl"), {}),
        (package("a-1-cp39-cp39-linux_x86_64.whl"), {}),
        (package("a-1-cp39-cp39-musllinux_1_2_x86_64.whl"), {"libc": MUSL}),
        (package("a-1-cp39-cp39-musllinux_1_2_x86_64.whl"), {"libc": None}),
        (package("a-1-cp39-cp39-manylinux_2_37_x86_64.whl"), {"libc": Libc(kind="glibc", version=(2, 37))}),
    ],
)
def test_a_package_that_may_be_installed_is_no_error(table, options):
    """If in doubt, the installer decides."""
    plan(table, **options)


@pytest.mark.parametrize(
    ("versions", "python", "fits"),
    [
        (">=3.12", "3.11", False),
        ("==3.9.*", "3.9", True),
        (">=3.9.5,<3.10", "3.9", True),
        (">=3.9.5", "3.9.1", False),
        ("<3.14", "3.15-rc", False),
        ("no versions", "3.9", True),
        (3, "3.9", True),
    ],
)
def test_a_lock_for_another_python_is_an_error_at_the_lock(versions, python, fits):
    """The installer would say it without a line of the Dockerfile."""
    lock = tomli_w.dumps({"lock-version": "1.0", "requires-python": versions, "packages": []})
    errors = []
    document = parse(f"FROM a\nPYENV {python} x pylock.toml\n".encode())
    requirement_inputs(read_program(document), Files({"pylock.toml": lock}), report=errors.append)
    message = f"pylock.toml is for Python {versions}, and the PYENV has {python}"
    assert [error.message for error in errors] == ([] if fits else [message])


@pytest.mark.parametrize(
    ("wheel", "count"),
    [
        ("a-1-cp39-cp39-manylinux_2_17_aarch64.whl", 0),
        ("a-1-cp39-cp39-musllinux_1_2_x86_64.whl", 0),
        ("a-1-cp310-cp310-manylinux_2_17_aarch64.whl", 1),
        ("a-1-cp39-cp39-macosx_11_0_arm64.whl", 1),
    ],
)
def test_a_check_reports_what_no_platform_can_install(wheel, count):
    """The platform and the C library of a build are not known there."""
    text = tomli_w.dumps({"lock-version": "1.0", "packages": [package(wheel)]})
    errors = []
    requirement_inputs(
        read_program(parse(b"FROM a\nPYENV 3.9 x pylock.toml\n")), Files({"pylock.toml": text}), report=errors.append
    )
    assert len(errors) == count
    assert all(error.message.endswith("for Python 3.9 on Linux") for error in errors)
