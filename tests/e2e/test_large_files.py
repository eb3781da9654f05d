"""Very large Dockerfiles build if they fit into the engine's messages; otherwise there is a clear error."""

import pytest

from tests.e2e.test_messages import marked

BASE = "python:3.13-slim-bookworm"
LINE = f"# {'x' * 98}\n"


pytestmark = pytest.mark.images(BASE)


@pytest.mark.parametrize("megabytes", [12, 20])
def test_a_large_file_of_comments_builds(buildx, megabytes):
    """Comments are not sent, so files larger than a message work; errors have the line numbers of the file."""
    comments = LINE * (megabytes * 10_000)
    text = f"FROM {BASE}\nPYENV 3.13 etl\n{comments}RUN true\n"
    assert "[3/3] RUN true" in buildx(text).steps
    failed = buildx.fails(f"{text}RUN exit 3\n")
    assert marked(failed.log) == ("Dockerfile", [(megabytes * 10_000 + 5, "RUN exit 3")])


def test_a_heredoc_that_is_too_large_to_send_is_an_error(buildx):
    """A heredoc of 17 MB is too large to be sent, and the error says what to do."""
    build = buildx.fails(f"FROM {BASE}\nPYENV 3.13 etl\nCOPY <<EOF /x\n{LINE * 170_000}EOF\n")
    assert "messages of at most 16 MiB: move what makes it so large" in build.log.rpartition("ERROR: ")[2]
    assert marked(build.log) == ("Dockerfile", [(4, "COPY <<EOF /x")])


def test_a_binary_requirements_file_is_an_error(buildx):
    """The file may be an archive or a log that was named by mistake; it is not read."""
    build = buildx.fails(f"FROM {BASE}\nPYENV 3.13 etl big.txt\n", {"big.txt": "six\n" * (10 << 20)})
    assert "big.txt has 40 MB, and no more than 32 MB of a file are read" in build.log.rpartition("ERROR: ")[2]
    assert marked(build.log) == ("Dockerfile", [(3, "PYENV 3.13 etl big.txt")])


def test_more_warnings_than_calls_that_the_engine_admits_at_once(buildx):
    """The engine admits 250 calls at a time, and all warnings arrive."""
    lines = "".join(f"ENV A{number} 1\n" for number in range(300))
    assert "300 warnings found" in buildx(f"FROM {BASE}\nPYENV 3.13 etl\n{lines}").log
