"""The interpreter that a PYENV adds to the image, on every kind of base image."""

import pytest

from tests.e2e.environments.conftest import AIRFLOW
from tests.support.builds import installed_environments

DEBIAN = "debian:bookworm-slim"
PY38 = "python:3.8-slim-bookworm"
PY311 = "python:3.11-slim-bookworm"
PY312 = "python:3.12.1-slim-bookworm"


@pytest.mark.images(AIRFLOW, PY38)
def test_the_base_stays_as_it_was(build_image):
    """Every file of the base, its Python in particular, is unchanged; the only new file in /usr starts the new one."""
    before = build_image(f"FROM {AIRFLOW}\n").files("/usr")
    image = build_image(f"FROM {AIRFLOW}\nPYENV 3.8 a\n")
    after = image.files("/usr")
    changed = {path for path in after if path not in before or after[path].digest != before[path].digest}
    assert changed == {"/usr/local/bin/python3.8"}
    assert before.keys() <= after.keys()
    assert image.sh("python3.8 -V; python --version") == "Python 3.8.18\nPython 3.12.1\n"
    assert image.sh("python3.8 -c 'import sys; print(sys.executable)'") == "/opt/pyenv/3.8/bin/python3.8\n"


@pytest.mark.images(PY311)
def test_a_base_that_has_it_already(build_image):
    """If the base has X.Y, it is used and no interpreter is copied."""
    image = build_image(f"FROM {PY311}\nPYENV 3.11 a <<E\nsix\nE\n")
    assert image.sh("ls /opt") == "venv\n"
    assert image.sh("$ASTRO_PYENV_a -c 'import sys, six; print(sys.base_prefix)'") == "/usr/local\n"


@pytest.mark.images(PY311, PY312)
def test_a_full_version_beside_the_bases_own(build_image):
    """The base's interpreter is used if its full version matches; otherwise another one is added next to it."""
    image = build_image(f"FROM {PY311}\nPYENV --from={PY312} 3.12.1 a\nPYENV 3.11.7 b\n")
    assert image.sh("ls /opt/pyenv; python3.12 -V; $ASTRO_PYENV_a -V; readlink -f $ASTRO_PYENV_b") == (
        "3.12.1-python-3.12.1-slim-bookworm\nPython 3.12.1\nPython 3.12.1\n/usr/local/bin/python3.11\n"
    )


@pytest.mark.images(PY311, PY312)
def test_triggers_of_an_image_with_an_interpreter_do_not_run(buildx, build_image):
    """As with `COPY --from`; only a FROM runs them."""
    image = buildx(f"FROM {PY312}\nONBUILD RUN false\n").image
    build = build_image(f"FROM {PY311}\nPYENV --from={image} 3.12 a\n")
    assert build.sh("$ASTRO_PYENV_a -V") == "Python 3.12.1\n"


@pytest.mark.images(PY311, PY38)
def test_variables_above_do_not_copy_it_again(build_image):
    """Its layer is that of the build before; the environment is installed again, since its packages may need them."""
    first, second = (build_image(f"FROM {PY311}\nENV A={value}\nPYENV 3.8 a\n") for value in "12")
    assert installed_environments(second.log) == {"/opt/venv/a"}
    assert second.layers[-2] == first.layers[-2]


@pytest.mark.images(PY311, PY312)
def test_a_base_image_that_has_environments(buildx, build_image):
    """The interpreter of an environment there is used where it is, and by later instructions as well."""
    base = buildx(f"FROM {PY312}\nPYENV 3.11 a\n").image
    image = build_image(f"FROM {base}\nPYENV 3.11 b <<E\nsix\nE\n")
    assert image.sh("$ASTRO_PYENV_b -c 'import six, sys; print(sys.base_prefix)'") == "/opt/pyenv/3.11\n"
    assert image.sh("python3.11 -m venv /tmp/v && /tmp/v/bin/python -c 'import ssl; print(2)'") == "2\n"
    assert image.sh("ls /opt/pyenv; $ASTRO_PYENV_a -c 'print(1)'") == "3.11\n1\n"


