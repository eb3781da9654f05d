"""`--check` and `--call` treat PYENV like one of Docker's own instructions."""

import base64
import json

import pytest

from tests.e2e.conftest import need_official

BASE = "python:3.13-slim-bookworm"


pytestmark = pytest.mark.images(BASE)


def call(buildx, name, dockerfile, files=None, *arguments):
    """Return the JSON answer of a call."""
    build = buildx.attempt(dockerfile, files, f"--call={name},format=json", "--progress=quiet", *arguments)
    answer, _ = json.JSONDecoder().raw_decode(build.log[build.log.index("{") :])
    return answer


@pytest.mark.usefixtures("linting")
def test_check_has_dockers_warnings_and_ours_in_the_order_of_the_file(buildx):
    """Both kinds of warnings have the lines of the user's file, which is also shown as the source."""
    answer = call(buildx, "check", f"from {BASE}\nPYENV 3.11 etl <<EOF\nsix\nEOF\nRUN true\nMAINTAINER me\n")
    lines = [(warning["ruleName"], warning["location"]["ranges"][0]["start"]["line"]) for warning in answer["warnings"]]
    assert lines == [
        ("ConsistentInstructionCasing", 2),
        ("PyenvUnpinnedRequirements", 4),
        ("MaintainerDeprecated", 7),
    ]
    assert "buildError" not in answer


@pytest.mark.usefixtures("linting")
def test_check_shows_the_users_own_lines(buildx):
    """The excerpt contains the PYENV, and not the generated instructions."""
    build = buildx.attempt(f"FROM {BASE}\nPYENV 3.11 etl\nMAINTAINER me\n", {}, "--check", "--progress=quiet")
    assert build.code == 1
    assert "   3 |     PYENV 3.11 etl\n   4 | >>> MAINTAINER me\n" in build.log
    assert "RUN" not in build.log


@pytest.mark.usefixtures("linting")
def test_check_of_a_file_without_faults_succeeds(buildx):
    """There are no warnings and no errors, and the exit code is 0."""
    build = buildx.attempt(f"FROM {BASE}\nPYENV 3.12 etl\nRUN true\n", {}, "--check", "--progress=quiet")
    assert (build.code, "no warnings found" in build.log) == (0, True)


@pytest.mark.usefixtures("linting")
def test_check_finds_a_mistake_in_a_pyenv(buildx):
    """The mistake is reported as the check's error with its line, like a parse error of Docker's."""
    answer = call(buildx, "check", f"FROM {BASE}\nRUN true\nPYENV 3.11 etl nope.txt\n")
    assert answer["buildError"]["message"].startswith("nope.txt is not in the build context")
    assert answer["buildError"]["location"]["ranges"] == [{"start": {"line": 4}, "end": {"line": 4}}]


def test_targets_are_the_users_stages(buildx):
    """Generated stages do not appear in the list."""
    answer = call(buildx, "targets", f"FROM {BASE} AS one\nPYENV 3.11 a\n# the app\nFROM one AS two\nPYENV 3.10 b\n")
    assert [(target["name"], target["location"]["ranges"][0]["start"]["line"]) for target in answer["targets"]] == [
        ("one", 2),
        ("two", 5),
    ]


def test_the_outline_has_only_the_users_arguments_and_secrets(buildx):
    """Secrets of PYENV's mounts are listed; the mounts for our cache and tools are not."""
    dockerfile = (
        f"FROM {BASE}\nARG VERSION=3.11\nPYENV --mount=type=secret,id=netrc,required=true $VERSION etl\n"
        "RUN --mount=type=secret,id=other true\n"
    )
    answer = call(buildx, "outline", dockerfile)
    assert [argument["name"] for argument in answer["args"]] == ["VERSION"]
    assert {secret["name"]: secret.get("required", False) for secret in answer["secrets"]} == {
        "netrc": True,
        "other": False,
    }
    assert not answer.get("cache")
    assert answer["args"][0]["location"]["ranges"][0]["start"]["line"] == 3


def test_a_conversion_has_the_steps_of_a_pyenv(buildx, engine, frontend):
    """With a frontend that supports `convertllb`, the graph's steps and source are the user's."""
    official = need_official(engine)
    text = f"# syntax={frontend} dockerfile={official}\nFROM {BASE}\nRUN true\nPYENV 3.11 etl\n"
    answer = call(buildx, "convertllb", text)
    names = {metadata.get("description", {}).get("llb.customname") for metadata in answer["metadata"].values()}
    assert {"[2/3] RUN true", "[3/3] PYENV 3.11 etl"} <= names
    assert [base64.b64decode(info["data"]).decode() for info in answer["source"]["infos"]] == [text]


def test_an_unknown_call_is_refused_as_docker_refuses_it(buildx):
    """The error is the engine's own."""
    build = buildx.fails(f"FROM {BASE}\nPYENV 3.11 a\n", {}, "--call=nonsense")
    assert "unsupported request frontend.nonsense" in build.log


@pytest.mark.usefixtures("linting")
def test_a_check_without_warnings_is_null_as_dockers(buildx):
    """The JSON is the same as for a file without a PYENV."""
    answer = call(buildx, "check", f"FROM {BASE}\nPYENV 3.12 etl\n")
    assert answer["warnings"] is None


@pytest.mark.usefixtures("linting")
def test_the_variables_of_a_pyenv_are_defined(buildx):
    """Docker's linter knows them in later instructions and in stages based on this one."""
    uses = (
        "ENV DBT_PYTHON=$ASTRO_PYENV_dbt\nLABEL python=$ASTRO_PYENV_dbt dash=$ASTRO_PYENV_a_b\n"
        "WORKDIR /srv/$ASTRO_PYENV_dbt\nCOPY Dockerfile $ASTRO_PYENV_dbt.txt\nVOLUME /v$ASTRO_PYENV_dbt\n"
    )
    text = f"FROM {BASE} AS first\nPYENV 3.13 dbt\nPYENV 3.13 a-b\n{uses}FROM first\nENV AGAIN=$ASTRO_PYENV_dbt\n"
    assert call(buildx, "check", text)["warnings"] is None
    strict = f"# syntax=pyenv-frontend:dev\n# check=error=true\n{text}"
    assert "UndefinedVar" not in buildx(strict).log


@pytest.mark.usefixtures("linting")
def test_an_expanded_pyenv_causes_no_warning(buildx):
    """The keyword's letter case and names that look like secrets cause no warning."""
    answer = call(buildx, "check", f"FROM {BASE}\npyenv 3.13 my_token\nRUN true\nENV A=$UNKNOWN\n")
    assert [warning["ruleName"] for warning in answer["warnings"]] == ["UndefinedVar"]
