"""Define the rules, each with its text for the reference, its examples, which the tests run, and its check.

Everything about a rule is defined in this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pyenv_frontend.dockerfile import Comment
from pyenv_frontend.dockerfile.directives import detect_syntax
from pyenv_frontend.lint.requirement import normalized_name
from pyenv_frontend.positions import Location, Span
from pyenv_frontend.pyenv.versions import SERIES
from pyenv_image.pip_format import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from packaging.version import Version

    from pyenv_frontend.lint.case import LintCase
    from pyenv_frontend.lint.requirement import LintRequirement

__all__ = ["RULES", "LintWarning", "Problem", "Rule"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that the check of a rule has found."""

    message: str
    """One sentence, without a full stop, that names the problem and what to do."""

    location: Location
    """The word of the Dockerfile that causes it."""

    details: tuple[Location, ...] = ()
    """Further lines, of the Dockerfile or other files, that the problem is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that PYENV instructions are checked with."""

    name: str
    """Name of the rule, as in `# check=skip=`."""

    summary: str
    """One sentence that says what is wrong, for Docker's summary of warnings."""

    why: str
    """Paragraphs for the reference that say why it matters and what to do."""

    bad: str
    """A Dockerfile with the warning."""

    good: str
    """A similar Dockerfile without the warning."""

    check: Callable[[LintCase], Iterator[Problem]]
    """Function that yields the problems of one PYENV."""

    files: Mapping[str, str] = field(default_factory=dict)
    """Contents of the files in the build context of the examples, by path."""

    @property
    def page(self) -> str:
        """Path of the rule's page in the reference, relative to the root of the repository."""
        return f"docs/reference/rules/{self.name}.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class LintWarning:
    """A problem and the rule that found it."""

    rule: Rule
    problem: Problem

    @property
    def message(self) -> str:
        """The message of the problem."""
        return self.problem.message

    @property
    def location(self) -> Location:
        """The word of the Dockerfile that causes the problem."""
        return self.problem.location

    @property
    def details(self) -> tuple[Location, ...]:
        """Further lines, of the Dockerfile or other files, that the problem is about."""
        return self.problem.details

    @property
    def text(self) -> str:
        """The warning in one line, in Docker's format: `Rule: message (line 3)`."""
        return f"{self.rule.name}: {self.message} (line {self.location.position.line})"


RULES: Final[list[Rule]] = []
"""All rules, in the order of their warnings about one instruction."""


def _rule(  # noqa: PLR0913 - the fields of a rule
    *, name: str, summary: str, why: str, bad: str, good: str, files: Mapping[str, str] | None = None
) -> Callable[[Callable[[LintCase], Iterator[Problem]]], Callable[[LintCase], Iterator[Problem]]]:
    """Return a decorator that adds a rule to `RULES`. The decorated function is the rule's check."""

    def add(check: Callable[[LintCase], Iterator[Problem]]) -> Callable[[LintCase], Iterator[Problem]]:
        rule = Rule(name=name, summary=summary, why=why, bad=bad, good=good, check=check, files=files or {})
        RULES.append(rule)
        return check

    return add


@_rule(
    name="PyenvSyntaxMissing",
    summary="Docker does not use this frontend for the file",
    why="A Dockerfile chooses its frontend with a `# syntax=` line, and Docker reads that line only at the very top: "
    "above every comment, instruction and blank line. Without it Docker's own frontend reads the file and fails with "
    "`unknown instruction: PYENV`.\n\nMove the line to the top. Where every build gives the frontend by the build-arg "
    "`BUILDKIT_SYNTAX`, switch the rule off. Only `pyenv-frontend check` has this rule: a build has "
    "found its frontend.",
    bad="# The image of our scheduler\n# syntax=pyenv-frontend:dev\nFROM apache/airflow:3.0.6\nPYENV 3.14 reports\n",
    good="# syntax=pyenv-frontend:dev\n# The image of our scheduler\nFROM apache/airflow:3.0.6\nPYENV 3.14 reports\n",
)
def _syntax(case: LintCase) -> Iterator[Problem]:
    if not case.standalone or case.number or "BUILDKIT_SYNTAX" in case.build_args:
        return
    document = case.program.document
    syntax = detect_syntax(document.file.data)
    if syntax is None:
        late = next((node for node in document.nodes if isinstance(node, Comment) and _SYNTAX.match(node.text)), None)
        if late is not None:
            yield Problem("this syntax line has no effect: move it to the first line of the file", late.location)
        else:
            message = "the file has no syntax line: write # syntax=pyenv-frontend:dev as its first line"
            yield Problem(message, case.pyenv.instruction.command.keyword.location)
    elif _DOCKERS_OWN.match(syntax.first_word):
        start = document.file.starts[syntax.line - 1]
        line = Location(document.file, Span(start, start + len(document.file.line_text(syntax.line))))
        shown = syntax.first_word.decode(errors="replace")
        yield Problem(f"{shown} does not know PYENV: write # syntax=pyenv-frontend:dev", line)


