"""The page in Airflow that shows the environments and who uses them."""

URL_PREFIX = "/venv"
"""The path of the page, below that of Airflow."""
