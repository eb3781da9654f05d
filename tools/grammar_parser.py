"""Generate the stand-alone parser of the frontend's image: `python -m tools.grammar_parser`.

The parser is written to `_standalone.py` in the folder of the grammar. It is not in the repository.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from io import StringIO
from pathlib import Path

__all__ = ["generate", "main"]


def generate() -> str:
    """Return the source of a module whose class `Lark_StandAlone` parses `grammar.lark` as lark does."""
    from lark import Lark  # noqa: PLC0415 - takes long to import, and only this function needs it
    from lark.tools.standalone import gen_standalone  # noqa: PLC0415 - the same

    out = StringIO()
    grammar = files("pyenv_frontend.pyenv").joinpath("grammar.lark").read_text("utf-8")
    gen_standalone(  # type: ignore[no-untyped-call] # lark ships no types for its tools
        Lark(grammar, start="pyenv", parser="lalr"), out=out
    )
    # This saves three milliseconds of every build: imports for parsers stored in files, and the evaluation of types.
    text = out.getvalue().replace("\nimport pickle, zlib, base64\n", "\n")
    return f"from __future__ import annotations\n{text}"


def main() -> None:
    """Write `_standalone.py` to the folder of the grammar."""
    with as_file(files("pyenv_frontend.pyenv")) as folder:
        (Path(folder) / "_standalone.py").write_text(generate(), "utf-8")


if __name__ == "__main__":
    main()
