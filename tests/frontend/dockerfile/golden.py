"""Golden files of the document: `python -m tests.frontend.dockerfile.golden` updates them.

Bytes that are not UTF-8 become lone surrogates. A text of more than 200 bytes is replaced by its length.
"""

from __future__ import annotations

import json
from pathlib import Path

from pyenv_frontend.dockerfile import Instruction, Node, parse
from pyenv_frontend.errors import UserError

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").iterdir())
NEGATIVE = sorted((HERE / "negative").iterdir())


def shown(text: bytes) -> object:
    return text.decode("utf-8", "surrogateescape") if len(text) <= 200 else {"bytes": len(text)}


def describe_node(node: Node) -> dict[str, object]:
    """Return all properties of a node as JSON."""
    described: dict[str, object] = {"kind": type(node).__name__.lower(), "lines": list(node.lines)}
    if isinstance(node, Instruction):
        described["name"] = node.name
        described["flags"] = [shown(flag.text.text) for flag in node.flags]
        described["arguments"] = shown(node.arguments.text)
        described["heredocs"] = [
            {
                "name": shown(heredoc.name),
                "expand": heredoc.expand,
                "strip_tabs": heredoc.strip_tabs,
                "descriptor": heredoc.descriptor,
                "marker": shown(heredoc.marker.text),
                "content": shown(heredoc.content),
                "terminated": heredoc.terminator is not None,
            }
            for heredoc in node.heredocs
        ]
    return described


def render(source: bytes) -> str:
    """Return the golden file of a document, with a line for each node."""
    document = parse(source)
    nodes = ",\n".join(json.dumps(describe_node(node)) for node in document.nodes)
    return f'{{"escape": {json.dumps(document.escape.decode())}, "nodes": [\n{nodes}\n]}}\n'


def render_error(source: bytes) -> str:
    """Return the text of a file's error."""
    try:
        parse(source)
    except UserError as error:
        return error.format() + "\n"
    return "no error\n"


def main() -> None:
    for case in CASES:
        (case / "nodes.json").write_text(render((case / "Dockerfile").read_bytes()))
    for case in NEGATIVE:
        (case / "error.txt").write_text(render_error((case / "Dockerfile").read_bytes()))


if __name__ == "__main__":
    main()
