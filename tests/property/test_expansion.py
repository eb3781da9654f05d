"""Properties of the expansion for Dockerfiles that follow the grammar and for random bytes."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import event, given

from pyenv_frontend.dockerfile import Instruction, parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion.base_image import Base
from pyenv_frontend.expansion.expand import Expansion, expand
from pyenv_frontend.expansion.location import HomeUnknownError
from pyenv_frontend.expansion.step_images import ImagesByName
from pyenv_frontend.inputs.resolve import StepInputs
from pyenv_frontend.positions import LineMap
from pyenv_frontend.stages.analyze import read
from pyenv_frontend.stages.program import Program
from tests.frontend.expansion.facts import DEBIAN
from tests.property.laws import assert_lossless, steps
from tests.property.strategies import anything, dockerfiles

TOOLS = ImagesByName(tools_image="pyenv-frontend-tools", onbuild_tools="pyenv-frontend:dev")


class AnyBase(Mapping[tuple[str, str | None], Base]):
    """A mapping in which every base image is Debian 12."""

    def __getitem__(self, key: tuple[str, str | None]) -> Base:
        return DEBIAN

    def __iter__(self):
        return iter(())

    def __len__(self) -> int:
        return 0


def program_of(source: bytes) -> Program | None:
    """Read a file; return None if it is refused with an error that has a location."""
    try:
        return read(parse(source))
    except UserError as error:
        refused = error
    assert refused.locations
    assert refused.format()
    return None


def expanded(program: Program, *, to_print: bool = False) -> Expansion | None:
    needs = [
        StepInputs(tuple(file.path for file in environment.pyenv.requirements)) for environment in program.environments
    ]
    try:
        return expand(program, AnyBase(), needs, TOOLS, to_print=to_print)
    except HomeUnknownError:  # the caller asks the user or the engine for it
        return None
    except UserError as error:
        refused = error
    assert refused.locations
    return None


@given(anything)
def test_random_bytes_are_expanded_or_refused(source):
    """Only our own errors may be raised, and a file without PYENV is unchanged."""
    program = program_of(source)
    if program is None:
        return
    result = expanded(program)
    if not program.environments:
        assert result is not None
        assert result.source == source


@given(dockerfiles(pyenv=False, from_first=True))
def test_without_pyenv_a_file_is_its_own_expansion(source):
    """No byte is changed, and every line is mapped to itself."""
    program = program_of(source)
    assert program is not None
    result = expanded(program)
    assert result is not None
    assert result.source == source
    assert result.lines == LineMap.identity(sum(1 for _ in source.split(b"\n")[:-1]) + (not source.endswith(b"\n")))
    assert result.steps == ()


@given(dockerfiles(from_first=True))
@pytest.mark.parametrize("to_print", [False, True])
def test_with_pyenv_every_other_byte_stays(to_print, source):
    """Other lines keep their order, every line is mapped, and no PYENV remains."""
    program = program_of(source)
    result = program and expanded(program, to_print=to_print)
    event("expanded" if result else "refused")
    if not program or not result:
        return
    after = parse(result.source, "expanded")
    assert_lossless(after, result.source)
    assert len(result.lines) == (after.nodes[-1].lines.last if after.nodes else 0)
    assert not [
        instruction
        for instruction in after.instructions
        if "PYENV" in {instruction.name, instruction.trigger and instruction.trigger.name}
    ]
    assert copied(program, result) == user_lines(program)
    again = expanded(read(after), to_print=to_print)
    assert again is not None
    assert again.source == result.source
    assert_generated(program, result, after.instructions)


@given(dockerfiles(from_first=True))
def test_a_print_with_builders_keeps_every_instruction(source):
    """Each PYENV is installed in its own stage, and all of the user's instructions remain in order."""
    head = b"# escape=`\n" if parse(source).escape == b"`" else b""
    head += b"FROM compilers:1 AS zz-builder\nENV Z=1\n"
    file = head + source.rstrip(b"\r\n").lower().replace(b"pyenv ", b"pyenv --builder=zz-builder ") + b"\n"
    program = program_of(file)
    result = program and expanded(program, to_print=True)
    built = (
        [environment for environment in program.environments if environment.pyenv.options.builder] if program else []
    )
    event("expanded" if result and built else "refused or without")
    if not program or not result:
        return
    after = parse(result.source, "expanded")
    assert_lossless(after, result.source)
    texts = iter(instruction.logical.text for instruction in after.instructions)
    users = [instruction.logical.text for instruction in program.document.instructions if instruction.name != "PYENV"]
    users = [text for text in users if not text.lower().startswith(b"onbuild pyenv")]
    assert all(any(text == other for other in texts) for text in users)
    read_again = read(after)
    names = [stage.name for stage in read_again.stages if stage.name]
    assert len(read_again.stages) == len(program.stages) + len(built)
    assert len([name for name in names if name.startswith("pyenv-")]) == len(built)
    assert expanded(read_again, to_print=True).source == result.source


def lines_of_pyenvs(program: Program) -> set[int]:
    return {line for environment in program.environments for line in environment.pyenv.instruction.lines.numbers()}


def user_lines(program: Program) -> list[tuple[int, bytes]]:
    """Return the user's lines outside of PYENVs, with their numbers."""
    file, gone = program.document.file, lines_of_pyenvs(program)
    return [(line, file.line_text(line)) for line in range(1, len(file.starts) + 1) if line not in gone and file.data]


def copied(program: Program, result: Expansion) -> list[tuple[int, bytes]]:
    """Return the output lines that are mapped to lines outside of PYENVs, with the numbers of those lines."""
    file, gone = parse(result.source).file, lines_of_pyenvs(program)
    return [
        (result.lines[line].first, file.line_text(line))
        for line in range(1, len(result.lines) + 1)
        if result.lines[line].first not in gone
    ]


def assert_generated(program: Program, result: Expansion, instructions: tuple[Instruction, ...]) -> None:
    """Assert that exec forms are JSON and that the variables of each PYENV are set."""
    gone = lines_of_pyenvs(program)
    generated = [instruction for instruction in instructions if result.lines[instruction.lines.first].first in gone]
    for instruction in generated:
        command = instruction.trigger or instruction.command
        assert command.name in {"RUN", "ENV", "USER", "COPY"}
        if command.name == "RUN":
            assert all(isinstance(word, str) for word in json.loads(command.arguments.text))
    variables = b" ".join(
        instruction.arguments.text for instruction in generated if b"ASTRO_PYENV_" in instruction.logical.text
    )
    for environment in program.environments:
        assert f"ASTRO_PYENV_{environment.pyenv.name.text}=".encode() in variables


@pytest.mark.parametrize(
    "unit",
    [
        b"RUN a b\nENV A%d=$A\n",
        b"PYENV 3.8 env%d r.txt\n",
        b"PYENV 3.9 env-%d <<-EOF\n\tpandas\n\tEOF\n",
        b"FROM x AS s%d\nPYENV 3.10 a\n",
        b"FROM last AS last\nENV A=%d\n",
    ],
)
def test_expanding_takes_steps_in_proportion_to_the_file(unit):
    """Twice the file takes about twice the steps, and a chain of a thousand stages is not too deep."""

    def through(count: int) -> None:
        lines = b"".join(unit % number if b"%" in unit else unit for number in range(count))
        program = program_of(b"FROM x AS last\n" + lines)
        assert program is not None
        assert expanded(program) is not None

    assert steps(lambda: through(1200)) < 2.2 * steps(lambda: through(600)) + 1000
