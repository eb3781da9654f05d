"""Links to our own pages and to those of Airflow."""

from types import SimpleNamespace

import pytest

from airflow_venv.ui.links import Links

LINKS = Links(page="/team/venv", airflow="/team")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (LINKS.environments, "/team/venv/"),
        (LINKS.environment('a&b="/../<i>'), "/team/venv/environment?name=a%26b%3D%22%2F..%2F%3Ci%3E"),
        (LINKS.airflow_task("d g", "group.a/b?c"), "/team/dags/d%20g/tasks/group.a%2Fb%3Fc"),
        (LINKS.login("/team/venv/dag?dag_id=a"), "/team/api/v2/auth/login?next=%2Fteam%2Fvenv%2Fdag%3Fdag_id%3Da"),
        (LINKS.search("/x", q="", page=2, sort="name"), "/x?page=2&sort=name"),
        (LINKS.search("/x", q=""), "/x"),
        (Links(page="/venv", airflow="").home, "/"),
    ],
)
def test_every_address_has_the_path_that_airflow_is_under_and_quotes_what_is_in_it(address, expected):
    assert address == expected


def test_a_run_of_a_mapped_task_has_its_index():
    run = SimpleNamespace(dag_id="d", task_id="t", run_id="manual__2026-01-01T00:00:00+00:00", map_index=-1)
    plain = "/team/dags/d/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00/tasks/t"
    assert LINKS.airflow_run(run) == plain
    run.map_index = 3
    assert LINKS.airflow_run(run) == f"{plain}/mapped/3"
