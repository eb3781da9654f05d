"""Code of packages and of instructions that overwrites a grafted interpreter reaches nothing outside of its image."""

import uuid

import pytest

from tests.e2e.environments.test_independence import files, index, text
from tests.e2e.environments.test_locks import PY38, PY311
from tests.support import services
from tests.support.attack import ALTER

__all__ = ["files", "index"]

pytestmark = pytest.mark.images(PY311, PY38)

LIBRARY = "/opt/pyenv/3.8/lib/python3.8"
GENUINE, ALTERED = "Gur Mra", "Gur Xra"
"""The beginning of a text in the standard library, which is in its byte code as well, and what becomes of it."""

CHANGE = f"alter({GENUINE.encode()!r}, {ALTERED.encode()!r}, {{}})"
ATTACK = services.project_to_build(
    "attack", "1", ALTER, f"""'ALTERED = %s' % ({CHANGE.format(f"'/run', {LIBRARY!r}")} >= 2)"""
) | {"attack.txt": "./attack\nbeta\n"}
ZEN = f"import sys; sys.stdout.write(__import__('this').s[:{len(GENUINE)}])"


def fresh():
    """Return an instruction that no engine has cached, so that everything above which stands it runs."""
    return f"RUN echo {uuid.uuid4()}\n"


def first_words(image, python):
    """Return the text as an interpreter imports it, which takes byte code without a look at the source."""
    return image.ask(python, "-c", ZEN)[-len(GENUINE) :]


def contents(image, name):
    """Return the digests of all files of an environment."""
    return image.sh(f"cd /opt/venv/{name} && find . -type f | sort | xargs sha256sum")


def test_an_install_without_a_lock_cannot_alter_the_grafts_of_others(build_image, index, files):
    """Neighbours in its Dockerfile are installed by the genuine interpreter, and other builds get that one."""
    neighbours = "PYENV 3.8 x r.txt\nPYENV --lock=off 3.8 y r.txt\n"
    genuine = build_image(text(index, fresh(), neighbours), files)
    attacked = build_image(text(index, fresh(), f"PYENV 3.8 attacker attack.txt\n{neighbours}"), {**files, **ATTACK})
    assert attacked.ask("/opt/venv/attacker/bin/python", "-c", "import attack; print(attack.ALTERED)") == "True\n"
    for name in "xy":
        assert contents(attacked, name) == contents(genuine, name)
    for neighbour in ("PYENV 3.8 x r.txt\n", "PYENV --lock=off 3.8 y r.txt\n"):
        other = build_image(text(index, fresh(), neighbour), files)
        assert first_words(other, "/opt/pyenv/3.8/bin/python3.8") == GENUINE
        assert other.sh(f"grep -rl '{ALTERED}' {LIBRARY} /opt/venv || true") == ""


def test_an_instruction_cannot_alter_what_a_locked_install_is_made_with(build_image, index, files):
    """The interpreter that RUN has overwritten is the image's own; a locked environment is installed by another."""
    genuine = build_image(text(index, fresh()), files)
    run = f"RUN python3.8 - <<'EOF'\n{ALTER}\nassert {CHANGE.format(repr(LIBRARY))} >= 2\nEOF\n"
    attacked = build_image(text(index, fresh(), f"PYENV 3.8 bare\n{run}PYENV 3.8 x r.txt\n"), files)
    assert first_words(attacked, "/opt/pyenv/3.8/bin/python3.8") == ALTERED
    assert contents(attacked, "x") == contents(genuine, "x")
    other = build_image(text(index, fresh(), "PYENV 3.8 bare\nPYENV 3.8 x r.txt\n"), files)
    assert first_words(other, "/opt/venv/x/bin/python") == GENUINE
    assert other.sh(f"grep -rl '{ALTERED}' {LIBRARY} /opt/venv || true") == ""
