"""Airflow's exceptions, as a function may raise them where there is no Airflow."""


class AirflowException(Exception):
    """The root of Airflow's own exceptions."""


class AirflowSkipException(AirflowException):
    """The task is to be marked as skipped."""


class AirflowFailException(AirflowException):
    """The task is to fail without another try."""


class AirflowNotFoundException(AirflowException):
    """Airflow has no connection, variable or value of that name."""
