"""The code blocks of the pages: Dockerfiles can be read, and commands and their options exist."""

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
"""Third-party programs, whose options are not checked."""


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of each command on a page, including commands within `bash -c` and `$(...)`."""
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


def help_of(*command: str | Path) -> str:
    return subprocess.run([*command, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout


@EACH_PAGE
def test_dockerfiles_are_right(page: Path):
    """Each can be read without an error, and each PYENV gives an environment."""
    for block in blocks(page, "Dockerfile"):
        text = block.text
        whole = text if re.search(r"^FROM", text, re.MULTILINE) else f"FROM debian\n{text}"
        program = read(parse(whole.encode()))
        assert len(program.environments) == len(re.findall(r"^PYENV ", whole, re.MULTILINE))


@EACH_PAGE
def test_commands_exist(page: Path):
    """This checks make targets and our own commands with their options; other programs must be common ones."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in commands(page):
        program = Path(words[0]).name
        if program == "make":
            assert {word for word in words[1:] if "=" not in word} <= targets, words
        elif program in OURS:
            command = [ROOT / ".venv/bin" / program, *(word for word in words[1:2] if not word.startswith("-"))]
            shown = help_of(*command)
            assert option_names(words) <= set(re.findall(r"--[\w-]+", shown)), words
        elif words[:3] == ["docker", "buildx", "build"]:
            assert option_names(words) <= buildx_options(), words
        elif program == "python" and words[1:3] != ["-m", "pytest"]:
            assert words[1:2] != ["-m"] or (ROOT / words[2].replace(".", "/")).with_suffix(".py").exists(), words
        else:
            assert program in OTHERS | {"docker", "pytest", "python", "build.sh"}, words


def buildx_options() -> set[str]:
    """Return the options of `docker buildx build` on this machine."""
    here = engine.find()
    if here is None:
        pytest.skip("no engine, so no buildx to ask (make engine)")
    return set(re.findall(r"--[\w-]+", here.run("buildx", "build", "--help")))


def test_commands_are_found():
    """The tests above must not pass because no commands are found."""
    shown = [words for page in PAGES for words in commands(page)]
    assert ["pyenv-frontend", "local"] in shown
    assert ["airflow", "dags", "test", "hello"] in shown
    assert len(shown) > 40
