"""Build stand-ins for base images, for machines without access to an image registry.

A stand-in has the paths, users, variables, links and `/etc/os-release` of the real image, because the project reads
them. It differs from the real image in the patch version of Python, which is that of this machine's interpreter, in
this machine's certificates, which are added with variables that name them, and in fewer providers for Airflow.
"""

import dataclasses
import functools
import hashlib
import inspect
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from tools import debian, interpreters
from tools.engine import Engine
from tools.state import ROOT, Unavailable, folder, run, say

__all__ = ["LABEL", "LOCAL", "build", "key", "parent"]

LABEL = "io.github.pyenv-frontend.stand-in"
"""Label that only stand-ins have. Its value is the key of the recipe that the image was built from."""
LOCAL = "stand-in/"
"""Prefix of the names of intermediate images, which exist in no registry."""

RECIPES = ROOT / "tools/stand_in_recipes"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
IN_IMAGE = "/usr/local/share/stand-in-certificates.crt"

DOCKER_CLEAN = """\
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
"""
"""Configuration of apt in the official images, which keeps no downloaded files."""

AIRFLOW_UNTIL = {
    "2.4.3": "2022-12-01",
    "2.7.3": "2023-12-01",
    "2.10.5": "2025-03-01",
    "2.11.2": "2026-04-01",
    "3.0.6": "2025-09-15",
    "3.3.2": "2026-10-01",
}
"""Date by version of Airflow. Instead of constraint files, the newest packages of that date are installed."""
ASTRO_AIRFLOW = {"7": "2.11.2", "13": "2.11.2"}
"""Version of Airflow, by the major version of Astro Runtime."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """Recipe of an image."""

    recipe: str
    """Name of the Dockerfile without its extension, or `debian` for a new Debian system."""
    parent: str | None = None
    """Name of the base image, if there is one."""
    arguments: tuple[tuple[str, str], ...] = ()
    """Names and values of the build arguments (`ARG` of the Dockerfile)."""
    also: tuple[str, ...] = ()
    """Further names of the image."""


def _debian(suite: str) -> StandIn:
    return StandIn(recipe="debian", arguments=(("SUITE", suite),))


def _python(version: str, suite: str) -> StandIn:
    full = _full_version(version)
    return StandIn(
        recipe="python",
        parent=f"debian:{suite}-slim",
        arguments=(("VERSION", full), ("PREFIX", "/usr/local")),
        also=tuple(f"python:{other}-slim-{suite}" for other in (full, full.rpartition(".")[0]) if other != version),
    )


def _usr_python(version: str) -> StandIn:
    return StandIn(
        recipe="python",
        parent="debian:bookworm-slim",
        arguments=(("VERSION", _full_version(version)), ("PREFIX", "/usr/python")),
    )


def _airflow(version: str, python: str | None) -> StandIn:
    old = tuple(int(part) for part in version.split(".")[:2]) < (3, 1)  # later versions have Python in /usr/python
    chosen = python or "3.12"
    return StandIn(
        recipe="airflow",
        parent=f"python:{chosen}-slim-bookworm" if old else f"{LOCAL}usr-python:{chosen}",
        arguments=(
            ("AIRFLOW_VERSION", version),
            ("UNTIL", _until(version)),
            ("PREFIX", "/usr/local" if old else "/usr/python"),
        ),
        also=() if python else (f"apache/airflow:{version}-python{chosen}",),
    )


def _astro(version: str, base: str | None) -> StandIn:
    if not base:
        return StandIn(recipe="astro-onbuild", parent=f"quay.io/astronomer/astro-runtime:{version}-base")
    airflow = ASTRO_AIRFLOW.get(version.partition(".")[0], "2.11.2")
    return StandIn(
        recipe="astro",
        parent="python:3.12-slim-bookworm",
        arguments=(("AIRFLOW_VERSION", airflow), ("UNTIL", _until(airflow)), ("RUNTIME_VERSION", version)),
    )


def _red_hat(identity: str, version: str, manager: str, *libraries: str) -> StandIn:
    return StandIn(
        recipe="red-hat",
        parent="python:3.11-slim-bookworm",
        arguments=(
            ("ID", identity),
            ("VERSION_ID", version),
            ("MANAGER", manager),
            ("LIBRARIES", " ".join(("liblzma.so.5", "libz.so.1", "libuuid.so.1", *libraries))),
        ),
    )


def _ubi(_version: str) -> StandIn:
    return _red_hat("rhel", "9.6", "microdnf", "libffi.so.8", "libsqlite3.so.0")


def _amazon(_version: str) -> StandIn:
    return _red_hat("amzn", "2023", "dnf")


def _alpine(_version: str) -> StandIn:
    return StandIn(recipe="alpine")


def _uv(_version: str) -> StandIn:
    return StandIn(recipe="uv")


NAMES: tuple[tuple[str, Callable[..., StandIn]], ...] = (
    (r"debian:(\w+)-slim", _debian),
    (r"python:([\d.]+)-slim-(\w+)", _python),
    (rf"{LOCAL}usr-python:([\d.]+)", _usr_python),
    (r"apache/airflow:([\d.]+)(?:-python([\d.]+))?", _airflow),
    (r"quay\.io/astronomer/astro-runtime:([\d.]+)(-base)?", _astro),
    (r"alpine:([\d.]+)", _alpine),
    (r"redhat/ubi9-minimal:([\d.]+)", _ubi),
    (r"amazonlinux:(2023)", _amazon),
    (r"ghcr\.io/astral-sh/uv:([\d.]+)", _uv),
)


@functools.cache
def _stand_in(name: str) -> StandIn:
    for pattern, make in NAMES:
        match = re.fullmatch(pattern, name)
        if match:
            return make(*match.groups())
    raise Unavailable(f"no registry has the image {name}, and no stand-in is known for it")


def parent(name: str) -> str | None:
    """Return the name of the base image of a stand-in, or None. Raises Unavailable if there is no stand-in."""
    return _stand_in(name).parent


@functools.cache
def key(name: str) -> str:
    """Return a hash of everything that a stand-in is built from. Images with another key are outdated."""
    stand_in = _stand_in(name)
    content = [repr(stand_in), _acquire_settings(), *(path.read_text() for path in _recipe_files(stand_in))]
    if stand_in.recipe == "debian":
        content.append(inspect.getsource(_import_debian))
    if stand_in.recipe == "python":
        content.append(inspect.getsource(interpreters))
    if stand_in.parent:
        content.append(key(stand_in.parent))
    elif CERTIFICATES.exists():
        content.append(hashlib.sha256(CERTIFICATES.read_bytes()).hexdigest())
    return hashlib.sha256("\0".join(content).encode()).hexdigest()[:16]


def build(engine: Engine, name: str) -> None:
    """Build the stand-in for an image.

    Args:
        engine: the engine, which must have the base image of the stand-in.
        name: the name of the image.

    Raises:
        Unavailable: there is no stand-in for the image, or it cannot be built.
    """
    stand_in = _stand_in(name)
    with tempfile.TemporaryDirectory(dir=folder("tmp")) as scratch:
        if stand_in.recipe == "debian":
            _import_debian(engine, name, Path(scratch), stand_in)
        else:
            _build_recipe(engine, name, Path(scratch), stand_in)


def _build_recipe(engine: Engine, name: str, context: Path, stand_in: StandIn) -> None:
    arguments = dict(stand_in.arguments)
    if stand_in.recipe == "python":
        packed = interpreters.pack(interpreters.find(arguments["VERSION"]), as_prefix=arguments["PREFIX"])
        (context / "interpreter.tar").write_bytes(packed)
    if stand_in.recipe == "alpine":
        _musl_root(context / "root.tar")
    for file in (RECIPES / "files").iterdir():
        (context / file.name).write_bytes(file.read_bytes())
    command = ["buildx", "build", "--network=host", "--progress=plain", "--label", f"{LABEL}={key(name)}"]
    command += [f"--build-context=uv={interpreters.uv().parent}", f"--file={RECIPES / stand_in.recipe}.Dockerfile"]
    for argument, value in {**arguments, **({"BASE": stand_in.parent} if stand_in.parent else {})}.items():
        command += ["--build-arg", f"{argument}={value}"]
    for tag in (name, *stand_in.also):
        command += ["--tag", tag]
    engine.run(*command, str(context), timeout=1200)


def _import_debian(engine: Engine, name: str, scratch: Path, stand_in: StandIn) -> None:
    """Import a Debian like the `-slim` images: no documentation, no package lists, this machine's certificates."""
    suite = dict(stand_in.arguments)["SUITE"]
    debian.install("mmdebstrap")
    system = scratch / "system.tar"
    sources = scratch / "debian.sources"
    sources.write_text(
        f"Types: deb\nURIs: {debian.mirror()}\nSuites: {suite} {suite}-updates\nComponents: main\n"
        f"Signed-By: {debian.KEYRING}\n"
    )
    (scratch / "docker-clean").write_text(DOCKER_CLEAN + _acquire_settings())
    command = ["mmdebstrap", "--variant=minbase", "--mode=root", "--quiet"]
    command += [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("man", "doc", "locale", "info", "lintian")]
    command += ["--dpkgopt=path-include=/usr/share/doc/*/copyright"]
    if suite != "bullseye":  # later ones are born with /bin in /usr and need no perl for it
        command += ["--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", "--include=usr-is-merged"]
    command += [f"--customize-hook=upload {sources} /etc/apt/sources.list.d/debian.sources"]
    command += [f"--customize-hook=upload {scratch / 'docker-clean'} /etc/apt/apt.conf.d/docker-clean"]
    command += ["--customize-hook=rm -f $1/etc/apt/sources.list $1/etc/apt/sources.list.d/0000*"]
    gone = ("etc/hostname", "etc/resolv.conf", "var/log/*.log", "var/log/apt/*", "var/cache/apt/*.bin")
    command += ["--customize-hook=rm -rf " + " ".join(f"$1/{path}" for path in gone)]
    variables = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    if CERTIFICATES.exists():
        command += [f"--customize-hook=upload {CERTIFICATES} {IN_IMAGE}"]
        variables += [f"SSL_CERT_FILE={IN_IMAGE}", f"PIP_CERT={IN_IMAGE}", f"REQUESTS_CA_BUNDLE={IN_IMAGE}"]
    run([*command, suite, system, debian.mirror()], timeout=600)
    changes = [f"ENV {variable}" for variable in variables] + ['CMD ["bash"]', f"LABEL {LABEL}={key(name)}"]
    engine.run("import", *(f"--change={change}" for change in changes), str(system), name, timeout=300)


