"""Find the free names of a function, which are missing in its environment, and include their definitions.

Only the function's own lines are sent to the other interpreter. The names that they use, apart from arguments, locals
and builtins, are found in the compiled code, in which scopes are already resolved. `include` lists functions, classes
and names to send as well; `"auto"` includes whatever the file defines or imports and the function uses.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import dis
import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from airflow_venv.call import FunctionSource
from airflow_venv.errors import SourceError
from airflow_venv.piece import Piece
from airflow_venv.source.bindings import binding
from airflow_venv.source.extract import Definition, locate, unwrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import CodeType

__all__ = ["Gathered", "Include", "Use", "free_names", "gather", "values_around"]

Include = Union["str", "Sequence[Any]"]

# Modules that the script of Airflow's own operator imports, so that existing functions may use them without an import.
_PRELUDE = ("cloudpickle", "dill", "os", "pickle", "sys", "types")
_NEWER_BUILTINS = {
    "BaseExceptionGroup",
    "EncodingWarning",
    "ExceptionGroup",
    "PythonFinalizationError",
    "aiter",
    "anext",
}
_GIVEN = {
    *dir(builtins),
    *_NEWER_BUILTINS,
    *("__annotations__", "__builtins__", "__file__", "__name__", "__spec__", "__loader__", "__package__"),
    *("__classdict__", "__conditional_annotations__", "virtualenv_string_args"),
}
_LOADS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
_STORES = {"STORE_NAME", "STORE_GLOBAL"}


class Use(NamedTuple):
    """A use of a free name."""

    name: str
    filename: str
    line: int


class Gathered(NamedTuple):
    """A function with everything that is included with it."""

    source: FunctionSource
    missing: tuple[Use, ...]
    """Uses of names that will be missing in the environment, at most one for each name and line."""
    reasons: dict[str, str]
    """Reason why a name of `missing` could not be included, by name, where that was tried."""


def free_names(piece: Piece) -> list[Use]:
    """List the uses of names that a piece neither defines nor finds among the builtins, by line."""
    text = piece.compilable()
    tree = ast.parse(text)
    code = compile(text, piece.filename, "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True)
    defined: set[str] = set()
    used: dict[tuple[str, int], None] = {}
    for block in _blocks(code):
        own = {str(op.argval) for op in dis.get_instructions(block) if op.opname in _STORES}
        defined |= {str(op.argval) for op in dis.get_instructions(block) if op.opname == "STORE_GLOBAL"}
        if block is code:
            defined |= own
        used.update(dict.fromkeys(use for use in _loads(block) if use[0] not in own))
    guarded = _guarded(tree)
    return [
        Use(name, piece.filename, line)
        for name, line in sorted(used, key=lambda use: use[1])
        if name not in defined and name not in _GIVEN and (name, line) not in guarded
    ]


def _blocks(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and all code objects nested in it."""
    yield code
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            yield from _blocks(constant)


def _loads(block: CodeType) -> Iterator[tuple[str, int]]:
    """Yield each name that a code object looks up in the global scope, with the line of the lookup."""
    starts = dict(dis.findlinestarts(block))
    line = block.co_firstlineno
    for op in dis.get_instructions(block):
        line = starts.get(op.offset) or line
        if op.opname in _LOADS:
            yield str(op.argval), line


def _guarded(tree: ast.Module) -> set[tuple[str, int]]:
    """Collect the uses in `try` blocks that catch a NameError, because the function handles their absence."""
    uses = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any("NameError" in ast.dump(h.type) for h in node.handlers if h.type):
            for statement in node.body:
                uses |= {(n.id, n.lineno) for n in ast.walk(statement) if isinstance(n, ast.Name)}
    return uses


def gather(function: Callable[..., Any], include: Include = (), skip_decorators: int = 0) -> Gathered:
    """Collect the source of a function and everything that is included with it, dependencies first.

    Args:
        function: a plain function, or one wrapped by decorators that use `functools.wraps`.
        include: `"auto"`, or functions, classes, and names of the function's module.
        skip_decorators: the number of decorators, from the first, that turn the function into a task.

    Raises:
        SourceError: the source of the function or of an item of `include` is not available, or `include` is invalid.
    """
    main = locate(function)
    name = main.node.name
    piece = main.piece(skip_decorators)
    collector = _Collector(unwrap(function), include, seen=name)
    collector.take_included(piece, main)
    collector.visit(piece, main)
    prelude = tuple(_import(item) for item in sorted(collector.prelude))
    source = FunctionSource(name=name, pieces=(*prelude, *collector.pieces))
    return Gathered(source, tuple(collector.missing), collector.reasons)


