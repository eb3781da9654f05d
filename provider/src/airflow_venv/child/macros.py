"""Provide `macros` of the context: the functions and modules of Airflow's templates, including those of plugins."""

import datetime
import json  # noqa: F401
import random
import time  # noqa: F401
import uuid  # noqa: F401
from datetime import timedelta  # noqa: F401

from . import services

_DAY = "%Y-%m-%d"


def ds_add(ds, days):
    """Add a number of days to a date such as `2024-12-31`."""
    moved = datetime.datetime.strptime(str(ds), _DAY) + datetime.timedelta(days)  # noqa: DTZ007 - only a day
    return moved.strftime(_DAY)


def ds_format(ds, input_format, output_format):
    """Convert a date to another format (`datetime.strftime`)."""
    return datetime.datetime.strptime(str(ds), input_format).strftime(output_format)  # noqa: DTZ007


def random_as_float():
    """Return a random number from 0 up to, but not including, 1."""
    return random.random()  # noqa: S311 - as Airflow's macro does


class _Plugin:
    """The macros of one plugin. The worker calls them; arguments and results are plain data."""

    def __init__(self, name, macros):
        self.__name__ = name
        self.__dict__.update({macro: _served(name, macro) for macro in macros})

    def __getattr__(self, name):
        raise AttributeError("the plugin " + self.__name__ + " has no macro " + name)


def _served(plugin, name):
    def macro(*args, **kwargs):
        return services.macro(plugin, name, args, kwargs)

    macro.__name__ = name
    return macro


def __getattr__(name):
    if name == "dateutil":
        import dateutil

        return dateutil
    if name in ("datetime_diff_for_humans", "ds_format_locale"):  # these need packages that only Airflow requires
        return _served("", name)
    macros = () if name.startswith("_") else services.plugin_macros(name)
    if not macros:
        raise AttributeError(f"macros.{name}: neither one of Airflow's macros nor a plugin with macros")
    return globals().setdefault(name, _Plugin(name, macros))
