"""The command line: `airflow-venv list | show NAME | doctor [DAG_FOLDER]`, text or JSON. Airflow is not imported."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any

from airflow_venv.environments import inventory, lookup
from airflow_venv.environments.disk_size import disk_size
from airflow_venv.environments.doctor import Finding, examine, examine_dags
from airflow_venv.errors import VenvError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_venv.environments.inventory import EnvironmentReport

__all__ = ["main"]

_PROBLEMS = 1
_USAGE = 64
_NONE = f"There are no environments here: no variable {lookup.PREFIX}* is set."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 1 if there are problems, 64 for a wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except VenvError as error:
        print(f"airflow-venv: {error}", file=sys.stderr)
        return _USAGE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="airflow-venv", description="The Python environments that tasks can run in.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="the environments here, their Python, and whether it can be started")
    listing.set_defaults(run=_list)
    show = commands.add_parser("show", help="one environment and its packages")
    show.add_argument("name", help="as in @task.venv(NAME)")
    show.set_defaults(run=_show)
    doctor = commands.add_parser("doctor", help="start every environment and look for what is wrong")
    doctor.add_argument("folder", nargs="?", metavar="DAG_FOLDER", help="check what the DAG files here ask for, too")
    doctor.set_defaults(run=_doctor)
    for command in (listing, show, doctor):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _list(options: argparse.Namespace) -> int:
    reports = inventory.describe_all()
    if options.json:
        print(json.dumps([_json(report) for report in reports], indent=2))
    elif not reports:
        print(_NONE)
    else:
        _table(
            ["NAME", "PYTHON", "PACKAGES", "PATH"],
            [[report.name, report.version or "?", str(len(report.packages)), report.python] for report in reports],
        )
        for report in reports:
            if report.problem:
                print(f"\n{report.name}: {report.problem}")
    return _PROBLEMS if any(report.problem for report in reports) else 0


def _show(options: argparse.Namespace) -> int:
    report = inventory.describe(options.name, lookup.find(lookup.check_name(options.name)))
    if options.json:
        print(json.dumps(_json(report), indent=2))
    else:
        print(f"{report.name}: Python {report.version or '?'}, {report.python}")
        if report.system_site_packages:
            print("It also sees the packages of its base interpreter.")
        if report.problem:
            print(report.problem)
        _table(["PACKAGE", "VERSION"], [list(item) for item in sorted(report.packages.items())])
    return _PROBLEMS if report.problem else 0


def _json(report: EnvironmentReport) -> dict[str, Any]:
    return inventory.to_json(report, disk_size(report.prefix) if report.has_folder else None)


def _doctor(options: argparse.Namespace) -> int:
    known = lookup.environments()
    findings = [finding for name, python in known.items() for finding in examine(name, python)]
    if not known:
        findings.append(Finding("", "none", _NONE))
    if options.folder:
        findings += examine_dags(options.folder)
    if options.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            where = " ".join(filter(None, [finding.place, finding.environment]))
            print(f"{where}: {finding.message}" if where else finding.message)
        if not findings:
            print(f"{len(known)} environment{'s' * (len(known) != 1)}, nothing wrong.")
    return _PROBLEMS if findings else 0


def _table(head: list[str], rows: list[list[str]]) -> None:
    """Print aligned columns."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


if __name__ == "__main__":
    sys.exit(main())
