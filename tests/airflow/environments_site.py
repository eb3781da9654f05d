"""An Airflow with an example of everything that the environments page can show."""

import re
import subprocess
import sys
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from tests.airflow.api_server import Server
from tests.airflow.conftest import Airflow, make
from tests.airflow.installations import CLUSTERS, release

__all__ = ["MARKUP", "PACKAGE", "Site", "prepare", "prepare_many", "readable"]

MARKUP = "<script>alert(1)<"
PACKAGE = "<b>bold<"


@dataclass(frozen=True)
class Site:
    """A server with the environments page, its Airflow, and an environment that the page reads."""

    server: Server
    airflow: Airflow
    locked: Path
    """An environment with a PYENV line, a lock, and packages that conflict."""

    def text(self, path, user="admin"):
        """Return the text of a page as a reader sees it."""
        answer = self.server.client(user).get(path)
        assert answer.status == 200, answer
        return readable(answer.text)


def readable(html):
    """Remove the tags from a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def prepare(version, home, database=None, *, installation=None):
    """Set up an Airflow whose DAGs also ran with an environment that the server does not have.

    Args:
        version: the release.
        home: its folder.
        database: the address of an empty PostgreSQL database; the default is a SQLite database.
        installation: the release to use instead, such as one with additional packages.
    """
    airflow = _empty(version, home, database, installation)
    airflow.dag("environments_page.py")
    on_worker = {"ASTRO_PYENV_elsewhere": airflow.variables["ASTRO_PYENV_py38"]}
    airflow.run("airflow", "dags", "reserialize")
    airflow.run("airflow", "dags", "test", "shop", **on_worker)
    locked = home / "locked"
    subprocess.run(["python3", "-m", "venv", "--without-pip", locked], check=True)
    with (locked / "pyvenv.cfg").open("a") as file:
        file.write("pyenv = PYENV 3.12 locked <<EOF\n")
    (locked / "pylock.locked.toml").write_text('lock-version = "1.0" # <i>\n')
    site = next(locked.glob("lib/python*/site-packages"))
    for name, requirement in {"alpha-1.0": "beta>=2", "beta-1.5": "", f"{PACKAGE}-3": ""}.items():
        (site / f"{name}.dist-info").mkdir()
        (site / f"{name}.dist-info" / "METADATA").write_text(f"Name: x\nRequires-Dist: {requirement}\n\n")
    airflow.variables.update(
        {
            "ASTRO_PYENV_gone": str(home / "gone/bin/python"),
            "ASTRO_PYENV_locked": str(locked / "bin/python"),
            f"ASTRO_PYENV_{MARKUP}": airflow.variables["ASTRO_PYENV_py313"],
        }
    )
    return airflow, locked


def prepare_many(version, home, database=None):
    """Set up an Airflow with 1,002 DAGs, 6,500 tasks and 500 environments.

    The first environment has 2,000 packages, the next 49 have 301 each, and the others have two.
    """
    airflow = _empty(version, home, database)
    airflow.dag("many_tasks.py")
    airflow.run("airflow", "dags", "reserialize", AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT="300")
    for name in [name for name in airflow.variables if name.startswith("ASTRO_PYENV_")]:
        del airflow.variables[name]
    for number in range(500):
        count = 1999 if number == 0 else 300 if number < 50 else 1
        packages = {f"package_{number}": f"1.{number}" for number in range(count)}
        python = environment(home / f"environments/env_{number:02d}", {**packages, "pandas": f"{number % 3}.2"})
        airflow.variables[f"ASTRO_PYENV_env_{number:02d}"] = python
    return airflow


def environment(folder: Path, packages: dict[str, str], *, line: str = "") -> str:
    """Create an environment that has only the metadata of its packages; return its interpreter's path."""
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.symlink_to(sys.executable)
    (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = 3.12.7\n{line and f'pyenv = {line}'}\n")
    site = folder / "lib/python3.12/site-packages"
    site.mkdir(parents=True)
    for name, version in packages.items():
        (site / f"{name}-{version}.dist-info").mkdir()
        (site / f"{name}-{version}.dist-info" / "METADATA").write_text(f"Name: {name}\nRequires-Dist: package_1\n\n")
    return str(python)


def _empty(version, home, database, installation=None):
    airflow = make(installation or (CLUSTERS[version] if database else release(version)), home)
    airflow.variables["AIRFLOW__VENV__PARSE_CHECK"] = "off"
    if database:
        airflow.variables["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = database
        airflow.run("airflow", "db", "migrate")
    return airflow
