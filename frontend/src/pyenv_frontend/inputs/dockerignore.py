"""Read `.dockerignore` files, to find which paths they exclude.

Source of truth: moby/patternmatcher, as the Dockerfile reference describes it. The last matching line decides, a
line with `!` includes again, and a matching directory matches with everything in it.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

__all__ = ["DockerIgnore", "parse_dockerignore"]


@dataclass(frozen=True, slots=True)
class DockerIgnore:
    """The patterns of a `.dockerignore` in order, each with whether it includes (`!`)."""

    patterns: tuple[tuple[re.Pattern[str], bool], ...] = ()
    name: str = ".dockerignore"
    """The file's name: that of a Dockerfile's own is `<Dockerfile>.dockerignore`."""

    def ignores(self, path: str) -> bool:
        """Return whether a path, relative to the context, is excluded."""
        parents = path.split("/")
        tried = ["/".join(parents[: count + 1]) for count in range(len(parents))]
        left_out = False
        for pattern, takes_in in self.patterns:
            if left_out is takes_in and any(map(pattern.fullmatch, tried)):
                left_out = not takes_in
        return left_out


def parse_dockerignore(data: bytes, name: str = ".dockerignore") -> DockerIgnore:
    """Read an ignore file. Invalid patterns are skipped, since the engine reports them."""
    patterns: list[tuple[re.Pattern[str], bool]] = []
    for line in data.decode("utf-8-sig", "replace").splitlines():
        text = line.strip()
        if not text or line.startswith("#"):
            continue
        takes_in = text.startswith("!")
        cleaned = posixpath.normpath(text.removeprefix("!").strip()).lstrip("/")
        if cleaned not in {"", "."}:
            try:
                patterns.append((re.compile(_regex(cleaned), re.DOTALL), takes_in))
            except re.error:
                continue
    return DockerIgnore(tuple(patterns), name)


_PIECE = re.compile(r"\*\*/?|\*|\?|\[[^\]]*\]|\\.|.", re.DOTALL)


def _regex(pattern: str) -> str:
    return "".join(map(_translate, _PIECE.findall(pattern)))


def _translate(piece: str) -> str:
    """Translate one piece of a pattern to a regular expression; `*` and `?` stop at `/`, `**` does not."""
    if piece == "**/":
        return "(?:.*/)?"
    if piece.startswith("[") and len(piece) > 1:
        return piece.replace("[!", "[\\!", 1)
    fixed = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return fixed[piece] if piece in fixed else re.escape(piece[-1])
