"""Calls other than builds (`--check`, `--call=outline`, `--call=targets`), answered as if PYENV were an instruction.

The delegate gets the user's file with blank lines in place of the PYENVs, so that its lines are the user's and nothing
generated shows. What PYENVs contribute is added here: our advice and errors to a lint, their secrets to an outline.

Source of truth: BuildKit `frontend/subrequests/*` for the forms of the answers.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pyenv_frontend.buildkit import results

if TYPE_CHECKING:
    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.solve.session import BuildSession

__all__ = ["answer"]


def answer(session: BuildSession, request: str) -> wire.Result:
    """Answer a call about a file with PYENV; an unknown one is left to the delegate.

    Raises:
        CallError: the delegate refuses.
        UserError: a PYENV is wrong.
    """
    # A build imports this package for its linter, and waits for nothing else of it.
    from pyenv_frontend.solve.subrequests import convertllb, lint, outline  # noqa: PLC0415
    from pyenv_frontend.solve.subrequests.blanked_file import blanked  # noqa: PLC0415

    if request == convertllb.REQUEST:
        return convertllb.answer(session)
    text = blanked(session.outline)
    result = session.ask(session.options.for_expanded(), text, "read the Dockerfile").get()
    if results.RESULT_JSON not in result.metadata:
        return result
    decoded: Any = json.loads(result.metadata[results.RESULT_JSON])
    if isinstance(decoded, dict):
        _restore_source(decoded, text, session)
        if request == lint.REQUEST:
            lint.add_findings(decoded, result, session)
        elif request == outline.REQUEST:
            outline.add_mounts(decoded, session)
        result.metadata[results.RESULT_JSON] = json.dumps(decoded, indent=2).encode()
    return result


def _restore_source(decoded: dict[str, Any], text: bytes, session: BuildSession) -> None:
    """Replace the blanked text by the user's: bare base64 in some answers, an object in others."""
    blank, own = (results.source_info_json(session.file.name, data) for data in (text, session.file.text))
    for index, source in enumerate(decoded.get("sources") or []):
        if source == blank["data"]:
            decoded["sources"][index] = own["data"]
        elif isinstance(source, dict) and source.get("data") == blank["data"]:
            source |= {"data": own["data"], "filename": own["filename"]}
