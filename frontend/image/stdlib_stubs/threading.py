"""Replace the standard library's `threading` in the frontend's image, whose process has only one thread.

protobuf imports `threading` for a lock. Other names come from the real module, which is kept as `_full_threading`.
"""

from __future__ import annotations

from _thread import RLock, allocate_lock, get_ident

__all__ = ["Lock", "RLock", "get_ident"]

Lock = allocate_lock


def __getattr__(name: str) -> object:
    if name == "__path__":  # looked up by each `from ... import`
        raise AttributeError(name)
    import _full_threading  # noqa: PLC0415

    return getattr(_full_threading, name)
