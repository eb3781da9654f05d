"""Coverage-guided fuzzing of the expansion without I/O: parse, read, expand, parse again.

An input may only raise our own errors. All bytes outside the PYENVs stay, and no PYENV remains.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))

with atheris.instrument_imports(include=["pyenv_frontend"]):
    from pyenv_frontend.dockerfile import parse
    from pyenv_frontend.errors import UserError
    from pyenv_frontend.expansion.base_image import Base
    from pyenv_frontend.expansion.expand import expand
    from pyenv_frontend.expansion.libc import Libc
    from pyenv_frontend.expansion.location import HomeUnknownError
    from pyenv_frontend.expansion.step_images import ImagesByName
    from pyenv_frontend.inputs.resolve import StepInputs
    from pyenv_frontend.stages.analyze import read

BASE = Base(reference="x", suite="bookworm", distribution="debian", libc=Libc(kind="glibc", version=(2, 36)))
TOOLS = ImagesByName(tools_image="pyenv-frontend-tools", onbuild_tools="pyenv-frontend:dev")


def one_input(data: bytes) -> None:
    """Expand one file and check the result."""
    try:
        program = read(parse(data))
        bases = {(stage.root, stage.root_platform): BASE for stage in program.stages}
        needs = [
            StepInputs(tuple(file.path for file in environment.pyenv.requirements))
            for environment in program.environments
        ]
        result = expand(program, bases, needs, TOOLS, to_print=len(data) % 2 == 1)
    except UserError as error:
        error.format()
        return
    except HomeUnknownError:
        return
    if not program.environments:
        assert result.source == data
        return
    after = parse(result.source)
    assert len(result.lines) == after.nodes[-1].lines.last
    assert not [
        instruction
        for instruction in after.instructions
        if "PYENV" in {instruction.name, instruction.trigger and instruction.trigger.name}
    ]
    gone = {environment.pyenv.instruction for environment in program.environments}
    there = iter([instruction.text for instruction in after.instructions])
    for instruction in program.document.instructions:
        assert instruction in gone or instruction.text in there  # `in` continues after the previous match


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
