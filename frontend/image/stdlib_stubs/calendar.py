"""Replace the standard library's `calendar` in the frontend's image, and load the real module only if it is used.

protobuf imports `calendar` for timestamps, which the frontend does not use. The real module, kept as `_full_calendar`,
defines a dozen enumerations and loads the locales, which takes 2 ms in every build.
"""

from __future__ import annotations


def __getattr__(name: str) -> object:
    if name == "__path__":  # looked up by each `from ... import`
        raise AttributeError(name)
    import _full_calendar  # noqa: PLC0415

    return getattr(_full_calendar, name)
