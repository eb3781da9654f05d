"""The environment variables of the child: the user's own, without what holds for the worker's Airflow alone.

The task process of Airflow 3 points its database variables at a URL that no Airflow can parse, so that task code cannot
use the database; an Airflow in the environment, which would inherit them, could not even be imported. And what
configures the worker's version may name classes and drivers that another version, or the same one in another
environment, does not have. Connections, Variables and XComs come through the channel, so an Airflow in the environment
needs neither a database nor a secrets backend nor an executor.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["airflow_version", "child_variables"]

_PRIVATE = ("_AIRFLOW", "__AIRFLOW")
"""What Airflow's supervisor sets for the task process itself begins with this."""
_DATABASE = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__SQL_ALCHEMY_CONN")
_NO_DATABASE = "sqlite:////dev/null"
"""A URL that every version accepts, without a driver to import; using it fails."""
_BLOCKED = "airflow-db-not-allowed:"


def airflow_version(packages: Mapping[str, str]) -> str:
    """Return the version of the Airflow among these distributions; empty if there is none."""
    return packages.get("apache-airflow") or packages.get("apache-airflow-core") or ""


def child_variables(
    variables: Mapping[str, str], *, packages: Mapping[str, str], worker_version: str, inherited: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables of the child.

    Args:
        variables: those that the task asks for, the inherited ones among them.
        packages: the distributions of the environment, by name.
        worker_version: version of the worker's Airflow.
        inherited: the worker's own variables. What the task itself has set to another value is left alone.
    """
    ours = {name for name, value in variables.items() if inherited.get(name) == value}
    result = {name: value for name, value in variables.items() if not (name in ours and name.startswith(_PRIVATE))}
    blocked = {name for name in _DATABASE if result.get(name, "").startswith(_BLOCKED)}
    for name in blocked:
        del result[name]
    version = airflow_version(packages)
    if not version:
        return result
    foreign = version != worker_version or not _has_driver(result.get(_DATABASE[0], ""), packages)
    settings = {
        "PYTHON_OPERATORS_VIRTUAL_ENV_MODE": "1",  # from 3.0 on: make no database engine
        "AIRFLOW__SECRETS__BACKEND": "",  # the worker's serves this environment, too
        "AIRFLOW__SECRETS__BACKEND_KWARGS": "",
    }
    if blocked or foreign:
        settings["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = _NO_DATABASE
        if version.startswith("2."):  # it refuses SQLite with most executors
            settings["AIRFLOW__CORE__EXECUTOR"] = "SequentialExecutor"
    if version != worker_version:
        settings["AIRFLOW_CONFIG"] = os.devnull
    result.update({name: value for name, value in settings.items() if name in ours or name not in variables})
    if foreign:
        result.pop("AIRFLOW__CORE__SQL_ALCHEMY_CONN", None)
    return result


def _has_driver(url: str, packages: Mapping[str, str]) -> bool:
    """Return whether the environment can connect to the worker's database; a URL that names no known driver may do."""
    scheme = url.partition(":")[0]
    drivers = _DRIVERS.get(scheme.partition("+")[2] or scheme)
    return drivers is None or any(name in packages for name in drivers)


_DRIVERS = {
    "postgresql": ("psycopg2", "psycopg2-binary"),
    "psycopg2": ("psycopg2", "psycopg2-binary"),
    "psycopg": ("psycopg",),
    "asyncpg": ("asyncpg",),
    "mysql": ("mysqlclient",),
    "mysqldb": ("mysqlclient",),
    "pymysql": ("pymysql",),
    "mysqlconnector": ("mysql-connector-python",),
}
"""The distributions of a database driver, by its name in a URL of SQLAlchemy or the database's where none is named."""
