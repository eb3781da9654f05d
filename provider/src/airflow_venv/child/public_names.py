"""The names that a function may import from `airflow_venv`, in the worker and in an environment alike.

This is the one list of them. The worker's module and the one of the child are both made from it; standard library only.
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
"""Name to the module of this folder that defines it for a function in an environment."""
