"""The workflows on GitHub: they call make targets and nothing else, so a run there equals a run at home."""

import re
from collections.abc import Iterator

import yaml

from tools.state import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def commands() -> Iterator[str]:
    """Each command of each job, with what the job's matrix fills in."""
    for workflow in WORKFLOWS:
        for job in yaml.safe_load(workflow.read_text())["jobs"].values():
            targets = job.get("strategy", {}).get("matrix", {}).get("target", [""])
            for step in job["steps"]:
                if "run" in step:
                    yield from (step["run"].replace("${{ matrix.target }}", target) for target in targets)


def test_workflows_call_make_and_nothing_else():
    """Each target exists; tests, matrix and release are among them."""
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {command.removeprefix("make ") for command in commands()}
    assert called <= known
    assert {"check", "test", "matrix", "dist", "docs"} <= called


def test_every_action_is_named_with_its_version():
    """None follows a branch."""
    used = re.findall(r"uses: (\S+)", "".join(workflow.read_text() for workflow in WORKFLOWS))
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", action) for action in used)
