"""Lets processes that `multiprocessing` starts anew (spawn, forkserver) find what the function's module defines.

Such a process imports its parent's main module again, by name or file. Ours has neither: running the DAG file would
need Airflow. So the data that the parent sends first gets an entry that runs this file when it is unpickled, and the
file loads the function's source.
"""

import os
import runpy
import sys

HERE = os.path.abspath(__file__)


class MainModule:
    """Restores this process's main module wherever it is unpickled, by nothing but the standard library."""

    def __init__(self, header, path):
        self.task = {"header": header, "path": path}

    def __reduce__(self):
        return runpy.run_path, (HERE, {"task": self.task})


def install(spawn):
    """Complete the data that `multiprocessing.spawn` prepares a new process with."""
    from . import session

    original = spawn.get_preparation_data

    def get_preparation_data(name):
        data = original(name)
        header = dict(session.start.header(), arguments=None, context={})
        data["airflow_venv"] = MainModule(header, list(sys.path))
        return data

    spawn.get_preparation_data = get_preparation_data


def restore(header, path):
    """Load the function's source as the main module of this process."""
    import multiprocessing.spawn

    runner = runpy.run_path(os.path.join(os.path.dirname(HERE), "runner.py"))
    runner["install_package"]()
    sys.path[:] = path
    from airflow_venv import session
    from airflow_venv.frames import read_frame
    from airflow_venv.import_hooks import ImportHooks
    from airflow_venv.operator_channel import OperatorChannel

    session.start = start = read_frame(header)
    session.channel = OperatorChannel(-1)
    session.channel.disown()
    hooks = ImportHooks()
    sys.meta_path.insert(0, hooks)
    runner["install_hooks"](hooks, start)
    multiprocessing.spawn.old_main_modules.append(sys.modules["__main__"])
    sys.modules["__main__"] = main = runner["FunctionModule"]("__main__")
    if start.module:
        sys.modules[start.module] = main
    runner["load"](start, main)


if "task" in globals():  # run as the entry says, not imported
    restore(**globals()["task"])
