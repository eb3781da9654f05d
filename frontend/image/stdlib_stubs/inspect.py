"""Replace the standard library's `inspect` in the frontend's image, and load the real module only for rare uses.

`dataclasses` and the parser that lark generates import `inspect` for the functions below. The real module, kept as
`_full_inspect`, loads the disassembler, the tokenizer and the syntax tree, which takes 8 ms in every build.
"""

from __future__ import annotations


def get_annotations(cls: type, **how: object) -> dict[str, object]:
    """Return a class's own annotations without evaluating them. Other calls are passed to the real function."""
    if how or not isinstance(cls, type):
        import _full_inspect  # noqa: PLC0415

        return _full_inspect.get_annotations(cls, **how)
    return dict(cls.__dict__.get("__annotations__", {}))  # noqa: RUF063  # this implements it


def signature(called: object, **how: object) -> object:
    """Return the signature of a function, but raise ValueError for a class.

    `dataclasses` calls this to create the docstring of a class that has none, which the frontend does not need. It
    handles the ValueError, which the real function raises for some classes.

    Raises:
        ValueError: the argument is a class.
    """
    if isinstance(called, type):
        raise ValueError("the signatures of classes are not looked at here")  # noqa: TRY004  # as the real one
    import _full_inspect  # noqa: PLC0415

    return _full_inspect.signature(called, **how)


def getmro(cls: type) -> tuple[type, ...]:
    """Return a class and its base classes, in the order of method resolution."""
    return cls.__mro__


def getmembers(cls: type) -> list[tuple[str, object]]:
    """Return the attributes of a class, sorted by name."""
    return [(name, getattr(cls, name)) for name in sorted(dir(cls)) if hasattr(cls, name)]


def __getattr__(name: str) -> object:
    if name == "__path__":  # looked up by each `from ... import`
        raise AttributeError(name)
    import _full_inspect  # noqa: PLC0415

    return getattr(_full_inspect, name)
