"""LintWarning: the table's own examples, each rule's edges, and how advice is switched off."""

from datetime import date

import pytest

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.inputs.resolve import resolve_inputs
from pyenv_frontend.lint.config import LintConfig, config_of, parse_config
from pyenv_frontend.lint.linter import lint_pyenvs
from pyenv_frontend.lint.ruleset import RULES
from pyenv_frontend.stages.analyze import read
from tests.frontend.pyenv.contexts import Files

TODAY = date(2026, 11, 1)


def advice(text, files=None, *, today=TODAY, build_args=None, **variables):
    """What is said about a Dockerfile."""
    program = read(parse(text.encode()), base_variables=lambda *_: variables)
    closures = [resolve_inputs(each.pyenv, Files(files or {})) for each in program.environments]
    return lint_pyenvs(program, closures, today=today, build_args=build_args)


def names(*args, **kwargs):
    return [each.rule.name for each in advice(*args, **kwargs)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_examples_of_the_table(rule):
    """The bad example gets exactly this advice, the good one none."""
    assert names(rule.bad) == [rule.name]
    assert names(rule.good) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_can_be_skipped(rule):
    """On top of the file, right above the instruction, and by build-arg."""
    lines = rule.bad.splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("PYENV"))
    above = "\n".join([*lines[:last], f"# check=skip={rule.name}", *lines[last:]])
    assert names(f"# check=skip={rule.name}\n{rule.bad}") == []
    assert names(above) == []
    assert names(rule.bad, build_args={"BUILDKIT_DOCKERFILE_CHECK": f"skip=Other, {rule.name};error=true"}) == []
    assert names(f"# check=skip=all\n{rule.bad}") == []


def test_build_arg_takes_the_place_of_the_directive():
    """As in BuildKit, the two are not added up."""
    text = f"# check=skip=all\n{RULES[0].bad}"
    assert names(text, build_args={"BUILDKIT_DOCKERFILE_CHECK": "error=true"}) == [RULES[0].name]


def test_comment_counts_for_one_instruction():
    """A check above one PYENV leaves the next alone; a blank line in between takes its force away."""
    text = (
        "FROM a\n# check=skip=PyenvEndOfLifePython\nPYENV 3.8 one\nPYENV 3.8 two\n# check=skip=all\n\nPYENV 3.8 three\n"
    )
    assert [each.location.position.line for each in advice(text)] == [4, 7]


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
    """What a check setting says."""
    assert parse_config(text) == checks


def test_directive_behind_shebang():
    """The directive is found where BuildKit finds it."""
    assert config_of(parse(b"#!/x\n# check=error=true\nFROM a"), {}).error
    assert not config_of(parse(b"FROM a\n# check=error=true\n"), {}).error


@pytest.mark.parametrize(("today", "said"), [(date(2024, 10, 7), []), (date(2024, 10, 8), ["PyenvEndOfLifePython"])])
def test_end_of_life_by_date(today, said):
    """A series is fine through its last day."""
    assert names("FROM a\nPYENV 3.8.20 x", today=today) == said


@pytest.mark.parametrize(
    "line", ["numpy==1.0", "numpy===1", "numpy @ https://x/n.whl", "numpy==1.0; python_version>'3'", "./pkg"]
)
def test_pinned(line):
    """An exact version, an address, or a local package says all there is to say."""
    assert names("FROM a\nPYENV 3.14 x a.txt", {"a.txt": line, "pkg/setup.py": ""}) == []


@pytest.mark.parametrize("line", ["numpy", "numpy>=1", "numpy~=1.0", "numpy==1.*", "numpy[extra]", "numpy<2"])
def test_unpinned(line):
    """Anything else may be another version tomorrow."""
    (found,) = advice("FROM a\nPYENV 3.14 x a.txt", {"a.txt": f"scipy==1\n{line}"})
    assert found.message == "numpy has no exact version in the environment x"
    assert found.location.position == (2, 14)
    assert [(each.file.name, each.position) for each in found.details] == [("a.txt", (2, 1))]


def test_many_unpinned():
    """One piece of advice for one PYENV, and no endless lists."""
    (found,) = advice("FROM a\nPYENV 3.14 x <<E\n" + "\n".join("abcdefg") + "\nE")
    assert found.message == "a, b, c, d, e and 2 more have no exact version in the environment x"


def test_constraints_pin():
    """A constraints file with exact versions is as good, by any spelling of the name."""
    files = {"a.txt": "My.Lib\n-c c.txt", "c.txt": "my-lib==1\nother==2", "d.txt": "My_Lib>1"}
    assert names("FROM a\nPYENV 3.14 x a.txt", files) == []
    assert names("FROM a\nPYENV --constraint=d.txt 3.14 x d.txt", files) == ["PyenvUnpinnedRequirements"]


def test_what_is_no_requirement():
    """What the standard does not know is the installer's to complain of, in requirements and constraints alike."""
    files = {"a.txt": "numpy=1\n-c c.txt\nscipy==1", "c.txt": "what ever"}
    assert names("FROM a\nPYENV 3.14 x a.txt", files) == []


def test_lock_pins():
    """A lock beside the project decides."""
    files = {"pyproject.toml": '[project]\nname="p"\ndependencies=["numpy"]'}
    assert names("FROM a\nPYENV 3.14 x pyproject.toml", files) == ["PyenvUnpinnedRequirements"]
    assert names("FROM a\nPYENV 3.14 x pyproject.toml", files | {"uv.lock": ""}) == []


@pytest.mark.parametrize(
    ("base", "line", "said"),
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
def test_airflow_by_tag(base, line, said):
    """The version in the tag of the official image counts."""
    assert names(f"FROM {base}\nPYENV 3.14 x <<E\n{line}\nE") == ["PyenvAirflowVersionDiffers"] * said


def test_airflow_by_environment():
    """What the base image says in AIRFLOW_VERSION counts before the tag."""
    text = "FROM me/airflow\nPYENV 3.14 x <<E\napache-airflow==3.0.5\nE"
    (found,) = advice(text, AIRFLOW_VERSION="3.0.6")
    assert found.message == "apache-airflow==3.0.5 is not the 3.0.6 of the base image me/airflow"
    assert found.location.position == (3, 1)
    assert names(text, AIRFLOW_VERSION="3.0.5") == []


def test_similar_names_across_stages():
    """Names that differ in case or dash are told apart with trouble wherever they stand."""
    found = advice("FROM a\nPYENV 3.14 my-env\nFROM a\nPYENV 3.14 My_Env\nPYENV 3.14 my-env")
    assert [(each.location.position.line, each.details[0].position.line) for each in found] == [(4, 2), (5, 4)]


@pytest.mark.parametrize("address", ["https://me:pw@h/", "https://:pw@h/", "git+https://u:p@h/x"])
def test_credentials(address):
    """A password in a file is shown at the word that names the file; a variable is none."""
    (found,) = advice("FROM a\nPYENV 3.14 x a.txt", {"a.txt": f"--extra-index-url {address}\n"})
    assert found.rule.name == "PyenvCredentialsInRequirements"
    assert found.location.position == (2, 14)
    assert found.details[0].position.line == 1
    assert names("FROM a\nPYENV 3.14 x a.txt", {"a.txt": "--index-url https://me:${PW}@h/\n-i https://me@h:80/"}) == []


def test_text_is_dockers():
    """One line in the form of Docker's own warnings."""
    (found,) = advice("FROM a\nPYENV 3.8 x")
    assert found.text == "PyenvEndOfLifePython: Python 3.8 has had no security fixes since 2024-10-07 (line 2)"
