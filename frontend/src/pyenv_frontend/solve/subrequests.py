"""Calls that are no builds (`--check`, `--call=outline`, `--call=targets`), answered as if PYENV were an instruction.

The delegate is asked about the user's file with blank lines where the PYENVs are, so that its lines are the user's and
nothing generated shows. What PYENV adds is added here: our advice and errors to a lint, its secrets to an outline.

Source of truth: BuildKit `frontend/subrequests/*` for the forms of the answers.
"""

from __future__ import annotations

__all__ = ["answer"]

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from pyenv_frontend.errors import UserError
from pyenv_frontend.inputs.resolve import resolve_inputs
from pyenv_frontend.solve.docker_lint import REQUEST as LINT
from pyenv_frontend.solve.docker_lint import advice, blanked
from pyenv_frontend.stages.analyze import read

if TYPE_CHECKING:
    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.positions import Location
    from pyenv_frontend.solve.session import Handover
    from pyenv_frontend.stages.program import Program

_CONVERT = "frontend.convertllb"
_OUTLINE = "frontend.outline"
_JSON, _TEXT, _CODE = "result.json", "result.txt", "result.statuscode"


def answer(handover: Handover, request: str) -> wire.Result:
    """Answer a call about a file with PYENV; one that we do not know is the delegate's to answer or refuse.

    Raises:
        CallError: the delegate refuses.
        UserError: a PYENV is wrong.
    """
    if request == _CONVERT:
        from pyenv_frontend.solve import convertllb  # noqa: PLC0415  # a build's modules; other calls need none of them

        return convertllb.answer(handover)
    text = blanked(handover.document)
    result = handover.ask(handover.options.for_expanded(), text, "read the Dockerfile").get()
    if _JSON not in result.metadata:
        return result
    found: Any = json.loads(result.metadata[_JSON])
    if isinstance(found, dict):
        _own_source(found, text, handover)
        if request == LINT:
            _add_findings(found, handover)
            result.metadata[_TEXT] = _lint_text(found).encode()
            result.metadata[_CODE] = b"1" if found.get("warnings") or found.get("buildError") else b"0"
        elif request == _OUTLINE:
            _add_secrets(found, _program(handover, []))
        result.metadata[_JSON] = json.dumps(found, indent=2).encode()
    return result


def _own_source(found: dict[str, Any], text: bytes, handover: Handover) -> None:
    """Put the user's text in the place of the blanked one: bare base64 in some answers, an object in others."""
    asked, own = _base64(text), _base64(handover.file.text)
    for index, source in enumerate(found.get("sources") or []):
        if source == asked:
            found["sources"][index] = own
        elif isinstance(source, dict) and source.get("data") == asked:
            source |= {"data": own, "filename": handover.file.name}


def _program(handover: Handover, errors: list[UserError]) -> Program:
    """Read the PYENVs; of the bases only the configuration is looked at, as Docker does for its own checks."""
    variables = handover.image_variables
    return read(handover.document, handover.settings(), base_variables=variables, report=errors.append)


def _add_findings(found: dict[str, Any], handover: Handover) -> None:
    """Add our advice to a lint's warnings; a mistake in a PYENV is the lint's error, as Docker's parse errors are."""
    errors: list[UserError] = []
    program = _program(handover, errors)
    closures: list[RequirementInputs | None] = []
    for environment in program.environments:
        try:
            closures.append(resolve_inputs(environment.pyenv, handover.context))
        except UserError as error:
            errors.append(error)
            closures.append(None)
    sources = found.setdefault("sources", None) or []
    source = {"filename": handover.file.name, "language": "Dockerfile", "data": _base64(handover.file.text)}
    index = next((number for number, each in enumerate(sources) if each.get("data") == source["data"]), len(sources))
    given = advice(handover, program, closures)
    warnings = [*(found.get("warnings") or []), *(_warning(each, index) for each in given)]
    if errors and not found.get("buildError"):
        first = errors[0]
        location = _location(first.locations[0], index) if first.locations else {"sourceIndex": index}
        found["buildError"] = {"message": first.message, "location": location}
    found["warnings"] = sorted(warnings, key=_first_line)
    found["sources"] = sources if index < len(sources) or not (given or errors) else [*sources, source]


def _warning(given: Any, index: int) -> dict[str, Any]:
    return {
        "ruleName": given.rule.name,
        "description": given.rule.summary,
        "detail": given.message,
        "location": _location(given.location, index),
    }


def _location(location: Location, index: int) -> dict[str, Any]:
    ranges = [{"start": {"line": line}, "end": {"line": line}} for line in location.lines.numbers()]
    return ({"sourceIndex": index} if index else {}) | {"ranges": ranges}


def _first_line(warning: dict[str, Any]) -> int:
    ranges = (warning.get("location") or {}).get("ranges") or [{}]
    return int((ranges[0].get("start") or {}).get("line", 0))


def _add_secrets(found: dict[str, Any], program: Program) -> None:
    """Add the secrets and SSH agents that PYENVs of the outlined stage mount."""
    name = found.get("name")
    stages = [each for each in program.stages if name in {None, "", each.name}][-1:]
    pyenvs = [environment.pyenv for stage in stages for environment in stage.environments]
    for pyenv in pyenvs:
        place = _location(pyenv.instruction.location, 0)
        for mount in pyenv.options.mounts:
            key = {"secret": "secrets", "ssh": "ssh"}.get(mount.type)
            if key and mount.id and mount.id not in {each["name"] for each in found.get(key) or []}:
                required = {"required": True} if mount.required else {}
                found.setdefault(key, []).append({"name": mount.id, **required, "location": place})


def _lint_text(found: dict[str, Any]) -> str:
    """Print a lint as Docker does."""
    sources = found.get("sources") or []
    parts = []
    for warning in found.get("warnings") or []:
        link = f" - {warning['url']}" if warning.get("url") else ""
        parts.append(f"\nWARNING: {warning['ruleName']}{link}\n{warning.get('detail', '')}\n")
        parts.append(_excerpt(sources, warning.get("location") or {}))
    return "".join(parts)


def _excerpt(sources: list[Any], location: dict[str, Any]) -> str:
    """Print the lines of a place with two lines around them, the marked ones with an arrow."""
    marked = {int((each.get("start") or {}).get("line", 0)) for each in location.get("ranges") or []} - {0}
    index = location.get("sourceIndex", 0)
    if not marked or index >= len(sources):
        return ""
    lines = b64decode(sources[index]["data"]).decode("utf-8", "replace").split("\n")
    pad = 2 if len(marked) == 1 else 1
    shown = range(max(1, min(marked) - pad), min(len(lines), max(marked) + pad) + 1)
    rows = [f" {line:>3} | {'>>>' if line in marked else '   '} {lines[line - 1]}" for line in shown]
    rule = "--------------------"
    return "\n".join([f"{sources[index]['filename']}:{min(marked)}", rule, *rows, rule, ""])


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
