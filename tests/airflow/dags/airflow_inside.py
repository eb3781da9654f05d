"""Functions that import Airflow, for environments with various versions of Airflow and one without it."""

import datetime

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

from airflow_venv import venv


def ask():
    """Use the services as provider hooks do."""
    from airflow import __version__
    from airflow.exceptions import AirflowNotFoundException
    from airflow.hooks.base import BaseHook
    from airflow.models import Connection, Variable

    class StandInHook(BaseHook):
        """A minimal provider hook that reads its connection."""

        def __init__(self, conn_id):
            super().__init__()
            self.conn_id = conn_id

        def conn_params(self):
            connection = self.get_connection(self.conn_id)
            return {"user": connection.login, "password": connection.password, **connection.extra_dejson}

    connection = BaseHook.get_connection("my_db")
    try:
        BaseHook.get_connection("no_such")
    except AirflowNotFoundException as error:
        missing = str(error)
    Variable.set("set_inside", "v")
    try:
        from airflow.sdk.execution_time.xcom import XCom
    except ImportError:
        from airflow.models import XCom
    from airflow_venv import get_current_context

    ti = get_current_context()["ti"]
    own = {"dag_id": ti.dag_id, "task_id": ti.task_id, "run_id": ti.run_id}
    XCom.set("by_class", [1, "é"], **own)
    try:
        XCom.set("by_class", 1, **{**own, "task_id": "up"})
    except ValueError as error:
        refused = str(error)
    return {
        "version": __version__,
        "kind": type(connection).__module__.split(".")[0] + "." + type(connection).__name__,
        "uri": connection.get_uri(),
        "hook": StandInHook("my_db").conn_params(),
        "variables": [Variable.get("plain"), Variable.get("json", deserialize_json=True), Variable.get("no", default_var=4)],
        "set": Variable.get("set_inside"),
        "missing": missing,
        "model": Connection.get_connection_from_secrets("my_db").host,
        "xcom": [XCom.get_one(key="return_value", **{**own, "task_id": "up"}), XCom.get_one(key="by_class", **own), refused],
    }  # fmt: skip


def ask_sdk():
    """Use the services as DAGs written for Airflow 3 do."""
    from airflow.sdk import Connection, Variable, get_current_context

    try:
        Variable.get("no_such")
    except Exception as error:
        missing = str(error).split(":")[0]
    return [
        Connection.get("my_db").host, Variable.get("plain"), Variable.get("no", default=4), missing,
        get_current_context()["ti"].task_id,
    ]  # fmt: skip


def shim():
    """Use the shim in an environment without Airflow."""
    from airflow.exceptions import AirflowSkipException
    from airflow.hooks.base import BaseHook
    from airflow.sdk import Connection, Variable, get_current_context

    assert BaseHook.get_connection("my_db").host == Connection.get("my_db").host == "dbhost"
    assert Variable.get("plain") == "hello"
    raise AirflowSkipException(get_current_context()["ti"].task_id)


def up():
    """Return a value for the other tasks."""
    return {"rows": 3}


with DAG("airflow_inside", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False) as dag:
    first = venv("py38")(up)()
    for place in ("same", "older", "newer"):
        first >> venv(place)(ask).override(task_id=f"ask_{place}")()
    venv("newer")(ask_sdk)()
    venv("py38", airflow_shim=True)(shim)()

if __name__ == "__main__":
    dag.test()
