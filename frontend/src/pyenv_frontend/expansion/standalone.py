"""PYENV as plain instructions without our images: COPY from public images, `python -m venv`, uv or pip.

For builders without `RUN --mount`, and for projects that stop using the frontend. Locations, owners and interpreters
are chosen as in every expansion. The commands of uv and pip are those of a build's step
(`pyenv_image.installer_commands`).

Without mounts, files of the build context are copied into the image, and removed by the RUN that has read them; uv is
copied by the first PYENV of a stage that needs it, and removed by the last.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion import quoting, steps
from pyenv_frontend.positions import Location
from pyenv_image.installer_commands import OLDEST_SERIES_WITH_THAT_PIP, InstallerCommands, kept_lock
from pyenv_image.local_paths import is_lock
from pyenv_image.pip_format import PASSWORD
from pyenv_image.selfcheck import REQUIRED
from pyenv_image.settings import settings_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyenv_frontend.expansion.interpreter_choice import Graft, InterpreterChoice
    from pyenv_frontend.expansion.location import EnvironmentLocation
    from pyenv_frontend.inputs.resolve import StepInputs
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.stages.program import Environment
    from pyenv_image.settings import InstallerSettings
    from pyenv_image.step_options import EnvironmentOptions

__all__ = ["UV_VERSION", "StandaloneSteps"]

UV_VERSION = "0.13.9"
"""Of the uv in the frontend's image (`requirements/uv.txt`)."""
UV = "/tmp/uv-for-pyenv"  # noqa: S108 - in the image, for as long as the build takes
_UV_IMAGE = re.compile(r"(.*/)?uv(:[^/]*|@[^/]*)?")
_SHELLS = frozenset({"sh", "ash", "bash", "dash", "ksh", "zsh"})
_NO_FILE = "/dev/null"
_STEERING = ("PYTHON", "CONDA_", "VIRTUAL_ENV")
_SERIES_WITH_SETUPTOOLS = range(12)
"""The series 3.x whose environments get setuptools and wheel beside pip, as those of `virtualenv` do."""
_OPTIONS_OF_RUN = ("mount", "network")

