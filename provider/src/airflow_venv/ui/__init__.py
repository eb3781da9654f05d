"""A page in Airflow that shows the environments and the tasks that use them."""

URL_PREFIX = "/venv"
"""Path of the page, relative to that of Airflow."""
