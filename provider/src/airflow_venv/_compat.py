"""All code that depends on Airflow's version, from 2.4 to the newest 3.x. No other module checks the version.

The first branch is for Airflow 3, in which the old paths still exist but warn.
"""

from __future__ import annotations

import inspect
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

try:  # Airflow 3: the task SDK and the standard provider
    from airflow.sdk import task  # isort: skip
    from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory  # isort: skip
    from airflow.sdk.bases.sensor import BaseSensorOperator, PokeReturnValue  # isort: skip
    from airflow.providers.standard.decorators.external_python import _PythonExternalDecoratedOperator as DecoratedInit
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.branch import BaseBranchOperator
    from airflow.providers.standard.operators.python import ExternalPythonOperator, ShortCircuitOperator

    AIRFLOW_3 = True
except ImportError:  # Airflow 2, where the standard provider may be installed too but the core's classes are in use
    from airflow.decorators import task
    from airflow.decorators.base import DecoratedOperator, task_decorator_factory
    from airflow.decorators.external_python import _PythonExternalDecoratedOperator as DecoratedInit
    from airflow.operators.bash import BashOperator
    from airflow.operators.branch import BaseBranchOperator
    from airflow.operators.python import ExternalPythonOperator, ShortCircuitOperator
    from airflow.sensors.base import BaseSensorOperator, PokeReturnValue

    AIRFLOW_3 = False

try:  # Airflow 3.2 and newer
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
except ImportError:
    from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException

try:  # Airflow 3.1 and newer
    from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS
except ImportError:
    from airflow.utils.context import KNOWN_CONTEXT_KEYS

from airflow import __version__ as AIRFLOW_VERSION  # noqa: N812
from airflow.configuration import conf

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AIRFLOW_3",
    "AIRFLOW_VERSION",
    "HAS_EXTERNAL_VIEWS",
    "KNOWN_CONTEXT_KEYS",
    "REMOVED_CONTEXT_KEYS",
    "AirflowException",
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowSkipException",
    "BaseBranchOperator",
    "BaseSensorOperator",
    "BashOperator",
    "DecoratedInit",
    "DecoratedOperator",
    "ExternalPythonOperator",
    "PokeReturnValue",
    "ShortCircuitOperator",
    "add_to_retry_rules",
    "bash_arguments",
    "code_folder",
    "conf",
    "delete_variable",
    "get_connection",
    "get_current_context",
    "get_variable",
    "longest_secret",
    "make_asset",
    "mask_secret",
    "plugin_macros",
    "redact",
    "set_variable",
    "stock_arguments",
    "supervisor_socket",
    "task",
    "task_decorator_factory",
    "xcom_pull",
]


_BY_DAY = (
    *("next_ds", "next_ds_nodash", "next_execution_date", "prev_ds", "prev_ds_nodash", "prev_execution_date"),
    *("prev_execution_date_success", "tomorrow_ds", "tomorrow_ds_nodash", "yesterday_ds", "yesterday_ds_nodash"),
)
REMOVED_CONTEXT_KEYS: dict[str, str] = (
    {
        "conf": "read Airflow's own configuration with a template, or pass what you need as an argument",
        "execution_date": "it is called logical_date now",
        "triggering_dataset_events": "it is called triggering_asset_events now",
        **dict.fromkeys(_BY_DAY, "compute it from logical_date or the data interval"),
    }
    if AIRFLOW_3
    else {}
)
"""Keys of Airflow 2's context that this version no longer has, with what to do instead."""

HAS_EXTERNAL_VIEWS = tuple(int(number) for number in AIRFLOW_VERSION.split(".")[:2]) >= (3, 1)
"""Whether a plugin can put a link to a page of its own into the navigation."""


