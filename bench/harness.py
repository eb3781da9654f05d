"""Rows, medians and the table.

A row compares ours with something real that does the same, measured in turn in the same run. A module of this folder
with a function `rows()` is a part of the benchmark; its name is what `python -m bench NAME` takes.
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
    """One comparison. Smaller is better, for every unit."""

    what: str
    ours: float
    theirs: float
    """The same, done by `against`."""

    against: str
    unit: str
    """`s`, `ms`, `MB`."""

    aim: str
    """What we want to reach, in words: `at least 2.5x faster`."""

    def __str__(self) -> str:
        """Return the row for a person who watches."""
        ours = f"{self.what}: {_rounded(self.ours)} {self.unit}"
        if not self.theirs:
            return f"{ours} ({self.against})"
        return f"{ours} against {_rounded(self.theirs)} {self.unit} ({self.against}), {self.ratio}"

    @property
    def ratio(self) -> str:
        """How the two compare, in words."""
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
    """How long something takes on the clock on the wall."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(ours: Callable[[], object], theirs: Callable[[], object], pairs: int) -> tuple[float, float]:
    """Do two things in turn, and return the median of the seconds that each took."""
    times = [(seconds(ours), seconds(theirs)) for _ in range(pairs)]
    return statistics.median(a for a, _ in times), statistics.median(b for _, b in times)


def _rounded(value: float) -> str:
    """Three digits, and no powers of ten."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def machine() -> str:
    """Describe the machine and how busy it was: a busy one favours whoever starts fewer processes."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = f"load {os.getloadavg()[2]:.1f} in the quarter of an hour before its end"
    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}; {load}"


def write(part: str, rows: Sequence[Row]) -> None:
    """Keep a part's rows, and make `RESULTS.md` anew of all that were ever kept."""
    parts = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    parts[part] = {"machine": machine(), "commit": _commit(), "rows": [asdict(row) for row in rows]}
    KEPT.write_text(json.dumps(parts, indent=1, sort_keys=True) + "\n")
    RESULTS.write_text("\n".join(_page(parts)) + "\n")
    summary.write(parts)


def table(rows: Sequence[Row]) -> str:
    """Rows as a table in Markdown."""
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
