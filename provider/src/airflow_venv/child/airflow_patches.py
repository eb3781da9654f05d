"""Patch an Airflow of any version that is installed in the environment to use the channel to the worker.

Only the few methods that fetch or store something are replaced, each after its module has been imported; Airflow's
classes are not replaced. The environment needs neither a secrets backend nor a database nor the worker's version of
Airflow. No module of Airflow is imported unless the function imports it.
"""

import sys

from . import services

_FIELDS = ("conn_id", "conn_type", "description", "host", "login", "password", "schema", "port", "extra")
_MISSING = object()


def _fetch(cls, conn_id, *_, **__):
    """Fetch a connection and return it as an instance of Airflow's class."""
    connection = services.get_connection(conn_id)
    return cls(**{name: getattr(connection, name) for name in _FIELDS})


async def _fetch_async(cls, conn_id, *_, **__):
    return _fetch(cls, conn_id)


def _fetch_mapped(cls, conn_id, *_, **__):
    """Fetch a connection and return it as an instance of the database model."""
    models = sys.modules["airflow.models"]
    if "airflow.models.asset" in sys.modules and hasattr(models, "import_all_models"):
        models.import_all_models()  # SQLAlchemy must find all models that the asset models refer to
    return _fetch(cls, conn_id)


def _models_connection(module):
    module.Connection.get_connection_from_secrets = classmethod(_fetch_mapped)


def _models_variable(module):
    variable = module.Variable

    def get(key, default_var=_MISSING, deserialize_json=False, **_):
        default = {} if default_var is _MISSING else {"default": default_var}
        return services.get_variable(key, deserialize_json=deserialize_json, **default)

    variable.get = staticmethod(get)
    variable.get_variable_from_secrets = staticmethod(lambda key, *_, **__: services.get_variable(key, None))
    _setters(variable)


def _setters(variable):
    def set_variable(key, value, description=None, serialize_json=False, **_):
        services.set_variable(key, value, description=description, serialize_json=serialize_json)

    def update(key, value, serialize_json=False, **_):
        services.get_variable(key)  # raises KeyError if there is none
        services.set_variable(key, value, serialize_json=serialize_json)

    def setdefault(key, default, description=None, deserialize_json=False):
        value = services.get_variable(key, None, deserialize_json=deserialize_json)
        if value is None and default is not None:
            services.set_variable(key, default, description=description, serialize_json=deserialize_json)
            return default
        return value

    variable.set = staticmethod(set_variable)
    variable.delete = staticmethod(lambda key, **_: services.delete_variable(key))
    if hasattr(variable, "update"):
        variable.update = staticmethod(update)
        variable.setdefault = staticmethod(setdefault)


def _sdk_connection(module):
    module.Connection.get = classmethod(_fetch)
    if hasattr(module.Connection, "async_get"):
        module.Connection.async_get = classmethod(_fetch_async)


def _sdk_get_variable(key, deserialize_json=False, default=_MISSING):
    """Return a Variable. Raises AirflowRuntimeError, as the SDK does, if it does not exist and has no default."""
    value = services.get_variable(key, _MISSING if default is _MISSING else default, deserialize_json=deserialize_json)
    if value is not _MISSING:
        return value
    from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse

    raise AirflowRuntimeError(ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND, detail={"key": key}))


def _sdk_variable(module):
    def get(key, default=_MISSING, deserialize_json=False):
        return _sdk_get_variable(key, deserialize_json, default)

    module.Variable.get = staticmethod(get)
    _setters(module.Variable)


def _sdk_execution(module):
    def get_connection(conn_id):
        from airflow.sdk.definitions.connection import Connection

        return Connection.get(conn_id)

    async def get_connection_async(conn_id):
        return get_connection(conn_id)

    module._get_connection = get_connection  # noqa: SLF001
    module._async_get_connection = get_connection_async  # noqa: SLF001
    module._get_variable = _sdk_get_variable  # noqa: SLF001


