"""Describe this distribution to an Airflow in the environment, if the distribution is installed there as well.

The distribution's entry point names this module, and in the child this folder is the package `airflow_venv`. The
provider offers nothing there, because tasks are defined where DAGs are parsed.
"""


def get_provider_info():
    """Return the fields that Airflow's schema of provider information requires."""
    name = "airflow-provider-venv"
    return {"package-name": name, "name": "Virtual Environments", "description": "Offers nothing in an environment."}
