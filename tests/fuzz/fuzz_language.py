"""Coverage-guided fuzzing: `python tests/fuzz/fuzz_language.py [libFuzzer's options] [corpus ...]`.

The input is a Dockerfile, followed by a line `---8<---` and the content of every file in the build context. It may
only raise our own errors, each with a valid location.
"""

import sys
from datetime import date
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))

with atheris.instrument_imports(include=["pyenv_frontend"]):
    from pyenv_frontend.dockerfile import parse
    from pyenv_frontend.errors import UserError
    from pyenv_frontend.inputs.pyproject import read_lock, read_project
    from pyenv_frontend.inputs.resolve import resolve_inputs
    from pyenv_frontend.inputs.uv_lock import local_packages
    from pyenv_frontend.lint.linter import lint_pyenvs
    from pyenv_frontend.stages.analyze import Settings, read

CUT = b"\n---8<---\n"
TODAY = date(2026, 11, 1)


class OneText:
    """A build context in which every file has the same content."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def read(self, path: str) -> bytes:
        """Return the content for any path."""
        del path
        return self.text

    def exists(self, path: str) -> bool:
        """Return True: every path exists."""
        del path
        return True

    def names(self, folder: str) -> tuple[str, ...]:
        """Return the same few names for each folder."""
        return ("a", "pyproject.toml") if folder.count("/") < 2 else ()

    def link_target(self, path: str) -> str:
        """Return an empty target: there are no links."""
        del path
        return ""

    def ignored_by(self, path: str) -> str:
        """Return an empty text: nothing is ignored."""
        del path
        return ""


def one_input(data: bytes) -> None:
    """Read a Dockerfile, resolve its requirements, and apply the rules."""
    dockerfile, _, text = data.partition(CUT)
    try:
        document = parse(dockerfile)
    except UserError as error:
        error.format()
        return
    errors: list[UserError] = []
    program = read(document, Settings(build_args={"V": "3.9"}), report=errors.append)
    closures = []
    for environment in program.environments[:4]:
        try:
            closures.append(resolve_inputs(environment.pyenv, OneText(text)))
        except UserError as error:
            errors.append(error)
            closures.append(None)
    closures += [None] * (len(program.environments) - len(closures))
    for advice in lint_pyenvs(program, closures, today=TODAY):
        assert advice.text
    for error in errors:
        assert error.locations
        error.format()
    for reader in (read_lock, read_project, lambda lock: local_packages(lock, "a", ["b"], ["c"])):
        try:
            reader(text)
        except ValueError:
            continue


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
