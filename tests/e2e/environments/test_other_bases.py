"""Base images of other distributions, which lack libraries that the official interpreters need."""

import pytest

from tests.support import services

UBI = "redhat/ubi9-minimal:9.6"
AMAZON = "amazonlinux:2023"
PY311 = "python:3.11-slim-bookworm"
# The frontend asks for this image on a base with glibc 2.34; the stand-in has an interpreter of another release.
BULLSEYE = f"--build-context=python:3.11-slim-bullseye=docker-image://{PY311}"
WHEEL = services.wheel_file("local-wheel", "1.0")


@pytest.mark.images(UBI, AMAZON, PY311)
@pytest.mark.parametrize(
    ("base", "carried"),
    [
        (UBI, {"libssl.so.3", "libcrypto.so.3", "libbz2.so.1.0"}),
        (AMAZON, {"libssl.so.3", "libcrypto.so.3", "libbz2.so.1.0", "libffi.so.8", "libsqlite3.so.0"}),
    ],
)
def test_the_interpreter_brings_the_libraries_that_the_base_lacks(build_image, base, carried):
    """Only missing libraries are added, in the interpreter's folder; all modules work, and the base is unchanged."""
    before = build_image(f"FROM {base}\n").files("/usr")
    image = build_image(
        f"FROM {base}\nPYENV --network=none 3.11 a r.txt\n",
        {"r.txt": f"./{WHEEL}\n", WHEEL: services.wheel("local-wheel", "1.0")},
        BULLSEYE,
    )
    after = image.files("/usr")
    assert after.keys() - before.keys() == {"/usr/local/bin/python3.11"}
    assert all(after[path].digest == before[path].digest for path in before)
    libraries = set(image.sh("ls /opt/pyenv/3.11/lib").split())
    assert carried <= libraries
    assert not {"libc.so.6", "libz.so.1", "liblzma.so.5"} & libraries
    code = "import bz2, ctypes, hashlib, lzma, sqlite3, ssl; print(ssl.get_default_verify_paths().cafile)"
    assert image.sh(f"$ASTRO_PYENV_a -c '{code}'") == "/etc/pki/tls/cert.pem\n"
    assert image.sh("$ASTRO_PYENV_a -c 'import ssl; print(len(ssl.create_default_context().get_ca_certs()) > 0)'") == (
        "True\n"
    )


@pytest.mark.images(UBI, PY311)
def test_an_interpreter_of_the_users_choice_brings_nothing(buildx):
    """With `--from`, the error lists the missing libraries and does not suggest packages that would not help."""
    # microdnf has OpenSSL 3, but no package with Debian's name for libbz2.
    log = buildx.fails(f"FROM {UBI}\nRUN : > /usr/bin/microdnf\nPYENV --from={PY311} 3.11 a\n").log
    missing = "needs libraries that this base image lacks: libbz2.so.1.0, libssl.so.3.\n"
    assert missing in log
    assert "import ssl: libssl.so.3: cannot open shared object file" in log
    assert "   4 | >>> PYENV --from=" in log
