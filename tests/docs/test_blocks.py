"""What the pages show to be typed: Dockerfiles are read, commands and their options exist."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.stages.analyze import read
from tests.support.pages import COMMANDS, blocks, typed_lines
from tools import engine
from tools.state import ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
OURS = {"pyenv-frontend", "airflow-venv"}
OTHERS = {
    "airflow", "brew", "cat", "cd", "cp", "export", "git", "hadolint", "mkdir", "pip", "pre-commit", "printf",
    "pyright", "skopeo", "source", "uv", "uvx",
}  # fmt: skip
"""Programs of others, whose options are theirs."""


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of each command that a page shows: those of `bash -c` and `$(...)` too."""
    for block in blocks(page, *COMMANDS):
        for line in typed_lines(block).replace("\\\n", " ").splitlines():
            yield from _split(line)


def _split(line: str) -> Iterator[list[str]]:
    inside = re.search(r"\"\$\((?P<inner>[^)]*)\)\"", line)
    if inside:
        yield from _split(inside["inner"])
        return
    line = re.sub(r"\$\(cat [^)]*\)|<[a-z][^>]*>", "PLACE", line)
    words = shlex.split(re.sub(r">>? *\S+", "", line), comments=True)
    while words:
        end = next((at for at, word in enumerate(words) if word in {"&&", "|", ";"}), len(words))
        command, words = words[:end], words[end + 1 :]
        while command and re.match(r"\w+=", command[0]):
            command.pop(0)
        if command[-2:-1] == ["-c"]:
            yield from _split(command[-1])
            command = command[:-1]
        if command:
            yield command


def option_names(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if word.startswith("--") and word != "--"}


def told(*command: str | Path) -> str:
    return subprocess.run([*command, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout


@EACH_PAGE
def test_dockerfiles_are_right(page: Path):
    """Each is read without an error, and as many environments are found as there are PYENVs."""
    for block in blocks(page, "Dockerfile"):
        text = block.text
        whole = text if re.search(r"^FROM", text, re.MULTILINE) else f"FROM debian\n{text}"
        program = read(parse(whole.encode()))
        assert len(program.environments) == len(re.findall(r"^PYENV ", whole, re.MULTILINE))


@EACH_PAGE
def test_commands_exist(page: Path):
    """Targets of make, commands and options of ours; programs of others are those that a reader may have."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in commands(page):
        program = Path(words[0]).name
        if program == "make":
            assert {word for word in words[1:] if "=" not in word} <= targets, words
        elif program in OURS:
            command = [ROOT / ".venv/bin" / program, *(word for word in words[1:2] if not word.startswith("-"))]
            shown = told(*command)
            assert option_names(words) <= set(re.findall(r"--[\w-]+", shown)), words
        elif words[:3] == ["docker", "buildx", "build"]:
            assert option_names(words) <= buildx_options(), words
        elif program == "python" and words[1:3] != ["-m", "pytest"]:
            assert words[1:2] != ["-m"] or (ROOT / words[2].replace(".", "/")).with_suffix(".py").exists(), words
        else:
            assert program in OTHERS | {"docker", "pytest", "python", "build.sh"}, words


def buildx_options() -> set[str]:
    """Return what `docker buildx build` takes here."""
    here = engine.find()
    if here is None:
        pytest.skip("no engine, so no buildx to ask (make engine)")
    return set(re.findall(r"--[\w-]+", here.run("buildx", "build", "--help")))


def test_commands_are_found():
    """So that the tests above do look at something."""
    shown = [words for page in PAGES for words in commands(page)]
    assert ["pyenv-frontend", "local"] in shown
    assert ["airflow", "dags", "test", "hello"] in shown
    assert len(shown) > 40