_SYNTAX: Final = re.compile(rb"\s*#\s*syntax\s*=", re.IGNORECASE)
_DOCKERS_OWN: Final = re.compile(rb"(docker\.io/)?docker/dockerfile(-upstream)?([:@]|$)")


@_rule(
    name="PyenvEndOfLifePython",
    summary="The Python of an environment gets no security fixes any more",
    why="Every series of Python is maintained for five years. After that a hole that is found stays open; libraries "
    "stop publishing wheels for it, so that an install that works today may fall back to a version of years ago or to "
    "a compiler.\n\nUse a newer series if the libraries allow it. Where one of them ties you to the old one, which is "
    "what PYENV is often used for, switch the rule off for that one instruction.",
    bad="FROM apache/airflow:3.0.6\nPYENV 3.8 snowpark\n",
    good="FROM apache/airflow:3.0.6\n# check=skip=PyenvEndOfLifePython\nPYENV 3.8 snowpark\nPYENV 3.14 reports\n",
)
def _end_of_life(case: LintCase) -> Iterator[Problem]:
    version = case.pyenv.version
    series = SERIES.get(version.minor)
    if series and series.end_of_life < case.today:
        message = f"Python {series.minor} has had no security fixes since {series.end_of_life.isoformat()}"
        yield Problem(message, case.at(version.span))


@_rule(
    name="PyenvStaleLock",
    summary="The lock of an environment does not fit it any longer",
    why="A lock was made from requirements, for a Python and platforms. If one of them has changed, it may lack "
    "packages or hold the wrong ones, so it is not used: the requirements are resolved in the build, as if there were "
    "no lock.\n\nRun `pyenv-frontend lock <name>` and commit the result. `PYENV --lock=require` makes a stale lock an "
    "error, `--lock=off` says that none is wanted.",
    bad="FROM apache/airflow:3.0.6\nPYENV 3.14 reports reports.txt\n",
    good="FROM apache/airflow:3.0.6\nPYENV --lock=off 3.14 reports reports.txt\n",
    files={
        "reports.txt": "pandas==2.3.3\n",
        "pylock.reports.toml": "[tool.pyenv-frontend]\nformat = 2\npython = '3.13'\nlibc = 'glibc 2.36'\n"
        "platforms = ['linux/amd64']\n[tool.pyenv-frontend.inputs]\nPython = '3.13'\n",
    },
)
def _stale_lock(case: LintCase) -> Iterator[Problem]:
    if case.inputs is not None and case.inputs.stale_lock:
        name = case.pyenv.name
        message = f"{case.inputs.stale_lock} does not fit and is not used: {case.inputs.lock_remedy}"
        yield Problem(message, case.at(name.span))


