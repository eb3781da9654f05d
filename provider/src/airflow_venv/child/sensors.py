"""Airflow's class for the result of a sensor, for functions in environments without Airflow."""


class PokeReturnValue:
    """Result of a sensor.

    Args:
        is_done: whether the condition that the sensor waits for is met.
        xcom_value: the value that the sensor returns to downstream tasks.
    """

    def __init__(self, is_done, xcom_value=None):
        self.is_done = is_done
        self.xcom_value = xcom_value

    def __bool__(self):
        return self.is_done


PokeReturnValue.__module__ = __package__  # in the worker, this name is Airflow's own class
