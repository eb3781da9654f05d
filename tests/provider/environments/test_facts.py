"""Facts about an environment, read from its files."""

import subprocess
import sys
import venv

import pytest

from airflow_venv.environments import facts as environment


def folder(tmp_path, settings, *distributions, minor="3.8"):
    """Create the files of an environment."""
    site = tmp_path / "lib" / f"python{minor}" / "site-packages"
    site.mkdir(parents=True)
    for name in distributions:
        (site / name).mkdir()
    (tmp_path / "bin").mkdir()
    if settings is not None:
        (tmp_path / "pyvenv.cfg").write_text(settings)
    return str(tmp_path / "bin" / "python")


@pytest.mark.parametrize(
    ("settings", "version"),
    [
        ("home = /x/bin\nversion = 3.8.18\n", (3, 8, 18)),
        ("home=/x/bin\nversion_info=3.8.18.final.0\n", (3, 8, 18)),
        ("home = /x\nversion_info = 3.8\n", (3, 8)),
    ],
)
def test_the_version_is_read_in_every_spelling(tmp_path, settings, version):
    """The standard library, uv and virtualenv use different spellings."""
    assert environment.read(folder(tmp_path, settings)).version == version


def test_packages_are_read_off_the_names_of_folders(tmp_path):
    """Names are normalized as in the packaging standards."""
    python = folder(
        tmp_path,
        "version = 3.8.1\n",
        "Snow_flake.Conn-1.2.dist-info",
        "old-0.1-py3.8.egg-info",
        "pkg",
        "x.dist-info.bak",
    )
    facts = environment.read(python)
    assert facts.packages == {"snow-flake-conn": "1.2", "old": "0.1"}
    assert facts.has("Snow-Flake.conn")
    assert not facts.has("pkg")
    assert facts.is_venv
    assert facts.prefix == str(tmp_path)


def test_facts_of_an_interpreter_without_a_venv_come_from_its_folders(tmp_path):
    """Without a pyvenv.cfg, the only lib folder has the minor version."""
    facts = environment.read(folder(tmp_path, None, "a-1.dist-info", minor="3.11"))
    assert facts.version == (3, 11)
    assert facts.packages == {"a": "1"}
    assert not facts.is_venv


def test_an_interpreter_without_files_has_no_version():
    """The version of an interpreter without any such files is unknown."""
    facts = environment.read("/nowhere/bin/python")
    assert (facts.version, facts.packages, facts.is_venv) == (None, {}, False)


def test_an_environment_with_the_system_s_packages_sees_them_too(tmp_path):
    """The environment's own packages come first."""
    base = tmp_path / "base"
    base.mkdir()
    folder(base, None, "both-1.dist-info", "base-1.dist-info")
    mine = tmp_path / "mine"
    mine.mkdir()
    python = folder(
        mine, f"home = {base}/bin\nversion = 3.8.1\ninclude-system-site-packages = true\n", "both-2.dist-info"
    )
    facts = environment.read(python)
    assert facts.system_site_packages
    assert facts.packages == {"both": "2", "base": "1"}


def test_facts_of_a_real_environment_equal_those_of_its_python(tmp_path):
    """The facts are compared with those of the running interpreter."""
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    python = str(tmp_path / "env" / "bin" / "python")
    command = [python, "-c", "import sys; print(sys.version_info[:3])"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert str(environment.read(python).version) == done.stdout.strip()
    assert environment.read(python).version == sys.version_info[:3]