@_rule(
    name="PyenvUnpinnedRequirements",
    summary="Requirements without an exact version differ from build to build",
    why="A requirement such as `pandas` or `pandas>=2` is whatever is newest when the step runs without cache: two "
    "images built from one commit may behave differently, and somebody else's release breaks a build of yours.\n\n"
    "Write exact versions (`pandas==2.3.3`), add a constraints file (`--constraint=FILE`, or `-c FILE` in the "
    "requirements), or use a lock. `pyenv-frontend lock NAME` writes one for the Python, the libc and the platforms of "
    "the environment, which builds then take; `pylock.toml`, and `pyproject.toml` with `uv.lock`, are locks too. A "
    "requirement whose marker excludes Linux is not meant.",
    bad="FROM apache/airflow:3.0.6\nPYENV 3.14 reports <<EOF\npandas>=2\nEOF\n",
    good="FROM apache/airflow:3.0.6\nPYENV 3.14 reports <<EOF\npandas==2.3.3\nEOF\n",
)
def _unpinned(case: LintCase) -> Iterator[Problem]:
    if case.inputs is not None and case.inputs.stale_lock:
        return  # PyenvStaleLock says what to do.
    constrained = {normalized_name(requirement.name) for requirement in case.constraints if requirement.is_exact}
    loose = [
        (listed, requirement)
        for listed, requirement in case.requirements
        if not (listed.locked or requirement.url or requirement.is_exact)
        and normalized_name(requirement.name) not in constrained
        and _may_be_installed(requirement)
    ]
    if not loose:
        return
    names = [*dict.fromkeys(requirement.name for _, requirement in loose)]
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    verb = "has" if len(names) == 1 else "have"
    name = case.pyenv.name.text
    remedy = f"write a lock with pyenv-frontend lock {name}"
    if case.pyenv.options.lock == "off":
        remedy = f"write exact versions, or leave --lock=off out and {remedy}"
    elif case.inputs is not None and case.inputs.lock_to_admit:
        remedy += f", and {case.inputs.lock_to_admit}"
    yield Problem(
        f"{shown} {verb} no exact version in the environment {name}: {remedy}",
        loose[0][0].origin.word,
        tuple(listed.origin.locations[-1] for listed, _ in loose),
    )


_NAMED: Final = 5
"""Maximum number of requirements that a message names."""


def _may_be_installed(requirement: LintRequirement) -> bool:
    """Return whether a requirement's marker may be true on Linux, the system of every image."""
    marker = requirement.marker
    if not marker:
        return True
    # Only comparisons with the system's names are evaluated, and only in a plain conjunction.
    parts = [part.strip() for part in re.split(r"\band\b", marker)]
    return "(" in marker or " or " in marker or not any(map(_is_elsewhere, parts))


def _is_elsewhere(comparison: str) -> bool:
    """Return whether a comparison in a marker excludes Linux."""
    match = _SYSTEM.fullmatch(comparison)
    if match is None:
        return False
    ours = _LINUX[match["name"]]
    return (match["value"] == ours) is (match["operator"] == "!=")


_SYSTEM: Final = re.compile(
    r"""(?P<name>sys_platform|platform_system|os_name)\s*(?P<operator>==|!=)\s*["'](?P<value>[^"']*)["']"""
)
_LINUX: Final = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}


@_rule(
    name="PyenvAirflowVersionDiffers",
    summary="The environment has another Airflow than the image",
    why="A task that imports Airflow in its environment talks to the Airflow of the image. If the two versions differ, "
    "what one writes the other may not read: serialised arguments, connections, the task's own interface.\n\n"
    "Most environments need no Airflow at all: connections, variables, XCom and the context are served to `@task.venv` "
    "functions without it. Leave the requirement out, or write the version of the base image.",
    bad="FROM apache/airflow:3.0.6\nPYENV 3.14 reports <<EOF\napache-airflow==2.11.0\nEOF\n",
    good="FROM apache/airflow:3.0.6\nPYENV 3.14 reports <<EOF\napache-airflow==3.0.6\nEOF\n",
)
def _airflow(case: LintCase) -> Iterator[Problem]:
    requirements = [
        (listed, requirement)
        for listed, requirement in case.requirements
        if normalized_name(requirement.name) in {"apache-airflow", "apache-airflow-core"}
    ]
    version = _airflow_of_base(case) if requirements else None
    if version is None:
        return
    for listed, requirement in requirements:
        if not requirement.versions.contains(version, prereleases=True):
            message = (
                f"{requirement.name}{requirement.versions} is not the {version} of the base image {case.stage.root}"
            )
            yield Problem(message, listed.origin.word, listed.origin.locations[1:])


_AIRFLOW_IMAGE: Final = re.compile(r"(?:.*/)?apache/airflow:(?:slim-)?(\d+\.\d+\.\d+[a-z0-9]*)(?:-.*)?")


