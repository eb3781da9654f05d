"""What the demo on an engine and the one without share: the example, their steps, and the table at the end."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Sequence

from tools.dag_runs import Task
from tools.state import ROOT, Unavailable, folder, say

EXAMPLE = ROOT / "examples/quickstart"
DAG = "quickstart"
COLUMNS = ("task", "Python", "interpreter", "result")


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step, and say how long it took."""
    say(f"\n== {title}")
    started = time.monotonic()
    yield
    say(f"-- {time.monotonic() - started:.1f} s")


def progress(line: str) -> None:
    """Show of Airflow's log when a task begins, what it printed, and what went wrong."""
    if started := re.search(r"\[DAG TEST\] starting task_id=(\S+)", line):
        say(f"task {started[1]}")
    elif "error" in line[:60] or "Traceback" in line:
        say(f"  {line}")


def finished(code: int, tasks: Sequence[Task], text: str) -> list[Task]:
    """Keep the log of a run, and return its tasks.

    Raises:
        Unavailable: not all of them ended well.
    """
    log = folder() / "demo.log"
    log.write_text(text)
    failed = [task.name for task in tasks if task.state != "success"]
    if code or failed or not tasks:
        say("\n".join(text.splitlines()[-40:]))
        raise Unavailable(f"the DAG failed ({', '.join(failed) or f'code {code}'}): all of its log is in {log}")
    return list(tasks)


def report(work: Callable[[], tuple[list[Task], str]]) -> int:
    """Do the work of a demo and print what came of it; returns the exit code.

    Args:
        work: the demo; returns its tasks, and how to go on from there (may be empty).
    """
    try:
        tasks, hint = work()
    except Unavailable as reason:
        print(f"\ndemo: {reason}")
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted")
        return 130
    print(f"\n{table(tasks)}\n")
    print(f"{hint}\n" if hint else "", end="")
    print("demo: ok")
    return 0


def table(tasks: list[Task]) -> str:
    """Return the tasks as a table: one line each, and more where a result has more."""
    rows = [COLUMNS]
    for task in tasks:
        value = task.value
        first, *more = str(value["result"]).splitlines()
        rows.append((task.name, value["python"], value["interpreter"], first))
        rows += [("", "", "", line) for line in more]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
