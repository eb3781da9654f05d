"""Which environments are independent of their stage, and the reasons for those that are not."""

from dataclasses import replace

import pytest

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.expansion.independence import Way, layers_of, reason_against, wheels_platform
from pyenv_frontend.expansion.interpreter_choice import Graft, InterpreterChoice
from pyenv_frontend.expansion.libc import Libc
from pyenv_frontend.expansion.weight import HEAVY, split
from pyenv_frontend.lock.lockfile import Lock, LockTarget
from pyenv_frontend.stages.analyze import Settings, read

WHEEL = {"name": "a", "wheels": ({"url": "a.whl", "hashes": {"sha256": "0"}},)}
TARGET = LockTarget(python="3.8", libc="glibc 2.36", platforms=("linux/amd64",))
LOCK = Lock(target=TARGET, inputs={}, packages=(WHEEL,))
GRAFT = Graft(image="python:3.8", reason="", series="3.8", prefix="/opt/pyenv/3.8", link=None)
CHOICE = InterpreterChoice(python=GRAFT.python, graft=GRAFT, is_new=True)


def reason(line="PYENV 3.8 x r.txt", lock=LOCK, choice=CHOICE, *, made_here=True):
    """Return the reason why a PYENV is not independent."""
    text = f"FROM debian AS mine\nFROM debian\n{line}\n"
    program = read(parse(text.encode(), "Dockerfile"), Settings())
    (environment,) = program.environments
    variables = environment.state.variables
    return reason_against(environment.pyenv, lock, choice, program, made_here=made_here, variables=variables)


def test_a_lock_of_wheels_on_a_graft_is_independent():
    """This includes a PYENV with a secret."""
    assert reason() == ""
    assert reason("PYENV --mount=type=secret,id=netrc 3.8 x r.txt") == ""
    assert reason("ENV UV_KEYRING_PROVIDER=disabled\nPYENV 3.8 x r.txt") == ""


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("ONBUILD PYENV 3.8 x r.txt", "ONBUILD"),
        ("PYENV --installer=pip 3.8 x r.txt", "pip"),
        ("PYENV --builder=mine 3.8 x r.txt", "--builder"),
        ("PYENV --system-site-packages 3.8 x r.txt", "--system-site-packages"),
        ("PYENV --uv=0.5.0 3.8 x r.txt", "--uv"),
        ("PYENV --mount=type=bind,from=mine,target=/x 3.8 x r.txt", "bind"),
        ("ENV UV_KEYRING_PROVIDER=subprocess\nPYENV 3.8 x r.txt", "keyring"),
        ("ARG PIP_KEYRING_PROVIDER=subprocess\nPYENV 3.8 x r.txt", "keyring"),
    ],
)
def test_options_that_need_the_stage(line, word):
    """The reason has the option, or the setting."""
    assert word in reason(line)


def test_locks_that_do_not_decide_everything():
    """A missing lock, a package that has to be built, and a wheel without a hash leave something open."""
    assert "no lock" in reason(lock=None)
    assert "has a, which may have to be built" in reason(lock=replace(LOCK, packages=({"name": "a", "sdist": {}},)))
    for hashes in ({}, {"hashes": {}}, {"hashes": {"md5": "0"}}):
        assert "hash" in reason(lock=replace(LOCK, packages=({"name": "a", "wheels": ({"url": "a.whl", **hashes},)},)))


def test_a_wheel_that_is_a_file_of_the_stage():
    """The file is not on the interpreter's image."""
    wheel = {"url": "file:///wheels/a.whl", "hashes": {"sha256": "0"}}
    assert "a file of the stage" in reason(lock=replace(LOCK, packages=({"name": "a", "wheels": (wheel,)},)))


def test_a_lock_among_other_requirements():
    """The lock does not decide on every package."""
    assert "beside its lock" in reason("PYENV --installer=pip 3.8 x pylock.toml r.txt", lock=None)


def test_without_a_lock_by_an_option():
    """The reason is not that the lock does not fit."""
    assert reason("PYENV --lock=off 3.8 x r.txt", lock=None) == "--lock=off"
    assert reason("PYENV 3.8 x r.txt", lock=None) == "it has no lock that fits"


def test_interpreters_that_the_stage_has():
    """The interpreter may be the base's own, that of a stage, or one that another stage has added."""
    assert "base image" in reason(choice=replace(CHOICE, graft=None))
    assert "stage" in reason(choice=replace(CHOICE, graft=replace(GRAFT, image="mine")))
    assert "another stage" in reason(made_here=False)


def test_wheels_are_those_of_the_base_image():
    """The result is uv's newest platform name whose C library is not newer than the base's."""
    assert wheels_platform(Libc(kind="glibc", version=(2, 36))) == "manylinux_2_36"
    assert wheels_platform(Libc(kind="glibc", version=(2, 30))) == "manylinux_2_28"
    assert wheels_platform(Libc(kind="musl", version=(1, 2))) == "unknown-linux-musl"


def test_a_way_is_described_in_one_sentence():
    """The sentence has the PYENV's line."""
    assert str(Way(name="x", line=3, reason="")) == "line 3: x is installed independently of the stage"
    assert str(Way(name="x", line=3, reason="why")) == "line 3: x is installed on the stage: why"


def test_a_way_names_the_packages_with_their_own_layer():
    """It names the packages with their own layer, or says which size is missing; often there are neither."""
    sized = {**WHEEL, "wheels": ({**WHEEL["wheels"][0], "size": HEAVY},)}
    small = {**WHEEL, "wheels": ({**WHEEL["wheels"][0], "size": 1},)}
    layers = [layers_of(replace(LOCK, packages=(package,)), split([package])) for package in (WHEEL, sized, small)]
    assert layers == ["in one layer: its lock does not say the size of a", "with a layer of its own for a", ""]
    way = Way(name="x", line=3, reason="", layers=layers[1])
    assert str(way) == "line 3: x is installed independently of the stage, with a layer of its own for a"
