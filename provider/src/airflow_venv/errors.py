"""Every error that the provider raises to a user, apart from those that derive from Airflow's. A leaf module."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AbandonedError",
    "BrokenEnvironmentError",
    "ContextError",
    "SourceError",
    "TransferError",
    "UnknownEnvironmentError",
    "UnknownProgramError",
    "UsageError",
    "VenvError",
    "did_you_mean",
]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the question that suggests the nearest of the known names; empty if none is near."""
    import difflib  # noqa: PLC0415 - needed only for an error

    folded = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), folded, n=1)
    return f"Did you mean {folded[close[0]]!r}?" if close else ""


class VenvError(Exception):
    """The root of all errors of this package."""


class UnknownEnvironmentError(VenvError, ValueError):
    """No `ASTRO_PYENV_*` variable names an environment of that name."""

    def __init__(self, name: str, known: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.name = name
        self.known = known
        """The names of the environments that exist here."""


class UnknownProgramError(VenvError, ValueError):
    """The environment has no program of that name."""


class BrokenEnvironmentError(VenvError, ValueError):
    """The environment is known, but its interpreter cannot be started; the message says why."""


class UsageError(VenvError):
    """The arguments of a command are wrong."""


class SourceError(VenvError, ValueError):
    """The function cannot move to another interpreter: no source, or it uses names that will be missing."""


class ContextError(VenvError, ValueError):
    """A value of Airflow's context cannot reach an environment; the message says which and why."""


class AbandonedError(VenvError):
    """The process of Airflow's that supervises this task has ended."""


class TransferError(VenvError):
    """A value cannot go from one interpreter to the other; the message says which, why and what to do."""
