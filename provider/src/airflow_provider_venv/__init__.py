"""The name that Airflow 3.3 derives from this distribution's to look for example DAGs; there are none."""
