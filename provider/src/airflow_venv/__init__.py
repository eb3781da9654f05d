"""Run Airflow tasks in Python environments of their own: ``@task.venv("name")``."""
