"""Airflow's result of a sensor, for functions in environments without Airflow."""


class PokeReturnValue:
    """Whether a sensor has found what it waits for, and a value for those that come after it."""

    def __init__(self, is_done, xcom_value=None):
        self.is_done = is_done
        self.xcom_value = xcom_value

    def __bool__(self):
        return self.is_done


PokeReturnValue.__module__ = __package__  # the worker finds Airflow's own class under the name that this one has here
