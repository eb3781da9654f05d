"""Airflow's exceptions, for functions in environments without Airflow."""


class AirflowException(Exception):
    """The root of Airflow's own exceptions."""


class AirflowSkipException(AirflowException):
    """Raised to mark the task as skipped."""


class AirflowFailException(AirflowException):
    """Raised to fail the task without another try."""


class AirflowNotFoundException(AirflowException):
    """Airflow has no connection, variable or value of that name."""


for _kind in (AirflowException, AirflowSkipException, AirflowFailException, AirflowNotFoundException):
    _kind.__module__ = __package__  # functions import them from there, and tracebacks name it


def raise_for(names, message):
    """Raise an exception that stands for one of Airflow's in the worker, of classes that the function can catch.

    Args:
        names: the name of the class in the worker and those of its bases. Where Airflow is imported here too, the
            exception is also of Airflow's class here.
        message: the text of the exception.
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
