"""Test which modules a process can import before it forks; `airflow-venv doctor --warm` runs this in an environment.

`python fork_probe.py <names>` imports the names of a JSON list in turn, until one of them prevents a fork. It prints a
JSON list of two items: the names before that one, and the reason (an empty text if all names can be imported).
"""

import json
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))


def main():
    """Import the modules and print the result."""
    out = os.dup(1)  # the answer goes here; modules print to standard error
    os.dup2(2, 1)
    if sys.path[:1] != [FOLDER]:  # PYTHONSAFEPATH
        sys.path.insert(0, FOLDER)
    import runner

    del sys.path[0]
    runner.install_package()
    from airflow_venv import fork_safety, fork_server, forked_task, preload  # noqa: F401 - what a warm process imports

    good, reason = [], ""
    for name in json.loads(sys.argv[1]):
        reason = preload.load(name) or fork_safety.problem()
        if reason:
            break
        good.append(name)
    os.write(out, json.dumps([good, reason]).encode())
    os._exit(0)  # threads of modules could block a regular exit


if __name__ == "__main__":
    main()
