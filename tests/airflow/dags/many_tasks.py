"""As many DAGs as a large installation has: two of each DAG's five tasks run in an environment."""

import os

from airflow.sdk import dag, task

DAGS = int(os.environ.get("MANY_DAGS", "1000"))
ENVIRONMENTS = 50


def define(number):
    @dag(dag_id=f"team_{number:04d}", schedule=None, tags=[f"team-{number % 20}"])
    def one():
        @task
        def extract():
            return 1

        @task
        def check(x):
            return x

        @task.venv(f"env_{number % ENVIRONMENTS:02d}")
        def model(x):
            return x

        @task.venv(f"env_{(number + 1) % ENVIRONMENTS:02d}" if number % 10 else "{{ params.environment }}")
        def score(x):
            return x

        @task
        def publish(x):
            return x

        publish(score(model(check(extract()))))

    return one()


for number in range(DAGS):
    globals()[f"team_{number}"] = define(number)
