"""The environment in the image: its location, its owner, and how it can be used."""

import pytest

from tests.e2e.environments.conftest import AIRFLOW

PY38 = "python:3.8-slim-bookworm"
PY311 = "python:3.11-slim-bookworm"


@pytest.mark.images(AIRFLOW, PY38)
def test_place_owner_and_what_is_left_behind(build_image):
    """The environment is in the user's home and belongs to the user; no cache, uv, requirements or lock is left."""
    image = build_image(f"FROM {AIRFLOW}\nPYENV 3.8 my-env r.txt\n", {"r.txt": "six==1.16.0\n"})
    place = "/home/airflow/.venv/my-env"
    assert image.env["ASTRO_PYENV_my-env"] == image.env["ASTRO_PYENV_my_env"] == f"{place}/bin/python"
    files = image.files("/")
    assert {(entry.uid, entry.gid) for path, entry in files.items() if path.startswith(place)} == {(50000, 0)}
    assert oct(files[place].mode & 0o777) == "0o755"
    assert {path for path in files if path.rpartition("/")[0] == place} == {
        f"{place}/{name}" for name in ("bin", "lib", "lib64", "pyvenv.cfg")
    }
    before = build_image(f"FROM {AIRFLOW}\n").files("/")
    new = {path for path in files.keys() - before.keys() if not path.startswith((place, "/opt/pyenv"))}
    assert new == {"/home/airflow/.venv", "/usr/local/bin/python3.8"}


@pytest.mark.images(AIRFLOW, PY38)
def test_the_stage_goes_on_as_it_was(build_image):
    """USER, WORKDIR, SHELL and ENV are unchanged after a PYENV, for later steps and for the image."""
    text = f'FROM {AIRFLOW}\nUSER airflow\nWORKDIR /tmp/work\nSHELL ["/bin/sh", "-c"]\nENV PYTHONPATH=/nowhere A=b\n'
    before = build_image(text).config
    image = build_image(text + "PYENV 3.8 a\nRUN (id -un; pwd; echo $0 $PYTHONPATH) | tee /tmp/seen\n")
    after = image.config
    assert {key for key in after if after[key] != before.get(key)} <= {"Env", "Image"}
    assert [entry for entry in after["Env"] if "ASTRO" not in entry] == before["Env"]
    assert image.sh("cat /tmp/seen") == "airflow\n/tmp/work\n/bin/sh /nowhere\n"


@pytest.mark.images(AIRFLOW, PY38)
@pytest.mark.parametrize("user", ["4242:0", "50000:0"])
def test_another_user_in_a_read_only_container(build_image, user):
    """Imports work with any uid and a read-only root, as in Kubernetes; they use byte code and write nothing."""
    image = build_image(f"FROM {AIRFLOW}\nPYENV 3.8 a <<E\nrequests==2.31.0\nE\n")
    script = "$ASTRO_PYENV_a -v -c 'import requests, json, ssl; print(requests.__version__)' 2>&1"
    output = image.sh(script, user=user, read_only=True, environment={"HOME": "/nowhere"})
    assert "2.31.0\n" in output
    loaded = [line for line in output.splitlines() if line.startswith("# code object from")]
    assert loaded
    assert [line for line in loaded if ".pyc" not in line] == []
    assert "# wrote" not in output
    assert "could not" not in output


@pytest.mark.images(PY311, PY38)
def test_environments_of_root_and_of_users_without_a_home_are_in_opt(build_image):
    """Environments are in /opt/venv for root and for users without a home, including numeric users."""
    image = build_image(
        f"FROM {PY311}\nPYENV 3.8 a\nUSER nobody\nPYENV 3.8 b\nUSER 4711:4712\nPYENV 3.8 c <<E\nsix\nE\n"
    )
    assert image.sh("stat -c '%n %u:%g' /opt/venv /opt/venv/*; $ASTRO_PYENV_c -c 'import six'") == (
        "/opt/venv 0:0\n/opt/venv/a 0:0\n/opt/venv/b 65534:65534\n/opt/venv/c 4711:4712\n"
    )


@pytest.mark.images(PY311, PY38)
def test_a_user_that_the_stage_makes(build_image):
    """The home is looked up in the state of the stage after `RUN useradd`."""
    image = build_image(
        f"FROM {PY311}\nRUN useradd -m -d /srv/app app\nUSER app\nPYENV 3.8 a\nRUN $ASTRO_PYENV_a -V\n"
        "RUN echo later\nPYENV 3.8 b\n"
    )
    assert image.env["ASTRO_PYENV_b"] == "/srv/app/.venv/b/bin/python"
    assert image.sh("stat -c %U /srv/app/.venv /srv/app/.venv/a") == "app\napp\n"


@pytest.mark.images(PY311, PY38)
def test_the_path_option_creates_parent_folders(build_image):
    """`--path` can be anywhere; new parent folders belong to root, and the environment belongs to the user."""
    image = build_image(f'FROM {PY311}\nUSER nobody\nPYENV --path="/data/my envs/a" 3.8 a\n')
    assert image.env["ASTRO_PYENV_a"] == "/data/my envs/a/bin/python"
    assert image.sh("stat -c %U /data '/data/my envs' '/data/my envs/a'") == "root\nroot\nnobody\n"


@pytest.mark.images(AIRFLOW, PY38)
def test_scripts_run_from_anywhere(build_image):
    """Scripts of packages find the interpreter relative to their own location; there is no script for pip."""
    image = build_image(f"FROM {AIRFLOW}\nPYENV 3.8 a <<E\npygments==2.17.2\nE\n")
    assert "2.17.2" in image.sh("cp -r /home/airflow/.venv/a /tmp/moved; /tmp/moved/bin/pygmentize -V")
    assert (
        "pip" not in image.sh("ls /home/airflow/.venv/a/bin /home/airflow/.venv/a/lib/python3.8/site-packages").split()
    )


@pytest.mark.images(AIRFLOW, PY38)
def test_system_site_packages(build_image):
    """Only with --system-site-packages can the environment import the packages of its interpreter."""
    image = build_image(f"FROM {AIRFLOW}\nPYENV --system-site-packages 3.12 seeing\nPYENV 3.12 blind\n")
    code = "import importlib.util; print(importlib.util.find_spec('pip') is not None)"
    assert image.sh(f'$ASTRO_PYENV_seeing -c "{code}"; $ASTRO_PYENV_blind -c "{code}"') == "True\nFalse\n"


@pytest.mark.images(AIRFLOW, PY38)
def test_no_compile(build_image):
    """With --no-compile there is no byte code."""
    image = build_image(f"FROM {AIRFLOW}\nPYENV --no-compile 3.8 a <<E\nsix\nE\n")
    assert image.sh("find /home/airflow/.venv/a -name '*.pyc'") == ""


@pytest.mark.images(AIRFLOW, PY38)
def test_history_stays_in_order(build_image):
    """The image's history has an entry for each layer, in the order and with the text of the Dockerfile."""
    image = build_image(f"FROM {AIRFLOW}\nARG X=1\nPYENV 3.8 a\nPYENV \\\n  3.8 b <<E\nsix\nE\nRUN true\n")
    created_by = [entry.removesuffix(" # buildkit") for entry in image.history()]
    layers = [entry for entry in created_by[created_by.index("PYENV 3.8") :] if not entry.startswith(("ENV ", "USER "))]
    assert layers[:3] == ["PYENV 3.8", "PYENV 3.8 a", "PYENV 3.8 b <<E"]
    assert len(layers) == 4
    assert layers[3].startswith("RUN |1 X=1 /bin/bash ")
