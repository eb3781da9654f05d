"""Docker's own warnings and our advice, on the user's lines.

A frontend that runs inside ours sends its warnings directly to the client, with the lines of the file that it got. So
it lints in advance, on the user's file without its PYENVs: the lines are the user's, and no rule sees generated text.
In the build itself its linter is off. An engine without that call (before BuildKit 0.14) warns with the expanded file's
lines.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pyenv_frontend.buildkit import llb, results
from pyenv_frontend.buildkit.api import Notice, RefId
from pyenv_frontend.buildkit.status import CallError, Status
from pyenv_frontend.errors import UserError
from pyenv_frontend.solve.error_details import of_same_lines
from pyenv_frontend.solve.subrequests.blanked_file import blanked, named_last_stage
from pyenv_frontend.stages.analyze import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.buildkit.api import Reply
    from pyenv_frontend.errors import UserError
    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.lint.ruleset import LintWarning
    from pyenv_frontend.positions import Location
    from pyenv_frontend.solve.session import BuildSession
    from pyenv_frontend.stages.program import Program

__all__ = ["REQUEST", "Lint", "add_findings"]

REQUEST = "frontend.lint"
_VIOLATION = "lint violation found for rules: "
_WRONG_OPTIONS = "failed to parse check options"
"""Of `# check=` or its build argument; the build itself has its linter off and does not read them."""


class Lint:
    """The linter's answer; the constructor requests it."""

    def __init__(self, session: BuildSession) -> None:
        self._session = session
        # A client prints a warning where it happens only while its step is new: that of loading the file is long over.
        self._step = llb.definition(llb.written({"warnings": b""}, f"[internal] warnings of {session.file.name}"))
        options = session.options
        text, target = named_last_stage(session.outline)
        if options.target is not None:
            text, target = blanked(session.outline), options.target
        request = options.for_request(REQUEST, options.for_expanded(), target=target)
        self._reply: Reply[wire.Result] = session.ask(request, text, "read the Dockerfile for its warnings")

    def supported(self) -> bool:
        """Tell whether the delegate can lint; only then its warnings may be switched off in the build."""
        try:
            self._reply.get()
        except CallError:
            return False
        return True

    def raise_docker_error(self) -> None:
        """Raise the error that Docker's frontend reports for the file without its PYENVs, if there is one.

        Its words, lines and warnings are then the same as without us.

        Raises:
            CallError: the file is invalid for Docker, or a base image is not available.
        """
        session = self._session
        if not any(instruction.name == "FROM" for instruction in session.document.instructions):
            return
        quiet = self.supported()
        if quiet:
            self._warn(self._docker_notices())
        options, text = session.options.for_expanded(), blanked(session.outline)
        try:
            session.ask(session.options.quiet(options) if quiet else options, text, "read the Dockerfile").get()
        except CallError as error:
            raise CallError(error.method, of_same_lines(error.status, text, session.file)) from error

    def report(self, program: Program, closures: Sequence[RequirementInputs | None]) -> None:
        """Send all warnings to the client.

        Raises:
            CallError: there are warnings, and the file or a build-arg makes them errors; or their options are wrong.
        """
        advice = our_advice(self._session, program, closures)
        self._warn([*self._docker_notices(), *(self._our_notice(warning) for warning in advice)])
        message = (self._answer().get("buildError") or {}).get("message", "")
        if message.startswith(_WRONG_OPTIONS):
            raise CallError(REQUEST, Status(message))
        rules = [
            *([message] if message.startswith(_VIOLATION) else []),
            *sorted({warning.rule.name for warning in advice}),
        ]
        if message.startswith(_VIOLATION) or (advice and _is_strict(self._session, program)):
            names = ", ".join(rules).removeprefix(_VIOLATION)
            raise CallError(REQUEST, Status(_VIOLATION + names))

    def _answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._reply.get().metadata[results.RESULT_JSON]) if self.supported() else {}
        return answer

    def _warn(self, notices: Sequence[Notice]) -> None:
        """Send warnings, one after the other: the client lists them in the order in which they arrive."""
        if notices:
            bridge = self._session.bridge
            bridge.evaluate(RefId(bridge.solve(self._step).get().ref.id)).get()
            for notice in notices:
                bridge.warn(notice).get()

    def _docker_notices(self) -> list[Notice]:
        warnings = self._answer().get("warnings") or []
        return [self._docker_notice(entry) for entry in without_pyenvs(warnings, self._session)]

    def _docker_notice(self, warning: dict[str, Any]) -> Notice:
        ranges = results.ranges_from_json((warning.get("location") or {}).get("ranges"))
        line = f" (line {ranges[0].start.line})" if ranges else ""
        return Notice(
            step=llb.output_of(self._step).digest,
            short=f"{warning['ruleName']}: {warning.get('detail', '')}{line}",
            detail=(warning.get("description", ""),),
            url=warning.get("url", ""),
            info=self._session.file.info,
            ranges=tuple(ranges),
        )

    def _our_notice(self, advice: LintWarning) -> Notice:
        return Notice(
            step=llb.output_of(self._step).digest,
            short=advice.text,
            detail=(advice.rule.summary,),
            info=self._session.file.info,
            ranges=tuple(results.line_ranges(advice.location.lines.numbers())),
        )


