"""Import the modules that tasks need into a zygote, as long as it can still be forked."""

import os
import sys

from .fork_safety import problem

FOLDER = os.path.dirname(os.path.abspath(__file__))


class Preload:
    """The names that have been imported for tasks, and the files that must not have changed since."""

    def __init__(self):
        self.names = set()
        self.files = {}

    def missing(self, names):
        """Return those names that have not been imported yet."""
        return [name for name in names if name not in self.names]

    def load(self, name, memory):
        """Import a name in the format of the function `load`.

        Args:
            name: the name.
            memory: how many bytes the process may take with it.

        Returns:
            The reason why this process must not be forked, or an empty text.
        """
        self.names.add(name)
        reason = load(name) or problem()
        if not reason and resident() > memory:
            reason = f"the process takes {resident() >> 20} MB with it, [venv] warm_memory allows {memory >> 20}"
        return reason

    def modules(self):
        """Return the sorted names of the modules that have been imported."""
        modules = {name.replace(":", ".") for name in self.names} | {name.partition(":")[0] for name in self.names}
        return sorted(modules.intersection(sys.modules))

    def remember_files(self):
        """Record when imported files outside the environment were modified. The worker checks those inside."""
        inside = tuple(os.path.realpath(path) + os.sep for path in (sys.prefix, sys.base_prefix, FOLDER))
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and path not in self.files and not os.path.realpath(path).startswith(inside):
                self.files[path] = modified(path)

    def changed(self):
        """Return whether an imported file outside the environment has been modified since."""
        return any(modified(path) != before for path, before in self.files.items())


def load(name):
    """Import `module`, or `module:name` like `from module import name`.

    A package that is missing does no harm, because the function's own import statement raises the same error again. A
    module that fails while its code runs may fail differently the next time.

    Returns:
        The reason why this process must not be forked, or an empty text.
    """
    module, _, attribute = name.partition(":")
    try:
        __import__(module, fromlist=[attribute] if attribute else [])
    except BaseException as error:  # noqa: BLE001 - a module may do anything
        if isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]:
            return ""
        from airflow_venv.excerpt import whole

        return "it raises " + whole(repr(error))
    return ""


def modified(path):
    """Return the time of a file's last modification in nanoseconds, or 0 if the file does not exist."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def resident():
    """Return the resident memory of this process in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def flush():
    """Flush what modules have printed during their import, so that it does not appear in a task's log."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: BLE001, S110 - a module may have replaced it
            pass
