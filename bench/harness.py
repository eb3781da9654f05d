"""Take measurements and write the tables of results.

A row compares this project with an existing alternative for the same task. Both are measured alternately in the same
run. Each module of this folder with a function `rows()` is a part of the benchmark, which `python -m bench NAME` runs.
"""

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import summary

__all__ = ["RESULTS", "Row", "in_turn", "seconds", "table", "write"]

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
KEPT = HERE / "results.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison. In every unit, smaller values are better."""

    what: str
    """Description of what is measured."""

    ours: float
    """Value of this project."""

    theirs: float
    """Value of the alternative; 0 if there is none."""

    against: str
    """Description of the alternative."""

    unit: str
    """Unit of both values: `s`, `ms` or `MB`."""

    aim: str
    """Target in words, such as `at least 2.5x faster`."""

    def __str__(self) -> str:
        """Return the row as a line of text."""
        ours = f"{self.what}: {_rounded(self.ours)} {self.unit}"
        if not self.theirs:
            return f"{ours} ({self.against})"
        return f"{ours} against {_rounded(self.theirs)} {self.unit} ({self.against}), {self.ratio}"

    @property
    def ratio(self) -> str:
        """Ratio of the two values in words, such as `2.50x faster`; `-` if one of them is 0."""
        if not self.ours or not self.theirs:
            return "-"
        times = self.theirs / self.ours
        word = (
            ("faster" if self.unit in {"s", "ms"} else "smaller")
            if times >= 1
            else ("slower" if self.unit in {"s", "ms"} else "larger")
        )
        return f"{max(times, 1 / times):.2f}x {word}"


def seconds(work: Callable[[], object]) -> float:
    """Return the wall-clock time of a call in seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(ours: Callable[[], object], theirs: Callable[[], object], pairs: int) -> tuple[float, float]:
    """Call two functions alternately, and return the median time of each in seconds.

    Args:
        ours: the function of this project.
        theirs: the function that it is compared with.
        pairs: how often both are called.
    """
    times = [(seconds(ours), seconds(theirs)) for _ in range(pairs)]
    return statistics.median(a for a, _ in times), statistics.median(b for _, b in times)


def _rounded(value: float) -> str:
    """Format a number with three significant digits and without an exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def machine() -> str:
    """Describe the machine and its load, since a high load favours the side that starts fewer processes."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = f"load {os.getloadavg()[2]:.1f} in the quarter of an hour before its end"
    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}; {load}"


def write(part: str, rows: Sequence[Row]) -> None:
    """Store the rows of a part in `results.json`, and write `RESULTS.md` and the README's table from all stored parts.

    Args:
        part: the name of the part.
        rows: its rows, which replace those of an earlier run.
    """
    parts = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    parts[part] = {"machine": machine(), "commit": _commit(), "rows": [asdict(row) for row in rows]}
    KEPT.write_text(json.dumps(parts, indent=1, sort_keys=True) + "\n")
    RESULTS.write_text("\n".join(_page(parts)) + "\n")
    summary.write(parts)


def table(rows: Sequence[Row]) -> str:
    """Return rows as a table in Markdown."""
    lines = ["| what | ours | against | | aim |", "|---|---|---|---|---|"]
    for row in rows:
        theirs = f"{_rounded(row.theirs)} {row.unit}, {row.against}" if row.theirs else row.against
        lines.append(f"| {row.what} | {_rounded(row.ours)} {row.unit} | {theirs} | **{row.ratio}** | {row.aim} |")
    return "\n".join(lines)


def _page(parts: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield "# Results"
    yield ""
    yield "Made by `make bench`; the two sides of a row were measured in turn, in one run on one machine."
    for part, run in sorted(parts.items()):
        yield f"\n## {part}\n"
        yield table([Row(**row) for row in run["rows"]])
        yield f"\n{run['machine']}; commit {run['commit']}"


def _commit() -> str:
    command = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
