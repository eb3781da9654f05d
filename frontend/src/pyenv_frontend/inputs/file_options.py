"""The options in requirements files: those that the installer cannot follow are errors before anything is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError
from pyenv_image.failure import StepError

if TYPE_CHECKING:
    from pyenv_frontend.inputs.collector import Origin
    from pyenv_image.pip_format import Statement

__all__ = ["FileOptions"]

_OF_ONE_REQUIREMENT = frozenset({"--hash", "--config-setting", "--config-settings"})
_INDEX = frozenset({"--index-url", "--pypi-url"})


class FileOptions:
    """Checks the options of all files of one PYENV.

    Args:
        installer: `uv` or `pip`.
    """

    def __init__(self, installer: str) -> None:
        self._installer = installer
        self._index: tuple[str, Origin] | None = None

    def check(self, statement: Statement, origin: Origin, *, constraint: bool) -> None:
        """Check an option.

        Args:
            statement: the option.
            origin: where it is.
            constraint: whether it is in a constraints file.

        Raises:
            UserError: the installer has no such option, or cannot have it twice.
        """
        if statement.option in _OF_ONE_REQUIREMENT:
            return
        from pyenv_image.settings import file_option  # noqa: PLC0415 - most files have no other option

        try:
            file_option(statement.option.lstrip("-"), statement.value, self._installer, constraint=constraint)
        except StepError as error:
            raise UserError(str(error), *origin.locations) from None
        if statement.option in _INDEX and self._installer == "uv":
            self._check_index(statement.value, origin)

    def _check_index(self, address: str, origin: Origin) -> None:
        """Check that there is one default index: pip takes the last one that it reads, and uv refuses two."""
        address = address.rstrip("/")
        if self._index is None:
            self._index = address, origin
            return
        first, earlier = self._index
        if first != address:
            raise UserError(
                "--index-url names a second address, and uv takes one",
                *origin.locations,
                earlier.locations[-1],
                hint="leave one, write --extra-index-url for the other, or write --installer=pip, which takes the last",
            )
