"""Compare the page of environments in a large installation with Airflow's own list of DAGs on the same server."""

import statistics
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.harness import Row, in_turn, seconds
from tests.airflow.api_server import serving
from tests.airflow.conftest import Airflow
from tests.airflow.environments_site import prepare_many
from tests.support import database_server, postgres

RELEASE = "3.3.2"
STARTS = 3
PAIRS = 15
LIST = "/api/v2/dags?limit=50"
PAGES = {
    "list of environments": "/venv/",
    "one environment": "/venv/environment?name=env_07",
    "DAGs": "/venv/dags",
    "where is pandas below 2": "/venv/packages?q=pandas%3C2",
}
SIZE = "50 environments of 301 packages, 1,000 DAGs of 5 tasks, PostgreSQL"


def rows() -> Iterator[Row]:
    """Measure the first page after the server's start, then each page alternately with Airflow's list."""
    against = f"50 DAGs by Airflow {RELEASE}'s own API"
    with postgres.postgres("airflow") as port, tempfile.TemporaryDirectory() as home:
        database = f"postgresql+psycopg2://{database_server.USER}:{database_server.PASSWORD}@127.0.0.1:{port}/airflow"
        airflow = prepare_many(RELEASE, Path(home), database)
        starts = [_measure(airflow) for _ in range(STARTS)]
    first = [pair for pair, _ in starts]
    times = starts[-1][1]
    ours, theirs = (statistics.median(column) * 1000 for column in zip(*first, strict=True))
    yield Row(
        what=f"the first list of environments after a start ({SIZE})",
        ours=ours,
        theirs=theirs,
        against=f"the first {against}",
        unit="ms",
        aim="under 300 ms",
    )
    for name, (ours, theirs) in times.items():
        yield Row(
            what=f"{name}, again",
            ours=ours * 1000,
            theirs=theirs * 1000,
            against=against,
            unit="ms",
            aim="under 100 ms",
        )


def _measure(airflow: Airflow) -> tuple[tuple[float, float], dict[str, tuple[float, float]]]:
    """Start the server and measure it.

    Returns:
        The seconds of the first answers, of this page and of Airflow's list, and the medians of both for each page.
    """
    with serving(airflow) as server:
        client = server.client("admin")

        def theirs() -> None:
            client.get(LIST, accept="application/json")

        airflow_first = seconds(theirs)
        ours_first = seconds(partial(client.get, "/venv/"))
        pages = {name: in_turn(partial(client.get, path), theirs, PAIRS) for name, path in PAGES.items()}
        return (ours_first, airflow_first), pages
