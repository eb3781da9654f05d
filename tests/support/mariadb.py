"""A real MariaDB server on 127.0.0.1, from Debian's package, with a temporary database."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.services import free_port
from tools import debian
from tools.state import Unavailable

__all__ = ["PASSWORD", "USER", "mariadb"]

USER, PASSWORD = "shop", "sw0rdf1sh"
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
    folder = Path(tempfile.mkdtemp(prefix="mariadb-", dir="/tmp"))
    account = "mysql" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    shutil.chown(folder, account)
    common = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={account}"]
    socket, port, log = folder / "socket", free_port(), folder / "log"
    with log.open("w") as output:
        _run(["mariadb-install-db", *common, "--auth-root-authentication-method=normal", "--skip-test-db"], output)
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
            _run(["mariadb", "--no-defaults", f"--socket={socket}", "--user=root", "--execute", statements], output)
            yield port
        finally:
            server.kill()
            server.wait()
            shutil.rmtree(folder, ignore_errors=True)


def _run(command, output):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    if done.returncode:
        raise Unavailable(f"`{command[0]}` failed:\n{Path(output.name).read_text()[-2000:]}")
