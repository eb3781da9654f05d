"""Make a virtual environment and install into it.

Root makes the folders, then gives up its rights: uv or pip, and the build scripts of packages, run as the stage's user.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Sequence

from pyenv_image import account, caches, selfcheck, settings
from pyenv_image.bytecode import compile_all
from pyenv_image.failure import StepError
from pyenv_image.requirements import Requirements

if TYPE_CHECKING:
    from pyenv_image.step_options import EnvironmentOptions

_LEFT_BEHIND = (".lock", ".gitignore", "CACHEDIR.TAG")


def run(options: EnvironmentOptions) -> None:
    """Make the environment ``options.path`` for the interpreter that runs this.

    Raises:
        StepError: the user does not exist, the installer failed (its own message stands above ours), or what it
            installed does not fit together.
    """
    if options.selfcheck:
        selfcheck.run()
    owner = account.find(options.user, options.home)
    path = Path(options.path)
    clear(path)
    owner.own_folder(path)
    cache = None if options.local else caches.folder(owner.uid, owner.gid)
    environ = _environ(options, owner, cache)
    owner.become()
    _create(options, environ)
    _install(options, environ)
    _finish(options, environ, cache)


def clear(path: Path) -> None:
    """An environment of that name in the base image gives way, as a later COPY would overwrite an earlier one."""
    if path.is_symlink() or path.is_file():
        raise StepError(f"{path} exists and is no folder: choose another place with --path=DIR")
    shutil.rmtree(str(path), ignore_errors=True)


def _environ(options: EnvironmentOptions, owner: account.Account, cache: Path | None) -> dict[str, str]:
    """The installers' environment: the user's own settings, then what makes the result the same everywhere."""
    environ = settings.for_installer(os.environ)
    environ.update(_own_caches() if options.local else _mounted_caches(cache))
    environ.update(
        HOME=str(owner.home or "/"),
        VIRTUAL_ENV=options.path,
        UV_PYTHON_DOWNLOADS="never",
        UV_NO_INSTALLER_METADATA="1",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        PIP_NO_COMPILE="1",
        PIP_NO_INPUT="1",
        PYC_INVALIDATION_MODE="unchecked-hash",
        PYTHONDONTWRITEBYTECODE="1",
    )
    return environ


def _mounted_caches(cache: Path | None) -> dict[str, str]:
    """In an image: what is mounted for the step, out of which files are copied.

    Sources are only there while the step runs, too, so that nothing can be editable.
    """
    common = {"UV_LINK_MODE": "copy", "UV_NO_PROGRESS": "1", "UV_NO_EDITABLE": "1"}
    if cache is None:
        return {**common, "UV_NO_CACHE": "1", "PIP_NO_CACHE_DIR": "1"}
    return {**common, "UV_CACHE_DIR": str(cache / "uv"), "PIP_CACHE_DIR": str(cache / "pip")}


def _own_caches() -> dict[str, str]:
    """Outside an image: the caches of whoever works there, and links into them, as their own uv and pip have it."""
    names = ("UV_CACHE_DIR", "UV_LINK_MODE", "UV_NO_PROGRESS", "PIP_CACHE_DIR")
    return {name: os.environ[name] for name in names if name in os.environ}


def _create(options: EnvironmentOptions, environ: dict[str, str]) -> None:
    python = options.python or sys.executable
    command = [*_uv(options, "venv"), "--no-project", "--python", python, "--relocatable", "--allow-existing"]
    if options.system_site_packages:
        command.append("--system-site-packages")
    if options.installer == "pip":
        command.append("--seed")
    _call(options, [*command, options.path], environ, "the environment could not be made")


def _install(options: EnvironmentOptions, environ: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        context = Path(options.context) if options.local else _writable(Path(options.context), Path(folder) / "context")
        copies = Path(folder) / "requirements"
        copies.mkdir()
        requirements = Requirements(context, copies, environ, editable=options.local)
        constraints = _listed("-c", [requirements.copy(context / path) for path in options.constraints])
        for path in options.projects:
            project = context / path
            if path in options.locked:
                _install_locked(options, project, environ)
            else:
                _install_project(options, project, constraints, environ)
        files = [requirements.copy(context / path) for path in options.requirements]
        files += [requirements.inline(options.lines)] if options.lines else []
        if files:
            command = [*_installer(options), *_listed("-r", files), *constraints]
            _call(options, command, environ, "its requirements could not be installed", cwd=context)
        _keep_lock(options, context)


def _keep_lock(options: EnvironmentOptions, context: Path) -> None:
    """Put the lock that decides every package beside `pyvenv.cfg`, so that the image can be asked what is in it."""
    only_files = not (options.projects or options.lines or options.constraints)
    if only_files and len(options.requirements) == 1 and Path(options.requirements[0]).name.startswith("pylock."):
        shutil.copyfile(str(context / options.requirements[0]), str(Path(options.path) / "pylock.toml"))


def _writable(context: Path, copy: Path) -> Path:
    """A copy of what is mounted, in the user's own hands: builds of local packages write beside their sources."""
    if not context.is_dir():
        copy.mkdir()
        return copy
    shutil.copytree(str(context), str(copy), symlinks=True, copy_function=_copy)
    return copy


