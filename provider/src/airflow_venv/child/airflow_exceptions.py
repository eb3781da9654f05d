"""Airflow's exceptions, for functions in environments without Airflow."""


class AirflowException(Exception):
    """Base class of Airflow's exceptions."""


class AirflowSkipException(AirflowException):
    """Raised to mark the task as skipped."""


class AirflowFailException(AirflowException):
    """Raised to fail the task without retries."""


class AirflowNotFoundException(AirflowException):
    """Raised when Airflow has no connection, variable or value of the requested name."""


for _kind in (AirflowException, AirflowSkipException, AirflowFailException, AirflowNotFoundException):
    _kind.__module__ = __package__  # the public module, which functions import and tracebacks show


def raise_for(names, message):
    """Raise the counterpart of an exception from the worker, as a class that the function can catch.

    The classes are looked up by name in this module, in `airflow.exceptions` if it is imported, and among the builtins.

    Args:
        names: the name of the exception's class in the worker, followed by the names of its base classes.
        message: the text of the exception.

    Raises:
        Exception: an instance of all classes that were found. If there are none, an AirflowException whose message
            starts with the first name.
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
