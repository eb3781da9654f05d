"""`expand`: golden cases, and properties that hold for all of them."""

import os
import re
from pathlib import Path

import pytest

from pyenv_frontend import dockerfile
from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion.base_image import Base
from pyenv_frontend.expansion.expand import Expansion, expand
from pyenv_frontend.expansion.libc import Libc
from pyenv_frontend.expansion.location import HomeUnknownError
from pyenv_frontend.expansion.step_images import ImagesByName
from pyenv_frontend.inputs.resolve import StepInputs
from pyenv_frontend.stages.analyze import Settings, read
from pyenv_frontend.stages.program import Program
from tests.frontend.expansion.facts import BASES

CASES = Path(__file__).parent / "cases"
TOOLS = ImagesByName(tools_image="pyenv-frontend-tools", onbuild_tools="pyenv-frontend:dev")


def program(source: bytes) -> Program:
    return read(dockerfile.parse(source))


def expanded(source: bytes, *, to_print: bool = False, standalone: bool = False) -> Expansion:
    read_program = program(source)
    bases = {(stage.root, stage.root_platform): BASES[stage.root] for stage in read_program.stages}
    needs = [
        StepInputs(tuple(file.path for file in environment.pyenv.requirements))
        for environment in read_program.environments
    ]
    return expand(read_program, bases, needs, TOOLS, to_print=to_print, standalone=standalone)


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_golden(case):
    """The result equals the golden file next to the Dockerfile. (`UPDATE_GOLDEN=1` updates it.)"""
    result = expanded((case / "Dockerfile").read_bytes()).source
    if os.environ.get("UPDATE_GOLDEN"):
        (case / "expanded").write_bytes(result)
    assert result == (case / "expanded").read_bytes()


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_every_other_line_is_copied(case):
    """All lines except PYENVs are copied unchanged and in order, and the line map has their numbers."""
    source = (case / "Dockerfile").read_bytes()
    result = expanded(source)
    pyenvs = {
        line for environment in program(source).environments for line in environment.pyenv.instruction.lines.numbers()
    }
    before, after = source.splitlines(keepends=True), result.source.splitlines(keepends=True)
    assert len(result.lines) == len(after)
    copied = [
        (result.lines[line].first, text)
        for line, text in enumerate(after, 1)
        if not pyenvs.intersection(result.lines[line].numbers())
    ]
    assert copied == [(line, text) for line, text in enumerate(before, 1) if line not in pyenvs]


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_the_expansion_is_plain(case):
    """The result has no PYENV, so expanding it again changes nothing."""
    once = expanded((case / "Dockerfile").read_bytes(), to_print=True).source
    assert expanded(once, to_print=True).source == once


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_steps_name_their_lines(case):
    """A step's line is that of its RUN, and an environment comes after the interpreter that it needs."""
    result = expanded((case / "Dockerfile").read_bytes())
    lines = result.source.splitlines()
    for index, step in enumerate(result.steps):
        assert lines[step.line - 1].upper().startswith(b"RUN ")
        assert step.graft is None or (step.graft < index and result.steps[step.graft].kind == "graft")


def test_without_pyenv_nothing_changes():
    """A file without PYENV is unchanged, whatever its bytes."""
    source = b"\xef\xbb\xbfFROM debian:bookworm\r\nRUN echo \xff\x00 \\\n\n # x\n y"
    result = expanded(source)
    assert result.source == source
    assert result.steps == ()


def test_annotated():
    """In a printed file, the PYENV is a comment above its instructions."""
    result = expanded(b"FROM debian:bookworm\nPYENV 3.8 \\\n  a\n", to_print=True)
    assert b"FROM debian:bookworm\n# PYENV 3.8 \\\n#   a\nRUN " in result.source


def test_no_official_build_for_an_old_libc():
    """An interpreter that could not start is an error at the version."""
    with pytest.raises(UserError) as caught:
        expanded(b"FROM ubuntu:22.04\nPYENV 3.14 a\n")
    assert caught.value.headline == (
        "Dockerfile:2:7: no official Python 3.14 runs on ubuntu:22.04, whose glibc is 2.35"
    )
    assert "PYENV --from=IMAGE 3.14" in caught.value.hint


