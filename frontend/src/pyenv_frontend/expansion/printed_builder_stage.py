"""PYENV with `--builder`, printed: a stage of its own that installs, ahead of the stage that wants the environment.

A build through the frontend hangs the install step onto the builder's stage in the graph of build steps, where no
Dockerfile is in the way. Plain instructions need a stage for that:

    FROM compilers AS pyenv-fast
    (ARG and ENV of the stage that wants it, since they hold for its install steps)
    RUN ... graft, environment

    FROM apache/airflow:3.3.2
    RUN --mount=type=bind,from=pyenv-fast ... copy
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile import Comment
from pyenv_frontend.errors import UserError
from pyenv_frontend.positions import Lines, Location
from pyenv_frontend.stages.reachability import references

if TYPE_CHECKING:
    from pyenv_frontend.dockerfile import Document, Instruction
    from pyenv_frontend.stages.program import Environment, Program, Stage

__all__ = ["PrintedBuilderStage", "printed_builder_stages"]


@dataclass(frozen=True, slots=True)
class PrintedBuilderStage:
    """The stage that installs one environment."""

    name: str
    builder: str
    """The stage that it begins with."""

    settings: tuple[Instruction, ...]
    """What of the stage that wants the environment holds for its install step."""

    start: int
    """The offset that it is put before: the FROM of that stage, and the comments right above."""

    lines: Lines
    """The line there."""


def printed_builder_stages(program: Program) -> dict[int, PrintedBuilderStage]:
    """Return the stages that a print of the file has more, by the number of the PYENV.

    Raises:
        UserError: the file counts its stages somewhere, or a builder's stage would not be the same when built upon.
    """
    printed: dict[int, PrintedBuilderStage] = {}
    taken = {stage.name or "": 1 for stage in program.stages}
    builders: dict[str, Stage] = {}
    places: dict[int, int] = {}
    """Where each FROM stands among the nodes."""
    numbered = [(stage, declared) for stage in program.stages for declared in stage.environments]
    for number, (stage, environment) in enumerate(numbered):
        builder_name = environment.pyenv.options.builder
        if builder_name is None:
            continue
        if not printed:
            _check_counting(program, stage)
            places = {node.span.start: number for number, node in enumerate(program.document.nodes)}
        name = _free(f"pyenv-{environment.pyenv.name.text.lower()}", taken)
        builder = builders.get(builder_name) or builders.setdefault(
            builder_name, _builder(program, environment, builder_name)
        )
        start, line = _above(program.document, places[stage.instruction.span.start])
        settings = environment.builder.settings if environment.builder else ()
        printed[number] = PrintedBuilderStage(name, builder.name or "", settings, start, Lines(line, line))
    return printed


def _free(name: str, taken: dict[str, int]) -> str:
    """Return the name, or the first of `name-2`, `name-3` ... that no stage has; `taken` holds the last numbers."""
    number, free = taken.get(name, 0), name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    taken[name] = max(number, 1)
    taken[free] = taken.get(free, 1)
    return free


def _builder(program: Program, environment: Environment, builder_name: str) -> Stage:
    pyenv = environment.pyenv
    place = Location(program.document.file, pyenv.options.span("builder") or pyenv.instruction.span)
    stage = program.stage(builder_name)
    assert stage is not None  # noqa: S101 - the program has been checked
    trigger = next((instruction for instruction in stage.instructions if instruction.name == "ONBUILD"), None)
    if trigger is not None:
        raise UserError(
            f"the stage {stage.name} has an ONBUILD, which would fire in a print, where another stage is based on it",
            place,
            trigger.location,
            hint="build through the frontend, or move the ONBUILD to a stage based on this one",
        )
    return stage


def _check_counting(program: Program, first: Stage) -> None:
    """Numbers of stages are others behind a stage that was put in."""
    for stage in program.stages[first.index :]:
        for flag, reference in references(stage.instructions):
            if reference.isdecimal() and int(reference) >= first.index:
                raise UserError(
                    f"this counts stages, and the print has more of them before the stage {reference}",
                    flag.text.location,
                    hint="give that stage a name, as in FROM ... AS name, and use it here",
                )


def _above(document: Document, first: int) -> tuple[int, int]:
    """Where the comments right above a node begin, of which `first` is the number: offset and line."""
    nodes = document.nodes
    while first and isinstance(nodes[first - 1], Comment):
        first -= 1
    return nodes[first].span.start, nodes[first].lines.first
