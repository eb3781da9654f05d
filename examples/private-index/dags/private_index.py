"""A task that uses a package of a private index."""

from airflow.sdk import dag

from airflow_venv import task


@dag(schedule=None, catchup=False)
def private_index():
    @task.venv("inhouse")
    def use():
        import inhouse_tools

        return inhouse_tools.NAME

    use()


private_index()
