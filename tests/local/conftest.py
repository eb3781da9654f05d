"""Fixtures for tests without an engine: uv is on PATH, and the user's settings for installers are removed."""

import os

import pytest

from tools import interpreters


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("UV_", "ASTRO_PYENV_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{interpreters.uv().parent}:{os.environ['PATH']}")
