"""Time a trivial task in VenvOperator and in ExternalPythonOperator alternately, and print the medians in milliseconds.

`python timing.py <pairs> <tasks> [--no-airflow]` runs in an installation of Airflow. Each measurement is the total time
of `<tasks>` runs. With `--no-airflow`, ExternalPythonOperator gets `expect_airflow=False`. `ASTRO_PYENV_bench` is the
path of the environment's interpreter.
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
    """The part of a task instance that the operators access even for a trivial task."""

    bundle_instance = None


def trivial() -> int:
    """Return a constant."""
    return 1


def once(operator: Any, tasks: int) -> float:
    """Return the total time of a number of consecutive runs in milliseconds."""
    start = time.perf_counter()
    results = [operator.execute(Context({"ti": NoTask()})) for _ in range(tasks)]
    took = 1000 * (time.perf_counter() - start)
    if results != [1] * tasks:
        sys.exit(f"{operator} returned {results!r}")
    return took


def supervise(end: socket.socket) -> None:
    """Act as Airflow 3's supervisor for a child's first request, which asks for a file for the child's log."""
    import msgspec  # noqa: PLC0415 - only Airflow 3 has it, and only its children send requests

    with open(os.devnull, "wb") as log:  # noqa: PTH123
        while header := end.recv(4):
            size, payload = int.from_bytes(header, "big"), b""
            while len(payload) < size:
                payload += end.recv(size - len(payload))
            answer = msgspec.msgpack.encode([msgspec.msgpack.decode(payload)[0], {"type": "SentFDs", "fds": [0]}])
            socket.send_fds(end, [len(answer).to_bytes(4, "big") + answer], [log.fileno()])


def main(pairs: int, tasks: int, **options: bool) -> None:
    """Run both operators alternately and print the medians. A first pair, which imports modules, is not counted.

    Args:
        pairs: the number of measurements of each operator.
        tasks: the number of runs in each measurement.
        options: further arguments of ExternalPythonOperator.
    """
    logging.disable(logging.CRITICAL)
    ends = socket.socketpair()  # Airflow 3 in a child uses standard input as the supervisor's socket
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
