"""Astro Runtime: an image whose ONBUILD triggers install the project before any PYENV could run.

`FROM astro-runtime:X` copies packages.txt, requirements.txt and then the whole project, so every edit of a DAG would
rebuild every environment. The same image without triggers is `X-base`. With a PYENV in its stage, such a `FROM` becomes
that of the `-base` image, and the work of the triggers is done around the PYENVs:

    system packages (packages.txt) - the stage up to its last PYENV - requirements.txt - the project - the rest

The triggers are those of the image, not a list kept here; triggers for a file that the context does not have are left
out. No other image is changed, nor one that is a `-base` already.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["FILES", "Triggers", "has_triggers", "sort", "spelled"]

FILES = ("packages.txt", "requirements.txt")
"""The files that the triggers copy, which a project need not have."""

_RUNTIME = re.compile(
    r"(?:quay\.io/astronomer/(?:astro-runtime|ap-airflow)|(?:astrocrpublic\.azurecr\.io|images\.astronomer\.cloud)/"
    r"(?:[\w-]+/)?(?:astro-)?runtime):(?P<tag>[\w.+-]+)"
)
_COPY = re.compile(r"(?:COPY|ADD)\s", re.IGNORECASE)
_USER = re.compile(r"USER\s+(\S+)", re.IGNORECASE)
_COMMAND = re.compile(r"(?:RUN|CMD|ENTRYPOINT|HEALTHCHECK|SHELL)\s", re.IGNORECASE)
_WORK = re.compile(r"(?:COPY|ADD|RUN)\s", re.IGNORECASE)


def has_triggers(reference: str) -> bool:
    """Whether an image (expanded) is an Astro Runtime that comes with triggers."""
    match = _RUNTIME.fullmatch(reference)
    return match is not None and not match["tag"].endswith("-base")


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """The triggers of an image as instructions, sorted around the PYENVs of a stage."""

    before: tuple[str, ...]
    """Those after FROM: the system's packages."""

    after: tuple[str, ...]
    """Those after the last PYENV: the project and its requirements."""

    user: str | None
    """The USER that `before` ends with, if it sets one; `after` begins with the same."""


def spelled(trigger: str, escape: str) -> str:
    """Write a trigger for a file with the escape token `escape`; its own is always the backslash.

    Commands for a shell, and JSON, stay as they are; but a backtick at the end would continue the line.
    """
    if escape == "\\":
        return trigger
    if _COMMAND.match(trigger):
        return f"{trigger} #" if trigger.endswith(escape) else trigger
    return re.sub(r"\\(.)|`", lambda match: escape + (match[1] or escape), trigger.removesuffix("\\"), flags=re.DOTALL)


def sort(triggers: Sequence[str], present: Collection[str]) -> Triggers:
    """Sort an image's triggers around the PYENVs.

    Each COPY begins a part, which extends to the next COPY. The parts up to the one of packages.txt are for
    the system; what follows is the project's.

    Args:
        triggers: `OnBuild` of the image's config: instructions without the word ONBUILD.
        present: which of `FILES` the context has.
    """
    parts: list[list[str]] = [[]]
    for trigger in triggers:
        if _COPY.match(trigger):
            parts.append([])
        parts[-1].append(trigger)
    system = max((number for number, part in enumerate(parts) if _copies(part, "packages.txt")), default=0)
    present_parts = [_without_work(part) if _is_absent(part, present) else part for part in parts]
    before = tuple(trigger for part in present_parts[: system + 1] for trigger in part)
    after = tuple(trigger for part in present_parts[system + 1 :] for trigger in part)
    users = [match[1] for match in map(_USER.match, before) if match]
    return Triggers(before=before, after=after, user=users[-1] if users else None)


def _copies(part: Sequence[str], name: str) -> bool:
    return bool(part) and _COPY.match(part[0]) is not None and name in part[0]


def _is_absent(part: Sequence[str], present: Collection[str]) -> bool:
    return any(_copies(part, name) and name not in present for name in FILES)


def _without_work(part: Sequence[str]) -> list[str]:
    """Keep the settings of a part (USER, ENV), which apply to the following parts, too."""
    return [trigger for trigger in part if not _WORK.match(trigger)]
