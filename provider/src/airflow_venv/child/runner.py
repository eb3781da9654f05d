"""What runs in the environment: the standard library alone, Python 3.7 and newer.

The operator starts `<environment>/bin/python runner.py <channel> <lifeline>`. Nothing of this distribution needs to be
installed in the environment, and nothing of Airflow. The folder of this file appears in the child as the package
`airflow_venv`. It imports only the standard library, and as every import costs each task milliseconds, its modules are
imported when they are needed.

**The channel** is one end of a socket pair, whose descriptor is the first argument; `frames.py` defines the messages.
The second argument is the descriptor of a pipe that stays empty (`parent_death.py`).

**Order of output.** Prints go through a pipe, logging records through the channel. Behind each record a mark with its
number is written to the pipe, so that the operator can restore the order.

**Death.** A thread waits for the channel to hang up. When the operator's process has ended, for whatever reason, this
process and all its descendants are killed, including those that left the process group: they carry a mark in their
environment. The kernel alone would leave the descendants behind. As long as there are none, it is faster where the
function lets no thread run.

**The function** runs in a new module `__main__`, so that picklers which send code by value see it as they see a script.
Its code has the file name and line numbers of the DAG file.
"""

import _thread
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
if sys.path and sys.path[0] == FOLDER and __name__ == "__main__":
    del sys.path[0]  # Python puts the folder of the script there; our modules would hide the user's


class FunctionModule(type(sys)):
    """The module `__main__` that the function runs in.

    Its code has a `__file__`, but the module denies it: `multiprocessing` would run that file again, a DAG file, in
    each process that it spawns.
    """

    @property
    def __file__(self):
        raise AttributeError("__file__")


def install_package():
    """Make the folder of this file the package `airflow_venv` of this process."""
    from _frozen_importlib import module_from_spec
    from _frozen_importlib_external import spec_from_file_location

    file = os.path.join(FOLDER, "__init__.py")
    spec = spec_from_file_location("airflow_venv", file, submodule_search_locations=[FOLDER])
    sys.modules["airflow_venv"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)


def watch_for_hangup(fd, mark):
    """Wait in a thread until the operator's process has ended; then end this process and its descendants."""
    import select

    hangup = select.poll()
    hangup.register(fd, 0)  # no event requested: only hang-up and error are reported

    def wait():
        hangup.poll()
        from airflow_venv.process_tree import kill_self_and_descendants

        kill_self_and_descendants(mark)

    _thread.start_new_thread(wait, ())


def prepare(channel, lifeline, hooks, start):
    """Set this process up as the start frame says."""
    import faulthandler

    from airflow_venv import parent_death

    parent_death.kill_at_hangup(lifeline)
    watch_for_hangup(channel.fd, start.mark)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    faulthandler.enable()
    os.register_at_fork(after_in_child=channel.forget)
    install_hooks(hooks, start)


def install_hooks(hooks, start):
    """Have what the function imports adapted to this process, as soon as it is imported."""
    hooks.after("logging", lazy("logs", "install"))
    hooks.after("warnings", show_as_records)
    hooks.after("pdb", lazy("debuggers", "install_pdb"))
    hooks.after("pendulum", lazy("pendulum_pickles", "install"))
    hooks.after("multiprocessing.spawn", lazy("spawned", "install"))
    hooks.before("airflow", lambda: lazy("airflow_patches", "install")(hooks))
    if "TRACEPARENT" in os.environ:
        hooks.after("opentelemetry.trace", lazy("trace_context", "attach"))
    if start.shim:
        lazy("shim", "install")()


def show_as_records(warnings):
    """Log warnings as records of their own level, instead of printing them."""

    def show(*warning):
        import logging  # noqa: F401 - its hook must find our module complete

        lazy("logs", "log_warning")(*warning)

    warnings.showwarning = show


def lazy(module, function):
    """Return a function that imports `airflow_venv.<module>` only when it is called."""

    def run(*arguments):
        return getattr(__import__("airflow_venv." + module, fromlist=[function]), function)(*arguments)

    return run


def load(start, main):
    """Run the source in `main`; return the function."""
    namespace = main.__dict__
    namespace["virtualenv_string_args"] = start.string_args
    if start.path:
        from airflow_venv.file_loader import load_file

        return load_file(start.path, start.name, start.string_args)
    for piece in start.sources():
        namespace["__file__"] = sys.argv[0] = piece.filename
        flags = future_flags(piece.future) if piece.future else 0
        exec(compile(piece.source, piece.filename, "exec", flags, True), namespace)  # noqa: S102 - our purpose
    return namespace[start.name]


def future_flags(names):
    """Return the compiler flags of `__future__` features; features unknown to this Python have none."""
    import __future__

    flags = 0
    for name in names:
        flags |= getattr(__future__, name).compiler_flag if hasattr(__future__, name) else 0
    return flags


def call(function, args, kwargs):
    """Call the function; run a coroutine to its end."""
    result = function(*args, **kwargs)
    if type(result).__name__ == "coroutine":
        import asyncio

        return asyncio.run(result)
    return result


def perform(channel, start, main):
    """Do what the start frame asks for, and send the outcome."""
    from airflow_venv import transfer

    if start.module:  # values whose classes come from the DAG file look for them under its name
        sys.modules[start.module] = main
    try:
        if start.debugpy:
            lazy("debuggers", "wait_for_editor")(start.debugpy)
        function = load(start, main)  # first, since arguments may be of classes that it defines
        args, kwargs = transfer.receive(channel, start)
        kwargs = transfer.with_context(start, function, args, kwargs)
        result = call(function, args, kwargs)
        del args, kwargs
        transfer.send(channel, start, result)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is sent to the operator
        from airflow_venv import outcome

        outcome.send(channel, start, error)


def main():
    """Run one function for one operator."""
    fd, lifeline = map(int, sys.argv[1:])
    del sys.argv[1:]  # they are not arguments of the function
    install_package()
    from airflow_venv import parent_death
    from airflow_venv.import_hooks import ImportHooks

    hooks = ImportHooks()
    parent_death.watch_starts()
    hooks.after("_posixsubprocess", parent_death.watch_subprocesses)
    run(fd, lifeline, hooks)


def run(fd, lifeline, hooks):
    """Run one function: the first thing that this process does, or a fork of a process that has imported modules."""
    os.set_inheritable(fd, False)
    from airflow_venv import session
    from airflow_venv.operator_channel import OperatorChannel

    sys.meta_path.insert(0, hooks)
    session.channel = channel = OperatorChannel(fd)
    session.start, _ = channel.head()
    session.output = os.dup(1)
    session.decode = lazy("context_decoding", "decode_value")
    prepare(channel, lifeline, hooks, session.start)
    sys.modules["__main__"] = module = FunctionModule("__main__")
    perform(channel, session.start, module)


if __name__ == "__main__":
    runner = sys.modules["__main__"]  # keeps this module alive when another takes its name
    main()
