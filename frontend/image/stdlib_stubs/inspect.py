"""Stands in for the standard library's `inspect` in the frontend's image, until more than annotations is asked for.

`dataclasses` imports it for every class it makes, and uses only this one function of it for classes that have a
docstring. The real module, kept as `_full_inspect`, loads the disassembler, the tokenizer and the syntax tree: 8 ms of
every build.
"""

from __future__ import annotations


def get_annotations(cls: type, **how: object) -> dict[str, object]:
    """Give a class's own annotations, not evaluated."""
    if how or not isinstance(cls, type):
        import _full_inspect  # noqa: PLC0415

        return _full_inspect.get_annotations(cls, **how)
    return dict(cls.__dict__.get("__annotations__", {}))  # noqa: RUF063  # this is that function


def __getattr__(name: str) -> object:
    import _full_inspect  # noqa: PLC0415

    return getattr(_full_inspect, name)
