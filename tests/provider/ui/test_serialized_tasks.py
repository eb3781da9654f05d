"""The tasks of a serialized DAG that run in an environment."""

import json

import pytest

from airflow_venv.ui.serialized_tasks import environment_tasks

OURS = ["venv", "python", "op_args", "op_kwargs"]


def dag(*tasks):
    """Return a DAG as Airflow serializes it."""
    return json.dumps({"dag": {"dag_id": "d", "tasks": [{"__var": task, "__type": "operator"} for task in tasks]}})


def operator(**fields):
    return {"task_id": "t", "template_fields": OURS, "task_type": "VenvOperator", **fields}


def only(task):
    (environment_task,) = environment_tasks(dag(task))
    return environment_task


def test_a_task_that_names_an_environment():
    """The path is the one on the DAG processor."""
    task = only(operator(venv="report", python="/opt/venv/report/bin/python", _operator_name="@task.venv"))
    assert (task.dag_id, task.task_id, task.operator) == ("d", "t", "@task.venv")
    assert (task.names, task.python, task.only_runs_tell) == (("report",), "/opt/venv/report/bin/python", False)


@pytest.mark.parametrize("name", ["{{ params.env }}", "{% if x %}a{% endif %}"])
def test_a_template_names_nothing_before_a_run(name):
    task = only(operator(venv=name))
    assert (task.names, task.only_runs_tell) == ((), True)


def test_mapped_tasks_have_their_name_among_the_partial_arguments():
    task = only(operator(_is_mapped=True, partial_kwargs={"venv": "report", "op_kwargs": {"__var": {}}}))
    assert (task.names, task.only_runs_tell) == (("report",), False)


def test_names_that_are_mapped_over_are_all_of_them():
    """Names that come from another task are only known to the runs."""
    several = {"type": "dict-of-lists", "value": {"__var": {"venv": ["a", "b", "a"]}, "__type": "dict"}}
    assert only(operator(_is_mapped=True, partial_kwargs={}, expand_input=several)).names == ("a", "b")
    by_xcom = {"type": "dict-of-lists", "value": {"__var": {"venv": {"__var": {"task_id": "x"}, "__type": "xcomref"}}}}
    task = only(operator(_is_mapped=True, partial_kwargs={}, expand_input=by_xcom))
    assert (task.names, task.only_runs_tell) == ((), True)


def test_airflows_own_operator_names_a_path():
    """If the path is a template, the task is ignored."""
    stock = {"task_id": "t", "template_fields": ["python", "op_args"], "task_type": "ExternalPythonOperator"}
    task = only({**stock, "python": "/opt/venv/report/bin/python"})
    assert (task.names, task.python, task.is_ours) == ((), "/opt/venv/report/bin/python", False)
    assert list(environment_tasks(dag({**stock, "python": "{{ var.value.python }}"}))) == []


def test_other_tasks_are_left_out():
    """This includes tasks with an unrelated argument called `venv` or `python`."""
    other = {"task_id": "t", "template_fields": ["bash_command"], "venv": "x", "python": "y"}
    assert list(environment_tasks(dag(other))) == []
    assert list(environment_tasks(dag({"task_id": "t", "template_fields": []}))) == []
    assert list(environment_tasks("{}")) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not JSON",
        "[]",
        "null",
        '{"dag": null}',
        '{"dag": [1]}',
        '{"dag": {"tasks": null}}',
        '{"dag": {"tasks": {"a": 1}}}',
        '{"dag": {"tasks": [null, 3, [], {"template_fields": 3}, {"__var": null}]}}',
        '{"dag": {"tasks": [{"template_fields": "python", "python": "/bin/python"}]}}',
        "[" * 100_000,
    ],
)
def test_text_that_is_no_serialized_dag_has_no_tasks(text):
    """One such row in Airflow's database must not take the page of all others away."""
    assert list(environment_tasks(text + ' "venv" "python"')) == []
    assert list(environment_tasks(text)) == []


def test_fields_of_other_types_are_not_names():
    """The rest of the task is read."""
    fields = {"venv": 3, "python": "/bin/python", "partial_kwargs": [1], "expand_input": "x", "task_id": None}
    task = only({"template_fields": OURS, **fields})
    assert (task.names, task.python, task.task_id) == ((), "/bin/python", "None")
