"""The table of settings has every option and variable of the installers, each in one row."""

import re
import subprocess

import pytest

from pyenv_image.installer_settings import PIP_SETTINGS, UV_SETTINGS, pip_setting
from tools import interpreters

OPTIONS = """\
from pip._internal.commands import create_command
parser = create_command("install").parser
groups = [parser.option_list, *(group.option_list for group in parser.option_groups)]
print(*(name[2:] for group in groups for option in group for name in option._long_opts))
from pip._internal.req.req_file import SUPPORTED_OPTIONS
print(*(option()._long_opts[0][2:] for option in SUPPORTED_OPTIONS))
"""
NEW_IN_PIP_26 = {"build-constraint", "requirements-from-script", "uploaded-prior-to", "all-releases", "only-final"}
PATHS = {"requirement", "constraint", "editable"}
GONE = {
    "global-option",
    "install-option",
    "no-use-pep517",
    "config-setting",
    "source",
    "source-dir",
    "source-directory",
    "require-venv",
    "log-file",
    "local-log",
}
"""Options of older versions of pip, and alternative names of options without a meaning here."""


@pytest.mark.parametrize("version", ["3.8", "3.12", "3.13"])
def test_every_option_of_pip(version):
    """The table has all options of `pip install`, and marks those that a requirements file can have."""
    python = interpreters.find(version) / "bin/python3"
    done = subprocess.run([python, "-W", "ignore", "-c", OPTIONS], capture_output=True, text=True, check=True)
    names, in_files = (set(line.split()) for line in done.stdout.splitlines())
    assert {name for name in names if pip_setting(name) is None} <= GONE
    assert {name for name in in_files - PATHS if not getattr(pip_setting(name), "in_files", False)} <= {"global-option"}


@pytest.mark.parametrize("name", sorted(NEW_IN_PIP_26))
def test_options_of_newer_pips(name):
    """They are in the table, although the pips of this machine's interpreters are older than pip 26."""
    assert pip_setting(name)


def test_every_variable_of_uv():
    """The table has all variables that affect the commands of a step."""
    uv = interpreters.uv()
    texts = [
        subprocess.run([uv, "help", *command.split()], capture_output=True, text=True, check=True).stdout
        for command in ("pip install", "pip check", "sync", "venv")
    ]
    names = {name for text in texts for name in re.findall(r"env: `?(UV_[A-Z_]+)", text)}
    assert len(names) > 40
    assert names <= {setting.name for setting in UV_SETTINGS}


@pytest.mark.parametrize("setting", PIP_SETTINGS, ids=lambda setting: setting.name)
def test_each_setting_of_pip_has_one_treatment(setting):
    """A setting is translated, impossible with uv, not needed by uv, or has no meaning for a PYENV."""
    assert [bool(fate) for fate in (setting.uv, setting.uv_error, setting.uv_unneeded, setting.meaningless)].count(
        True
    ) == 1


def test_no_setting_is_there_twice():
    """Each name has one row."""
    names = [name for setting in PIP_SETTINGS for name in (setting.name, *setting.aliases)]
    assert len(names) == len(set(names))
    names = [setting.name for setting in UV_SETTINGS]
    assert len(names) == len(set(names))
