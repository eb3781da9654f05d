"""The engine's own linter has no warnings about the generated instructions."""

import pytest

from pyenv_frontend import dockerfile
from pyenv_frontend.expansion.base_image import Base, Interpreter, UserEntry
from pyenv_frontend.expansion.expand import expand
from pyenv_frontend.expansion.libc import Libc
from pyenv_frontend.expansion.step_images import ImagesByName
from pyenv_frontend.inputs.resolve import StepInputs
from pyenv_frontend.stages.analyze import read

pytestmark = pytest.mark.usefixtures("linting")

BASE = "python:3.12-slim-bookworm"
TOOLS = ImagesByName(tools_image=BASE, onbuild_tools=BASE)
FACTS = Base(
    reference=BASE,
    suite="bookworm",
    distribution="debian",
    libc=Libc(kind="glibc", version=(2, 36)),
    interpreters={"3.12": Interpreter(path="/usr/local/bin/python3.12", version=None)},
    accounts={"me": UserEntry(uid=1000, gid=1000, home="/home/me")},
)

UPPER = f"""\
FROM {BASE} AS builder
FROM {BASE}
RUN useradd --create-home me
USER me
PYENV 3.12 plain a.txt
PYENV --network=none 3.12 my-env "odd name.txt" réq.txt <<EOF
six==1.16.0
EOF
ONBUILD PYENV 3.12 later a.txt
SHELL ["/bin/bash", "-c"]
PYENV --builder=builder --path="/srv/an env" 3.12 elsewhere
CMD ["true"]
"""
LOWER = f"from {BASE} as base\npyenv 3.12 plain a.txt\nonbuild pyenv 3.12 later\nuser nobody\n"
BACKTICK = f"# escape=`\nFROM {BASE}\nPYENV 3.12 `\n  plain `\n  'odd name.txt'\nWORKDIR /x\n"
FILES = {"a.txt": "six==1.16.0\n", "odd name.txt": "six==1.16.0\n", "réq.txt": "six==1.16.0\n"}


def expanded(text: str, *, to_print: bool) -> str:
    program = read(dockerfile.parse(text.encode()))
    bases = {(stage.root, stage.root_platform): FACTS for stage in program.stages}
    needs = [
        StepInputs(tuple(file.path for file in environment.pyenv.requirements)) for environment in program.environments
    ]
    return expand(program, bases, needs, TOOLS, to_print=to_print).source.decode()


@pytest.mark.parametrize("to_print", [False, True])
@pytest.mark.parametrize("text", [UPPER, LOWER, BACKTICK], ids=["upper", "lower", "backtick"])
def test_generated_lines_break_no_rule(buildx, base_images, text, to_print):
    """Letter case, quoting, JSON and names of stages cause no warnings."""
    base_images(BASE)
    check = buildx.attempt(expanded(text, to_print=to_print), FILES, "--check", syntax=False)
    assert "no warnings found" in check.log, check.log
    assert check.code == 0


def test_a_line_that_breaks_a_rule_has_its_warning(buildx, base_images):
    """A line of the user's that breaks a rule gets its warning, so the linter does check these files."""
    base_images(BASE)
    text = expanded(UPPER, to_print=True) + "maintainer me\n"
    check = buildx.attempt(text, FILES, "--check", syntax=False)
    assert check.code != 0
    assert "MaintainerDeprecated" in check.log
    assert check.log.count("WARNING: ") == 2  # the other one is about the letter case of that line


def test_a_name_like_a_secret_causes_no_warning(buildx, base_images):
    """Docker's SecretsUsedInArgOrEnv compares names; it must not report the ENV that a PYENV generates."""
    base_images(BASE)
    check = buildx.attempt(f"FROM {BASE}\nPYENV 3.12 api_token\nENV my_password=x\n", {}, "--check")
    assert check.log.count("SecretsUsedInArgOrEnv") == 1
    assert 'ENV "my_password"' in check.log
    assert "Dockerfile:4" in check.log
