"""Warnings: the examples of the table, edge cases of each rule, and how to switch them off."""

from datetime import date

import pytest

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.lint.config import LintConfig, config_of, parse_config
from pyenv_frontend.lint.linter import lint_pyenvs
from pyenv_frontend.lint.ruleset import RULES
from pyenv_frontend.lock.choice import plan_install
from pyenv_frontend.stages.analyze import read
from tests.frontend.pyenv.contexts import Files

TODAY = date(2026, 11, 1)
SYNTAX = "PyenvSyntaxMissing"
"""The rule that only exists in checks without a build."""


def advice(text, files=None, *, today=TODAY, build_args=None, standalone=False, **variables):
    """Return the warnings for a Dockerfile."""
    program = read(parse(text.encode()), base_variables=lambda *_: variables)
    context = files if isinstance(files, Files) else Files(files or {})
    closures = [plan_install(environment, context).requirements for environment in program.environments]
    return lint_pyenvs(program, closures, today=today, build_args=build_args, standalone=standalone)


def names(*args, **kwargs):
    return [warning.rule.name for warning in advice(*args, **kwargs)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_examples_of_the_table(rule):
    """The bad example gets exactly this warning, and the good one gets none."""
    assert names(rule.bad, rule.files, standalone=rule.name == SYNTAX) == [rule.name]
    assert names(rule.good, rule.files, standalone=rule.name == SYNTAX) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_can_be_skipped(rule):
    """A rule can be skipped at the top of the file, above the instruction, and by build-arg."""
    lines = rule.bad.splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("PYENV"))
    above = "\n".join([*lines[:last], f"# check=skip={rule.name}", *lines[last:]])
    skipped = {"BUILDKIT_DOCKERFILE_CHECK": f"skip=Other, {rule.name};error=true"}
    alone = rule.name == SYNTAX
    assert names(f"# check=skip={rule.name}\n{rule.bad}", rule.files, standalone=alone) == []
    assert names(above, rule.files, standalone=alone) == []
    assert names(rule.bad, rule.files, build_args=skipped, standalone=alone) == []
    assert names(f"# check=skip=all\n{rule.bad}", rule.files, standalone=alone) == []


@pytest.mark.parametrize(
    ("version", "required", "message"),
    [
        ("3.11", ">=3.11.4,<3.13", ""),
        ("3.11.3", ">=3.11.4", "requires Python >=3.11.4, and this environment has 3.11.3"),
        ("3.14", ">=3.10,<3.14", "requires Python >=3.10,<3.14, and this environment has 3.14"),
        ("3.15.0rc1", ">=3.15", "requires Python >=3.15, and this environment has 3.15.0rc1"),
        ("3.11", "~=3.11", ""),
        ("3.11", "nonsense", ""),
    ],
)
def test_the_python_of_a_project(version, required, message):
    """A series fits if one of its releases may; what cannot be read is uv's to report."""
    files = {"p/pyproject.toml": f"[project]\nname = 'x'\nversion = '1'\nrequires-python = '{required}'\n"}
    warnings = advice(f"FROM a\nPYENV {version} x p/pyproject.toml\n", files)
    shown = [warning.message for warning in warnings if warning.rule.name == "PyenvOtherPythonRequired"]
    assert shown == ([f"p/pyproject.toml {message}"] if message else [])


def test_build_arg_takes_the_place_of_the_directive():
    """As in BuildKit, the two are not combined."""
    text = f"# check=skip=all\n{RULES[1].bad}"
    assert names(text, build_args={"BUILDKIT_DOCKERFILE_CHECK": "error=true"}) == [RULES[1].name]


def test_comment_counts_for_one_instruction():
    """A check comment applies to the next PYENV only, and not across a blank line."""
    text = (
        "FROM a\n# check=skip=PyenvEndOfLifePython\nPYENV 3.8 one\nPYENV 3.8 two\n# check=skip=all\n\nPYENV 3.8 three\n"
    )
    assert [warning.location.position.line for warning in advice(text)] == [4, 7]


@pytest.mark.parametrize(
    ("text", "checks"),
    [
        ("skip=A,B", LintConfig(skip=frozenset({"A", "B"}))),
        (" skip = A , B ; error = true ", LintConfig(skip=frozenset({"A", "B"}), error=True)),
        ("error=1", LintConfig(error=True)),
        ("error=false;experimental=all", LintConfig()),
        ("nonsense", LintConfig()),
    ],
)
def test_settings(text, checks):
    """Settings of a check are parsed."""
    assert parse_config(text) == checks


def test_directive_behind_shebang():
    """The directive is found in the same places as by BuildKit."""
    assert config_of(parse(b"#!/x\n# check=error=true\nFROM a"), {}).error
    assert not config_of(parse(b"FROM a\n# check=error=true\n"), {}).error


