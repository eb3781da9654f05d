"""Provide Airflow's services to a function in an environment without Airflow, as the module `airflow_venv`.

In the worker, the same names can be imported from `airflow_venv` and are Airflow's own. The names and their list are
loaded on first use, because most functions use none of them.
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
