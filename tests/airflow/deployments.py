"""Airflow as in production: a scheduler, an executor and its workers, on a PostgreSQL database."""

import contextlib
import functools
import json
import shutil
import signal
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.airflow import components
from tests.airflow.installations import Release, provider
from tests.support import database_server, postgres
from tests.support.services import free_port, redis
from tests.support.waiting import wait_for

__all__ = ["EXECUTORS", "Deployment", "deploy"]

HERE = Path(__file__).parent
DATABASE = "airflow"
EXECUTORS = {
    "local": "LocalExecutor",
    "celery": "CeleryExecutor",
    "edge": "airflow.providers.edge3.executors.EdgeExecutor",
    "pod": "pod_executor.PodExecutor",
}
"""The value of `[core] executor` for each kind; `pod` uses containers as the KubernetesExecutor uses pods."""
TRIGGER = """
import sys
from airflow.cli import cli_parser
for dag_id in sys.argv[1:]:
    for words in (["dags", "unpause", dag_id], ["dags", "trigger", dag_id, {date!r}, "2024-01-02T00:00:00+00:00"]):
        arguments = cli_parser.get_parser().parse_args(words)
        arguments.func(arguments)
"""
"""Triggers any number of DAGs in one start of Airflow."""
SET_STATE = """
import sys
from airflow.api.common.mark_tasks import set_state
from airflow.models import DagBag, DagRun
dag = DagBag(read_dags_from_db=True).get_dag(sys.argv[1])
(run,) = DagRun.find(dag_id=dag.dag_id)
set_state(tasks=dag.tasks, run_id=run.run_id, state=sys.argv[2], commit=True)
"""
"""Sets a task's state as the web interface of Airflow 2 does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A running Airflow deployment."""

    release: Release
    kind: str
    """A key of `EXECUTORS`."""
    home: Path
    database: int
    """The port of its PostgreSQL server."""
    api: int
    """The port of its API server."""
    variables: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    """Keyed by the command that started each process: `scheduler`, `celery worker` and so on."""

    @property
    def worker(self) -> subprocess.Popen[bytes]:
        """The process that runs tasks or starts the processes that do."""
        names = {"celery": "celery worker", "edge": "edge worker"}
        return self.processes[names.get(self.kind, "scheduler")]

    def shut_down_warmly(self) -> None:
        """Ask the worker to stop once its tasks have ended, and wait for it to exit."""
        # An edge worker that receives SIGTERM ends its tasks.
        self.worker.send_signal(signal.SIGINT if self.kind == "edge" else signal.SIGTERM)
        self.worker.wait(120)

    def query(self, statement: str) -> list[list[object]]:
        """Run a query and return its rows, with values converted through JSON."""
        rows = postgres.query(self.database, DATABASE, f"select row_to_json(row) from ({statement}) as row")
        return [list(json.loads(text).values()) for (text,) in rows]

    def states(self, dag_id: str) -> dict[str, str]:
        """Return the state of every task instance of a DAG, by task id and map index."""
        rows = self.query(f"select task_id, map_index, state from task_instance where dag_id = '{dag_id}'")
        return {str(task if index < 0 else f"{task}[{index}]"): state for task, index, state in rows}

    def tries(self, dag_id: str) -> dict[str, int]:
        """Return the number of the last try of each task of a DAG."""
        rows = self.query(f"select task_id, max(try_number) from task_instance where dag_id = '{dag_id}' group by 1")
        return dict(rows)

    def xcoms(self, dag_id: str, key: str = "return_value") -> dict[str, object]:
        """Return what the tasks of a DAG have pushed, by task id, in the form in which Airflow stores it."""
        column = "convert_from(value, 'UTF8')" if self.release.number < (3,) else "value"
        rows = self.query(f"select task_id, {column} as value from xcom where dag_id = '{dag_id}' and key = '{key}'")
        values = {task: json.loads(value) if self.release.number < (3,) else value for task, value in rows}
        return {
            task: json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
            for task, value in values.items()
        }

    def log(self, dag_id: str, task_id: str) -> str:
        """Return the log of all tries of a task."""
        paths = sorted((self.home / "logs").glob(f"dag_id={dag_id}/*/task_id={task_id}/**/attempt=*.log"))
        return "\n".join(path.read_text(errors="replace") for path in paths)

    def notes(self) -> dict[str, object]:
        """Return what tasks and callbacks have recorded in the file that `RESULTS` names, by name."""
        path = self.home / "results" / "results.jsonl"
        return dict(json.loads(line) for line in path.read_text().splitlines()) if path.exists() else {}

    def mark(self, name: str) -> Path:
        """Return the path of the file that a task writes when it reaches a certain point."""
        return self.home / "results" / f"results.jsonl.{name}"

    def call(self, method: str, path: str, body: object) -> None:
        """Send a request to the API, as the web interface of Airflow 3 does."""
        address = f"http://127.0.0.1:{self.api}"
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(f"{address}/auth/token", timeout=30) as answer:
            headers["Authorization"] = f"Bearer {json.load(answer)['access_token']}"
        request = urllib.request.Request(f"{address}/api/v2/{path}", json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request, timeout=60):
            pass

    def fail(self, dag_id: str, task_id: str) -> None:
        """Mark a task failed, as a user does."""
        if self.release.number < (3,):
            self.run("python", "-c", SET_STATE, dag_id, "failed")
            return
        run_id = urllib.parse.quote(self.run_id(dag_id))
        self.call("PATCH", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}", {"new_state": "failed"})

    def clear(self, dag_id: str, task_id: str) -> None:
        """Clear a task, as a user does."""
        if self.release.number < (3,):
            self.run("airflow", "tasks", "clear", "--yes", dag_id)
            return
        body = {"dry_run": False, "dag_run_id": self.run_id(dag_id), "task_ids": [task_id], "only_failed": False}
        self.call("POST", f"dags/{dag_id}/clearTaskInstances", body)

    def run_id(self, dag_id: str) -> str:
        """Return the id of the only run of a DAG."""
        ((run_id,),) = self.query(f"select run_id from dag_run where dag_id = '{dag_id}'")
        return str(run_id)

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of the installation and wait for it to end."""
        done = subprocess.run(
            [self.release.bin / program, *arguments],
            env=self.variables,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{program} {arguments} ended with {done.returncode}\n{done.stdout[-8000:]}"

    def trigger(self, *dag_ids: str) -> None:
        """Start a run of each DAG once the scheduler has stored it."""
        known = functools.partial(self.query, "select dag_id from serialized_dag")
        self.wait(lambda: set(dag_ids) <= {row[0] for row in known()}, 180)
        date = "--logical-date" if self.release.number >= (3,) else "--exec-date"
        self.run("python", "-c", TRIGGER.format(date=date), *dag_ids)

    def ended(self, *dag_ids: str) -> bool:
        """Tell whether the runs of these DAGs have ended."""
        rows = self.query("select dag_id, state from dag_run")
        return set(dag_ids) <= {dag_id for dag_id, state in rows if state in {"success", "failed"}}

    def wait[Value](self, condition: Callable[[], Value], seconds: float) -> Value:
        """Wait until a condition holds; if it does not, fail with the logs of the processes."""
        return wait_for(condition, seconds, every=1, describe=self.describe)

    def describe(self) -> str:
        """Return the last part of each process's log, and the states of tasks that have not succeeded."""
        rows = self.query("select dag_id, task_id, state from task_instance where state is distinct from 'success'")
        logs = [f"== {path.name}\n{path.read_text()[-3000:]}" for path in sorted(self.home.glob("*.log"))]
        return "\n".join([str(rows), *logs])

    def start(self, command: str, *arguments: str, **variables: str) -> None:
        """Start a component of Airflow by its command, with its output in a log file in the home folder."""
        self.processes[command] = components.start(
            self.release,
            [*command.split(), *arguments],
            home=self.home,
            variables={**self.variables, **variables},
            log=self.home / f"{command.replace(' ', '-')}.log",
        )

    def stop(self) -> None:
        """Stop all processes, including those of running tasks."""
        components.stop(*reversed(self.processes.values()), seconds=15)