@pytest.mark.parametrize(("today", "message"), [(date(2024, 10, 7), []), (date(2024, 10, 8), ["PyenvEndOfLifePython"])])
def test_end_of_life_by_date(today, message):
    """The last day of support does not get a warning."""
    assert names("FROM a\nPYENV 3.8.20 x", today=today) == message


@pytest.mark.parametrize(
    "line", ["numpy==1.0", "numpy===1", "numpy @ https://x/n.whl", "numpy==1.0; python_version>'3'", "./pkg"]
)
def test_pinned(line):
    """Exact versions, addresses and local packages are pinned."""
    assert names("FROM a\nPYENV 3.14 x a.txt", {"a.txt": line, "pkg/setup.py": ""}) == []


@pytest.mark.parametrize("line", ["numpy", "numpy>=1", "numpy~=1.0", "numpy==1.*", "numpy[extra]", "numpy<2"])
def test_unpinned(line):
    """Any other requirement may give a different version later."""
    (warning,) = advice("FROM a\nPYENV 3.14 x a.txt", {"a.txt": f"scipy==1\n{line}"})
    assert warning.message == "numpy has no exact version in the environment x: write a lock with pyenv-frontend lock x"
    assert warning.location.position == (2, 14)
    assert [(location.file.name, location.position) for location in warning.details] == [("a.txt", (2, 1))]


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ('sys_platform == "win32"', False),
        ('python_version >= "3.8" and sys_platform == "darwin"', False),
        ("platform_system != 'Linux'", False),
        ("os_name == 'nt'", False),
        ('sys_platform == "linux"', True),
        ('sys_platform != "win32"', True),
        ('sys_platform == "win32" or python_version > "3"', True),
        ('python_version < "3.8"', True),
    ],
)
def test_a_requirement_of_another_system(marker, expected):
    """Packages that are never installed on Linux do not need a version."""
    assert bool(names("FROM a\nPYENV 3.14 x a.txt", {"a.txt": f"pywin32 ; {marker}"})) is expected


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("FROM a\nPYENV 3.14 x\nPYENV 3.14 y\n", 2, "the file has no syntax line"),
        ("# Ours.\n# syntax=pyenv-frontend:dev\nFROM a\nPYENV 3.14 x\n", 2, "this syntax line has no effect"),
        ("FROM a\n#syntax = pyenv-frontend:dev\nPYENV 3.14 x\n", 2, "this syntax line has no effect"),
        ("\n# syntax=pyenv-frontend:dev\nFROM a\nPYENV 3.14 x\n", 2, "this syntax line has no effect"),
        ("# syntax=docker/dockerfile:1\nFROM a\nPYENV 3.14 x\n", 1, "docker/dockerfile:1 does not know PYENV"),
        ("# syntax=docker.io/docker/dockerfile\nFROM a\nPYENV 3.14 x\n", 1, "docker.io/docker/dockerfile does not"),
    ],
)
def test_no_effective_syntax_line(text, line, message):
    """Docker only reads the line at the top of a file; the warning is at the line that should be there."""
    (warning,) = advice(text, standalone=True)
    assert warning.rule.name == SYNTAX
    assert warning.location.position.line == line
    assert warning.message.startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "# syntax=registry.example.com/our/pyenv-frontend:1\nFROM a\nPYENV 3.14 x\n",
        "#!/usr/bin/env docker\n# syntax=pyenv-frontend:dev\nFROM a\nPYENV 3.14 x\n",
        "# check=skip=A\n# syntax=pyenv-frontend:dev\nFROM a\nPYENV 3.14 x\n",
        "// syntax=pyenv-frontend:dev\nFROM a\nPYENV 3.14 x\n",
        "FROM a\n",
    ],
)
def test_an_effective_syntax_line(text):
    """Another frontend may know PYENV as well, and a file without PYENV needs no syntax line."""
    assert names(text, standalone=True) == []


def test_a_syntax_from_outside():
    """A build-arg that names the frontend replaces the line."""
    assert names("FROM a\nPYENV 3.14 x\n", standalone=True, build_args={"BUILDKIT_SYNTAX": "pyenv-frontend:dev"}) == []


def test_many_unpinned():
    """There is a single warning for a PYENV, with a limited number of names."""
    (warning,) = advice("FROM a\nPYENV 3.14 x <<E\n" + "\n".join("abcdefg") + "\nE")
    assert warning.message.startswith("a, b, c, d, e and 2 more have no exact version in the environment x: ")


def test_an_unpinned_requirement_of_two_files():
    """It is named once."""
    (warning,) = advice("FROM a\nPYENV 3.14 x <<E\nsix\nsix>1\nE")
    assert warning.message.startswith("six has no exact version in the environment x: ")


def test_constraints_pin():
    """A constraints file with exact versions is sufficient, whatever the spelling of the names."""
    files = {"a.txt": "My.Lib\n-c c.txt", "c.txt": "my-lib==1\nother==2", "d.txt": "My_Lib>1"}
    assert names("FROM a\nPYENV 3.14 x a.txt", files) == []
    assert names("FROM a\nPYENV --constraint=d.txt 3.14 x d.txt", files) == ["PyenvUnpinnedRequirements"]


