"""Advice on PYENVs that are right and may still not be what one wants: the rules in one table, and what they found.

The pages of the reference are made from the table, and its examples are run by the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pyenv_frontend.positions import Location

__all__ = ["RULES", "LintWarning", "Rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule."""

    name: str
    """As `# check=skip=` takes it."""

    summary: str
    """One sentence that says what is wrong, as Docker's summary lists it."""

    why: str
    """Why it matters and what to do, in paragraphs, for the reference."""

    bad: str
    """A Dockerfile that gets the advice."""

    good: str
    """The same without."""

    @property
    def page(self) -> str:
        """Its page in the reference, from the top of the project."""
        return f"docs/reference/rules/{self.name}.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class LintWarning:
    """What a rule found."""

    rule: Rule

    message: str
    """One sentence without a full stop that names the thing and what to do."""

    location: Location
    """A word of the Dockerfile."""

    details: tuple[Location, ...] = ()
    """The lines of other files, or further ones of this, that it is about."""

    @property
    def text(self) -> str:
        """One line as Docker writes its own: `Rule: message (line 3)`."""
        return f"{self.rule.name}: {self.message} (line {self.location.position.line})"


END_OF_LIFE: Final = Rule(
    name="PyenvEndOfLifePython",
    summary="The Python of an environment gets no security fixes any more",
    why="Every series of Python is maintained for five years. After that a hole that is found stays open; libraries "
    "stop publishing wheels for it, so that an install that works today may fall back to a version of years ago or to "
    "a compiler.\n\nUse a newer series if the libraries allow it. Where one of them ties you to the old one, which is "
    "what PYENV is often used for, switch the rule off for that one instruction.",
    bad="FROM apache/airflow:3.0.6\nPYENV 3.8 snowpark\n",
    good="FROM apache/airflow:3.0.6\n# check=skip=PyenvEndOfLifePython\nPYENV 3.8 snowpark\nPYENV 3.14 reports\n",
)

UNPINNED: Final = Rule(
    name="PyenvUnpinnedRequirements",
    summary="Requirements without an exact version differ from build to build",
    why="A requirement such as `pandas` or `pandas>=2` is whatever is newest when the step runs without cache: two "
    "images built from one commit may behave differently, and somebody else's release breaks a build of yours.\n\n"
    "Write exact versions (`pandas==2.3.3`), add a constraints file (`--constraint=FILE`, or `-c FILE` in the "
    "requirements), or use a lock: `pylock.toml`, or `pyproject.toml` with `uv.lock`. "
    "`uv pip compile requirements.in -o requirements.txt` makes a file of exact versions from a loose one.",
    bad="FROM apache/airflow:3.0.6\nPYENV 3.14 reports <<EOF\npandas>=2\nEOF\n",
    good="FROM apache/airflow:3.0.6\nPYENV 3.14 reports <<EOF\npandas==2.3.3\nEOF\n",
)

AIRFLOW: Final = Rule(
    name="PyenvAirflowVersionDiffers",
    summary="The environment has another Airflow than the image",
    why="A task that imports Airflow in its environment talks to the Airflow of the image. If the two versions differ, "
    "what one writes the other may not read: serialised arguments, connections, the task's own interface.\n\n"
    "Most environments need no Airflow at all: connections, variables, XCom and the context are served to `@task.venv` "
    "functions without it. Leave the requirement out, or write the version of the base image.",
    bad="FROM apache/airflow:3.0.6\nPYENV 3.14 reports <<EOF\napache-airflow==2.11.0\nEOF\n",
    good="FROM apache/airflow:3.0.6\nPYENV 3.14 reports <<EOF\napache-airflow==3.0.6\nEOF\n",
)

SIMILAR: Final = Rule(
    name="PyenvSimilarNames",
    summary="Two environments have names that are easily taken for one another",
    why="`Reports` and `reports` are two environments, and so are `my-env` and `my_env` of two stages. In a DAG a slip "
    "of one key takes the wrong one, without an error.\n\nGive them names that differ in a word.",
    bad="FROM apache/airflow:3.0.6\nPYENV 3.14 reports\nPYENV 3.13 Reports\n",
    good="FROM apache/airflow:3.0.6\nPYENV 3.14 reports\nPYENV 3.13 reports_old\n",
)

CREDENTIALS: Final = Rule(
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

RULES: Final = (END_OF_LIFE, UNPINNED, AIRFLOW, SIMILAR, CREDENTIALS)
"""Every rule, in the order in which their advice on one instruction is given."""
