"""The GitHub workflows only call make targets, so that a run there equals a local run."""

import re
from collections.abc import Iterator

import yaml

from tools.state import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def commands() -> Iterator[str]:
    """Yield each command of each job, with the values of the job's matrix."""
    for workflow in WORKFLOWS:
        for job in yaml.safe_load(workflow.read_text())["jobs"].values():
            targets = job.get("strategy", {}).get("matrix", {}).get("target", [""])
            for step in job["steps"]:
                if "run" in step:
                    yield from (step["run"].replace("${{ matrix.target }}", target) for target in targets)


def test_workflows_call_make_and_nothing_else():
    """All targets exist, and the most important ones are called."""
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {command.removeprefix("make ") for command in commands()}
    assert called <= known
    assert {"check", "test", "matrix", "dist", "docs"} <= called


def test_every_action_is_named_with_its_version():
    """No action is named by a branch."""
    used = re.findall(r"uses: (\S+)", "".join(workflow.read_text() for workflow in WORKFLOWS))
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", action) for action in used)
