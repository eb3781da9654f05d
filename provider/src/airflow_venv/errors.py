"""Every error that the provider raises to a user, apart from what Airflow itself defines. A leaf module."""

from __future__ import annotations

__all__ = ["BrokenEnvironmentError", "SourceError", "UnknownEnvironmentError", "VenvError"]


class VenvError(Exception):
    """All errors of this package."""


class UnknownEnvironmentError(VenvError, ValueError):
    """No ``ASTRO_PYENV_*`` variable names an environment of that name."""

    def __init__(self, name: str, known: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.name = name
        self.known = known
        """The names of the environments that exist here."""


class BrokenEnvironmentError(VenvError, ValueError):
    """The environment is known, but its interpreter cannot be started; the message says why."""


class SourceError(VenvError, ValueError):
    """The function cannot be taken to another interpreter: no source, or it leans on names that will be missing."""
