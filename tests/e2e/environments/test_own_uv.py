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
def test_with_pip_the_note_explains_the_use_of_uv(build_image):
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


@pytest.mark.images(PY311)
@pytest.mark.parametrize("version", ["0.4.10", "0.8.0"])
def test_an_older_uv(build_image, version):
    """Its options are those that the steps use, for files, projects and pip."""
    project = "[project]\nname = 'own'\nversion = '1'\noptional-dependencies = { more = ['six==1.16.0'] }\n"
    image = build_image(
        f"FROM {PY311} AS tool\nRUN pip install --target=/x uv=={version} && cp /x/bin/uv /usr/local/bin/uv\n"
        f"FROM {PY311}\nPYENV --uv=tool --pre --index-strategy=unsafe-best-match --constraint=c.txt 3.11 a r.txt\n"
        "PYENV --uv=tool --extra=more 3.11 b pyproject.toml\nPYENV --uv=tool --installer=pip 3.11 c c.txt\n",
        {"r.txt": "six\n", "c.txt": "six==1.16.0\n", "pyproject.toml": project},
    )
    assert [installed(image, name)["six"] for name in "abc"] == ["1.16.0"] * 3


@pytest.mark.images(PY311)
@pytest.mark.parametrize(
    ("version", "options", "lock", "message"),
    [
        ("0.3.5", "", {}, "and PYENV needs 0.4.10 or newer"),
        ("0.5.28", "", {"uv.lock": "version = 1\n"}, "and a uv.lock needs 0.5.29 or newer"),
        ("0.6.0", "--group=dev ", {}, "and --group needs 0.6.8 or newer"),
    ],
)
def test_a_uv_that_is_too_old(buildx, version, options, lock, message):
    """The message has its version and the oldest that will do."""
    files = {"uv": f"#!/bin/sh\necho 'uv {version} (abc 2024-01-01)'\n", **lock}
    files["pyproject.toml"] = "[project]\nname = 'own'\nversion = '1'\n[dependency-groups]\ndev = []\n"
    line = f"PYENV --uv=tool {options}3.11 a pyproject.toml"
    log = buildx.fails(f"{TOOL.format('')}FROM {PY311}\n{line}\n", files).log
    assert f"PYENV a: --uv names uv {version}, {message}" in log
