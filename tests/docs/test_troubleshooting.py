"""Every error, warning and log message of the programs has an entry on the troubleshooting page."""

import ast
import re
from collections.abc import Iterator, Sequence

from tools.state import ROOT

PAGE = ROOT / "docs/troubleshooting.md"
SOURCES = ("frontend/src", "provider/src")
SILENT = {
    # caught and converted by callers, part of Python's own protocols, or errors in our own code
    "AttributeError", "CallError", "EngineError", "HomeUnknownError", "LexError", "LineSyntaxError",
    "NotInContextError", "WordError", "handleError",
}  # fmt: skip
MAKERS = ("InvalidValue", "Status", "BadParameter", "_complain", "exit")
"""Functions and classes, besides errors, that make messages."""

DEEPEST = 4
"""The maximum number of variables and functions to follow from a message to its text."""

OF_OUR_OWN_CODE = {
    "a line map must be monotone: {} after {}",  # cannot happen
    "an empty graph has no output",  # cannot happen
    "a request ({}) would be larger than max ({} vs. {})",  # the caller says: "A Dockerfile with PYENV travels ..."
    # These surround or continue another message, which has an entry:
    "error: {}",
    "error: the step: {}",
    "{}, which {} names in line {},{}",
    "{}, which {} names in line {}, {}",
    "not plain data: {}",
    "{}: {} is missing",
    "{}: {} cannot be a {}",
}
"""Messages that users do not see on their own."""


def messages() -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each message in the sources, with `{}` for inserted values.

    Messages are the first argument of errors, of a `Status` and of items added to `notes`: literals, values of
    variables, results of functions in the module, and either branch of a condition. Hints are left out, since their
    messages have the entries, except for a hint that is appended to the engine's own message.
    """
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*.py")):
            module = Module(ast.parse(path.read_text()))
            for node, text in module.messages():
                yield f"{path.relative_to(ROOT)}:{node.lineno}", text


class Module:
    """A module whose messages are extracted."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        self._parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}

    def messages(self) -> Iterator[tuple[ast.expr, str]]:
        """Yield each expression that makes a message, with the message."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call) and node.args and _makes_message(node.func):
                yield from ((node, text) for text in self.texts(node.args[0], node) if " " in text)

    def texts(self, node: ast.expr, place: ast.AST, depth: int = 0) -> list[str]:
        """Return the possible texts of an expression, with `{}` for unknown parts; empty if nothing is known."""
        texts: list[str] = []
        if depth > DEEPEST:
            return texts
        match node:
            case ast.Constant(value=str() as text):
                texts = [text]
            case ast.JoinedStr(values=parts):
                texts = self._joined(parts, place, depth)
            case ast.FormattedValue(value=value):
                texts = self.texts(value, place, depth + 1)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                texts = self._joined([left, right], place, depth)
            case ast.IfExp(body=one, orelse=other):
                texts = [*self.texts(one, place, depth), *self.texts(other, place, depth)]
            case ast.BoolOp(values=values):
                texts = [text for value in values for text in self.texts(value, place, depth)]
            case ast.Name(id=name):
                texts = [text for value in self._values(name, place) for text in self.texts(value, value, depth + 1)]
            case ast.Call(func=function) if _name(function) in self._functions:
                lines = ast.walk(self._functions[_name(function)])
                results = [line.value for line in lines if isinstance(line, ast.Return) and line.value]
                texts = [text for value in results for text in self.texts(value, value, depth + 1)]
        return texts

    def _joined(self, parts: Sequence[ast.expr], place: ast.AST, depth: int) -> list[str]:
        # A part with several possible texts is treated as unknown, unless it is the only part.
        options = [self.texts(part, place, depth) for part in parts]
        return ["".join(texts[0] if len(texts) == 1 else "{}" for texts in options)]

    def _values(self, name: str, place: ast.AST) -> list[ast.expr]:
        """Return the values assigned to a variable in the enclosing function, or else in the module."""
        scope = place
        while scope in self._parents and not isinstance(scope, ast.FunctionDef):
            scope = self._parents[scope]
        for tree in (scope, self._tree):
            values = [
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
                for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
                if isinstance(target, ast.Name) and target.id == name
            ]
            if values:
                return values
        return []


def _makes_message(function: ast.expr) -> bool:
    name = _name(function)
    if name == "append" and isinstance(function, ast.Attribute):
        return _name(function.value) == "notes"
    return name.endswith(("Error", *MAKERS)) and name not in SILENT


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def entries() -> list[re.Pattern[str]]:
    """Return the texts between backticks on the page as patterns, in which `…` matches anything."""
    quoted = re.findall(r"`([^`]+)`", PAGE.read_text())
    return [re.compile(".*".join(map(re.escape, entry.split("…")))) for entry in quoted if " " in entry]


def test_every_message_has_an_entry():
    """Each error must have an entry that says how to solve it."""
    known = entries()
    lost = []
    for place, text in messages():
        plain = text.replace("{}", "x")
        words = re.search(r"[A-Za-z]", text.replace("{}", ""))
        if words and text not in OF_OUR_OWN_CODE and not any(entry.search(plain) for entry in known):
            lost.append(f"{place}: {text}")
    assert lost == []


def test_the_commonest_errors_of_tasks_are_among_the_usual_ones():
    """These are: out of memory, unknown environment, missing package, newer syntax, and unpicklable arguments."""
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
