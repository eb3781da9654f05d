"""What runs in the environment: the standard library alone, Python 3.7 and up.

The operator starts ``<environment>/bin/python runner.py <channel> <lifeline>``. Nothing of this distribution is
installed in the environment, and nothing of Airflow need be. The folder that this file lies in appears in the child as
the module ``airflow_venv``. It imports nothing but the standard library, and since every import costs milliseconds of
each task, nothing that is not needed: its modules are imported when something asks for them.

**The channel** is one end of a socket pair, whose number is the first argument; ``child/frames.py`` says what goes
through. The second argument is the number of a pipe that nothing goes through (``child/parent_death.py``).

**Order of output.** Prints go through the pipe, logging records through the channel. Behind each record a mark with its
number is written to the pipe, so that the operator can put them back in order.

**Death.** A thread waits for the channel to hang up. When the operator's process is gone, however it went, this process
and all its descendants are killed, also those that left the process group: they carry a mark in their environment.
A thread, and not the kernel alone, since that would leave the descendants behind; but as long as there are none, the
kernel is faster where the function lets no thread run.

**The function** runs in a fresh module ``__main__``, so that picklers which send code by value see it as they see a
script. Its code carries the file name and line numbers of the DAG file.
"""

import _thread
import os
import sys

AIRFLOW = (
    "airflow.logging_config",
    "airflow.models.connection",
    "airflow.models.variable",
    "airflow.models.xcom",
    "airflow.operators.python",
    "airflow.sdk.bases.xcom",
    "airflow.sdk.definitions.connection",
    "airflow.sdk.definitions.context",
    "airflow.sdk.definitions.variable",
    "airflow.sdk.execution_time.context",
)
"""Modules of an Airflow in the environment that are made to ask us (``child/airflow_patches.py``)."""
HERE = os.path.dirname(os.path.abspath(__file__))
if sys.path and sys.path[0] == HERE and __name__ == "__main__":
    del sys.path[0]  # Python puts the folder of the script there; our modules would hide the user's


class Finder:
    """Finds ``airflow_venv`` beside this file, and tells when a module has been imported for the first time."""

    def __init__(self):
        self.watched = {}

    def after(self, name, call):
        """Have ``call(module)`` called when ``name`` has been imported, or now if it has."""
        if name in sys.modules:
            call(sys.modules[name])
        else:
            self.watched[name] = call

    def find_spec(self, name, path=None, target=None):
        """Answer the import system."""
        if name == "airflow_venv":
            from _frozen_importlib_external import spec_from_file_location

            file = os.path.join(HERE, "__init__.py")
            return spec_from_file_location(name, file, submodule_search_locations=[HERE])
        call = self.watched.pop(name, None)
        if call is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Then(spec.loader, call)
                return spec
        return None


class _Then:
    """A loader that calls something when the module has been loaded."""

    def __init__(self, loader, call):
        self.loader = loader
        self.call = call

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        self.call(module)


class Main(type(sys)):
    """The module that the function runs in.

    Its code has a ``__file__``, but the module denies it: ``multiprocessing`` would run that file again, a DAG file, in
    each process it spawns.
    """

    @property
    def __file__(self):
        raise AttributeError("__file__")


def watch(fd, mark):
    """Wait in a thread until the operator's process is gone; then end this process and all it has started."""
    import select

    hangup = select.poll()
    hangup.register(fd, 0)  # no event asked for: only hang-up and error are told

    def wait():
        hangup.poll()
        from airflow_venv.process_tree import last_will

        last_will(mark)

    _thread.start_new_thread(wait, ())


def prepare(channel, lifeline, finder, start):
    """Set this process up as the start frame says."""
    import faulthandler

    later("parent_death", "tie")(lifeline, finder)
    watch(channel.fd, start["mark"])
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    faulthandler.enable()
    os.register_at_fork(after_in_child=channel.forget)
    finder.after("logging", later("logs", "install"))
    for name in AIRFLOW:
        finder.after(name, later("airflow_patches", "connect"))
    if start["shim"]:
        later("shim", "install")()


def later(module, function):
    """Give a function that imports ``airflow_venv.<module>`` only when it is called."""

    def run(*arguments):
        getattr(__import__("airflow_venv." + module, fromlist=[function]), function)(*arguments)

    return run


def load(start, main):
    """Run the source in ``main``; give the function."""
    space = main.__dict__
    space["virtualenv_string_args"] = start["string_args"]
    if "path" in start:
        from airflow_venv.files import load_file

        return load_file(start["path"], start["name"], start["string_args"])
    for piece in start["pieces"]:
        space["__file__"] = sys.argv[0] = piece["filename"]
        flags = future_flags(piece["future"]) if piece["future"] else 0
        exec(compile(piece["source"], piece["filename"], "exec", flags, True), space)  # noqa: S102 - our purpose
    return space[start["name"]]


def future_flags(names):
    """Give the compiler flags of ``__future__`` features; features that this Python does not know have none."""
    import __future__

    flags = 0
    for name in names:
        flags |= getattr(__future__, name).compiler_flag if hasattr(__future__, name) else 0
    return flags


def call(function, args, kwargs):
    """Call the function; a coroutine is run to its end."""
    result = function(*args, **kwargs)
    if type(result).__name__ == "coroutine":
        import asyncio

        return asyncio.run(result)
    return result


def perform(channel, start, main):
    """Do what the start frame asks for, and send the outcome."""
    from airflow_venv import transfer

    if start["module"]:  # values whose classes come from the DAG file look for them under its name
        sys.modules[start["module"]] = main
    try:
        function = load(start, main)  # first, since arguments may be of classes that it defines
        args, kwargs = transfer.receive(channel, start)
        kwargs = transfer.with_context(start, function, args, kwargs)
        result = call(function, args, kwargs)
        del args, kwargs
        transfer.send(channel, start, result)
    except BaseException as error:  # noqa: BLE001 - the operator is told, whatever it is
        from airflow_venv import outcome

        outcome.send(channel, start, error)


def main():
    """Run one function for one operator."""
    fd, lifeline = map(int, sys.argv[1:])
    del sys.argv[1:]  # the function's own arguments are none of the command line
    os.set_inheritable(fd, False)
    runner = sys.modules["airflow_venv_runner"] = sys.modules["__main__"]
    finder = Finder()
    sys.meta_path.insert(0, finder)
    from airflow_venv.frames import Channel

    runner.channel = channel = Channel(fd)
    runner.start = start = channel.head()[0]
    runner.output = os.dup(1)
    prepare(channel, lifeline, finder, start)
    sys.modules["__main__"] = module = Main("__main__")
    perform(channel, start, module)


if __name__ == "__main__":
    main()
