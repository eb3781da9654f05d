"""Generate the stand-alone parser of the frontend's image: `python -m tools.grammar_parser`.

The parser is written to `_standalone.py` in the folder of the grammar. It is not in the repository; wheels get theirs
when they are built (`frontend/hatch_build.py`).
"""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from pyenv_frontend import grammar_parser

__all__ = ["generate", "main"]


def generate() -> str:
    """Return the source of a module whose class `Lark_StandAlone` parses `grammar.lark` as lark does."""
    return grammar_parser.generate(files("pyenv_frontend.pyenv").joinpath("grammar.lark").read_text("utf-8"))


def main() -> None:
    """Write `_standalone.py` to the folder of the grammar."""
    with as_file(files("pyenv_frontend.pyenv")) as folder:
        (Path(folder) / "_standalone.py").write_text(generate(), "utf-8")


if __name__ == "__main__":
    main()
