"""Check whether tasks can be forked in environments: whether their imports survive it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_venv.call import FunctionSource
from airflow_venv.environments import lookup
from airflow_venv.environments.dag_scan import scan
from airflow_venv.environments.doctor import Finding
from airflow_venv.source.imports import imported_modules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["COLD", "WARM", "examine_forks"]

WARM, COLD = "warm", "cold"
"""Words for programs: neither is a problem."""
_TIMEOUT = 60
"""Seconds that imports may take, as in a warm process."""
_PROBE = str(Path(__file__).parent / "child/fork_probe.py")


def examine_forks(folder: str | None) -> Iterator[Finding]:
    """Import in each environment what the functions of a folder's DAG files import, and say what cannot be forked then.

    Nothing is imported beside what a warm process would import. It takes as long as these imports do.
    """
    known = lookup.environments()
    places: dict[str, dict[str, str]] = {}
    for demand in scan(folder)[0] if folder else ():
        if demand.piece is not None:
            name = lookup.known_name(demand.environment, known) or demand.environment
            for module in imported_modules(FunctionSource(demand.function, (demand.piece,))):
                places.setdefault(name, {}).setdefault(module, f"{demand.file}:{demand.line}")
    for name, python in known.items():
        modules = places.get(name, {})
        survivors = len(modules)
        for module, reason in _refusals(python, modules):
            survivors -= 1
            what = f"importing {module.replace(':', '.')}: " if module else ""
            text = f"{what}{reason}. Tasks that import it run in processes of their own, warm or not."
            yield Finding(name, COLD, text if module else f"Tasks cannot be forked: {reason}.", modules.get(module, ""))
        if survivors or not modules:
            yield Finding(name, WARM, f"Tasks can be forked; imports that were tried: {survivors}.")


def _refusals(python: str, modules: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each module that cannot be imported before a fork, with the reason; none where nothing can be."""
    pending = list(modules)
    while True:
        try:
            done = subprocess.run(
                [python, _PROBE, json.dumps(pending)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT,
                check=True,
            )
            good, reason = json.loads(done.stdout)
        except subprocess.TimeoutExpired:
            good, reason = [], f"it took longer than {_TIMEOUT} s"
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            good, reason = [], f"it ended the process ({error})" if pending else str(error)
        if not reason:
            return
        if len(pending) > 1 and not good:  # which one hangs or ends the process is found by trying each alone
            yield from (refusal for module in pending for refusal in _refusals(python, [module]))
            return
        yield (pending[len(good)] if pending else ""), reason
        pending = pending[len(good) + 1 :]
        if not pending:
            return
