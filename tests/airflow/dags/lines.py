"""Tasks for environments with each release line of Airflow: its own API, skipping and failing, and masked secrets."""

import datetime
import os

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

from airflow_venv import venv

LINES = [line for line in ("none", "af24", "af27", "af211", "af30", "af33") if f"ASTRO_PYENV_{line}" in os.environ]


def ask_bare(word):
    """Use the services in an environment without Airflow."""
    from airflow_venv import get_connection, get_current_context, get_variable, mask_secret, set_variable

    mask_secret(word)
    print("the word is", word)
    set_variable("set_by_none", "v")
    connection = get_connection("my_db")
    ti = get_current_context()["ti"]
    ti.xcom_push(key="pushed", value=[1, "é"])
    return {
        "airflow": None,
        "uri": connection.get_uri(),
        "hook": {"user": connection.login, "password": connection.password, **connection.extra_dejson},
        "variables": [get_variable("plain"), get_variable("json", deserialize_json=True), get_variable("no", 4)],
        "set": get_variable("set_by_none"),
        "task": ti.task_id,
    }


def ask(word, name):
    """Use the services as DAGs and hooks for Airflow 2 do; Airflow 3 still supports these names."""
    from airflow import __version__
    from airflow.hooks.base import BaseHook
    from airflow.models import Variable

    try:
        from airflow.sdk import get_current_context
    except ImportError:
        from airflow.operators.python import get_current_context
    try:
        from airflow.sdk.log import mask_secret
    except ImportError:
        from airflow.utils.log.secrets_masker import mask_secret

    class StandInHook(BaseHook):
        """A minimal provider hook that reads its connection."""

        def __init__(self, conn_id):
            super().__init__()
            self.conn_id = conn_id

        def conn_params(self):
            connection = self.get_connection(self.conn_id)
            return {"user": connection.login, "password": connection.password, **connection.extra_dejson}

    mask_secret(word)
    print("the word is", word)
    Variable.set(f"set_by_{name}", "v")
    ti = get_current_context()["ti"]
    ti.xcom_push(key="pushed", value=[1, "é"])
    return {
        "airflow": __version__,
        "uri": BaseHook.get_connection("my_db").get_uri(),
        "hook": StandInHook("my_db").conn_params(),
        "variables": [Variable.get("plain"), Variable.get("json", deserialize_json=True), Variable.get("no", 4)],
        "set": Variable.get(f"set_by_{name}"),
        "task": ti.task_id,
    }


def skip_bare():
    from airflow_venv import AirflowSkipException

    raise AirflowSkipException("not today")


def skip():
    from airflow.exceptions import AirflowSkipException

    raise AirflowSkipException("not today")


def fail_bare():
    from airflow_venv import AirflowFailException

    raise AirflowFailException("never again")


def fail():
    from airflow.exceptions import AirflowFailException

    raise AirflowFailException("never again")


with DAG("lines", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False, max_active_tasks=3):
    for line in LINES:
        word = f"hush-{line}-hush"
        if line == "none":
            venv(line)(ask_bare).override(task_id="ask_none")(word)
        else:
            venv(line)(ask).override(task_id=f"ask_{line}")(word, line)
        venv(line)(skip_bare if line == "none" else skip).override(task_id=f"skip_{line}")()
        venv(line)(fail_bare if line == "none" else fail).override(
            task_id=f"fail_{line}", retries=2, retry_delay=datetime.timedelta(seconds=0)
        )()