type Instruction = tuple[list[str], list[str]]
"""Its words, and an exec form behind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandaloneSteps:
    """The steps of one PYENV in a standalone print."""

    environment: Environment
    location: EnvironmentLocation
    choice: InterpreterChoice
    inputs: StepInputs
    base_env: Mapping[str, str]
    """ENV of the base image."""

    brings_uv: bool = False
    """Whether uv is copied for this one."""

    removes_uv: bool = False
    """Whether uv is removed after this one."""

    @property
    def uv_image(self) -> str:
        """The image with the uv that this PYENV is installed with; empty if it is installed without uv.

        Raises:
            UserError: it is not known where the image of `--uv` has uv.
        """
        pyenv = self._pyenv
        if pyenv.bare or (pyenv.options.installer == "pip" and not (self._options.projects or self._locked_by_uv)):
            return ""
        image = steps.uv_image(pyenv.options.uv or UV_VERSION)
        if not _UV_IMAGE.fullmatch(image):
            message = f"{self._name} has --uv={image}, and only of uv's official image is it known where uv is"
            hint = "write --uv=VERSION, or a mirror of the official image, whose name ends with /uv"
            raise UserError(message, self._location("uv"), hint=hint)
        return image

    def check(self) -> None:
        """Check that this PYENV can be written.

        Raises:
            UserError: a part of it cannot be written.
        """
        pyenv, graft = self._pyenv, self.choice.graft
        if pyenv.onbuild:
            message = f"{self._name} is a trigger (ONBUILD), which a standalone Dockerfile cannot have"
            hint = "move the PYENV into the Dockerfile that it is for"
            raise UserError(message, pyenv.instruction.location, hint=hint)
        for option in _OPTIONS_OF_RUN:
            if pyenv.options.span(option) and not (option == "network" and pyenv.options.network == "default"):
                message = f"{self._name} has --{option}, and a standalone Dockerfile has no RUN --{option}"
                hint = "print without --standalone (podman and buildah have it), or leave the option out"
                raise UserError(message, self._location(option), hint=hint)
        if graft is not None and graft.loader is not None:
            message = f"{self._name} needs libraries that this base image lacks, and COPY alone cannot carry them"
            hint = f"name an image whose Python was built for this base: PYENV --from=IMAGE {pyenv.version.text} ..."
            raise UserError(message, Location(pyenv.instruction.file, pyenv.version.span), hint=hint)
        shell = self.environment.state.shell
        if shell and shell[0].rpartition("/")[2] not in _SHELLS:
            message = f"{self._name} comes after SHELL [{shell[0]}, ...], and a standalone Dockerfile needs sh there"
            raise UserError(message, pyenv.instruction.location, hint='put SHELL ["/bin/sh", "-c"] before the PYENV')

    def before(self, *, with_graft: bool, in_other_stage: bool = False) -> list[Instruction]:
        """Return the first instructions, as root: copy the interpreter, uv and files, and create folders for the user.

        Args:
            with_graft: whether the interpreter is to be copied.
            in_other_stage: whether the environment is created in a stage for `--builder`, where root owns everything.
        """
        graft = self.choice.graft
        instructions = self.graft(graft) if graft and with_graft else []
        if self.brings_uv or (in_other_stage and self.uv_image):
            instructions.append(_copy(self.uv_image, "/uv", UV))
        commands = [] if graft else [self._self_check()]
        if not self.location.is_root and not in_other_stage:
            commands += self._folders()
        owner = "" if self.location.is_root or in_other_stage else self.location.user
        return [*instructions, *([_run(commands)] if commands else []), *self._files(owner)]

    def graft(self, graft: Graft) -> list[Instruction]:
        """Return the instructions that copy the interpreter, put it on PATH and check it."""
        commands = []
        if graft.link:
            folder, _, name = graft.link.rpartition("/")
            script = f"""printf '%s\\n' '#!/bin/sh' 'exec {graft.python} "$@"' > {graft.link}"""
            commands += [
                f"mkdir -p {folder}",
                f"{{ command -v {name} || {{ {script} && chmod 755 {graft.link}; }}; }}",
            ]
        return [_copy(graft.image, graft.source, graft.prefix), _run([*commands, self._self_check()])]

    def _self_check(self) -> str:
        return f"{self.choice.python} -I -c {shlex.quote('import ' + ', '.join(sorted(REQUIRED)))}"

    def install(self) -> list[Instruction]:
        """Return the owner's instructions: create the environment and install into it.

        Raises:
            UserError: an address with a password would be printed.
        """
        instructions = self._install()
        if any(PASSWORD.search(word.encode(errors="surrogateescape")) for words, _ in instructions for word in words):
            message = f"{self._name} installs from an address with a password, which the print would repeat"
            hint = "put that address alone into one variable (ARG PIP_EXTRA_INDEX_URL), which the print names instead"
            raise UserError(message, self._pyenv.instruction.location, hint=hint)
        return instructions

    def _install(self) -> list[Instruction]:
        options, settings = self._options, self._settings(self._options.installer)
        commands = InstallerCommands(options, settings, UV, compiles=not options.no_compile)
        by_uv = replace(commands, settings=self._settings("uv"))
        lines = self._create(options)
        if not self._pyenv.bare or options.installer == "pip":
            lines += self._exports([settings, *([by_uv.settings] if self.uv_image else [])])
        if options.installer == "pip":
            seeds = ["pip", "setuptools", "wheel"] if self._series in _SERIES_WITH_SETUPTOOLS else ["pip"]
            lines.append(shlex.join([commands.python, "-m", "pip", "install", "--upgrade", *seeds]))
        if self._pyenv.bare:
            return [_run(lines)]
        lines += [f"mkdir -p {self._context}"] if self.location.is_root or self._pyenv.options.builder else []
        lines.append(f"cd {self._context}")
        lines += self._inline(options)
        lines += self._projects(by_uv)
        files = [*options.requirements, *([self._heredoc] if any(options.lines) else [])]
        if self._locked_by_uv:
            lines.append(self._command(by_uv.install_lock(files)))
        elif files:
            # uv reads the indexes that a constraints file names only if the command names the file.
            nested = self.inputs.nested_constraints if options.installer == "uv" else ()
            lines.append(self._command(commands.install(files, [*options.constraints, *nested], [])))
        lock = kept_lock(options)
        lines += [f"cp {shlex.quote(lock)} {shlex.quote(options.path)}/pylock.toml"] if lock else []
        check = [commands.python, "-m", "pip", "check"] if options.installer == "pip" else commands.check()
        left_behind = [self._context, *([shlex.quote(f"{options.path}/.lock")] if self.uv_image else [])]
        return [_run([*lines, shlex.join(check), "cd /", f"rm -rf {' '.join(left_behind)}"])]

    def after(self) -> list[Instruction]:
        """Return the last instructions, as root."""
        return [_run([f"rm {UV}"])] if self.removes_uv else []

    def copy(self, stage: str) -> list[Instruction]:
        """Return the instructions that copy the environment from the stage that has created it.

        COPY would create missing folders as root's, so they are created first.
        """
        commands = [] if self.location.is_root else self._folders(context=False)
        owner = [] if self.location.is_root else [f"--chown={self._owner.rstrip(':')}"]
        copy = self._copy([f"--from={stage}", *owner], self.location.path, self.location.path)
        return [*([_run(commands)] if commands else []), copy]

    @property
    def _pyenv(self) -> Pyenv:
        return self.environment.pyenv

    @property
    def _name(self) -> str:
        return f"PYENV {self._pyenv.name.text}"

    @property
    def _series(self) -> int:
        return int(self._pyenv.version.minor.partition(".")[2])

    @property
    def _options(self) -> EnvironmentOptions:
        contents = steps.environment_options(self._pyenv, self.inputs)
        return replace(contents, path=self.location.path, uv=UV)

    @property
    def _context(self) -> str:
        return f"/tmp/pyenv-{self._pyenv.name.text}"  # noqa: S108 - in the image, for as long as the build takes

    @property
    def _heredoc(self) -> str:
        return f"{self._pyenv.name.text}-heredoc.txt"

    def _location(self, option: str) -> Location:
        pyenv = self._pyenv
        return Location(pyenv.instruction.file, pyenv.options.span(option) or pyenv.instruction.span)

    @property
    def _owner(self) -> str:
        """User and group as `chown` takes them."""
        user, account = self.location.user, self.location.account
        if ":" in user:
            return user
        if account:
            return f"{user}:{account.gid}"
        return f"{user}:0" if user.isdigit() else f"{user}:"

    def _folders(self, *, context: bool = True) -> list[str]:
        """Create the environment's folder, those above it in the user's home, and the folder for files."""
        location = self.location
        home = (location.home or (location.account.home if location.account else "")).rstrip("/")
        folders = [location.path]
        while home and (above := folders[-1].rpartition("/")[0]).startswith(f"{home}/"):
            folders.append(above)
        created = folders[:1]
        if context and not self._pyenv.bare:
            inside = {folder for place in self._places for folder in _folders_above(place)}
            created += [self._context, *(f"{self._context}/{folder}" for folder in sorted(inside))]
        owned = [*reversed(folders), *created[1:]]
        return [f"mkdir -p {shlex.join(created)}", f"chown {shlex.quote(self._owner)} {shlex.join(owned)}"]

    @property
    def _places(self) -> Mapping[str, bool]:
        return steps.context_places(self.inputs.inputs)

    def _files(self, user: str) -> list[Instruction]:
        """Copy files of the build context to where they have the same paths."""
        owner = [f"--chown={user}"] if user else []
        files = {path for path in self.inputs.inputs if not path.endswith("/")}
        copies: list[Instruction] = []
        for place in self._places:
            target = f"{self._context}/{place}" if place in files else f"{self._context}/{place}/"
            copies.append(self._copy(owner, place or ".", target.replace("//", "/")))
        return copies

    def _copy(self, flags: Sequence[str], source: str, target: str) -> steps.Run:
        """Return a COPY; in the JSON form where a path has more than plain characters."""
        if re.fullmatch(r"[A-Za-z0-9_./@%+=-]+", f"{source}{target}"):
            return ["COPY", *flags, source, target], []
        return ["COPY", *flags], [quoting.copied_path(path, self._pyenv.escape) for path in (source, target)]

    def _create(self, options: EnvironmentOptions) -> list[str]:
        command = [self.choice.python, "-I", "-m", "venv"]
        command += ["--system-site-packages"] if options.system_site_packages else []
        command += ["--without-pip"] if options.installer == "uv" else []
        known = {**self.base_env, **self.environment.state.env}
        replaces = any(known.get(name) == self.location.python for name in self._pyenv.name.variables)
        command += ["--clear"] if replaces else []
        return [shlex.join([*command, options.path])]

    def _settings(self, installer: str) -> InstallerSettings:
        """Return the installer's settings in the stage's variables; files of the image cannot be read here."""
        environ = {**self._variables, "PIP_CONFIG_FILE": _NO_FILE, "UV_CONFIG_FILE": _NO_FILE}
        settings = settings_for(installer, environ, "/nonexistent", "/")
        return settings.for_lock() if any(is_lock(file) for file in self._options.requirements) else settings

    @property
    def _locked_by_uv(self) -> bool:
        """Whether uv installs a lock, since the pip of this Python does not."""
        of_pip = self._options.installer == "pip" and self._series < OLDEST_SERIES_WITH_THAT_PIP
        return of_pip and bool(kept_lock(self._options))

    @property
    def _variables(self) -> Mapping[str, str]:
        """The variables of the stage that the install reads."""
        if self.environment.builder:
            return self.environment.builder.variables
        return {**self.base_env, **self.environment.state.variables}

    @property
    def _names(self) -> Mapping[str, str]:
        """The names of variables by value. The print has no values, since an address may contain a password."""
        known = self._variables.items()
        return {value: name for name, value in known if name.startswith(("PIP_", "UV_")) and "/" in value}

    def _command(self, words: Sequence[str]) -> str:
        """Return a command for the shell."""
        named = {value: f'"${name}"' for value, name in self._names.items()}
        parts = [word.partition("=") for word in words]
        return " ".join(
            f"{option}={named[value]}" if value in named else shlex.quote(option + equals + value)
            for option, equals, value in parts
        )

    def _exports(self, settings: Sequence[InstallerSettings]) -> list[str]:
        """Return assignments for the installer; values in the image's variables are referred to by name."""
        pyenv = self._pyenv
        known = self._variables
        environ = {name: value for one in settings for name, value in one.environ.items()}
        unset = [name for name in sorted(known) if name not in environ and self._steers(name)]
        names = self._names
        exports = {
            name: f'"${names[value]}"' if value in names else shlex.quote(value)
            for name, value in environ.items()
            if known.get(name) != value and value != _NO_FILE
        }
        if pyenv.options.installer == "pip":
            exports |= {"PIP_NO_CACHE_DIR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
        if self.uv_image:
            exports |= {"UV_NO_CACHE": "1", "UV_NO_EDITABLE": "1", "UV_PYTHON_DOWNLOADS": "never"}
            exports |= {"UV_COMPILE_BYTECODE": "1"} if pyenv.options.compile else {}
        exports |= {"VIRTUAL_ENV": shlex.quote(self.location.path)} if self._options.locked else {}
        lines = ["export " + " ".join(f"{name}={value}" for name, value in exports.items())]
        # A variable is named by the ones that are exported: they come first.
        return [*lines, *([f"unset {' '.join(unset)}"] if unset else [])]

    def _steers(self, name: str) -> bool:
        """Return whether a variable that must not apply to an environment would reach the installer."""
        by_pip, by_uv = self._options.installer == "pip", bool(self.uv_image)
        prefixes = [*_STEERING, *(["PIP_"] if by_pip else []), *(["UV_"] if by_uv else [])]
        return name.isidentifier() and name.startswith(tuple(prefixes)) and not name.startswith("PYTHON_")

    def _inline(self, options: EnvironmentOptions) -> list[str]:
        lines = [shlex.quote(line) for line in options.lines if line.strip()]
        return [f"printf '%s\\n' {' '.join(lines)} > {self._heredoc}"] if lines else []

    def _projects(self, commands: InstallerCommands) -> list[str]:
        """Return the commands for `pyproject.toml`s; uv takes settings from the folder that it runs in."""
        constraints = [f"{self._context}/{path}" for path in commands.options.constraints]
        lines = []
        for path in commands.options.projects:
            project = f"{self._context}/{path}"
            command = commands.install_project(path, project, constraints)
            folder = project.rpartition("/")[0]
            elsewhere = folder != self._context
            lines.append(
                f"(cd {shlex.quote(folder)} && {self._command(command)})" if elsewhere else self._command(command)
            )
        return lines


def _copy(image: str, source: str, target: str) -> Instruction:
    return ["COPY", f"--from={image}", source, target], []


def _run(commands: Sequence[str]) -> Instruction:
    """Return a RUN of several commands. Each command is one word, so that lines are only broken between commands."""
    first, *rest = commands
    return ["RUN", first, *(f"&& {command}" for command in rest)], []


def _folders_above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: number + 1]) for number in range(len(parts))]
