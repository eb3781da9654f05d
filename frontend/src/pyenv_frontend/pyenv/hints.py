"""Hints for common mistakes: words that mean something in other tools.

Imported only when an error is reported.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pyenv_frontend.errors import nearest

if TYPE_CHECKING:
    from pyenv_frontend.dockerfile import Document, Instruction

__all__ = ["file_hint", "misspelt", "option_hint", "version_hint"]

_REQUIREMENT: Final = re.compile(r"[A-Za-z0-9][\w.-]*(\[[^\]]*\])?\s*([=<>!~]=|[<>@]).*|[A-Za-z0-9][\w-]*")
_SHELL: Final = frozenset({"&&", "||", "|", "&", ";", ">", ">>"})
_HEREDOC: Final = "put it into a requirements file or a heredoc: PYENV ... <<EOF"

_OPTIONS: Final = {
    "user": "the environment is the stage's USER's: write USER above the PYENV",
    "name": "the name comes after the version: PYENV 3.12 <name>",
    "python": "the version is the first word behind the options: PYENV 3.12 <name>",
    "version": "the version is the first word behind the options: PYENV 3.12 <name>",
    "requirement": "requirements files come after the name: PYENV 3.12 <name> requirements.txt",
    "requirements": "requirements files come after the name: PYENV 3.12 <name> requirements.txt",
    "no-cache": "say it to the build: docker build --no-cache",
    "no-cache-dir": "no cache of an installer gets into the image; leave it out",
    "platform": "write it with FROM, or say it to the build: docker build --platform",
    "index-url": "write it in the requirements file: --index-url https://...",
    "extra-index-url": "write it in the requirements file: --extra-index-url https://...",
    "upgrade": "there is nothing to upgrade: every environment is made anew",
    "chown": "the environment is the stage's USER's: write USER above the PYENV",
    "secret": "write --mount=type=secret,id=...",
}
"""Options of pip, of `docker build` and of other instructions."""

_INSTRUCTIONS: Final = frozenset(
    {
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
        "ONBUILD", "PYENV", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    }
)  # fmt: skip
_DASHES: Final = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
"""The hyphen, and what word processors make of one or two of them."""


def option_hint(name: str) -> str:
    """Suggest what to write for `--name`, which PYENV does not have."""
    return _OPTIONS.get(name, "")


def version_hint(text: str) -> str:
    """Suggest what to write for an invalid version."""
    option = text.lstrip(_DASHES)
    if text.startswith("--") or option == text or not option[:1].isalpha():
        return ""
    return _OPTIONS["requirements"] if option == "r" else f"an option begins with two hyphens: --{option}"


def file_hint(path: str) -> str:
    """Suggest what to write for a missing requirements file."""
    if path.startswith("#"):
        return "a comment takes a line of its own, above the PYENV"
    if path in _SHELL:
        return "PYENV is not a shell command: write what follows as an instruction of its own"
    if re.search(r"[*?\[]", path) and not _REQUIREMENT.fullmatch(path):
        return "patterns are not filled in: name each file"
    return f"if {path} is a package: {_HEREDOC}" if _REQUIREMENT.fullmatch(path) else ""


def misspelt(document: Document) -> list[Instruction]:
    """Instructions that no Dockerfile has and that look like PYENV: the engine would take them for another's.

    Templates of Dockerfiles have all kinds of words there (`}}ENV`, `open`), so they must be very similar.
    """
    unknown = [instruction for instruction in document.instructions if instruction.name not in _INSTRUCTIONS]
    return [instruction for instruction in unknown if nearest(instruction.name[: len("PYENV")], ["PYENV"], cutoff=0.75)]
