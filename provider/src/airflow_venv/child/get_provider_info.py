"""What an Airflow inside the environment is told about this distribution, if it is installed there too.

Such an Airflow finds the distribution's entry point, which names this module; and in here it is this folder that is
`airflow_venv`. Nothing is offered: tasks are made where DAGs are parsed.
"""


def get_provider_info():
    """Give the least that Airflow's schema asks for."""
    name = "airflow-provider-venv"
    return {"package-name": name, "name": "Virtual Environments", "description": "Offers nothing in an environment."}
