"""Airflow's services, used by the same functions in the worker and in environments without Airflow."""

from __future__ import annotations

import datetime
import functools
import json
import os

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
try:
    from airflow.sdk import Asset
except ImportError:
    from airflow.datasets import Dataset as Asset
from airflow import __version__

from airflow_venv import venv

VERSION = tuple(int(part) for part in __version__.split(".")[:2])
FILE = Asset("s3://bucket/file")
OUTLETS = [] if VERSION == (3, 0) else [FILE]  # in 3.0, `dags test` does not treat any asset as active


def arguments(
    ti=None, params=None, dag_run=None, dag=None, task=None, conn=None, var=None, macros=None, logical_date=None,
    data_interval_start=None, ds=None, ts=None, run_id=None, outlets=None, task_instance_key_str=None, unknown="default",
):  # fmt: skip
    """Describe the context passed as arguments. The result must be the same in the worker and in an environment."""
    ti.xcom_push(key="pushed", value={"by": [1, None, "é"]})
    return {
        "ti": [ti.dag_id, ti.run_id, ti.map_index, ti.try_number],
        "pulled": ti.xcom_pull(task_ids="up"),
        "pulled_by_key": ti.xcom_pull(task_ids="up", key="second"),
        "not_there": ti.xcom_pull(task_ids="up", key="no such key"),
        "default": ti.xcom_pull(task_ids="up", key="no such key", default=7),
        "params": [params["number"], dict(params)],
        "dag_run": [dag_run.run_id, dag_run.dag_id, dag_run.conf or {}],
        "dag": [dag.dag_id, dag.description, sorted(dag.tags)],
        "task": [task.owner, task.retries, task.trigger_rule == "all_success", sorted(task.upstream_task_ids)],
        "conn": [conn.my_db.host, conn.my_db.port, conn.my_db.password, conn.my_db.get_uri(), conn.my_db.extra_dejson],
        "no_conn": conn.get("no_such", default_conn="none"),
        "var": [var["value"].plain, var["json"].json, var["value"].get("no_such", "none")],
        "macros": [macros.ds_add("2024-02-28", 2), macros.ds_format("2024-02-28", "%Y-%m-%d", "%d/%m")],
        "dates": [logical_date.isoformat(), data_interval_start.isoformat(), logical_date.utcoffset() is not None, ds, ts],
        "run_id": run_id,
        "outlets": [one.uri for one in outlets],
        "key": task_instance_key_str.split("__")[0],
        "unknown": unknown,
    }  # fmt: skip


def imports(got):
    """Use the services through the names in `airflow_venv`, in the worker and in an environment."""
    from airflow_venv import (
        AirflowNotFoundException,
        get_connection,
        get_current_context,
        get_variable,
        log,
        set_variable,
        xcom_pull,
        xcom_push,
    )

    log.info("told by %s", "log")
    messages = []
    try:
        get_connection("no_such")
    except AirflowNotFoundException as error:
        messages.append(str(error))
    try:
        get_variable("no_such")
    except KeyError as error:
        messages.append(str(error))
    set_variable("set_by_task", "x1")
    set_variable("set_as_json", {"a": [1]}, serialize_json=True)
    xcom_push("pushed", [1, 2])
    context = get_current_context()
    return {
        "got": got,
        "said": messages,
        "connection": [get_connection("my_db").login, get_connection("my_db").schema],
        "variables": [get_variable("plain"), get_variable("json", deserialize_json=True), get_variable("no_such", 3)],
        "set": [get_variable("set_by_task"), get_variable("set_as_json", deserialize_json=True)],
        "pulled": xcom_pull("up"),
        "context": [context["run_id"], context["ti"].dag_id, context["params"]["number"], "ds" in context, "no" in context],
    }  # fmt: skip


with DAG(
    "services",
    schedule=None,
    start_date=datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
    catchup=False,
    params={"number": 5},
    description="everything",
    tags=["b", "a"],
) as dag:

    @task
    def up(ti=None):
        ti.xcom_push(key="second", value=(1, 2))
        return {"a": [1, 2, 3], "when": "2024"}

    first = up()
    done = []
    for place in ("worker", "py37", "py38", "py313"):
        way = task if place == "worker" else functools.partial(venv, place)
        one = way(outlets=OUTLETS)(arguments).override(task_id=f"arguments_{place}")()
        two = way()(imports).override(task_id=f"imports_{place}")(first)
        first >> one
        done += [one, two]

    @venv("py38")
    def whole(**context):
        assert context["ti"].task_id == "whole"
        for name in ("conf", "exception"):
            if name in context:
                try:
                    context[name].anything
                except AttributeError as error:
                    assert "does not reach an environment" in str(error)
        return sorted(name for name, value in context.items() if value is None)

    @venv("py38", export_connections=["my_db"])
    def exported():
        import os

        return [os.environ["AIRFLOW_CONN_MY_DB"], [key for key in os.environ if key.startswith("AIRFLOW_CONN")]]

    @venv("py38", inlets=OUTLETS, outlets=OUTLETS)
    def events(outlets, outlet_events, inlet_events):
        outlet_events[outlets[0]].extra = {"rows": 3}
        outlet_events["s3://bucket/file"].extra["more"] = 1
        assert [event.extra for event in outlet_events.values()] == [{"rows": 3, "more": 1}]
        assert [asset.uri for asset in inlet_events] == ["s3://bucket/file"]
        assert len(inlet_events[0]) == len(inlet_events["s3://bucket/file"])

    if VERSION >= (3, 3):

        @venv("py38")
        def stores(task_state_store):
            task_state_store.set("place", {"row": 7})
            task_state_store.set("gone", 1)
            task_state_store.delete("gone")
            return [task_state_store.get("place"), task_state_store.get("gone", "no more")]

        @task
        def check_state(state):
            assert state == [{"row": 7}, "no more"], state

        check_state(stores())

    if VERSION < (2, 10) or not OUTLETS:
        del events

    @task(trigger_rule="all_done")
    def collect(ti=None):
        names = [
            f"{kind}_{place}" for kind in ("arguments", "imports") for place in ("worker", "py37", "py38", "py313")
        ]
        pulled = {name: ti.xcom_pull(task_ids=name) for name in [*names, "whole", "exported"]}
        pushed = {name: ti.xcom_pull(task_ids=name, key="pushed") for name in names}
        with open(os.environ["RESULTS"], "a") as file:
            file.write(json.dumps(["found", pulled]) + "\n" + json.dumps(["pushed", pushed]) + "\n")

    [*done, whole(), exported(), *([events()] if VERSION >= (2, 10) and OUTLETS else [])] >> collect()

if __name__ == "__main__":
    dag.test()
