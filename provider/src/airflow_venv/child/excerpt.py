"""Quote values and names in messages, either completely or not at all.

Airflow masks a secret in a log only where it is complete, so a text that was cut off could show a part of one.
"""

VALUE_LIMIT = 200
"""Maximum number of characters of a quoted value."""
NAME_LIMIT = 1000
"""Maximum number of characters of a name or sentence."""


def excerpt(value):
    """Return the `repr` of a value if it is short, otherwise the value's type and length."""
    if isinstance(value, (str, bytes, list, dict)) and len(value) > VALUE_LIMIT:
        return f"({type(value).__name__} of length {len(value)})"
    text = repr(value)
    return text if len(text) <= VALUE_LIMIT else f"({type(value).__name__}, {len(text)} characters when written out)"


def whole(text):
    """Return a name or a sentence unchanged if it is short, otherwise only its length."""
    text = str(text)
    return text if len(text) <= NAME_LIMIT else f"({len(text)} characters)"
