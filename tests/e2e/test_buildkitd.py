"""BuildKit without Docker: the frontend and its messages are the same. The tests need a `buildkitd` on this machine."""

import contextlib
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.support import buildkitd
from tests.support.builds import Builder
from tools.state import Unavailable

BASE = "python:3.13-slim-bookworm"
GRAFTED = "python:3.11-slim-bookworm"
ALLOWED = ("--allow=network.host", "--output=type=image,push=false,name=made")


@contextlib.contextmanager
def started(engine, *images, settings=""):
    """Return a daemon with these images; its folder has a short path because of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="bk"))
    try:
        with buildkitd.run(engine, folder, *images, settings=settings) as known:
            yield known
    except Unavailable as reason:
        pytest.skip(f"no buildkitd: {reason}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def daemon(engine, frontend, base_images):
    """Provide a daemon with its default settings."""
    base_images(BASE, GRAFTED)
    with started(engine, BASE, GRAFTED, frontend) as known:
        yield known


@pytest.fixture
def build(daemon, frontend, tmp_path):
    """Build with this daemon: `build(dockerfile, files)`."""
    builder = Builder(daemon, frontend, tmp_path)
    return lambda text, files, **named: builder.attempt(text, files, *ALLOWED, **named)


def test_an_environment_is_built(build):
    """Steps have the user's text, and later instructions find the interpreter."""
    result = build(f"FROM {BASE}\nPYENV 3.11 etl reqs.txt\nRUN $ASTRO_PYENV_etl -c 'import ssl'\n", {"reqs.txt": ""})
    assert result.code == 0, result.log[-3000:]
    assert "[2/3] PYENV 3.11 etl reqs.txt" in result.steps


def test_a_failure_is_marked_at_the_users_line(build):
    """The last line of the output quotes the PYENV."""
    result = build(f"FROM {BASE}\nRUN true\nPYENV 3.11 etl reqs.txt\n", {"reqs.txt": "no-such-package-of-ours==3\n"})
    assert "   4 | >>> PYENV 3.11 etl reqs.txt" in result.log
    assert 'process "PYENV 3.11 etl reqs.txt" did not complete' in result.log.rpartition("ERROR: ")[2]


def test_without_a_pyenv_the_image_is_the_same(build):
    """The digests of both images are equal."""
    text = f"FROM {BASE}\nWORKDIR /a\nCOPY file b/\nRUN --mount=type=cache,target=/c cat b/file > d\n"
    plain = build(f"# no syntax line\n{text}", {"file": "x"}, syntax=False)
    ours = build(text, {"file": "x"})
    assert (plain.code, ours.code) == (0, 0), ours.log[-3000:]
    assert plain.digest == ours.digest


def test_a_daemon_without_a_dockerfile_frontend_is_explained(engine, frontend, tmp_path):
    """A daemon can be restricted to frontends in images; the error says how to name Docker's own frontend image.

    Such a daemon does not read the syntax line, so the client has to name the frontend.
    """
    with started(engine, frontend, settings='[frontend."dockerfile.v0"]\nenabled = false\n') as known:
        attempt = Builder(known, frontend, tmp_path).attempt(
            "FROM scratch\nCOPY file /\n", {"file": ""}, *ALLOWED, f"--build-arg=BUILDKIT_SYNTAX={frontend}"
        )
    assert attempt.code != 0
    assert "# syntax=IMAGE dockerfile=docker/dockerfile:1" in attempt.log.rpartition("ERROR: ")[2]
