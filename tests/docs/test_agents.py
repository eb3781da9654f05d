"""The guide for agents and `llms.txt`, compared with the programs that they describe."""

import re

import pytest

from pyenv_frontend.pyenv.options import OPTIONS
from tests.docs.test_blocks import OURS, help_of, option_names
from tools.state import ROOT

GUIDE = (ROOT / "docs/agents.md").read_text()
INDEX = (ROOT / "docs/llms.txt").read_text()
TYPED = [
    words
    for text in (GUIDE, INDEX, *(path.read_text() for path in sorted(ROOT.glob("*/README.md"))))
    for span in re.findall(r"`([^`\n]+)`", text)
    for command in re.findall(r"(?:pyenv-frontend|airflow-venv) [^)'&|]+", span)
    for words in [command.strip('"').split()]
]


@pytest.mark.parametrize("words", TYPED, ids=" ".join)
def test_commands_and_their_options_exist(words):
    """Every command in the text exists and accepts the options that follow it."""
    program, command = words[0], words[1]
    assert program in OURS
    shown = help_of(ROOT / ".venv/bin" / program, command)
    assert option_names(words) <= set(re.findall(r"--[\w-]+", shown))


def test_commands_are_found():
    """The test above must not pass because its pattern matches nothing."""
    typed = {tuple(words[:2]) for words in TYPED}
    assert typed >= {("pyenv-frontend", verb) for verb in ("check", "expand", "local", "lock")}
    assert typed >= {("airflow-venv", verb) for verb in ("doctor", "list")}


def test_the_options_of_pyenv_are_all_there():
    """The guide lists them in the format of the reference."""
    listed = re.findall(r"`(--[^`]+)`", GUIDE.partition("## Recipes")[0])
    options = [usage for usage in listed if usage.partition("=")[0] in {f"--{spec.name}" for spec in OPTIONS}]
    assert options == [spec.usage for spec in OPTIONS]


def test_the_index_has_every_page():
    """The pages of the folder with the rules are covered by a page of their own."""
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    pages = {page for page in pages if not page.startswith("reference/rules/Pyenv")} - {"index.md"}
    assert set(re.findall(r"\]\(([^)#]+)\)", INDEX)) == pages
