"""The sizes of wheels where an index does not say them: from the lock as it was, or from the server of a wheel."""

from __future__ import annotations

import base64
import http.client
import netrc
import ssl
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from pyenv_frontend.inputs.parsed_toml import parsed_toml
from pyenv_frontend.lock.settings import INDEXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["add_sizes", "sizes_of"]

_SECONDS: Final = 10.0
_AT_ONCE: Final = 16


def sizes_of(lock: bytes | None) -> dict[str, int]:
    """Return the sizes that a lock has, by the hashes of its wheels; none if it is no lock."""
    try:
        packages = parsed_toml(lock or b"").get("packages", [])
        return {_hash(wheel): wheel["size"] for wheel in _wheels(packages) if _hash(wheel) and "size" in wheel}
    except (ValueError, TypeError, AttributeError):
        return {}


def add_sizes(packages: Sequence[Mapping[str, Any]], known: dict[str, int], environ: Mapping[str, str]) -> None:
    """Add the size of each wheel that lacks one. If a server does not answer, its wheels have no size.

    Such a server is waited for once, however many wheels it has.

    Args:
        packages: `[[packages]]` tables, changed in place.
        known: sizes by hash, which are not asked for; those that are found out are added.
        environ: the variables of the installer: its indexes, which may have credentials, and certificates.
    """
    unknown = [wheel for wheel in _wheels(packages) if "size" not in wheel]
    for wheel in unknown:
        if _hash(wheel) in known:
            wheel["size"] = known[_hash(wheel)]
    asked_for = [wheel for wheel in unknown if "size" not in wheel and wheel.get("url", "").startswith("http")]
    if not asked_for:
        return
    ask = _Asker(environ)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for wheel, size in zip(asked_for, pool.map(ask.size, [wheel["url"] for wheel in asked_for]), strict=True):
            if size is not None:
                wheel["size"] = size
                if _hash(wheel):
                    known[_hash(wheel)] = size


def _wheels(packages: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    return (wheel for package in packages for wheel in package.get("wheels", ()))


def _hash(wheel: Mapping[str, Any]) -> str:
    return str(wheel.get("hashes", {}).get("sha256", ""))


class _Asker:
    """Asks servers for the sizes of files."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._silent: set[str] = set()
        """Servers that have not answered in time."""
        try:
            self._tls = ssl.create_default_context(cafile=environ.get("SSL_CERT_FILE") or None)
        except OSError:
            self._tls = ssl.create_default_context()

    def size(self, url: str) -> int | None:
        """Return the size of the file at an address of HTTP, or None if its server does not say it."""
        parts = urlsplit(url)
        server = parts.netloc.rpartition("@")[2]
        if server in self._silent:
            return None
        bare = parts._replace(netloc=server, fragment="").geturl()
        headers = {"Accept-Encoding": "identity"}
        request = urllib.request.Request(bare, method="HEAD", headers=headers)  # noqa: S310 - only for addresses of HTTP
        credentials = self._credentials(url)
        if credentials:
            # Not sent on to where a redirect leads.
            encoded = base64.b64encode(credentials.encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {encoded}")
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS, context=self._tls) as answer:  # noqa: S310 - likewise
                # Some servers have no length, or none but 0, in an answer without content.
                return int(answer.headers["Content-Length"]) or None
        except (OSError, ValueError, TypeError, http.client.HTTPException) as error:
            if isinstance(getattr(error, "reason", error), TimeoutError):
                self._silent.add(server)
            return None

    def _credentials(self, url: str) -> str:
        """Return user and password for an address: its own, those of an index on its host, or those of `.netrc`."""
        host = urlsplit(url).netloc.rpartition("@")[2]
        words = [word.rpartition("=")[2] for name in INDEXES for word in self._environ.get(name, "").split()]
        for place in map(urlsplit, (url, *words)):
            if place.username and place.netloc.rpartition("@")[2] == host:
                return f"{unquote(place.username)}:{unquote(place.password or '')}"
        try:
            entry = netrc.netrc(self._environ.get("NETRC")).authenticators(urlsplit(url).hostname or "")
        except (OSError, netrc.NetrcParseError):
            return ""
        return f"{entry[0]}:{entry[2]}" if entry else ""
