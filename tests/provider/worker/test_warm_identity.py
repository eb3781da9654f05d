"""The conditions for forking a task from a warm process."""

import sys

from airflow_venv.environments import facts
from airflow_venv.worker import warm_identity
from airflow_venv.worker.warm_identity import identity


def test_an_upgrade_of_this_package_and_another_limit_make_another_process(tmp_path, monkeypatch):
    """The old process runs the old code, and still refuses modules that exceeded the old limit."""
    file = tmp_path / "zygote.py"
    file.write_text("old")
    monkeypatch.setattr(warm_identity, "_ZYGOTE", str(file))
    environment = facts.read(sys.executable)
    before = identity(environment, {}, 1)
    assert identity(environment, {}, 1).name == before.name
    larger = identity(environment, {}, 2)
    assert (larger.name != before.name, larger.environment == before.environment) == (True, True)
    file.write_text("newer")
    after = identity(environment, {}, 1)
    assert (after.name != before.name, after.environment != before.environment) == (True, True)
