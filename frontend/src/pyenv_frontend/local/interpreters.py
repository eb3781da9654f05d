"""Interpreters at hand: those that uv keeps, pyenv's versions, the system's; and what uv may download."""

from __future__ import annotations

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
"""Seconds for an interpreter to say what it is; on a loaded machine a cold start takes some."""

_USUAL_FOLDERS: Final = ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin")
"""Where systems keep their Pythons, for a PATH that leaves them out."""


class MissingInterpreterError(LookupError):
    """No interpreter of a version can be had; `hint` says how to get one."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class StoppedError(Exception):
    """The run ends, so no more interpreters are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalInterpreter:
    """A CPython that starts."""

    python: Path
    """Absolute path of the executable, links followed."""

    version: str
    """As it says itself: `3.8.18`."""


def fits(version: str, wanted: PythonVersion) -> bool:
    """Whether an interpreter's full version is what a PYENV asks for."""
    try:
        found = Version(version)
    except InvalidVersion:  # a build of one's own may call itself 3.13.0+
        return wanted.full is None and version.startswith(f"{wanted.minor}.")
    if wanted.full is not None:
        return found == Version(wanted.full)
    same_series = f"{found.major}.{found.minor}" == wanted.minor
    return same_series and (wanted.prerelease or not found.is_prerelease)


@dataclass(slots=True)
class LocalInterpreters:
    """The interpreters of this machine; each is started once, to ask what it is."""

    uv: Path
    _known: dict[Path, LocalInterpreter | None] = field(default_factory=dict)
    _folder: Path | None = None
    _stopped: Event = field(default_factory=Event)
    _locks: defaultdict[str, Lock] = field(default_factory=lambda: defaultdict(Lock))

    def find(self, wanted: PythonVersion, downloading: Callable[[], None] = lambda: None) -> LocalInterpreter:
        """Find the newest interpreter of a version, downloaded by uv if there is none and uv may.

        Args:
            wanted: the version.
            downloading: called when a download begins.

        Raises:
            MissingInterpreterError: there is none, and none can be downloaded.
            StoppedError: the run ends.
        """
        with self._locks[wanted.minor]:
            found = self._best(wanted)
            if found is None:
                reason = self._download(wanted, downloading)
                found = self._best(wanted)
                if found is None:
                    raise self._missing(wanted, reason)
        return found

    def stop(self) -> None:
        """Look for no more of them: an interpreter that Ctrl-C has ended must not count as missing."""
        self._stopped.set()

    def _best(self, wanted: PythonVersion) -> LocalInterpreter | None:
        fitting = [found for found in self._of_series(wanted.minor) if fits(found.version, wanted)]
        return max(fitting, key=_age, default=None)

    def _of_series(self, minor: str) -> list[LocalInterpreter]:
        """Every interpreter of a series, each once, in the order of preference."""
        places = dict.fromkeys(path.resolve() for path in self._candidates(minor) if os.access(path, os.X_OK))
        found = (self._ask(path) for path in places)
        return [each for each in found if each is not None and each.version.startswith(f"{minor}.")]

    def _candidates(self, minor: str) -> Iterator[Path]:
        yield from sorted(self._uv_folder().glob(f"cpython-{minor}.*/bin/python{minor}"))
        root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
        yield from sorted((root / "versions").glob(f"{minor}*/bin/python{minor}"))
        for folder in dict.fromkeys([*os.environ.get("PATH", "").split(os.pathsep), *_USUAL_FOLDERS]):
            if folder and Path(folder) != root / "shims":  # a shim starts whatever pyenv chooses at that moment
                yield from (Path(folder, f"python{minor}"), Path(folder, "python3"))

    def _uv_folder(self) -> Path:
        """Where uv keeps the Pythons that it downloaded; asking it to list them would start every Python on PATH."""
        if self._folder is None:
            done = subprocess.run([str(self.uv), "python", "dir"], capture_output=True, text=True, check=False)
            self._folder = Path(done.stdout.strip() or "/nonexistent")
        return self._folder

    def _ask(self, path: Path) -> LocalInterpreter | None:
        if path not in self._known:
            interpreter = _asked(path)
            if self._stopped.is_set():
                raise StoppedError
            self._known[path] = interpreter
        return self._known[path]

    def _download(self, wanted: PythonVersion, downloading: Callable[[], None]) -> str:
        """Let uv download one; returns why it did not, or an empty text."""
        if os.environ.get("UV_PYTHON_DOWNLOADS", "automatic") in {"never", "manual"}:
            return "UV_PYTHON_DOWNLOADS forbids to download one"
        if self._stopped.wait(0.05):  # Ctrl-C ends the interpreters that are asked a moment before it is heard here
            raise StoppedError
        downloading()
        version = wanted.full or wanted.minor
        words = [str(self.uv), "python", "install", "--no-bin", "--no-progress", version]
        environ = {**os.environ, "NO_COLOR": "1"}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environ)
        return "" if done.returncode == 0 else f"uv could not download one: {_cause(done.stderr)}"

    def _missing(self, wanted: PythonVersion, reason: str) -> MissingInterpreterError:
        others = ", ".join(f"{each.version} ({each.python})" for each in self._of_series(wanted.minor))
        have = f"; there is {others}" if others else ""
        message = f"there is no Python {wanted.text} on this machine{have}" + (f", and {reason}" if reason else "")
        version = wanted.full or wanted.minor
        hint = f"get it with `pyenv install {version}`, `uv python install {version}` or the system's packages"
        return MissingInterpreterError(message, hint)


def _asked(path: Path) -> LocalInterpreter | None:
    """Start an interpreter and hear what it is; None for what does not start, or is no CPython."""
    command = [str(path), "-I", "-c", _ASK]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    kind, version, *_ = done.stdout.split() or [""]
    return LocalInterpreter(python=path, version=version) if kind == "CPython" else None


def _age(interpreter: LocalInterpreter) -> tuple[int, Version]:
    try:
        return 1, Version(interpreter.version)
    except InvalidVersion:
        return 0, Version("0")


def _cause(text: str) -> str:
    """Return the last cause in uv's message, which is the one that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line.removeprefix("cause: ") for line in lines if line.startswith("cause: ")]
    return (causes or lines or ["it did not say why"])[-1]
