"""Find syntax that an older Python cannot parse, without running that Python.

`ast.parse` with `feature_version` finds most of it. `_Constructs` finds the rest in the syntax tree, except for
f-strings, which are checked in the tokens: since Python 3.8 they may contain `{x=}`, and since 3.12 (PEP 701) their
braces may contain the enclosing quotes, backslashes, comments and line ends. A worker before 3.12 cannot parse the
latter itself, and does not report the former.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NewerSyntax", "find_newer_syntax"]

_FREE_FSTRINGS = (3, 12)
_SELF_DOCUMENTING = (3, 8)


@dataclass(frozen=True)
class NewerSyntax:
    """Syntax that the older Python cannot parse."""

    line: int
    """Number of its line, from 1."""
    reason: str
    """A clause that names the syntax and the first version that has it."""


def find_newer_syntax(text: str, version: tuple[int, ...]) -> NewerSyntax | None:
    """Return the first syntax in a source that a given version of Python cannot parse, or None.

    Args:
        text: source code that this interpreter can parse.
        version: the version of the other interpreter, with at least the major and the minor number.
    """
    minor = (version[0], version[1])
    if minor >= sys.version_info[:2]:
        return None
    try:
        tree = ast.parse(text, feature_version=minor)
    except SyntaxError as error:
        return NewerSyntax(_first_line(text, error.lineno or 1), error.msg[:1].lower() + error.msg[1:])
    constructs = _Constructs(text, minor)
    constructs.visit(tree)
    if constructs.first is not None:
        return constructs.first
    if sys.version_info >= _FREE_FSTRINGS and minor < _FREE_FSTRINGS:
        return next(_fstrings(text, minor), None)
    return None


def _first_line(text: str, line: int) -> int:
    """Return the first line of a rejected statement. For a block, some versions of Python report the last line."""
    blocks = tuple(getattr(ast, name) for name in ("Match", "TryStar") if hasattr(ast, name))
    starts = [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, blocks) and node.lineno <= line <= (node.end_lineno or 0) + 1
    ]
    return min(starts, default=line)


class _Constructs(ast.NodeVisitor):
    """Find newer syntax that `feature_version` accepts."""

    def __init__(self, text: str, version: tuple[int, ...]) -> None:
        self.first: NewerSyntax | None = None
        self._lines = text.splitlines()
        self._version = version
        self._comprehensions: list[bool] = []
        """Whether each comprehension around the current node is asynchronous."""

    def _check(self, node: ast.AST, since: tuple[int, int], what: str) -> None:
        if self._version < since and self.first is None:
            self.first = NewerSyntax(getattr(node, "lineno", 1), f"{what} needs Python {since[0]}.{since[1]} or newer")

    def _bare_star(self, node: ast.AST | None) -> bool:
        """Return whether a node is a tuple that contains a star and has no parentheses."""
        if not isinstance(node, ast.Tuple) or not any(isinstance(item, ast.Starred) for item in node.elts):
            return False
        first = node.elts[0]
        return (node.lineno, node.col_offset) == (first.lineno, first.col_offset)

    def _bare_walrus(self, node: ast.AST) -> bool:
        """Return whether a node is a `:=` without parentheses."""
        if not isinstance(node, ast.NamedExpr):
            return False
        before = self._lines[node.lineno - 1].encode()[: node.col_offset].rstrip()
        return not before.endswith(b"(")

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Check the index."""
        if self._bare_star(node.slice) or isinstance(node.slice, ast.Starred):
            self._check(node, (3, 11), "a star in an index")
        if self._bare_walrus(node.slice):
            self._check(node, (3, 10), "`:=` without parentheses in an index")
        self.generic_visit(node)

    def visit_Set(self, node: ast.Set) -> None:
        """Check the items."""
        if any(map(self._bare_walrus, node.elts)):
            self._check(node, (3, 9), "`:=` without parentheses in a set")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        """Check the value."""
        if self._bare_star(node.value):
            self._check(node, (3, 8), "a star in return or yield without parentheses")
        self.generic_visit(node)

    visit_Yield = visit_Return  # type: ignore[assignment] # noqa: N815 - it has a value as well

    def visit_For(self, node: ast.For) -> None:
        """Check the iterable."""
        if self._bare_star(node.iter):
            self._check(node, (3, 9), "a star in for without parentheses")
        self.generic_visit(node)

    visit_AsyncFor = visit_For  # type: ignore[assignment] # noqa: N815

    def visit_arg(self, node: ast.arg) -> None:
        """Check an annotation."""
        if isinstance(node.annotation, ast.Starred):
            self._check(node, (3, 11), "a star in an annotation")
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Check the decorators."""
        for decorator in node.decorator_list:
            name = decorator.func if isinstance(decorator, ast.Call) else decorator
            while isinstance(name, ast.Attribute):
                name = name.value
            if not isinstance(name, ast.Name):
                self._check(decorator, (3, 9), "a decorator that is no name or call of one")
        outer, self._comprehensions = self._comprehensions, []
        self.generic_visit(node)
        self._comprehensions = outer

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment] # noqa: N815
    visit_ClassDef = visit_FunctionDef  # type: ignore[assignment] # noqa: N815

    def visit_ListComp(self, node: ast.ListComp) -> None:
        """Check for asynchronous comprehensions in others."""
        is_async = any(part.is_async for part in node.generators) or _awaits(node)
        if is_async and self._comprehensions and not self._comprehensions[-1]:
            self._check(node, (3, 11), "an asynchronous comprehension within another one")
        self._comprehensions.append(is_async)
        self.generic_visit(node)
        self._comprehensions.pop()

    visit_SetComp = visit_ListComp  # type: ignore[assignment] # noqa: N815
    visit_DictComp = visit_ListComp  # type: ignore[assignment] # noqa: N815

    def visit_Try(self, node: ast.Try) -> None:
        """Check the `finally` block."""
        for statement in node.finalbody:
            if _continues(statement):
                self._check(statement, (3, 8), "continue in finally")
        self.generic_visit(node)


def _awaits(node: ast.AST) -> bool:
    """Return whether a comprehension contains `await` outside nested scopes."""
    scopes = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    return any(
        isinstance(child, ast.Await) or (not isinstance(child, scopes) and _awaits(child))
        for child in ast.iter_child_nodes(node)
    )


def _continues(node: ast.AST) -> bool:
    """Return whether a statement contains a `continue` of a loop around it."""
    scopes = (ast.For, ast.AsyncFor, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if isinstance(node, ast.Continue):
        return True
    return not isinstance(node, scopes) and any(map(_continues, ast.iter_child_nodes(node)))


def _fstrings(text: str, version: tuple[int, ...]) -> Iterator[NewerSyntax]:
    """Yield the newer syntax in f-strings, which are open from their `FSTRING_START` token to their `FSTRING_END`."""
    stack: list[tuple[tokenize.TokenInfo, list[str]]] = []  # first token and open brackets of each open f-string
    previous: tokenize.TokenInfo | None = None
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        reason = _reason(kind, token, previous, stack, version)
        if reason:
            yield NewerSyntax(token.start[0], reason)
        if kind == "FSTRING_START":
            stack.append((token, []))
        elif kind == "FSTRING_END":
            stack.pop()
        elif stack and token.string in ("{", "(", "["):
            stack[-1][1].append(token.string)
        elif stack and token.string in ("}", ")", "]") and kind == "OP":
            stack[-1][1].pop()
        previous = token


def _reason(
    kind: str,
    token: tokenize.TokenInfo,
    previous: tokenize.TokenInfo | None,
    stack: list[tuple[tokenize.TokenInfo, list[str]]],
    version: tuple[int, ...],
) -> str:
    """Return the reason why the older Python cannot parse a token of an f-string, or an empty text."""
    if not stack or not stack[-1][1]:
        return ""
    opening = stack[-1][0].string
    quote = opening.lstrip("fFrRbBuU")
    if kind in ("FSTRING_START", "STRING"):
        inner = token.string.lstrip("fFrRbBuU")
        if (len(quote) == 1 and (inner[0] == quote or "\n" in inner)) or (len(quote) == 3 and quote in inner):
            return "an f-string that holds the quotes that enclose it needs Python 3.12 or newer"
    within = {"COMMENT": "a comment", "NL": "a line end" if len(quote) == 1 else ""}.get(kind, "")
    if kind != "FSTRING_MIDDLE" and "\\" in token.string:
        within = "a backslash"
    if within:
        return f"{within} within the braces of an f-string needs Python 3.12 or newer"
    if (
        version < _SELF_DOCUMENTING
        and previous is not None
        and (previous.string, token.string[:1]) in {("=", "}"), ("=", "!"), ("=", ":")}
        and stack[-1][1] == ["{"]
    ):
        return "{...=} in an f-string needs Python 3.8 or newer"
    return ""
