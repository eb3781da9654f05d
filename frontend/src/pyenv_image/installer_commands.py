"""The command lines of uv and pip that create an environment and install into it: values alone, nothing is run.

The step of a build runs them, and `pyenv-frontend expand --standalone` prints them.
"""

from __future__ import annotations

import platform
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Sequence

from pyenv_image.local_paths import is_lock

if TYPE_CHECKING:
    from pyenv_image.settings import InstallerSettings
    from pyenv_image.step_options import EnvironmentOptions

__all__ = ["OLDEST_PIP_FOR_LOCK", "OLDEST_SERIES_WITH_THAT_PIP", "InstallerCommands", "kept_lock"]

OLDEST_PIP_FOR_LOCK = (26, 1)
"""The oldest pip that installs from a lock; with an older one, uv does."""
OLDEST_SERIES_WITH_THAT_PIP = 10
"""The oldest 3.x that it is for."""


@dataclass(frozen=True)
class InstallerCommands:
    """The commands for one environment."""

    options: EnvironmentOptions
    settings: InstallerSettings
    """Those of the program that the command starts."""

    uv: str
    """The uv executable."""

    compiles: bool = False
    """Whether pip compiles byte code itself."""

    @property
    def python(self) -> str:
        """The environment's interpreter."""
        return f"{self.options.path}/bin/python"

    def create(self, python: str, *, with_pip: bool = False) -> list[str]:
        """Create the environment.

        Args:
            python: the interpreter that it is for.
            with_pip: whether it gets the newest pip.
        """
        command = [self.uv, "venv", "--no-project", "--python", python, "--relocatable", "--allow-existing"]
        command += ["--system-site-packages"] if self.options.system_site_packages else []
        command += ["--seed", *self.settings.venv_arguments] if with_pip else []
        return [*command, self.options.path]

    def install(self, files: Sequence[str], constraints: Sequence[str], arguments: Sequence[str]) -> list[str]:
        """Install requirements files.

        Args:
            files: the files.
            constraints: constraints files.
            arguments: in place of options in the files.
        """
        if self.options.installer == "uv" and any(map(is_lock, files)):
            return [*self.install_lock(files), *_listed("-c", constraints), *arguments]
        command = self._pip_install() if self.options.installer == "pip" else self._uv_install()
        return [*command, *_listed("-r", files), *_listed("-c", constraints), *arguments]

    def install_lock(self, files: Sequence[str]) -> list[str]:
        """Install locks with uv, also where pip installs requirements.

        Args:
            files: the locks.
        """
        choices = [*_listed("--extra", self.options.extras), *_listed("--group", self.options.groups)]
        return [*self._uv_install(), *choices, *_listed("-r", files)]

    def install_project(self, path: str, project: str, constraints: Sequence[str]) -> list[str]:
        """Install the dependencies of a `pyproject.toml`. To be run in its folder.

        Args:
            path: the file, relative to the context.
            project: its absolute path.
            constraints: absolute paths of constraints files.
        """
        extras = _listed("--extra", self.options.extras)
        if path in self.options.locked:
            command = [self.uv, "sync", "--frozen", "--active", "--no-install-project", "--inexact"]
            # Not --no-dev, which is stronger than --group=dev, and takes out no other default group.
            command += ["--no-default-groups", *extras, *_listed("--group", self.options.groups)]
            command += ["--project", posixpath.dirname(project), "--python", self.python]
            return [*command, *self.settings.sync_arguments]
        groups = [f"{project}:{group}" for group in self.options.groups]
        # Without [project], uv would take the file for a package and build it.
        command = [*self._uv_install(), *([] if path in self.options.only_groups else ["-r", project])]
        return [*command, *extras, *_listed("--group", groups), *_listed("-c", constraints)]

    def check(self) -> list[str]:
        """Check that the installed packages fit together."""
        return [self.uv, "pip", "check", "--python", self.python]

    def _uv_install(self) -> list[str]:
        options = self.options
        arguments = [f"--index-strategy={options.index_strategy}"] if options.index_strategy else []
        arguments += ["--prerelease=allow"] if options.pre else []
        arguments += [f"--python-platform={platform.machine()}-{options.wheels}"] if options.wheels else []
        arguments += ["--no-build"] if options.stage else []
        return [self.uv, "pip", "install", "--python", self.python, *arguments, *self.settings.arguments]

    def _pip_install(self) -> list[str]:
        flags = [] if self.compiles else ["--no-compile"]
        return [self.python, "-m", "pip", "install", *flags, *(["--pre"] if self.options.pre else [])]


def kept_lock(options: EnvironmentOptions) -> str:
    """Return the lock that decides every package, which is kept beside `pyvenv.cfg`; empty: there is none."""
    others = options.projects or options.lines or options.constraints
    alone = not others and len(options.requirements) == 1 and is_lock(options.requirements[0])
    return options.requirements[0] if alone else ""


def _listed(flag: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (flag, value)]
