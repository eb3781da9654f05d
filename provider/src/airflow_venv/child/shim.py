"""Provide stand-ins for Airflow's modules in environments without Airflow.

They offer the services of the worker. Importing anything else from Airflow raises an error that lists what they offer.
Enabled by `airflow_shim=True`. An installed Airflow always takes precedence.
"""

import sys

from . import airflow_exceptions, context_objects, sensors, services

_MISSING = object()


class SdkConnection(context_objects.Connection):
    """Stand-in for Airflow's `Connection`."""

    @classmethod
    def get(cls, conn_id):
        """Return a connection."""
        return services.get_connection(conn_id)

    get_connection_from_secrets = get


class Variable:
    """Stand-in for Airflow's `Variable`."""

    @staticmethod
    def get(key, default=_MISSING, deserialize_json=False, default_var=_MISSING):
        """Return a Variable, or the default. Raises KeyError if there is neither."""
        default = default if default_var is _MISSING else default_var
        options = {} if default is _MISSING else {"default": default}
        return services.get_variable(key, deserialize_json=deserialize_json, **options)

    set = staticmethod(services.set_variable)
    delete = staticmethod(services.delete_variable)


class BaseHook:
    """Stand-in for the base class of Airflow's hooks."""

    def __init__(self, *_, **__):
        pass

    @classmethod
    def get_connection(cls, conn_id):
        """Return a connection."""
        return services.get_connection(conn_id)

    @property
    def log(self):
        """The task's log."""
        import logging

        return logging.getLogger("airflow.task.hooks." + type(self).__name__)

    def get_conn(self):
        """Return the hook's client. Subclasses implement this."""
        raise NotImplementedError


_ERRORS = {name: kind for name, kind in vars(airflow_exceptions).items() if isinstance(kind, type)}
_MASKER = {"mask_secret": services.mask_secret}
_CONTEXT = {"get_current_context": services.get_current_context}
_MODELS = {"Connection": SdkConnection, "Variable": Variable}
_HOOKS = {"BaseHook": BaseHook}
_SENSORS = {"PokeReturnValue": sensors.PokeReturnValue}
MODULES = {
    "airflow": {},
    "airflow.exceptions": _ERRORS,
    "airflow.hooks": {},
    "airflow.hooks.base": _HOOKS,
    "airflow.models": _MODELS,
    "airflow.models.connection": {"Connection": SdkConnection},
    "airflow.models.variable": {"Variable": Variable},
    "airflow.operators": {},
    "airflow.operators.python": _CONTEXT,
    "airflow.sdk": dict(_MODELS, **_HOOKS, **_CONTEXT, **_ERRORS, **_SENSORS),
    "airflow.sdk.bases": {},
    "airflow.sdk.bases.hook": _HOOKS,
    "airflow.sdk.bases.sensor": _SENSORS,
    "airflow.sdk.exceptions": _ERRORS,
    "airflow.sdk.execution_time": {},
    "airflow.sdk.execution_time.secrets_masker": _MASKER,
    "airflow.sdk.log": _MASKER,
    "airflow.sensors": {},
    "airflow.sensors.base": _SENSORS,
    "airflow.utils": {},
    "airflow.utils.log": {},
    "airflow.utils.log.secrets_masker": _MASKER,
}


def _explain(name):
    offered = "; ".join("from {} import {}".format(module, ", ".join(sorted(MODULES[module]))) for module in _OFFERED)
    return (
        f"{name} is not there: Airflow is not installed in this environment ({sys.executable}), and airflow_shim=True "
        f"stands in for these services alone: {offered}"
    )


_OFFERED = ("airflow.sdk", "airflow.hooks.base", "airflow.exceptions", "airflow.models")


class ShimFinder:
    """Finder of the stand-ins. It is last in `sys.meta_path`, so it is used only if there is no Airflow."""

    def find_spec(self, name, _path=None, _target=None):
        """Find a stand-in (see `importlib.abc.MetaPathFinder`).

        Raises:
            ModuleNotFoundError: there is no stand-in for this module of Airflow.
        """
        if name.partition(".")[0] != "airflow":
            return None
        if name not in MODULES:
            raise ModuleNotFoundError(_explain(name), name=name)
        from importlib.machinery import ModuleSpec

        spec = ModuleSpec(name, self, origin="airflow_shim", is_package=True)
        spec.submodule_search_locations = []
        return spec

    def create_module(self, spec):
        """Use the import system's default."""

    def exec_module(self, module):
        """Add the stand-ins to their module."""
        module.__dict__.update(MODULES[module.__name__])
        name = module.__name__

        def missing(attribute):
            if attribute.startswith("__"):
                raise AttributeError(attribute)
            raise ImportError(_explain(f"{name}.{attribute}"), name=name)

        module.__getattr__ = missing


def install():
    """Make `import airflow` find the stand-ins. A fork inherits the finder of the process that it is forked from."""
    if not any(isinstance(finder, ShimFinder) for finder in sys.meta_path):
        sys.meta_path.append(ShimFinder())