def stock_arguments(serializer: str) -> dict[str, Any]:
    """Return the arguments that select the serializer in this version's ExternalPythonOperator, or its default."""
    if "serializer" in inspect.signature(ExternalPythonOperator.__init__).parameters:  # 2.10 and newer
        return {"serializer": serializer if serializer in ("cloudpickle", "dill") else "pickle"}
    return {"use_dill": serializer == "dill"}


def bash_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a BashOperator in this version: before 2.7, `skip_on_exit_code` had another name."""
    if "skip_on_exit_code" in inspect.signature(BashOperator.__init__).parameters:
        return options
    return {("skip_exit_code" if name == "skip_on_exit_code" else name): value for name, value in options.items()}


def add_to_retry_rules(task: Any, raised_types: Mapping[str, type]) -> None:
    """Let the retry rules of Airflow 3.3 that name an exception match it where the worker cannot import it.

    Args:
        task: the operator.
        raised_types: the classes of the exception that ends the task, by dotted name.
    """
    for rule in getattr(getattr(task, "retry_policy", None), "rules", None) or ():
        names = [spec for spec in getattr(rule, "_specs", ()) if isinstance(spec, str)]
        kinds = [kind for name, kind in raised_types.items() if any(_same_class(name, spec) for spec in names)]
        if kinds:
            rule._resolved_classes = [*rule._resolve_exception_classes(), *kinds]  # noqa: SLF001 - it has no other way


def _same_class(name: str, spec: str) -> bool:
    """Return whether two dotted names may be of one class: packages export classes under shorter paths, too."""
    return name.rpartition(".")[2] == spec.rpartition(".")[2] and name.partition(".")[0] == spec.partition(".")[0]


def code_folder(context: Any) -> str | None:
    """Return the folder from which the DAG's file may import: the root of its bundle, or the DAGs folder before 3.0."""
    if not AIRFLOW_3:
        folder = conf.get("core", "dags_folder", fallback=None)
        return str(folder) if folder else None
    bundle = getattr(context.get("ti"), "bundle_instance", None)
    path = getattr(bundle, "path", None)
    return str(path) if path else _parsed_folder(context.get("dag"))


def _parsed_folder(dag: Any) -> str | None:
    """Return the folder that a DAG's file was parsed in. `dags test` and `dag.test()` run tasks without a bundle."""
    file, relative = getattr(dag, "fileloc", None), getattr(dag, "relative_fileloc", None)
    if not file:
        return None
    if relative and file.endswith(os.sep + relative):
        return str(file[: -len(os.sep + relative)])
    return str(Path(file).parent)


# --- The services that a function in an environment may ask for -------------------------------------------------------
# Imported when they are used: a DAG file that is parsed needs none of them.

try:  # Airflow 3.2 and newer
    from airflow.sdk.exceptions import AirflowNotFoundException
except ImportError:
    from airflow.exceptions import AirflowNotFoundException


def get_connection(conn_id: str) -> Any:
    """Fetch a connection as Airflow does, secrets backends first; its secrets are masked in logs from then on.

    Raises:
        AirflowNotFoundException: there is no connection with that id.
    """
    if AIRFLOW_3:
        from airflow.sdk import Connection

        connection = Connection.get(conn_id)
    else:
        from airflow.hooks.base import BaseHook

        connection = BaseHook.get_connection(conn_id)
    _mask_connection(connection)
    return connection


def _mask_connection(connection: Any) -> None:
    """Mask the secrets of a connection, as Airflow does for those that it reads itself."""
    if connection.password:
        mask_secret(connection.password)
        mask_secret(quote(connection.password, safe=""))  # as the URI spells it
    if connection.extra:
        mask_secret(connection.extra_dejson)


def mask_secret(secret: Any, name: str | None = None) -> None:
    """Hide a value in the task's log from now on; of a collection, every text in it."""
    if not AIRFLOW_3:
        from airflow.utils.log.secrets_masker import mask_secret as mask
    else:
        try:
            from airflow.sdk.log import mask_secret as mask
        except ImportError:  # before 3.1
            from airflow.sdk.execution_time.secrets_masker import mask_secret as mask
    mask(secret, name)


