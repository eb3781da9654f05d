"""Run the named parts of the benchmark, or all of them: `python -m bench [NAME ...]`."""

import importlib
import sys

from bench import harness


def main(names: list[str]) -> None:
    """Run the parts in order, and print each row as soon as it is measured.

    Args:
        names: the names of the parts; all if empty.
    """
    known = sorted(
        path.stem
        for path in harness.HERE.glob("*.py")
        if path.stem not in {"__init__", "__main__", "harness", "summary"}
    )
    unknown = set(names) - set(known)
    if unknown:
        sys.exit(f"bench: no part named {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    for name in names or known:
        print(f"== {name}", flush=True)
        rows = []
        for row in importlib.import_module(f"bench.{name}").rows():
            print(row, flush=True)
            rows.append(row)
        harness.write(name, rows)


main(sys.argv[1:])
