"""Fixtures that run functions both in a new process and in a fork of a warm process."""

import contextlib
import os
import signal
import tempfile
from pathlib import Path

import pytest

from airflow_venv.worker import warm_processes
from tests.support import children


def pytest_generate_tests(metafunc):
    """Run a test both ways, unless its marker selects one."""
    if "way" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("way")
        metafunc.parametrize("way", marker.args if marker else ("cold", "warm"), indirect=True)


@pytest.fixture(scope="session")
def warm_home():
    """Provide a folder for the warm processes that all tests share."""
    with tempfile.TemporaryDirectory(prefix="w") as base:
        home = Path(base) / "warm"
        yield home
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(warm_processes, "folder", lambda: home)
            pids = [about["pid"] for about in warm_processes.running()]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def way(request, monkeypatch, warm_home):
    """Select whether functions run in new processes or in forks."""
    monkeypatch.setattr(children, "warm_by_default", request.param == "warm")
    monkeypatch.setattr(warm_processes, "folder", lambda: warm_home)
    return request.param


@pytest.fixture
def warm_folder(monkeypatch, tmp_path_factory):
    """Give each test its own folder, and end its warm processes."""
    monkeypatch.setattr(children, "warm_by_default", True)
    base = tmp_path_factory.mktemp("w")
    folder = base / f"airflow-venv-{os.getuid()}"
    monkeypatch.setattr(warm_processes, "folder", lambda: folder)
    yield folder
    pids = [about["pid"] for about in warm_processes.running()]
    with contextlib.suppress(OSError):
        warm_processes.stop_all()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
