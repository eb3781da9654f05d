"""Choose the environments of a Dockerfile to make; find options without effect, and what is out of date."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError
from pyenv_frontend.inputs.resolve import StepInputs
from pyenv_frontend.local.fingerprint import fingerprint_of
from pyenv_frontend.lock.choice import plan_install
from pyenv_frontend.lock.inputs import changes
from pyenv_frontend.positions import Location
from pyenv_frontend.pyenv.options import OPTIONS

if TYPE_CHECKING:
    from pyenv_frontend.local.fingerprint import Fingerprint, LocalContext
    from pyenv_frontend.local.store import Store
    from pyenv_frontend.lock.choice import InstallPlan
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.stages.program import Environment, Program, Stage

__all__ = ["Job", "choose", "ignored_options", "job_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One environment, and what has to be done for it."""

    pyenv: Pyenv
    fingerprint: Fingerprint | None = None
    """None: its requirements cannot be read, `error` says why."""

    inputs: StepInputs = field(default_factory=StepInputs)
    """What is known of the files that it names."""

    stale: tuple[str, ...] = ()
    """Why it has to be made; empty if it is up to date."""

    error: UserError | None = None
    plan: InstallPlan | None = None
    """What it is installed from; None if that cannot be read."""

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.pyenv.name.text

    @property
    def place(self) -> Location:
        """The PYENV's version and name in the Dockerfile."""
        return Location(self.pyenv.instruction.file, self.pyenv.version.span)


def choose(program: Program, target: str) -> tuple[list[Environment], list[str]]:
    """Return the PYENVs whose variables an image of `target` has: the stage's own and those of its parent stages.

    Returns:
        The PYENVs in the order of the file, and notes about those that are left out.
    """
    if not program.stages:
        return [], []
    stage: Stage | None = program.stage(target) if target else program.stages[-1]
    notes: list[str] = []
    environments: list[Environment] = []
    indices: set[int] = set()
    while stage is not None:
        indices.add(stage.index)
        environments[:0] = [environment for environment in stage.environments if not environment.pyenv.onbuild]
        triggers = [environment.pyenv.name.text for environment in stage.environments if environment.pyenv.onbuild]
        notes += [f"{name}: ONBUILD PYENV makes it in the images built from this one" for name in triggers]
        stage = None if stage.parent is None else program.stages[stage.parent]
    for other in program.stages:
        if other.index not in indices and other.environments and not environments:
            names = ", ".join(environment.pyenv.name.text for environment in other.environments)
            notes.append(f"{names}: in another stage; to make it, say --target {other.name or other.index}")
    return environments, notes


def ignored_options(pyenv: Pyenv) -> list[str]:
    """Return notes on the options that have no effect outside an image, and on what applies instead."""
    written = {name for name, _ in pyenv.options.spans}
    if pyenv.options.network == "none":
        written.discard("network")
    return [
        f"{pyenv.name.text}: --{spec.name} is for images; {spec.locally}"
        for spec in OPTIONS
        if spec.locally and spec.name in written
    ]


def job_of(environment: Environment, context: LocalContext, store: Store) -> Job:
    """Compare the inputs of an environment with those that it was made from."""
    try:
        plan = plan_install(environment, context)
    except UserError as error:
        return Job(pyenv=environment.pyenv, error=error, stale=("its requirements cannot be read",))
    pyenv, closure = plan.pyenv, plan.requirements
    name = pyenv.name.text
    fingerprint = fingerprint_of(pyenv, closure, context, store.place(name))
    record = store.record(name)
    if record is not None:
        stale = tuple(changes(record.parts, fingerprint.parts))
    else:
        broken = store.place(name).is_symlink()
        stale = ("its interpreter is gone, or it is damaged" if broken else "missing",)
    return Job(pyenv=pyenv, fingerprint=fingerprint, inputs=closure.step_inputs, stale=stale, plan=plan)
