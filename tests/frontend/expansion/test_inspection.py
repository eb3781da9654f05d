"""Facts about a base image, read from its files."""

from fnmatch import fnmatch

import pytest

from pyenv_frontend.expansion.base_image import Interpreter, UserEntry
from pyenv_frontend.expansion.inspection import inspect
from pyenv_frontend.expansion.libc import Libc

BOOKWORM = b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n'
PASSWD = b"root:x:0:0:root:/root:/bin/bash\nairflow:x:50000:0:,,,:/home/airflow:/bin/bash\nbroken\nx:y:z:::\n"


class Files:
    """An image as a dictionary of paths."""

    def __init__(self, **files):
        self.files = files

    def load(self, *_, **__):
        return iter(())

    def read(self, path):
        return self.files.get(path)

    def names(self, folder, pattern):
        paths = (path.removeprefix(f"{folder}/") for path in self.files if path.startswith(f"{folder}/"))
        return sorted(name for name in paths if "/" not in name and fnmatch(name, pattern))


def image(files, **config):
    return inspect("image", Files(**files), **config)


def test_the_release_of_debian_determines_the_libc():
    """For a known release, the library is not read."""
    base = image({"etc/os-release": BOOKWORM})
    assert (base.suite, base.distribution, base.libc) == ("bookworm", "debian", Libc(kind="glibc", version=(2, 36)))


def test_the_library_of_an_unknown_release_is_read():
    """Any distribution with glibc works, since the library contains its version."""
    library = b"\x7fELF\0GNU C Library (GNU libc) stable release version 2.34.\0"
    base = image({"etc/os-release": b"ID=rhel\n", "lib64/libc.so.6": library})
    assert base.libc == Libc(kind="glibc", version=(2, 34))


def test_openssl_is_looked_for_where_the_libc_leaves_it_open():
    """RHEL 9 and Ubuntu 22.04 have OpenSSL 3, and the older one may have been added."""
    library = b"\x7fELF\0GNU C Library (GNU libc) stable release version 2.34.\0"
    files = {"usr/lib64/libc.so.6": library, "usr/lib64/libssl.so.3": b"", "usr/local/lib/libssl.so.1.1": b""}
    assert image(files).openssl == {"libssl.so.3", "libssl.so.1.1"}
    assert image({**files, "etc/os-release": BOOKWORM}).openssl == frozenset()


def test_musl():
    """Alpine is recognized by its loader."""
    base = image({"etc/os-release": b"ID=alpine\n", "lib/ld-musl-x86_64.so.1": b""})
    assert base.libc == Libc(kind="musl", version=(0, 0))


def test_an_image_without_a_libc_is_no_error():
    """An image without a C library is not an error."""
    assert image({}).libc is None


def test_users_are_known_by_name_and_number():
    """Invalid lines of passwd(5) are skipped."""
    accounts = image({"etc/passwd": PASSWD}).accounts
    assert accounts["airflow"] == accounts["50000"] == UserEntry(uid=50000, gid=0, home="/home/airflow")
    assert set(accounts) == {"root", "0", "airflow", "50000"}


def test_interpreters_are_found_where_path_looks_below_usr():
    """The first one in PATH is used; homes and /opt are not searched, since they may have many environments."""
    env = {"PATH": "/home/airflow/.local/bin:/opt/x/bin:/usr/python/bin:/usr/bin", "PYTHON_VERSION": "3.12.1"}
    files = {
        "home/airflow/.local/bin/python3.12": b"", "opt/x/bin/python3.9": b"", "usr/python/bin/python3.12": b"",
        "usr/python/bin/python3.12-config": b"", "usr/bin/python3.12": b"", "usr/bin/python3.11": b"",
        "usr/local/bin/python3.10": b"", "usr/bin/python3": b"",
    }  # fmt: skip
    assert image(files, env=env, series=frozenset({"3.12", "3.11"})).interpreters == {
        "3.12": Interpreter(path="/usr/python/bin/python3.12", version="3.12.1"),
        "3.11": Interpreter(path="/usr/bin/python3.11", version=None),
        "3.10": Interpreter(path="/usr/local/bin/python3.10", version=None),
    }


def test_an_interpreter_of_an_earlier_build_is_used_where_it_is():
    """An image with PYENVs may be a base image; what else is below `/opt/pyenv` has other names."""
    header = b'#define PY_VERSION "3.11.7"\n'
    files = {
        "opt/pyenv/3.11": b"", "opt/pyenv/3.11/include/python3.11/patchlevel.h": header, "opt/pyenv/versions": b"",
        "opt/pyenv/3.11.2": b"", "opt/pyenv/3.10.1": b"", "usr/local/bin/python3.11": b"",
        "usr/local/bin/python3.12": b"",
    }  # fmt: skip
    assert image(files, env={"PYTHON_VERSION": "3.11.9"}, series=frozenset({"3.11"})).interpreters == {
        "3.11": Interpreter(path="/opt/pyenv/3.11/bin/python3.11", version="3.11.7"),
        "3.12": Interpreter(path="/usr/local/bin/python3.12", version=None),
        "3.10": Interpreter(path="/opt/pyenv/3.10.1/bin/python3.10", version=None),
    }


def test_headers_contain_the_exact_version():
    """They are used if no variable has the version."""
    header = b'#define PY_MAJOR_VERSION 3\n#define PY_VERSION      \t"3.10.13"\n'
    files = {"usr/local/bin/python3.10": b"", "usr/local/include/python3.10/patchlevel.h": header}
    assert image(files, series=frozenset({"3.10"})).interpreters["3.10"].version == "3.10.13"
    assert image(files).interpreters["3.10"].version is None


@pytest.mark.parametrize(("stated", "user"), [("", "root"), ("airflow", "airflow"), ("50000:0", "50000:0")])
def test_no_user_is_root(stated, user):
    """An image without USER runs as root."""
    assert image({}, user=stated).user == user
