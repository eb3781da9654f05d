"""Analysis of valid Dockerfiles: golden cases, and each of the scope rules."""

import os
from dataclasses import fields
from pathlib import Path

import pytest

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.stages.analyze import Settings, read

CASES = sorted((Path(__file__).parent / "cases").iterdir())


def one(text, **settings):
    """Return the only PYENV of a Dockerfile."""
    (environment,) = read(parse(text.encode()), Settings(**settings)).environments
    return environment.pyenv


def version(text, **settings):
    return one(text, **settings).version.text


def rendered(program):
    """Return a program as text: a line for each stage and each PYENV, with values other than defaults."""
    lines = []
    for stage in program.stages:
        parent = "" if stage.parent is None else f" parent={stage.parent}"
        platform = "" if stage.root_platform is None else f" platform={stage.root_platform}"
        lines.append(f"stage {stage.index} name={stage.name} base={stage.base}{parent} root={stage.root}{platform}")
        for environment in stage.environments:
            lines += pyenv_lines(environment.pyenv, environment.state)
    return "\n".join(lines) + "\n"


def pyenv_lines(pyenv, state):
    file = pyenv.instruction.file
    first, last = pyenv.instruction.lines
    yield f"  {'onbuild ' if pyenv.onbuild else ''}{pyenv.keyword} lines {first}-{last}"
    yield f"    version {pyenv.version.text} series={pyenv.version.minor} full={pyenv.version.full}"
    yield f"    name {pyenv.name.text} variables={','.join(pyenv.name.variables)}"
    for requirements in pyenv.requirements:
        yield f"    {requirements.kind} {requirements.path!r} written {file.data[slice(*requirements.span)].decode()}"
    if pyenv.inline is not None:
        yield f"    inline {pyenv.inline!r}"
    for field in fields(pyenv.options):
        value = getattr(pyenv.options, field.name)
        if field.name != "spans" and value != field.default:
            yield f"    option {field.name}={value!r}"
    yield f"    state user={state.user} workdir={state.workdir} shell={state.shell} env={dict(state.env)}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case):
    """The result equals the golden file next to the Dockerfile. (`UPDATE_GOLDEN=1` updates it.)"""
    text = rendered(read(parse((case / "Dockerfile").read_bytes()), Settings(build_args={"FROM_OUTSIDE": "outside"})))
    if os.environ.get("UPDATE_GOLDEN"):
        (case / "program").write_text(text, "utf-8")
    assert text == (case / "program").read_text("utf-8")


def test_global_arg_needs_repeating():
    """An ARG before FROM is only visible in a stage that repeats it."""
    assert version("ARG V=3.9\nFROM a\nARG V\nPYENV $V x") == "3.9"


def test_global_args_see_one_another():
    """A global ARG may use an earlier one, and FROM may use both."""
    program = read(parse(b"ARG A=1\nARG B=x:${A}\nFROM ${B}\nPYENV 3.9 x"))
    assert program.stages[0].base == "x:1"


def test_build_arg_replaces_default():
    """A build-arg overrides the default of a global ARG and of a stage's own."""
    assert version("ARG V=3.9\nFROM a\nARG V\nPYENV $V x", build_args={"V": "3.10"}) == "3.10"
    assert version("FROM a\nARG V=3.9\nPYENV $V x", build_args={"V": "3.10"}) == "3.10"


def test_undeclared_build_arg_is_not_seen():
    """A build-arg without an ARG has no value."""
    assert version("FROM a\nPYENV ${V:-3.11} x", build_args={"V": "3.10"}) == "3.11"


def test_the_last_of_arg_and_env_applies():
    """As in BuildKit, ARG and ENV share one list."""
    assert version("FROM a\nARG V=3.9\nENV V=3.10\nPYENV $V x") == "3.10"
    assert version("FROM a\nENV V=3.10\nARG V=3.9\nPYENV $V x") == "3.9"


