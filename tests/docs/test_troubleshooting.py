"""Every error, warning and logged message of the programs has an entry on the page."""

import ast
import re
from collections.abc import Iterator

from tools.state import ROOT

PAGE = ROOT / "docs/troubleshooting.md"
SOURCES = ("frontend/src", "provider/src")
SILENT = {
    # what callers catch and turn into another error, or Python's own protocol, or arguments of our own code
    "AttributeError", "CallError", "EngineError", "HomeUnknownError", "LexError", "LineSyntaxError",
    "NotInContextError", "WordError", "handleError",
}  # fmt: skip
OF_OUR_OWN_CODE = (
    "a line map must be monotone",  # cannot happen
    "an empty graph has no output",  # cannot happen
    "interrupted",  # nobody reads it: the run is over
    "not plain data",
    "an unknown type",  # the protocol's own check, behind "a header ..."
    "a tag that is none",
    "a {} that is none",
    "{}: {} cannot be a {}",
    "{}: {} is missing",
    "{}{}",  # names.clash() words it
    "{}: {}",  # the system's own words about a file
    "{}:{}: {}",  # another error with its place
)


LOGGING = ("critical", "error", "exception", "info", "line", "log", "warn", "warning")
"""Methods that log; `line` is that of the task's log."""


def messages() -> Iterator[tuple[str, str]]:
    """Return the text of each error that is made and each message that is logged, with `{}` for what is filled in."""
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and _speaks(node.func) and _name(node.func) not in SILENT:
                    for text in filter(None, map(_text, node.args)):
                        if " " in text:
                            yield f"{path.relative_to(ROOT)}:{node.lineno}", text


def _speaks(function: ast.expr) -> bool:
    return _name(function).endswith(("Error", "InvalidValue", "Crash", "Finding")) or (
        isinstance(function, ast.Attribute)
        and (function.attr in LOGGING or ast.unparse(function) == "sys.stdout.write")
    )


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub("%[sd]", "{}", node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    return ""


def entries() -> list[re.Pattern[str]]:
    """Return what stands between back quotes on the page, as patterns: `…` is anything."""
    quoted = re.findall(r"`([^`]+)`", PAGE.read_text())
    return [re.compile(".*".join(map(re.escape, each.split("…")))) for each in quoted if " " in each]


def test_every_message_has_an_entry():
    """Whoever adds an error adds what to do about it."""
    known = entries()
    lost = []
    for place, text in messages():
        plain = text.replace("{}", "x")
        if not any(entry.search(plain) for entry in known) and not text.startswith(OF_OUR_OWN_CODE):
            lost.append(f"{place}: {text}")
    assert lost == []


def test_the_commonest_errors_of_tasks_are_among_the_usual_ones():
    """Out of memory, unknown environment, missing package, newer syntax, an argument that cannot be pickled."""
    usual = PAGE.read_text().partition("## The usual ones")[2].partition("\n## ")[0]
    first_words = [row.partition("`")[2].partition("`")[0] for row in usual.splitlines() if row.startswith("| `")]
    commonest = [
        "The process was ended by SIGKILL",
        "There is no environment …",
        "ModuleNotFoundError",
        "… runs Python …, which cannot read line …",
        "The argument … cannot be sent to the environment",
    ]
    assert [words for words in first_words if words in commonest] == commonest