def test_what_is_no_requirement():
    """Requirements and constraints that only an installer takes are left to it."""
    files = {"a.txt": "numpy===x\n-c c.txt\nscipy==1", "c.txt": "what; os_name === 'x'"}
    assert names("FROM a\nPYENV 3.14 x a.txt", files) == []


@pytest.mark.parametrize(
    ("option", "ignored", "remedy"),
    [
        ("", (), "write a lock with pyenv-frontend lock x"),
        (
            "--lock=off ",
            (),
            "write exact versions, or leave --lock=off out and write a lock with pyenv-frontend lock x",
        ),
        (
            "",
            ("pylock.x.toml",),
            "write a lock with pyenv-frontend lock x, and add the line !pylock.x.toml to .dockerignore",
        ),
    ],
)
def test_the_advice_to_lock_says_what_makes_a_lock_count(option, ignored, remedy):
    """A lock that is switched off or left out of the build context would have no effect."""
    (warning,) = advice(f"FROM a\nPYENV {option}3.14 x a.txt", Files({"a.txt": "six"}, ignored))
    assert warning.message == f"six has no exact version in the environment x: {remedy}"


def test_a_stale_lock_is_not_to_be_written_twice():
    """The warning about the lock says what to do."""
    stale = next(rule for rule in RULES if rule.name == "PyenvStaleLock").files["pylock.reports.toml"]
    files = {"a.txt": "six", "pylock.x.toml": stale}
    assert names("FROM a\nPYENV 3.14 x a.txt", files) == ["PyenvStaleLock"]


def test_lock_pins():
    """A lock next to the project is sufficient."""
    files = {"pyproject.toml": '[project]\nname="p"\ndependencies=["numpy"]'}
    assert names("FROM a\nPYENV 3.14 x pyproject.toml", files) == ["PyenvUnpinnedRequirements"]
    assert names("FROM a\nPYENV 3.14 x pyproject.toml", files | {"uv.lock": "[[package]]\nname = 'numpy'\n"}) == []


@pytest.mark.parametrize(
    ("base", "line", "message"),
    [
        ("apache/airflow:3.0.6", "apache-airflow==3.0.6", False),
        ("apache/airflow:3.0.6", "apache-airflow==3.0.5", True),
        ("docker.io/apache/airflow:slim-2.10.5-python3.12", "apache_airflow[postgres]==2.10.4", True),
        ("apache/airflow:2.10.5-python3.12@sha256:0", "apache-airflow==2.10.5", False),
        ("apache/airflow:latest", "apache-airflow==2.10.4", False),
        ("debian", "apache-airflow==2.10.4", False),
        ("apache/airflow:3.0.6", "apache-airflow-providers-http==1.0", False),
    ],
)
def test_airflow_by_tag(base, line, message):
    """The tag of the official image has the version."""
    assert names(f"FROM {base}\nPYENV 3.14 x <<E\n{line}\nE") == ["PyenvAirflowVersionDiffers"] * message


def test_airflow_by_environment():
    """AIRFLOW_VERSION of the base image takes precedence over the tag."""
    text = "FROM me/airflow\nPYENV 3.14 x <<E\napache-airflow==3.0.5\nE"
    (warning,) = advice(text, AIRFLOW_VERSION="3.0.6")
    assert warning.message == "apache-airflow==3.0.5 is not the 3.0.6 of the base image me/airflow"
    assert warning.location.position == (3, 1)
    assert names(text, AIRFLOW_VERSION="3.0.5") == []


def test_similar_names_across_stages():
    """Names that only differ in letter case or dashes are reported across all stages."""
    warnings = advice("FROM a\nPYENV 3.14 my-env\nFROM a\nPYENV 3.14 My_Env\nPYENV 3.14 my-env")
    assert [(warning.location.position.line, warning.details[0].position.line) for warning in warnings] == [
        (4, 2),
        (5, 4),
    ]


@pytest.mark.parametrize("address", ["https://me:pw@h/", "https://:pw@h/", "git+https://u:p@h/x"])
def test_credentials(address):
    """A password in a file is reported at the word that names the file; a variable is accepted."""
    (warning,) = advice("FROM a\nPYENV 3.14 x a.txt", {"a.txt": f"--extra-index-url {address}\n"})
    assert warning.rule.name == "PyenvCredentialsInRequirements"
    assert warning.location.position == (2, 14)
    assert warning.details[0].position.line == 1
    fine = "--index-url https://me:${PW}@h/\n--extra-index-url https://me@h:80/"
    assert names("FROM a\nPYENV 3.14 x a.txt", {"a.txt": fine}) == []


def test_text_is_dockers():
    """The text is a single line in the format of Docker's own warnings."""
    (warning,) = advice("FROM a\nPYENV 3.8 x")
    assert warning.text == "PyenvEndOfLifePython: Python 3.8 has had no security fixes since 2024-10-07 (line 2)"
