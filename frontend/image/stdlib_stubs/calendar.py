"""Stands in for the standard library's `calendar` in the frontend's image, until more of it is asked for than one name.

protobuf imports it for timestamps, which are none of the frontend's business. The real module, kept as
`_full_calendar`, makes a dozen enumerations and loads the locales: 2 ms of every build.
"""

from __future__ import annotations


def __getattr__(name: str) -> object:
    if name == "__path__":  # asked by each `from ... import`
        raise AttributeError(name)
    import _full_calendar  # noqa: PLC0415

    return getattr(_full_calendar, name)
