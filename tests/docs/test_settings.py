"""The page of settings lists every variable and option that the programs read."""

import re

import pytest

from airflow_venv.config import OPTIONS
from tools.state import ROOT

PAGE = (ROOT / "docs/reference/settings.md").read_text()


@pytest.mark.parametrize("name", OPTIONS)
def test_options_of_airflow_s_configuration(name):
    """The page also has their defaults."""
    default = OPTIONS[name].default
    assert f"| `{name}` | {f'`{default}`' if default else ''}".rstrip() in PAGE


def test_our_variables_are_documented():
    """All names like PYENV_... or AIRFLOW_VENV_... in the sources are documented, and both variables for colours."""
    sources = [path.read_text() for half in ("frontend", "provider") for path in (ROOT / half / "src").rglob("*.py")]
    names = {name for text in sources for name in re.findall(r"\b(?:PYENV|AIRFLOW_VENV)_[A-Z_]+\b", text)}
    names = {name for name in names if not name.endswith("_")} | {"NO_COLOR", "FORCE_COLOR"}
    assert len(names) > 5
    assert {name for name in names if f"`{name}" not in PAGE} == set()
