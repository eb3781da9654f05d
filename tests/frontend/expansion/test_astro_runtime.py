"""The triggers of an Astro Runtime, whose steps are put around the PYENVs."""

from dataclasses import replace

import pytest

from pyenv_frontend import dockerfile
from pyenv_frontend.expansion.astro_runtime import Triggers, has_triggers, sort, spelled
from pyenv_frontend.expansion.expand import expand
from pyenv_frontend.expansion.step_images import ImagesByName
from pyenv_frontend.inputs.resolve import StepInputs
from pyenv_frontend.stages.analyze import Settings, read
from tests.frontend.expansion.facts import DEBIAN

TRIGGERS = (
    "COPY packages.txt .",
    "USER root",
    "RUN install-system-packages",
    "COPY requirements.txt .",
    "RUN if true; \\\n    then install-python-dependencies; fi",
    "USER astro",
    "COPY --chown=astro:0 . .",
)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("quay.io/astronomer/astro-runtime:7.2.0", True),
        ("quay.io/astronomer/astro-runtime:7.2.0-base", False),
        ("astrocrpublic.azurecr.io/runtime:3.0-4", True),
        ("astrocrpublic.azurecr.io/runtime:3.0-4-base", False),
        ("quay.io/astronomer/astro-runtime@sha256:00", False),
        ("apache/airflow:3.3.2", False),
        ("example.com/astro-runtime:7.2.0", False),
    ],
)
def test_which_images(reference, expected):
    """Astronomer's images are recognized by tag, except for `-base` images."""
    assert has_triggers(reference) is expected


def test_triggers_are_sorted_around_the_environments():
    """System packages come before the environments, and the project after them."""
    assert sort(TRIGGERS, {"packages.txt", "requirements.txt"}) == Triggers(
        before=TRIGGERS[:3], after=TRIGGERS[3:], user="root"
    )


def test_the_two_files_are_optional():
    """The steps for a missing file are left out, but not the change of the user for other steps."""
    assert sort(TRIGGERS, ()) == Triggers(
        before=("USER root",), after=("USER astro", "COPY --chown=astro:0 . ."), user="root"
    )


def expanded(source, triggers=TRIGGERS, **build_args):
    program = read(dockerfile.parse(source), Settings(build_args=build_args))
    astro = replace(
        DEBIAN, user="astro", accounts={"astro": replace(DEBIAN.accounts["root"], uid=50000, home="/home/astro")}
    )
    bases = {
        (stage.root, None): replace(astro, triggers=triggers if has_triggers(stage.root) else ())
        for stage in program.stages
    }
    needs = [StepInputs() for _ in program.environments]
    result = expand(program, bases, needs, ImagesByName(tools_image="t", onbuild_tools="t"), present={"packages.txt"})
    return result, [line for line in result.source.decode().splitlines() if not line.startswith((" ", "RUN --", "ENV"))]


def test_the_work_is_done_around_the_environments():
    """The order is: the base image, system packages, the user's instructions, and the project after the last PYENV."""
    source = b"ARG V=7.2.0\nFROM quay.io/astronomer/astro-runtime:${V} AS run\nRUN first\nPYENV 3.8 a\nRUN last\n"
    result, lines = expanded(source)
    assert lines == [
        "ARG V=7.2.0", "FROM quay.io/astronomer/astro-runtime:${V}-base AS run",
        "COPY packages.txt .", "USER root", "RUN install-system-packages", "USER astro",
        "RUN first", "USER 0", "USER astro", "USER root", "USER astro", "COPY --chown=astro:0 . .", "RUN last",
    ]  # fmt: skip
    assert [step.kind for step in result.steps] == ["graft", "environment"]


@pytest.mark.parametrize(
    ("trigger", "written"),
    [
        ("COPY a\\ b .", "COPY a` b ."),
        ("COPY a`b .", "COPY a``b ."),
        ('ENV A="\\$B"', 'ENV A="`$B"'),
        ("USER root", "USER root"),
        ("RUN echo a\\ b", "RUN echo a\\ b"),
        ("run x=`date`", "run x=`date` #"),
        ('CMD ["a\\"b"]', 'CMD ["a\\"b"]'),
    ],
)
def test_triggers_in_a_file_with_another_escape(trigger, written):
    """A trigger uses the backslash as escape token, and is converted to that of the file."""
    assert spelled(trigger, "`") == written
    assert spelled(trigger, "\\") == trigger


def test_the_escape_of_the_file_is_taken():
    """The triggers are written with the file's escape token."""
    head = b"# escape=`\nFROM quay.io/astronomer/astro-runtime:7.2.0\nPYENV 3.8 a\n"
    assert "RUN install-system-packages" in expanded(head)[1]
    lines = expanded(head, triggers=(*TRIGGERS, "ENV A=a\\ b", "RUN a `b`"))[0].source.splitlines()
    assert lines[-2:] == [b"ENV A=a` b", b"RUN a `b` #"]


def test_a_build_arg_may_name_the_base_already():
    """The image that the build actually uses is checked."""
    source = b"ARG V=7.2.0\nFROM quay.io/astronomer/astro-runtime:${V}\nPYENV 3.8 a\n"
    assert "FROM quay.io/astronomer/astro-runtime:${V}" in expanded(source, V="7.2.0-base")[1]


def test_a_stage_without_pyenv_keeps_its_triggers():
    """Without a PYENV, the stage is unchanged."""
    start = "FROM quay.io/astronomer/astro-runtime:7.2.0"
    lines = expanded(f"{start}\nRUN true\n{start}\nPYENV 3.8 a\n".encode())[1]
    assert [line for line in lines if line.startswith("FROM")] == [start, f"{start}-base"]
