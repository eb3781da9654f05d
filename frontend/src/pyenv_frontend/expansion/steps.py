"""The instructions that stand for one PYENV: a graft, where the base lacks the interpreter, and the environment.

Both are RUN in exec form, started by the interpreter itself: SHELL, PATH and WORKDIR of the stage play no part, and no
value passes a shell. What they do is in the package `pyenv_image`, bind-mounted for the step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyenv_frontend.expansion import quoting
from pyenv_frontend.pyenv.options import step_values
from pyenv_image.step_options import CopyOptions, EnvironmentOptions, GraftOptions, to_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenv_frontend.expansion.location import Place
    from pyenv_frontend.inputs.resolve import StepInputs
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.pyenv.mount import Mount

__all__ = [
    "BUILDER",
    "FLAGS",
    "INTERPRETER",
    "PACKAGE",
    "TOOLS",
    "Graft",
    "Run",
    "copy",
    "environment",
    "environment_options",
    "graft",
    "said_of_graft",
    "variables",
]

TOOLS = "/run/pyenv"
CACHE = "/run/pyenv-cache"
CONTEXT = "/run/pyenv-context"
INTERPRETER = "/run/pyenv-python"
BUILDER = "/run/pyenv-builder"
_CACHE_MOUNT = quoting.mount(type="cache", id="pyenv-cache", target=CACHE)
PACKAGE = f"{TOOLS}/pyenv_image"
FLAGS = "-IB"
"""Of the interpreter that runs a step; one word, since a script's first line can hold no more."""

_PATTERN = frozenset("\\*?[")


