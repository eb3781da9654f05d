"""Addresses of git repositories, as `docker build` takes them for a context.

    https://host/path.git[#ref[:folder]]      (`.git` is what tells a repository from a download)
    git://host/path  ssh://host/path  user@host:path  github.com/user/repo
    ...?ref=|tag=|branch=|subdir=|checksum=|commit=|submodules=|keep-git-dir=|mtime=|fetch-by-commit=

Source of truth: BuildKit `frontend/dockerfile/dfgitutil`, `util/gitutil` and `client/llb/source.go`. Docker's own
frontend reports what is wrong with an address; here a wrong address is just no repository (None).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from pyenv_frontend.buildkit import llb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.solve.build_options import BuildOptions

__all__ = ["Repository", "parse", "source"]

_SCP = re.compile(r"([A-Za-z0-9_-]+)@([A-Za-z0-9.-]+):(.*?)(?:\?(.*?))?(?:#(.*))?", re.DOTALL)
_TRUE = frozenset({"", "1", "t", "T", "true", "TRUE", "True"})
_PREFIX = {"tag": "refs/tags/", "branch": "refs/heads/"}
_KNOWN = frozenset({
    "ref", "tag", "branch", "subdir", "checksum", "commit", "submodules", "keep-git-dir", "mtime", "fetch-by-commit",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The parts of an address."""

    address: str
    """As the user wrote it."""
    remote: str
    """For git itself: without query and fragment."""
    host: str
    """Without user and port, as BuildKit has it: it is part of the source's identity."""
    path: str
    ssh: bool = False
    ref: str = ""
    folder: str = ""
    query: Mapping[str, str] = field(default_factory=dict)


def parse(address: str) -> Repository | None:
    """Parse an address; None if Docker would not treat it as a repository."""
    if address.startswith(("./", "../")):
        return None
    scheme, separator, _ = address.partition("://")
    if separator and scheme.isalnum():
        return _from_url(address, scheme.lower())
    if address.startswith("github.com/"):
        return _from_url(address, "https", bare=True)
    if (match := _SCP.fullmatch(address)) is not None:
        user, host, path, query, fragment = match.groups()
        remote = f"{user}@{host}:{path}"
        return _with_options(address, remote, host, path, query or "", fragment or "", ssh=True)
    return None


def _from_url(address: str, scheme: str, *, bare: bool = False) -> Repository | None:
    parts = urlsplit(("https://" if bare else "") + address)
    if scheme not in {"http", "https", "ssh", "git"}:
        return None
    if scheme in {"http", "https"} and not bare and not parts.path.endswith(".git"):
        return None
    remote = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    host = parts.netloc.rpartition("@")[2]
    return _with_options(address, remote, host, parts.path, parts.query, parts.fragment, ssh=scheme == "ssh")


def _with_options(  # noqa: PLR0913, PLR0917  # the parts of one address
    address: str, remote: str, host: str, path: str, query: str, fragment: str, *, ssh: bool
) -> Repository | None:
    pairs = parse_qsl(query, keep_blank_values=True)
    query_values = dict(pairs)
    if len(query_values) != len(pairs) or not query_values.keys() <= _KNOWN:
        return None
    ref, _, folder = fragment.partition(":")
    folder = posixpath.normpath("/" + folder).lstrip("/")
    refs_in_query = [query_values["ref"]] if "ref" in query_values else []
    refs_in_query += [value if value.startswith(_PREFIX[key]) else _PREFIX[key] + value
               for key in _PREFIX if (value := query_values.get(key))]  # fmt: skip
    refs = {r for r in (ref, *refs_in_query) if r}
    folders = {f for f in (folder, query_values.get("subdir", "")) if f}
    if len(refs) > 1 or len(folders) > 1:
        return None
    return Repository(
        address=address, remote=remote, host=host, path=path, ssh=ssh,
        ref="".join(refs), folder="".join(folders), query=query_values,
    )  # fmt: skip


def source(repository: Repository, options: BuildOptions) -> llb.OpOutput:
    """Make the op that checks a repository out."""
    query = repository.query
    identity = repository.host + posixpath.normpath("/" + repository.path.lstrip("/"))
    if repository.ref or repository.folder:
        identity += "#" + repository.ref + (":" + repository.folder if repository.folder else "")
    attrs = {
        "git.authheadersecret": "GIT_AUTH_HEADER",
        "git.authtokensecret": "GIT_AUTH_TOKEN",
        "git.fullurl": repository.remote,
    }
    keep = options.build_args.get("BUILDKIT_CONTEXT_KEEP_GIT_DIR", "false") in _TRUE - {""}
    if keep or query.get("keep-git-dir", "false") in _TRUE:
        attrs["git.keepgitdir"] = "true"
    if checksum := query.get("checksum") or query.get("commit"):
        attrs["git.checksum"] = checksum
    if query.get("submodules", "true") not in _TRUE:
        attrs["git.skipsubmodules"] = "true"
    if query.get("fetch-by-commit", "false") in _TRUE:
        attrs["git.fetchbycommit"] = "true"
    if mtime := query.get("mtime"):
        attrs["git.mtime"] = mtime
    if repository.ssh:
        attrs["git.mountsshsock"] = "default"
    return llb.source(f"git://{identity}", attrs, f"[internal] load git source {repository.address}")
