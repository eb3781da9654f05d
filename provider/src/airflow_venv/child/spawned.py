"""Restore the function's module in processes that `multiprocessing` starts with spawn or forkserver.

Such a process imports its parent's main module again, by name or by file. The function's module has neither, because
running the DAG file would require Airflow. Therefore the preparation data that the parent sends to the new process gets
another entry. Unpickling this entry runs this file, which loads the function's source.
"""

import os
import runpy
import sys

HERE = os.path.abspath(__file__)


class MainModule:
    """Object that restores this process's main module when it is unpickled, which needs only the standard library.

    Args:
        header: the header of the task's `StartFrame`.
        path: the `sys.path` of this process.
    """

    def __init__(self, header, path):
        self.task = {"header": header, "path": path}

    def __reduce__(self):
        return runpy.run_path, (HERE, {"task": self.task})


def install(spawn):
    """Add the entry to the preparation data of new processes.

    Args:
        spawn: the module `multiprocessing.spawn`, which has just been imported.
    """
    from . import session

    original = spawn.get_preparation_data

    def get_preparation_data(name):
        data = original(name)
        header = dict(session.start.header(), arguments=None, context={})
        data["airflow_venv"] = MainModule(header, list(sys.path))
        return data

    spawn.get_preparation_data = get_preparation_data


def restore(header, path):
    """Load the function's source as the main module of this process. The arguments are those of `MainModule`."""
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


if "task" in globals():  # run by runpy, not imported
    restore(**globals()["task"])
