"""The tutorial and the README: their files are written, their commands run, and their results checked."""

import re
import uuid

from tests.e2e.examples.conftest import AIRFLOW
from tests.support.builds import installed_environments

PYTHONS = tuple(f"python:{series}-slim-bookworm" for series in ("3.9", "3.13"))


def environments(log: str) -> set[str]:
    """Return the names of the environments that a build has installed."""
    return {path.rpartition("/")[2] for path in installed_environments(log)}


def test_the_commands_of_the_tutorial_work(walk, base_images):
    """It leads from an empty folder to a task on Python 3.9, with and without an image."""
    base_images(AIRFLOW, *PYTHONS)
    page = walk("docs/tutorial.md")
    page.leave("make demo", "the demo has tests of its own")
    page.leave("make dist", "a copy of the checkout has the wheel in dist/")
    dockerfile = page.write("Dockerfile", "^FROM", "Dockerfile")
    page.write("requirements.txt", "pandas==", "text")
    dag = page.write("dags/hello.py", "@task.venv", "python")
    promised = re.search(r"The log of `show` says `(.*)`", page.page.read_text())[1]
    assert promised in page.type("docker run")

    edited = dockerfile.replace("\nCOPY", "\nPYENV 3.13 bare\n\nCOPY")
    (page.folder / "Dockerfile").write_text(edited.replace("pyenv-frontend:dev", page.frontend))
    assert environments(page.again("docker buildx build")) <= {"bare"}
    with (page.folder / "requirements.txt").open("a") as file:
        file.write(f"six  # {uuid.uuid4()}\n")
    log = page.again("docker buildx build")
    assert environments(log) == {"old-pandas"}
    assert re.search(r"Installed \d+ packages", log)

    (page.folder / "dags/hello.py").write_text(dag.replace("old-pandas", "old-panda"))
    page.again("docker buildx build")
    shown = page.code("There is no environment", "text").strip().removesuffix("...").strip()
    assert shown in " ".join(page.again("docker run", code=1).split())

    (page.folder / "dags/hello.py").write_text(dag)
    page.type("pyenv-frontend local")
    assert promised in page.type("airflow dags test hello")


def test_the_commands_of_the_readme_work(walk, base_images):
    """A project gets an environment, and the commands work as described."""
    base_images(AIRFLOW, *PYTHONS)
    page = walk("README.md")
    page.leave("make demo", "the demo has tests of its own")
    page.leave("make image", "a copy of the checkout has both")
    page.write("Dockerfile", "^COPY dags", "Dockerfile")
    named = re.search(r"`report-requirements.txt` is an ordinary requirements file \(`(.*?)`\)", page.page.read_text())
    (page.folder / "report-requirements.txt").write_text(f"{named[1]}\n")
    (page.folder / "dags").mkdir()
    assert re.search(r"report\s+3\.9\.", page.type("docker buildx build"))
    page.leave("tools.engine env", "the shell of the test has the engine already")
    printed = page.type("pyenv-frontend check")
    assert "ENV ASTRO_PYENV_report=" in printed
    variables = page.run("$ASTRO_PYENV_report -c 'import pandas; print(pandas.__version__)'")
    assert variables.strip() == named[1].partition("==")[2]
