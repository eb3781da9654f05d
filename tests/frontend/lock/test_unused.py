"""Locks that no PYENV uses any more are named, unless another Dockerfile may use them."""

import pytest

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.lock.unused import unused_locks
from pyenv_frontend.stages.analyze import read

OURS = "lock-version = '1.0'\n[tool.pyenv-frontend]\nformat = 2\n"


def unused(folder, dockerfile, **files):
    """Return the unused locks of a folder."""
    for name, text in {"pylock.old.toml": OURS, **files}.items():
        (folder / name).write_text(text)
    (folder / "Dockerfile").write_text(dockerfile)
    return unused_locks(read(parse(dockerfile.encode())), folder, folder)


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "PYENV 3.9 new r.txt\n",
        "PYENV 3.9 old\n",
        "PYENV --lock=locks/pylock.own.toml 3.9 old r.txt\n",
        "PYENV 3.9 old_er r.txt\n",
        "ONBUILD PYENV 3.9 old r.txt\n",
    ],
)
def test_a_lock_that_no_pyenv_uses(tmp_path, lines):
    """The environment has another name, is gone, has no requirements, or has its lock elsewhere."""
    assert unused(tmp_path, "FROM a\n" + lines) == ["pylock.old.toml"]


@pytest.mark.parametrize(
    "lines",
    [
        "PYENV 3.9 old r.txt\n",
        "PYENV --lock=off 3.9 old r.txt\n",
        "PYENV --lock=pylock.old.toml 3.9 new r.txt\n",
        "PYENV 3.9 new pylock.old.toml\n",
        "ARG NAME=new\nPYENV 3.9 $NAME r.txt\n",
        "ARG NAME=new\nPYENV --lock=pylock.${NAME}.toml 3.9 new r.txt\n",
    ],
)
def test_a_lock_that_a_pyenv_uses_or_may_use(tmp_path, lines):
    """One with `--lock=off` can be locked by its name, and another build-arg may give an environment that name."""
    assert unused(tmp_path, "FROM a\n" + lines) == []


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Dockerfile.dev", "FROM a\nPYENV 3.9 \\\n  old r.txt\n", []),
        ("dev.Containerfile", "FROM a\nPYENV --lock=pylock.old.toml 3.9 x r.txt\n", []),
        ("Dockerfile.dev", "FROM a\nPYENV 3.9 old-er r.txt\n", ["pylock.old.toml"]),
        ("Dockerfile.dockerignore", "*\n!pylock.old.toml\n", ["pylock.old.toml"]),
    ],
)
def test_another_dockerfile_may_use_it(tmp_path, name, text, expected):
    """A folder may have several, and each says only what it uses itself."""
    assert unused(tmp_path, "FROM a\nPYENV 3.9 new r.txt\n", **{name: text}) == expected


@pytest.mark.parametrize("text", ["", "lock-version = '1.0'\n[[packages]]\nname = 'six'\n"])
def test_a_lock_of_another_program_is_not_ours_to_judge(tmp_path, text):
    """Something else may use it."""
    assert unused(tmp_path, "FROM a\n", **{"pylock.old.toml": text}) == []
