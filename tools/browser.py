"""Control Debian's headless Chromium by its WebDriver, and provide axe-core, which checks pages for accessibility."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from tools import debian
from tools.state import Unavailable, folder, lock, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Browser", "axe_core", "browser"]

_AXE = "4.10.3"
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)


class Browser:
    """A browser window. Its methods are commands of the WebDriver protocol (W3C) and of Chromium's extensions.

    Args:
        address: the address of the driver.
        flags: the command-line flags of Chromium.
    """

    def __init__(self, address: str, flags: list[str]) -> None:
        self._address = address
        options = {"args": flags, "binary": _program("chromium")}
        capabilities = {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}
        self._session = self._send("POST", "/session", {"capabilities": capabilities})["sessionId"]

    def open(self, address: str) -> None:
        """Go to a page and wait until it has loaded."""
        self._command("POST", "/url", {"url": address})

    @property
    def address(self) -> str:
        """Address of the current page."""
        return str(self._command("GET", "/url"))

    def script(self, text: str, *arguments: object) -> Any:
        """Run the body of a JavaScript function in the page, and return its result. A promise is awaited."""
        return self._command("POST", "/execute/sync", {"script": text, "args": list(arguments)})

    def cookie(self, name: str, value: str) -> None:
        """Set a cookie for the site of the current page."""
        self._command("POST", "/cookie", {"cookie": {"name": name, "value": value, "path": "/", "httpOnly": True}})

    def devtools(self, method: str, **parameters: object) -> Any:
        """Call a method of the Chrome DevTools Protocol."""
        return self._command("POST", "/goog/cdp/execute", {"cmd": method, "params": parameters})

    def scheme(self, name: str) -> None:
        """Set the preferred colour scheme, `light` or `dark`, as a setting of the operating system would."""
        feature = {"name": "prefers-color-scheme", "value": name}
        self.devtools("Emulation.setEmulatedMedia", features=[feature])

    def size(self, width: int, height: int, *, phone: bool = False) -> None:
        """Set the size of the page in pixels. With `phone`, emulate a mobile device."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone
        )

    def press(self, key: str) -> None:
        """Press and release a key, which is a character or a code point of WebDriver's key actions."""
        actions = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._command("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def messages(self) -> list[str]:
        """Return the console's messages since the last call, including violations of the content security policy."""
        return [entry["message"] for entry in self._command("POST", "/se/log", {"type": "browser"})]

    def screenshot(self, path: Path) -> None:
        """Write a screenshot of the window to a PNG file."""
        path.write_bytes(base64.b64decode(self._command("GET", "/screenshot")))

    def close(self) -> None:
        """End the session."""
        self._command("DELETE", "")

    def _command(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._send(method, f"/session/{self._session}{path}", body)

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._address + path, data, headers, method=method)  # noqa: S310 - our own driver
        try:
            with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {json.load(error)['value']['message']}") from None


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser with a new profile. Install Chromium and its driver if they are missing.

    Raises:
        Unavailable: they cannot be installed or do not start.
    """
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        debian.install("chromium", "chromium-driver")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="browser-") as home:
        driver = subprocess.Popen(
            [_program("chromedriver"), f"--port={port}"],
            env={"PATH": "/usr/bin:/bin", "HOME": home, "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            window = _connect(f"http://127.0.0.1:{port}", [*_FLAGS, f"--user-data-dir={home}/profile"])
            yield window
            window.close()
        finally:
            driver.terminate()
            driver.wait(20)


def _connect(address: str, flags: list[str]) -> Browser:
    """Wait up to 60 seconds until the driver listens, then open a window."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return Browser(address, flags)
        except urllib.error.URLError as error:
            if time.monotonic() > deadline:
                raise Unavailable(f"chromedriver does not answer: {error}") from error
            time.sleep(0.2)


def axe_core() -> str:
    """Return the script of axe-core, from the npm registry."""
    home = folder("axe-core", _AXE)
    script = home / "package" / "axe.min.js"
    with lock("axe-core"):
        if not script.exists():
            run(["npm", "pack", "--silent", f"axe-core@{_AXE}"], cwd=home)
            run(["tar", "-xzf", home / f"axe-core-{_AXE}.tgz", "package/axe.min.js"], cwd=home)
    return script.read_text(encoding="utf-8")


def _program(name: str) -> str:
    path = shutil.which(name)
    if not path:
        raise Unavailable(f"there is no {name}: install the packages chromium and chromium-driver")
    return path
