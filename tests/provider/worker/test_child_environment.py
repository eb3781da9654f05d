"""The environment variables of the child."""

import pytest

from airflow_venv.worker.child_environment import airflow_version, child_variables

BLOCKED = "airflow-db-not-allowed:///"
WORKER = {
    "PATH": "/bin",
    "AIRFLOW_HOME": "/af",
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": BLOCKED,
    "AIRFLOW__CORE__SQL_ALCHEMY_CONN": BLOCKED,
    "AIRFLOW__SECRETS__BACKEND": "airflow.providers.hashicorp.secrets.vault.VaultBackend",
    "_AIRFLOW__STARTUP_MSG": "{}",
    "__AIRFLOW_SUPERVISOR_FD": "7",
}
"""The variables of a task process of Airflow 3."""


def child(version, variables=WORKER, worker="3.3.2"):
    packages = {"apache-airflow": version} if version else {}
    return child_variables(variables, packages=packages, worker_version=worker, inherited=WORKER)


def test_an_environment_without_airflow_gets_the_variables_without_the_supervisors():
    """All other variables are kept."""
    assert child("") == {
        name: WORKER[name] for name in ("PATH", "AIRFLOW_HOME", "AIRFLOW__CORE__EXECUTOR", "AIRFLOW__SECRETS__BACKEND")
    }


@pytest.mark.parametrize("version", ["2.4.3", "2.11.2", "3.0.6", "3.3.2"])
def test_an_airflow_in_the_environment_needs_no_database_no_backend_and_no_executor(version):
    """None of them can be used from the environment, whatever its version of Airflow."""
    variables = child(version)
    assert variables["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith("sqlite:")
    assert variables["AIRFLOW__SECRETS__BACKEND"] == ""
    assert variables["PYTHON_OPERATORS_VIRTUAL_ENV_MODE"] == "1"
    assert BLOCKED not in variables.values()
    if version.startswith("2."):
        assert variables["AIRFLOW__CORE__EXECUTOR"] == "SequentialExecutor"
    assert variables.get("AIRFLOW_CONFIG") == (None if version == "3.3.2" else "/dev/null")


def test_variables_that_the_task_sets_are_kept():
    """The task may set a real database, or a variable that looks like one of Airflow's own."""
    mine = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://mine",
        "_AIRFLOW_MINE": "1",
        "AIRFLOW_CONFIG": "/my.cfg",
    }
    variables = child("2.11.2", {**WORKER, **mine})
    assert {name: variables[name] for name in mine} == mine


def test_a_worker_with_the_same_airflow_2_shares_its_database():
    """Task code of Airflow 2 may use the database if the environment has its driver."""
    own = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://db", "AIRFLOW__CORE__EXECUTOR": "LocalExecutor"}
    packages = {"apache-airflow": "2.11.2", "psycopg2-binary": "2.9.10"}
    variables = child_variables(own, packages=packages, worker_version="2.11.2", inherited=own)
    assert own.items() <= variables.items()


@pytest.mark.parametrize("url", ["postgresql://db", "postgresql+psycopg2://db", "mysql://db", "mysql+pymysql://db"])
def test_an_environment_without_the_driver_of_the_database_gets_none(url):
    """Without the driver, its Airflow could not even be imported."""
    own = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url, "AIRFLOW__CORE__EXECUTOR": "LocalExecutor"}
    variables = child_variables(own, packages={"apache-airflow": "2.11.2"}, worker_version="2.11.2", inherited=own)
    assert variables["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith("sqlite:")
    assert variables["AIRFLOW__CORE__EXECUTOR"] == "SequentialExecutor"


def test_the_version_is_that_of_the_distribution_with_the_core():
    """Airflow 3 can be installed without the distribution apache-airflow."""
    assert airflow_version({"apache-airflow-core": "3.3.2"}) == "3.3.2"
    assert airflow_version({"apache-airflow": "2.4.3"}) == "2.4.3"
    assert airflow_version({}) == ""