def _secrets_masker() -> Any:
    """Return the module of Airflow that hides secrets."""
    if not AIRFLOW_3:
        from airflow.utils.log import secrets_masker
    else:
        try:
            from airflow.sdk._shared import secrets_masker
        except ImportError:  # before 3.1
            from airflow.sdk.execution_time import secrets_masker
    return secrets_masker


def redact(text: str) -> str:
    """Return the text as the task's log shows it: with the secrets hidden that Airflow knows."""
    return str(_secrets_masker().redact(text))


def longest_secret() -> int:
    """Return the number of bytes of the longest secret that Airflow knows, or a little more."""
    patterns = getattr(_secrets_masker()._secrets_masker(), "patterns", ())  # noqa: SLF001 - it is told nowhere else
    return max((len(pattern.encode("utf-8", "backslashreplace")) for pattern in patterns), default=0)


def get_variable(key: str, *, deserialize_json: bool) -> tuple[bool, Any]:
    """Fetch a Variable; return whether it exists, and its value."""
    variable = _variable()
    try:
        return True, variable.get(key, deserialize_json=deserialize_json)
    except KeyError:
        return False, None
    except Exception as error:
        kind = getattr(getattr(error, "error", None), "error", None)
        if getattr(kind, "name", "") == "VARIABLE_NOT_FOUND":
            return False, None
        raise


def set_variable(key: str, value: Any, description: str | None = None, serialize_json: bool = False) -> None:
    """Set a Variable."""
    _variable().set(key, value, description=description, serialize_json=serialize_json)


def delete_variable(key: str) -> None:
    """Delete a Variable."""
    _variable().delete(key)


def _variable() -> Any:
    if AIRFLOW_3:
        from airflow.sdk import Variable
    else:
        from airflow.models import Variable
    return Variable


def supervisor_socket() -> int | None:
    """Return the descriptor that hangs up when Airflow's supervisor of this process ends; None where there is none.

    From Airflow 3 on, the supervisor's socket is the task's standard input. With `dag.test()`, the supervisor is in
    this process.
    """
    comms = getattr(sys.modules.get("airflow.sdk.execution_time.task_runner"), "SUPERVISOR_COMMS", None)
    if not AIRFLOW_3 or comms is None or type(comms).__name__.startswith("InProcess"):
        return None
    try:
        return 0 if stat.S_ISSOCK(os.fstat(0).st_mode) else None
    except OSError:  # closed
        return None


def xcom_pull(ti: Any, arguments: dict[str, Any]) -> Any:
    """Pull XComs with those arguments that the method of this version has, where others are empty."""
    known = inspect.signature(ti.xcom_pull).parameters
    return ti.xcom_pull(**{name: value for name, value in arguments.items() if name in known or value is not None})


def get_current_context() -> Any:
    """Return the context of the task that runs in this process."""
    if AIRFLOW_3:
        from airflow.sdk import get_current_context as current
    else:
        from airflow.operators.python import get_current_context as current
    return current()


def plugin_macros() -> dict[str, dict[str, Any]]:
    """Return the macros of all plugins, by the plugin's name and the macro's."""
    try:  # Airflow 3.2 and newer
        from airflow.sdk.plugins_manager import _get_plugins

        plugins = _get_plugins()[0]
    except ImportError:
        from airflow import plugins_manager

        plugins_manager.ensure_plugins_loaded()
        plugins = plugins_manager.plugins or []
    return {plugin.name: {macro.__name__: macro for macro in plugin.macros} for plugin in plugins if plugin.name}


def make_asset(name: str | None, uri: str | None) -> Any:
    """Create an asset for an alias, or a dataset before Airflow 3."""
    if AIRFLOW_3:
        from airflow.sdk import Asset

        return Asset(name=name or uri, uri=uri or name)
    from airflow.datasets import Dataset

    return Dataset(uri or name)
