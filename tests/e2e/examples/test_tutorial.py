"""The tutorial, word by word: its files are written, its commands typed into a shell, its promises looked up."""

import re
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.docs.test_blocks import blocks
from tests.e2e.examples.conftest import AIRFLOW
from tests.support.builds import Builder
from tools import interpreters, wheels
from tools.build_image import FRONTEND
from tools.files import write_files
from tools.state import ROOT, folder

PAGE = ROOT / "docs/tutorial.md"
DOCKER = """\
#!/bin/sh
# The engine of the tests has no network of its own: everything uses that of the machine.
real={real}
case "$1 $2" in
"buildx build") shift 2; exec "$real" buildx build --progress=plain --network=host --load "$@" ;;
"run "*) shift; exec "$real" run --network=host -v {compiled}:/pycache -e PYTHONPYCACHEPREFIX=/pycache "$@" ;;
esac
exec "$real" "$@"
"""


@pytest.fixture
def shell(buildx: Builder, base_images, tmp_path: Path):
    """Return a shell in a new folder, in which `docker` is the tests' engine and `<checkout>/dist` has the wheel."""
    base_images(AIRFLOW, "python:3.9-slim-bookworm", "python:3.13-slim-bookworm")
    environ = buildx.engine.environment()
    real = subprocess.run(["sh", "-c", "command -v docker"], env=environ, capture_output=True, text=True, check=True)
    compiled = folder("pycache", "tutorial")  # Airflow's images have no byte code, and it is started three times
    compiled.chmod(0o777)
    shim = DOCKER.format(real=real.stdout.strip(), compiled=compiled)
    write_files(tmp_path / "bin", {"docker": shim})
    (tmp_path / "bin/docker").chmod(0o755)
    programs = (tmp_path / "bin", ROOT / ".venv/bin", interpreters.uv().parent)  # as pip installs them
    environ["PATH"] = ":".join([*map(str, programs), environ["PATH"]])
    place = tmp_path / "project"
    place.mkdir()

    def typed(command: str, *, code: int = 0) -> str:
        command = command.replace("<checkout>/dist", str(wheels.provider_wheel()))
        done = subprocess.run(
            ["bash", "-c", command], cwd=place, env=environ, capture_output=True, text=True, timeout=900, check=False
        )
        assert (done.returncode == 0) == (code == 0), f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
        return done.stdout + done.stderr

    typed.folder = place  # type: ignore[attr-defined]
    return typed


def only(pattern: str, *kinds: str) -> str:
    """Return the one block of the page in which a pattern is found."""
    found = [text for text in blocks(PAGE, *kinds) if re.search(pattern, text, re.MULTILINE)]
    assert len(found) == 1, (pattern, len(found))
    return found[0]


def made(log: str) -> set[str]:
    """Return the environments that a build has made, rather than found in its cache."""
    return set(re.findall(r"Creating virtual environment at: \S+/(\S+)", log))


def test_the_tutorial_does_what_it_says(shell, buildx: Builder):
    """From an empty folder to a task on Python 3.9; an edit rebuilds one environment, a misspelt name is told."""
    name = f"tutorial-{uuid.uuid4().hex[:8]}"
    dockerfile = only("^FROM", "Dockerfile").replace(FRONTEND, buildx.frontend)
    requirements = only("pandas==", "text")
    dag = only("@task.venv", "python")
    write_files(shell.folder, {"Dockerfile": dockerfile, "requirements.txt": requirements, "dags/hello.py": dag})
    build, run = (
        only("docker run", "shell").replace("-t hello", f"-t {name}").replace("rm hello", f"rm {name}").splitlines()
    )
    buildx.images.append(name)
    shell(build)
    promised = re.search(r"The log of `show` says `(.*)`", PAGE.read_text())[1]
    assert promised in shell(run)

    (shell.folder / "Dockerfile").write_text(dockerfile.replace("\nCOPY", "\nPYENV 3.13 bare\n\nCOPY"))
    assert made(shell(build)) <= {"bare"}
    with (shell.folder / "requirements.txt").open("a") as file:
        file.write(f"six  # {uuid.uuid4()}\n")
    assert made(shell(build)) == {"old-pandas"}

    (shell.folder / "dags/hello.py").write_text(dag.replace("old-pandas", "old-panda"))
    shell(build)
    told = only("There is no environment", "text").strip().removesuffix("...").strip()
    assert told in " ".join(shell(run, code=1).split())


def test_the_tutorial_works_without_docker(shell):
    """The same Dockerfile makes the environment on this machine, and prints its variable."""
    write_files(shell.folder, {"Dockerfile": only("^FROM", "Dockerfile"), "requirements.txt": only("pandas==", "text")})
    evaluated = next(line for line in only("pyenv-frontend local", "shell").splitlines() if line.startswith("eval"))
    version = shell(f"{evaluated} && \"$ASTRO_PYENV_old_pandas\" -c 'import sys; print(sys.version)'")
    assert "3.9." in version
