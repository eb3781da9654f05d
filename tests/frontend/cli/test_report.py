"""Both commands handle every Dockerfile of the tests with a result or an error of ours, never a traceback."""

import json
import re
from pathlib import Path

import pytest

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.stages.analyze import has_pyenv
from tests.frontend.cli.running import called

TESTS = Path(__file__).parents[2]
FILES = sorted([*TESTS.glob("corpus/*.Dockerfile"), *TESTS.glob("frontend/**/Dockerfile")])
FACTS = ("--base-suite=bookworm",)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_check_and_expand_accept_any_dockerfile(monkeypatch, path):
    """`check` and `expand` end with 0 or 1, and a file without PYENV is printed unchanged."""
    source = path.read_bytes()
    check = called(monkeypatch, "check", "--format=json", path)
    assert check.code in {0, 1}
    assert "Traceback" not in check.err
    expand = called(monkeypatch, "expand", "-f", path, *FACTS)
    assert expand.code in {0, 1}
    assert "Traceback" not in expand.err
    if not has_pyenv_in(source):
        assert expand == (0, source.decode("utf-8", "surrogateescape"), "")


URI = re.compile(r"(file:///)?[A-Za-z0-9._~/%!$&'()*+,;=@-]+")
"""An absolute reference, or one relative to the project's root, in which all special characters are quoted."""


def assert_place(place):
    """Check a SARIF location: a file by its URI, and a region with a valid range."""
    physical = place["physicalLocation"]
    region = physical["region"]
    assert URI.fullmatch(physical["artifactLocation"]["uri"])
    assert {type(number) for number in region.values()} == {int}
    assert (1, 1) <= (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])


def test_every_report_is_sarif(monkeypatch):
    """All findings are in the log, which follows the schema of SARIF 2.1.0."""
    log = json.loads(called(monkeypatch, "check", "--format=sarif", *FILES).out)
    assert set(log) == {"$schema", "version", "runs"}
    (run,) = log["runs"]
    assert set(run) == {"tool", "columnKind", "results"}
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    assert len(run["results"]) > 100
    for result in run["results"]:
        assert set(result) == {"ruleId", "ruleIndex", "level", "message", "locations", "relatedLocations"}
        assert result["ruleId"] == rules[result["ruleIndex"]]
        assert result["level"] in {"error", "warning"}
        assert result["message"]["text"]
        assert len(result["locations"]) == 1
        for place in (*result["locations"], *result["relatedLocations"]):
            assert_place(place)
        related = [json.dumps(place) for place in result["relatedLocations"]]
        assert len(set(related)) == len(related)  # the schema requires unique items


def has_pyenv_in(source: bytes) -> bool:
    """Tell whether a file, which may be invalid, has a PYENV."""
    try:
        return has_pyenv(parse(source))
    except UserError:
        return True


def test_the_patterns_of_the_tests_match_files():
    """The tests above must not pass because their patterns match nothing."""
    assert len(FILES) > 100