def _airflow_of_base(case: LintCase) -> Version | None:
    """Return the version of Airflow in the base image, from its variable `AIRFLOW_VERSION` or its tag, or None."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - few environments require Airflow

    tag = _AIRFLOW_IMAGE.fullmatch(case.stage.root.partition("@")[0])
    try:
        return Version(case.environment.state.variables.get("AIRFLOW_VERSION") or (tag[1] if tag else ""))
    except InvalidVersion:
        return None


@_rule(
    name="PyenvOtherPythonRequired",
    summary="A project is for other versions of Python than the environment has",
    why="`requires-python` in a `pyproject.toml` says which Python the project is for. PYENV installs the project's "
    "dependencies and not the project, so that nothing stops it with another Python: its code may fail when it runs. "
    "With a `uv.lock`, uv refuses it.\n\n"
    "Write a version that the project is for. Where the environment is for a part of the dependencies alone, such as a "
    "group, switch the rule off for that instruction.",
    bad="FROM apache/airflow:3.0.6\nPYENV 3.11 reports reports/pyproject.toml\n",
    good="FROM apache/airflow:3.0.6\nPYENV 3.12 reports reports/pyproject.toml\n",
    files={"reports/pyproject.toml": "[project]\nname = 'reports'\nversion = '1'\nrequires-python = '>=3.12'\n"},
)
def _other_python(case: LintCase) -> Iterator[Problem]:
    version = case.pyenv.version
    releases = [version.full] if version.full else [f"{version.minor}.{number}" for number in range(_RELEASES)]
    for required in case.inputs.requires_python if case.inputs else ():
        from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - few PYENVs name a project

        try:
            versions = SpecifierSet(required.text)
        except InvalidSpecifier:
            continue
        if not any(versions.contains(release, prereleases=True) for release in releases):
            file = required.origin.locations[-1].file.name
            message = f"{file} requires Python {required.text}, and this environment has {version.text}"
            yield Problem(message, case.at(version.span), required.origin.locations[1:])


_RELEASES: Final = 40
"""More than the releases of any series."""


@_rule(
    name="PyenvSimilarNames",
    summary="Two environments have names that are easily taken for one another",
    why="`Reports` and `reports` are two environments, and so are `my-env` and `my_env` of two stages. In a DAG a slip "
    "of one key takes the wrong one, without an error.\n\nGive them names that differ in a word.",
    bad="FROM apache/airflow:3.0.6\nPYENV 3.14 reports\nPYENV 3.13 Reports\n",
    good="FROM apache/airflow:3.0.6\nPYENV 3.14 reports\nPYENV 3.13 reports_old\n",
)
def _similar(case: LintCase) -> Iterator[Problem]:
    name = case.pyenv.name
    for other in case.similar_names:
        if name.text != other.text:
            message = f"the names {name.text} and {other.text} are easily taken for one another"
            yield Problem(message, case.at(name.span), (case.at(other.span),))


@_rule(
    name="PyenvCredentialsInRequirements",
    summary="A password stands in the requirements",
    why="An address such as `https://user:password@host/` in a requirements file is in your repository and in the "
    "build's cache, in a heredoc also in the provenance that is pushed with the image.\n\n"
    "Hand it in as a secret of the build: `PYENV --mount=type=secret,id=netrc,target=/etc/netrc ...`, or as a "
    "variable with `--mount=type=secret,id=token,env=UV_INDEX_PRIVATE_PASSWORD`.",
    bad="FROM apache/airflow:3.0.6\nPYENV 3.14 reports <<EOF\n--index-url https://me:pw@example.org/simple\nEOF\n",
    good="FROM apache/airflow:3.0.6\nPYENV --mount=type=secret,id=netrc,target=/etc/netrc 3.14 reports <<EOF\n"
    "--index-url https://example.org/simple\nEOF\n",
)
def _credentials(case: LintCase) -> Iterator[Problem]:
    pyenv = case.pyenv
    if pyenv.inline is not None:
        body = pyenv.instruction.heredocs[0].body
        if match := PASSWORD.search(body.text):
            yield _password(body.locate(*match.span()), "the heredoc")
    for path, file in case.inputs.contents.items() if case.inputs else ():
        if match := PASSWORD.search(file.data):
            word = next((entry.span for entry in pyenv.requirements if entry.path == path), pyenv.name.span)
            yield _password(case.at(word), path, Location(file, Span(*match.span())))


def _password(location: Location, where: str, *details: Location) -> Problem:
    return Problem(f"a password stands in {where}; hand it in as a secret instead", location, details)
