"""The commands of uv and pip that create an environment and install into it."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Mapping, Sequence

from pyenv_image import process
from pyenv_image.failure import StepError
from pyenv_image.pip_format import is_lock
from pyenv_image.process import Output

if TYPE_CHECKING:
    from pyenv_image.settings import InstallerSettings
    from pyenv_image.step_options import EnvironmentOptions
    from pyenv_image.workspace import Workspace

__all__ = ["Installer"]

_UV_PLACES = ("uv", "usr/local/bin/uv", "usr/bin/uv", "bin/uv", "root/.local/bin/uv")
_REQUIRED_VERSION = re.compile(r"^\s*required-version\s*=", re.MULTILINE)
_MISMATCH = re.compile(r"Required uv version `([^`]*)` does not match the running version `([^`]*)`")


@dataclass(frozen=True)
class Installer:
    """Runs the commands for one environment."""

    options: EnvironmentOptions
    settings: InstallerSettings
    workspace: Workspace

    @property
    def uv(self) -> str:
        """The uv executable."""
        root = Path(self.options.uv)
        if not root.is_dir():
            return self.options.uv
        for place in _UV_PLACES:
            if (root / place).is_file():
                return str(root / place)
        raise StepError(f"PYENV {self.options.name}: the image of --uv has no uv in {', '.join(_UV_PLACES)}")

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return Path(self.options.path) / "bin" / "python"

    def create(self) -> None:
        """Create the environment; one for pip gets pip.

        Raises:
            StepError: uv cannot create it.
        """
        command = [self.uv, "venv", "--no-project", "--python", self.options.python or sys.executable]
        command += ["--relocatable", "--allow-existing"]
        command += ["--system-site-packages"] if self.options.system_site_packages else []
        command += ["--seed", *self.settings.venv_arguments] if self.options.installer == "pip" else []
        self._call([*command, self.options.path], "the environment could not be created")

    def install(self, files: Sequence[str], constraints: Sequence[str], arguments: Sequence[str]) -> None:
        """Install requirements files.

        Args:
            files: the files, relative to the folder that installers run in.
            constraints: the same of constraints files.
            arguments: in place of options in the files.

        Raises:
            StepError: they do not install.
        """
        settings = self.settings.for_lock() if any(is_lock(file) for file in files) else self.settings
        command = self._pip_install() if self.options.installer == "pip" else self._uv_install(settings)
        command += [*_listed("-r", files), *_listed("-c", constraints), *arguments]
        self._call(command, "its requirements could not be installed", environ=settings.environ)

    def install_project(self, path: str, constraints: Sequence[str], *, locked: bool) -> None:
        """Install the dependencies of a `pyproject.toml`: with uv, since pip has no command for it.

        Args:
            path: the file, relative to the context.
            constraints: constraints files, relative to the folder that installers run in.
            locked: whether its `uv.lock`, wherever uv finds it, decides the versions.

        Raises:
            StepError: they do not install, or the project wants another uv.
        """
        project = self.workspace.context / path
        self._check_uv(path, project.parent)
        extras = _listed("--extra", self.options.extras)
        if locked:
            command = [self.uv, "sync", "--frozen", "--active", "--no-install-project", "--no-dev", "--inexact"]
            command += ["--project", str(project.parent), "--python", str(self.python), *extras]
            command += [*_listed("--group", self.options.groups), *self.settings.sync_arguments]
        else:
            groups = [f"{project}:{group}" for group in self.options.groups]
            command = [*self._uv_install(self.settings), "-r", str(project), *extras, *_listed("--group", groups)]
            command += _listed("-c", [str(self.workspace.files / constraint) for constraint in constraints])
        self._call(command, f"the dependencies of {path} could not be installed", project.parent)

    def check(self) -> None:
        """Check that the installed packages fit together.

        Raises:
            StepError: they do not.
        """
        command = [self.uv, "pip", "check", "--python", str(self.python)]
        self._call(command, "its packages do not fit together")

    def _uv_install(self, settings: InstallerSettings) -> list[str]:
        options = self.options
        arguments = [f"--index-strategy={options.index_strategy}"] if options.index_strategy else []
        arguments += ["--prerelease=allow"] if options.pre else []
        arguments += [f"--python-platform={platform.machine()}-{options.wheels}"] if options.wheels else []
        arguments += ["--no-build"] if options.stage else []
        command = [self.uv, "pip", "install", "--python", str(self.python)]
        return [*command, *arguments, *settings.arguments]

    def _pip_install(self) -> list[str]:
        pre = ["--pre"] if self.options.pre else []
        return [str(self.python), "-m", "pip", "install", "--no-compile", *pre]

    def _check_uv(self, path: str, folder: Path) -> None:
        """Check that uv is one that the project allows; it reads that in the project's files and its workspace's."""
        places = [folder, *(parent for parent in folder.parents if self.workspace.context in (parent, *parent.parents))]
        texts = [place / name for place in places for name in ("pyproject.toml", "uv.toml")]
        if not any(_REQUIRED_VERSION.search(text.read_text("utf-8", "replace")) for text in texts if text.is_file()):
            return
        done = subprocess.run(
            [self.uv, "cache", "dir"],
            env=self.settings.environ,
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
    ) -> None:
        program = "pip" if "pip" in command[1:3] and "-m" in command else "uv"
        silence = f"PYENV {self.options.name}: {program} has said nothing for {{}} s; it waits for an index or builds"
        # What runs on a terminal draws progress there, which `local` reads.
        output = None if sys.stdout.isatty() else Output(self.workspace.names, self.workspace.files, silence)
        code = process.run(command, environ or self.settings.environ, folder or self.workspace.files, output)
        if code:
            raise StepError(f"PYENV {self.options.name}: {failure}; the installer's message stands above")


def _listed(flag: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (flag, value)]
