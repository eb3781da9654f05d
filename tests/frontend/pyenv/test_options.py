"""The option table is complete, and each row has the described effect."""

import inspect
from dataclasses import fields, replace

import pytest

from pyenv_frontend.pyenv.instruction import Options
from pyenv_frontend.pyenv.invalid_value import InvalidValue
from pyenv_frontend.pyenv.mount import parse_mount
from pyenv_frontend.pyenv.options import OPTIONS, find_option, read_value
from tests.frontend.pyenv.contexts import pyenv

SAMPLES = {
    "installer": ("pip", "pip"),
    "constraint": ("./c/../c.txt", ("c.txt",)),
    "system-site-packages": (None, True),
    "from": ("python:3.9-alpine@sha256:0", "python:3.9-alpine@sha256:0"),
    "builder": ("builder", "builder"),
    "mount": ("type=secret,id=$A", (parse_mount("type=secret,id=$A"),)),
    "network": ("none", "none"),
    "path": ("/opt//x/", "/opt/x"),
    "extra": ("a", ("a",)),
    "group": ("a", ("a",)),
    "pre": (None, True),
    "index-strategy": ("unsafe-best-match", "unsafe-best-match"),
    "uv": ("0.8.4", "0.8.4"),
    "cache": ("off", "off"),
    "no-compile": (None, False),
    "lock": ("./locks/pylock.x.toml", "locks/pylock.x.toml"),
}


def test_table_and_type_agree():
    """Each field of Options has one row, and each row has a sample here."""
    assert sorted(spec.field for spec in OPTIONS) == sorted({field.name for field in fields(Options)} - {"spans"})
    assert {spec.name for spec in OPTIONS} == {*SAMPLES}
    assert [spec.name for spec in OPTIONS if spec.repeatable] == [
        spec.name for spec in OPTIONS if getattr(Options(), spec.field) == ()
    ]


@pytest.mark.parametrize("spec", OPTIONS, ids=lambda spec: spec.name)
def test_value_arrives(spec):
    """Each option sets its own field only, and has a position."""
    text, value = SAMPLES[spec.name]
    written = f"--{spec.name}" if text is None else f"--{spec.name}={text}"
    prefix = "FROM z AS builder\nFROM y\n" if spec.name == "builder" else ""
    instruction = pyenv(f"{prefix}PYENV {written} 3.9 x pyproject.toml")
    assert replace(instruction.options, spans=()) == Options(**{spec.field: value})
    start, end = instruction.options.span(spec.name)
    assert instruction.instruction.file.data[start:end].decode() == written


@pytest.mark.parametrize("spec", [spec for spec in OPTIONS if spec.repeatable], ids=lambda spec: spec.name)
def test_repeatable(spec):
    """A repeatable option collects all values in order."""
    samples = {"mount": ("type=ssh", "type=tmpfs,target=/x")}.get(spec.name, ("b", "a"))
    instruction = pyenv(f"PYENV --{spec.name}={samples[0]} --{spec.name}={samples[1]} 3.9 x pyproject.toml")
    assert getattr(instruction.options, spec.field) == tuple(read_value(spec, sample) for sample in samples)


@pytest.mark.parametrize("text", ["true", "True", "FALSE", "false"])
def test_switches_take_booleans(text):
    """Values are the same as for Docker's own boolean flags."""
    options = pyenv(f"PYENV --system-site-packages={text} --no-compile={text} 3.9 x").options
    assert options.system_site_packages is (text.lower() == "true")
    assert options.compile is (text.lower() != "true")


def test_values_are_expanded():
    """Variables and quotes are supported in values; a mount is passed on unchanged."""
    options = pyenv('ARG A=b\nPYENV --path="/opt/$A" --network=${N:-host} --mount="type=secret,id=$A" 3.9 x').options
    assert (options.path, options.network, options.mounts[0].raw) == ("/opt/b", "host", '"type=secret,id=$A"')


@pytest.mark.parametrize("spec", OPTIONS, ids=lambda spec: spec.name)
def test_documented(spec):
    """Each row has a description, a default, and a name for its value if it takes one."""
    assert spec.doc.endswith(".")
    assert spec.default
    assert bool(spec.value) is (spec.kind != "switch")


@pytest.mark.parametrize("spec", OPTIONS, ids=lambda spec: spec.name)
def test_near_misses(spec):
    """Options with a missing or doubled letter are recognized."""
    for misspelt in (spec.name[:-2] + spec.name[-1], spec.name + spec.name[-1]):
        with pytest.raises(InvalidValue) as caught:
            find_option(misspelt)
        assert caught.value.hint == f"write --{spec.name}"


@pytest.mark.parametrize("spec", [spec for spec in OPTIONS if spec.kind != "switch"], ids=lambda spec: spec.name)
@pytest.mark.parametrize("text", [None, ""])
def test_value_needed(spec, text):
    """An option that takes a value is an error without one."""
    with pytest.raises(InvalidValue, match="needs a value"):
        read_value(spec, text)


def test_order_is_that_of_the_type():
    """The reference lists the options in this order."""
    assert [spec.field for spec in OPTIONS] == [*inspect.signature(Options).parameters][:-1]