def test_env_values_see_the_state_before():
    """In `ENV a=1 b=$a`, b gets the previous value of a."""
    assert version("FROM a\nENV V=3.9\nENV V=3.10 W=$V\nPYENV $W x") == "3.9"


def test_old_env_form():
    """`ENV name the rest` sets name to the whole rest."""
    assert version("FROM a\nENV V 3.9\nPYENV $V x") == "3.9"


def test_arg_defaults_see_args_before():
    """A default may use an earlier ARG of the same instruction."""
    assert version("FROM a\nARG M=9 V=3.$M\nPYENV $V x") == "3.9"


def test_stage_inherits_args_and_env():
    """A stage that is based on another one starts with its final state."""
    assert version("FROM a AS one\nARG V=3.9\nFROM one\nPYENV $V x") == "3.9"
    assert version("FROM a AS one\nENV V=3.9\nFROM One\nPYENV ${V:-3.8} x") == "3.8"


def test_env_overrides_arg_in_a_child_stage():
    """A new stage applies ENV again, including the base image's, so that it overrides a later ARG."""
    assert version("FROM a AS one\nENV V=3.9\nARG V=3.8\nFROM one\nPYENV $V x") == "3.9"
    text = b"FROM a AS one\nARG V=3.8\nFROM one\nPYENV $V x"
    program = read(parse(text), base_variables=lambda *_: {"V": "3.9"})
    assert program.environments[0].pyenv.version.text == "3.9"


def test_other_stages_share_nothing():
    """A stage does not see the variables of stages that it is not based on."""
    assert version("FROM a\nARG V=3.9\nFROM b\nPYENV ${V:-3.8} x") == "3.8"


def test_triggers_of_the_parent_run_first():
    """ONBUILD ENV of the parent stage is applied before the stage's own instructions."""
    assert version("FROM a AS one\nONBUILD ENV V=3.9\nFROM one\nPYENV $V x") == "3.9"


def test_the_variables_of_a_builders_stage():
    """They are those of the builder's image and stage, overridden by the PYENV's stage, but not by its image."""
    text = (
        b"FROM base AS a\nENV A=own P=/own:$P\nFROM a AS b\nENV B=$A\n"
        b"FROM other\nARG C=default\nENV A=last P=/late:$P\nPYENV --builder=b 3.9 x\nENV D=late"
    )
    images = {"base": {"P": "/bin", "ONLY": "base"}, "other": {"P": "/else", "OTHER": "1"}}
    program = read(
        parse(text),
        Settings(build_args={"C": "given"}),
        base_variables=lambda reference, _: images[reference],
        builder_variables=lambda reference, _: images[reference],
    )
    builder = program.environments[0].builder
    assert builder.variables == {"P": "/late:/own:/bin", "ONLY": "base", "A": "last", "B": "own", "C": "given"}
    assert [instruction.name for instruction in builder.settings] == ["ARG", "ENV"]


def test_settings_are_not_repeated_for_a_builder_that_has_them():
    """Settings of a common parent stage are already there."""
    text = b"FROM base AS a\nENV P=/a:$P\nFROM a AS b\nFROM a\nENV Q=1\nPYENV --builder=b 3.9 x"
    builder = read(parse(text), builder_variables=lambda *_: {"P": "/bin"}).environments[0].builder
    assert builder.variables == {"P": "/a:/bin", "Q": "1"}


