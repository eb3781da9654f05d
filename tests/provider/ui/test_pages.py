"""The content of the pages, made from environments, tasks and runs."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from airflow_venv.environments.disk_size import DiskSize
from airflow_venv.environments.facts import Environment
from airflow_venv.environments.inventory import EnvironmentReport
from airflow_venv.environments.package_query import parse_query
from airflow_venv.ui import pages
from airflow_venv.ui.serialized_tasks import EnvironmentTask


def report(name, version="3.12.1", problem="", **packages):
    python = f"/opt/venv/{name}/bin/python"
    facts = Environment(python, tuple(map(int, version.split("."))), packages, prefix=f"/opt/venv/{name}")
    return EnvironmentReport(name, facts, problem)


def task(task_id, *names, python="", only_runs_tell=False, is_ours=True, dag_id="d"):
    return EnvironmentTask(dag_id, task_id, "@task.venv", names, python, only_runs_tell, is_ours)


def run(task_id, venv, python="", *, succeeded=True, day=1):
    """Return a stand-in for a run from the database, whose module needs Airflow."""
    return SimpleNamespace(
        dag_id="d", task_id=task_id, run_id="r", map_index=-1, venv=venv, python=python, succeeded=succeeded,
        started=datetime(2026, 1, day, tzinfo=UTC), had_environment=bool(python) or succeeded,
    )  # fmt: skip


def rows(reports, tasks, *runs):
    latest_runs = {(one.dag_id, one.task_id): one for one in runs}
    return pages.environment_rows(reports, {}, pages.task_rows(tasks, reports, latest_runs))


def states(*arguments):
    return {row.name: row.state for row in rows(*arguments)}


def test_an_environment_is_here_broken_known_from_tasks_or_missing():
    """An environment that only the DAG processor has is also reported by tasks."""
    tasks = [
        task("a", "good"), task("b", "bad"), task("c", "far"), task("e", "none"),
        task("f", "processor", python="/x/bin/python"),
    ]  # fmt: skip
    far = run("c", "far", "/opt/venv/far/bin/python", succeeded=False)
    assert states([report("good"), report("bad", problem="gone")], tasks, far) == {
        "good": "here", "bad": "broken", "far": "told", "none": "missing", "processor": "told",
    }  # fmt: skip


def test_a_run_without_its_environment_reports_no_path():
    assert states([], [task("a", "none")], run("a", "none", succeeded=False)) == {"none": "missing"}


def test_a_missing_environment_has_the_error_of_its_tasks(monkeypatch):
    monkeypatch.setenv("ASTRO_PYENV_report", "/opt/venv/report/bin/python")
    (row,) = rows([], [task("a", "reprot")])
    assert "Did you mean 'report'?" in row.sentence
    assert "PYENV <python version> reprot [requirements.txt]" in row.sentence


def test_a_name_with_a_dash_is_the_one_with_an_underscore():
    assert states([report("my-env")], [task("a", "my_env")]) == {"my-env": "here"}


def test_a_template_belongs_to_the_environment_that_its_run_reported():
    """Without a run, it belongs to no environment."""
    template = task("a", only_runs_tell=True)
    (row,) = rows([report("good")], [template], run("a", "good"))
    assert [used.task.task_id for used in row.tasks] == ["a"]
    (row,) = rows([report("good")], [template])
    assert row.tasks == ()


def test_the_path_of_an_interpreter_belongs_to_the_environment_that_has_it():
    """With another path, Airflow's own operator is ignored and ours is listed by its path."""
    path = "/opt/venv/good/bin/python"
    assert states([report("good")], [task("a", python=path, is_ours=False)]) == {"good": "here"}
    assert len(rows([report("good")], [task("a", python=path, is_ours=False)])[0].tasks) == 1
    assert states([report("good")], [task("a", python="/usr/bin/python3", is_ours=False)]) == {"good": "here"}
    assert states([], [task("a", python="/usr/bin/python3")]) == {"/usr/bin/python3": "told"}


def test_the_latest_run_with_a_path_locates_an_environment():
    tasks = [task("a", "far"), task("b", "far"), task("c", "far")]
    runs = [run("a", "far", "/old/python", day=1), run("b", "far", "/new/python", day=2), run("c", "far", day=3)]
    (row,) = rows([], tasks, *runs)
    assert row.latest_run.python == "/new/python"
    assert (len(row.tasks), row.dags) == (3, 1)


def test_runs_are_queried_for_a_few_tasks_only():
    """The list needs no runs of tasks whose environment exists here."""
    tasks = [task(f"t{number}", "far") for number in range(50)] + [task("here", "good"), task("x", only_runs_tell=True)]
    chosen = [one.task_id for one in pages.needs_runs(tasks, [report("good")])]
    assert chosen == ["t0", "t1", "t2", "x"]


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("name", ["a", "B", "c"]),
        ("-name", ["c", "B", "a"]),
        ("python", ["c", "a", "B"]),
        ("packages", ["B", "c", "a"]),
        ("-size", ["B", "a", "c"]),
        ("anything", ["a", "B", "c"]),
        ("tasks", ["a", "B", "c"]),
        ("end-of-life", ["a", "c", "B"]),
    ],
)
def test_the_list_is_sorted_by_what_the_user_chose(by, order):
    """Versions are sorted by number, and names without regard to case."""
    reports = [report("B", "3.10.2"), report("a", "3.9.10", x="1", y="1"), report("c", "3.9.2", x="1")]
    listed = pages.environment_rows(reports, {"B": DiskSize(3), "a": DiskSize(2), "c": None}, [])
    assert [row.name for row in pages.sort_rows(listed, by)] == order


def test_packages_are_found_across_environments():
    reports = [report("b", pandas="1.5"), report("a", pandas="2.1"), report("c", pandas="1.0")]
    matches = pages.find_packages(reports, parse_query("pandas<2"))
    assert [(row.environment, row.version) for row in matches] == [("b", "1.5"), ("c", "1.0")]


def test_a_long_list_is_searched_as_a_whole_and_shown_in_pages():
    """A page number that is too large gives the last page, and an empty list has one page."""
    rows = [f"Row {number}" for number in range(250)]
    part = pages.cut(rows, 3)
    assert (part.rows, part.page, part.last, part.matching, part.total) == (rows[200:], 3, 3, 250, 250)
    assert pages.cut(rows, 99) == part
    part = pages.cut(rows, 1, " roW 249 ", lambda row: ("nothing", row))
    assert (list(part.rows), part.last, part.matching, part.total) == (["Row 249"], 1, 1, 250)
    part = pages.cut(rows, 2, "none", lambda row: (row,))
    assert (list(part.rows), part.page, part.last, part.matching) == ([], 1, 1, 0)