def _xcom(module):
    """Allow reading any XCom, but writing only those of this task: the worker's task instance offers no more."""

    def get_one(*_, **query):
        more = {}
        if query.get("map_index") is not None:
            more["map_indexes"] = query["map_index"]
        if query.get("run_id") not in (None, services.context_value("run_id")):
            more["run_id"] = query["run_id"]
        if query.get("include_prior_dates"):
            more["include_prior_dates"] = True
        key = query.get("key") or "return_value"
        return services.xcom_pull(query.get("task_id"), query.get("dag_id"), key, **more)

    async def aget_one(*_, **query):
        return get_one(**query)

    def set_one(key, value, *_, task_id=None, dag_id=None, run_id=None, **__):
        ti = services.context_value("ti")
        if (task_id, dag_id, run_id) != (ti.task_id, ti.dag_id, ti.run_id):
            raise ValueError(f"XCom.set() in an environment is for the task itself, not for {task_id} of {dag_id}")
        services.xcom_push(key, value)

    module.BaseXCom.get_one = staticmethod(get_one)
    module.BaseXCom.set = staticmethod(set_one)
    if hasattr(module.BaseXCom, "aget_one"):
        module.BaseXCom.aget_one = staticmethod(aget_one)


def _current_context(module):
    module.get_current_context = services.get_current_context


def _first_module(*names):
    """Import the first of these modules that exists in this version of Airflow."""
    import importlib

    for name in names[:-1]:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return importlib.import_module(names[-1])


def _logging(module):
    """Disable Airflow's logging configuration: records go through the channel, and no log folder is created."""

    def configure_logging(*_, **__):
        import logging

        masker = _first_module(
            "airflow.utils.log.secrets_masker",
            "airflow.sdk._shared.secrets_masker",
            "airflow.sdk.execution_time.secrets_masker",
        )
        logging.getLogger("airflow.task").addFilter(masker.SecretsMasker())  # Airflow up to 3.0 requires it
        if masker.__name__.startswith("airflow.sdk"):  # loggers use structlog since 3.0
            from .structlog_bridge import log_through_logging

            log_through_logging()
        return ""

    module.configure_logging = configure_logging


def _masker(module):
    """Mask each secret in the worker's log as well."""
    add_mask = module.SecretsMasker.add_mask

    def add_mask_everywhere(self, secret, name=None):
        add_mask(self, secret, name)
        services.mask_secret(secret, name)

    module.SecretsMasker.add_mask = add_mask_everywhere


def _sdk_log(module):
    """Mask secrets in the worker's log only, since Airflow's own function would first import most of Airflow."""

    async def amask_secret(secret, name=None):
        services.mask_secret(secret, name)

    if hasattr(module, "mask_secret"):  # from 3.1 on
        module.mask_secret = services.mask_secret
    if hasattr(module, "amask_secret"):
        module.amask_secret = amask_secret


def _sdk_masker(module):
    """Patch the masker of Airflow 3.0. Later versions have it in another module."""
    if hasattr(module, "SecretsMasker"):
        _masker(module)
        _sdk_log(module)


def _configuration(module):
    """Do not mask the settings of the environment's Airflow: they are unused, and some values are common words."""
    module.AirflowConfigParser.mask_secrets = lambda _: None


PATCHES = {
    "airflow._shared.secrets_masker.secrets_masker": _masker,
    "airflow.configuration": _configuration,
    "airflow.logging_config": _logging,
    "airflow.models.connection": _models_connection,
    "airflow.models.variable": _models_variable,
    "airflow.models.xcom": _xcom,
    "airflow.operators.python": _current_context,
    "airflow.providers.standard.operators.python": _current_context,
    "airflow.sdk._shared.secrets_masker.secrets_masker": _masker,
    "airflow.sdk.bases.xcom": _xcom,
    "airflow.sdk.definitions.connection": _sdk_connection,
    "airflow.sdk.definitions.context": _current_context,
    "airflow.sdk.definitions.variable": _sdk_variable,
    "airflow.sdk.execution_time.context": _sdk_execution,
    "airflow.sdk.execution_time.secrets_masker": _sdk_masker,
    "airflow.sdk.log": _sdk_log,
    "airflow.utils.log.secrets_masker": _masker,
}
"""Function that patches a module after its import, by the module's name. This is the only list of patched modules."""


def install(hooks):
    """Patch each module of `PATCHES` as soon as it has been imported.

    Args:
        hooks: the `ImportHooks` of this process.
    """
    for name, patch in PATCHES.items():
        hooks.after(name, _unless_stand_in(patch))


def _unless_stand_in(patch):
    """Skip the modules of `airflow_shim`: they use the channel already and raise an error for missing attributes."""

    def apply(module):
        if module.__spec__.origin != "airflow_shim":
            patch(module)

    return apply