@pytest.mark.images(DEBIAN, PY311)
def test_a_bare_base_fails_with_the_packages_that_it_lacks(buildx):
    """The error lists the missing libraries and the instruction that installs them, at the PYENV's line."""
    log = buildx.fails(f"FROM {DEBIAN}\n\nPYENV 3.11 a\n").log
    assert "needs libraries that this base image lacks: libsqlite3.so.0, libssl.so.3" in log
    assert "RUN apt-get update && apt-get install -y --no-install-recommends libsqlite3-0 libssl3" in log
    assert "   4 | >>> PYENV 3.11 a\n" in log


@pytest.mark.images(DEBIAN, PY311)
def test_a_bare_base_with_these_packages_builds(build_image):
    """The instruction that the error suggests is sufficient."""
    install = "apt-get update && apt-get install -y --no-install-recommends libsqlite3-0 libssl3"
    image = build_image(f"FROM {DEBIAN}\nRUN {install}\nPYENV 3.11 a\n")
    assert image.sh("$ASTRO_PYENV_a -c 'import ssl, sqlite3, ctypes; print(\"fine\")'") == "fine\n"


@pytest.mark.images(AIRFLOW, PY38)
def test_two_stages_have_an_interpreter_each(build_image):
    """A new FROM gets its own copy of the interpreter; a stage based on another one uses that stage's copy."""
    image = build_image(
        f"FROM {AIRFLOW} AS one\nPYENV 3.8 a\nFROM one AS two\nPYENV 3.8 b\n"
        f"FROM {AIRFLOW}\nPYENV 3.8 a\nCOPY --from=two /opt/pyenv /tmp/two\n"
    )
    assert image.sh("$ASTRO_PYENV_a -V; ls /tmp/two; echo ${ASTRO_PYENV_b-none}") == "Python 3.8.18\n3.8\nnone\n"


@pytest.mark.images(PY311, PY38)
def test_the_interpreter_of_a_stage_with_environments(build_image):
    """`--from` takes the one that a PYENV of that stage has grafted."""
    image = build_image(f"FROM {PY311} AS one\nPYENV 3.8 a\nFROM {PY311}\nPYENV --from=one 3.8 b <<E\nsix\nE\n")
    assert image.sh("$ASTRO_PYENV_b -c 'import six, sys; print(sys.base_prefix)'") == "/opt/pyenv/3.8-one\n"
    assert image.sh("python3.8 -V") == "Python 3.8.18\n"


@pytest.mark.images(PY311, PY38)
def test_linked_folders(build_image):
    """The base's /usr/local/lib and /home are links."""
    image = build_image(
        f"FROM {PY311}\n"
        "RUN mkdir -p /data && mv /usr/local/lib /data/lib && ln -s /data/lib /usr/local/lib"
        " && rm -rf /home && mkdir /data/home && ln -s /data/home /home && useradd -m -u 1234 app\n"
        "USER 1234\nENV HOME=/home/app\nPYENV 3.8 a\nPYENV 3.11 b\n"
    )
    assert image.sh("$ASTRO_PYENV_a -V; $ASTRO_PYENV_b -V; stat -c %F /home /data/home/app/.venv/b") == (
        "Python 3.8.18\nPython 3.11.7\nsymbolic link\ndirectory\n"
    )


@pytest.mark.images("alpine:3.20")
def test_another_libc(buildx):
    """On musl, the frontend asks for the official image based on Alpine."""
    assert "python:3.11-alpine" in buildx.attempt("FROM alpine:3.20\nPYENV 3.11 a\n").log


@pytest.mark.images(DEBIAN)
def test_a_version_that_is_too_old(buildx):
    """The error is reported before anything is built, and marks the PYENV."""
    log = buildx.fails(f"FROM {DEBIAN}\nPYENV 3.6 a\n").log
    assert "   3 | >>> PYENV 3.6 a\n" in log
    assert "Python 3.6 is too old" in log.rsplit("ERROR:", 1)[1]
