"""A real MariaDB server on 127.0.0.1, from Debian's package, with a temporary database."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.database_server import PASSWORD, USER, account, run_program, server_folder
from tests.support.services import free_port
from tools import debian
from tools.state import Unavailable

__all__ = ["mariadb"]

_SECONDS = 60
_SERVER = Path("/usr/sbin/mariadbd")
_OPTIONS = (
    "--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci", "--explicit-defaults-for-timestamp=1",
    "--innodb-flush-log-at-trx-commit=0", "--innodb-use-native-aio=0", "--bind-address=127.0.0.1",
)  # fmt: skip


@contextlib.contextmanager
def mariadb(database: str) -> Iterator[int]:
    """Run a server with one empty database and a user with all rights for it.

    Yields:
        The server's port.

    Raises:
        Unavailable: MariaDB is neither installed nor installable, or does not start.
    """
    if not _SERVER.exists():
        debian.install("mariadb-server")
    owner = account("mysql")
    with server_folder("mariadb", owner) as folder:
        common = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={owner}"]
        socket, port, log = folder / "socket", free_port(), folder / "log"
        run_program(["mariadb-install-db", *common, "--auth-root-authentication-method=normal", "--skip-test-db"])
        with log.open("w") as output:
            server = subprocess.Popen(
                [_SERVER, *common, *_OPTIONS, f"--port={port}", f"--socket={socket}", f"--pid-file={folder / 'pid'}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            deadline = time.monotonic() + _SECONDS
            while not socket.exists():
                if server.poll() is not None or time.monotonic() > deadline:
                    raise Unavailable(f"MariaDB does not start:\n{log.read_text()[-2000:]}")
                time.sleep(0.2)
            statements = (
                f"CREATE DATABASE {database}; CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}'; "
                f"GRANT ALL ON {database}.* TO {USER}@'%'"
            )
            run_program(["mariadb", "--no-defaults", f"--socket={socket}", "--user=root", "--execute", statements])
            yield port
        finally:
            server.kill()
            server.wait()
