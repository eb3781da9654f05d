"""The environments page under the FAB auth manager, with users who may see some DAGs or nothing."""

import re

import pytest

from tests.airflow.api_server import PASSWORD, serving
from tests.airflow.environments_site import Site, prepare
from tests.airflow.installations import WITH_FAB

pytestmark = [pytest.mark.airflow, pytest.mark.slow]  # starts Airflow's command line a dozen times
MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
ROLES = {
    "DAGs": {"can_read": ("Website", "DAG:shop", "Task Instances", "DAG Runs")},
    "WithoutTasks": {"can_read": ("Website", "DAG:shop")},
}
USERS = {"admin": "Admin", "limited": "DAGs", "curious": "WithoutTasks", "nobody": "Public"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Serve the page with users of four roles; `limited` may see one of the DAGs."""
    airflow, locked = prepare("3.3.2", tmp_path_factory.mktemp("site"), installation=WITH_FAB)
    airflow.variables["AIRFLOW__CORE__AUTH_MANAGER"] = MANAGER
    airflow.run("airflow", "db", "migrate")
    airflow.run("airflow", "sync-perm", "--include-dags")
    airflow.run("airflow", "roles", "create", *ROLES)
    for role, rights in ROLES.items():
        for action, resources in rights.items():
            airflow.run("airflow", "roles", "add-perms", role, "-a", action, "-r", *resources)
    for name, role in USERS.items():
        words = ["-u", name, "-r", role, "-p", PASSWORD, "-e", f"{name}@example.com", "-f", name, "-l", name]
        airflow.run("airflow", "users", "create", *words)
    with serving(airflow) as server:
        yield Site(server, airflow, locked)


def test_an_administrator_sees_all_dags(site):
    text = site.text("/venv/dags")
    assert "broken_shop" in text
    assert "py38 read here" in site.text("/venv/")


def test_a_user_of_one_dag_sees_only_its_tasks(site):
    """This holds for each list; environments that only other DAGs use are not shown."""
    text = site.text("/venv/dags", "limited")
    assert "1 DAG " in text
    assert "broken_shop" not in text
    text = site.text("/venv/", "limited")
    assert "py38 read here" in text
    assert "2 tasks in 1 DAG" in text
    assert "nowhere" not in text
    assert "gone broken" in text
    assert "gone broken version not known not known not known no task" in text
    client = site.server.client("limited")
    assert client.get("/venv/environment?name=nowhere").status == 404
    assert client.get("/venv/dag?dag_id=broken_shop").status == 404
    assert client.get("/venv/dag?dag_id=shop").status == 200


def test_of_a_dag_that_a_user_may_not_see_there_is_no_trace_on_any_route(site):
    """Its name, its tasks and the environments that only it uses appear in no HTML, JSON or error."""
    environments = ("py38", "py313", "locked", "gone", "elsewhere", "airflow", "pickles")
    paths = [
        "/venv/", "/venv/?sort=-tasks", "/venv/dags", "/venv/dag?dag_id=shop", "/venv/packages?q=a", "/venv/sizes.json",
        "/venv/lock?name=locked", "/venv/lock?name=gone", "/venv/anything", "/venv/dags?page=x", "/venv/dags?q=broken",
        "/venv/static/page.js", *(f"/venv/environment?name={name}" for name in environments),
    ]  # fmt: skip
    seen = ""
    for user in ("limited", "curious"):
        for path in paths:
            for accept in ("text/html", "application/json"):
                answer = site.server.client(user).get(path, accept=accept)
                text = answer.text + str(answer.headers)
                assert not re.search("broken_shop|no_interpreter|nowhere|\\blost\\b", text), (user, path, text)
                seen += text
    assert "shop" in seen
    unseen, unknown = (
        site.server.client("limited").get(f"/venv/dag?dag_id={name}") for name in ("broken_shop", "unknown_shop")
    )
    assert (unseen.status, unseen.text.replace("broken", "unknown")) == (unknown.status, unknown.text)


def test_runs_are_shown_to_those_who_may_see_task_instances(site):
    """Airflow itself requires the same permission."""
    assert "/runs/manual__" in site.server.client("limited").get("/venv/environment?name=py38").text
    text = site.server.client("curious").get("/venv/environment?name=py38").text
    assert "/runs/manual__" not in text
    assert "py38" in text


@pytest.mark.parametrize("path", ["/venv/", "/venv/dags", "/venv/lock?name=locked", "/venv/sizes.json"])
def test_a_user_without_rights_is_refused(site, path):
    answer = site.server.client("nobody").get(path)
    assert answer.status == 403
    assert "py38" not in answer.text
