"""A thousand DAGs, as in a large installation. Two of the five tasks of each DAG run in an environment.

Another DAG has a thousand tasks in one environment, and another has many tasks that each use their own environment.
"""

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


@dag(schedule=None)
def wide():
    for number in range(1000):

        @task.venv("env_00", task_id=f"part_{number:03d}")
        def part():
            return 1

        part()


@dag(schedule=None)
def everywhere():
    for number in range(500):

        @task.venv(f"env_{number:02d}", task_id=f"in_{number:03d}")
        def inside():
            return 1

        inside()


wide()
everywhere()
for number in range(DAGS):
    globals()[f"team_{number}"] = define(number)
