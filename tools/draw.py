"""Draw the graph of a real build (`make screens SCREENS=llb`).

The graph is read from the file that
`BUILDX_METADATA_PROVENANCE=max docker buildx build --metadata-file metadata.json .` writes. The picture leaves out the
build context, the frontend's image, which every install step mounts, and the script that starts each install step.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

WIDTH, HEIGHT, GAP_X, GAP_Y, EDGE = 168, 40, 34, 22, 14
COLOURS = {"source": "#e8eaf6", "graft": "#fff3e0", "environment": "#e0f2f1", "join": "#f5f5f5"}


@dataclass(slots=True)
class Node:
    """One step of the build."""

    name: str
    kind: str
    label: tuple[str, str]
    inputs: list[str]
    column: int = 0
    lane: int = 0


def graph(metadata: dict[str, Any]) -> str:
    """Return the graph of a build as SVG.

    Args:
        metadata: the decoded metadata file.
    """
    steps = metadata["buildx.build.provenance"]["buildConfig"]["llbDefinition"]
    nodes = {node.name: node for node in map(_node, steps) if node is not None}
    for node in nodes.values():
        node.inputs = [digest for digest in node.inputs if digest in nodes]
    _place(nodes)
    return _svg(nodes)


def _node(step: dict[str, Any]) -> Node | None:
    op = step["op"].get("Op", step["op"])
    inputs = [name.partition(":")[0] for name in step.get("inputs") or []]
    if "source" in op:
        image = op["source"]["identifier"].removeprefix("docker-image://docker.io/").removeprefix("library/")
        if image.startswith(("local://", "pyenv-frontend")):
            return None
        return Node(step["id"], "source", ("image", image.split("@")[0]), inputs)
    if "exec" in op:
        version, *name = [word for word in op["exec"]["meta"]["args"][1:] if not word.startswith("--")]
        if not name:
            return Node(step["id"], "graft", ("graft", f"/opt/pyenv/{version}"), inputs)
        return Node(step["id"], "environment", (f"PYENV {name[0]}", "install"), inputs)
    if "file" in op and "mkfile" not in str(op):  # `mkfile` writes the script that starts a step
        copy = op["file"]["actions"][0].get("Action", op["file"]["actions"][0]).get("copy", {})
        where = copy.get("dest", "")
        return Node(step["id"], "join", ("copy", copy.get("src", "") if where.endswith("/") else where), inputs)
    return None


def _place(nodes: dict[str, Node]) -> None:
    """Set the position of each node.

    The column is the length of the longest path from a source. Each environment has a lane, and the steps that join
    them are in the last lane.
    """
    environments = [node for node in nodes.values() if node.kind == "environment"]
    for lane, node in enumerate(environments):
        _lane(nodes, node, lane)
    for node in nodes.values():
        if node.kind == "join" or (not node.inputs and not node.label[1].startswith("python:")):
            node.lane = len(environments)
    for node in nodes.values():  # inputs precede the nodes that use them
        node.column = max((nodes[digest].column + 1 for digest in node.inputs), default=0)


def _lane(nodes: dict[str, Node], node: Node, lane: int) -> None:
    node.lane = lane
    for digest in node.inputs:
        if nodes[digest].kind in {"graft", "source"}:
            _lane(nodes, nodes[digest], lane)


def _svg(nodes: dict[str, Node]) -> str:
    wide = (max(node.column for node in nodes.values()) + 1) * (WIDTH + GAP_X) + EDGE
    high = (max(node.lane for node in nodes.values()) + 1) * (HEIGHT + GAP_Y) + EDGE
    lines, boxes = [], []
    for node in nodes.values():
        x, y = _corner(node)
        for digest in node.inputs:
            a, b = _corner(nodes[digest])
            start, end = (a + WIDTH, b + HEIGHT / 2), (x, y + HEIGHT / 2)
            bend = (end[0] - start[0]) / 2
            curve = f"C {start[0] + bend} {start[1]} {end[0] - bend} {end[1]} {end[0]} {end[1]}"
            lines.append(f'<path d="M {start[0]} {start[1]} {curve}" fill="none" stroke="#90a4ae"/>')
        first, second = (escape(text) for text in node.label)
        colours = f'fill="{COLOURS[node.kind]}" stroke="#546e7a"'
        boxes.append(
            f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5" {colours}/>'
            f'<text x="{x + WIDTH / 2}" y="{y + 16}" font-weight="bold">{first}</text>'
            f'<text x="{x + WIDTH / 2}" y="{y + 31}">{second}</text>'
        )
    style = 'font-family="sans-serif" font-size="10.5" text-anchor="middle" fill="#212121"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}">\n'
        f'<rect width="{wide}" height="{high}" fill="#ffffff"/>\n'
        + "\n".join(lines)
        + f"\n<g {style}>\n"
        + "\n".join(boxes)
        + "\n</g>\n</svg>\n"
    )


def _corner(node: Node) -> tuple[int, int]:
    return EDGE + node.column * (WIDTH + GAP_X), EDGE + node.lane * (HEIGHT + GAP_Y)
