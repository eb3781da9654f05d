"""Generate the stand-alone parser that wheels and the frontend's image have. It needs nothing else of this package.

As a script, it reads a grammar and writes the parser.
"""

from __future__ import annotations

import re
import sys
from io import StringIO

__all__ = ["generate"]


def generate(grammar: str) -> str:
    """Return the source of a module whose class `Lark_StandAlone` parses as lark does with a grammar."""
    from lark import Lark  # noqa: PLC0415 - takes long to import, and only this function needs it
    from lark.tools.standalone import gen_standalone  # noqa: PLC0415 - the same

    out = StringIO()
    gen_standalone(  # type: ignore[no-untyped-call] # lark ships no types for its tools
        Lark(grammar, start="pyenv", parser="lalr"), out=out
    )
    # This saves milliseconds of every start: imports for parsers stored in files and for messages about grammars, and
    # the evaluation of types.
    text = re.sub(
        r"^(import pickle, zlib, base64|import logging|logger[:.].*)\n", "", out.getvalue(), flags=re.MULTILINE
    )
    return f"from __future__ import annotations\n{text}"


if __name__ == "__main__":
    sys.stdout.write(generate(sys.stdin.read()))
