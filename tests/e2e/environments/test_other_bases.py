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
def test_an_interpreter_of_the_users_choice_has_to_fit(buildx):
    """With `--from`, one that was built for a newer C library is an error, and no library is brought for it."""
    log = buildx.fails(f"FROM {UBI}\n\nPYENV --from={PY311} 3.11 a\n").log
    assert f"/usr/local/bin/python3.11 of {PY311}, which --from names, was built for glibc 2.3" in log
    assert "and the base image of this stage has glibc 2.34" in log
    assert "   4 | >>> PYENV --from=" in log
