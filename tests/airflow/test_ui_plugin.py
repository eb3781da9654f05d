"""The plugin that adds the page: its cost for processes that do not serve it, and how to switch it off."""

from pathlib import Path

import pytest

from tests.airflow.api_server import serving
from tests.airflow.conftest import make
from tests.airflow.installations import release

pytestmark = pytest.mark.airflow
LOAD = """
import sys
from airflow import plugins_manager
if {info}:
    plugins_manager.get_plugin_info()
else:
    plugins_manager.ensure_plugins_loaded()
    plugins_manager.integrate_macros_plugins()
for name, module in sorted(sys.modules.items()):
    if name.startswith("airflow_venv"):
        print("module", name)
"""
"""Loads plugins as schedulers, DAG processors, triggerers and tasks do; with `info`, as `airflow plugins` does."""
SHOW = """
from airflow_venv.ui.plugin import EnvironmentsPlugin
print("shown", len(EnvironmentsPlugin.fastapi_apps), len(EnvironmentsPlugin().external_views))
"""


def modules(printed):
    """Return the modules of ours that a process has imported."""
    return {line.split()[1] for line in printed.splitlines() if line.startswith("module ")}


def shown(airflow, **variables):
    """Return the numbers of the plugin's applications and links, and the whole output."""
    printed = airflow.run("python", "-c", SHOW, **variables)
    (line,) = [line for line in printed.splitlines() if line.startswith("shown ")]
    return line.removeprefix("shown "), printed


def test_the_plugin_costs_other_processes_two_small_modules(airflow):
    """No release imports the page, FastAPI or Jinja for it."""
    loaded = modules(airflow.run("python", "-c", LOAD.format(info=False)))
    provider_info = {"airflow_venv.get_provider_info", "airflow_venv.config"}  # Airflow reads it from every provider
    assert loaded - provider_info == {
        "airflow_venv", "airflow_venv.child", "airflow_venv.child.public_names", "airflow_venv.ui",
        "airflow_venv.ui.plugin",
    }  # fmt: skip


@pytest.mark.releases("2.11.2")
def test_airflow_2_shows_no_page(airflow):
    """This holds even if every attribute of the plugin is read."""
    airflow.run("python", "-c", LOAD.format(info=True))
    assert shown(airflow)[0] == "0 0"


@pytest.mark.releases("3.3.2")
def test_the_page_is_switched_off_by_its_option(airflow):
    assert shown(airflow)[0] == "1 1"
    text, printed = shown(airflow, AIRFLOW__VENV__UI="off")
    assert text == "0 0"
    assert "error" not in printed.lower()


def test_an_invalid_setting_disables_the_page_and_is_logged(tmp_path):
    """A wrong setting of ours must not prevent Airflow from starting."""
    airflow = make(release("3.3.2"), tmp_path)
    with serving(airflow, AIRFLOW__VENV__UI="offf") as server:
        client = server.client("admin")
        answer = client.get("/venv/sizes.json", accept="application/json")
        assert "json" not in answer.headers["content-type"]  # it is Airflow's own page for unknown addresses
        assert client.get("/api/v2/plugins", accept="application/json").status == 200
        text = Path(server.log).read_text()
    assert "The page of environments is not shown: [venv] ui is 'offf' in Airflow's configuration" in text
