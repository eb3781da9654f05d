"""Airflow's services in environments without Airflow, with the same version of it, and with another one."""

import json
import os

import pytest

from tests.airflow.conftest import FULL
from tests.airflow.installations import environment, release

pytestmark = pytest.mark.airflow
URI = "postgres://user:p%40ssw0rd@dbhost:5432/db?sslmode=require"
SECRETS = {"AIRFLOW_CONN_MY_DB": URI, "AIRFLOW_VAR_PLAIN": "hello", "AIRFLOW_VAR_JSON": '{"x": [1]}'}


def test_the_same_function_finds_the_same_in_the_worker_and_in_environments(airflow):
    """The environments have Python 3.7, 3.8 and 3.13 and no Airflow."""
    airflow.dag("services.py")
    variables = {**SECRETS, "ASTRO_PYENV_py37": environment("3.7")}
    printed = airflow.run("airflow", "dags", "test", "services", "2024-01-02", check=False, **variables)
    states = airflow.states("services")
    assert set(states.values()) == {"success"}, f"{states}\n{printed[-15000:]}"
    results = airflow.results()
    pulled, pushed = results["found"], results["pushed"]
    for kind in ("arguments", "imports"):
        expected = pulled[f"{kind}_worker"]
        assert expected["pulled"] == {"a": [1, 2, 3], "when": "2024"}
        for place in ("py37", "py38", "py313"):
            assert pulled[f"{kind}_{place}"] == expected
            assert pushed[f"{kind}_{place}"] == pushed[f"{kind}_worker"]
    assert pulled["arguments_worker"]["conn"][2:4] == ["p@ssw0rd", URI]
    assert pulled["exported"] == [URI, ["AIRFLOW_CONN_MY_DB"]]
    assert "ti" not in pulled["whole"]
    if airflow.release.number >= (3, 1):  # `dags test` of earlier versions records no events
        extras = [json.loads(extra) for (extra,) in airflow.query("select extra from asset_event")]
        assert {"rows": 3, "more": 1} in extras


@pytest.mark.releases(*FULL[1:])
@pytest.mark.timeout(400)
def test_an_airflow_in_the_environment_asks_the_worker(airflow):
    """The environment has the same version of Airflow, an older or a newer one, and the DAG runs under `dag.test()`."""
    airflow.dag("airflow_inside.py")
    inside = {"same": airflow.release, "older": release("2.7.3"), "newer": release("3.3.2")}
    for one in inside.values():
        one.install()
    variables = {f"ASTRO_PYENV_{name}": str(one.bin / "python") for name, one in inside.items()}
    variables["PATH"] = os.environ["PATH"]
    printed = airflow.run("python", airflow.home / "dags" / "airflow_inside.py", check=False, **SECRETS, **variables)
    states = airflow.states("airflow_inside")
    assert states.pop("shim") == "skipped", printed[-15000:]
    assert set(states.values()) == {"success"}, f"{states}\n{printed[-15000:]}"
    results = airflow.xcoms("airflow_inside")
    for name, one in inside.items():
        assert results[f"ask_{name}"] == {
            "version": one.version,
            "kind": "airflow.Connection",
            "uri": URI,
            "hook": {"user": "user", "password": "p@ssw0rd", "sslmode": "require"},
            "variables": ["hello", {"x": [1]}, 4],
            "set": "v",
            "missing": "The conn_id `no_such` isn't defined",
            "model": "dbhost",
            "xcom": [
                {"rows": 3},
                [1, "é"],
                "XCom.set() in an environment is for the task itself, not for up of airflow_inside",
            ],
        }
    assert results["ask_sdk"] == ["dbhost", "hello", 4, "VARIABLE_NOT_FOUND", "ask_sdk"]
