"""Variables have the same values in a PYENV as in Docker's own instructions, compared with the engine case by case.

Each case ends with a LABEL that the engine expands, and our result is what a PYENV in its place would see.
"""

import os
import random
import re

import pytest

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.stages.analyze import Settings, read

NAMES = ("A", "B", "TARGETARCH", "TARGETSTAGE", "BUILDPLATFORM", "HTTP_PROXY")
PROBE = "|".join(f"${{{name}-unset}}" for name in NAMES)
BUILD_ARGS = {"B": "from outside", "HTTP_PROXY": "http://proxy.invalid"}

CASES = [
    "ARG A=1\nFROM scratch\n",
    "ARG A=1\nFROM scratch\nARG A\n",
    "ARG A=1\nFROM scratch\nARG A=2\n",
    "ARG A\nFROM scratch\nARG A\n",
    "ARG B=1\nFROM scratch\nARG B\n",
    "ARG B\nFROM scratch\nARG B=2 A=$B\n",
    "FROM scratch\nARG B\nENV A=$B\n",
    "FROM scratch\nARG A=1\nENV A=2\n",
    "FROM scratch\nENV A=2\nARG A=1\n",
    "FROM scratch\nENV B=2\nARG B\n",
    "FROM scratch\nENV A=1\nENV A=2 B=$A\n",
    "FROM scratch\nENV A 1 2\t3 \n",
    "FROM scratch\nENV A 'x y' \"z\"\n",
    "FROM scratch\nENV A=a\\ b B='c d' \n",
    "FROM scratch\nENV A='$B' B=\"$A\"\n",
    "FROM scratch\nARG A=\"a b\" B='c'\n",
    "FROM scratch\nARG TARGETARCH\n",
    "FROM scratch\nARG BUILDPLATFORM TARGETSTAGE\n",
    "FROM scratch AS Last\nARG TARGETSTAGE=x\n",
    "FROM scratch AS Last\nARG TARGETSTAGE\n",
    "FROM scratch AS one\nARG TARGETSTAGE\nFROM one\n",
    "FROM scratch\nARG HTTP_PROXY\n",
    "ARG A=$TARGETARCH\nFROM scratch\nARG A\n",
    "ARG A=1\nARG B=2$A\nARG A=3$B\nFROM scratch\nARG A\nARG B\n",
    "FROM scratch AS one\nARG A=1\nENV B=2\nFROM one\n",
    "FROM scratch AS One\nENV A=1\nFROM scratch AS two\nFROM one\n",
    "FROM scratch AS one\nENV A=1\nFROM scratch AS one\nENV A=2\nFROM one\n",
    "FROM scratch AS one\nENV A=1\nARG A=2\nFROM one\n",
    "FROM scratch AS one\nENV A=\nARG A=2\nFROM one AS two\nARG A=3\nFROM two\nARG A\n",
    "FROM scratch AS one\nONBUILD ENV A=1\nFROM one\n",
    "FROM scratch AS one\nONBUILD ARG A=1\nFROM one AS two\nFROM two\n",
    "FROM scratch AS one\nENV A=1\nONBUILD ENV B=$A\nENV A=2\nFROM one\n",
    "ARG A=one\nFROM scratch AS one\nENV A=1\nFROM scratch\nFROM $A\n",
    "FROM scratch\nENV \\\n  # a comment\n  A=1 \\\n\n  B=2\n",
    "# escape=`\nFROM scratch\nENV A=a` b B=c\\d\n",
    "FROM scratch\nENV A=${B:-x} B=${A:+y}${A-z}\n",
    "FROM scratch\nENV A=abcabc\nENV B=${A#a*}${A##*b}${A%c}${A%%b*}${A/b/x}${A//b/x}\n",
    "FROM scratch\nARG A=\nENV B=${A:-empty}${A-unset}\n",
]
"""The instructions before the LABEL."""


def generated(seed):
    """Return a file with random ARG, ENV, ONBUILD and FROM instructions."""
    pick = random.Random(seed)  # noqa: S311 - no secret
    values = ["1", "$A", "${B}", "'q $A'", '"d $B"', "${A:-x}", "${B:+y}", "a\\ b", "", "$TARGETARCH", "\\$A"]
    lines = [f"ARG {pick.choice('AB')}{pick.choice(['', '=' + pick.choice(values)])}" for _ in range(pick.randrange(3))]
    stages = []
    for number in range(pick.randrange(1, 4)):
        lines.append(f"FROM {pick.choice(['scratch', *stages])} AS s{number}")
        stages.append(f"s{number}")
        for _ in range(pick.randrange(5)):
            keyword = pick.choice(["ARG", "ENV", "ENV", "ONBUILD ENV", "ONBUILD ARG"])
            pairs = [f"{pick.choice('AB')}={pick.choice(values)}" for _ in range(pick.randrange(1, 3))]
            lines.append(f"{keyword} {' '.join(pairs)}")
    return "\n".join(lines) + "\n"


RANDOM = [generated(seed) for seed in range(int(os.environ.get("PYENV_VARIABLE_CASES", "12")))]


@pytest.fixture
def current(engine, before):
    """Skip cases that Docker 26 handles differently; a PYENV follows the newer behaviour on every engine."""
    if int(engine.version().split(".")[0]) < 27 and (
        "TARGETSTAGE" in before or re.search("ARG .*=.* .*=.*[$]", before)
    ):
        pytest.skip("newer engines have this stage's name, and expand an ARG by those before it on its line")


@pytest.mark.parametrize("before", [*CASES, *RANDOM])
@pytest.mark.usefixtures("current")
def test_as_the_engine(buildx, api, before):
    """The variables in the engine's LABEL have the values that a PYENV in its place would see."""
    arguments = [f"--build-arg={name}={value}" for name, value in BUILD_ARGS.items()]
    build = buildx(f'{before}LABEL probe="{PROBE}"\n', {}, *arguments, syntax=False)
    labels = api.images.get(build.image).labels

    arch = api.version()["Arch"]
    settings = Settings(build_args=BUILD_ARGS, build_platform=f"linux/{arch}")
    program = read(parse(f"{before}PYENV 3.12 x\n".encode()), settings)
    (environment,) = program.stages[-1].environments
    variables = environment.state.variables
    assert "|".join(variables.get(name, "unset") for name in NAMES) == labels["probe"]
