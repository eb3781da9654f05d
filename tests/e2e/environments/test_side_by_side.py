"""Several environments in one Dockerfile: built in parallel, cached separately, and no effect on other instructions."""

import re
import uuid

import pytest

from tests.support import services

PY311 = "python:3.11-slim-bookworm"
PY38 = "python:3.8-slim-bookworm"
FOUR = f"FROM {PY311}\n" + "".join(f"PYENV 3.11 {name} {name}.txt\n" for name in "abcd")

pytestmark = pytest.mark.images(PY311, PY38)


def fresh():
    """Return requirements files with new contents, since the engine's cache outlives the tests."""
    return {f"{name}.txt": f"six==1.16.0\n# {uuid.uuid4()}\n" for name in "abcd"}


def ran(log):
    """Return the environments whose install step ran, according to uv's output."""
    return set(re.findall(r"Creating virtual environment at: /opt/venv/(\w+)", log))


@pytest.mark.parametrize("edited", "abcd")
def test_editing_one_file_rebuilds_one_environment(buildx, edited):
    """This holds for each position in the Dockerfile."""
    files = fresh()
    assert ran(buildx(FOUR, files).log) == set("abcd")
    assert ran(buildx(FOUR, files | {f"{edited}.txt": files[f"{edited}.txt"] + "idna\n"}).log) == {edited}


def test_an_unrelated_edit_rebuilds_nothing(buildx):
    """Only files that a PYENV names affect its environment."""
    files = fresh()
    buildx(FOUR, files | {"dag.py": "1"})
    assert ran(buildx(FOUR, files | {"dag.py": "2"}).log) == set()


def test_removing_and_reordering(buildx):
    """Environments, their interpreters and their variables do not depend on each other."""
    files = fresh()
    start = f"FROM {PY311}\n"
    lines = ["PYENV 3.8 a a.txt\n", "PYENV 3.11 b b.txt\n", "PYENV 3.8 c c.txt\n"]
    assert ran(buildx(start + "".join(lines), files).log) == set("abc")
    assert ran(buildx(start + "".join(reversed(lines)), files).log) == set()
    assert ran(buildx(start + lines[1] + lines[2], files).log) == set()
    assert ran(buildx(start + lines[0] + "PYENV 3.8 d d.txt\n" + lines[2], files).log) == {"d"}


WAITING = """from setuptools import setup
import os, socket
assert "/run/pyenv-command" not in os.environ["PATH"], "it sees how its step was started"
with socket.create_connection(("127.0.0.1", PORT)) as line:
    line.sendall(b"NAME\\n")
    assert line.recv(9) == b"together", "the others did not come"
setup(name="NAME", version="1")
"""


def test_installs_run_at_the_same_time(buildx):
    """Each of the four installs waits for the other three, so they could not end one after another."""
    files = {}
    with services.meeting(4) as port:
        for name in "abcd":
            unseen = f"{name}{uuid.uuid4().hex}"  # uv's cache outlives the build, so the name must be new
            files[f"{name}.txt"] = f"./{name}\n"
            files[f"{name}/setup.py"] = WAITING.replace("PORT", port).replace("NAME", unseen)
            files[f"{name}/pyproject.toml"] = '[build-system]\nrequires = ["setuptools"]\n'
        assert ran(buildx(FOUR, files).log) == set("abcd")


def test_instructions_between_two_pyenvs_apply_in_order(build_image):
    """A PYENV sees the results of the instructions before it, and instructions after it can use the environment."""
    image = build_image(
        f"FROM {PY311}\nPYENV 3.11 a\nRUN test -x $ASTRO_PYENV_a && echo 127.0.0.1 > /tmp/between\n"
        "PYENV 3.11 b <<E\nsix\nE\nRUN test -f /tmp/between && $ASTRO_PYENV_b -c 'import six'\n"
    )
    assert image.sh("ls /opt/venv") == "a\nb\n"


def test_cmd_and_entrypoint(build_image):
    """An ENTRYPOINT after a PYENV does not reset a CMD before it; both are the same as without the PYENV."""
    text = (
        f'FROM {PY311} AS base\nCMD ["sleep"]\nFROM base\nPYENV 3.11 a\nPYENV 3.11 b\nENTRYPOINT ["env"]\nCMD ["x"]\n'
    )
    config = build_image(text).config
    without = build_image("".join(line for line in text.splitlines(keepends=True) if "PYENV" not in line)).config
    assert (config["Cmd"], config["Entrypoint"]) == (without["Cmd"], without["Entrypoint"]) == (["x"], ["env"])


def test_onbuild_of_the_user_does_not_fire(build_image):
    """An ONBUILD instruction only runs in the child image; an ONBUILD PYENV uses the child's build context."""
    parent = build_image(
        f"FROM {PY311}\nONBUILD RUN echo fired > /tmp/fired\nONBUILD PYENV 3.11 t t.txt\nPYENV 3.11 a\n"
    )
    assert parent.sh("ls /tmp/fired 2>/dev/null || echo no") == "no\n"
    child = build_image(f"FROM {parent.name}\n", {"t.txt": "six==1.16.0\n"}, syntax=False)
    assert child.sh("cat /tmp/fired; $ASTRO_PYENV_t -c 'import six; print(six.__version__)'") == "fired\n1.16.0\n"


def test_stages_by_number_and_by_target(build_image):
    """`--from=0` and `--target` refer to the user's own stages."""
    text = (
        f"FROM {PY311}\nPYENV 3.11 a\nRUN echo zero > /zero\n"
        f"FROM {PY311} AS one\nPYENV 3.11 b\nRUN echo one > /one\n"
        f"FROM {PY311}\nCOPY --from=0 /zero /\nCOPY --from=1 /one /\n"
    )
    assert build_image(text).sh("cat /zero /one") == "zero\none\n"
    assert build_image(text, None, "--target=one").sh("cat /one; ls /opt/venv") == "one\nb\n"


def test_no_cache_filter(buildx):
    """--no-cache-filter rebuilds only the stage that it names."""
    text = (
        f"FROM {PY311} AS one\nPYENV 3.11 a a.txt\n"
        f"FROM {PY311} AS two\nPYENV 3.11 b b.txt\nCOPY --from=one /opt/venv/a /opt/venv/a\n"
    )
    files = fresh()
    buildx(text, files)
    assert ran(buildx(text, files, "--no-cache-filter=one").log) == {"a"}
    assert ran(buildx(text, files, "--no-cache").log) == {"a", "b"}
