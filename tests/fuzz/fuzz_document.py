"""Coverage-guided fuzzing: `python tests/fuzz/fuzz_document.py [libFuzzer's options] [corpus ...]`.

An input may only raise our own error, and no byte may be lost. The corpora under `tests` are suitable seeds.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))

with atheris.instrument_imports(include=["pyenv_frontend"]):
    from pyenv_frontend.dockerfile import parse, words
    from pyenv_frontend.errors import UserError

from tests.property.laws import ask_everything

VARIABLES = {"A": "aaa", "EMPTY": "", "V": "1.2.3.tar.gz"}


def one_input(data: bytes) -> None:
    """Read a file, use all properties of the document, and expand each of its words."""
    try:
        document = parse(data)
    except UserError as error:
        error.format()
        return
    ask_everything(document)
    for instruction in document.instructions:
        for word in (*words.split(instruction.arguments, document.escape), instruction.arguments):
            expand(word, document.escape)
        for heredoc in instruction.heredocs:
            try:
                words.expand_heredoc(heredoc.body, VARIABLES.get)
            except UserError as error:
                error.format()


def expand(word, escape: bytes) -> None:
    """Expand a word, or format the error."""
    try:
        words.expand(word, VARIABLES.get, escape)
    except UserError as error:
        error.format()


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
