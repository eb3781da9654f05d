"""Fixtures for the operator's tests, which `test_inner.py` runs within a real installation of Airflow."""

import datetime
import itertools
import os
import types

import pytest

from airflow_venv import VenvOperator
from airflow_venv._compat import AIRFLOW_3, ExternalPythonOperator

if AIRFLOW_3:
    from airflow.sdk import DAG
else:
    from airflow import DAG

numbers = itertools.count()
TI = types.SimpleNamespace(bundle_instance=None)
BARE = os.environ["ASTRO_PYENV_py38"]


@pytest.fixture
def dag():
    """Provide an empty DAG as the current one."""
    with DAG(f"dag{next(numbers)}", schedule=None, start_date=datetime.datetime(2024, 1, 1)) as dag:
        yield dag


@pytest.fixture
def execute(dag):
    """Run a function with our operator and return its result: `execute(function, **options)`."""

    def run(function, venv="py38", context=None, **options):
        operator = VenvOperator(task_id=f"t{next(numbers)}", venv=venv, python_callable=function, **options)
        return operator.execute({"ti": TI, **(context or {})})

    return run


@pytest.fixture
def stock(dag):
    """Run a function with Airflow's own operator in the same environment."""

    def run(function, context=None, **options):
        operator = ExternalPythonOperator(
            task_id=f"t{next(numbers)}",
            python_callable=function,
            **{"python": BARE, "expect_airflow": False, **options},
        )
        return operator.execute({"ti": TI, **(context or {})})

    return run
