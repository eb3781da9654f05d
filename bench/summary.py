"""The table in the README: the few rows that most people ask for, from the results that were kept.

`python -m bench.summary` writes it anew; `make bench` does so after each part.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["README", "lines", "write"]

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
BLOCK = re.compile(r"(?<=<!-- bench -->\n).*?(?=<!-- /bench -->)", re.DOTALL)

CHOSEN = (
    ("environments", "4 environments, cold, classic", "build an image with four environments"),
    ("environments", "the first of 4 edited, classic", "build it again after an edit of one requirements file"),
    ("environments", "4 environments, cold, before", "the same build, storing the image left aside (containerd store)"),
    ("environments", "the first of 4 edited, before", "that, after the edit"),
    ("environments", "image with 4 environments", "size of that image"),
    ("tasks", "a trivial task, an environment without Airflow", "a trivial task"),
    ("tasks", "a trivial task, an environment with Airflow", "the same, with Airflow in the environment"),
    ("warm", "a task that imports pandas", "a task that imports pandas, with `warm=True`"),
    ("cached", "cached build", "a build of which everything is cached"),
)
"""Part, the beginning of the row's name, what the README calls it. Of several rows the first counts."""

Kept = Mapping[str, Mapping[str, Any]]


def lines(parts: Kept) -> Iterator[str]:
    """Return the table, from what `results.json` holds."""
    yield "| | here | against | |"
    yield "|---|---|---|---|"
    for part, beginning, name in CHOSEN:
        row = next((row for row in parts[part]["rows"] if row["what"].startswith(beginning)), None)
        if row is not None:
            theirs = f"{_amount(row['theirs'], row['unit'])}, {row['against']}"
            yield f"| {name} | {_amount(row['ours'], row['unit'])} | {theirs} | {_ratio(row)} |"
    yield ""
    yield f"Measured on {', '.join(parts['environments']['machine'].split(', ')[:2])}: [all results](bench/RESULTS.md)."


def write(parts: Kept) -> None:
    """Put the table in its place."""
    if {part for part, _, _ in CHOSEN} <= set(parts):
        table = "\n".join(lines(parts)) + "\n"
        README.write_text(BLOCK.sub(lambda _: table, README.read_text()))


def _amount(value: float, unit: str) -> str:
    if unit == "ms" and value >= 1000:
        value, unit = value / 1000, "s"
    return f"{value:,.0f} {unit}" if value >= 20 else f"{value:.1f} {unit}"


def _ratio(row: Mapping[str, Any]) -> str:
    """How many times better, or by how much worse: a ratio says nothing of what one waits for."""
    times = row["theirs"] / row["ours"]
    better, worse = ("faster", "more") if row["unit"] in {"s", "ms"} else ("smaller", "larger")
    if times < 1:
        return f"{_amount(row['ours'] - row['theirs'], row['unit'])} {worse}"
    return f"**{times:.0f}x {better}**" if times >= 10 else f"**{times:.1f}x {better}**"


if __name__ == "__main__":
    write(json.loads((HERE / "results.json").read_text()))
