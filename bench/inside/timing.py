"""Time a trivial task through our operator and through the stock one, in turn; print the medians in milliseconds.

Runs in an installation of Airflow: `python timing.py <pairs> <tasks> [--no-airflow]`, each time being that of so many
runs. With `--no-airflow` the stock operator is told to expect no Airflow in the environment.
`ASTRO_PYENV_bench` names the environment.
"""

import json
import logging
import os
import socket
import statistics
import sys
import threading
import time
from typing import Any

from airflow_venv.operators import VenvOperator

try:
    from airflow.sdk import DAG

    Context = dict
except ImportError:  # before Airflow 3
    from airflow import DAG
    from airflow.utils.context import Context  # type: ignore[no-redef]

try:
    from airflow.providers.standard.operators.python import ExternalPythonOperator
except ImportError:  # before Airflow 3
    from airflow.operators.python import ExternalPythonOperator


class NoTask:
    """As much of a task instance as the operators ask for when nothing of it is used."""

    bundle_instance = None


def trivial() -> int:
    """Do next to nothing."""
    return 1


def once(operator: Any, tasks: int) -> float:
    """Return how many milliseconds so many runs take, one after the other."""
    start = time.perf_counter()
    results = [operator.execute(Context({"ti": NoTask()})) for _ in range(tasks)]
    took = 1000 * (time.perf_counter() - start)
    if results != [1] * tasks:
        sys.exit(f"{operator} returned {results!r}")
    return took


def supervise(end: socket.socket) -> None:
    """Be as much of Airflow 3's supervisor as a child asks for when it starts: hand it a file for its log."""
    import msgspec  # noqa: PLC0415 - Airflow 3 has it, Airflow 2 never comes here

    with open(os.devnull, "wb") as log:  # noqa: PTH123
        while header := end.recv(4):
            size, payload = int.from_bytes(header, "big"), b""
            while len(payload) < size:
                payload += end.recv(size - len(payload))
            answer = msgspec.msgpack.encode([msgspec.msgpack.decode(payload)[0], {"type": "SentFDs", "fds": [0]}])
            socket.send_fds(end, [len(answer).to_bytes(4, "big") + answer], [log.fileno()])


def main(pairs: int, tasks: int, **options: bool) -> None:
    """Run both in turn; a first pair, in which modules are loaded, is not counted."""
    logging.disable(logging.CRITICAL)
    ends = socket.socketpair()  # Airflow 3 in a child takes its standard input for the supervisor's socket
    os.dup2(ends[0].fileno(), 0)
    threading.Thread(target=supervise, args=(ends[1],), daemon=True).start()
    python = os.environ["ASTRO_PYENV_bench"]  # noqa: SIM112 - the name is the environment's
    dag = DAG("bench", schedule=None)
    ours = VenvOperator(task_id="ours", dag=dag, venv="bench", python_callable=trivial)
    stock = ExternalPythonOperator(task_id="stock", dag=dag, python=python, python_callable=trivial, **options)
    once(ours, 1), once(stock, 1)
    times = [(once(ours, tasks), once(stock, tasks)) for _ in range(pairs)]
    print("@" + json.dumps([statistics.median(column) for column in zip(*times)]))  # noqa: B905 - Python 3.9


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), **({"expect_airflow": False} if "--no-airflow" in sys.argv else {}))
