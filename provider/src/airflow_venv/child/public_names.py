"""List the names that a function may import from `airflow_venv`, both in the worker and in an environment.

The package `airflow_venv` of the worker and that of the child are both built from this list. Standard library only.
"""

SERVICES = {
    "AirflowFailException": "airflow_exceptions",
    "AirflowNotFoundException": "airflow_exceptions",
    "AirflowSkipException": "airflow_exceptions",
    "PokeReturnValue": "sensors",
    "get_connection": "services",
    "get_current_context": "services",
    "get_variable": "services",
    "log": "task_logger",
    "mask_secret": "services",
    "set_variable": "services",
    "xcom_pull": "services",
    "xcom_push": "services",
}
"""Module of this folder that defines a name for functions in an environment, by name."""
