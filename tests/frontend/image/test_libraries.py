"""Copying shared libraries: which ones, to which folder, and how the interpreter finds them."""

import struct
from pathlib import Path

import pytest

from pyenv_image import libraries
from pyenv_image.failure import StepError
from pyenv_image.libraries import carry

LOADER = Path("/lib64/ld.so")
RPATH, RUNPATH, NEEDED = 15, 29, 1


def program(loader: Path, *entries: tuple[int, int]) -> bytes:
    """Return a 64-bit program with a loader and dynamic entries, with only the parts of elf(5) that are read."""
    name = str(loader).encode() + b"\0"
    dynamic = b"".join(struct.pack("<QQ", *entry) for entry in (*entries, (0, 0)))
    offset = 64 + 2 * 56
    header = b"\x7fELF\x02\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0
    )
    segments = struct.pack("<IIQQQQQQ", 3, 4, offset, 0, 0, len(name), len(name), 1)
    segments += struct.pack("<IIQQQQQQ", 2, 4, offset + len(name), 0, 0, len(dynamic), len(dynamic), 8)
    return header + segments + name + dynamic


@pytest.fixture(autouse=True)
def _loader(monkeypatch):
    """Replace the loader by one that reports the names in a file; the tests on an engine use a real one."""

    def missing(loader, file):
        assert loader == str(LOADER)
        return [word for word in file.read_text(errors="replace").split() if word.startswith("lib")]

    monkeypatch.setattr(libraries, "_missing", missing)


@pytest.fixture
def prefix(tmp_path):
    """Provide a copied interpreter whose `_ssl` needs libraries."""
    (tmp_path / "prefix/bin").mkdir(parents=True)
    (tmp_path / "prefix/lib/python3.8/lib-dynload").mkdir(parents=True)
    (tmp_path / "prefix/bin/python3.8").write_bytes(program(LOADER, (NEEDED, 7), (RUNPATH, 222)))
    (tmp_path / "prefix/lib/python3.8/lib-dynload/_ssl.so").write_text("libssl.so.1.1 libtk.so")
    return tmp_path / "prefix"


@pytest.fixture
def source(tmp_path):
    """Provide the image that the interpreter comes from."""
    folder = tmp_path / "source/usr/lib/x86_64-linux-gnu"
    folder.mkdir(parents=True)
    (folder / "libssl.so.1.1").write_text("libcrypto.so.1.1")
    (folder / "libcrypto.so.1.1").write_bytes(
        b"\0/usr/lib/ssl/certs\0/usr/lib/ssl/cert.pem\0/usr/lib/ssl/openssl.cnf\0"
    )
    (folder / "libz.so.1").write_text("")
    return tmp_path / "source"


def test_what_is_missing_is_carried_and_what_that_needs(prefix, source, tmp_path):
    """Other libraries are not copied; one that the source lacks as well is reported by the check of the modules."""
    assert carry(prefix, "3.8", source, tmp_path / "root") == ["libcrypto.so.1.1", "libssl.so.1.1"]
    assert sorted(path.name for path in (prefix / "lib").glob("*.so*")) == ["libcrypto.so.1.1", "libssl.so.1.1"]


def test_the_search_path_counts_for_all_libraries(prefix, source):
    """Only one entry of the executable is changed."""
    carry(prefix, "3.8", source)
    assert (prefix / "bin/python3.8").read_bytes() == program(LOADER, (NEEDED, 7), (RPATH, 222))


@pytest.mark.parametrize(
    ("places", "content"),
    [
        (["etc/pki/tls/cert.pem", "etc/pki/tls/certs/x"], b"\0/etc/pki/tls/certs\0/etc/pki/tls/cert.pem\0"),
        (["etc/ssl/certs/x"], b"\0/etc/ssl/certs\0\0\0\0\0/usr/lib/ssl/cert.pem\0"),
        (["usr/lib/ssl/cert.pem", "etc/ssl/cert.pem"], b"\0/usr/lib/ssl/certs\0/usr/lib/ssl/cert.pem\0"),
    ],
)
def test_certificates_are_those_of_the_base(prefix, source, tmp_path, places, content):
    """A copied OpenSSL uses the base's paths; the library's size and its configuration file stay the same."""
    for place in places:
        (tmp_path / "root" / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / place).touch()
    carry(prefix, "3.8", source, tmp_path / "root")
    assert (prefix / "lib/libcrypto.so.1.1").read_bytes() == content + b"/usr/lib/ssl/openssl.cnf\0"


@pytest.mark.parametrize("content", [b"#!/bin/sh\n", program(LOADER, (NEEDED, 7))], ids=["script", "bare"])
def test_another_kind_of_executable_is_refused(prefix, source, content):
    """It would not find the copied libraries."""
    (prefix / "bin/python3.8").write_bytes(content)
    with pytest.raises(StepError, match=r"does not look for libraries beside itself.*--from"):
        carry(prefix, "3.8", source)
