"""Python versions: which exist, how long they are maintained, and how one is written in a PYENV."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from pyenv_frontend.pyenv.instruction import PythonVersion
from pyenv_frontend.pyenv.invalid_value import InvalidValue, any_of

if TYPE_CHECKING:
    from pyenv_frontend.positions import Span

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
"""The series that can be used by their number alone."""

_OLDEST: Final = (3, 7)
"""The oldest series: the build steps are written for it, and older images cannot be moved to a prefix of their own."""

_MOST_RELEASES: Final = 40
"""More than the releases of any series: bug fixes every two months for two years, security fixes for three more."""

_FORM: Final = re.compile(r"[1-9][0-9]*\.[0-9]+(\.[0-9]+)?(-?(a|b|rc)[0-9]*)?", re.ASCII)
_NUMBERS: Final = re.compile(r"([0-9]+)\.([0-9]+)(?:\.([0-9]+))?", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)
_EXPECTED: Final = "a version such as 3.12, 3.12.4 or 3.15.0rc1"
_FROM: Final = "for a newer or private Python, use --from=IMAGE"


def looks_like_version(text: str) -> bool:
    """Whether `text` was meant as a version, right or wrong: `3.8`, `v3.8`, `python3.8`, `310`."""
    return re.fullmatch(r"(python|v)?-?[0-9]+([.,][0-9*x]+)*\S*", text, re.IGNORECASE) is not None and text[:2] != "--"


def parse_version(text: str, span: Span, *, any_series: bool = False) -> PythonVersion:
    """Read a version as written; `any_series` takes one that is not in `SERIES` (the interpreter comes by `--from`).

    Raises:
        InvalidValue: it is not a version, or does not exist.
    """
    if not _FORM.fullmatch(text):
        from pyenv_frontend.pyenv.hints import version_hint  # noqa: PLC0415 - only needed on the way to an error

        hint = version_hint(text) or _suggest(text)
        raise InvalidValue(f"{text!r} is not a Python version", expected=_EXPECTED, hint=hint)
    numbers = _NUMBERS.match(text)
    major, minor, micro = numbers.groups() if numbers else ("", "", None)
    series = f"{int(major)}.{int(minor)}"
    if not any_series:
        _check_known(text, series, None if micro is None else int(micro))
    if (int(major), int(minor)) < _OLDEST:
        raise _too_old(text)
    return PythonVersion(text=text, minor=series, full=None if micro is None else _normal(text), span=span)


def _normal(text: str) -> str:
    """Return PEP 440's normal form; `packaging`, which takes 8 ms to import, is only asked about pre-releases."""
    if _DIGITS.fullmatch(text):
        return ".".join(str(int(part)) for part in text.split("."))
    from packaging.version import Version  # noqa: PLC0415

    return str(Version(text))


def _too_old(text: str) -> InvalidValue:
    hint = "for an older one, install it in the image yourself and name its python in the task"
    return InvalidValue(f"Python {text} is too old", expected="{}.{} or newer".format(*_OLDEST), hint=hint)


def _check_known(text: str, series: str, micro: int | None) -> None:
    if series in {"3.2", "3.3", "3.4", "3.5", "3.6"}:  # 3.1 is more likely cut short
        raise _too_old(text)
    if series not in SERIES:
        raise InvalidValue(
            f"there is no Python {text}", expected=f"one of {any_of(SERIES)}", hint=_suggest(text) or _FROM
        )
    last = SERIES[series].last
    if micro is None or micro <= (_MOST_RELEASES if last is None else last):
        return
    reason = (
        f"no series has as many as {_MOST_RELEASES} releases"
        if last is None
        else f"the last {series} is {series}.{last}"
    )
    raise InvalidValue(f"there is no Python {text}: {reason}", hint=f"write {series}")


def _suggest(text: str) -> str:
    """Return what was likely meant: a known series inside the text, or those that begin with it."""
    if re.match(r"(c?python|py|cp|v)?2(\.|7|$)", text, re.IGNORECASE):
        return "Python 2 is too old; write {}.{} or newer".format(*_OLDEST)
    # 3,9 and 3-9, and then py39, python39, cp39-cp39, v39 and 39
    dotted = re.sub(r"(?<=[0-9])[,_\-\u00b7.]+(?=[0-9])", ".", text)
    match = re.search(r"(?<![1-9])3\.[0-9]+(\.[0-9]+)?(?![0-9])", dotted)
    if match and match[0] != text and ".".join(match[0].split(".")[:2]) in SERIES:
        return f"write {match[0]}"
    match = re.match(r"[a-z]*[-:=@ ]?3([0-9]{1,2})(?![0-9])", text, re.IGNORECASE)
    if match and f"3.{match[1]}" in SERIES:
        return f"write 3.{match[1]}"
    text = re.sub(r"^(c?python|py|cp|v)[-:=@ ]?(?=[0-9])", "", text, flags=re.IGNORECASE)
    if text.lower() in {"3.x", "3.*", "latest", "stable"}:
        return f"write the series itself, {any_of(SERIES)}"
    longer = [minor for minor in SERIES if minor.startswith(text)] if _DIGITS.fullmatch(text) else []
    return f"did you mean {any_of(longer)}?" if longer else ""
