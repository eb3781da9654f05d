"""Take the screenshots of the page in Airflow for the how-to guide: `make page-screens`.

A browser opens the page of a real API server, with invented environments.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.airflow.api_server import serving
from tests.airflow.conftest import make
from tests.airflow.environments_site import environment
from tests.airflow.installations import release
from tools.browser import browser
from tools.state import ROOT

__all__ = ["PICTURES", "main"]

ASSETS = ROOT / "docs/assets"
WIDTH = 960
PICTURES = {
    "environments-light": ("/venv/", "light"),
    "environments-dark": ("/venv/", "dark"),
    "environments-packages": ("/venv/packages?q=pandas%3C2", "light"),
}
"""Path of the page and its colour scheme, by the name of the picture."""
ENVIRONMENTS = {
    "dbt": ("PYENV 3.12.7 dbt dbt.txt", {"dbt_core": "1.9.4", "dbt_postgres": "1.9.0", "pyyaml": "6.0.2"}),
    "forecast": ("PYENV 3.12.7 forecast pylock.forecast.toml", {"pandas": "2.2.3", "scikit_learn": "1.6.1"}),
    "legacy": ("PYENV 3.12.7 legacy <<EOF", {"pandas": "1.5.3", "numpy": "1.26.4"}),
}
DAG = """
from airflow.sdk import dag, task

@dag(schedule=None)
def shop():
    for name in ("dbt", "forecast", "legacy", "snowpark"):
        @task.venv(name, task_id=f"with_{name}")
        def work():
            pass

        work()

shop()
"""


def main() -> int:
    """Take all screenshots."""
    with tempfile.TemporaryDirectory() as scratch, browser() as window:
        home = Path(scratch)
        airflow = make(release("3.3.2"), home)
        for variable in [name for name in airflow.variables if name.startswith("ASTRO_PYENV_")]:
            del airflow.variables[variable]
        (home / "dags" / "shop.py").write_text(DAG)
        airflow.variables["AIRFLOW__VENV__PARSE_CHECK"] = "off"
        airflow.run("airflow", "dags", "reserialize")
        for name, (line, packages) in ENVIRONMENTS.items():
            airflow.variables[f"ASTRO_PYENV_{name}"] = environment(home / "venv" / name, packages, line=line)
        (home / "venv/forecast/pylock.toml").write_text('lock-version = "1.0"\n')
        with serving(airflow) as server:
            window.open(f"{server.address}/api/v2/version")
            window.cookie("_token", server.client("admin").cookie)
            for picture, (path, scheme) in PICTURES.items():
                window.size(WIDTH, 900)
                window.scheme(scheme)
                window.open(server.address + path)
                time.sleep(3)  # wait until the script has filled in the sizes
                # Leave out the footer, which contains the server's host name.
                end = window.script("return document.querySelector('footer').getBoundingClientRect().top")
                window.size(WIDTH, int(end))
                window.screenshot(ASSETS / f"{picture}.png")
                print(f"docs/assets/{picture}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
