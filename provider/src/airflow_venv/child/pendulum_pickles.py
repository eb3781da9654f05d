"""Has pendulum's values pickled so that every major version reads them: the worker's may be 2 and this one 3.

Their time zones pickle what only the same version has, and the class of an interval has another name in each. Where a
value is read, it is of that version's own class.
"""

import copyreg
import datetime
import operator
import sys


def install(pendulum):
    """Register the classes of the pendulum that has just been imported."""
    zones = sys.modules.get("pendulum.tz.timezone")
    if not (hasattr(zones, "Timezone") and hasattr(zones, "FixedTimezone")):
        return  # another module of that name, or a version to come
    copyreg.pickle(zones.Timezone, lambda zone: (zones.Timezone, (zone.name,)))
    copyreg.pickle(zones.FixedTimezone, lambda zone: (zones.FixedTimezone, (_offset(zone), zone.name)))
    for name in ("Period", "Interval"):
        if hasattr(pendulum, name):
            copyreg.pickle(getattr(pendulum, name), lambda value: (operator.sub, (value.end, value.start)))


def _offset(zone):
    return int(zone.utcoffset(datetime.datetime(2000, 1, 1)).total_seconds())  # noqa: DTZ001 - it never changes