def _musl_root(tar: Path) -> None:
    """Write a tar of a root file system with musl's loader, busybox and the files that identify Alpine."""
    root = debian.unpack("bookworm", "musl", "busybox-static")
    say("laying out musl and busybox")
    with tempfile.TemporaryDirectory(dir=folder("tmp")) as scratch:
        image = Path(scratch)
        for part in ("bin", "lib", "etc", "usr/bin", "usr/local/bin", "root", "home", "tmp"):
            (image / part).mkdir(parents=True)
        loader = next(root.glob("lib/*/libc.so"), None) or next(root.glob("usr/lib/*/libc.so"))
        (image / "lib" / "ld-musl-x86_64.so.1").write_bytes(loader.read_bytes())
        (image / "lib" / "ld-musl-x86_64.so.1").chmod(0o755)
        (image / "bin" / "busybox").write_bytes((root / "bin/busybox").read_bytes())
        (image / "bin" / "busybox").chmod(0o755)
        for applet in run([image / "bin/busybox", "--list"]).split():
            if applet != "busybox":
                (image / "bin" / applet).symlink_to("busybox")
        (image / "etc/os-release").write_text(
            'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.0\nPRETTY_NAME="Alpine Linux v3.20"\n'
        )
        (image / "etc/alpine-release").write_text("3.20.0\n")
        (image / "etc/passwd").write_text(
            "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"
        )
        (image / "etc/group").write_text("root:x:0:root\nnobody:x:65534:\n")
        (image / "tmp").chmod(0o1777)
        run(["tar", "-C", image, "--owner=0", "--group=0", "-cf", tar, "."])


def _recipe_files(stand_in: StandIn) -> list[Path]:
    files = sorted((RECIPES / "files").iterdir()) if stand_in.recipe in ("airflow", "astro") else []
    return files if stand_in.recipe == "debian" else [RECIPES / f"{stand_in.recipe}.Dockerfile", *files]


@functools.cache
def _acquire_settings() -> str:
    """Return the settings of this machine's apt for downloads, such as proxies, for the apt of a stand-in."""
    if not debian.is_debian_root():
        return ""
    lines = run(["apt-config", "dump", "--format", '%F "%v";%n', "Acquire"]).splitlines()
    proxies = [line for line in lines if re.match(r'Acquire::([Hh]ttps?::Proxy|Check-)\S* "[^"]+"', line)]
    return "".join(f"{line}\n" for line in proxies)


@functools.cache
def _full_version(version: str) -> str:
    return interpreters.full_version(interpreters.find(version))


def _until(airflow: str) -> str:
    if airflow not in AIRFLOW_UNTIL:
        raise Unavailable(f"no date is known for Airflow {airflow}; known are {', '.join(AIRFLOW_UNTIL)}")
    return AIRFLOW_UNTIL[airflow]
