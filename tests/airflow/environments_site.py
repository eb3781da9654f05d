"""An Airflow whose page of environments has something of everything to show."""

import re
import subprocess
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from tests.airflow.api_server import Server
from tests.airflow.conftest import Airflow, make
from tests.airflow.installations import release

__all__ = ["MARKUP", "PACKAGE", "Site", "prepare", "readable"]

MARKUP = "<script>alert(1)<"
PACKAGE = "<b>bold<"


@dataclass(frozen=True)
class Site:
    """A server with the page, its Airflow, and what the page reads."""

    server: Server
    airflow: Airflow
    locked: Path
    """An environment with a PYENV line, a lock, and packages that do not fit together."""

    def text(self, path, user="admin"):
        """Return a page's text as people read it."""
        answer = self.server.client(user).get(path)
        assert answer.status == 200, answer
        return readable(answer.text)


def readable(html):
    """Take the tags out of a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def prepare(version, home):
    """Make an Airflow whose DAGs were stored and run where one environment more exists than on the server."""
    airflow = make(release(version), home)
    airflow.dag("environments_page.py")
    airflow.variables["AIRFLOW__VENV__PARSE_CHECK"] = "off"
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
