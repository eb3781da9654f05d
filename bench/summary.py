"""Write the table of the most important results in the README.

`python -m bench.summary` writes the table from the stored results. `make bench` writes it after each part.
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
"""Part, start of the row's description, and description in the README. If several rows match, the first one is used."""

Kept = Mapping[str, Mapping[str, Any]]


def lines(parts: Kept) -> Iterator[str]:
    """Yield the lines of the table, from the content of `results.json`."""
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
    """Write the table to the README, if all parts that it needs have been measured."""
    if {part for part, _, _ in CHOSEN} <= set(parts):
        table = "\n".join(lines(parts)) + "\n"
        README.write_text(BLOCK.sub(lambda _: table, README.read_text()))


def _amount(value: float, unit: str) -> str:
    if unit == "ms" and value >= 1000:
        value, unit = value / 1000, "s"
    return f"{value:,.0f} {unit}" if value >= 20 else f"{value:.1f} {unit}"


def _ratio(row: Mapping[str, Any]) -> str:
    """Return how many times better this project is, or by how much it is worse, as a difference."""
    times = row["theirs"] / row["ours"]
    better, worse = ("faster", "more") if row["unit"] in {"s", "ms"} else ("smaller", "larger")
    if times < 1:
        return f"{_amount(row['ours'] - row['theirs'], row['unit'])} {worse}"
    return f"**{times:.0f}x {better}**" if times >= 10 else f"**{times:.1f}x {better}**"


if __name__ == "__main__":
    write(json.loads((HERE / "results.json").read_text()))
