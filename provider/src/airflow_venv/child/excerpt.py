"""Values and names in messages: whole, or only described, since the log hides a secret only where all of it stands."""

VALUE_LIMIT = 200
NAME_LIMIT = 1000


def excerpt(value):
    """Quote a value if that is short; otherwise give its type and length."""
    if isinstance(value, (str, bytes, list, dict)) and len(value) > VALUE_LIMIT:
        return f"({type(value).__name__} of length {len(value)})"
    text = repr(value)
    return text if len(text) <= VALUE_LIMIT else f"({type(value).__name__}, {len(text)} characters when written out)"


def whole(text):
    """Return a name or a sentence if it is short; otherwise its length."""
    text = str(text)
    return text if len(text) <= NAME_LIMIT else f"({len(text)} characters)"
