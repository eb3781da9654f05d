"""Facts about base images for the tests of the expansion."""

from pyenv_frontend.expansion.base_image import Base, Interpreter, UserEntry
from pyenv_frontend.expansion.libc import Libc

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SYSTEM_USERS = {
    "root": UserEntry(uid=0, gid=0, home="/root"),
    "nobody": UserEntry(uid=65534, gid=65534, home="/nonexistent"),
}
AIRFLOW = Base(
    reference="apache/airflow:3.3.2",
    suite="bookworm",
    distribution="debian",
    libc=Libc(kind="glibc", version=(2, 36)),
    user="airflow",
    env={"PATH": PATH, "PYTHON_VERSION": "3.12.1"},
    interpreters={
        "3.12": Interpreter(path="/usr/local/bin/python3.12", version="3.12.1"),
        "3.11": Interpreter(path="/usr/bin/python3.11", version=None),
    },
    accounts={**SYSTEM_USERS, "airflow": UserEntry(uid=50000, gid=0, home="/home/airflow")},
)
DEBIAN = Base(
    reference="debian:bookworm",
    suite="bookworm",
    distribution="debian",
    libc=Libc(kind="glibc", version=(2, 36)),
    accounts=SYSTEM_USERS,
)
ALPINE = Base(reference="alpine:3.20", distribution="alpine", libc=Libc(kind="musl", version=(0, 0)))
# It also has the older OpenSSL, which the official Pythons for its C library need.
JAMMY = Base(
    reference="ubuntu:22.04",
    suite="jammy",
    distribution="ubuntu",
    libc=Libc(kind="glibc", version=(2, 35)),
    openssl=frozenset({"libssl.so.1.1", "libssl.so.3"}),
)
SCRATCH = Base(reference="scratch")
BASES = {base.reference: base for base in (AIRFLOW, DEBIAN, ALPINE, JAMMY, SCRATCH)}
