"""Airflow's exceptions, as a function may raise them where there is no Airflow."""


class AirflowException(Exception):
    """The root of Airflow's own exceptions."""


class AirflowSkipException(AirflowException):
    """The task is to be marked as skipped."""


class AirflowFailException(AirflowException):
    """The task is to fail without another try."""


class AirflowNotFoundException(AirflowException):
    """Airflow has no connection, variable or value of that name."""


for _kind in (AirflowException, AirflowSkipException, AirflowFailException, AirflowNotFoundException):
    _kind.__module__ = __package__  # what functions import them from, and what tracebacks should say


def raise_for(names, message):
    """Raise, for an exception that Airflow raised in the worker, one that the function can catch by its own names.

    ``names`` are the class's name and those of its bases. Where Airflow is imported here too, the exception is of
    Airflow's class as well.
    """
    import builtins
    import sys

    theirs = sys.modules.get("airflow.exceptions")
    bases = []
    for name in names:
        for kind in (globals().get(name), getattr(theirs, name, None), getattr(builtins, name, None)):
            if isinstance(kind, type) and issubclass(kind, Exception) and not any(issubclass(b, kind) for b in bases):
                bases.append(kind)
    if not bases or bases[0] is Exception:
        bases = [AirflowException]
        message = f"{names[0]}: {message}"
    kind = bases[0] if len(bases) == 1 else type(bases[0].__name__, tuple(bases), {"__module__": bases[0].__module__})
    raise kind(message)
