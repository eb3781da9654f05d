"""The interpreters of this machine: uv's, pyenv's and the system's; and those that uv may download."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Final

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyenv_frontend.pyenv.instruction import PythonVersion

__all__ = ["LocalInterpreter", "LocalInterpreters", "MissingInterpreterError", "StoppedError", "fits"]

_ASK: Final = "import platform, sys; print(platform.python_implementation(), platform.python_version(), sys.executable)"
_PATIENCE: Final = 20
"""Seconds within which an interpreter must report its version; a cold start on a loaded machine takes several."""

_USUAL_FOLDERS: Final = ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin")
"""Folders of the system's Pythons, in case PATH does not include them."""


class MissingInterpreterError(LookupError):
    """No interpreter of a version is available; `hint` says how to get one."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class StoppedError(Exception):
    """The run is being stopped, so the search for interpreters ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalInterpreter:
    """A CPython that starts."""

    python: Path
    """Absolute path of the executable, links followed."""

    version: str
    """As it reports itself: `3.8.18`."""


def fits(version: str, requested: PythonVersion) -> bool:
    """Whether an interpreter's full version satisfies a PYENV."""
    try:
        actual = Version(version)
    except InvalidVersion:  # a custom build may call itself 3.13.0+
        return requested.full is None and version.startswith(f"{requested.minor}.")
    if requested.full is not None:
        return actual == Version(requested.full)
    same_series = f"{actual.major}.{actual.minor}" == requested.minor
    return same_series and (requested.prerelease or not actual.is_prerelease)


@dataclass(slots=True)
class LocalInterpreters:
    """The interpreters of this machine; each is started once, to query its version."""

    uv: Path
    _known: dict[Path, LocalInterpreter | None] = field(default_factory=dict)
    _folder: Path | None = None
    _stopped: Event = field(default_factory=Event)
    _locks: defaultdict[str, Lock] = field(default_factory=lambda: defaultdict(Lock))

    def find(self, requested: PythonVersion, downloading: Callable[[], None] = lambda: None) -> LocalInterpreter:
        """Find the newest interpreter of a version; let uv download one if there is none.

        Args:
            requested: the version.
            downloading: called when a download begins.

        Raises:
            MissingInterpreterError: there is none, and none can be downloaded.
            StoppedError: the run is being stopped.
        """
        with self._locks[requested.minor]:
            interpreter = self._best(requested)
            if interpreter is None:
                reason = self._download(requested, downloading)
                interpreter = self._best(requested)
                if interpreter is None:
                    raise self._missing(requested, reason)
        return interpreter

    def present(self, requested: PythonVersion) -> LocalInterpreter | None:
        """Find the newest interpreter of a version on this machine; None if there is none."""
        with self._locks[requested.minor]:
            return self._best(requested)

    def stop(self) -> None:
        """Stop the search: an interpreter that Ctrl-C has ended must not count as missing."""
        self._stopped.set()

    def _best(self, requested: PythonVersion) -> LocalInterpreter | None:
        fitting = [
            interpreter for interpreter in self._of_series(requested.minor) if fits(interpreter.version, requested)
        ]
        return max(fitting, key=_age, default=None)

    def _of_series(self, minor: str) -> list[LocalInterpreter]:
        """Return the interpreters of a series, without repetition, in order of preference."""
        places = dict.fromkeys(path.resolve() for path in self._candidates(minor) if os.access(path, os.X_OK))
        interpreters = (self._ask(path) for path in places)
        return [
            interpreter
            for interpreter in interpreters
            if interpreter is not None and interpreter.version.startswith(f"{minor}.")
        ]

    def _candidates(self, minor: str) -> Iterator[Path]:
        yield from sorted(self._uv_folder().glob(f"cpython-{minor}.*/bin/python{minor}"))
        root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
        yield from sorted((root / "versions").glob(f"{minor}*/bin/python{minor}"))
        for folder in dict.fromkeys([*os.environ.get("PATH", "").split(os.pathsep), *_USUAL_FOLDERS]):
            if folder and Path(folder) != root / "shims":  # a shim starts whatever pyenv chooses at that moment
                yield from (Path(folder, f"python{minor}"), Path(folder, "python3"))

    def _uv_folder(self) -> Path:
        """Return uv's folder of downloaded Pythons; letting uv list them would start every Python on PATH."""
        if self._folder is None:
            command = [str(self.uv), "python", "dir"]
            folder = ""
            with contextlib.suppress(OSError):  # the next call of uv reports that it does not run
                folder = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
            self._folder = Path(folder or "/nonexistent")
        return self._folder

    def _ask(self, path: Path) -> LocalInterpreter | None:
        if path not in self._known:
            interpreter = _asked(path)
            if self._stopped.is_set():
                raise StoppedError
            self._known[path] = interpreter
        return self._known[path]

    def _download(self, requested: PythonVersion, downloading: Callable[[], None]) -> str:
        """Download one with uv; return why that failed, or an empty text."""
        if os.environ.get("UV_PYTHON_DOWNLOADS", "automatic") in {"never", "manual"}:
            return "UV_PYTHON_DOWNLOADS forbids a download"
        if self._stopped.wait(0.05):  # Ctrl-C ends a queried interpreter a moment before it arrives here
            raise StoppedError
        downloading()
        version = requested.full or requested.minor
        words = [str(self.uv), "python", "install", "--no-bin", "--no-progress", version]
        environ = {**os.environ, "NO_COLOR": "1"}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environ)
        return "" if done.returncode == 0 else f"uv could not download one: {_cause(done.stderr)}"

    def _missing(self, requested: PythonVersion, reason: str) -> MissingInterpreterError:
        others = ", ".join(
            f"{interpreter.version} ({interpreter.python})" for interpreter in self._of_series(requested.minor)
        )
        have = f"; there is {others}" if others else ""
        message = f"there is no Python {requested.text} on this machine{have}" + (f", and {reason}" if reason else "")
        version = requested.full or requested.minor
        hint = f"get it with `pyenv install {version}`, `uv python install {version}` or the system's packages"
        return MissingInterpreterError(message, hint)


def _asked(path: Path) -> LocalInterpreter | None:
    """Start an interpreter and query its version; None if it does not start or is not CPython."""
    command = [str(path), "-I", "-c", _ASK]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    kind, version, *_ = [*done.stdout.split(), "", ""]
    return LocalInterpreter(python=path, version=version) if kind == "CPython" else None


def _age(interpreter: LocalInterpreter) -> tuple[int, Version]:
    try:
        return 1, Version(interpreter.version)
    except InvalidVersion:
        return 0, Version("0")


def _cause(text: str) -> str:
    """Return the last cause in uv's message, which is the specific one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line.removeprefix("cause: ") for line in lines if line.startswith("cause: ")]
    return (causes or lines or ["it did not say why"])[-1]
