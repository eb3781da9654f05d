"""Functions that run in child processes of real interpreters, with a fake Airflow made of dictionaries."""

import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from airflow_venv.call import Call, FileFunction, FunctionSource, Warm
from airflow_venv.child import process_tree
from airflow_venv.child.json_codec import decode, encode
from airflow_venv.environments import facts
from airflow_venv.piece import Piece
from airflow_venv.source.imports import imported_modules
from airflow_venv.worker import supervisor, warm_processes
from tests.support import debian_pythons
from tests.support.waiting import wait_for
from tools import interpreters
from tools.state import Unavailable

__all__ = [
    "VERSIONS",
    "FakeServices",
    "Lines",
    "call",
    "interpreter",
    "kill_cycles",
    "marked",
    "run",
    "variables",
    "worker",
]

VERSIONS = ("3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", *debian_pythons.SUITES)
DAG_FILE = "/dags/of the user.py"
FIRST_LINE = 7
WORKER = """
    import logging, os, signal, sys
    from pathlib import Path
    from airflow_venv.environments import facts
    from airflow_venv.worker import supervisor, warm_processes
    from airflow_venv.call import Call, FunctionSource, Warm
    from airflow_venv.piece import Piece

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored
    warm_processes.folder = lambda: Path({folder!r})
    function = FunctionSource("f", (Piece({source!r}, "dag.py", 1),))
    call = Call(facts.read({python!r}), function, args={args!r}, env=dict(os.environ), warm={warm!r})
    answers = {{"context": lambda *_, **__: {{}}, "variables": lambda _, call: call.env, "redact": str}}
    supervisor.run(call, type("Services", (), answers)(), logging)
    """
"""A worker process that runs one function."""
MANY = 100
"""A limit that is higher than the number of warm processes that the tests start."""
warm_by_default = False
"""Whether functions run warm unless a test says otherwise; the fixture `way` sets it."""


def interpreter(version: str = "3.8") -> str:
    """Return the path of an interpreter; skip the test if the version is not available."""
    home = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    try:
        elsewhere = debian_pythons if version in debian_pythons.SUITES else interpreters
        prefix = next(iter(sorted(home.glob(f"{version}.*"))), None) or elsewhere.find(version)
    except Unavailable as error:
        pytest.skip(str(error))
    return str(prefix / "bin" / f"python{version}")


class FakeServices:
    """The part of Airflow that a child can use."""

    def __init__(self, answers=None, context=None, variables=None):
        self.answers = answers or {}
        self.context_values = context or {}
        self.exported = variables or {}
        self.requests = []
        self.secrets = ()

    def context(self, names, *, everything):
        return {name: encode(value) for name, value in self.context_values.items() if everything or name in names}

    def variables(self, call):
        return {**call.env, **self.exported}

    def redact(self, text):
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    def longest_secret(self):
        return max((len(secret.encode()) for secret in self.secrets), default=0)

    def answer(self, request, arguments):
        self.requests.append((request, decode(arguments)))
        answer = self.answers[request]
        return answer(**decode(arguments)) if callable(answer) else answer


class Lines(logging.Handler):
    """Collects log records as (level, logger, text)."""

    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append((record.levelname, record.name, record.getMessage()))

    @property
    def texts(self):
        return [text for _, _, text in self.records]


def variables(**more):
    """Return the environment of a child: our own variables and additional ones."""
    return {**os.environ, **more}


def call(source, *args, name="f", version="3.8", python=None, path=None, **options):
    """Return a call of the function that `source` defines, as if it were at line 7 of a DAG file."""
    piece = Piece(textwrap.dedent(source).lstrip("\n"), DAG_FILE, FIRST_LINE)
    options.setdefault("env", variables())
    function = FileFunction(str(path), name) if path else FunctionSource(name, (piece,))
    if warm_by_default:
        modules = imported_modules(function) if isinstance(function, FunctionSource) else ()
        options.setdefault("warm", Warm(modules, limit=MANY))
    return Call(environment=facts.read(python or interpreter(version)), function=function, args=args, **options)


def run(source, *args, services=None, lines=None, **options):
    """Run the function and return its outcome; `lines` collects the log."""
    lines = lines or Lines()
    log = logging.getLogger("airflow.task")
    log.addHandler(lines)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        return supervisor.run(call(source, *args, **options), services or FakeServices(), log)
    finally:
        log.removeHandler(lines)


def wait_for_end(process):
    """Wait for the end of a process that has got a signal; send SIGINT to it if that was lost.

    Python ignores a KeyboardInterrupt that is raised in a callback, such as that of a weak reference at an import. A
    busy machine may be slow.
    """
    for _ in range(4):
        try:
            return process.wait(30)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
    return process.wait(30)


def worker(source, *args, version="3.8"):
    """Start a separate worker process that runs a function."""
    text = textwrap.dedent(source).lstrip("\n")
    modules = imported_modules(FunctionSource("f", (Piece(text, DAG_FILE, FIRST_LINE),)))
    chosen = Warm(modules, limit=MANY) if warm_by_default else None
    code = textwrap.dedent(WORKER).format(
        source=text, args=args, python=interpreter(version), folder=str(warm_processes.folder()), warm=chosen
    )
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)


def marked(mark):
    """Return the processes that carry the mark of a task."""
    return process_tree.descendants(-1, mark)


def kill_cycles(source, folder, count, at_once=1):
    """Kill workers at various moments of a function's life; return the processes that their tasks have left.

    Args:
        source: a function that writes its mark to the path that it gets, and then sleeps.
        folder: a folder for these files.
        count: how many workers are killed.
        at_once: how many of them run at the same time.
    """
    marks = []
    for first in range(0, count, at_once):
        cycles = range(first, min(first + at_once, count))
        paths = [folder / f"mark{cycle}" for cycle in cycles]
        workers = [worker(source, str(path), version="3.12") for path in paths]
        for cycle, path, parent in zip(cycles, paths, workers, strict=True):
            if cycle % 4:
                wait_for(path.exists, 30)
            time.sleep(0.02 * (cycle % 7))
            parent.send_signal([signal.SIGKILL, signal.SIGTERM, signal.SIGINT][cycle % 3])
        for parent in workers:
            wait_for_end(parent)
        marks += [path.read_text() for path in paths if path.exists()]
    assert len(marks) > count // 2, "most must have been killed while their function ran"
    wait_for(lambda: not any(map(marked, marks)), 60)
    return [pid for mark in marks for pid in marked(mark)]
