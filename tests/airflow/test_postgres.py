"""A task without Airflow uses a real PostgreSQL through its own clients, with a connection from Airflow."""

import pytest

from tests.airflow.installations import environment
from tests.support import database_server, postgres
from tools.state import Unavailable

pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def server():
    """Provide the port of a server that only this test uses."""
    try:
        started = postgres.postgres("orders")
        port = started.__enter__()
    except Unavailable as reason:
        pytest.skip(f"no PostgreSQL: {reason}")
    yield port
    started.__exit__(None, None, None)


def test_clients_connect_with_the_address_that_airflow_keeps(airflow, server):
    """psycopg2 and SQLAlchemy write and read; the password comes from Airflow's own database."""
    airflow.dag("postgres.py")
    pg = environment("3.12", "psycopg2-binary==2.9.10", "sqlalchemy==2.0.36")
    uri = f"postgresql://{database_server.USER}:{database_server.PASSWORD}@127.0.0.1:{server}/orders?application_name=orders"
    airflow.run("airflow", "connections", "add", "pg", "--conn-uri", uri)
    postgres.query(server, "orders", "drop table if exists orders")
    printed = airflow.run("airflow", "dags", "test", "postgres", "2024-01-02", check=False, ASTRO_PYENV_pg=pg)
    assert airflow.states("postgres") == {"fill": "success", "report": "success"}, printed[-15000:]
    assert airflow.xcoms("postgres")["report"] == [3, {"Lima": 5, "Oslo": 7}, False]
    assert postgres.query(server, "orders", "select count(*) from orders") == [["3"]]
