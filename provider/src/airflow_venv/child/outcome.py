"""Report to the operator how the function ended, if it did not return."""

import os
import traceback

from .frames import (
    GROUP_LIMIT,
    GROUP_MESSAGE_LIMIT,
    MESSAGE_LIMIT,
    TRACEBACK_LIMIT,
    ErrorFrame,
    ExitFrame,
    SkipFrame,
    dumps,
    is_plain,
)

SKIP = {"AirflowSkipException"}
FAIL = {"AirflowFailException", "AirflowSensorTimeout"}
_HERE = os.path.dirname(os.path.abspath(__file__))
_OURS = _HERE + os.sep
_MRO_LIMIT = 100
_CHAIN_LIMIT = 100


def send(channel, start, error):
    """Send the outcome that an exception stands for: a skip, an exit or an error.

    Args:
        channel: the `OperatorChannel`.
        start: the `StartFrame` of the task.
        error: the exception that the function has raised.
    """
    names = {kind.__name__ for kind in type(error).__mro__ if kind.__module__.partition(".")[0] in _AIRFLOW}
    if isinstance(error, SystemExit):
        channel.send(exit_frame(error))
    elif names & SKIP:
        channel.send(SkipFrame(message=message_of(error)))
    else:
        args, attributes = _state(error)
        room = [None] * GROUP_LIMIT
        frame = ErrorFrame(
            types=_types(error),
            message=message_of(error),
            retry=not names & FAIL,
            args=args,
            attributes=attributes,
            exceptions=_group(error, room),
            causes=_cause(error, room),
        )
        channel.send(frame, formatted(start, error).encode("utf-8", "backslashreplace"))


def exit_frame(error):
    """Return the frame for a `SystemExit`: its code, or its text and the code 1."""
    if error.code is None or isinstance(error.code, int):
        return ExitFrame(code=error.code or 0, message="")
    return ExitFrame(code=1, message=message_of(error.code))


_AIRFLOW = ("airflow", "airflow_venv")


def _types(error):
    return [f"{_module(kind)}:{kind.__qualname__}" for kind in type(error).__mro__[:_MRO_LIMIT]]


def _group(error, room):
    """Describe the exceptions of a group and of nested groups. Each removes an item from `room`, which limits them."""
    if not _is_group(error):
        return []
    described = []
    for number, part in enumerate(error.exceptions):
        if not room:
            text = f"{len(error.exceptions) - number} more, which are in the traceback"
            described.append({"types": ["builtins:Exception"], "message": text})
            break
        described.append(_described(part, room))
    return described


def _cause(error, room):
    """Describe the exception that another was raised from, as a list of it alone; an empty one if there is none."""
    return [_described(error.__cause__, room)] if error.__cause__ is not None and room else []


def _described(error, room):
    room.pop()
    args, _ = _state(error)
    return {
        "types": _types(error),
        "message": message_of(error)[:GROUP_MESSAGE_LIMIT],
        "args": args if len(dumps(args)) <= GROUP_MESSAGE_LIMIT else [],
        "exceptions": _group(error, room),
        "causes": _cause(error, room),
    }


def _is_group(error):
    return any(kind.__name__ == "BaseExceptionGroup" for kind in type(error).__mro__)


def message_of(value):
    """Return the text of an exception, or of what was given to `sys.exit`."""
    try:
        return str(value)[:MESSAGE_LIMIT]
    except Exception as error:  # noqa: BLE001 - the user's __str__ may be broken
        return f"<no text: its __str__ raised {type(error).__name__}>"


def _state(error):
    """Return the arguments of an exception if all are plain, and its attributes that are plain."""
    args = list(error.args)
    if isinstance(error, OSError) and error.filename and len(args) == 2:
        args.append(error.filename)
    elif _is_group(error):
        args = args[:1]  # its exceptions are sent apart
    try:
        attributes = {name: value for name, value in vars(error).items() if is_plain([name, value])}
    except TypeError:  # an exception without __dict__
        attributes = {}
    return (args if is_plain(args) else []), (attributes if is_plain(attributes) else {})


def _module(kind):
    module = str(kind.__module__)
    return "airflow_venv" if module.startswith("airflow_venv.") else module


def type_name(kind):
    """Return the name of a class as tracebacks show it: without the module for builtins and the function's own."""
    module = _module(kind)
    return kind.__qualname__ if module in ("builtins", "__main__") else module + "." + kind.__qualname__


def formatted(start, error):
    """Return the traceback of an exception and its causes, without the frames of this package."""
    if type(error).__name__ == "TransferError":
        return f"{type(error).__name__}: {error}"
    fill_linecache(start.sources())
    _cut_chain(error)
    summary = traceback.TracebackException(type(error), error, error.__traceback__)
    _clean(summary, {piece.filename for piece in start.sources()} | {start.path}, set())
    try:
        text = "".join(summary.format()).rstrip("\n")
    except Exception:  # noqa: BLE001 - the user's __str__ may be broken
        return type_name(type(error))
    return text[-TRACEBACK_LIMIT:]


def _cut_chain(error):
    """Leave off the earliest causes and contexts of a very long chain, for each of which `traceback` calls itself."""
    seen = set()
    level = [error]
    for last in (*[False] * _CHAIN_LIMIT, True):
        chained = [other for one in level for other in (one.__cause__, one.__context__)]
        if last:
            for one in level:
                one.__cause__ = one.__context__ = None
        level = [other for other in chained if other is not None and id(other) not in seen]
        seen.update(map(id, level))


def _clean(summary, files, seen):
    """Remove all frames before the user's file and those of this package, from a summary and its causes."""
    if summary is None or id(summary) in seen:
        return
    seen.add(id(summary))
    frames = [frame for frame in summary.stack if not frame.filename.startswith(_OURS)]
    if len(frames) < len(summary.stack):  # the first frames may be those of asyncio.run or of an import
        first = next((place for place, frame in enumerate(frames) if frame.filename in files), 0)
        frames = frames[first:]
    summary.stack[:] = frames
    for other in (summary.__cause__, summary.__context__, *(getattr(summary, "exceptions", None) or ())):
        _clean(other, files, seen)


def fill_linecache(pieces):
    """Make tracebacks show the lines that ran, even if the DAG file is missing here or has changed."""
    import linecache

    for name in {piece.filename for piece in pieces}:
        lines = linecache.getlines(name)
        for piece in pieces:
            if piece.filename == name:
                lines = _overlay(lines, piece.source.splitlines(True), piece.first_line)
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)


def _overlay(lines, sent, first):
    """Replace lines of the file with the lines that were sent, except where a sent line is only blanked out in part."""
    lines = lines + ["\n"] * (len(sent) - len(lines))
    for place in range(first - 1, len(sent)):
        if not _blanked(lines[place], sent[place]):
            lines[place] = sent[place]
    return lines


def _blanked(line, sent):
    return all(character in (" ", "\n", original) for character, original in zip(sent, line.ljust(len(sent))))
