"""A task that calls C."""

from airflow.sdk import dag

from airflow_venv import task


@dag(schedule=None, catchup=False)
def compiled():
    @task.venv("fast")
    def compute():
        import speedups

        return speedups.squares(1000)

    compute()


compiled()
