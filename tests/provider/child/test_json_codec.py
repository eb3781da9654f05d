"""Plain data as JSON with tags for types."""

import contextlib
import datetime as dt
import decimal
import json
import zoneinfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_venv.child import json_codec

zones = st.sampled_from(
    [None, zoneinfo.ZoneInfo("Europe/Berlin"), dt.UTC, dt.timezone(dt.timedelta(hours=-3, minutes=-30))]
)
keys = st.text() | st.integers() | st.booleans() | st.none()
leaves = (
    keys
    | st.floats(allow_nan=False)
    | st.binary()
    | st.dates()
    | st.datetimes(timezones=zones)
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids()
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner) | st.dictionaries(keys, inner) | st.tuples(inner, inner) | st.frozensets(keys) | st.sets(keys)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("zone", [None, dt.UTC, zoneinfo.ZoneInfo("Europe/Berlin")])
def test_the_second_of_two_equal_hours_stays_the_second(zone):
    """`==` does not compare `fold`."""
    moment = dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zone)
    for value in (moment, moment.time()):
        assert json_codec.decode(json_codec.encode(value)).fold == 1


@given(values)
@example(dt.datetime(2013, 3, 31, 2, 0, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")))  # an hour that was left out
@example(dt.datetime(2000, 1, 1, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")))
def test_what_is_written_is_read_back(value):
    """Values and their types survive real JSON."""
    back = json_codec.decode(json.loads(json.dumps(json_codec.encode(value))))
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value) or isinstance(value, (dict, set, frozenset, list, tuple, float))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.text(), inner)
            | st.tuples(st.sampled_from([*json_codec._READERS, "?"]), inner).map(lambda two: {"$": list(two)})
            | inner.map(lambda one: {"$": one})
        ),
    )
)
def test_any_input_is_a_value_or_a_value_error(coded):
    """Invalid tags, unknown types and wrong parts raise nothing but `ValueError`."""
    with contextlib.suppress(ValueError):
        assert json_codec.decode(coded) is not json_codec


def test_zones_keep_their_names():
    """An offset is not enough for daylight saving time."""
    berlin = dt.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    back = json_codec.decode(json_codec.encode(berlin))
    assert (back, back.tzinfo.key) == (berlin, "Europe/Berlin")
    coded = {"$": ["datetime", "2024-07-01T00:00:00+02:00", "No/Such_Zone"]}
    assert json_codec.decode(coded).utcoffset() == dt.timedelta(hours=2)


def test_a_moment_is_kept_where_a_zone_has_other_rules():
    """A system's rules of a zone may be older than those of the one that wrote the value."""
    coded = {"$": ["datetime", "2024-07-01T00:00:00+05:00", "Europe/Berlin"]}
    back = json_codec.decode(coded)
    assert (back.tzinfo.key, back) == ("Europe/Berlin", dt.datetime(2024, 6, 30, 19, tzinfo=dt.UTC))


class Level(str):
    """A string subclass, like Airflow's states."""

    __slots__ = ()


class Moment(dt.datetime):
    """A datetime subclass, like pendulum's."""


@pytest.mark.parametrize(
    ("value", "becomes"),
    [
        (Level("high"), "high"),
        (Moment(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)),
        (type("D", (dict,), {})(a=1), {"a": 1}),
        (type("L", (list,), {})([1]), [1]),
        (type("I", (int,), {})(7), 7),
        (type("M", (decimal.Decimal,), {})("1.0"), decimal.Decimal("1.0")),
    ],
)
def test_a_subclass_is_read_back_as_its_base_class(value, becomes):
    """A value of a subclass is read back as a value of its base class."""
    back = json_codec.decode(json_codec.encode(value))
    assert (back, type(back)) == (becomes, type(becomes))


def test_what_is_no_data_is_named():
    """The message has the module of the value's type."""
    with pytest.raises(TypeError, match=r"^object \(of module builtins\) is not plain data$"):
        json_codec.encode([{"a": (object(),)}])
