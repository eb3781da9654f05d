"""The inputs from the stage for an install that does not run on it."""

import json
import os

import pytest

from pyenv_image import collect as step
from pyenv_image import collected, layer, pip_configuration
from pyenv_image.step_options import CollectOptions


@pytest.fixture
def collect(tmp_path, monkeypatch):
    """Collect on this machine, for an owner with this process's ids; return the folder."""
    for name in collected.NAMED:
        monkeypatch.delenv(name, raising=False)

    def run(path="/opt/venv/x", **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        output, skeleton = tmp_path / "collected", tmp_path / "skeleton"
        output.mkdir()
        skeleton.mkdir()
        user, home = f"{os.getuid()}:{os.getgid()}", str(tmp_path / "home")
        monkeypatch.setattr(pip_configuration, "SYSTEM_FILE", tmp_path / "etc/pip.conf")
        monkeypatch.setattr(step, "_SETTINGS", (str(tmp_path / "etc/pip.conf"),))
        monkeypatch.setattr(os, "chown", lambda *_: None)
        step.run(CollectOptions(path=str(path), output=str(output), user=user, home=home, skeleton=str(skeleton)))
        return output

    return run


def test_files_that_variables_name_get_no_place_of_their_own(collect, tmp_path):
    """A file such as ld.so.preload cannot get to its own path in the install by being named as a certificate."""
    preload = tmp_path / "etc/ld.so.preload"
    preload.parent.mkdir()
    preload.write_text("/evil.so\n")
    (tmp_path / "etc/pip.conf").write_text("[global]\n")
    folder = collect(SSL_CERT_FILE=preload, SSL_CERT_DIR=preload.parent) / "install"
    below = str(tmp_path).lstrip("/")
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {
        "account.json",
        f"files/{below}/etc/pip.conf",
        "named/SSL_CERT_FILE",
        "named/SSL_CERT_DIR/ld.so.preload",
        "named/SSL_CERT_DIR/pip.conf",
    }


def test_openssl_is_not_configured_by_the_stage():
    """OpenSSL's configuration could load libraries."""
    assert not any(
        place == "/etc/ssl/openssl.cnf" or "/etc/ssl/openssl.cnf".startswith(f"{place}/") for place in step._SETTINGS
    )


def test_the_layer_does_not_depend_on_the_times_of_the_folders_above(collect, tmp_path):
    """The skeleton has these times instead."""
    parent = tmp_path / "above"
    parent.mkdir()
    os.utime(parent, (1000000000, 1000000000))
    parents = json.loads((collect(parent / "x") / "layer/parents.json").read_text())
    assert {about["time"] for about in parents} == {layer.TIME * 10**9}
    skeleton = tmp_path / "skeleton" / str(parent).lstrip("/")
    assert skeleton.stat().st_mtime == 1000000000


def test_certificates_of_pips_configuration(collect, tmp_path):
    """They are mounted at a place that a variable can name, which overrides the file."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "ca.pem").write_text("certificates\n")
    (tmp_path / "etc/pip.conf").write_text(f"[global]\ncert = {tmp_path}/ca.pem\n")
    folder = collect(PIP_CONFIG_FILE=tmp_path / "etc/pip.conf")
    assert (folder / "install/named/PIP_CERT").read_text() == "certificates\n"
    assert (folder / "install/named/PIP_CONFIG_FILE").is_file()
