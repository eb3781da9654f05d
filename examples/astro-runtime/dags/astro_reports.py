"""A report on another Python than Airflow's."""

from airflow.decorators import dag, task  # Airflow 2, which this Runtime has


@dag(schedule=None, catchup=False)  # noqa: AIR311
def astro_reports():
    @task.venv("reports")  # noqa: AIR311
    def report():
        import sys

        from tabulate import tabulate

        return tabulate([[sys.version_info[0], sys.version_info[1]]], tablefmt="plain")

    report()


astro_reports()
