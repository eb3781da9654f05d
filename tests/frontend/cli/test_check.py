"""`check`: findings as text, JSON and SARIF, for one or more files."""

import json

import click
import pytest
import yaml

from pyenv_frontend.lint.ruleset import RULES
from tests.frontend.cli.running import called, folder

MIXED = "FROM a\nPYENV 3.7 old\nPYENV 3.1 x\nPYENV --instaler=pip 3.14 größe y\nPYENV 3.14 z a.txt\n"
CLEAN = (0, "", "1 Dockerfile: no errors, no warnings\n")


def checked(monkeypatch, *arguments, **options):
    """Run `check` with the frontend named from outside, since few of these files have a syntax line."""
    return called(monkeypatch, "check", "--build-arg", "BUILDKIT_SYNTAX=pyenv-frontend:dev", *arguments, **options)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Provide the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_clean_file_gives_a_summary(monkeypatch, place):
    """A clean file, also one without PYENV, gives a summary and exit code 0."""
    for text in ("FROM a\nPYENV 3.14 x\n", "FROM a\nRUN PYENV\n"):
        folder(place, text)
        assert checked(monkeypatch) == CLEAN


def test_a_file_that_docker_reads_without_us(monkeypatch, place):
    """The most common mistake with a frontend is a syntax line without effect."""
    folder(place, "# Ours.\n# syntax=pyenv-frontend:dev\nFROM a\nPYENV 3.14 x\n")
    done = called(monkeypatch, "check")
    assert done.code == 0
    assert done.err == "1 Dockerfile: 1 warning; `pyenv-frontend rule PyenvSyntaxMissing` says why\n"
    assert done.out.startswith("Dockerfile:2:1: warning: PyenvSyntaxMissing: this syntax line has no effect: ")
    folder(place, "# check=error=true\nFROM a\nPYENV 3.14 x\n")
    assert called(monkeypatch, "check").code == 1


def test_text(monkeypatch, place):
    """Errors and warnings have their lines with carets, and errors give exit code 1."""
    folder(place, MIXED, a_dot_txt="numpy\n")
    done = checked(monkeypatch)
    assert done.code == 1
    assert done.err == "1 Dockerfile: 2 errors and 2 warnings; `pyenv-frontend rule PyenvEndOfLifePython` says why\n"
    heads = [line for line in done.out.splitlines() if line.startswith("Dockerfile:")]
    assert heads == [
        "Dockerfile:2:7: warning: PyenvEndOfLifePython: Python 3.7 has had no security fixes since 2023-06-27",
        "Dockerfile:3:7: error: there is no Python 3.1",
        "Dockerfile:4:9: error: PYENV has no option --instaler",
        (
            "Dockerfile:5:14: warning: PyenvUnpinnedRequirements: numpy has no exact version in the environment z: "
            "write a lock with pyenv-frontend lock z"
        ),
    ]
    assert "    4 | PYENV --instaler=pip 3.14 größe y\n      |         ^^^^^^^^\n" in done.out
    assert "hint: write --installer\n" in done.out
    assert done.out.endswith("also at a.txt:1:1:\n    1 | numpy\n      | ^^^^^\n")


def test_warnings_without_errors_exit_with_0(monkeypatch, place):
    """A warning does not fail the check unless the file requests it."""
    folder(place, "FROM a\nPYENV 3.7 x\n")
    assert checked(monkeypatch).code == 0
    folder(place, "# check=error=true\nFROM a\nPYENV 3.7 x\n")
    done = checked(monkeypatch)
    assert done.code == 1
    assert done.out.startswith("Dockerfile:3:7: error: PyenvEndOfLifePython: ")
    assert checked(monkeypatch, "--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip=all") == CLEAN


