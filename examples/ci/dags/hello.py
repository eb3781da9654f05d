"""The smallest DAG with an environment in it."""

from airflow.sdk import dag

from airflow_venv import task


@dag(schedule=None, catchup=False)
def hello():
    @task.venv("new")
    def say():
        import idna

        return idna.encode("münchen.example").decode()

    say()


hello()
