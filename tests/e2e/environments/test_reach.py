"""How an install reaches its index: through a proxy, with a password of a keyring, by the certificates of the stage."""

import hashlib
from urllib.parse import urlsplit

import pytest

from tests.e2e.environments.test_install import PY311, installed
from tests.support import services

PY312 = "python:3.12-slim-bookworm"
WHEELS = services.wheels(("local-wheel", "1.0"))
(FILE,) = WHEELS
USER, PASSWORD = "u", "pa55w0rd-of-the-keyring"
KEYRING = f"""#!/bin/sh
case "$*" in
    *json*) echo '{{"username": "{USER}", "password": "{PASSWORD}"}}' ;;
    *get*) echo {PASSWORD} ;;
esac
"""
UNSET = "ENV SSL_CERT_FILE= PIP_CERT= REQUESTS_CA_BUNDLE=\n"
"""What base images that are stand-ins may have set for this machine."""

pytestmark = pytest.mark.images(PY311, PY312)


def lock(index):
    """Return a lock of the wheel, whose environment is not installed on its stage."""
    address = index.replace("/simple/", f"/files/{FILE}")
    digest = hashlib.sha256(WHEELS[FILE]).hexdigest()
    return (
        'lock-version = "1.0"\ncreated-by = "tests"\n[[packages]]\nname = "local-wheel"\nversion = "1.0"\n'
        f'wheels = [{{ url = "{address}", hashes = {{ sha256 = "{digest}" }} }}]\n'
    )


def requirements(index, way):
    """Return the words of a PYENV, and its files."""
    if way == "a lock":
        return "3.12 a pylock.toml", {"pylock.toml": lock(index)}
    return f"--installer={way} 3.11 a r.txt", {
        "r.txt": f"--index-url {index}\n--trusted-host packages.invalid\nlocal-wheel==1.0\n"
    }


@pytest.mark.parametrize(("way", "setting"), [("uv", "build-arg"), ("pip", "build-arg"), ("a lock", "ENV")])
def test_through_a_proxy(build_image, way, setting):
    """No other way leads to the index: its host has no address."""
    with (
        services.package_index(WHEELS) as url,
        services.forward_proxy(f"http://{urlsplit(url).netloc}") as (proxy, urls),
    ):
        index = f"http://packages.invalid{urlsplit(url).path}"
        words, files = requirements(index, way)
        before = f"ENV HTTP_PROXY={proxy} http_proxy={proxy}\n" if setting == "ENV" else ""
        arguments = [] if before else [f"--build-arg=HTTP_PROXY={proxy}", f"--build-arg=http_proxy={proxy}"]
        image = build_image(f"FROM {PY311}\n{before}PYENV {words}\n", files, *arguments)
    assert installed(image)["local-wheel"] == "1.0"
    assert any(path.endswith(FILE) for path in urls)


@pytest.mark.parametrize("way", ["uv", "pip", "a lock"])
def test_with_a_password_of_a_keyring(build_image, way):
    """The program `keyring` of the stage is asked, and what it answers is in no layer and in no log."""
    with services.package_index(WHEELS, user=USER, password=PASSWORD) as url:
        words, files = requirements(url.replace("://", f"://{USER}@"), way)
        image = build_image(
            f"FROM {PY311}\nCOPY --chmod=755 keyring /usr/local/bin/keyring\n"
            f"ENV UV_KEYRING_PROVIDER=subprocess PIP_KEYRING_PROVIDER=subprocess\nPYENV {words}\n",
            {**files, "keyring": KEYRING},
        )
    assert installed(image)["local-wheel"] == "1.0"
    assert PASSWORD not in image.log


@pytest.mark.parametrize(
    ("way", "setting"),
    [
        ("uv", "ENV SSL_CERT_FILE=/ca.pem"),
        ("uv", "COPY pip.conf /etc/pip.conf"),
        ("pip", "COPY pip.conf /etc/pip.conf"),
        ("a lock", "ENV SSL_CERT_FILE=/ca.pem"),
        ("a lock", "COPY pip.conf /etc/pip.conf"),
    ],
)
def test_by_the_certificates_of_the_stage(build_image, tmp_path, way, setting):
    """The index has a certificate of an authority that only the stage knows."""
    context = services.authority(tmp_path)
    with services.package_index(WHEELS, tls=context) as url:
        words, files = requirements(url, way)
        image = build_image(
            f"FROM {PY311}\nCOPY ca.pem /ca.pem\n{UNSET}{setting}\nPYENV {words}\n",
            {**files, "ca.pem": (tmp_path / "ca.pem").read_text(), "pip.conf": "[global]\ncert = /ca.pem\n"},
        )
    assert installed(image)["local-wheel"] == "1.0"
