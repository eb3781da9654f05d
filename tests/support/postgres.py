"""A real PostgreSQL server on 127.0.0.1, from Debian's package, with a temporary database."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.support.database_server import PASSWORD, USER, account, run_program, server_folder
from tests.support.services import free_port
from tools import debian
from tools.state import Unavailable, run

__all__ = ["postgres", "query"]


@contextlib.contextmanager
def postgres(database: str) -> Iterator[int]:
    """Run a server with one empty database that requires a password.

    Yields:
        The server's port.

    Raises:
        Unavailable: PostgreSQL is neither installed nor installable, or does not start.
    """
    programs, owner = _programs(), account("postgres")
    with server_folder("postgres", owner) as folder:
        port, data, password = free_port(), folder / "data", folder / "password"
        password.write_text(PASSWORD)
        shutil.chown(password, owner)
        init = [programs / "initdb", "-D", data, "-U", USER, "--pwfile", password, "-A", "md5"]
        _run_as(owner, [*init, "--no-sync", "-E", "UTF8"])
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        control = [programs / "pg_ctl", "-D", data]
        _run_as(owner, [*control, "-w", "-t", "60", "-l", folder / "log", "-o", options, "start"])
        try:
            query(port, "postgres", f'CREATE DATABASE "{database}"')
            yield port
        finally:
            _run_as(owner, [*control, "-m", "immediate", "stop"])


def query(port: int, database: str, sql: str) -> list[list[str]]:
    """Run a statement and return its rows, with all values as text."""
    connection = f"host=127.0.0.1 port={port} user={USER} dbname={database}"
    text = run([_programs() / "psql", "-qAtF\t", "-c", sql, connection], env={"PGPASSWORD": PASSWORD})
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


def _run_as(owner: str, command: list[object]) -> None:
    run_program(["runuser", "-u", owner, "--", *command] if os.geteuid() == 0 else command)
