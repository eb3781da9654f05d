"""Resolve one environment with uv or pip, for each of its platforms."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyenv_frontend.expansion.independence import wheels_platform
from pyenv_frontend.expansion.libc import Libc
from pyenv_frontend.lock.choice import lock_path
from pyenv_frontend.lock.listed_hashes import UnlistedFilesError, keep_listed_files, listed_hashes
from pyenv_frontend.lock.lockfile import MACHINES, marker_environment, merge_platforms
from pyenv_frontend.lock.package_tables import CredentialError, portable, read_packages
from pyenv_frontend.lock.preferences import as_preferences, has_source, prefer, write_constraints
from pyenv_frontend.lock.settings import resolver_settings
from pyenv_frontend.lock.sizes import add_sizes, sizes_of
from pyenv_frontend.lock.target_pip import pip_for
from pyenv_frontend.processes import Processes
from pyenv_image.failure import StepError
from pyenv_image.pip_format import read_statements
from pyenv_image.process import without_passwords
from pyenv_image.requirements import Requirements, is_project
from pyenv_image.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.lock.lockfile import LockTarget
    from pyenv_frontend.lock.preferences import Wishes
    from pyenv_frontend.pyenv.instruction import Pyenv, PythonVersion, RequirementsFile
    from pyenv_image.settings import InstallerSettings

__all__ = ["Resolver", "ResolverError"]


_INDEX_OPTIONS: Final = frozenset({"--index-url", "--extra-index-url", "--find-links", "--no-index", "--pypi-url"})


_NO_SOLUTION: Final = re.compile(r"No solution found|ResolutionImpossible|No matching distribution found")
"""The words of uv and of pip."""


_OFF: Final = frozenset({"", "0", "f", "false", "n", "no", "off"})
"""The values by which a switch of uv is off."""


_TOO_OLD: Final = "no such option: --uploaded-prior-to"


_OF_STAGE: Final = re.compile(r"only a build has the files of a stage$")


class ResolverError(Exception):
    """The requirements cannot be resolved; `str()` is the installer's message."""

    @property
    def expected(self) -> str:
        """What is expected, which depends on what the message is about."""
        if _NO_SOLUTION.search(str(self)):
            return "versions that go together"
        if _OF_STAGE.search(str(self)):
            return "files of the build context, or PYENV --lock=off for what is not locked"
        return "indexes and repositories that answer, and requirements and options that the installer reads"

    @property
    def explanation(self) -> str:
        """What is expected, and what there is instead."""
        return f"{self.expected}; the installer says:\n{self}"


class _UnlistedError(ResolverError):
    """The files of a package are not those whose hashes the requirements list."""

    @property
    def explanation(self) -> str:
        """What is expected, and what there is instead."""
        return f"files with the hashes that the requirements list, but {self}"


class _CredentialError(ResolverError):
    """A lock would hold a credential."""

    @property
    def explanation(self) -> str:
        """What is expected, and what there is instead."""
        return (
            f"addresses without a credential in their query, which would be written to the lock, but {self}. Name an "
            "index or an address that takes user and password, which are left out of locks"
        )


class _PipError(ResolverError):
    """The pip of this machine cannot resolve."""

    @property
    def explanation(self) -> str:
        """What is expected, and what to do."""
        return str(self)


