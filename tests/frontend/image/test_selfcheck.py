"""The messages of the self-check: missing libraries, and how to install them."""

import pytest

from pyenv_image import package_managers, selfcheck

LACKING = "{}: cannot open shared object file: No such file or directory"


@pytest.fixture(autouse=True)
def programs(monkeypatch, tmp_path):
    """Provide a folder that replaces this machine's programs, with those of Debian by default."""
    (tmp_path / "apt-get").touch()
    monkeypatch.setattr(package_managers, "_FOLDERS", (str(tmp_path),))
    return tmp_path


def failing(**failures):
    return selfcheck._explain(failures)


def test_missing_libraries_are_named_with_their_packages():
    """All missing libraries are listed, with one command that installs them."""
    text = failing(
        ssl="libssl.so.3: cannot open shared object file: No such file or directory",
        sqlite3="libsqlite3.so.0: cannot open shared object file: No such file or directory",
    )
    assert "lacks: libsqlite3.so.0, libssl.so.3." in text
    assert "apt-get install -y --no-install-recommends libsqlite3-0 libssl3 &&" in text
    assert "import ssl: libssl.so.3" in text


@pytest.mark.parametrize(
    ("program", "remedy"),
    [
        ("apk", "RUN apk add --no-cache so:libffi.so.8 so:libssl.so.3."),
        ("dnf", "RUN dnf install -y libffi openssl-libs && dnf clean all"),
        ("microdnf", "RUN microdnf install -y libffi openssl-libs && microdnf clean all"),
        ("yum", "RUN yum install -y libffi openssl-libs && yum clean all"),
        ("zypper", "RUN zypper --non-interactive install libffi8 libopenssl3 && zypper clean --all"),
    ],
)
def test_the_remedy_is_of_the_images_package_manager(programs, program, remedy):
    """The commands and package names differ between package managers."""
    (programs / "apt-get").rename(programs / program)
    text = failing(ssl=LACKING.format("libssl.so.3"), ctypes=LACKING.format("libffi.so.8"))
    assert f"lacks: libffi.so.8, libssl.so.3. Before PYENV, add: {remedy}\n" in text


@pytest.mark.parametrize(
    ("program", "library"), [("dnf", "libssl.so.1.1"), ("dnf", "libbz2.so.1.0"), ("none", "libz.so.1")]
)
def test_a_library_without_a_package_has_no_advice(programs, program, library):
    """Without a package manager or a matching package, only the library is named."""
    (programs / "apt-get").rename(programs / program)
    text = failing(ssl=LACKING.format(library))
    assert f"lacks: {library}.\n" in text
    assert "RUN" not in text


def test_a_library_that_is_too_old_needs_another_interpreter():
    """If a library is too old, the advice is to choose another interpreter."""
    text = failing(ssl="/lib/libc.so.6: version `GLIBC_2.38' not found (required by /opt/_ssl.so)")
    assert "GLIBC_2.38 is missing" in text
    assert "PYENV --from=python:" in text


def test_what_cannot_be_explained_is_shown():
    """If the interpreter was built without a module, its own error is shown."""
    assert "import bz2: No module named '_bz2'" in failing(bz2="No module named '_bz2'")


def test_the_running_interpreter_passes():
    """The interpreter that runs the tests has all modules."""
    selfcheck.run()


@pytest.mark.parametrize(
    ("program", "remedy"),
    [("apk", "apk add --no-cache git openssh-client."), ("dnf", "dnf install -y git openssh-clients && dnf clean all")],
)
def test_programs_are_packages_as_well(programs, program, remedy):
    """Those that fetch requirements are installed with the same package managers."""
    (programs / "apt-get").rename(programs / program)
    assert package_managers.remedy_for_programs(["git", "ssh"]) == f" Before PYENV, add: RUN {remedy}"
