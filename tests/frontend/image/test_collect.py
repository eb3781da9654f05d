"""The inputs from the stage for an install that does not run on it."""

import os

import pytest

from pyenv_image import collect as step
from pyenv_image import collected, pip_configuration
from pyenv_image.failure import StepError
from pyenv_image.step_options import CollectOptions
from pyenv_image.times import FIXED_TIME


@pytest.fixture
def collect(tmp_path, monkeypatch):
    """Collect on this machine, for an owner with this process's ids; return the folder."""
    for name in collected.NAMED:
        monkeypatch.delenv(name, raising=False)

    def run(*paths, **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        output, skeleton = tmp_path / "collected", tmp_path / "skeleton"
        output.mkdir()
        skeleton.mkdir()
        user, home = f"{os.getuid()}:{os.getgid()}", str(tmp_path / "home")
        monkeypatch.setattr(pip_configuration, "SYSTEM_FILE", tmp_path / "etc/pip.conf")
        monkeypatch.setattr(step, "_SETTINGS", (str(tmp_path / "etc/pip.conf"),))
        monkeypatch.setattr(os, "chown", lambda *_, **__: None)
        step.run(
            CollectOptions(
                paths=tuple(map(str, paths)) or ("/opt/venv/x",),
                output=str(output),
                user=user,
                home=home,
                skeleton=str(skeleton),
            )
        )
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
        "facts.json",
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


def test_the_folders_above_are_as_on_the_stage(collect, tmp_path):
    """The skeleton has their modes and times; what the install depends on has neither."""
    parent = tmp_path / "above"
    parent.mkdir()
    parent.chmod(0o2775)
    os.utime(parent, (1000000000, 1000000000))
    folder = collect(parent / "missing/x")
    skeleton = tmp_path / "skeleton" / str(parent).lstrip("/")
    assert (skeleton.stat().st_mtime, skeleton.stat().st_mode & 0o7777) == (1000000000, 0o2775)
    new = (skeleton / "missing").stat()
    assert (new.st_mtime, new.st_mode & 0o7777) == (FIXED_TIME, 0o2755)
    assert not (skeleton / "missing/x").exists()
    assert list((folder / "links").iterdir()) == []


def test_the_links_to_a_path(collect, tmp_path):
    """They lead to the same place in the layer as on the stage, also through other links."""
    (tmp_path / "data/home").mkdir(parents=True)
    (tmp_path / "data/homes").symlink_to("home")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/ada").symlink_to("../data/homes")
    folder = collect(tmp_path / "home/ada/x")
    below = str(tmp_path).lstrip("/")
    for root in (tmp_path / "skeleton", folder / "links"):
        links = {
            str(path.relative_to(root / below)): str(path.readlink()) for path in root.rglob("*") if path.is_symlink()
        }
        assert links == {"home/ada": "../data/homes", "data/homes": "home"}
    assert (tmp_path / "skeleton" / below / "data/home").is_dir()


def test_links_that_lead_to_each_other(collect, tmp_path):
    """The error names the path."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(StepError, match="leads through too many links"):
        collect(tmp_path / "a/env/x")


def test_certificates_of_pips_configuration(collect, tmp_path):
    """They are mounted at a place that a variable can name, which overrides the file."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "ca.pem").write_text("certificates\n")
    (tmp_path / "etc/pip.conf").write_text(f"[global]\ncert = {tmp_path}/ca.pem\n")
    folder = collect(PIP_CONFIG_FILE=tmp_path / "etc/pip.conf")
    assert (folder / "install/named/PIP_CERT").read_text() == "certificates\n"
    assert (folder / "install/named/PIP_CONFIG_FILE").is_file()


def test_a_taken_path_is_an_error_of_its_own_install(collect, tmp_path):
    """The other installs that are collected for at once are not concerned."""
    (tmp_path / "venv/x").mkdir(parents=True)
    (tmp_path / "venv/x/mine").touch()
    folder = collect(tmp_path / "venv/x", tmp_path / "venv/y") / "install"
    with pytest.raises(StepError, match=r"venv/x exists and is not an environment"):
        collected.apply(folder, str(tmp_path / "venv/x"))
    assert collected.apply(folder, str(tmp_path / "venv/y")).uid == os.getuid()
