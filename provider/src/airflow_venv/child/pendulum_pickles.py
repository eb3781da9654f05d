"""Pickle pendulum's values such that every major version can read them: the worker may have 2, the environment 3.

Pendulum's own pickles of time zones refer to names of one major version, and intervals have a class of another name in
each. With these reducers, unpickling creates instances of the reader's own classes.
"""

import copyreg
import datetime
import operator
import sys


def install(pendulum):
    """Register reducers for pendulum's classes.

    Args:
        pendulum: the module `pendulum`, which has just been imported.
    """
    zones = sys.modules.get("pendulum.tz.timezone")
    if not (hasattr(zones, "Timezone") and hasattr(zones, "FixedTimezone")):
        return  # another module of this name, or an unknown version
    copyreg.pickle(zones.Timezone, lambda zone: (zones.Timezone, (zone.name,)))
    copyreg.pickle(zones.FixedTimezone, lambda zone: (zones.FixedTimezone, (_offset(zone), zone.name)))
    for name in ("Period", "Interval"):
        if hasattr(pendulum, name):
            copyreg.pickle(getattr(pendulum, name), lambda value: (operator.sub, (value.end, value.start)))


def _offset(zone):
    return int(zone.utcoffset(datetime.datetime(2000, 1, 1)).total_seconds())  # noqa: DTZ001 - it never changes