def without_pyenvs(warnings: Iterable[dict[str, Any]], session: BuildSession) -> list[dict[str, Any]]:
    """Return Docker's warnings that are not about the replacement of a PYENV."""
    lines = {
        line
        for instruction in session.document.instructions
        if instruction.is_pyenv
        for line in instruction.lines.numbers()
    }
    return [warning for warning in warnings if _first_line(warning) not in lines]


def our_advice(
    session: BuildSession, program: Program, closures: Sequence[RequirementInputs | None]
) -> tuple[LintWarning, ...]:
    """Apply our own rules."""
    from datetime import UTC, datetime  # noqa: PLC0415  # imported while the delegate works

    from pyenv_frontend.lint.linter import lint_pyenvs  # noqa: PLC0415

    today = datetime.now(UTC).date()
    return lint_pyenvs(program, closures, today=today, build_args=session.options.build_args)


def _is_strict(session: BuildSession, program: Program) -> bool:
    """Tell whether advice is an error in this build."""
    from pyenv_frontend.lint.config import config_of  # noqa: PLC0415

    return config_of(program.document, session.options.build_args).error


def add_findings(answer: dict[str, Any], result: wire.Result, session: BuildSession) -> None:
    """Add our advice to the answer of a lint; a mistake in a PYENV is its error, as Docker's parse errors are.

    Args:
        answer: the decoded answer, which is changed.
        result: the result that contains it; its other forms are changed as well.
        session: the build.
    """
    from pyenv_frontend.lock.choice import requirement_inputs  # noqa: PLC0415  # not for the lint of a build

    errors: list[UserError] = []
    program = read(session.document, session.settings(), base_variables=session.image_variables, report=errors.append)
    closures = requirement_inputs(program, session.context, report=errors.append)
    sources = answer.get("sources") or []
    source = results.source_info_json(session.file.name, session.file.text)
    index = next((number for number, entry in enumerate(sources) if entry.get("data") == source["data"]), len(sources))
    advice = our_advice(session, program, closures)
    warnings = [
        *without_pyenvs(answer.get("warnings") or [], session),
        *(_warning(warning, index) for warning in advice),
    ]
    text = [
        f"\nWARNING: {warning.rule.name} (line {warning.location.position.line})\n{warning.message}\n"
        for warning in advice
    ]
    if errors and not answer.get("buildError"):
        first = errors[0]
        location = location_json(first.locations[0], index) if first.locations else {"sourceIndex": index}
        answer["buildError"] = {"message": first.message, "location": location}
    answer["warnings"] = sorted(warnings, key=_first_line) or answer.get("warnings")
    if index == len(sources) and (advice or errors):
        answer["sources"] = [*sources, source]
    # Clients print the JSON; the text is for those that do not know its version.
    result.metadata[results.RESULT_TEXT] += "".join(text).encode()
    result.metadata[results.RESULT_STATUS_CODE] = b"1" if warnings or answer.get("buildError") else b"0"


def _warning(advice: LintWarning, index: int) -> dict[str, Any]:
    return {
        "ruleName": advice.rule.name,
        "description": advice.rule.summary,
        "detail": advice.message,
        "location": location_json(advice.location, index),
    }


def location_json(location: Location, index: int) -> dict[str, Any]:
    """Return a location in the form of subrequests; the first source has no index."""
    return ({"sourceIndex": index} if index else {}) | {"ranges": results.line_ranges_json(location.lines.numbers())}


def _first_line(warning: dict[str, Any]) -> int:
    ranges = (warning.get("location") or {}).get("ranges") or [{}]
    return int((ranges[0].get("start") or {}).get("line", 0))