@contextlib.contextmanager
def deploy(
    release: Release,
    kind: str,
    home: Path,
    dags: list[str],
    variables: Callable[[int], dict[str, str]],
) -> Iterator[Deployment]:
    """Run Airflow with an executor.

    Args:
        release: the installation.
        kind: a key of `EXECUTORS`.
        home: an empty folder.
        dags: the names of files in `tests/airflow/dags`.
        variables: returns additional environment variables of the processes, given the port of the API server.

    Raises:
        Unavailable: this machine lacks something that it needs.
    """
    release.install()
    for name in ("dags", "logs", "results"):
        (home / name).mkdir()
    for name in dags:
        shutil.copy(HERE / "dags" / name, home / "dags" / name)
    (home / "dags" / ".airflowignore").write_text("newer.py\n")
    api = free_port()
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(postgres.postgres(DATABASE))
        settings = {
            "PATH": f"{release.bin}:/usr/bin:/bin",
            "HOME": str(home),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(api),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": "a secret for the length of one run of the tests",
            "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{api}/execution/",
            "AIRFLOW__CORE__EXECUTOR": EXECUTORS[kind],
            "AIRFLOW__CORE__FERNET_KEY": "",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "20",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": (
                f"postgresql+psycopg2://{database_server.USER}:{database_server.PASSWORD}@127.0.0.1:{database}/{DATABASE}"
            ),
            "AIRFLOW__SCHEDULER__LOCAL_TASK_JOB_HEARTBEAT_SEC": "5",
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
            "PYTHONPATH": f"{provider()}:{HERE / 'executors'}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "RESULTS": str(home / "results" / "results.jsonl"),
            **variables(api),
        }
        if kind == "celery":
            settings["AIRFLOW__CELERY__BROKER_URL"] = stack.enter_context(redis())
            settings["AIRFLOW__CELERY__RESULT_BACKEND"] = f"db+{settings['AIRFLOW__DATABASE__SQL_ALCHEMY_CONN']}"
        if kind == "edge":
            settings["AIRFLOW__EDGE__API_ENABLED"] = "True"
            settings["AIRFLOW__EDGE__API_URL"] = f"http://127.0.0.1:{api}/edge_worker/v1/rpcapi"
        deployment = Deployment(release=release, kind=kind, home=home, database=database, api=api, variables=settings)
        deployment.run("airflow", "db", "migrate")
        try:
            deployment.start("scheduler")
            if release.number >= (3,):
                deployment.start("api-server")
                deployment.start("dag-processor")
            if kind == "celery":
                deployment.start("celery worker", "--concurrency", "20", "--skip-serve-logs")
            if kind == "edge":
                deployment.wait(lambda: _answers(f"http://127.0.0.1:{api}/api/v2/version"), 120)
                deployment.start("edge worker", "--concurrency", "20")
            yield deployment
        finally:
            deployment.stop()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False
