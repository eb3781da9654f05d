"""The instructions that stand for one PYENV: a graft, where the base lacks the interpreter, and the environment.

Both are RUN in exec form, started by the interpreter itself: SHELL, PATH and WORKDIR of the stage have no effect, and
no value passes through a shell. Their code is in the package `pyenv_image`, which is bind-mounted for the step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyenv_frontend.expansion import quoting
from pyenv_frontend.pyenv.options import step_values
from pyenv_image.step_options import CopyOptions, EnvironmentOptions, GraftOptions, to_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenv_frontend.expansion.interpreter_choice import Graft
    from pyenv_frontend.expansion.location import EnvironmentLocation
    from pyenv_frontend.inputs.resolve import StepInputs
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.pyenv.mount import Mount

__all__ = [
    "BUILDER",
    "CACHE",
    "CONTEXT",
    "FLAGS",
    "INTERPRETER",
    "PACKAGE",
    "TOOLS",
    "Run",
    "context_places",
    "copy",
    "environment",
    "environment_options",
    "graft",
    "graft_title",
    "uv_image",
    "variables",
]

TOOLS = "/run/pyenv"
CACHE = "/run/pyenv-cache"
CONTEXT = "/run/pyenv-context"
INTERPRETER = "/run/pyenv-python"
LIBRARIES = "/run/pyenv-libraries"
BUILDER = "/run/pyenv-builder"
UV = "/run/pyenv-uv"
_CACHE_MOUNT = quoting.mount(type="cache", id="pyenv-cache", target=CACHE)
PACKAGE = f"{TOOLS}/pyenv_image"
FLAGS = "-IB"
"""Of the interpreter that runs a step; one word, since a script's first line can hold no more."""

_VERSION = re.compile(r"\d+\.\d+(\.\d+)?|latest")
_PATTERN = frozenset("\\*?[")


type Run = tuple[list[str], list[str]]
"""Keyword and flags, and the command."""


def graft(graft: Graft, *, image: str, tools: str, keeps_byte_code: bool = False) -> Run:
    """Return the RUN that grafts an interpreter.

    Args:
        graft: what is grafted and where it goes.
        image: the image with the interpreter, as `--mount=from=` names it.
        tools: the image with our files, likewise.
        keeps_byte_code: whether the step has a cache for byte code, which must be one that no foreign code can write.
    """
    words = [
        "RUN",
        "--network=none",
        _tools(tools),
        *([_CACHE_MOUNT] if keeps_byte_code else []),
        quoting.mount(type="bind", from_=image, source=graft.source, target=INTERPRETER),
    ]
    python = f"{INTERPRETER}/bin/python{graft.series}"
    options = GraftOptions(source=INTERPRETER, prefix=graft.prefix, link=graft.link or "")
    if graft.loader is None:
        return words, _command(python, "graft", options)
    words.append(quoting.mount(type="bind", from_=image, target=LIBRARIES))
    # The interpreter may not even start with the base's libraries, so it runs with those of its own image.
    folder, name = graft.loader
    search = f"{LIBRARIES}/lib/{folder}:{LIBRARIES}/usr/lib/{folder}"
    start = [f"{LIBRARIES}/lib/{folder}/{name}", "--library-path", search]
    return words, [*start, *_command(python, "graft", replace(options, libraries=LIBRARIES))]


def graft_title(pyenv: Pyenv) -> list[str]:
    """Describe a graft in the user's terms, without details of its PYENV.

    Other environments of the same version are based on it, so it must not change if that PYENV is renamed.
    """
    source = pyenv.options.from_
    return ["PYENV", *([f"--from={source}"] if source else []), pyenv.version.text]


def environment(  # noqa: PLR0913 - three that say what, three that say how
    pyenv: Pyenv,
    location: EnvironmentLocation,
    python: str,
    *,
    inputs: StepInputs,
    tools: str,
    selfcheck: bool,
    uv: str = "",
    mounts_builder: bool = True,
    wheels: str = "",
    checks_apart: bool = False,
) -> Run:
    """Return the RUN that makes an environment.

    Args:
        pyenv: the instruction.
        location: where the environment goes.
        python: the interpreter it is made for.
        inputs: what of the build context the step reads.
        tools: the image with our files, as `--mount=from=` names it.
        selfcheck: whether that interpreter has not been checked on this base yet.
        uv: the image with the uv of `--uv`, as `--mount=from=` names it; empty for the uv in our own image.
        mounts_builder: whether the stage of `--builder` is mounted, which the graph of the build then makes the root.
        wheels: the C library that wheels are chosen for, if that is not the one that the step runs with.
        checks_apart: whether a step that runs no code of packages checks that they fit together.
    """
    options = pyenv.options
    network = [f"--network={options.network}"] if options.network else []
    cache = [] if pyenv.bare or options.cache == "off" else [_CACHE_MOUNT]
    words = [
        "RUN",
        *network,
        _tools(tools),
        *cache,
        *_context(inputs.inputs, pyenv.escape),
        *(
            [quoting.mount(type="bind", from_=options.builder, target=BUILDER)]
            if options.builder and mounts_builder
            else []
        ),
        *(f"--mount={_readable(mount, location)}" for mount in options.mounts),
    ]
    contents = environment_options(pyenv, inputs)
    if uv:
        words.append(quoting.mount(type="bind", from_=uv, target=UV))
        contents = replace(contents, uv=UV)
    owner = _owner(location, in_other_stage=options.builder is not None)
    contents = replace(contents, wheels=wheels, checks_apart=checks_apart)
    step = replace(contents, path=location.path, user=owner.user, home=owner.home, selfcheck=selfcheck)
    return words, _command(python, "environment", step)


