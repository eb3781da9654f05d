"""The option table determines the options of the install step and the inputs of a `local` environment."""

from dataclasses import fields
from pathlib import Path

import pytest

from pyenv_frontend.expansion.steps import environment_options
from pyenv_frontend.inputs.resolve import StepInputs, resolve_inputs
from pyenv_frontend.local.fingerprint import fingerprint_of
from pyenv_frontend.pyenv.options import OPTIONS, OptionSpec
from pyenv_image.step_options import EnvironmentOptions
from tests.frontend.pyenv.contexts import Files, pyenv

FILES = Files(
    {
        "c.txt": "",
        "r.txt": "",
        "pyproject.toml": '[project]\nname = "p"\nversion = "1"\noptional-dependencies = {x = []}\n'
        "[dependency-groups]\nx = []\n",
    }
)
OUTSIDE = {"from", "builder", "mount", "network", "path", "uv", "cache", "lock"}
"""Options that affect the step from outside: mounts, network, interpreter, lock, and the environment's location."""


def written(spec: OptionSpec) -> str:
    """Return an option as in a PYENV, with a value that is not the default."""
    values = {"choice": spec.choices[-1:], "file": ["c.txt"], "label": ["x"]}.get(spec.kind, ["a-value"])
    return f"--{spec.name}" if spec.kind == "switch" else f"--{spec.name}={values[0]}"


TOLD = [spec for spec in OPTIONS if spec.step]


def test_every_option_reaches_the_step_or_shapes_it():
    """A new option cannot be added without an effect."""
    assert {spec.name for spec in OPTIONS if not spec.step} == OUTSIDE
    assert {spec.step for spec in TOLD} <= {field.name for field in fields(EnvironmentOptions)}


@pytest.mark.parametrize("spec", TOLD, ids=lambda spec: spec.name)
def test_the_step_gets_each_option(spec: OptionSpec):
    """Each option changes the step's options."""
    with_it, without = (pyenv(f"PYENV {word} 3.12 x pyproject.toml") for word in (written(spec), ""))
    assert environment_options(with_it, StepInputs()) != environment_options(without, StepInputs())


@pytest.mark.parametrize("spec", [spec for spec in TOLD if not spec.locally], ids=lambda spec: spec.name)
def test_a_local_environment_is_made_again(spec: OptionSpec):
    """Each option that has an effect outside images changes the fingerprint."""
    digests = {
        fingerprint_of(instruction, resolve_inputs(instruction, FILES), FILES, Path("/x")).digest
        for instruction in (pyenv(f"PYENV {word} 3.12 x pyproject.toml") for word in (written(spec), ""))
    }
    assert len(digests) == 2
