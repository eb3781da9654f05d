"""The page of environments in a large installation, on PostgreSQL: what it asks the database for."""

import json
import re
import time
from pathlib import Path

import pytest

from tests.airflow.api_server import serving
from tests.airflow.environments_site import prepare_many, readable
from tests.support import postgres
from tools.state import Unavailable

pytestmark = pytest.mark.airflow
STATEMENT = re.compile(r"INFO sqlalchemy\.engine\.Engine (SELECT.*?)\n[^\n]* INFO sqlalchemy", re.DOTALL)
REFRESH = 20
"""Seconds until the page looks for changed DAGs again."""


class Watched:
    """A server that logs its statements."""

    def __init__(self, server):
        self.server = server
        self.client = server.client("admin")
        self._log = Path(server.log)

    def get(self, path):
        """Ask for a page; return its text and the statements that were sent for it."""
        position = self._log.stat().st_size
        answer = self.client.get(path)
        assert answer.status == 200
        with self._log.open("rb") as file:
            file.seek(position)
            text = file.read().decode(errors="replace")
        return answer.text, STATEMENT.findall(text)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Serve the page with 50 environments of 301 packages and 1,000 DAGs of 5 tasks."""
    try:
        with postgres.postgres("airflow") as port:
            database = f"postgresql+psycopg2://{postgres.USER}:{postgres.PASSWORD}@127.0.0.1:{port}/airflow"
            airflow = prepare_many("3.3.2", tmp_path_factory.mktemp("site"), database)
            echo = {"AIRFLOW__DATABASE__SQL_ALCHEMY_ENGINE_ARGS": json.dumps({"echo": True})}
            with serving(airflow, **echo) as server:
                watched = Watched(server)
                watched.get("/venv/")
                yield watched
    except Unavailable as reason:
        pytest.skip(f"no PostgreSQL: {reason}")


def of_dags(statements):
    """Return the statements about stored DAGs."""
    return [statement for statement in statements if "serialized_dag" in statement]


def test_the_list_counts_all_tasks(watched):
    """Two in each DAG; of those that only a run tells, none has run."""
    text = readable(watched.get("/venv/")[0])
    assert "50 environments" in text
    assert re.search(r"env_00 read here .*? 301 .*? 20 tasks in 20 DAGs", text)
    assert re.search(r"env_02 read here .*? 301 .*? 40 tasks in 40 DAGs", text)


@pytest.mark.parametrize(
    ("path", "limit"),
    [("/venv/", 3), ("/venv/dags", 3), ("/venv/environment?name=env_07", 4), ("/venv/dag?dag_id=team_0001", 4),
     ("/venv/packages?q=pandas%3C2", 1), ("/venv/sizes.json", 1), ("/venv/static/page.css", 1)],
)  # fmt: skip
def test_a_page_asks_few_questions_and_reads_no_stored_dag(watched, path, limit):
    """Airflow itself asks whether the token is revoked, and which DAGs there are; we ask what the latest runs told."""
    watched.get("/venv/")
    _, statements = watched.get(path)
    assert len(statements) <= limit, statements
    assert of_dags(statements) == []
    assert statements, "nothing was logged"


def test_after_a_while_one_question_finds_out_which_dags_have_changed(watched):
    """The stored DAGs themselves are not read again."""
    time.sleep(REFRESH + 1)
    _, statements = watched.get("/venv/")
    (question,) = of_dags(statements)
    assert "serialized_dag.data" not in question
    assert "dag_hash" in question


def test_long_lists_come_in_pages(watched):
    """A hundred rows each."""
    text, _ = watched.get("/venv/dags?page=2")
    assert "Page 2 of 10" in readable(text)
    assert text.count("<tr role=") == 101
    assert "1,000 DAGs" in readable(text)


def test_a_package_is_found_in_the_environments_that_have_it_in_these_versions(watched):
    """Every third of fifty has pandas 0.2 or 1.2."""
    text = readable(watched.get("/venv/packages?q=pandas%3C2")[0])
    assert "34 packages in 34 environments" in text
    assert "pandas 2.2" not in text
