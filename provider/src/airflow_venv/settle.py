"""From the outcome of a run to what Airflow understands: a value, a skip, a failure with or without a retry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_venv._compat import AirflowFailException, AirflowSkipException
from airflow_venv.call import Crash, Exit, Fail, Skip, Value
from airflow_venv.failures import FunctionError, failure
from airflow_venv.worker import supervisor
from airflow_venv.worker.services import Services

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from airflow_venv.call import Call, Outcome
    from airflow_venv.operators import VenvOperator

__all__ = ["run", "settle"]


def run(call: Call, context: Mapping[str, Any], operator: VenvOperator) -> Any:
    """Run the call in one child process; give the function's value, or raise what its outcome means to Airflow."""
    outcome = supervisor.run(call, Services(context), operator.log)
    return settle(outcome, operator.skip_on_exit_code, call.environment.python)


def settle(outcome: Outcome, skip_codes: Container[int], python: str) -> Any:
    """Turn an outcome into a value or an exception.

    Args:
        outcome: what became of the function.
        skip_codes: the exit codes that mean a skip. As in the stock operators 0 may be one, and then every end is.
        python: the interpreter, for the messages.

    Raises:
        AirflowSkipException: the function asked for it, or left with one of ``skip_codes``.
        AirflowFailException: the function asked for it: no further try.
        FunctionError: anything else that is no value.
    """
    if isinstance(outcome, Skip):
        raise AirflowSkipException(outcome.message)
    if isinstance(outcome, Fail):
        raise AirflowFailException(outcome.message) from _cause(outcome, python)
    code = _exit_code(outcome)
    if code is not None and code in skip_codes:
        raise AirflowSkipException(f"Process exited with code {code}. Skipping.")
    if isinstance(outcome, Value):
        return outcome.value
    if isinstance(outcome, Exit):
        if outcome.code == 0:
            return None
        said = f": {outcome.message}" if outcome.message else ""
        raise FunctionError(
            f"The function left with exit code {outcome.code}{said}", returncode=outcome.code, python=python
        )
    if isinstance(outcome, Crash):
        raise FunctionError(outcome.description, returncode=code if code is not None else 1, python=python)
    raise _cause(outcome, python)


def _exit_code(outcome: Outcome) -> int | None:
    """Give the code that the process would have left with as a script; minus the signal's number if one ended it."""
    if isinstance(outcome, Value):
        return 0
    if isinstance(outcome, Exit):
        return outcome.code
    if isinstance(outcome, Crash):
        return -outcome.signal if outcome.signal is not None else outcome.exit_code
    return 1


def _cause(outcome: Any, python: str) -> FunctionError:
    """Make the exception that looks like the function's own."""
    return failure(outcome.type_name, outcome.message, traceback=outcome.traceback, python=python)
