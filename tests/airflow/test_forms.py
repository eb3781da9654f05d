"""Every form of the decorator, run by every Airflow release in environments with Python 3.8 and 3.13."""

import pytest

pytestmark = pytest.mark.airflow
OLD, NEW = [3, 8], [3, 13]


def test_all_forms_run_where_they_should_and_give_what_they_should(airflow):
    """One DAG run covers all forms; their states and results are compared."""
    airflow.dag("forms.py")
    airflow.dag("newer.py")
    (airflow.home / "dags" / ".airflowignore").write_text("newer.py\n")
    printed = airflow.run("airflow", "dags", "test", "forms", "2024-01-02", check=False)
    states = airflow.states("forms")
    failed = {name: state for name, state in states.items() if state not in {"success", "skipped"}}
    assert states, printed[-15000:]
    no_retries = airflow.release.number < (2, 5)  # before 2.5, `dags test` runs each task only once
    if no_retries:
        assert failed.pop("overridden") == "failed"
    assert not failed, f"{failed}\n{printed[-15000:]}"
    assert {name for name, state in states.items() if state == "skipped"} - {"skipped_by_condition"} == {
        "cut_off",
        "not_taken",
        "skips",
        "skips_by_code",
    }
    results = airflow.results()
    assert results.pop("positional") == [OLD, [1, 2, "\n# not a comment\ntext at column 0 )\n"]]
    assert results.pop("options") == [OLD, [["one", "two"], {"day": "2024-01-02"}, "forms"]]
    assert results.pop("classic")[0] == OLD
    conditions = {"run_if": [OLD, True]} if airflow.release.number >= (2, 10) else {}
    setups = {"setup": [OLD, True], "teardown": [OLD, True]} if airflow.release.number >= (2, 7) else {}
    assert results == {
        "keyword": [NEW, {"a": 1}],
        "typed": [OLD, 1],
        "awaited": [OLD, "LR"],
        "mapped1": [OLD, 11],
        "mapped2": [OLD, 12],
        "mapped3": [OLD, 13],
        "reduce": [NEW, ["list", 36]],
        "from_file": [NEW, 4],
        "taken": [OLD, True],
        "waits": [OLD, True],
        **({} if no_retries else {"again": [OLD, True]}),
        "after_skips": [OLD, True],
        "group": [OLD, True],
        **conditions,
        **setups,
    }
    if airflow.release.number >= (2, 10):
        assert states["skipped_by_condition"] == "skipped"