def test_base_variables():
    """The base image's ENV is looked up once, and only for images of stages that have a PYENV."""
    images = []

    def known(reference, platform):
        images.append((reference, platform))
        return {"V": "3.9"}

    text = b"FROM other AS o\nENV V=1\nFROM --platform=linux/arm64 base AS b\nFROM b\nPYENV $V x\nFROM b\nPYENV $V y"
    program = read(parse(text), base_variables=known)
    assert [environment.pyenv.version.text for environment in program.environments] == ["3.9", "3.9"]
    assert images == [("base", "linux/arm64")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TARGETPLATFORM", "linux/arm/v7"),
        ("TARGETOS", "linux"),
        ("TARGETARCH", "arm"),
        ("TARGETVARIANT", "v7"),
        ("BUILDPLATFORM", "linux/amd64"),
        ("BUILDARCH", "amd64"),
        ("TARGETSTAGE", "final"),
    ],
)
def test_platform_variables(name, value):
    """The platform ARGs have values in FROM, and in stages that declare them."""
    settings = Settings(build_platform="linux/amd64", target_platform="linux/arm/v7", target="final")
    text = f"FROM base:${{{name}}}\nARG {name}\nENV V=${name}\nPYENV 3.9 x"
    program = read(parse(text.encode()), settings)
    assert program.stages[0].base == f"base:{value}"
    assert program.environments[0].state.variables["V"] == value


@pytest.mark.parametrize("shell", ["SHELL bash", "SHELL []", "SHELL [1]", 'SHELL {"a": 1}', "WORKDIR", "USER", "ENV A"])
def test_what_the_engine_refuses_changes_nothing(shell):
    """The engine reports errors in its own instructions, so they are ignored here."""
    program = read(parse(f"FROM a\nUSER me\nWORKDIR /w\n{shell}\nPYENV 3.9 x".encode()))
    state = program.environments[0].state
    assert (state.user, state.workdir, state.shell, state.env) == ("me", "/w", None, {})


def test_a_user_that_expands_to_an_empty_name():
    """As in the engine, an empty name is root, not the base image's user."""
    program = read(parse(b"FROM a\nUSER me\nUSER $NONE\nPYENV 3.9 x"))
    assert not program.environments[0].state.user
    assert program.environments[0].state.user is not None


def test_words_the_engine_refuses():
    """A value that cannot be expanded is ignored, and FROM keeps its text."""
    program = read(parse(b"ARG A=${\nFROM ${A\nARG B='\nENV C=${\nPYENV 3.9 x"))
    assert (program.stages[0].base, dict(program.environments[0].state.variables)) == ("${A", {})


@pytest.mark.parametrize(
    ("stages", "name"), [("FROM a", "default"), ("FROM a AS One", "one"), ("FROM a AS x\nFROM x", "default")]
)
def test_target_stage(stages, name):
    """TARGETSTAGE is the stage that is built, by default the last one."""
    pyenv = one(f"{stages}\nARG TARGETSTAGE\nPYENV 3.9 $TARGETSTAGE")
    assert pyenv.name.text == name


def test_proxy_args():
    """A predefined proxy ARG is visible in a stage that declares it."""
    text = "FROM a\nARG HTTP_PROXY\nPYENV 3.9 x <<E\n--proxy=$HTTP_PROXY\nE"
    assert one(text, build_args={"HTTP_PROXY": "http://p"}).inline == b"--proxy=http://p\n"


def test_from_platform_expands():
    """`FROM --platform=$BUILDPLATFORM` is expanded, and also applies to stages based on it."""
    program = read(parse(b"FROM --platform=$BUILDPLATFORM base AS one\nFROM one\nPYENV 3.9 x"))
    assert [stage.platform for stage in program.stages] == ["linux/amd64", None]
    assert [stage.root_platform for stage in program.stages] == ["linux/amd64", "linux/amd64"]


def test_same_name_in_another_stage():
    """A name may be reused in a stage that is not based on the first one."""
    program = read(parse(b"FROM a\nPYENV 3.9 x\nFROM a\nPYENV 3.10 x"))
    assert [environment.pyenv.name.text for environment in program.environments] == ["x", "x"]


def test_stage_lookup():
    """Stages are found by name regardless of case, and by number; the last one of a name is used."""
    program = read(parse(b"FROM a AS One\nFROM b AS one\nFROM c\nPYENV 3.9 x"))
    assert [program.stage(ref).index for ref in ("ONE", "0", "2")] == [1, 0, 2]
    assert program.stage("two") is program.stage("3") is None


