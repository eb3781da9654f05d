"""Docker's own warnings and our advice, on the user's lines.

A frontend that runs inside ours warns past us, with the lines of the file that it was given. So it is asked to lint
beforehand, on the user's file with blank lines where the PYENVs are: its lines are the user's, and no rule can trip
over what is generated. In the build itself its linter is off. An engine without that call (before BuildKit 0.14) warns
by itself, on the expanded file's lines.
"""

from __future__ import annotations

__all__ = ["Lint", "blank_starts", "blanked"]

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.api import Notice
from pyenv_frontend.buildkit.status import CallError, Status
from pyenv_frontend.dockerfile import Instruction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyenv_frontend.buildkit.api import Reply
    from pyenv_frontend.dockerfile import Document, Node
    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.lint.ruleset import LintWarning
    from pyenv_frontend.solve.session import Handover
    from pyenv_frontend.stages.program import Program

REQUEST = "frontend.lint"
_VIOLATION = "lint violation found for rules: "
_TARGET = "pyenv-frontend-target"


class Lint:
    """The linter's answer, asked for when this is made."""

    def __init__(self, handover: Handover) -> None:
        self._handover = handover
        options, document = handover.options, handover.document
        text, target = blanked(document), options.target
        if target is None:
            text, target = named_last_stage(document, text)
        asked = options.for_request(REQUEST, options.for_expanded(), target=target)
        self._reply: Reply[wire.Result] = handover.ask(asked, text, "read the Dockerfile for its warnings")

    def supported(self) -> bool:
        """Tell whether the delegate can lint; only then its warnings may be switched off in the build."""
        try:
            self._reply.get()
        except CallError:
            return False
        return True

    def report(self, program: Program, closures: Sequence[RequirementInputs | None]) -> None:
        """Give all warnings to the client.

        Raises:
            CallError: there are warnings, and the file or a build-arg says that they are errors.
        """
        file = self._handover.file
        info = wire.SourceInfo(filename=file.name, data=file.text, language="Dockerfile", definition=file.definition)
        found = json.loads(self._reply.get().metadata["result.json"]) if self.supported() else {}
        notices = [_docker_notice(each, file.step, info) for each in found.get("warnings") or []]
        given = advice(self._handover, program, closures)
        notices += [_our_notice(each, file.step, info) for each in given]
        for reply in [self._handover.bridge.warn(notice) for notice in notices]:
            reply.get()
        message = (found.get("buildError") or {}).get("message", "")
        rules = [*([message] if message.startswith(_VIOLATION) else []), *(sorted({each.rule.name for each in given}))]
        if message.startswith(_VIOLATION) or (given and strict(self._handover, program)):
            names = ", ".join(rules).removeprefix(_VIOLATION)
            raise CallError(REQUEST, Status(_VIOLATION + names))


def blanked(document: Document) -> bytes:
    """Give the file with nothing on the lines of its PYENVs."""
    return b"".join(map(_blank, document.nodes))


def _blank(node: Node) -> bytes:
    return b"\n" * node.text.count(b"\n") if isinstance(node, Instruction) and is_pyenv(node) else node.text


def is_pyenv(instruction: Instruction) -> bool:
    """Tell whether an instruction is a PYENV or the trigger of one."""
    trigger = instruction.trigger
    return instruction.name == "PYENV" or (trigger is not None and trigger.name == "PYENV")


def named_last_stage(document: Document, text: bytes) -> tuple[bytes, str]:
    """Give the last stage a name if it has none: without a target, every stage would be linted, built or not.

    Args:
        document: the user's file.
        text: the same with blank lines for PYENV, hence with the same lines.
    """
    last = [each for each in document.instructions if each.name == "FROM"][-1]
    words = last.arguments.text.split()
    if len(words) == 3:  # FROM image AS name
        return text, words[2].decode("utf-8", "replace")
    start = next(node_start for node, node_start in blank_starts(document) if node is last)
    at = start + last.arguments.span.end - last.span.start
    word = b" as " if last.keyword.islower() else b" AS "
    return text[:at] + word + _TARGET.encode() + text[at:], _TARGET


def blank_starts(document: Document) -> Iterator[tuple[Node, int]]:
    """Go through the nodes with the place of each in the blanked text."""
    at = 0
    for node in document.nodes:
        yield node, at
        at += len(_blank(node))


def advice(
    handover: Handover, program: Program, closures: Sequence[RequirementInputs | None]
) -> tuple[LintWarning, ...]:
    """Ask our own rules."""
    from datetime import UTC, datetime  # noqa: PLC0415  # what is loaded here is loaded while the delegate works

    from pyenv_frontend.lint.linter import lint_pyenvs  # noqa: PLC0415

    today = datetime.now(UTC).date()
    return lint_pyenvs(program, closures, today=today, build_args=handover.options.build_args)


def strict(handover: Handover, program: Program) -> bool:
    """Tell whether advice is an error in this build."""
    from pyenv_frontend.lint.config import config_of  # noqa: PLC0415

    return config_of(program.document, handover.options.build_args).error


def _docker_notice(found: dict[str, Any], step: str, info: wire.SourceInfo) -> Notice:
    ranges = (found.get("location") or {}).get("ranges") or []
    parsed = tuple(wire.Range(start=_position(each.get("start")), end=_position(each.get("end"))) for each in ranges)
    line = f" (line {parsed[0].start.line})" if parsed else ""
    return Notice(
        step=step,
        short=f"{found['ruleName']}: {found.get('detail', '')}{line}",
        detail=(found.get("description", ""),),
        url=found.get("url", ""),
        info=info,
        ranges=parsed,
    )


def _our_notice(found: LintWarning, step: str, info: wire.SourceInfo) -> Notice:
    lines = found.location.lines.numbers()
    ranges = tuple(wire.Range(start={"line": line}, end={"line": line}) for line in lines)
    return Notice(step=step, short=found.text, detail=(found.rule.summary,), info=info, ranges=ranges)


def _position(found: dict[str, int] | None) -> wire.Position:
    return wire.Position(line=(found or {}).get("line", 0), character=(found or {}).get("character", 0))


def source_json(handover: Handover) -> dict[str, str]:
    """Give the user's file as an entry of a result's `sources`."""
    text = b64encode(handover.file.text).decode()
    return {"filename": handover.file.name, "data": text, "language": "Dockerfile"}
