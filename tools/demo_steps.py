"""Common parts of the demos with and without an engine: the example, the steps, and the table at the end."""

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
    """Print the title of a step, and how long it took."""
    say(f"\n== {title}")
    started = time.monotonic()
    yield
    say(f"-- {time.monotonic() - started:.1f} s")


def progress(line: str) -> None:
    """Print a line of Airflow's log if it reports the start of a task or an error."""
    if started := re.search(r"\[DAG TEST\] starting task_id=(\S+)", line):
        say(f"task {started[1]}")
    elif "error" in line[:60] or "Traceback" in line:
        say(f"  {line}")


def finished(code: int, tasks: Sequence[Task], text: str) -> list[Task]:
    """Store the log of a run, and return its tasks.

    Args:
        code: the exit code of the run.
        tasks: the outcomes of its tasks.
        text: its log.

    Raises:
        Unavailable: there are no tasks, or not all have succeeded.
    """
    log = folder() / "demo.log"
    log.write_text(text)
    failed = [task.name for task in tasks if task.state != "success"]
    if code or failed or not tasks:
        say("\n".join(text.splitlines()[-40:]))
        raise Unavailable(f"the DAG failed ({', '.join(failed) or f'code {code}'}): all of its log is in {log}")
    return list(tasks)


def report(work: Callable[[], tuple[list[Task], str]]) -> int:
    """Run a demo, print its result, and return the exit code.

    Args:
        work: the function that runs the demo. It returns the outcomes of its tasks and a hint what to do next, which
            may be empty.
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
    """Return the tasks as a table, with a row for each line of a task's result."""
    rows = [COLUMNS]
    for task in tasks:
        value = task.value
        first, *more = str(value["result"]).splitlines()
        rows.append((task.name, value["python"], value["interpreter"], first))
        rows += [("", "", "", line) for line in more]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
