"""Python versions: which exist, how long they are maintained, and how one is written in a PYENV."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from packaging.version import InvalidVersion, Version

from pyenv_frontend.language.instruction import PythonVersion
from pyenv_frontend.language.mistake import Mistake, listed

if TYPE_CHECKING:
    from pyenv_frontend.position import Span

__all__ = ["SERIES", "Series", "looks_like_version", "parse_version"]


@dataclass(frozen=True, slots=True)
class Series:
    """One feature release of CPython."""

    minor: str
    end_of_life: date
    """The last day of security fixes (devguide.python.org/versions; for the future, PEP 602's five years)."""

    last: int | None = None
    """The micro number of its last release, once that is out."""


SERIES: Final = {
    series.minor: series
    for series in (
        Series("3.6", date(2021, 12, 23), 15),
        Series("3.7", date(2023, 6, 27), 17),
        Series("3.8", date(2024, 10, 7), 20),
        Series("3.9", date(2025, 10, 31), 25),
        Series("3.10", date(2026, 10, 31)),
        Series("3.11", date(2027, 10, 31)),
        Series("3.12", date(2028, 10, 31)),
        Series("3.13", date(2029, 10, 31)),
        Series("3.14", date(2030, 10, 31)),
        Series("3.15", date(2031, 10, 31)),
    )
}
"""The series that can be asked for by number alone."""

_FORM: Final = re.compile(r"[1-9][0-9]*\.[0-9]+(\.[0-9]+)?(-?(a|b|rc)[0-9]*)?", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)
_EXPECTED: Final = "a version such as 3.12, 3.12.4 or 3.15.0rc1"
_FROM: Final = "a newer or private Python can be had with --from=IMAGE"


def looks_like_version(text: str) -> bool:
    """Whether `text` was meant as a version, right or wrong: `3.8`, `v3.8`, `python3.8`, `310`."""
    return re.fullmatch(r"(python|v)?-?[0-9]+([.,][0-9*x]+)*\S*", text, re.IGNORECASE) is not None and text[:2] != "--"


def parse_version(text: str, span: Span, *, any_series: bool = False) -> PythonVersion:
    """Read a version as written; `any_series` takes one that is not in `SERIES` (the interpreter comes by `--from`).

    Raises:
        Mistake: it is no version, or one that does not exist.
    """
    version = _FORM.fullmatch(text) and _version(text)
    if not version:
        raise Mistake(f"{text!r} is not a Python version", expected=_EXPECTED, hint=_suggest(text))
    minor = f"{version.major}.{version.minor}"
    if not any_series:
        _check_known(text, minor, version)
    series_only = len(version.release) == 2  # major and minor
    return PythonVersion(text=text, minor=minor, full=None if series_only else str(version), span=span)


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _check_known(text: str, minor: str, version: Version) -> None:
    if minor not in SERIES:
        raise Mistake(f"there is no Python {text}", expected=f"one of {listed(SERIES)}", hint=_suggest(text) or _FROM)
    last = SERIES[minor].last
    if last is not None and version.micro > last:
        raise Mistake(f"there is no Python {text}: the last {minor} is {minor}.{last}", hint=f"write {minor}")


def _suggest(text: str) -> str:
    """What was likely meant: a known series inside the text, or those that begin with it."""
    if re.match(r"(python|v)?2(\.|$)", text):
        return "Python 2 has no virtual environments of this kind; write 3.6 or newer"
    found = re.search(r"3\.[0-9]+(\.[0-9]+)?(?![0-9])", text.replace(",", "."))
    if found and found[0] != text and ".".join(found[0].split(".")[:2]) in SERIES:
        return f"write {found[0]}"
    if re.fullmatch(r"3[0-9]{1,2}", text) and f"3.{text[1:]}" in SERIES:
        return f"write 3.{text[1:]}"
    longer = [minor for minor in SERIES if minor.startswith(text)] if _DIGITS.fullmatch(text) else []
    return f"did you mean {listed(longer)}?" if longer else ""
