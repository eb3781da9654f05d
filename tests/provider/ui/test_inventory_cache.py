"""The cache of environments."""

import os
import subprocess
import sys

import pytest

from airflow_venv.environments import inventory
from airflow_venv.ui.inventory_cache import InventoryCache

LONG_AGO = 1_000_000_000_000_000_000


@pytest.fixture
def site_packages(tmp_path, monkeypatch):
    """Provide the folder of packages of an environment, which is the only one."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path], check=True)
    for name in list(os.environ):
        if name.startswith("ASTRO_PYENV_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ASTRO_PYENV_report", str(tmp_path / "bin/python"))
    return next(tmp_path.glob("lib/python*/site-packages"))


def install(site_packages, name):
    folder = site_packages / f"{name}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")


def packages(cache):
    (report,) = cache.reports()
    return sorted(report.facts.packages)


def test_a_package_that_is_installed_while_an_environment_is_read_shows_at_the_next_request(site_packages, monkeypatch):
    """The times of files are compared with the time when reading began."""
    describe = inventory.describe

    def describe_slowly(*arguments):
        report = describe(*arguments)
        if not report.facts.packages:
            install(site_packages, "late")
        return report

    monkeypatch.setattr(inventory, "describe", describe_slowly)
    cache = InventoryCache()
    assert packages(cache) == []
    assert packages(cache) == ["late"]


def test_an_environment_is_read_once_until_it_changes(site_packages, monkeypatch):
    """What has changed a moment ago counts as still changing."""
    monkeypatch.setattr("airflow_venv.ui.inventory_cache._SETTLED", -LONG_AGO)
    readings = []
    describe = inventory.describe
    monkeypatch.setattr(inventory, "describe", lambda *names: readings.append(names) or describe(*names))
    cache = InventoryCache()
    assert (packages(cache), packages(cache), len(readings)) == ([], [], 1)
    install(site_packages, "one")
    assert (packages(cache), packages(cache), len(readings)) == (["one"], ["one"], 2)
