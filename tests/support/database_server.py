"""Common parts of the tests' database servers: a folder, an account, and programs that prepare them."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.state import Unavailable

__all__ = ["PASSWORD", "USER", "account", "run_program", "server_folder"]

USER, PASSWORD = "shop", "sw0rdf1sh"
"""The only user of a server's database."""


def account(system: str) -> str:
    """Return the system's user that a server runs as: for root that of Debian's package, as servers refuse root."""
    return system if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


@contextlib.contextmanager
def server_folder(kind: str, owner: str) -> Iterator[Path]:
    """Create a folder with a short path, which sockets need, and remove it in the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir="/tmp"))
    try:
        shutil.chown(folder, owner)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_program(command: Sequence[object]) -> None:
    """Run a program of a server and wait for it to end.

    Raises:
        Unavailable: it fails.
    """
    words = [str(word) for word in command]
    # A file is used instead of a pipe because a server that was started keeps inherited files open.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", check=False)
        if done.returncode:
            output.seek(0)
            raise Unavailable(f"`{' '.join(words)}` failed:\n{output.read()[-2000:]}")
