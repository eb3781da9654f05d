"""Support debuggers in runs that a developer starts: pdb in the terminal, debugpy for an editor."""

import sys

from . import session

_NO_TERMINAL = (
    "there is no terminal to debug in: breakpoint() and pdb work under `airflow dags test`, `airflow tasks test` and "
    "dag.test() that were started in one; an editor can attach with [venv] debugpy"
)


def install_pdb(pdb):
    """Make pdb use the terminal, because standard input is empty and standard output is the task's log.

    Args:
        pdb: the module `pdb`, which has just been imported.
    """
    from .outcome import fill_linecache

    original = pdb.Pdb.__init__

    def initialize(self, completekey="tab", stdin=None, stdout=None, *args, **kwargs):
        if stdin is None and stdout is None:
            if not session.start.terminal:
                raise RuntimeError(_NO_TERMINAL)
            fill_linecache(session.start.sources())
            stdin = open(session.start.terminal)  # noqa: SIM115 - open as long as the debugger
            stdout = open(session.start.terminal, "w")  # noqa: SIM115 - likewise
        original(self, completekey, stdin, stdout, *args, **kwargs)

    pdb.Pdb.__init__ = initialize


def wait_for_editor(port):
    """Listen for an editor on 127.0.0.1, and wait until it has attached. Raises ImportError if debugpy is missing."""
    try:
        import debugpy  # noqa: T100 - intended
    except ImportError as error:
        raise ImportError(
            f"[venv] debugpy needs the package debugpy in this environment ({sys.executable}): add it to the "
            "environment's requirements",
            name="debugpy",
        ) from error
    debugpy.listen(("127.0.0.1", port))  # noqa: T100 - likewise
    sys.stdout.write(f"Waiting for an editor to attach to 127.0.0.1:{port} ([venv] debugpy)\n")
    debugpy.wait_for_client()  # noqa: T100 - likewise
