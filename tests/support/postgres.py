"""A real PostgreSQL server on 127.0.0.1, from Debian's package, with a temporary database."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.support.services import free_port
from tools import debian
from tools.state import Unavailable, run

__all__ = ["PASSWORD", "USER", "postgres", "query"]

USER, PASSWORD = "shop", "sw0rdf1sh"


@contextlib.contextmanager
def postgres(database: str) -> Iterator[int]:
    """Run a server with one empty database that requires a password.

    Yields:
        The server's port.

    Raises:
        Unavailable: PostgreSQL is neither installed nor installable, or does not start.
    """
    programs = _programs()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))
    port = free_port()
    try:
        (folder / "password").write_text(PASSWORD)
        for path in (folder, folder / "password"):
            shutil.chown(path, account)
        init = [programs / "initdb", "-D", folder / "data", "-U", USER, "--pwfile", folder / "password", "-A", "md5"]
        _as(account, [*init, "--no-sync", "-E", "UTF8"])
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        log = folder / "log"
        _as(account, [programs / "pg_ctl", "-D", folder / "data", "-w", "-t", "60", "-l", log, "-o", options, "start"])
        try:
            query(port, "postgres", f'CREATE DATABASE "{database}"')
            yield port
        finally:
            _as(account, [programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def query(port: int, database: str, sql: str) -> list[list[str]]:
    """Run a statement and return its rows, with all values as text."""
    command = [
        _programs() / "psql",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-U",
        USER,
        "-d",
        database,
        "-qAtF\t",
        "-c",
        sql,
    ]
    text = run(command, env={"PGPASSWORD": PASSWORD})
    return [line.split("\t") for line in text.splitlines()]


def _programs() -> Path:
    """Return the folder that has initdb, pg_ctl and psql."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        debian.install("postgresql")
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        raise Unavailable("PostgreSQL's programs are not below /usr/lib/postgresql")
    return programs[-1].parent


def _account() -> str:
    """Return a user who may run PostgreSQL, which refuses to run as root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    return "postgres"


def _as(account: str, command: list[object]) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", account, "--", *words]
    # A file is used instead of a pipe because the server keeps inherited files open.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", check=False)
        if done.returncode:
            output.seek(0)
            raise Unavailable(f"`{' '.join(words)}` failed:\n{output.read()[-2000:]}")
