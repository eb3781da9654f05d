"""Whether a process that has imported modules can be forked: what `airflow-venv doctor --warm` runs in an environment.

`python fork_probe.py <names>` imports the names of a JSON list in turn, until one is refused, and prints a JSON list of
what it has imported and the reason of the refusal.
"""

import json
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))


def main():
    """Import, and tell."""
    out = os.dup(1)  # what modules print is no answer
    os.dup2(2, 1)
    if sys.path[:1] != [FOLDER]:  # PYTHONSAFEPATH
        sys.path.insert(0, FOLDER)
    import runner

    del sys.path[0]
    runner.install_package()
    from airflow_venv import fork_safety, forked_task, zygote  # noqa: F401 - what a warm process has imported

    good, reason = [], ""
    for name in json.loads(sys.argv[1]):
        reason = zygote.load(name) or fork_safety.problem()
        if reason:
            break
        good.append(name)
    os.write(out, json.dumps([good, reason]).encode())
    os._exit(0)  # threads of modules might hinder an end in good order


if __name__ == "__main__":
    main()
