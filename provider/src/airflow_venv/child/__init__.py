"""The module `airflow_venv` as a function sees it inside an environment: Airflow's services, without Airflow.

The same names can be imported from `airflow_venv` in the worker, where they are Airflow's own. Each is loaded when
it is first used, and so is their list: most functions use none.
"""


def __getattr__(name):
    from .public_names import SERVICES

    if name == "__all__":
        return tuple(SERVICES)
    if name not in SERVICES:
        hint = "inside an environment it offers " + ", ".join(SERVICES)
        raise AttributeError("module 'airflow_venv' has no attribute '" + name + "'; " + hint)
    module = __import__(__name__ + "." + SERVICES[name], fromlist=[name])
    globals()[name] = value = getattr(module, name)
    return value


def __dir__():
    return sorted(__getattr__("__all__"))
