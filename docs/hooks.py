"""What pages take from the programs themselves: `<!-- help: pyenv-frontend local -->` and the matrix of the tests."""

# ruff: noqa: INP001 - a script, and no package
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / ".venv/bin"
_HELP = re.compile(r"<!-- help: (?P<program>[\w-]+)(?P<command>[ \w-]*) -->")
_MATRIX = "<!-- matrix -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in the places of a page; called by MkDocs for each."""
    markdown = _HELP.sub(lambda match: _help(match["program"], match["command"].split()), markdown)
    return markdown.replace(_MATRIX, _matrix()) if _MATRIX in markdown else markdown


def _help(program: str, command: list[str]) -> str:
    done = subprocess.run(
        [PROGRAMS / program, *command, "--help"], capture_output=True, text=True, check=True, env={"COLUMNS": "100"}
    )
    return f"```text\n{done.stdout.rstrip()}\n```"


def _matrix() -> str:
    """Return the releases of Airflow that the tests install, from the tests' own list."""
    sys.path.insert(0, str(ROOT))
    from tests.airflow.installations import RELEASES  # noqa: PLC0415 - found only now

    rows = [f"| {each.version} | {each.python} |" for each in RELEASES]
    return "\n".join(["| Airflow | its own Python in the tests |", "|---|---|", *rows])
