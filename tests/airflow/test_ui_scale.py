"""The environments page in a large installation on PostgreSQL, and its database queries."""

import json
import re
import time
from html import unescape
from pathlib import Path

import pytest

from tests.airflow.api_server import serving
from tests.airflow.environments_site import prepare_many, readable
from tests.support import database_server, postgres
from tools.state import Unavailable

pytestmark = pytest.mark.airflow
STATEMENT = re.compile(r"INFO sqlalchemy\.engine\.Engine (SELECT.*?)\n[^\n]* INFO sqlalchemy", re.DOTALL)
REFRESH = 20
"""Seconds until the page checks again which DAGs have changed."""


class Watched:
    """A server that logs its SQL statements."""

    def __init__(self, server):
        self.server = server
        self.client = server.client("admin")
        self._log = Path(server.log)

    def get(self, path):
        """Request a page; return its text and the statements that were executed for it."""
        position = self._log.stat().st_size
        answer = self.client.get(path)
        assert answer.status == 200
        with self._log.open("rb") as file:
            file.seek(position)
            text = file.read().decode(errors="replace")
        return answer.text, STATEMENT.findall(text)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Serve the page with 500 environments and 1,002 DAGs."""
    try:
        with postgres.postgres("airflow") as port:
            database = (
                f"postgresql+psycopg2://{database_server.USER}:{database_server.PASSWORD}@127.0.0.1:{port}/airflow"
            )
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
    """There are two in each DAG, none of which has run."""
    text = readable(watched.get("/venv/")[0])
    assert "500 environments" in text
    assert re.search(r"env_00 read here [^_]*? 2,000 [^_]*? 1,041 tasks in 42 DAGs", text)
    assert re.search(r"env_02 read here [^_]*? 301 [^_]*? 41 tasks in 41 DAGs", text)


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/venv/", 3),
        ("/venv/?page=5&sort=-packages", 3),
        ("/venv/dags", 3),
        ("/venv/dag?dag_id=team_0001", 4),
        ("/venv/dag?dag_id=wide&q=99", 4),
        ("/venv/environment?name=env_07", 4),
        ("/venv/environment?name=env_00&page=3&packages_page=7", 4),
        ("/venv/packages?q=pandas%3C2", 1),
        ("/venv/sizes.json", 1),
        ("/venv/static/page.css", 1),
    ],
)
def test_a_page_asks_few_questions_and_reads_no_stored_dag(watched, path, limit):
    """Airflow checks the token and lists DAGs; the page itself only queries what the latest runs have recorded."""
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
    """A page has a hundred rows."""
    text, _ = watched.get("/venv/dags?page=2")
    assert "Page 2 of 11" in readable(text)
    assert text.count("<tr role=") == 101
    assert "1,002 DAGs" in readable(text)


@pytest.mark.parametrize(
    ("path", "pages", "count"),
    [
        ("/venv/", "Page 1 of 5", "500 environments"),
        ("/venv/packages?q=pandas", "Page 1 of 5", "500 packages in 500 environments"),
        ("/venv/dag?dag_id=wide", "Page 1 of 10", "1,000 tasks by environment"),
        ("/venv/environment?name=env_00", "Page 1 of 11", "1,041 tasks in 42 DAGs"),
        ("/venv/environment?name=env_00", "Page 1 of 20", "2,000 packages"),
    ],
)
def test_every_list_has_pages_that_together_show_all_of_it(watched, path, pages, count):
    """Each page is small, and its links lead through the whole list."""
    names, address = set(), path
    things = count.split()[1]
    while address:
        text, _ = watched.get(address)
        assert len(text) < 150_000
        assert count in readable(text)
        if address == path:
            assert pages in readable(text)
        (table,) = re.findall(rf'aria-label="Table of {things}".*?</table>', text, re.DOTALL)
        assert table.count("<tr role=") <= 101
        names |= set(re.findall(r"<tr role=.*?</tr>", table.partition("<tbody")[2], re.DOTALL))
        (links,) = re.findall(rf'<nav class="pages" aria-label="Pages of {things}">.*?</nav>', text, re.DOTALL)
        following = re.search(r'href="([^"]*)">Next<', links)
        address = unescape(following[1]).partition("#")[0] if following else None
    assert len(names) == int(count.split()[0].replace(",", ""))


@pytest.mark.parametrize(
    ("path", "count", "name"),
    [
        ("/venv/?q=ENV_499", "1 environment of 500", "env_499"),
        ("/venv/dag?dag_id=wide&q=part_99", "10 tasks of 1,000 by environment", "part_999"),
        ("/venv/dag?dag_id=everywhere&q=env_499", "1 task of 500 by environment", "in_499"),
        ("/venv/environment?name=env_00&task=part_99", "10 tasks of 1,041", "part_999"),
        ("/venv/environment?name=env_00&task=TEAM_0950", "1 task of 1,041", "team_0950"),
        ("/venv/environment?name=env_00&q=Package_199", "10 packages of 2,000", "package-1998"),
        ("/venv/dags?q=everywhere", "1 DAG of 1,002", "everywhere"),
    ],
)
def test_a_search_finds_what_is_on_any_page(watched, path, count, name):
    text = readable(watched.get(path)[0])
    assert count in text
    assert name in text


def test_a_page_of_one_list_keeps_the_search_and_the_page_of_the_other(watched):
    text, _ = watched.get("/venv/environment?name=env_00&q=package&packages_page=2&task=part&page=3")
    assert (
        'href="/venv/environment?name=env_00&amp;q=package&amp;packages_page=2&amp;task=part&amp;page=4#tasks"' in text
    )
    assert (
        'href="/venv/environment?name=env_00&amp;q=package&amp;packages_page=3&amp;task=part&amp;page=3#packages"'
        in text
    )


def test_a_dag_with_hundreds_of_environments_names_the_first_few(watched):
    """The list of DAGs shows the first few names and the number of the others."""
    assert "env_08 , env_09 and 490 more" in readable(watched.get("/venv/dags?q=everywhere")[0])


def test_a_package_is_found_in_the_environments_that_have_it_in_these_versions(watched):
    """A third of the environments has pandas 0.2, and another third has pandas 1.2."""
    text = readable(watched.get("/venv/packages?q=pandas%3C2")[0])
    assert "334 packages in 334 environments" in text
    assert "pandas 2.2" not in text