def _copy(source: str, target: str) -> None:
    """Archives are only read, and a wheelhouse of them may be large."""
    if source.endswith((".whl", ".zip", ".gz")):
        Path(target).symlink_to(source)
    else:
        shutil.copyfile(source, target)
        shutil.copymode(source, target)


def _install_locked(options: EnvironmentOptions, project: Path, environ: dict[str, str]) -> None:
    """Dependencies of a pyproject.toml, in the versions of its uv.lock, wherever uv finds that."""
    command = [*_uv(options, "sync"), "--frozen", "--active", "--no-install-project", "--no-dev", "--inexact"]
    command += ["--project", str(project.parent), "--python", str(_python(options))]
    command += [*_listed("--extra", options.extras), *_listed("--group", options.groups)]
    _call_for(options, project, command, {**environ, "UV_PROJECT_ENVIRONMENT": options.path})


def _install_project(
    options: EnvironmentOptions, project: Path, constraints: list[str], environ: dict[str, str]
) -> None:
    """Dependencies of a pyproject.toml without a lock."""
    groups = [word for group in options.groups for word in ("--group", f"{project}:{group}")]
    command = [*_installer(options, "uv"), "-r", str(project), *_listed("--extra", options.extras), *groups]
    _call_for(options, project, [*command, *constraints], environ)


def _call_for(options: EnvironmentOptions, project: Path, command: list[str], environ: dict[str, str]) -> None:
    _call(options, command, environ, f"the dependencies of {project.name} could not be installed", cwd=project.parent)


def _finish(options: EnvironmentOptions, environ: dict[str, str], cache: Path | None) -> None:
    check = [*_uv(options, "pip", "check"), "--python", str(_python(options))]
    _call(options, check, environ, "its packages do not fit together")
    if not options.no_compile:
        # Test suites are half of some packages, and no task imports them.
        folders = list(Path(options.path).glob("lib/python*/site-packages"))
        compile_all(_python(options), folders, without=("test", "tests"), cache=cache)
    for name in _LEFT_BEHIND:
        with contextlib.suppress(FileNotFoundError):
            (Path(options.path) / name).unlink()


def _installer(options: EnvironmentOptions, program: str | None = None) -> list[str]:
    if (program or options.installer) == "pip":
        return [str(_python(options)), "-m", "pip", "install", "--no-compile"]
    return [*_uv(options, "pip", "install"), "--python", str(_python(options))]


def _uv(options: EnvironmentOptions, *words: str) -> list[str]:
    return [options.uv, *words]


def _python(options: EnvironmentOptions) -> Path:
    return Path(options.path) / "bin" / "python"


def _listed(flag: str, values: Sequence[object]) -> list[str]:
    return [word for value in values for word in (flag, str(value))]


def _call(
    options: EnvironmentOptions, command: list[str], environ: dict[str, str], failed: str, cwd: Path | None = None
) -> None:
    """Run an installer where its files are: its messages name them relative to that."""
    sys.stdout.flush()
    code = subprocess.call(command, env=environ, stdin=subprocess.DEVNULL, cwd=cwd)
    if code:
        raise StepError(f"PYENV {options.name}: {failed}; the installer's message stands above")