def test_json(monkeypatch, place):
    """The findings are data, with columns in characters."""
    folder(place, MIXED, a_dot_txt="numpy\n")
    done = checked(monkeypatch, "--format", "json")
    report = json.loads(done.out)
    assert (done.code, report["errors"], report["warnings"]) == (1, 2, 2)
    assert report["findings"][2] == {
        "level": "error",
        "rule": "PyenvError",
        "message": "PYENV has no option --instaler",
        "expected": report["findings"][2]["expected"],
        "hint": "write --installer",
        "file": "Dockerfile",
        "line": 4,
        "column": 9,
        "end_line": 4,
        "end_column": 17,
        "related": [],
    }
    assert report["findings"][3]["related"] == [
        {"file": "a.txt", "line": 1, "column": 1, "end_line": 1, "end_column": 6}
    ]


def test_sarif(monkeypatch, place):
    """The log has all rules, regions and related locations."""
    folder(place / "sub", MIXED, a_dot_txt="numpy\n")
    log = json.loads(checked(monkeypatch, "--format=sarif", "sub/Dockerfile").out)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in rules] == ["PyenvError", *(rule.name for rule in RULES)]
    assert [result["level"] for result in run["results"]] == ["warning", "error", "error", "warning"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    last = run["results"][3]
    assert last["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "sub/Dockerfile"},
        "region": {"startLine": 5, "startColumn": 14, "endLine": 5, "endColumn": 19},
    }
    assert last["relatedLocations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "sub/a.txt"}


def test_many_files(monkeypatch, place):
    """Each file uses its own folder as context, and may be given as an argument or with `-f`."""
    folder(place / "one dir", "FROM a\nPYENV 3.14 x a.txt\n")
    folder(place / "two", "FROM a\nPYENV 3.14 x a.txt\n", a_dot_txt="a==1")
    folder(place / "three", "FROM a\nPYENV 3.14 x <<EOF\n")
    done = checked(monkeypatch, "one dir/Dockerfile", "-f", "two/Dockerfile", "three/Dockerfile")
    heads = [line for line in done.out.splitlines() if "Dockerfile:" in line]
    assert done.code == 1
    assert heads == [
        "one dir/Dockerfile:2:14: error: a.txt is not in the build context",
        "three/Dockerfile:2:14: error: the heredoc <<EOF never ends",
    ]
    log = json.loads(checked(monkeypatch, "--format=sarif", "one dir/Dockerfile").out)
    uri = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "one%20dir/Dockerfile"


def test_a_misspelt_keyword(monkeypatch, place):
    """A misspelled PYENV, which the engine would treat as an unknown instruction, is reported."""
    folder(place, "FROM a\nPYEVN 3.14 x\nRUN true\nSOMETHING else\nopen x\n}}ENV y\n")
    done = checked(monkeypatch)
    assert done.code == 1
    assert done.out == (
        "Dockerfile:2:1: error: PYEVN is no instruction\n    2 | PYEVN 3.14 x\n      | ^^^^^\nhint: write PYENV\n"
    )
    folder(place, "FROM a\nPYENV3.14 x\nPYENV 3.14 y missing.txt\n")
    assert [line.split(":")[1] for line in checked(monkeypatch).out.splitlines() if "error" in line] == [
        "2",
        "3",
    ]


def test_standard_input(monkeypatch, place):
    """`-f -` reads a Dockerfile from standard input, with the working directory as its context."""
    (place / "a.txt").write_text("a==1")
    text = b"FROM a\nPYENV 3.14 x a.txt\nPYENV 3.14 y b.txt\n"
    done = checked(monkeypatch, "-f", "-", stdin=text)
    assert done.out.startswith("Dockerfile:3:14: error: b.txt is not in the build context\n")


def test_base_env(monkeypatch, place):
    """Variables of the base image are only known from this option."""
    folder(place, "FROM a\nPYENV $PYTHON_VERSION x\n")
    assert checked(monkeypatch).code == 1
    assert checked(monkeypatch, "--base-env", "PYTHON_VERSION=3.14.0") == CLEAN


def test_ignore_file_of_the_dockerfile(monkeypatch, place):
    """`<name>.dockerignore` next to the Dockerfile takes precedence over .dockerignore of the context."""
    folder(place, "FROM a\nPYENV 3.14 x a.txt\n", a_dot_txt="a==1", _dot_dockerignore="a.txt")
    assert "hint: .dockerignore leaves it out; add the line !a.txt to it\n" in checked(monkeypatch).out
    (place / "Dockerfile.dockerignore").write_text("b.txt")
    assert checked(monkeypatch) == CLEAN
    (place / "Dockerfile.dockerignore").write_text("*.txt")
    done = checked(monkeypatch)
    assert done.code == 1
    assert "hint: Dockerfile.dockerignore leaves it out; add the line !a.txt to it\n" in done.out


def test_pre_commit_hook():
    """Our hooks run existing commands, on the right files."""
    import re
    from pathlib import Path

    hook, lock = yaml.safe_load((Path(__file__).parents[3] / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "pyenv-frontend check"
    assert lock["entry"] == "pyenv-frontend lock --check"
    assert all(re.search(lock["files"], name) for name in ["Dockerfile", "reqs/report.txt", "a/pylock.report.toml"])
    taken = ["Dockerfile", "a/Dockerfile.dev", "a/dev.Dockerfile", "Containerfile", "dev.dockerfile"]
    assert all(re.search(hook["files"], name) for name in taken)
    assert not any(
        re.search(hook["files"], name) for name in ["Dockerfile.dockerignore", "a/notDockerfile", "Dockerfiles/x"]
    )


def test_github(monkeypatch, place):
    """There is an escaped workflow command for each finding; single-line findings have columns."""
    folder(place / "a,b", "FROM a\nPYENV 3.1 x\n")
    done = checked(monkeypatch, "--format", "github", "a,b/Dockerfile")
    assert (done.code, done.err) == (1, "")
    (line,) = done.out.splitlines()
    assert line.startswith(
        "::error file=a%2Cb/Dockerfile,line=2,endLine=2,col=7,title=PyenvError,endColumn=10::there is no Python 3.1%0A"
    )
    assert "did you mean 3.10" in line


def test_gitlab(monkeypatch, place):
    """The fingerprints of a Code Quality report are unique and do not depend on the line numbers."""
    folder(place, MIXED, a_dot_txt="numpy\n")
    report = json.loads(checked(monkeypatch, "--format", "gitlab").out)
    assert [finding["severity"] for finding in report] == ["minor", "major", "major", "minor"]
    assert report[1]["location"] == {"path": "Dockerfile", "lines": {"begin": 3}}
    prints = [finding["fingerprint"] for finding in report]
    assert len(set(prints)) == 4
    folder(place, f"# A comment.\n{MIXED}", a_dot_txt="numpy\n")
    moved = json.loads(checked(monkeypatch, "--format", "gitlab").out)
    assert [finding["fingerprint"] for finding in moved] == prints


@pytest.mark.parametrize(
    ("option", "variables", "colors"),
    [
        ((), {}, False),  # stdout is not a terminal
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
        (("--color=always",), {"NO_COLOR": "1"}, True),
        (("--color=never",), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colors(monkeypatch, place, option, variables, colors):
    """The option takes precedence over NO_COLOR, and that over FORCE_COLOR; the text is the same without colours."""
    folder(place, MIXED, a_dot_txt="numpy\n")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    plain = checked(monkeypatch).out
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    out = checked(monkeypatch, *option).out
    assert ("\x1b[31m" in out) == colors
    assert click.unstyle(out) == plain
    assert "\x1b" not in checked(monkeypatch, "--format=json", *option).out


def test_a_file_in_utf_16(monkeypatch, tmp_path):
    """PowerShell writes such files, and an engine ends their build with an error that has none of their words."""
    (tmp_path / "Dockerfile").write_bytes("FROM a\r\nPYENV 3.12 x\r\n".encode("utf-16"))
    done = called(monkeypatch, "check", tmp_path / "Dockerfile")
    assert done.code == 1
    assert "Dockerfile:1:1: error: the file is in UTF-16, which no engine reads" in done.out
    assert "FROM a" in done.out
