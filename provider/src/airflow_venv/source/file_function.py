"""Refer to a function by its file, as in `"tasks/train.py:main"`.

Airflow never imports the file, so it may need a newer interpreter than Airflow's own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_venv.call import FileFunction
from airflow_venv.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["FileReference"]


@dataclass(frozen=True)
class FileReference:
    """A file and the name of a function in it, as the DAG file specifies them."""

    path: str
    name: str

    @classmethod
    def parse(cls, text: str) -> FileReference:
        """Split `path:function`.

        Raises:
            SourceError: the text does not have this form.
        """
        path, _, name = text.rpartition(":")
        if not path or not name.isidentifier():
            raise SourceError(f'python_callable={text!r} must be a function, or a text "path/to/file.py:function".')
        return cls(path, name)

    def placeholder(self) -> Callable[..., Any]:
        """Return a function of this name for parts of Airflow that require one. Calling it raises SourceError."""

        def function(*_args: Any, **_kwargs: Any) -> None:
            raise SourceError(f"{self.name} runs in its environment only")

        function.__name__ = function.__qualname__ = self.name
        return function

    def find(self, folders: Iterable[str | None]) -> FileFunction:
        """Find the file. An absolute path is used as it is, others are looked up in each folder in turn.

        Args:
            folders: the folders; None and empty texts stand for the current folder.

        Raises:
            SourceError: the file does not exist.
        """
        tried = []
        for folder in folders:
            path = Path(folder or os.curdir, self.path).absolute()
            if path.is_file():
                return FileFunction(path=str(path), name=self.name)
            tried.append(str(path))
        raise SourceError(f"The file of python_callable='{self.path}:{self.name}' was not found: {', '.join(tried)}")
