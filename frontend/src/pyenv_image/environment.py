"""Create a virtual environment and install into it.

Root creates the folders, then gives up its rights: uv or pip, and the build scripts of packages, run as the stage's
user.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Mapping, Sequence

from pyenv_image import account, caches, collected, package_managers, selfcheck
from pyenv_image.bytecode import compile_all
from pyenv_image.failure import InstallerError, StepError
from pyenv_image.git_sources import git_source
from pyenv_image.installer import Installer
from pyenv_image.installer_commands import kept_lock
from pyenv_image.requirements import Requirements
from pyenv_image.room import make_room
from pyenv_image.settings import settings_for
from pyenv_image.times import fix_times
from pyenv_image.variables import HEREDOC_PREFIX, HEREDOC_VARIABLE
from pyenv_image.workspace import Workspace

if TYPE_CHECKING:
    from pyenv_image.settings import InstallerSettings
    from pyenv_image.step_options import EnvironmentOptions

_LEFT_BEHIND = (".lock", ".gitignore", "CACHEDIR.TAG")
_OWN_CACHES = ("UV_CACHE_DIR", "UV_LINK_MODE", "UV_NO_PROGRESS", "PIP_CACHE_DIR")


def run(options: EnvironmentOptions) -> None:
    """Create the environment for the interpreter that runs this.

    Raises:
        StepError: the user does not exist, the path is taken, the installer failed (its own message stands above
            ours), or what it installed does not fit together.
    """
    heredoc = options.heredoc or _take_heredoc()
    if options.selfcheck:
        selfcheck.run()
    path = Path(options.path)
    if options.stage:
        owner = collected.apply(Path(options.stage), options.path)
        os.chown(str(path), owner.uid, owner.gid)
    else:
        owner = account.find(options.user, options.home)
        make_room(path)
        owner.own_folder(path)
    cache = None if options.local else caches.folder(owner.uid, owner.gid)
    folder = _working_directory()
    owner.become()
    _check_access(path, options.name)
    settings, uv_settings = _settings(options, str(owner.home or "/"), folder)
    with Workspace() as workspace:
        for own in (settings, uv_settings):
            own.environ.update(_own_caches() if options.local else _mounted_caches(cache))
            own.environ.update(_always(options, owner, workspace))
        workspace.use_context(Path(options.context), copy=not options.local)
        installer = Installer(options, settings, uv_settings, workspace)
        installer.create()
        environment_files = sorted(path.rglob("*"), reverse=True) if options.packages_only else []
        untouched = _interpreter_of(path)
        _install(options, installer, workspace, heredoc)
        if options.stage and _interpreter_of(path) != untouched:
            raise StepError(
                f"PYENV {options.name}: a package of the lock replaces bin/python or pyvenv.cfg of the environment; "
                "--lock=off installs it on the stage"
            )
        if options.packages_only:
            _remove(environment_files)
        else:
            _keep_lock(options, workspace.context)
            _record_line(options)
            # A check asks the environment's interpreter, which runs what packages hook into its start.
            if not options.stage:
                installer.check()
            elif options.checks_apart:
                installer.check_apart()
    if not options.no_compile:
        # Test suites are half of some packages, and no task imports them.
        folders = list(path.glob("lib/python*/site-packages"))
        # Where no code of a package may run, the environment's own files decide nothing.
        python = Path(sys.executable) if options.stage else installer.python
        # Byte code is not checked when it is used, so what foreign code could have written is not taken.
        compile_all(python, folders, without=("test", "tests"), cache=cache if options.stage else None)
    _tidy(path, fixed_times=bool(options.stage))


def _check_access(path: Path, name: str) -> None:
    """Check that the user, who this process is now, may enter the folders above an environment.

    Raises:
        StepError: one is closed, such as /root.
    """
    closed = next((place for place in (*reversed(path.parents), path) if not os.access(str(place), os.X_OK)), None)
    if closed is not None:
        raise StepError(
            f"PYENV {name}: the stage's user may not enter {closed}: choose another place with --path=DIR, or another "
            "USER above the PYENV"
        )


def _tidy(path: Path, *, fixed_times: bool) -> None:
    """Remove what installers leave behind, and set all times to a fixed one if the folder is a layer as it is."""
    for name in _LEFT_BEHIND:
        with contextlib.suppress(FileNotFoundError):
            (path / name).unlink()
    if fixed_times:
        fix_times(path)


def _remove(entries: Sequence[Path]) -> None:
    """Remove files and then folders, as far as nothing else is in them.

    Args:
        entries: what is removed, from the bottom up.
    """
    for entry in entries:
        if entry.is_symlink() or not entry.is_dir():
            entry.unlink()
        elif not any(entry.iterdir()):
            entry.rmdir()


def _settings(options: EnvironmentOptions, home: str, folder: str) -> tuple[InstallerSettings, InstallerSettings]:
    """Return the settings of the program that installs requirements, and those of uv; write what has no effect."""
    settings = uv_settings = settings_for(options.installer, os.environ, home, folder)
    if options.installer == "pip":
        uv_settings = settings_for("uv", os.environ, home, folder)
        if options.index_strategy:
            settings.notes.append("--index-strategy is of uv; pip takes the best version of all indexes")
        if Path(options.uv).is_dir():
            settings.notes.append(
                "--uv creates the environment and installs projects; requirements are installed by pip"
            )
    _say(options.name, settings.notes)
    return settings, uv_settings


def _say(name: str, notes: Sequence[str]) -> None:
    for note in notes:
        print(f"PYENV {name}: note: {note}", flush=True)  # noqa: T201 - the build's log


def _interpreter_of(path: Path) -> tuple[str, bytes]:
    """Return what decides which interpreter an environment has."""
    return os.path.realpath(str(path / "bin" / "python")), (path / "pyvenv.cfg").read_bytes()


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return "/"


def _always(options: EnvironmentOptions, owner: account.Account, workspace: Workspace) -> dict[str, str]:
    """Return the variables that make the result the same everywhere, and keep an install from leaving anything else."""
    return {
        "HOME": str(owner.home or "/"),
        "TMPDIR": str(workspace.temporary),
        "VIRTUAL_ENV": options.path,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_INSTALLER_METADATA": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_COMPILE": "1",
        "PIP_NO_INPUT": "1",
        "PYC_INVALIDATION_MODE": "unchecked-hash",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _mounted_caches(cache: Path | None) -> dict[str, str]:
    """Return the variables for an image: caches are mounted for the step, and files are copied from them.

    Sources are only there while the step runs, so that nothing can be editable.
    """
    common = {"UV_LINK_MODE": "copy", "UV_NO_PROGRESS": "1", "UV_NO_EDITABLE": "1"}
    if cache is None:
        return {**common, "UV_NO_CACHE": "1", "PIP_NO_CACHE_DIR": "1"}
    return {**common, "UV_CACHE_DIR": str(cache / "uv"), "PIP_CACHE_DIR": str(cache / "pip")}


def _own_caches() -> dict[str, str]:
    """Return the variables for use outside an image: the user's own caches, and links into them."""
    return {name: os.environ[name] for name in _OWN_CACHES if name in os.environ}


