"""The module `airflow_venv` as a function sees it inside an environment: Airflow's services, without Airflow.

The same names can be imported from `airflow_venv` in the worker, where they are Airflow's own. Each is loaded when
it is first used.
"""

from .public_names import SERVICES

__all__ = tuple(SERVICES)


def __getattr__(name):
    if name not in SERVICES:
        hint = "inside an environment it offers " + ", ".join(__all__)
        raise AttributeError("module 'airflow_venv' has no attribute '" + name + "'; " + hint)
    module = __import__(__name__ + "." + SERVICES[name], fromlist=[name])
    globals()[name] = value = getattr(module, name)
    return value


def __dir__():
    return sorted(__all__)
