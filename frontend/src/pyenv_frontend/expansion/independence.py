"""Decide whether an environment is installed independently of its stage, without a network, and say why not.

An independent environment is installed on the image of its interpreter, where no code of the stage or of a package
runs. What is below it in the Dockerfile is no input of the install, so a change there does not install it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pyenv_frontend.expansion.weight import without_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyenv_frontend.expansion.interpreter_choice import InterpreterChoice
    from pyenv_frontend.expansion.libc import Libc
    from pyenv_frontend.expansion.weight import Parts
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.stages.program import Program

__all__ = ["LockedPackages", "Way", "layers_of", "reason_against", "wheels_platform"]

_STRONG = frozenset({"sha256", "sha384", "sha512"})
"""The hashes that identify a wheel; MD5 does not."""

_KEYRINGS = ("UV_KEYRING_PROVIDER", "PIP_KEYRING_PROVIDER")
_NEUTRAL_MOUNTS = frozenset({"secret", "ssh"})
_GLIBC = ((2, 17), (2, 28), *((2, minor) for minor in range(31, 41)))
"""The versions of glibc that uv has a name for."""


class LockedPackages(Protocol):
    """The part of a lock that decides on independence."""

    @property
    def packages(self) -> tuple[Mapping[str, Any], ...]:
        """The `[[packages]]` tables."""

    @property
    def to_build(self) -> str:
        """The first package that has to be built, or may have to be; empty: none."""

    @property
    def head(self) -> Mapping[str, Any]:
        """What of it is about all packages, as far as that decides on what is installed."""

    @property
    def by_others(self) -> bool:
        """Whether it may not have been resolved for this Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way in which one environment is installed."""

    name: str
    line: int
    reason: str
    """Why it is installed on its stage; empty: it is independent."""

    layers: str = ""
    """What of it has a layer of its own, or why nothing has."""

    def __str__(self) -> str:
        """Return it as a sentence."""
        way = (
            f"is installed independently of the stage{self.layers and f', {self.layers}'}"
            if not self.reason
            else f"is installed on the stage: {self.reason}"
        )
        return f"line {self.line}: {self.name} {way}"


def reason_against(  # noqa: PLR0913 - everything that may be against it
    pyenv: Pyenv,
    lock: LockedPackages | None,
    choice: InterpreterChoice,
    program: Program,
    *,
    made_here: bool,
    variables: Mapping[str, str],
) -> str:
    """Return why an environment has to be installed on its stage, or an empty text.

    Args:
        pyenv: the instruction.
        lock: the lock that it is installed from, if there is one.
        choice: its interpreter.
        program: the Dockerfile.
        made_here: whether the interpreter is grafted in the same stage.
        variables: those of the stage.
    """
    options = pyenv.options
    keyring = next((name for name in _KEYRINGS if variables.get(name) == "subprocess"), "")
    mounts = sorted({mount.type for mount in options.mounts} - _NEUTRAL_MOUNTS)
    names_lock = any(file.kind == "pylock" for file in pyenv.requirements)
    graft = choice.graft
    reasons = {
        "it is a trigger (ONBUILD)": pyenv.onbuild,
        "other requirements or constraints are beside its lock, or that is not readable": lock is None and names_lock,
        "--lock=off": lock is None and options.lock == "off",
        "it has no lock that fits": lock is None,
        f"its lock has {lock and lock.to_build}, which may have to be built": lock is not None and bool(lock.to_build),
        "its lock has a wheel without a hash": lock is not None and not _all_hashed(lock),
        "its lock has a wheel that is a file of the stage": lock is not None and _has_files_of_the_stage(lock),
        "--installer=pip": options.installer == "pip",
        "--builder names the stage that installs it": bool(options.builder),
        "--system-site-packages makes it depend on the base image": options.system_site_packages,
        f"{keyring} asks the program keyring of the stage": bool(keyring),
        "--uv brings a program of its own": bool(options.uv),
        f"--mount=type={', '.join(mounts)} makes it depend on other files": bool(mounts),
        "the base image has that Python": graft is None,
        "its interpreter comes from a stage": graft is not None and program.stage(graft.image) is not None,
        "its interpreter was grafted in another stage": graft is not None and not made_here,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def layers_of(lock: LockedPackages, parts: Parts | None) -> str:
    """Describe which distributions of a lock have their own layer, or why none has; usually an empty text."""
    if parts is not None:
        return f"with a layer of its own for {', '.join(parts.names)}"
    unknown = without_size(lock.packages)
    return f"in one layer: its lock does not say the size of {unknown}" if unknown else ""


def _all_hashed(lock: LockedPackages) -> bool:
    every = [wheel.get("hashes") for wheel in _wheels(lock)]
    return all(isinstance(hashes, dict) and not _STRONG.isdisjoint(hashes) for hashes in every)


def _has_files_of_the_stage(lock: LockedPackages) -> bool:
    return any(str(wheel.get("url")).startswith("file:") for wheel in _wheels(lock))


def _wheels(lock: LockedPackages) -> Iterator[Mapping[str, Any]]:
    return (wheel for package in lock.packages for wheel in package.get("wheels", ()))


def wheels_platform(libc: Libc | None) -> str:
    """Return the C library of a base image in uv's words, without the processor; empty if it is not known."""
    if libc is None:
        return ""
    if libc.kind == "musl":
        return "unknown-linux-musl"
    fitting = [version for version in _GLIBC if version <= libc.version]
    return "manylinux_{}_{}".format(*fitting[-1]) if fitting else ""
