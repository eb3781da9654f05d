"""``macros``: the functions and modules that Airflow's templates have under that name."""

import datetime
import json  # noqa: F401
import random
import time  # noqa: F401
import uuid  # noqa: F401
from datetime import timedelta  # noqa: F401

_DAY = "%Y-%m-%d"


def ds_add(ds, days):
    """Add days to a date such as ``2024-12-31``."""
    moved = datetime.datetime.strptime(str(ds), _DAY) + datetime.timedelta(days)  # noqa: DTZ007 - a day
    return moved.strftime(_DAY)


def ds_format(ds, input_format, output_format):
    """Write a date in another format."""
    return datetime.datetime.strptime(str(ds), input_format).strftime(output_format)  # noqa: DTZ007


def random_as_float():
    """Give a random number from 0 to 1."""
    return random.random()  # noqa: S311 - as Airflow's macro does


def __getattr__(name):
    if name == "dateutil":
        import dateutil

        return dateutil
    raise AttributeError(
        f"macros.{name} does not reach an environment: only Airflow's own macros do (ds_add, ds_format, datetime, "
        "timedelta, time, uuid, random, json, dateutil where installed)"
    )