def _import(module: str) -> Piece:
    """Return a piece that imports a module if the environment has it. It stands for no line of the user's file."""
    text = f"try:\n    import {module}\nexcept ImportError:\n    pass\n"
    return Piece(text=text, filename="<airflow_venv>", first_line=1)


class _Collector:
    """Collect the definitions that a function uses, directly or indirectly, each once."""

    def __init__(self, function: Callable[..., Any], include: Include, *, seen: str) -> None:
        self.function = function
        self.values = values_around(function)
        self.auto = include == "auto"
        if isinstance(include, str) and not self.auto:
            raise SourceError(f'include={include!r} must be "auto" or a list of functions, classes and names.')
        items = () if self.auto else tuple(include)
        self.objects = {_name(item): item for item in items if not isinstance(item, str)}
        self.names = {item for item in items if isinstance(item, str)}
        self.pieces: list[Piece] = []
        self.missing: list[Use] = []
        self.reasons: dict[str, str] = {}
        self.prelude: set[str] = set()
        self.seen = {seen}
        self.modules: set[str] = set()

    def take_included(self, user: Piece, definition: Definition) -> None:
        """Include the items of `include`, even if they are unused: an argument may be of an included class.

        Raises:
            SourceError: an item cannot be included.
        """
        for name in (*self.objects, *sorted(self.names)):
            use = Use(name, user.filename, definition.node.lineno)
            if name not in self.seen and not self._take(use, user, definition):
                raise SourceError(
                    f"include={name!r} cannot be brought along with {definition.node.name} ({user.filename}): "
                    f"{self.reasons[name]}"
                )

    def visit(self, piece: Piece, definition: Definition) -> None:
        """Include a piece, after everything that it uses."""
        for use in free_names(piece):
            if use.name in self.seen:
                if use.name in self.modules:  # this piece may use another submodule
                    self._import(use.name, piece, definition)
            elif not self._take(use, piece, definition):
                self.missing.append(use)
        self.pieces.append(piece)

    def _import(self, name: str, user: Piece, definition: Definition) -> None:
        """Include the imports that a piece needs from a package that is imported already."""
        piece, _ = binding(name, definition, self.values, user.compilable())
        if piece is not None and piece not in self.pieces:
            self.pieces.append(piece)

    def _take(self, use: Use, user: Piece, definition: Definition) -> bool:
        """Include a name if `include` allows it and its source is available; return whether it is."""
        if use.name in self.objects:
            helper = self._helper(self.objects[use.name])
            if helper is not None:
                self.seen.add(use.name)
                self.visit(helper.piece(), helper)
                return True
        if self.auto or use.name in self.names or use.name in self.objects:
            piece, reason = binding(use.name, definition, self.values, user.compilable())
            if piece is not None:
                self.seen.add(use.name)
                if inspect.ismodule(self.values.get(use.name)):
                    self.modules.add(use.name)
                self.visit(piece, definition)
                return True
            self.reasons[use.name] = reason
        if use.name in _PRELUDE:
            self.prelude.add(use.name)
            return True
        return False

    def _helper(self, item: Any) -> Definition | None:
        """Find the definition of an included function or class; None for a class that an assignment defines."""
        try:
            return locate(item, beside=self.function)
        except SourceError:
            if inspect.isclass(item) and self.values.get(item.__name__) is item:  # as by collections.namedtuple
                return None
            raise


def _name(item: Any) -> str:
    """Return the name of an included function or class. Raises SourceError for any other object."""
    name = getattr(unwrap(item), "__name__", None) if callable(item) else None
    if name is None:
        raise SourceError(f'include takes functions, classes and names of the module, not {item!r}; or "auto".')
    return str(name)


def values_around(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the values of the names in a function's module and closure, without variables that are unassigned."""
    values = dict(function.__globals__)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        try:
            values[name] = cell.cell_contents
        except ValueError:  # noqa: PERF203 - not assigned yet
            continue
    return values
