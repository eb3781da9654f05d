"""The module ``airflow_venv`` as the function sees it inside an environment: Airflow's services, without Airflow.

The same names can be imported from ``airflow_venv`` in the worker, where they are Airflow's own. Nothing is imported
until it is asked for.
"""

_HOME = {
    "AirflowFailException": "errors",
    "AirflowNotFoundException": "errors",
    "AirflowSkipException": "errors",
    "get_connection": "services",
    "get_current_context": "services",
    "get_variable": "services",
    "set_variable": "services",
    "xcom_pull": "services",
    "xcom_push": "services",
}

__all__ = (*_HOME, "log")  # noqa: PLE0604 - they are strings


def __getattr__(name):
    if name in _HOME:
        module = __import__(__name__ + "." + _HOME[name], fromlist=[name])
        value = getattr(module, name)
    elif name == "log":
        import logging

        value = logging.getLogger("airflow.task")
    else:
        hint = "inside an environment it offers " + ", ".join(__all__)
        raise AttributeError("module 'airflow_venv' has no attribute '" + name + "'; " + hint)
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
