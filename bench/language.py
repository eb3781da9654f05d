"""Measure the time to parse, analyse and expand a Dockerfile of 10,000 instructions, and whether it grows linearly.

The same is measured for many PYENV instructions, and for very long requirements in a file and in a heredoc. The first
row is compared with another parser of Dockerfiles in Python, which only parses.
"""

import gc
from collections.abc import Callable, Iterator
from datetime import date

from e2b_dockerfile_utils.syntax import parse_dockerfile_ast

from bench.harness import Row, in_turn
from pyenv_frontend.dockerfile import parse
from pyenv_frontend.expansion.base_image import Base
from pyenv_frontend.expansion.expand import expand
from pyenv_frontend.expansion.libc import Libc
from pyenv_frontend.expansion.step_images import ImagesByName
from pyenv_frontend.inputs.resolve import StepInputs
from pyenv_frontend.lint.linter import lint_pyenvs
from pyenv_frontend.lock.choice import plan_program
from pyenv_frontend.stages.analyze import read
from tests.frontend.pyenv.contexts import Files

MANY = 10_000
FEW_LINES, MANY_LINES = 10_000, 100_000
PAIRS = 5
IMAGE = "debian:bookworm"
BASE = Base(reference=IMAGE, suite="bookworm", distribution="debian", libc=Libc(kind="glibc", version=(2, 36)))
TOOLS = ImagesByName(tools_image="pyenv-frontend-tools", onbuild_tools="pyenv-frontend:dev")


def instructions(count: int) -> str:
    """Return a Dockerfile with a number of common instructions."""
    five = (
        "# install\nRUN apt-get update \\\n && apt-get install -y \\\n    # why\n    git \\\n && true\n"
        'COPY --chown=1:1 "a" /b/\nENV A{n}="x y" B{n}=${{A{n}:-z}}\nRUN <<EOF\necho {n}\nEOF\nWORKDIR /w{n}\n'
    )
    return f"FROM {IMAGE}\n" + "".join(five.format(n=number) for number in range(count // 5))


def pyenvs(count: int) -> str:
    """Return a Dockerfile with a number of environments, of two versions of Python."""
    return f"FROM {IMAGE}\n" + "".join(f"PYENV 3.{8 + n % 2} env{n} <<EOF\npandas==2.{n}\nEOF\n" for n in range(count))


def requirements(count: int) -> str:
    """Return a requirements file with a number of lines."""
    return "".join(f"package{n}=={n % 9}.{n}  # why\n" for n in range(count))


def with_requirements(count: int, *, inline: bool) -> Callable[[], bytes]:
    """Return a function that resolves, checks and expands a PYENV with a number of requirements.

    Args:
        count: the number of requirements.
        inline: whether they are in a heredoc instead of a file.
    """
    source = f"FROM {IMAGE}\nPYENV 3.11 etl {f'<<EOF\n{requirements(count)}EOF' if inline else 'r.txt'}\n".encode()
    context = Files({"r.txt": requirements(count)})

    def work() -> bytes:
        program, plans = plan_program(read(parse(source)), context)
        inputs = [plan.requirements for plan in plans]
        lint_pyenvs(program, inputs, today=date(2026, 1, 1))
        return expand(program, {(IMAGE, None): BASE}, [needs.step_inputs for needs in inputs], TOOLS).source

    return work


def through(text: str) -> Callable[[], bytes]:
    """Return a function that parses, analyses and expands a Dockerfile."""
    source = text.encode()

    def work() -> bytes:
        program = read(parse(source))
        return expand(program, {(IMAGE, None): BASE}, [StepInputs()] * len(program.environments), TOOLS).source

    return work


def rows() -> Iterator[Row]:
    """Compare with another parser, then with a shorter file. The garbage collector is off, as in a build."""
    gc.disable()
    one, port = in_turn(through(instructions(MANY)), lambda: parse_dockerfile_ast(instructions(MANY)), PAIRS)
    what = f"{MANY:,} instructions through parse, read and expand"
    yield Row(what=what, ours=one, theirs=port, against="e2b-dockerfile-utils, parse alone", unit="s", aim="under 1 s")
    for what, make, count in (("instructions", instructions, MANY), ("PYENVs", pyenvs, 500)):
        double, single = in_turn(through(make(2 * count)), through(make(count)), PAIRS)
        yield Row(
            what=f"{count:,} {what} of a file of {2 * count:,}",
            ours=double / 2,
            theirs=single,
            against=f"a file of {count:,}",
            unit="s",
            aim="as fast: linear",
        )
    for where, inline in (("a file", False), ("a heredoc", True)):
        long, short = (with_requirements(count, inline=inline) for count in (MANY_LINES, FEW_LINES))
        many, few = in_turn(long, short, PAIRS)
        yield Row(
            what=f"{FEW_LINES:,} of {MANY_LINES:,} requirement lines in {where}",
            ours=many / (MANY_LINES / FEW_LINES),
            theirs=few,
            against=f"{FEW_LINES:,} lines",
            unit="s",
            aim="as fast: linear",
        )
