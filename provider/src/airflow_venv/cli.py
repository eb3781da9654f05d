"""The command line: `airflow-venv list | show NAME | doctor | warm`, text or JSON. Airflow is not imported."""

from __future__ import annotations

# PYTHON_ARGCOMPLETE_OK
import argparse
import dataclasses
import importlib
import io
import json
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from airflow_venv.environments import inventory, lookup
from airflow_venv.environments.usage import EnvironmentUse, environment_uses, to_json
from airflow_venv.errors import VenvError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_PROBLEMS = 1
_USAGE = 64
_INTERRUPTED = 130
_BROKEN_PIPE = 141
"""The exit code of a program that SIGPIPE ended."""
_NONE = f"There are no environments here: no variable {lookup.PREFIX}* is set."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code, one of those above or 0."""
    for stream in (sys.stdout, sys.stderr):
        # Names and paths may contain characters that the terminal's encoding lacks.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parser = _parser()
    _complete(parser)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except VenvError as error:
        print(f"airflow-venv: {error}", file=sys.stderr)
        return _USAGE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # `airflow-venv list | head`
        # Python flushes the rest at its end, and would report the same error again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    return code


class _Parser(argparse.ArgumentParser):
    """A parser that names the nearest word, and ends as `pyenv-frontend` does."""

    def error(self, message: str) -> NoReturn:
        """Report incorrect usage."""
        import difflib  # noqa: PLC0415 - needed only for an error
        import re  # noqa: PLC0415

        known = [word for action in self._actions for word in (*action.option_strings, *(action.choices or ()))]
        for word in re.findall(r"(?<=invalid choice: ')[^']+|(?<= )--[\w-]+$", message):
            for near in difflib.get_close_matches(word, known, 1):
                message = f"{message}; did you mean {near}?"
        self.print_usage(sys.stderr)
        self.exit(_USAGE, f"{self.prog}: error: {message}\n")


class _Version(argparse.Action):
    """Print the version of the distribution and exit."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
        """Print the version. The import for reading metadata is not needed otherwise."""
        from importlib import metadata  # noqa: PLC0415

        print(f"airflow-venv {metadata.version('airflow-provider-venv')}")
        parser.exit(0)


def _complete(parser: argparse.ArgumentParser) -> None:
    """Complete words for a shell, with the package argcomplete that Airflow installs."""
    if "_ARGCOMPLETE" not in os.environ:
        return
    try:
        argcomplete = importlib.import_module("argcomplete")
    except ImportError:
        return
    argcomplete.autocomplete(parser)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="airflow-venv", description="The Python environments that tasks can run in.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="the environments here, their Python, and whether it can be started")
    listing.set_defaults(run=_list)
    show = commands.add_parser("show", help="one environment and its packages")
    show.add_argument("name", help="as in @task.venv(NAME)")
    show.set_defaults(run=_show)
    doctor = commands.add_parser("doctor", help="start every environment and look for what is wrong")
    doctor.set_defaults(run=_doctor)
    for command in (listing, show):
        command.add_argument("folder", nargs="?", metavar="DAG_FOLDER", help="name its functions that use them, too")
        command.add_argument(
            "--format", choices=("text", "json", "html"), default="text", help="html: one file for a browser, to stdout"
        )
        command.add_argument("--json", action="store_const", const="json", dest="format", help="as --format=json")
    doctor.add_argument("folder", nargs="?", metavar="DAG_FOLDER", help="check what the DAG files here ask for, too")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.add_argument(
        "--warm",
        action="store_true",
        help="say whether tasks can be forked, trying the imports of the functions in DAG_FOLDER, which takes time",
    )
    processes = commands.add_parser("warm", help="the processes that tasks with warm=True are forked from")
    actions = processes.add_subparsers(required=True, metavar="ACTION")
    warm_list = actions.add_parser("list", help="your warm processes on this machine")
    warm_list.set_defaults(run=_warm_list)
    warm_stop = actions.add_parser("stop", help="end them; running tasks go on, the next ones start another")
    warm_stop.set_defaults(run=_warm_stop)
    for command in (warm_list, warm_stop):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _list(options: argparse.Namespace) -> int:
    uses = environment_uses(inventory.describe_all(), options.folder, measure=options.format != "text")
    if options.format == "json":
        print(json.dumps([to_json(use) for use in uses], indent=2))
    elif options.format == "html":
        _print_html("Environments", uses)
    elif not uses:
        print(_NONE)
    else:
        _print_list(uses, with_users=options.folder is not None)
    return _PROBLEMS if any(use.problem for use in uses) else 0


