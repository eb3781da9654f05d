"""The findings of `check` as text, JSON and SARIF 2.1.0, and in the formats of GitHub and GitLab."""

from __future__ import annotations

import hashlib
import json
import posixpath
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from pyenv_frontend.errors import explained, point
from pyenv_frontend.lint.ruleset import RULES
from pyenv_frontend.positions import Location, SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenv_frontend.errors import UserError
    from pyenv_frontend.lint.ruleset import LintWarning

__all__ = ["ERROR_RULE", "Finding", "as_github", "as_gitlab", "as_json", "as_sarif", "as_text", "summary"]

ERROR_RULE: Final = "PyenvError"
"""The rule of a mistake in formats in which every finding needs one."""

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A mistake or advice."""

    level: Literal["error", "warning"]
    rule: str
    message: str
    locations: tuple[Location, ...]
    """The first is the place of the finding."""

    expected: str = ""
    hint: str = ""

    @classmethod
    def of_error(cls, error: UserError) -> Finding:
        """Create a finding from an error."""
        return cls(
            level="error",
            rule=ERROR_RULE,
            message=error.message,
            locations=error.locations,
            expected=error.expected,
            hint=error.hint,
        )

    @classmethod
    def of_advice(cls, advice: LintWarning, *, error: bool) -> Finding:
        """Create a finding from a warning, which `# check=error=true` turns into an error."""
        return cls(
            level="error" if error else "warning",
            rule=advice.rule.name,
            message=advice.message,
            locations=tuple(dict.fromkeys((advice.location, *advice.details))),  # those of a heredoc are the same
        )

    def under(self, prefix: str, dockerfile: SourceFile) -> Finding:
        """Return the finding with paths of the build context relative to here; `prefix` is the path to the context."""
        files = {location.file for location in self.locations} - {dockerfile}
        renamed = {file: SourceFile(posixpath.join(prefix, file.name), file.data) for file in files}
        locations = tuple(
            Location(renamed.get(location.file, location.file), location.span) for location in self.locations
        )
        return replace(self, locations=locations)


def as_text(findings: Sequence[Finding]) -> str:
    """Return every finding with its line and a caret; empty if there are none."""
    return "\n\n".join(map(_text, findings)) + ("\n" if findings else "")


def _text(finding: Finding) -> str:
    rule = "" if finding.rule == ERROR_RULE else f"{finding.rule}: "
    headline = f"{point(finding.locations[0])}: {finding.level}: {rule}{finding.message}"
    return explained(headline, finding.locations, finding.expected, finding.hint)


def summary(findings: Sequence[Finding], *, files: int) -> str:
    """Return one sentence with the numbers of findings, and where their rules are explained."""
    where = _counted(files, "Dockerfile")
    if not findings:
        return f"{where}: no errors, no warnings"
    levels = [finding.level for finding in findings]
    numbers = [_counted(levels.count(level), level) for level in ("error", "warning") if level in levels]
    rules = [finding.rule for finding in findings if finding.rule != ERROR_RULE]
    explained = f"; `pyenv-frontend rule {rules[0]}` says why" if rules else ""
    return f"{where}: {' and '.join(numbers)}{explained}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def as_json(findings: Sequence[Finding]) -> str:
    """Return an object with the findings and their numbers."""
    levels = [finding.level for finding in findings]
    report = {
        "errors": levels.count("error"),
        "warnings": levels.count("warning"),
        "findings": [
            {
                "level": finding.level,
                "rule": finding.rule,
                "message": finding.message,
                "expected": finding.expected,
                "hint": finding.hint,
                **_json_place(finding.locations[0]),
                "related": [_json_place(location) for location in finding.locations[1:]],
            }
            for finding in findings
        ],
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _json_place(location: Location) -> dict[str, Any]:
    start, end = location.position, location.end
    return {
        "file": location.file.name,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
    }


def as_sarif(findings: Sequence[Finding]) -> str:
    """Return a SARIF log of one run."""
    rules: list[dict[str, Any]] = [{"id": ERROR_RULE, "shortDescription": {"text": "A PYENV that cannot be built"}}]
    rules += [
        {"id": rule.name, "shortDescription": {"text": rule.summary}, "help": {"text": rule.why}} for rule in RULES
    ]
    driver = {"name": "pyenv-frontend", "version": version("pyenv-frontend"), "rules": rules}
    names = [rule["id"] for rule in rules]
    results = [
        {
            "ruleId": finding.rule,
            "ruleIndex": names.index(finding.rule),
            "level": finding.level,
            "message": {"text": ". ".join(filter(None, (finding.message, finding.hint)))},
            "locations": [_sarif_place(finding.locations[0])],
            "relatedLocations": [_sarif_place(location) for location in finding.locations[1:]],
        }
        for finding in findings
    ]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _sarif_place(location: Location) -> dict[str, Any]:
    start, end = location.position, location.end
    region = {"startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(location.file.name)}, "region": region}}


def _uri(name: str) -> str:
    path = PurePath(name)
    return path.as_uri() if path.is_absolute() else quote(posixpath.normpath(path.as_posix()))


def as_github(findings: Sequence[Finding]) -> str:
    """Return workflow commands, which GitHub Actions shows as annotations of the changed lines."""
    return "".join(map(_github, findings))


def _github(finding: Finding) -> str:
    start, end = finding.locations[0].position, finding.locations[0].end
    properties: dict[str, object] = {
        "file": finding.locations[0].file.name,
        "line": start.line,
        "endLine": end.line,
        "col": start.column,
        "title": finding.rule,
    }
    if start.line == end.line:  # GitHub accepts columns only within one line
        properties["endColumn"] = end.column
    written = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items())
    text = "\n".join(
        filter(None, (finding.message, finding.expected and f"expected: {finding.expected}", finding.hint))
    )
    return f"::{finding.level} {written}::{_escaped(text)}\n"


def _escaped(text: str, others: str = "") -> str:
    """Escape for GitHub's runner."""
    return "".join(f"%{ord(char):02X}" if char in f"%\r\n{others}" else char for char in text)


def as_gitlab(findings: Sequence[Finding]) -> str:
    """Return a Code Quality report, which GitLab shows in merge requests."""
    severities = {"error": "major", "warning": "minor"}
    report = []
    for finding in findings:
        location = finding.locations[0]
        words = (finding.rule, location.file.name, finding.message, location.file.line_text(location.position.line))
        report.append(
            {
                "description": finding.message,
                "check_name": finding.rule,
                "fingerprint": hashlib.sha256("\0".join(map(str, words)).encode("utf-8", "replace")).hexdigest(),
                "severity": severities[finding.level],
                "location": {"path": location.file.name, "lines": {"begin": location.position.line}},
            }
        )
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"
