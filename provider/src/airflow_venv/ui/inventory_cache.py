"""Cache the environments of this process, and read only those again whose files have changed."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from airflow_venv.environments import inventory, lookup
from airflow_venv.environments.disk_size import DiskSize, disk_size

if TYPE_CHECKING:
    from airflow_venv.environments.inventory import EnvironmentDetails, EnvironmentReport

__all__ = ["InventoryCache"]

_Stamp = tuple[int, ...]
_SETTLED = 1_000_000_000
"""Nanoseconds by which the clock of files may be behind."""


class InventoryCache:
    """Reports, details and sizes of environments, kept between requests.

    Files that cannot be read are tried again at each request, because the cause may be gone without a change of a
    file's time. Sizes are measured in a separate thread, because walking the files of fifty environments takes seconds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reports: dict[str, tuple[_Stamp, EnvironmentReport]] = {}
        self._details: dict[str, tuple[_Stamp, EnvironmentDetails]] = {}
        self._sizes: dict[str, tuple[_Stamp, DiskSize | None]] = {}
        self._measuring = ThreadPoolExecutor(max_workers=1, thread_name_prefix="environment-sizes")

    def reports(self) -> list[EnvironmentReport]:
        """Return a report on the current state of each environment that this process knows of."""
        with self._lock:
            return [self._report(name, python) for name, python in lookup.environments().items()]

    def report(self, name: str) -> EnvironmentReport | None:
        """Return the report on one environment, or None if this process does not know of it."""
        return next((report for report in self.reports() if report.name == name), None)

    def details(self, report: EnvironmentReport) -> EnvironmentDetails:
        """Return details from the metadata of an environment's packages."""
        stamp = _stamp(report)
        with self._lock:
            if (entry := self._details.get(report.name)) and entry[0] == stamp:
                return entry[1]
        details = inventory.read_details(report)
        if not details.unreadable:
            with self._lock:
                self._details[report.name] = stamp, details
        return details

    def size(self, report: EnvironmentReport) -> DiskSize | None:
        """Return an environment's size on disk; None until it has been measured, and for a bare interpreter."""
        if not report.has_folder:
            return None
        stamp = _stamp(report)
        with self._lock:
            if (entry := self._sizes.get(report.name)) and entry[0] == stamp:
                return entry[1]
            self._sizes[report.name] = stamp, None
        self._measuring.submit(self._measure, report, stamp)
        return None

    def _measure(self, report: EnvironmentReport, stamp: _Stamp) -> None:
        size = disk_size(report.facts.prefix)
        with self._lock:
            self._sizes[report.name] = stamp, size

    def _report(self, name: str, python: str) -> EnvironmentReport:
        entry = self._reports.get(name)
        if entry and not entry[1].facts.unreadable and entry[0] == _stamp(entry[1]):
            return entry[1]
        started = time.time_ns()
        report = inventory.describe(name, python)
        stamp = _stamp(report)
        if max(stamp) < started - _SETTLED:  # nothing has changed while it was read
            self._reports[name] = stamp, report
        return report


def _stamp(report: EnvironmentReport) -> _Stamp:
    """Return the change times (ctime, in nanoseconds) of the files that a report depends on.

    Installing or removing a package changes that of a folder, and so does a change of its permissions.
    """
    facts = report.facts
    paths = (facts.python, facts.prefix, os.path.join(facts.prefix, "pyvenv.cfg"), *facts.site_packages)  # noqa: PTH118
    return tuple(_changed(path) for path in paths)


def _changed(path: str) -> int:
    try:
        return os.stat(path).st_ctime_ns  # noqa: PTH116 - twice as fast, four times per environment and request
    except OSError:
        return -1
