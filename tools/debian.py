"""Provide programs from Debian's packages, installed or unpacked into the state folder, without upgrading the system.

apt downloads packages and verifies their signatures, from the mirror that it is configured with.
"""

import os
import shutil
from pathlib import Path

from tools.state import Unavailable, folder, lock, run, say

__all__ = ["install", "is_debian_root", "unpack"]

_seen: set[str] = set()
"""Packages that this process has found to be installed."""

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def is_debian_root() -> bool:
    """Return whether packages can be installed: this is Debian, apt is there, and this process runs as root."""
    release = Path("/etc/os-release")
    return (
        os.geteuid() == 0
        and shutil.which("apt-get") is not None
        and release.exists()
        and any(line.strip() == "ID=debian" for line in release.read_text().splitlines())
    )


def install(*packages: str) -> None:
    """Install the packages that are missing, of the system's own release.

    Raises:
        Unavailable: packages are missing, and this is not Debian or not root, or apt fails.
    """
    missing = [name for name in packages if name not in _seen and not _installed(name)]
    _seen.update(set(packages) - set(missing))
    if not missing:
        return
    if not is_debian_root():
        raise Unavailable(f"needed and not installed: {', '.join(missing)} (this is not Debian with root)")
    with lock("apt"):
        say(f"installing {' '.join(missing)} with apt")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        waiting = ["-o", "DPkg::Lock::Timeout=300"]
        command = ["apt-get", *waiting, "install", "-y", "--no-install-recommends", *missing]
        try:
            run(command, env=quiet)
        except Unavailable:  # the package lists may be missing or outdated
            run(["apt-get", *waiting, "update"], env=quiet)
            run(command, env=quiet)


def unpack(suite: str, *packages: str) -> Path:
    """Download packages of another suite and unpack them into one folder.

    Args:
        suite: the name of the suite, such as `trixie`.
        packages: the names of the packages. Their dependencies are not downloaded.

    Returns:
        The folder that is the root of the unpacked files, which contains `usr/bin` and so on.

    Raises:
        Unavailable: this is not Debian, not root, or the mirror does not have the suite or a package.
    """
    root = folder("packages", suite)
    with lock(f"packages-{suite}"):
        missing = [name for name in packages if not (root / "unpacked" / name).exists()]
        if missing:
            say(f"fetching {' '.join(missing)} of Debian {suite}")
            for file in _download(suite, missing):
                run(["dpkg", "-x", file, root])
                (root / "unpacked").mkdir(exist_ok=True)
                (root / "unpacked" / file.name.split("_")[0]).write_text(file.name + "\n")
                file.unlink()
    return root


def _installed(package: str) -> bool:
    try:
        return run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package]) == "installed"
    except Unavailable:
        return False


def _download(suite: str, packages: list[str]) -> list[Path]:
    """Download packages with separate package lists, so that the system's apt does not use the other suite."""
    if not is_debian_root():
        raise Unavailable(f"{', '.join(packages)} of Debian {suite} is needed, and this is not Debian with root")
    apt, into = folder("apt", suite), folder("apt", suite, "debs")
    for part in ("lists/partial", "cache/archives/partial"):
        (apt / part).mkdir(parents=True, exist_ok=True)
    (apt / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n")
    (apt / "apt.conf").write_text(
        f'Dir::Etc::sourcelist "{apt}/sources.list";\nDir::Etc::sourceparts "-";\n'
        f'Dir::State::lists "{apt}/lists";\nDir::Cache "{apt}/cache";\n'
        # the state folder is often below /root, which apt's own user cannot read
        'APT::Sandbox::User "root";\n'
    )
    with_ours = {"APT_CONFIG": str(apt / "apt.conf")}
    run(["apt-get", "update", "-o", "APT::Update::Error-Mode=any"], env=with_ours)
    run(["apt-get", "download", *packages], env=with_ours, cwd=into)
    return sorted(into.glob("*.deb"))


def mirror() -> str:
    """Return the address of the Debian archive that apt is configured with.

    Raises:
        Unavailable: apt is configured with none.
    """
    for attempt in ("as it is", "after an update"):
        if attempt != "as it is":
            run(["apt-get", "update"])
        lines = run(
            ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(CODENAME)|$(REPO_URI)", "Created-By: Packages"]
        )
        for origin, codename, address in (line.split("|") for line in lines.splitlines()):
            if origin == "Debian" and codename.isalpha():  # not "-updates" or "-security"
                return address
    raise Unavailable("apt is set up with no Debian archive (`apt-get indextargets` names none)")