def _take_heredoc() -> str:
    """Return where the heredoc is, as the build says it, and take the variable away (see `HEREDOC_VARIABLE`)."""
    place = ""
    for name in (HEREDOC_VARIABLE, HEREDOC_VARIABLE.upper()):
        if os.environ.get(name, "").startswith(HEREDOC_PREFIX):
            place = os.environ.pop(name)[len(HEREDOC_PREFIX) :]
    return place


def _install(options: EnvironmentOptions, installer: Installer, workspace: Workspace, heredoc: str) -> None:
    environ = installer.settings.environ
    if options.lock:
        part = workspace.files / Path(options.lock).name
        shutil.copyfile(options.lock, str(part))
        installer.install([part.name], (), ())
        return
    requirements = Requirements(workspace, environ, options.installer, local=options.local)
    constraints = [requirements.copy(path, constraint=True) for path in options.constraints]
    try:
        for path in options.projects:
            installer.install_project(path, [*constraints, *requirements.constraints])
        files = [requirements.copy(path) for path in options.requirements]
        files += [requirements.inline(options.lines, heredoc)] if any(options.lines) else []
        _say(options.name, requirements.notes)
        if files:
            installer.install(files, [*constraints, *requirements.constraints], requirements.arguments)
    except InstallerError as error:
        if options.local:
            raise
        programs = {**dict.fromkeys(installer.lacks, git_source(options, workspace.context)), **requirements.programs}
        raise _explained(error, options.name, programs, environ.get("PATH")) from None


def _explained(error: StepError, name: str, programs: Mapping[str, str], path: str | None) -> StepError:
    """Add which program a failed install lacks, if that is one that fetches requirements."""
    missing = [program for program in programs if shutil.which(program, path=path) is None]
    if not missing:
        return error
    place = programs[missing[0]]
    return StepError(
        f"PYENV {name}: {place} comes from a git repository, and this stage has no {' and no '.join(missing)}."
        f"{package_managers.remedy_for_programs(missing)}"
    )


def _keep_lock(options: EnvironmentOptions, context: Path) -> None:
    """Store the lock that determines every package next to `pyvenv.cfg`, so that the image records its content."""
    lock = kept_lock(options)
    if lock:
        shutil.copyfile(str(context / lock), str(Path(options.path) / "pylock.toml"))


def _record_line(options: EnvironmentOptions) -> None:
    """Write a PYENV that makes this environment into `pyvenv.cfg`, so that the image can be asked where it is from.

    It has what decides on the packages, with the exact version of Python. The lines of a heredoc stay out: they are
    in the image's history already.
    """
    path = Path(options.path) / "pyvenv.cfg"
    settings = path.read_text(encoding="utf-8", errors="surrogateescape")
    version = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+(?:\.\d+)?)", settings, re.MULTILINE)
    flags = [f"--installer={options.installer}"] if options.installer != "uv" else []
    flags += [f"--constraint={file}" for file in options.constraints]
    flags += [f"--extra={name}" for name in options.extras] + [f"--group={name}" for name in options.groups]
    flags += [f"--index-strategy={options.index_strategy}"] if options.index_strategy else []
    flags += ["--pre"] if options.pre else []
    flags += ["--system-site-packages"] if options.system_site_packages else []
    inline = ["<<EOF"] if any(options.lines) else []
    words = [
        "PYENV",
        *flags,
        version.group(1) if version else "",
        options.name,
        *options.requirements,
        *options.projects,
    ]
    line = " ".join(_quoted(word) for word in words if word)
    separator = "" if settings.endswith("\n") else "\n"
    with path.open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(f"{separator}pyenv = {' '.join([line, *inline])}\n")


def _quoted(word: str) -> str:
    """Quote a word with white space, and keep it on one line."""
    return f'"{" ".join(word.split())}"' if re.search(r"\s", word) else word
