"""Run the commands of uv and pip that create an environment and install into it."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Mapping, Sequence

from pyenv_image import process
from pyenv_image.failure import InstallerError, StepError
from pyenv_image.installer_commands import OLDEST_PIP_FOR_LOCK, InstallerCommands, kept_lock
from pyenv_image.local_paths import is_lock
from pyenv_image.process import Output

if TYPE_CHECKING:
    from pyenv_image.settings import InstallerSettings
    from pyenv_image.step_options import EnvironmentOptions
    from pyenv_image.workspace import Workspace

__all__ = ["Installer"]

_UV_PLACES = ("uv", "usr/local/bin/uv", "usr/bin/uv", "bin/uv", "root/.local/bin/uv")
_OLDEST = (0, 4, 10)
"""The oldest uv that is known to have the options that every PYENV uses."""
_OLDEST_FOR_LOCK = (0, 5, 29)
"""The oldest one with `uv sync --active`."""
_OLDEST_FOR_GROUP = (0, 6, 8)
"""The oldest one with `uv pip install --group`."""
_DESCRIPTIONS = ("METADATA", "WHEEL")
"""The files of a package that `uv pip check` reads."""
_LINKS = 20
"""Maximum number of links in a path."""

_REQUIRED_VERSION = re.compile(r"^\s*required-version\s*=", re.MULTILINE)
_MISMATCH = re.compile(r"Required uv version `([^`]*)` does not match the running version `([^`]*)`")


@dataclass(frozen=True)
class Installer:
    """Runs the commands for one environment."""

    options: EnvironmentOptions
    settings: InstallerSettings
    """The settings of the program that installs requirements."""

    uv_settings: InstallerSettings
    """The settings of uv, which creates environments and installs projects with `--installer=pip` as well."""

    workspace: Workspace
    lacks: set[str] = field(default_factory=set)
    """The programs for git repositories that an installer has missed: `git`, `ssh`."""

    @property
    def uv(self) -> str:
        """The uv executable."""
        root = Path(self.options.uv)
        if not root.is_dir():
            return self.options.uv
        places = [uv for uv in (_in_image(root, f"/{place}") for place in _UV_PLACES) if uv]
        if not places:
            listed = ", ".join(f"/{place}" for place in _UV_PLACES)
            raise StepError(
                f"PYENV {self.options.name}: what --uv names has no uv in {listed} that this stage's user may read"
            )
        return str(places[0])

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return Path(self.options.path) / "bin" / "python"

    def create(self) -> None:
        """Create the environment; one for pip gets pip.

        Raises:
            StepError: uv cannot create it.
        """
        self._check_age()
        commands = self._commands(self.uv_settings)
        python = self.options.python or sys.executable
        if self.options.installer != "pip" or not self._seed(commands.create(python, with_pip=True)):
            self._call(commands.create(python), "the environment could not be created")
        if self.options.installer == "pip" and not (self.python.parent / "pip").exists():
            self._seed_with_the_interpreters_own()

    def _check_age(self) -> None:
        """Check that the uv of `--uv` has the options that the commands here use."""
        if not Path(self.options.uv).is_dir():
            return
        try:
            done = subprocess.run([self.uv, "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        except OSError:  # it does not run, which the next attempt reports
            return
        version = re.search(rb"^uv (\d+)\.(\d+)\.(\d+)", done.stdout, re.MULTILINE)
        what, oldest = self._oldest()
        if version and tuple(map(int, version.groups())) < oldest:
            raise StepError(
                f"PYENV {self.options.name}: --uv names {version[0].decode()}, and {what} needs "
                f"{'.'.join(map(str, oldest))} or newer"
            )

    def _oldest(self) -> tuple[str, tuple[int, ...]]:
        """Return what decides how old uv may be, and the oldest one."""
        options = self.options
        if options.groups and set(options.projects) - set(options.locked):
            return "--group", _OLDEST_FOR_GROUP
        return ("a uv.lock", _OLDEST_FOR_LOCK) if options.locked else ("PYENV", _OLDEST)

    def _seed(self, command: Sequence[str]) -> bool:
        """Create the environment with the newest pip of the configured indexes. Return whether they have one.

        The log of a failure is not shown, since most interpreters have a pip of their own.
        """
        environ = {"UV_HTTP_RETRIES": "0", **self.uv_settings.environ}
        try:
            done = subprocess.run(
                command,
                env=environ,
                cwd=str(self.workspace.files),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except OSError:  # uv does not run, which the next attempt reports
            return False
        if not done.returncode:
            process.write(done.stdout, self._output("uv"))
        return not done.returncode

    def _seed_with_the_interpreters_own(self) -> None:
        note = "pip is not available from the configured indexes; the environment gets the one of its Python"
        print(f"PYENV {self.options.name}: note: {note}", flush=True)  # noqa: T201 - the build's log
        self._call(
            [str(self.python), "-Im", "ensurepip", "--default-pip"],
            "--installer=pip needs pip, which neither the configured indexes nor its Python (ensurepip) have",
        )

    def install(self, files: Sequence[str], constraints: Sequence[str], arguments: Sequence[str]) -> None:
        """Install requirements files.

        Args:
            files: the files, relative to the folder that installers run in.
            constraints: the same of constraints files.
            arguments: in place of options in the files.

        Raises:
            StepError: they do not install.
        """
        settings = self.settings
        by_uv = bool(kept_lock(self.options)) and not self._reads_locks()
        if by_uv:
            settings = self.uv_settings
        if any(is_lock(file) for file in files):
            settings = settings.for_lock(only_wheels=bool(self.options.stage))
        commands = self._commands(settings)
        command = commands.install_lock(files) if by_uv else commands.install(files, constraints, arguments)
        if self.options.local and command[0] == self.uv:
            from pyenv_image import reinstall  # noqa: PLC0415 - not in an image

            texts = [(self.workspace.files / file).read_text("utf-8", "replace") for file in files if is_lock(file)]
            command += [option for text in texts for option in reinstall.of_lock(text)]
        self._call(command, "its requirements could not be installed", environ=settings.environ, of_lock=True)

    def _reads_locks(self) -> bool:
        """Return whether the installer installs from a lock; not every pip does."""
        if self.options.installer != "pip":
            return True
        for place in Path(self.options.path).glob("lib/python*/site-packages/pip-*.dist-info"):
            version = tuple(map(int, re.findall(r"\d+", place.name.partition("-")[2])[:2]))
            if version >= OLDEST_PIP_FOR_LOCK:
                return True
            note = f"{place.name.rpartition('.')[0].replace('-', ' ')} does not read locks, which uv installs"
            print(f"PYENV {self.options.name}: note: {note}", flush=True)  # noqa: T201 - the build's log
        return False

    def install_project(self, path: str, constraints: Sequence[str]) -> None:
        """Install the dependencies of a `pyproject.toml`: with uv, since pip has no command for it.

        Args:
            path: the file, relative to the context.
            constraints: constraints files, relative to the folder that installers run in.

        Raises:
            StepError: they do not install, or the project requires another uv.
        """
        project = self.workspace.context / path
        self._check_uv(path, project.parent)
        places = [str(self.workspace.files / constraint) for constraint in constraints]
        command = self._commands(self.uv_settings).install_project(path, str(project), places)
        if self.options.local:
            from pyenv_image import reinstall  # noqa: PLC0415 - not in an image

            command += reinstall.of_uv_project(project, self.workspace.context)
        self._call(command, f"the dependencies of {path} could not be installed", project.parent)

    def check(self) -> None:
        """Check that the installed packages fit together.

        Raises:
            StepError: they do not.
        """
        self._call(self._commands(self.uv_settings).check(), "its packages do not fit together", of_lock=True)

    def check_apart(self) -> None:
        """Check the same without running any code of the packages, as the environment's interpreter would at its start.

        uv reads what packages need in an environment that has nothing but this of them. Those of a heavy part, which
        another step installed, are checked with them.

        Raises:
            StepError: they do not fit together.
        """
        path = self.workspace.root / "apart"
        apart = replace(self, options=replace(self.options, path=str(path)))
        commands = InstallerCommands(apart.options, self.uv_settings, self.uv)
        command = [*commands.create(self.options.python or sys.executable), "--quiet"]
        self._call(command, "the environment could not be checked")
        (packages,) = path.glob("lib/python*/site-packages")
        folders = [Path(folder) for folder in (self.options.path, self.options.heavy) if folder]
        for file in (file for folder in folders for file in folder.glob("lib/python*/site-packages/*.dist-info/*")):
            if file.name in _DESCRIPTIONS:
                folder = packages / file.parent.name
                folder.mkdir(exist_ok=True)
                shutil.copyfile(str(file), str(folder / file.name))
        apart.check()

    def _advice_about_lock(self) -> str:
        """Return what to do if a lock of ours has become wrong, which a build cannot see in all cases."""
        path = kept_lock(self.options)
        file = self.workspace.context / path
        if not (path and file.is_file() and b"[tool.pyenv-frontend]" in file.read_bytes()):
            return ""
        name = self.options.name
        return f". If what {path} was made from has changed, write it again: pyenv-frontend lock {name}"

    def _commands(self, settings: InstallerSettings) -> InstallerCommands:
        return InstallerCommands(self.options, settings, self.uv)

    def _check_uv(self, path: str, folder: Path) -> None:
        """Check that uv is one that the project allows; it reads that in the project's files and its workspace's."""
        places = [folder, *(parent for parent in folder.parents if self.workspace.context in (parent, *parent.parents))]
        texts = [place / name for place in places for name in ("pyproject.toml", "uv.toml")]
        if not any(_REQUIRED_VERSION.search(text.read_text("utf-8", "replace")) for text in texts if text.is_file()):
            return
        done = subprocess.run(
            [self.uv, "cache", "dir"],
            env=self.uv_settings.environ,
            cwd=str(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        mismatch = _MISMATCH.search(done.stderr.decode(errors="replace"))
        if mismatch:
            raise StepError(
                f"PYENV {self.options.name}: {path} requires uv {mismatch[1]} (required-version), and this is uv "
                f"{mismatch[2]}; bring another one with PYENV --uv=VERSION"
            )

    def _call(
        self,
        command: Sequence[str],
        failure: str,
        folder: Path | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        of_lock: bool = False,
    ) -> None:
        program = "pip" if command[0] == str(self.python) else "uv"
        # A program on a terminal shows its progress there, which `local` reads.
        output = None if sys.stdout.isatty() else self._output(program)
        settings = self.settings if program == "pip" else self.uv_settings
        if environ is None:
            environ = settings.environ
        try:
            code = process.run(command, environ, folder or self.workspace.files, output)
        except OSError as error:
            if program != "uv" or not Path(self.options.uv).is_dir():
                raise
            # If a program's loader is missing, the system reports that there is no such file.
            reason = "it needs libraries that this stage lacks" if error.errno == errno.ENOENT else error.strerror
            raise StepError(f"PYENV {self.options.name}: the uv that --uv names does not run here: {reason}") from None
        if code:
            sentence = f"PYENV {self.options.name}: {failure}; the installer's message stands above"
            if settings.missing and not self.options.stage:
                missing = ", and ".join(settings.missing)
                sentence += f". {missing}: correct the path, or bring it there (COPY) before the PYENV"
            sentence += self._advice_about_lock() if of_lock else ""
            raise InstallerError(sentence)

    def _output(self, program: str) -> Output:
        silence = f"PYENV {self.options.name}: {program} has said nothing for {{}} s; it waits for an index or builds"
        return Output(self.workspace.names, self.workspace.files, silence, self.lacks)


def _in_image(root: Path, path: str) -> Path | None:
    """Return where a file of a mounted image is, if it is there and may be read; links stay within the image."""
    for _ in range(_LINKS):
        place = root
        parts = Path(os.path.normpath(path)).parts[1:]
        for number, part in enumerate(parts, start=1):
            place /= part
            try:
                target = os.readlink(str(place))
            except OSError:  # not a link, or not readable
                continue
            path = str(Path("/", *parts[: number - 1], target, *parts[number:]))
            break
        else:
            return place if os.access(str(place), os.R_OK) and place.is_file() else None
    return None
