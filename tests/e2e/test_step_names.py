"""Steps have the names that Docker's own frontend gives them, and a PYENV counts as one step."""

import pytest

from tests.support.services import served

BASE = "python:3.13-slim-bookworm"


pytestmark = pytest.mark.images(BASE)


def numbered(build):
    """Return the steps that have a number, without digests, which only some stores know."""
    return sorted(step.partition("@")[0] for step in build.steps if "/" in step.partition("]")[0])


@pytest.mark.parametrize("stage", ["", " AS app"])
def test_steps_are_counted_as_docker_counts_them(buildx, tmp_path, stage):
    """The Dockerfile has an ADD with a download and a named stage; a RUN replaces the PYENV for the comparison."""
    (tmp_path / "www").mkdir()
    (tmp_path / "www/file").write_text("x")
    with served(tmp_path / "www") as address:
        text = f"FROM {BASE}{stage}\nPYENV 3.13 etl\nADD {address}/file /x\nRUN true\n"
        ours = buildx(text)
        dockers = buildx(f"# the syntax line\n{text.replace('PYENV 3.13 etl', 'RUN echo')}", {}, syntax=False)
    assert numbered(ours) == sorted(name.replace("RUN echo", "PYENV 3.13 etl") for name in numbered(dockers))
