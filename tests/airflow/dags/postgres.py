"""The example of `docs/how-to/connections.md`: use a database through its own clients, without Airflow."""

import datetime

try:
    from airflow.sdk import dag, task
except ImportError:
    from airflow.decorators import dag, task


@dag("postgres", schedule=None, start_date=datetime.datetime(2024, 1, 1))
def postgres():
    """Fill a table with psycopg2, and read it with SQLAlchemy."""

    @task.venv("pg")
    def fill(conn=None):
        import contextlib

        import psycopg2

        with contextlib.closing(psycopg2.connect(conn.pg.get_uri())) as database, database, database.cursor() as cursor:
            cursor.execute("create table orders (city text, amount int)")
            cursor.executemany("insert into orders values (%s, %s)", [("Oslo", 3), ("Lima", 5), ("Oslo", 4)])
            return cursor.rowcount

    @task.venv("pg")
    def report(filled):
        import sys

        import sqlalchemy
        from airflow_venv import get_connection

        uri = get_connection("pg").get_uri().replace("postgres://", "postgresql://", 1)
        engine = sqlalchemy.create_engine(uri)
        with engine.connect() as database:
            query = sqlalchemy.text("select city, sum(amount) from orders group by city order by city")
            totals = {city: int(total) for city, total in database.execute(query)}
        return [filled, totals, "airflow" in sys.modules]

    report(fill())


postgres()
