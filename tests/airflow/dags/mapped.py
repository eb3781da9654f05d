"""Mapped tasks that import pandas, with the stock operator, cold and warm. The benchmark runs some of them."""

import datetime
import os

from airflow.sdk import DAG, task

TASKS = {
    "stock": task.external_python(python=os.environ.get("ASTRO_PYENV_report", "/absent")),
    "cold": task.venv("report", warm=False),
    "warm": task.venv("report", warm=True),
}


def count(number):
    import pandas as pd

    return len(pd.DataFrame({"a": range(number)}))


for kind, decorate in TASKS.items():
    with DAG(f"mapped_{kind}", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):
        decorate(count).expand(number=list(range(50)))