class _FailedError(ResolverError):
    """There may be a solution without preferred versions, by the exit code, which many errors have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """Resolves environments of one build context."""

    uv: Path
    context: Path
    wishes: Wishes
    python_of: Callable[[PythonVersion], Path | None] = lambda _version: None
    """Returns this machine's interpreter of a version, for what has to be built to learn its dependencies."""

    processes: Processes = field(default_factory=Processes)

    def resolve(
        self,
        pyenv: Pyenv,
        requirements: RequirementInputs,
        target: LockTarget,
        before: bytes | None,
        variables: Mapping[str, str],
    ) -> tuple[Mapping[str, Any], ...]:
        """Return the `[[packages]]` tables of a lock.

        Args:
            pyenv: the instruction.
            requirements: its requirements.
            target: what is resolved for.
            before: the lock as it is, whose versions are kept as far as they fit; None if there is none.
            variables: the variables that the Dockerfile sets at the PYENV.

        Raises:
            ResolverError: there is no solution, or an index cannot be reached.
        """
        with Workspace() as workspace:
            workspace.use_context(self.context, copy=False)
            try:
                sources = self._sources(pyenv, requirements, workspace, variables)
            except StepError as error:
                raise ResolverError(str(error)) from error
            lock_folder = (self.context / lock_path(pyenv)).parent
            resolutions: dict[str, list[dict[str, Any]]] = {}
            sizes = sizes_of(before)
            previous = {platform: self.wishes.keep(before, target, platform) for platform in target.platforms}
            for platform in target.platforms:
                packages = self._resolve_for(target, platform, prefer(previous, resolutions, platform), sources)
                try:
                    keep_listed_files(packages, sources.hashes, platform)
                except UnlistedFilesError as error:
                    raise _UnlistedError(str(error)) from None
                add_sizes(packages, sizes, sources.settings.environ)
                try:
                    resolutions[platform] = [
                        portable(package, workspace.root, self.context, lock_folder) for package in packages
                    ]
                except CredentialError as error:
                    raise _CredentialError(str(error)) from None
        return merge_platforms(resolutions)

    def _sources(
        self, pyenv: Pyenv, requirements: RequirementInputs, workspace: Workspace, variables: Mapping[str, str]
    ) -> _Sources:
        """Gather the requirements, in files with absolute paths, and the installer's arguments."""
        options = pyenv.options
        # uv writes the lock for the versions that pip chooses, so both use the same indexes.
        settings = resolver_settings("uv", variables)
        projects = [file for file in pyenv.requirements if file.kind == "pyproject"]
        # pip has no command for projects, whose dependencies a build installs with uv as well.
        pip = resolver_settings("pip", variables) if options.installer == "pip" and not projects else None
        copier = Requirements(workspace, os.environ, "pip" if pip else "uv")
        files: list[str] = []
        exported: list[str] = []
        arguments = ["--prerelease=allow"] if options.pre else []
        arguments += [f"--index-strategy={options.index_strategy}"] if options.index_strategy else []
        for file in pyenv.requirements:
            path = self.context / file.path
            if file.path in requirements.locked:
                files.append(str(self._exported(path, pyenv, workspace.root / f"{len(files)}.txt", settings)))
                exported.append(Path(files[-1]).read_text("utf-8"))
            elif file.kind == "pyproject":
                files += [] if file.path in requirements.only_groups else [str(path)]
                arguments += [f"--group={path}:{group}" for group in options.groups]
            else:
                files.append(copier.copy(file.path))
        if any(file.path not in requirements.locked for file in projects):
            arguments += [f"--extra={extra}" for extra in options.extras]
        if pyenv.inline is not None:
            lines = pyenv.inline.decode("utf-8", "surrogateescape").splitlines()
            files.append(copier.inline(lines))
        constraints = [copier.copy(path, constraint=True) for path in options.constraints]
        constraints += copier.constraints
        if self.wishes.upgrade_packages:
            upgrades = workspace.root / "upgrades.txt"
            upgrades.write_text("".join(f"{wish.name}{wish.specifier}\n" for wish in self.wishes.upgrade_packages))
            constraints.append(str(upgrades))
        texts = [requirements.contents[file.path].data for file in projects]
        return _Sources(
            files=tuple(files),
            constraints=tuple(constraints),
            arguments=(*arguments, *(word for word in copier.arguments if word != "--require-hashes")),
            pre=options.pre,
            folder=workspace.files,
            hashes=listed_hashes([*_texts(workspace.files), *_texts(workspace.stage), *exported]),
            settings=settings,
            pip=pip,
            python=self.python_of(pyenv.version),
            project=self._with_settings(projects, requirements),
            refresh=any(is_project(self.context / tree) for tree in requirements.trees)
            or any(b"dynamic" in text for text in texts),
        )

    def _with_settings(self, projects: Sequence[RequirementsFile], requirements: RequirementInputs) -> Path | None:
        """Return the folder of the first project, if it or its workspace has settings of uv; None if it has none.

        uv would look for them in folders further above, which a build does not have.
        """
        if not projects:
            return None
        folder = Path(projects[0].path).parent
        for place in (folder, *folder.parents):
            text = requirements.contents.get((place / "pyproject.toml").as_posix())
            if (place / "uv.toml").as_posix() in requirements.contents or (text and b"[tool.uv" in text.data):
                return self.context / folder
        return None

    def _exported(self, project: Path, pyenv: Pyenv, into: Path, settings: InstallerSettings) -> Path:
        """Write the versions of a project's `uv.lock` as requirements."""
        options = pyenv.options
        command = ["export", "--frozen", "--no-default-groups", "--no-emit-project", "--no-header"]
        command += ["--format=requirements.txt", f"--project={project.parent}", f"--output-file={into}"]
        command += [*(f"--extra={extra}" for extra in options.extras), *(f"--group={name}" for name in options.groups)]
        python = self.python_of(pyenv.version)
        command += [f"--python={python}"] if python and "UV_PYTHON" not in settings.environ else []
        self._call([str(self.uv), *command], into.parent, settings)
        return into

    def _resolve_for(
        self, target: LockTarget, platform: str, preferred: Sequence[Mapping[str, Any]], sources: _Sources
    ) -> list[dict[str, Any]]:
        """Resolve for one platform, with the versions of some packages if they fit.

        The versions are constraints first. As preferences, which uv takes from its output file, they are the second
        choice: with several indexes, uv gives up a preferred version if the first index that has it lacks a file for
        the platform.
        """
        output = sources.folder.with_name("pylock.result.toml")
        elsewhere = [package for package in preferred if has_source(package)]
        pins = [package for package in preferred if package not in elsewhere and "version" in package]
        if sources.pip:
            pinned = self._pins_of_pip(target, platform, pins, sources, sources.pip)
            settings = sources.settings.for_lock()
            # All indexes are alike to pip.
            arguments = ["--no-deps", "--index-strategy=unsafe-best-match", *settings.arguments, str(pinned)]
            return self._compile(target, platform, arguments, output, sources)
        constraints = [word for path in sources.constraints for word in ("-c", path)]
        arguments = [*sources.settings.arguments, *sources.arguments, *constraints, *sources.files]
        if pins:
            with contextlib.suppress(_FailedError):
                output.write_bytes(as_preferences(elsewhere))
                return self._compile(
                    target, platform, [*arguments, "-c", write_constraints(pins, output)], output, sources
                )
            with contextlib.suppress(_FailedError):
                output.write_bytes(as_preferences(preferred))
                return self._compile(target, platform, arguments, output, sources)
        output.write_bytes(as_preferences(elsewhere))
        return self._compile(target, platform, arguments, output, sources)

    def _compile(
        self, target: LockTarget, platform: str, arguments: Sequence[str], output: Path, sources: _Sources
    ) -> list[dict[str, Any]]:
        """Let uv resolve for one platform; the output file says what it prefers."""
        settings = sources.settings.for_lock() if sources.pip else sources.settings
        command = [str(self.uv), "pip", "compile", "--no-header", "--no-annotate", "--format=pylock.toml"]
        command += ["--no-python-downloads"]
        # Otherwise uv would start every interpreter on PATH, each time.
        command += [] if "UV_PYTHON" in settings.environ else [f"--python={sources.python or sys.executable}"]
        command += [f"--python-version={target.python}", f"--python-platform={_uv_platform(target.libc, platform)}"]
        command += [f"--output-file={output}"]
        # Not uv's options for upgrades: these also forget what is preferred because of another platform.
        # The cache has what a project once depended on, and does not see all files that it computes that from.
        refresh = self.wishes.upgrade or self.wishes.upgrade_packages or sources.refresh
        # uv refuses to be asked for both; without a network, the cache is all there is.
        is_offline = settings.environ.get("UV_OFFLINE", "").lower() not in _OFF
        command += ["--refresh"] if refresh and not is_offline else []
        command += [f"--exclude-newer={self.wishes.exclude_newer}"] if self.wishes.exclude_newer else []
        # In the folder of a project, as in a build: its `[tool.uv]` counts.
        self._call([*command, *arguments], sources.project or sources.folder, settings)
        return read_packages(output.read_bytes())

    def _pins_of_pip(
        self,
        target: LockTarget,
        platform: str,
        preferred: Sequence[Mapping[str, Any]],
        sources: _Sources,
        settings: InstallerSettings,
    ) -> Path:
        """Let pip choose versions, the preferred ones if all fit; uv then writes them down with hashes and sizes."""
        report, pins = sources.folder.with_name("report.json"), sources.folder.with_name("pins.txt")
        series = target.series.replace(".", "")
        pip = pip_for(marker_environment(target.release, platform))
        if not pip:
            raise _PipError("pip, which is not available on this machine: install it, or lock with --installer=uv")
        command = [*pip, "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--disable-pip-version-check", "--only-binary=:all:", f"--report={report}"]
        command += [
            f"--target={sources.folder.with_name('nothing')}",
            f"--python-version={target.release}",
            "--implementation=cp",
        ]
        command += ["--pre"] if sources.pre else []
        command += [f"--abi={abi}" for abi in (f"cp{series}", "abi3", "none")]
        command += [f"--platform={tag}" for tag in _pip_platforms(target.libc, platform)]
        command += [f"--uploaded-prior-to={self.wishes.exclude_newer}"] if self.wishes.exclude_newer else []
        command += [word for path in sources.constraints for word in ("-c", path)]
        command += [word for path in sources.files for word in ("-r", path)]
        try:
            self._call([*command, "-c", write_constraints(preferred, report)], sources.folder, settings)
        except _FailedError:
            if not preferred:
                raise
            self._call(command, sources.folder, settings)
        lines = sorted(f"{_pin(entry)}\n" for entry in json.loads(report.read_text("utf-8"))["install"])
        pins.write_text("".join([*_index_options(sources.folder), *lines]), "utf-8")
        return pins

    def _call(self, command: list[str], folder: Path, settings: InstallerSettings) -> None:
        """Run a program in a folder: that of a project whose settings count, or one without any."""
        program = Path(command[0]).name
        try:
            done = self.processes.run(command, folder, settings.environ)
        except OSError as reason:
            raise ResolverError(f"{command[0]} does not start: {reason.strerror}") from reason
        if done.returncode:
            message = without_passwords((done.stderr or done.stdout).encode()).decode().replace(f"{folder}/", "")
            if _TOO_OLD in message:
                remedy = "update this machine's, or lock with --installer=uv"
                raise _PipError(f"pip 26.0 or newer for --exclude-newer: {remedy}")
            error = _FailedError if done.returncode == 1 else ResolverError
            ended = f"was killed by signal {-done.returncode}" if done.returncode < 0 else "failed without a message"
            raise error(message.strip() or f"{program} {ended}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sources:
    """What is resolved."""

    files: tuple[str, ...]
    constraints: tuple[str, ...]
    arguments: tuple[str, ...]
    """Extras, groups and what the versions depend on, as arguments of uv."""

    pre: bool
    """Whether pre-releases are taken."""

    folder: Path
    """Where the installers run and the copies are."""

    hashes: Mapping[str, set[str]]
    """Those that are listed for the files of packages."""

    settings: InstallerSettings
    """Those of uv."""

    pip: InstallerSettings | None
    """Those of pip, if it chooses the versions."""

    python: Path | None
    """This machine's interpreter of the version, if there is one."""

    project: Path | None
    """The folder of a project with settings of uv, if there is one."""

    refresh: bool
    """Whether something may compute what it depends on."""


def _texts(folder: Path) -> list[str]:
    """Return the texts of the copies of requirements files."""
    return [path.read_text("utf-8-sig", "surrogateescape") for path in sorted(folder.rglob("*")) if path.is_file()]


def _index_options(folder: Path) -> list[str]:
    """Return the options in requirements files that say where packages are, a line for each."""
    statements = [statement for text in _texts(folder) for statement in read_statements(text)]
    return [f"{statement.written()}\n" for statement in statements if statement.option in _INDEX_OPTIONS]


def _pin(entry: Mapping[str, Any]) -> str:
    """Return the requirement for what pip has chosen, by an entry of its report."""
    name, download = entry["metadata"]["name"], entry["download_info"]
    if not entry.get("is_direct"):
        return f"{name}=={entry['metadata']['version']}"
    vcs = download.get("vcs_info")
    url = f"{vcs['vcs']}+{download['url']}@{vcs['commit_id']}" if vcs else download["url"]
    folder = download.get("subdirectory")
    return f"{name} @ {url}{f'#subdirectory={folder}' if folder else ''}"


def _uv_platform(libc: str, platform: str) -> str:
    """Return uv's name of a platform: `x86_64-manylinux_2_36`."""
    return f"{MACHINES[platform]}-{wheels_platform(Libc.named(libc)) or 'manylinux_2_17'}"


def _pip_platforms(libc: str, platform: str) -> list[str]:
    """Return the platform tags of wheels that run there, the newest first; see PEP 600 and PEP 656."""
    machine = MACHINES[platform]
    if libc == "musl":
        return [f"musllinux_1_{minor}_{machine}" for minor in (2, 1)]
    minor = Libc.named(libc).version[1]
    oldest = 5 if machine == "x86_64" else 17
    return [
        *(f"manylinux_2_{version}_{machine}" for version in range(minor, oldest - 1, -1)),
        f"manylinux2014_{machine}",
    ]