def _print_list(uses: Sequence[EnvironmentUse], *, with_users: bool) -> None:
    rows = [["NAME", "PYTHON", "PACKAGES", "USED BY", "PATH"]]
    for use in uses:
        report, users = use.report, f"{len(use.demands)} functions" if len(use.demands) != 1 else "1 function"
        rows.append(
            [use.name, report.facts.version_text or "?", str(len(report.facts.packages)), users, report.facts.python]
            if report
            else [use.name, "", "", users, "missing"]
        )
    _table(rows if with_users else [[*row[:3], row[4]] for row in rows])
    for use in uses:
        for text in (use.problem, *(use.report.facts.unreadable if use.report else ())):
            if text:
                print(f"\n{use.name}: {text}")


def _show(options: argparse.Namespace) -> int:
    report = inventory.describe(options.name, lookup.find(options.name))
    (use, *_) = environment_uses([report], options.folder, measure=options.format != "text")
    if options.format == "json":
        print(json.dumps(to_json(use), indent=2))
    elif options.format == "html":
        _print_html(use.name, [use])
    else:
        print(f"{report.name}: Python {report.facts.version_text or '?'}, {report.facts.python}")
        if report.facts.system_site_packages:
            print("It also sees the packages of its base interpreter.")
        if report.facts.pyenv_line:
            print(f"Built from {report.facts.pyenv_line}")
        for text in (report.problem, *report.facts.unreadable):
            if text:
                print(text)
        _table([["PACKAGE", "VERSION"], *(list(item) for item in sorted(report.facts.packages.items()))])
        for demand in use.demands:
            print(f"{demand.file}:{demand.line} {demand.function}".rstrip())
    return _PROBLEMS if use.problem else 0


def _print_html(title: str, uses: Sequence[EnvironmentUse]) -> None:
    # Imported here, since Jinja is slow to import and comes with Airflow.
    from airflow_venv.ui.file_report import html_file  # noqa: PLC0415

    sys.stdout.buffer.write(html_file(title, uses).encode(errors="replace"))


def _doctor(options: argparse.Namespace) -> int:
    # Imported here, since `list` starts no processes.
    from airflow_venv.environments.doctor import Finding, examine, examine_dags  # noqa: PLC0415

    known = lookup.environments()
    findings = [finding for name, python in known.items() for finding in examine(name, python)]
    if not known:
        findings.append(Finding("", "none", _NONE))
    if options.folder:
        findings += examine_dags(options.folder)
    forks: list[Finding] = []
    if options.warm:
        from airflow_venv.fork_check import examine_forks  # noqa: PLC0415

        forks += examine_forks(options.folder)
    if options.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in [*findings, *forks]], indent=2))
    else:
        for finding in [*findings, *forks]:
            where = " ".join(filter(None, [finding.place, finding.environment]))
            print(f"{where}: {finding.message}" if where else finding.message)
        if not findings:
            print(f"{len(known)} environment{'s' * (len(known) != 1)}, nothing wrong.")
    return _PROBLEMS if findings else 0


def _warm_list(options: argparse.Namespace) -> int:
    from airflow_venv.worker import warm_processes  # noqa: PLC0415 - the other commands are to start fast

    processes = warm_processes.running()
    if options.json:
        print(json.dumps(processes, indent=2))
    elif not processes:
        print("There are no warm processes.")
    else:
        rows = [["PID", "MB", "RUNNING", "TASKS", "IDLE", "PYTHON", "MODULES"]]
        for about in processes:
            counts = [str(about.get(key, "?")) for key in ("running", "tasks", "idle")]
            modules = ", ".join(about.get("modules", ["(it is busy)"]))
            memory = str(about.get("memory", 0) >> 20)
            rows.append([str(about["pid"] or "?"), memory, *counts, str(about["python"]), modules])
        _table(rows)
    return 0


def _warm_stop(options: argparse.Namespace) -> int:
    from airflow_venv.worker import warm_processes  # noqa: PLC0415 - the other commands are to start fast

    count = warm_processes.stop_all()
    print(json.dumps({"stopped": count}) if options.json else f"{count} warm process{'es' * (count != 1)} stopped.")
    return 0


def _table(rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


if __name__ == "__main__":
    sys.exit(main())
