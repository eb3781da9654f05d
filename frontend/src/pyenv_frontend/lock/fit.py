"""Whether a lock fits its PYENV and what it is installed on, and why not. Builds and `lock --check` share the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.expansion.libc import Libc
from pyenv_frontend.lock.inputs import changes, lock_inputs, uncertain_inputs
from pyenv_frontend.lock.lockfile import LockFormatError, read_lock_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.lock.lockfile import Lock
    from pyenv_frontend.stages.program import Environment

__all__ = ["compare", "older_libc"]


def compare(  # noqa: PLR0913 - everything that a lock depends on
    data: bytes,
    environment: Environment,
    requirements: RequirementInputs,
    *,
    platforms: Iterable[str],
    libc: str,
    base_known: bool = True,
) -> tuple[Lock | None, list[str]]:
    """Compare a lock with the inputs and the target of an environment.

    Args:
        data: the file of the lock.
        environment: the instruction and its stage's state.
        requirements: its requirements, with every file that they name.
        platforms: the platforms that the lock must be for.
        libc: the C library of the base image, `glibc 2.36` or `musl`; empty if it is not known.
        base_known: whether every variable of the base image is known; if not, what depends on one does not count.

    Returns:
        The lock, if the file is one, and the reasons why it does not fit; none if it does.
    """
    try:
        lock = read_lock_file(data)
    except LockFormatError as error:
        return None, [str(error)]
    now = lock_inputs(environment, requirements)
    ignored = set() if base_known else uncertain_inputs(lock.inputs, now, environment)
    before, after = ({key: inputs[key] for key in inputs if key not in ignored} for inputs in (lock.inputs, now))
    reasons = changes(before, after)
    reasons += ["it was edited"] if lock.edited else []
    reasons += [f"it is not for {platform}" for platform in platforms if platform not in lock.target.platforms]
    if libc and not _runs_with(lock.target.libc, libc):
        reasons.append(f"it is for {lock.target.libc}, and the base image has {libc}")
    return lock, reasons


def older_libc(one: str, other: str) -> str | None:
    """Return the one of two C libraries whose wheels run with both; None if no wheels do."""
    if not (one and other):
        return one or other
    if _runs_with(one, other):
        return one
    return other if _runs_with(other, one) else None


def _runs_with(locked: str, libc: str) -> bool:
    """Return whether wheels for one C library run with another: the same one, or a newer glibc."""
    built_for, present = Libc.named(locked), Libc.named(libc)
    return built_for.kind == present.kind and built_for.version <= present.version