def uv_image(uv: str) -> str:
    """Return the image or stage of `--uv`, which may be a version."""
    return f"ghcr.io/astral-sh/uv:{uv}" if _VERSION.fullmatch(uv) else uv


def copy(pyenv: Pyenv, location: EnvironmentLocation, python: str, *, stage: str, tools: str) -> Run:
    """Return the RUN that copies an environment from the stage that has created it.

    COPY cannot set the owners of the folders that it creates above, and its `--chown` may need numbers.
    """
    words = [
        "RUN",
        "--network=none",
        _tools(tools),
        quoting.mount(type="bind", from_=stage, target=BUILDER),
    ]
    owner = _owner(location, in_other_stage=False)
    options = CopyOptions(
        name=pyenv.name.text, source=f"{BUILDER}{location.path}", path=location.path, user=owner.user, home=owner.home
    )
    return words, _command(python, "copy", options)


def _tools(tools: str) -> str:
    return quoting.mount(type="bind", from_=tools, source="/tools", target=TOOLS)


def _context(inputs: Sequence[str], escape: str) -> list[str]:
    """Mount these files of the context and nothing else, so that other edits do not rebuild the environment.

    Folders are local packages, whose builds write into them; `rw` allows that and discards it.
    """
    return [_mount(path, escape, writable=writable) for path, writable in context_places(inputs).items()]


def context_places(inputs: Sequence[str]) -> dict[str, bool]:
    """Return the paths with all inputs (empty for the whole context), and whether local packages are in them."""
    places: dict[str, bool] = {}
    for path in inputs:
        place = _expressible_ancestor(path)
        places[place] = places.get(place, False) or path.endswith("/")
    for above in {place for path in inputs if (place := _expressible_ancestor(path)) != path.rstrip("/")}:
        for path in [
            place for place in places if place != above and f"{place}/".startswith(f"{above}/" if above else "")
        ]:
            places[above] |= places.pop(path)
    return places


def _expressible_ancestor(path: str) -> str:
    """Return the path, or the nearest folder above it that can be written in a flag (empty for the whole context).

    The engine reads the bytes of a flag as characters, and its client reads the path of a mount as a pattern; in both
    cases another file would be searched for.
    """
    path = path.rstrip("/")
    while not path.isascii() or not _PATTERN.isdisjoint(path):
        path = path.rpartition("/")[0]
    return path


def _mount(path: str, escape: str, *, writable: bool) -> str:
    fields = {"source": path, "target": f"{CONTEXT}/{path}"} if path else {"target": CONTEXT}
    return quoting.mount(escape, type="bind", **fields, **({"rw": ""} if writable else {}))


def _command(python: str, step: str, options: object) -> list[str]:
    """Return the command of a step.

    `-I` keeps PYTHON* variables and the user's site-packages out, `-B` byte code out of the interpreter's own library.
    """
    return [python, FLAGS, PACKAGE, step, *to_arguments(options)]


def environment_options(pyenv: Pyenv, inputs: StepInputs) -> EnvironmentOptions:
    """Return the step's options for the content of an environment, wherever it is created.

    Args:
        pyenv: the instruction.
        inputs: the files that it names, as far as they are known.
    """
    inline = b"" if pyenv.inline is None else pyenv.inline
    # A changed comment must not repeat the install. Its line is kept, so that messages have the right line numbers.
    lines = [
        "" if line.lstrip().startswith("#") else line for line in inline.decode("utf-8", "surrogateescape").splitlines()
    ]
    while lines and not lines[-1].strip():
        lines.pop()
    return EnvironmentOptions(
        name=pyenv.name.text,
        requirements=tuple(file.path for file in pyenv.requirements if file.kind != "pyproject"),
        projects=tuple(file.path for file in pyenv.requirements if file.kind == "pyproject"),
        locked=inputs.locked,
        only_groups=inputs.only_groups,
        lines=tuple(lines),
        **step_values(pyenv.options),
    )


@dataclass(frozen=True, slots=True)
class _Owner:
    user: str
    home: str


def _owner(location: EnvironmentLocation, *, in_other_stage: bool) -> _Owner:
    """Return the owner of the environment: as numbers, if they are known, since a builder's stage may lack the user."""
    home = location.home or ""
    if location.is_root:
        return _Owner("0", home)
    if in_other_stage and location.account:
        group = location.user.partition(":")[2]
        user = f"{location.account.uid}:{group if group.isdigit() else location.account.gid}"
        return _Owner(user, home or location.account.home)
    return _Owner(location.user, home)


def _readable(mount: Mount, location: EnvironmentLocation) -> str:
    """Make a secret readable for the stage's user, who runs the install step. By default, only root may read it."""
    owned = mount.has("uid") or (mount.has("env") and mount.target is None)
    if mount.type not in {"secret", "ssh"} or owned or location.is_root or location.account is None:
        return mount.raw
    return f"{mount.raw},uid={location.account.uid}"


def variables(pyenv: Pyenv, location: EnvironmentLocation) -> list[str]:
    """Return the ENV that publishes the environment to the provider."""
    python = quoting.env_value(location.python, pyenv.escape)
    return ["ENV", *(f"{name}={python}" for name in pyenv.name.variables)]