@pytest.mark.parametrize(
    ("reference", "glibc"), [("redhat/ubi9", (2, 34)), ("amazonlinux:2023", (2, 34)), ("ubuntu:22.04", (2, 35))]
)
def test_no_official_build_with_the_openssl_of_the_base(monkeypatch, reference, glibc):
    """If the loader is unknown, libraries cannot be added, and the error comes before any download."""
    libc = Libc(kind="glibc", version=glibc)
    monkeypatch.setitem(BASES, reference, Base(reference=reference, libc=libc, openssl=frozenset({"libssl.so.3"})))
    with pytest.raises(UserError) as caught:
        expanded(f"FROM {reference}\nPYENV 3.11 a\n".encode())
    assert "need OpenSSL 1.1 (libssl.so.1.1), and it has OpenSSL 3" in caught.value.headline
    assert "PYENV --from=python:3.11-slim-bullseye" in caught.value.hint
    monkeypatch.setitem(
        BASES, reference, Base(reference=reference, libc=libc, openssl=frozenset({"libssl.so.3"}), architecture="arm64")
    )
    assert b"/ld-linux-aarch64.so.1" in expanded(f"FROM {reference}\nPYENV 3.11 a\n".encode()).source
    with_both = frozenset({"libssl.so.3", "libssl.so.1.1"})
    monkeypatch.setitem(BASES, reference, Base(reference=reference, libc=libc, openssl=with_both))
    assert expanded(f"FROM {reference}\nPYENV 3.11 a\n".encode()).steps


def test_no_libc_at_all():
    """No interpreter can be added to `scratch`."""
    with pytest.raises(UserError, match="no C library in scratch"):
        expanded(b"FROM scratch\nPYENV 3.11 a\n")


def test_a_user_that_the_stage_makes():
    """The home of a user that the base image does not have is not guessed."""
    with pytest.raises(HomeUnknownError) as caught:
        expanded(b"FROM debian:bookworm\nRUN useradd -m app\nUSER app\nPYENV 3.11 a\n")
    assert caught.value.user == "app"


def test_two_environments_in_one_folder():
    """Which folder an environment without `--path` has is known from the base image."""
    with pytest.raises(UserError, match=r"^Dockerfile:4:7: /opt/venv/a is the folder of the environment 'a'"):
        expanded(b"FROM debian:bookworm AS base\nPYENV 3.11 a\nFROM base\nPYENV --path=/opt/venv/a 3.11 b\n")
    side_by_side = b"FROM debian:bookworm AS one\nPYENV 3.11 a\nFROM debian:bookworm\nPYENV --path=/opt/venv/a 3.11 b\n"
    assert expanded(side_by_side).steps


@pytest.mark.parametrize("line", [b'USER "a\tb"', b'USER 1000\nENV HOME="/a\tb"'])
def test_a_user_that_cannot_be_written_is_refused(line):
    """A control character in USER or HOME could break a generated line."""
    with pytest.raises(UserError, match="control character"):
        expanded(b"FROM debian:bookworm\n" + line + b"\nPYENV 3.11 x\n")


@pytest.mark.parametrize("home", ["app", "./home/app", "~app"])
def test_a_home_that_is_not_absolute(home):
    """Fuzzing ran into it: there is no folder at which the way up would end."""
    with pytest.raises(UserError) as caught:
        expanded(f"FROM debian:bookworm\nUSER 1000\nENV HOME={home}\nPYENV 3.11 x\n".encode())
    assert caught.value.headline == (
        f"Dockerfile:4:1: the home of the user of this stage is {home!r}, which is not absolute"
    )
    assert "--path=DIR" in caught.value.hint


@pytest.mark.parametrize(
    ("home", "path"),
    [
        ("/home/app/", "/home/app/.venv/x"),
        ("//home//app", "/home/app/.venv/x"),
        ("/home/other/../app", "/home/app/.venv/x"),
        ("/", "/opt/venv/x"),
        ("//", "/opt/venv/x"),
        ("/..", "/opt/venv/x"),
    ],
)
def test_a_home_has_one_way_to_be_written(home, path):
    """Two environments in one folder are noticed by its path, and `//` has no folder above it but itself."""
    result = expanded(f"FROM debian:bookworm\nUSER 1000\nENV HOME={home}\nPYENV 3.11 x\n".encode())
    assert f"ENV ASTRO_PYENV_x={path}/bin/python".encode() in result.source


