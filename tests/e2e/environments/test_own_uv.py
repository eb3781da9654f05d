"""`PYENV --uv` installs with the uv of an image or a stage; an unusable uv is an error at the PYENV."""

import pytest

from tests.e2e.environments.test_install import PY311, installed

# A script that announces itself and then runs the frontend's uv.
UV = {"uv": '#!/bin/sh\necho "the uv of the stage"\nexec /run/pyenv/uv "$@"\n'}
TOOL = f"FROM {PY311} AS Tool\n{{}}COPY --chmod=755 uv /opt/uv/uv\nRUN ln -s /opt/uv/uv /usr/local/bin/uv\n"


@pytest.mark.images(PY311)
@pytest.mark.parametrize("reference", ["tool", "Tool", "0"])
def test_a_stage_that_nothing_else_names(build_image, reference):
    """The stage is built with its own PYENV, and its uv is found through a link within the stage."""
    tool = TOOL.format("PYENV 3.11 own\nRUN test -e /opt/venv/own/bin/python\n")
    image = build_image(
        f"{tool}FROM {PY311}\nUSER nobody\nPYENV --uv={reference} 3.11 a <<E\nsix\nE\n", UV, "--no-cache"
    )
    assert [*installed(image)] == ["six"]
    assert "the uv of the stage" in image.log
    assert "ASTRO_PYENV_own" not in image.env


@pytest.mark.images(PY311)
def test_with_pip_it_is_said_what_it_is_for(build_image):
    """The note says that pip installs the requirements, even though the given uv creates the environment."""
    image = build_image(
        f"{TOOL.format('')}FROM {PY311}\nPYENV --installer=pip --uv=tool 3.11 a <<E\nsix\nE\n", UV, "--no-cache"
    )
    assert "six" in installed(image)
    assert "note: --uv creates the environment and installs projects; requirements are installed by pip" in image.log


@pytest.mark.images(PY311)
@pytest.mark.parametrize(
    ("before", "option", "message"),
    [
        ("", PY311, "what --uv names has no uv in /uv, /usr/local/bin/uv, /usr/bin/uv"),
        ("FROM scratch AS s\nCOPY uv /uv\n", "s", "the uv that --uv names does not run here: Permission denied"),
        ("FROM scratch AS s\nCOPY --chmod=755 alpine /uv\n", "s", "it needs libraries that this stage lacks"),
        ("", "0.4.30", "ghcr.io/astral-sh/uv:0.4.30, which has the uv of --uv=0.4.30, is not available: "),
        ("FROM scratch\n", "0", "--uv=0 counts stages, and a mount takes a name only"),
    ],
)
def test_what_has_no_uv_that_runs(buildx, before, option, message):
    """Each error is reported at the PYENV. The build context that replaces the official image does not exist."""
    files = {**UV, "alpine": "#!/lib/ld-musl-x86_64.so.1\n"}
    missing = "--build-context=ghcr.io/astral-sh/uv:0.4.30=docker-image://no-such-registry.invalid/uv"
    log = buildx.fails(f"{before}FROM {PY311}\nUSER nobody\nPYENV --uv={option} 3.11 a\n", files, missing).log
    assert message in log
    assert ">>> PYENV --uv=" in log
