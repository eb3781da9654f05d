"""Find what is wrong with environments before a task does."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_venv.environments import facts as environment
from airflow_venv.environments import lookup
from airflow_venv.environments.conflicts import conflicts
from airflow_venv.environments.dag_scan import scan
from airflow_venv.environments.package_metadata import read_metadata
from airflow_venv.errors import BrokenEnvironmentError, UnknownEnvironmentError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_venv.environments.dag_scan import Demand
    from airflow_venv.piece import Piece

__all__ = ["Finding", "examine", "examine_dags"]

_TIMEOUT = 60
"""Seconds that an interpreter is given to answer."""
_STANDARD = ("ssl", "sqlite3", "ctypes", "zlib", "bz2", "lzma")
"""Modules of the standard library that are missing where an interpreter was copied without its libraries."""
_GIVEN = {"airflow_venv"}
"""Modules that come with the task."""
_PROBE = """
import importlib.util, json, sys
standard, modules, sources = json.load(sys.stdin)
broken = {}
for name in standard:
    try:
        __import__(name)
    except Exception as error:
        broken[name] = str(error)
missing = [name for name in modules if name not in sys.modules and importlib.util.find_spec(name) is None]
unreadable = []
for place, (filename, text) in enumerate(sources):
    try:
        compile(text, filename, "exec", dont_inherit=True)
    except SyntaxError as error:
        unreadable.append([place, error.lineno or 0, error.msg, (error.text or "").strip()])
version = list(sys.version_info[:3])
print("\\n" + json.dumps({"version": version, "broken": broken, "missing": missing, "unreadable": unreadable}))
"""
"""What an interpreter runs to answer; any Python 3.7 and later."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    environment: str
    problem: str
    """A short word for programs: `broken`, `start`, `module`, `unreadable`, `conflict`, `unknown`, `lacks`, `syntax` or
    `file`."""
    message: str
    """A sentence for people."""
    place: str = ""
    """`file:line` of the DAG that is concerned."""


def examine(name: str, python: str) -> list[Finding]:
    """Check that an environment's interpreter starts, has its libraries, and that its packages fit together."""
    try:
        lookup.check_python(python, f"{lookup.PREFIX}{name}")
    except BrokenEnvironmentError as error:
        return [Finding(name, "broken", str(error))]
    try:
        answer = _ask(python)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return [Finding(name, "start", f"{python} does not start: {_last_words(error)}")]
    facts = environment.read(python)
    findings = [
        Finding(name, "module", f"The standard library's {module} cannot be imported: {reason}")
        for module, reason in answer["broken"].items()
    ]
    if facts.version and list(facts.version[:2]) != answer["version"][:2]:
        running = ".".join(map(str, answer["version"]))
        findings.append(Finding(name, "start", f"It was made with Python {facts.version_text} but runs {running} now."))
    metadata = read_metadata(facts.site_packages)
    findings += [Finding(name, "unreadable", text) for text in (*facts.unreadable, *metadata.unreadable)]
    return [*findings, *(Finding(name, "conflict", text) for text in conflicts(facts, metadata))]


def examine_dags(folder: str) -> list[Finding]:
    """Check what the DAG files of a folder ask of environments: that they exist, and can run the files' functions.

    Raises:
        UsageError: there is no such folder, or no Python file in it.
    """
    if not Path(folder).exists():
        raise UsageError(f"There is no file or folder {folder}.")
    if Path(folder).is_dir() and next(Path(folder).rglob("*.py"), None) is None:
        raise UsageError(f"There is no Python file in {folder}.")
    demands, unreadable = scan(folder)
    findings = [Finding("", "file", f"no Python: {bad.message}", f"{bad.file}:{bad.line}") for bad in unreadable]
    by_environment: dict[str, list[Demand]] = {}
    for demand in demands:
        by_environment.setdefault(demand.environment, []).append(demand)
    for name, asking in by_environment.items():
        try:
            findings += _examine_demands(lookup.find(name), asking)
        except UnknownEnvironmentError as error:  # noqa: PERF203 - one look-up an environment
            findings += [Finding(name, "unknown", str(error), f"{demand.file}:{demand.line}") for demand in asking]
    return findings


def _examine_demands(python: str, demands: list[Demand]) -> Iterator[Finding]:
    """Ask an environment's interpreter whether it can import and read what functions need."""
    modules = sorted({module for demand in demands for module in demand.modules} - _GIVEN)
    pieces = [demand.piece for demand in demands if demand.piece is not None]
    try:
        answer = _ask(python, modules, pieces)
    except (OSError, subprocess.SubprocessError, ValueError):
        return  # it does not start, which is a finding of its own
    for demand in demands:
        for module in sorted(set(demand.modules) & set(answer["missing"])):
            text = f"{demand.function} imports {module}, which {demand.environment} does not have."
            yield Finding(demand.environment, "lacks", text, f"{demand.file}:{demand.line}")
    version = ".".join(map(str, answer["version"]))
    users = [demand for demand in demands if demand.piece is not None]
    for place, line, reason, text in answer["unreadable"]:
        name = users[place].environment
        message = f"{name} runs Python {version}, which cannot read this: {reason}: {text}"
        yield Finding(name, "syntax", message, f"{pieces[place].filename}:{line}")


def _ask(python: str, modules: Iterable[str] = (), pieces: Iterable[Piece] = ()) -> dict[str, Any]:
    """Start an interpreter once and have it answer."""
    question = [_STANDARD, list(modules), [[piece.filename, piece.compilable()] for piece in pieces]]
    done = subprocess.run(
        [python, "-c", _PROBE],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=True,
        errors="replace",
    )
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def _last_words(error: Exception) -> str:
    """Return the end of what a process printed, or the error itself."""
    printed = str(getattr(error, "stderr", None) or "").strip()
    return printed.splitlines()[-1] if printed else str(error)