def test_left_out_pyenvs_become_comments():
    """PYENVs of stages that the build does not need become comments with the same number of lines."""
    source = (
        b"FROM debian:bookworm AS a\nPYENV 3.9 x <<E\nnumpy\nE\n"
        b"FROM debian:bookworm\nPYENV 3.9 y\n"
        b"FROM debian:bookworm AS c\nPYENV 3.9 z"
    )
    read_program = read(dockerfile.parse(source), Settings(reachable_only=True))
    bases = {(stage.root, None): BASES["debian:bookworm"] for stage in read_program.stages}
    result = expand(read_program, bases, [StepInputs()], TOOLS)
    lines = result.source.split(b"\n")
    assert lines[:6] == [
        b"FROM debian:bookworm AS a",
        b"# PYENV 3.9 x <<E",
        b"# numpy",
        b"# E",
        b"FROM debian:bookworm",
        b"# PYENV 3.9 y",
    ]
    assert b"ENV ASTRO_PYENV_z=" in result.source
    assert b"ASTRO_PYENV_y" not in result.source
    assert [result.lines[number].first for number in (1, 2, 5, 6, 7)] == [1, 2, 5, 6, 7]


def test_the_step_gets_the_projects_that_have_a_lock():
    """The frontend has looked for the locks, up to the root of the workspace, so the step does not have to."""
    read_program = program(b"FROM debian:bookworm\nPYENV 3.11 etl a/pyproject.toml b/pyproject.toml\n")
    needs = StepInputs(inputs=("a/", "b/"), locked=("b/pyproject.toml",))
    bases = {("debian:bookworm", None): BASES["debian:bookworm"]}
    source = expand(read_program, bases, [needs], TOOLS).source.decode()
    assert source.count("--project=") == 2
    assert re.findall(r'"--locked=([^"]+)"', source) == ["b/pyproject.toml"]


@pytest.mark.parametrize("standalone", [False, True])
def test_a_project_with_only_groups_is_no_package(standalone):
    """Without a [project], uv would build the file; the groups are all that it is asked for."""
    read_program = program(b"FROM debian:bookworm\nPYENV --group=dev 3.11 etl pyproject.toml\n")
    needs = StepInputs(inputs=("pyproject.toml",), only_groups=("pyproject.toml",))
    bases = {("debian:bookworm", None): BASES["debian:bookworm"]}
    source = expand(read_program, bases, [needs], TOOLS, to_print=True, standalone=standalone).source.decode()
    assert ("--only-groups=pyproject.toml" in source) is not standalone
    assert ("--group /tmp/pyenv-etl/pyproject.toml:dev" in source) is standalone
    assert "-r /tmp/pyenv-etl/pyproject.toml" not in source


def test_the_descriptions_of_steps():
    """The title of an environment's step is its PYENV in one line; that of an interpreter's step does not name it.

    The title is part of the step's cache key, and other environments may use the same interpreter.
    """
    source = b"FROM debian:bookworm\nPYENV --no-compile \\\n  # why\n  3.8   a <<E\nsix\nE\nPYENV --from=x/py:1 3.9 b\n"
    assert [" ".join(step.title) for step in expanded(source).steps] == [
        "PYENV 3.8",
        "PYENV --no-compile 3.8 a <<E",
        "PYENV --from=x/py:1 3.9",
        "PYENV --from=x/py:1 3.9 b",
    ]


def test_steps_know_their_commands():
    """A command consists of the arguments of RUN, without quotes and escapes."""
    source = b'FROM debian:bookworm\nPYENV --path=/x/\xc3\xa9 3.8 a <<E\nsix; python_version > "3"\nE\n'
    command = expanded(source).steps[1].command
    assert command[:4] == ("/opt/pyenv/3.8/bin/python3.8", "-IB", "/run/pyenv/pyenv_image", "environment")
    assert {"--path=/x/\u00e9", '--line=six; python_version > "3"'} <= set(command)


@pytest.mark.parametrize(("option", "mounted"), [(b"", True), (b"--cache=on", True), (b"--cache=off", False)])
def test_the_cache_that_builds_share(option, mounted):
    """The install step mounts it unless the PYENV has `--cache=off`."""
    source = expanded(b"FROM apache/airflow:3.3.2\nPYENV %b 3.12 x r.txt\n" % option).source
    step = source[: source.index(b'"environment"')].rpartition(b"RUN")[2]
    assert (b"type=cache" in step) is mounted
