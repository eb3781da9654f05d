"""Run a function in an environment, with the standard library only, on Python 3.7 and newer.

The operator starts `<environment>/bin/python runner.py <channel> <lifeline>`. Neither this distribution nor Airflow
needs to be installed in the environment. The folder of this file becomes the package `airflow_venv` of the child. Since
every import costs each task milliseconds, its modules are imported only when they are needed.

**The channel** is one end of a socket pair, whose file descriptor is the first argument. `frames.py` defines the
messages. The second argument is the file descriptor of a pipe that stays empty (see `parent_death.py`).

**Order of output.** Printed text goes through a pipe, logging records go through the channel. After each record, a mark
with its number is written to the pipe, so that the operator can restore the order.

**Death.** A thread waits for the channel to hang up. When the operator's process has ended for any reason, the thread
kills this process and all its descendants. Descendants that left the process group are found by a mark in their
environment. As long as there are no descendants, the kernel kills this process (see `parent_death.py`), which works
even while the function keeps every thread from running.

**The function** runs in a new module `__main__`, so that picklers that send code by value treat it like a script. Its
code has the file name and line numbers of the DAG file.
"""

import _thread
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
if sys.path and sys.path[0] == FOLDER and __name__ == "__main__":
    del sys.path[0]  # the folder of the script; its modules would shadow the user's


class FunctionModule(type(sys)):
    """The module `__main__` that the function runs in.

    Code in it can read the global name `__file__`, but the module has no such attribute: `multiprocessing` would run
    that file, which is a DAG file, again in each process that it spawns.
    """

    @property
    def __file__(self):
        raise AttributeError("__file__")


def install_package():
    """Make the folder of this file importable as the package `airflow_venv`."""
    from _frozen_importlib import module_from_spec
    from _frozen_importlib_external import spec_from_file_location

    file = os.path.join(FOLDER, "__init__.py")
    spec = spec_from_file_location("airflow_venv", file, submodule_search_locations=[FOLDER])
    sys.modules["airflow_venv"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)


def watch_for_hangup(fd, mark):
    """Start a thread that kills this process and its descendants when the operator's process has ended.

    Args:
        fd: the file descriptor of the channel.
        mark: the mark of the descendants (see `process_tree.descendants`).
    """
    import select

    hangup = select.poll()
    hangup.register(fd, 0)  # no event requested: only hang-up and error are reported

    def wait():
        hangup.poll()
        from airflow_venv.process_tree import kill_self_and_descendants

        kill_self_and_descendants(mark)

    _thread.start_new_thread(wait, ())


def prepare(channel, lifeline, hooks, start):
    """Set up this process as the start frame requires.

    Args:
        channel: the `OperatorChannel`.
        lifeline: the file descriptor of the pipe that hangs up when the operator's process ends.
        hooks: the `ImportHooks` of this process.
        start: the `StartFrame`.
    """
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
    """Register the hooks that adapt modules to this process as soon as the function imports them."""
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
    """Log warnings as records instead of printing them.

    Args:
        warnings: the module `warnings`, which has been imported.
    """

    def show(*warning):
        import logging  # noqa: F401 - before `logs`, which its hook imports

        lazy("logs", "log_warning")(*warning)

    warnings.showwarning = show


def lazy(module, function):
    """Return a function that imports `airflow_venv.<module>` only when it is called."""

    def run(*arguments):
        return getattr(__import__("airflow_venv." + module, fromlist=[function]), function)(*arguments)

    return run


def load(start, main):
    """Run the function's source in the module `main`, and return the function."""
    namespace = main.__dict__
    namespace["virtualenv_string_args"] = start.string_args
    if start.path:
        from airflow_venv.file_loader import load_file

        return load_file(start.path, start.name, start.string_args)
    for piece in start.sources():
        namespace["__file__"] = sys.argv[0] = piece.filename
        flags = future_flags(piece.future) if piece.future else 0
        exec(compile(piece.source, piece.filename, "exec", flags, True), namespace)  # noqa: S102 - intended
    return namespace[start.name]


def future_flags(names):
    """Return the compiler flags of `__future__` features. Features that this Python does not know are ignored."""
    import __future__

    flags = 0
    for name in names:
        flags |= getattr(__future__, name).compiler_flag if hasattr(__future__, name) else 0
    return flags


def call(function, args, kwargs):
    """Call the function and return its result. If that is a coroutine, run it and return the coroutine's result."""
    result = function(*args, **kwargs)
    if type(result).__name__ == "coroutine":
        import asyncio

        return asyncio.run(result)
    return result


def perform(channel, start, main):
    """Call the function of the start frame, and send the outcome."""
    from airflow_venv import transfer

    if start.module:  # pickled values of the DAG file's classes refer to this name
        sys.modules[start.module] = main
    try:
        if start.debugpy:
            lazy("debuggers", "wait_for_editor")(start.debugpy)
        function = load(start, main)  # first, since arguments may be of classes that it defines
        args, kwargs = transfer.receive(channel, start)
        kwargs = transfer.with_context(start, function, args, kwargs)
        result = call(function, args, kwargs)
        if channel.closed:
            lazy("forks", "end_after_return")()
        del args, kwargs
        asset_events = sys.modules.get("airflow_venv.asset_events")
        if asset_events:  # the function has asked for them
            asset_events.send_nested()
        transfer.send(channel, start, result)
    except BaseException as error:  # noqa: BLE001 - every exception is reported to the operator
        if channel.closed:
            lazy("forks", "end_after_error")(start, error)
        from airflow_venv import outcome

        outcome.send(channel, start, error)


def main():
    """Run one function in a new process."""
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
    """Run one function, in a new process or in a fork of a zygote.

    Args:
        fd: the file descriptor of the channel.
        lifeline: the file descriptor of the pipe that hangs up when the operator's process ends.
        hooks: the `ImportHooks` of this process.
    """
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
    runner = sys.modules["__main__"]  # keeps this module alive after `run` has replaced `__main__`
    main()