type Run = tuple[list[str], list[str]]
"""Keyword and flags, and the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graft:
    """An interpreter that is copied into the image."""

    image: str
    """Image or stage it comes from."""

    series: str
    prefix: str
    """Where it goes: `/opt/pyenv/3.8`."""

    link: str | None
    """Where PATH finds it: `/usr/local/bin/python3.8`; None when PATH has a Python of that series already."""

    @property
    def python(self) -> str:
        """The grafted executable."""
        return f"{self.prefix}/bin/python{self.series}"

    @property
    def carries(self) -> tuple[str, ...]:
        """What the step leaves in the image."""
        return (self.prefix, self.link) if self.link else (self.prefix,)


def graft(plan: Graft, tools: str) -> Run:
    """The RUN that grafts an interpreter; `tools` names the image that has our files."""
    words = [
        "RUN",
        "--network=none",
        _tools(tools),
        _CACHE_MOUNT,
        quoting.mount(type="bind", from_=plan.image, source="/usr/local", target=INTERPRETER),
    ]
    options = GraftOptions(source=INTERPRETER, prefix=plan.prefix, link=plan.link or "")
    return words, _command(f"{INTERPRETER}/bin/python{plan.series}", "graft", options)


def said_of_graft(pyenv: Pyenv) -> list[str]:
    """What a graft does, in the user's terms, and no more of the PYENV that it was made for.

    Other environments of that version start from it: it must stay as it is when that one gets another name.
    """
    source = pyenv.options.from_
    return ["PYENV", *([f"--from={source}"] if source else []), pyenv.version.text]


def environment(  # noqa: PLR0913 - three that say what, three that say how
    pyenv: Pyenv, place: Place, python: str, *, needs: StepInputs, tools: str, selfcheck: bool, rehung: bool = True
) -> Run:
    """The RUN that makes an environment.

    Args:
        pyenv: the instruction.
        place: where the environment goes.
        python: the interpreter it is made for.
        needs: what of the build context the step reads.
        tools: the image that has our files.
        selfcheck: whether nobody has checked that interpreter on this base yet.
        rehung: whether a PYENV with `--builder` is yet to be hung onto that stage, which is mounted to say so.
    """
    options = pyenv.options
    network = [f"--network={options.network}"] if options.network else []
    cache = [_CACHE_MOUNT] if not pyenv.bare else []
    words = [
        "RUN",
        *network,
        _tools(tools),
        *cache,
        *_context(needs.inputs, pyenv.escape),
        *([quoting.mount(type="bind", from_=options.builder, target=BUILDER)] if options.builder and rehung else []),
        *(f"--mount={_readable(mount, place)}" for mount in options.mounts),
    ]
    contents = environment_options(pyenv, needs.locked)
    owner = _owner(place, in_other_stage=options.builder is not None)
    step = replace(contents, path=place.path, user=owner.user, home=owner.home, selfcheck=selfcheck)
    return words, _command(python, "environment", step)


def copy(pyenv: Pyenv, place: Place, python: str, *, stage: str, tools: str) -> Run:
    """The RUN that takes an environment over from the stage that has made it.

    Not COPY: that has no word for the owners of the folders it makes on the way, and its `--chown` needs numbers.
    """
    words = [
        "RUN",
        "--network=none",
        _tools(tools),
        quoting.mount(type="bind", from_=stage, target=BUILDER),
    ]
    owner = _owner(place, in_other_stage=False)
    options = CopyOptions(
        name=pyenv.name.text, source=f"{BUILDER}{place.path}", path=place.path, user=owner.user, home=owner.home
    )
    return words, _command(python, "copy", options)


def _tools(tools: str) -> str:
    return quoting.mount(type="bind", from_=tools, source="/tools", target=TOOLS)


def _context(inputs: Sequence[str], escape: str) -> list[str]:
    """Those files of the context and nothing else, so that other edits do not rebuild the environment.

    Folders are local packages: their build writes into them, which `rw` allows and forgets.
    """
    places: dict[str, bool] = {}
    for path in inputs:
        place = _sayable(path)
        places[place] = places.get(place, False) or path.endswith("/")
    for above in {place for path in inputs if (place := _sayable(path)) != path.rstrip("/")}:
        for path in [each for each in places if each != above and f"{each}/".startswith(f"{above}/" if above else "")]:
            places[above] |= places.pop(path)
    return [_mount(path, escape, writable=writable) for path, writable in places.items()]


def _sayable(path: str) -> str:
    """The path itself, or the nearest folder above it that can be said (empty: the whole context).

    The engine takes the bytes of a flag for characters, and its client the path of a mount for a pattern of what to
    send; either way another file is looked for.
    """
    path = path.rstrip("/")
    while not path.isascii() or not _PATTERN.isdisjoint(path):
        path = path.rpartition("/")[0]
    return path


def _mount(path: str, escape: str, *, writable: bool) -> str:
    fields = {"source": path, "target": f"{CONTEXT}/{path}"} if path else {"target": CONTEXT}
    return quoting.mount(escape, type="bind", **fields, **({"rw": ""} if writable else {}))


def _command(python: str, step: str, options: object) -> list[str]:
    """Give the command of a step.

    `-I` keeps PYTHON* variables and the user's site-packages out, `-B` byte code out of the interpreter's own library.
    """
    return [python, FLAGS, PACKAGE, step, *to_arguments(options)]


def environment_options(pyenv: Pyenv, locked: Sequence[str]) -> EnvironmentOptions:
    """Give the options of the step that say what goes into an environment, wherever it is created.

    Args:
        pyenv: the instruction.
        locked: those of its projects that have a `uv.lock`.
    """
    inline = b"" if pyenv.inline is None else pyenv.inline
    lines = inline.decode("utf-8", "surrogateescape").splitlines()
    return EnvironmentOptions(
        name=pyenv.name.text,
        requirements=tuple(file.path for file in pyenv.requirements if file.kind != "pyproject"),
        projects=tuple(file.path for file in pyenv.requirements if file.kind == "pyproject"),
        locked=tuple(locked),
        lines=tuple(line for line in lines if line.strip() and not line.lstrip().startswith("#")),
        **step_values(pyenv.options),
    )


@dataclass(frozen=True, slots=True)
class _Owner:
    user: str
    home: str


def _owner(place: Place, *, in_other_stage: bool) -> _Owner:
    """Say who owns the environment. A builder's stage may not know the user, so it gets numbers if they are known."""
    home = place.home or ""
    if place.is_root:
        return _Owner("0", home)
    if in_other_stage and place.account:
        group = place.user.partition(":")[2]
        user = f"{place.account.uid}:{group if group.isdigit() else place.account.gid}"
        return _Owner(user, home or place.account.home)
    return _Owner(place.user, home)


def _readable(mount: Mount, place: Place) -> str:
    """A secret is root's unless said otherwise, and the install step runs as the stage's user: say it for them."""
    owned = mount.has("uid") or (mount.has("env") and mount.target is None)
    if mount.type not in {"secret", "ssh"} or owned or place.is_root or place.account is None:
        return mount.raw
    return f"{mount.raw},uid={place.account.uid}"


def variables(pyenv: Pyenv, place: Place) -> list[str]:
    """The ENV that publishes the environment: the contract with the provider."""
    python = quoting.env_value(place.python, pyenv.escape)
    return ["ENV", *(f"{name}={python}" for name in pyenv.name.variables)]
