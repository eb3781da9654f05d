"""Tells the operator how the function ended when it did not return."""

import os
import sys
import traceback

SKIP = {"AirflowSkipException"}
FAIL = {"AirflowFailException", "AirflowSensorTimeout"}
_HERE = os.path.dirname(os.path.abspath(__file__))
_OURS = (_HERE + os.sep, os.path.join(os.path.dirname(_HERE), "runner.py"))
_DEPTH = 4


def send(channel, start, error):
    """Send the outcome that an exception stands for."""
    names = {kind.__name__ for kind in type(error).__mro__ if kind.__module__.partition(".")[0] in _AIRFLOW}
    if isinstance(error, SystemExit):
        code = error.code
        if code is None or isinstance(code, int):
            channel.send({"kind": "exit", "code": code or 0, "message": ""})
        else:
            channel.send({"kind": "exit", "code": 1, "message": _text(code)})
    elif names & SKIP:
        channel.send({"kind": "skip", "message": _text(error)})
    else:
        kind = "fail" if names & FAIL else "error"
        head = {"kind": kind, "type": type_name(type(error)), "message": _text(error)}
        channel.send(head, formatted(start, error).encode("utf-8", "backslashreplace"))


_AIRFLOW = ("airflow", "airflow_venv")


def _text(value):
    try:
        return str(value)[:100_000]
    except Exception as error:  # noqa: BLE001 - a broken __str__ is the user's
        return f"<no text: its __str__ raised {type(error).__name__}>"


def type_name(kind):
    """Name a class as people do: builtins and what the function defines itself without their module."""
    module = kind.__module__
    if module.startswith("airflow_venv."):
        module = "airflow_venv"
    return kind.__qualname__ if module in ("builtins", "__main__") else module + "." + kind.__qualname__


def formatted(start, error):
    """Format the exception with its causes: the user's frames, not ours."""
    if type(error).__name__ == "TransferError":
        return f"{type(error).__name__}: {error}"
    fill_linecache(start.get("pieces", ()))
    summary = traceback.TracebackException(type(error), error, error.__traceback__)
    _clean(summary, {piece["filename"] for piece in start.get("pieces", ())} | {start.get("path")}, set())
    try:
        return "".join(summary.format()).rstrip("\n")[-1_000_000:]
    except Exception:  # noqa: BLE001 - a broken __str__ again
        return type_name(type(error))


def _clean(summary, files, seen):
    """Take our frames out of a summary and of the exceptions it hangs on; start at the user's file."""
    if summary is None or id(summary) in seen:
        return
    seen.add(id(summary))
    frames = [frame for frame in summary.stack if not frame.filename.startswith(_OURS)]
    if len(frames) < len(summary.stack):  # it came all the way up, through asyncio.run or the import system too
        first = next((place for place, frame in enumerate(frames) if frame.filename in files), 0)
        frames = frames[first:]
    summary.stack[:] = frames
    for other in (summary.__cause__, summary.__context__, *(getattr(summary, "exceptions", None) or ())):
        _clean(other, files, seen)


def fill_linecache(pieces):
    """Let tracebacks show the lines that ran, whether or not the DAG file is here and unchanged."""
    import linecache

    for name in {piece["filename"] for piece in pieces}:
        lines = linecache.getlines(name)
        for piece in pieces:
            if piece["filename"] == name:
                lines = _overlay(lines, piece["source"].splitlines(True), piece["shown"])
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)


def _overlay(lines, sent, first):
    """Put the lines that were sent over those of the file; those that were only blanked out stay."""
    lines = lines + ["\n"] * (len(sent) - len(lines))
    for place in range(first - 1, len(sent)):
        if not _blanked(lines[place], sent[place]):
            lines[place] = sent[place]
    return lines


def _blanked(line, sent):
    return all(ours in (" ", "\n", theirs) for ours, theirs in zip(sent, line.ljust(len(sent))))


def describe(value, error):
    """Name the part of a value that cannot be sent: its place, type and module."""
    place, part, error = _culprit(value, "value", error, 0)
    kind = type(part)
    return f"{place} is a {kind.__qualname__} of module {kind.__module__} ({type(error).__name__}: {_text(error)})"


def _culprit(value, place, error, depth):
    """Follow what cannot be pickled down to the smallest part, or to the first whose class is to blame."""
    if depth < _DEPTH and _refusal(type(value)) is None:
        for name, part in _parts(value):
            refusal = _refusal(part)
            if refusal is not None:
                return _culprit(part, place + name, refusal, depth + 1)
    return place, value, error


def _refusal(value):
    """Give the exception that pickling raises; None where it works."""
    import pickle

    try:
        pickle.dumps(value)
    except Exception as error:  # noqa: BLE001 - whatever a reducer raises
        return error
    return None


def _parts(value):
    if isinstance(value, dict):
        return [(f"[{key!r}]", part) for key, part in value.items()]
    if isinstance(value, (list, tuple)):
        return [(f"[{number}]", part) for number, part in enumerate(value)]
    if hasattr(value, "__dict__") and not isinstance(value, (type, type(sys), type(_parts))):
        return [("." + key, part) for key, part in vars(value).items()]
    return []
