"""Stands in for the standard library's `inspect` in the frontend's image, until more than annotations is asked for.

`dataclasses` imports it for every class it makes, and the parser that lark generates when it is loaded; they use these
functions of it. The real module, kept as `_full_inspect`, loads the disassembler, the tokenizer and the syntax tree:
8 ms of every build.
"""

from __future__ import annotations


def get_annotations(cls: type, **how: object) -> dict[str, object]:
    """Give a class's own annotations, not evaluated."""
    if how or not isinstance(cls, type):
        import _full_inspect  # noqa: PLC0415

        return _full_inspect.get_annotations(cls, **how)
    return dict(cls.__dict__.get("__annotations__", {}))  # noqa: RUF063  # this is that function


def signature(called: object, **how: object) -> object:
    """Refuse a class, which `dataclasses` takes for an answer: a class without a docstring needs none made for it.

    Raises:
        ValueError: it is a class.
    """
    if isinstance(called, type):
        raise ValueError("the signatures of classes are not looked at here")  # noqa: TRY004  # as the real one has it
    import _full_inspect  # noqa: PLC0415

    return _full_inspect.signature(called, **how)


def getmro(cls: type) -> tuple[type, ...]:
    """Return a class and those that it is based on."""
    return cls.__mro__


def getmembers(cls: type) -> list[tuple[str, object]]:
    """Return the attributes of a class, sorted by name."""
    return [(name, getattr(cls, name)) for name in sorted(dir(cls)) if hasattr(cls, name)]


def __getattr__(name: str) -> object:
    if name == "__path__":  # asked by each `from ... import`
        raise AttributeError(name)
    import _full_inspect  # noqa: PLC0415

    return getattr(_full_inspect, name)