def test_from_another_stage_or_image():
    """`--from` may name an earlier stage or any image, for any Python version."""
    program = read(parse(b"FROM a AS py\nFROM b\nPYENV --from=py 3.16 x\nPYENV --from=me/py:3.17 3.17.2 y"))
    assert [environment.pyenv.options.from_ for environment in program.environments] == ["py", "me/py:3.17"]


def test_with_report_all_errors_are_reported():
    """With `report`, all errors are reported, and valid PYENVs are returned."""
    errors = []
    program = read(parse(b"FROM a\nPYENV 3.1 x\nPYENV 3.9 y\nPYENV 3.9 z.z\n"), report=errors.append)
    assert [environment.pyenv.name.text for environment in program.environments] == ["y"]
    assert [error.locations[0].position.line for error in errors] == [2, 4]


@pytest.mark.parametrize(
    "line", ["PYENV 3.9 x", "pYeNv 3.9 x", "\tPYENV 3.9 x", "PYENV\\\n 3.9\\\n# c\n x", "PYENV 3.9\u00a0x"]
)
def test_spelling(line):
    """Letter case, kinds of blanks and continuations make no difference."""
    pyenv = one(f"FROM a\n{line}\n")
    assert (pyenv.version.text, pyenv.name.text) == ("3.9", "x")


def test_quotes_and_escapes():
    """Quotes and the escape token protect blanks, for both escape tokens."""
    pyenv = one("FROM a\nPYENV \"3.9\" 'x' \"a b.txt\" 'c d.txt' e\\ f.txt")
    assert [file.path for file in pyenv.requirements] == ["a b.txt", "c d.txt", "e f.txt"]
    pyenv = one("# escape=`\nFROM a\nPYENV 3.9 x a` b.txt c\\d.txt")
    assert [file.path for file in pyenv.requirements] == ["a b.txt", "c\\d.txt"]


def test_dashes_end_options():
    """After `--`, a word that begins with dashes is a file."""
    assert [file.path for file in one("FROM a\nPYENV -- 3.9 x --odd.txt").requirements] == ["--odd.txt"]


@pytest.mark.parametrize("use", ["$?", "$1x", "${1}", "$größe", "$_", "${A}"])
def test_unset_in_a_heredoc(use):
    """A missing value in inline requirements is an error, whatever the variable's name."""
    with pytest.raises(UserError, match="is not set here"):
        one(f"FROM a\nPYENV 3.9 x <<E\na=={use}\nE")


@pytest.mark.parametrize("use", ["\\$A", "${A:-1}", "${A-}", "${A:+b}", "$AB-${A:-}"])
def test_escaped_variables_and_defaults_in_a_heredoc_are_no_errors(use):
    """Escaped variables and those with a default are no errors."""
    assert one(f"FROM a\nENV AB=1\nPYENV 3.9 x <<E\na=={use}\nE").inline


def test_value_without_splitting():
    """A variable's value is a single word, even with blanks."""
    assert [file.path for file in one("FROM a\nARG F='a b.txt'\nPYENV 3.9 x $F").requirements] == ["a b.txt"]


@pytest.mark.parametrize(
    ("text", "minor", "full", "prerelease"),
    [
        ("3.8", "3.8", None, False),
        ("3.8.18", "3.8", "3.8.18", False),
        ("3.14.0rc1", "3.14", "3.14.0rc1", True),
        ("3.15-rc", "3.15", None, True),
        ("3.15.0a2", "3.15", "3.15.0a2", True),
        ("3.10", "3.10", None, False),
    ],
)
def test_versions(text, minor, full, prerelease):
    """Minor versions, releases and pre-releases are distinguished."""
    version = one(f"FROM a\nPYENV {text} x").version
    assert (version.text, version.minor, version.full, version.prerelease) == (text, minor, full, prerelease)
