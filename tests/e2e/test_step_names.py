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


@pytest.mark.parametrize(
    "line",
    [
        "RUN --mount=type=cache,target=/c true",
        "RUN --mount=type=tmpfs,target=/t true",
        "RUN --mount=type=bind,target=/b true",
        "RUN --mount=type=secret,id=none true",
        f"RUN --mount=from={BASE},target=/b true",
        f"COPY --from={BASE} /etc/os-release /",
    ],
)
def test_the_stage_is_named_where_docker_names_it(buildx, line):
    """What a RUN mounts counts as a stage, so that the only stage of a file is named."""
    ours = buildx(f"FROM {BASE}\n{line}\nPYENV 3.13 etl\n")
    dockers = buildx(f"# the syntax line\nFROM {BASE}\n{line}\nRUN echo\n", {}, syntax=False)
    names = [name.replace("RUN echo", "PYENV 3.13 etl") for name in numbered(dockers)]
    assert [name for name in numbered(ours) if "FROM" not in name] == [name for name in names if "FROM" not in name]
