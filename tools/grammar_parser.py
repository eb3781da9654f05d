"""Make the stand-alone parser that the frontend's image carries: `python -m tools.grammar_parser`.

It is written beside the grammar as `_standalone.py`, and not kept in the repository.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from io import StringIO
from pathlib import Path

__all__ = ["generate", "main"]


def generate() -> str:
    """Return the source of a module with a class `Lark_StandAlone` that parses as lark does with `grammar.lark`."""
    from lark import Lark  # noqa: PLC0415 - heavy, and needed by nothing else that imports this module
    from lark.tools.standalone import gen_standalone  # noqa: PLC0415 - the same

    out = StringIO()
    grammar = files("pyenv_frontend.pyenv").joinpath("grammar.lark").read_text("utf-8")
    gen_standalone(  # type: ignore[no-untyped-call] # lark ships no types for its tools
        Lark(grammar, start="pyenv", parser="lalr"), out=out
    )
    # Three milliseconds of every build: what is for parsers that are kept in files, and types that nobody looks at.
    text = out.getvalue().replace("\nimport pickle, zlib, base64\n", "\n")
    return f"from __future__ import annotations\n{text}"


def main() -> None:
    """Write `_standalone.py` beside the grammar."""
    with as_file(files("pyenv_frontend.pyenv")) as folder:
        (Path(folder) / "_standalone.py").write_text(generate(), "utf-8")


if __name__ == "__main__":
    main()
