"""Values of Airflow's own types arrive as standard library types, with every serializer, nested or not."""

import collections
import dataclasses
import datetime
import importlib.util
import os
import sys
import types
import zoneinfo

import pendulum
import pytest

from airflow_venv import VenvSensor
from airflow_venv._compat import PokeReturnValue
from airflow_venv.results import FunctionError

UTC = datetime.timezone.utc
BERLIN = pendulum.datetime(2024, 7, 1, 12, 30, 0, 5, tz="Europe/Berlin")
every = pytest.mark.parametrize(
    ("venv", "serializer"),
    [
        ("py38", "pickle"),
        ("py38", "json"),
        ("py38", "arrow"),
        ("py313", "pickle"),
        ("py313", "json"),
        ("pickles", "pickle"),
        ("pickles", "cloudpickle"),
        ("pickles", "dill"),
    ],
)


def seen(value):
    """Describe a value by its types, as the function in the environment sees them."""

    def show(value):
        if isinstance(value, dict):
            return {str(key): show(item) for key, item in value.items()}
        if isinstance(value, (list, tuple, set)):
            return [type(value).__name__, *map(show, value)]
        kind = type(value)
        zone = type(getattr(value, "tzinfo", None)).__module__
        text = value.isoformat() if hasattr(value, "isoformat") else repr(value)
        return [kind.__module__, kind.__name__, zone, text]

    return show(value)


@every
def test_pendulum_dates_are_dates(execute, venv, serializer):
    for value, text in [
        (BERLIN, "2024-07-01T12:30:00.000005+02:00"),
        (pendulum.datetime(2024, 1, 1), "2024-01-01T00:00:00+00:00"),
        (pendulum.datetime(2024, 1, 1, tz="America/New_York"), "2024-01-01T00:00:00-05:00"),
        (pendulum.parse("2024-01-01T00:00:00+05:30"), "2024-01-01T00:00:00+05:30"),
        (datetime.datetime(2024, 1, 1, tzinfo=pendulum.timezone("Asia/Tokyo")), "2024-01-01T00:00:00+09:00"),
        (datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo("Asia/Tokyo")), "2024-01-01T00:00:00+09:00"),
        (pendulum.naive(2024, 1, 1), "2024-01-01T00:00:00"),
        (datetime.datetime(2024, 1, 1), "2024-01-01T00:00:00"),
    ]:
        module, name, zone, shown = execute(seen, venv=venv, op_args=[value], serializer=serializer)
        assert (module, name, shown) == ("datetime", "datetime", text)
        assert zone in ("datetime", "zoneinfo", "builtins")


@every
def test_other_values_of_pendulum_are_the_standard_library_s(execute, venv, serializer):
    interval = pendulum.datetime(2024, 1, 3) - pendulum.datetime(2024, 1, 1, 1)
    backwards = pendulum.datetime(2024, 1, 1, 1) - pendulum.datetime(2024, 1, 3)
    for value, kind, text in [
        (pendulum.date(2024, 1, 2), "date", "2024-01-02"),
        (pendulum.time(1, 2, 3, 4), "time", "01:02:03.000004"),
        (pendulum.duration(days=9, hours=1, microseconds=7), "timedelta", repr(datetime.timedelta(9, 3600, 7))),
        (pendulum.duration(days=-1), "timedelta", repr(datetime.timedelta(-1))),
        (interval, "timedelta", repr(datetime.timedelta(days=1, hours=23))),
        (backwards, "timedelta", repr(-datetime.timedelta(days=1, hours=23))),
    ]:
        module, name, _, shown = execute(seen, venv=venv, op_args=[value], serializer=serializer)
        assert (module, name, shown) == ("datetime", kind, text)


@every
def test_time_zones_as_values_keep_their_names(execute, venv, serializer):
    def f(zone):
        import datetime

        return [type(zone).__module__, str(zone.utcoffset(datetime.datetime(2024, 7, 1)))]

    assert execute(f, venv=venv, op_args=[pendulum.timezone("UTC")], serializer=serializer) == ["datetime", "0:00:00"]
    assert execute(
        f, venv=venv, op_args=[BERLIN.add(years=0).timezone], serializer="json" if venv == "py38" else serializer
    )
    fixed = pendulum.parse("2024-01-01T00:00:00+05:30").tzinfo
    assert execute(f, venv=venv, op_args=[fixed], serializer=serializer) == ["datetime", "5:30:00"]


@pytest.mark.parametrize("serializer", ["pickle", "json", "arrow", "cloudpickle", "dill"])
@pytest.mark.parametrize("venv", ["pendulum2", "pendulum3"])
def test_pendulum_of_another_major_version_takes_and_gives_values(execute, venv, serializer):
    """Dates can be passed in both directions between versions 2 and 3; results have the worker's own classes."""

    def f(berlin, fixed, duration, data_interval_start):
        import pendulum

        instant = pendulum.instance(berlin).in_timezone("Asia/Tokyo")
        summer = pendulum.datetime(2024, 7, 1, 12, tz="Europe/Berlin")
        return {
            "given": [berlin, fixed, duration],
            "context": [data_interval_start.add(days=1), type(data_interval_start).__module__],
            "made": [summer, instant, pendulum.datetime(2024, 1, 1), pendulum.parse("2024-01-01T00:00:00+05:30")],
            "parts": (summer.date(), summer.time(), pendulum.duration(days=9, hours=1)),
            "zones": [summer.timezone, pendulum.parse("2024-01-01T00:00:00+05:30").timezone],
            "interval": summer - summer.subtract(days=2),
        }

    fixed = pendulum.parse("2024-01-01T00:00:00+05:30")
    args = [BERLIN, fixed, pendulum.duration(days=9)]
    context = {"data_interval_start": pendulum.datetime(2024, 2, 1)}
    value = execute(f, venv=venv, op_args=args, serializer=serializer, context=context)
    assert value["given"] == [BERLIN, fixed, datetime.timedelta(9)]
    assert value["context"] == [pendulum.datetime(2024, 2, 2), "pendulum.datetime"]
    summer = pendulum.datetime(2024, 7, 1, 12, tz="Europe/Berlin")
    assert value["made"] == [summer, BERLIN, pendulum.datetime(2024, 1, 1), fixed]
    assert value["parts"] == (datetime.date(2024, 7, 1), datetime.time(12), datetime.timedelta(9, 3600))
    moment = datetime.datetime(2024, 7, 1)
    assert [zone.utcoffset(moment) for zone in value["zones"]] == [datetime.timedelta(hours=2), fixed.utcoffset()]
    assert value["interval"] == datetime.timedelta(2)
    if serializer in ("pickle", "cloudpickle", "dill"):
        assert value["made"][0].add(months=1).timezone.name == "Europe/Berlin"
        assert type(value["interval"]) is type(summer - summer)


def test_a_time_zone_that_the_environment_cannot_have_is_named(execute):
    def f(zone):
        return 1

    with pytest.raises(
        FunctionError, match="The argument 'zone' cannot be sent .*Europe/Berlin is not known in the env"
    ):
        execute(f, op_args=[BERLIN.timezone])


class Pair(collections.namedtuple("Pair", "left right")):
    pass


@dataclasses.dataclass
class Holder:
    when: datetime.datetime


@every
def test_values_are_replaced_wherever_they_are(execute, venv, serializer):
    value = {"a": [BERLIN, (BERLIN, {"b": BERLIN})], "c": {BERLIN.date()}}
    shown = str(execute(seen, venv=venv, op_args=[value], serializer=serializer))
    assert "pendulum" not in shown
    assert shown.count("+02:00") == 3


@pytest.mark.parametrize(("venv", "serializer"), [("py38", "pickle"), ("pickles", "cloudpickle"), ("pickles", "dill")])
def test_within_objects_too(execute, venv, serializer):
    def f(holder, ordered):
        return [type(holder).__name__, type(holder.when.tzinfo).__module__, type(ordered["x"].tzinfo).__module__]

    ordered = collections.OrderedDict(x=BERLIN)
    name, holders, ordereds = execute(
        f,
        venv=venv,
        op_args=[Holder(BERLIN), ordered],
        serializer=serializer,
        include=[Holder, "dataclasses", "datetime"],
    )
    assert name == "Holder"
    assert {holders, ordereds} <= {"datetime", "zoneinfo"}


def test_a_date_keeps_its_zone_where_the_environment_knows_it(execute):
    def f(when):
        import datetime

        return str((when + datetime.timedelta(days=180)).utcoffset())

    summer = datetime.datetime(2024, 7, 1, tzinfo=pendulum.timezone("Europe/Berlin"))
    knows = any(os.path.exists(f"{folder}/Europe/Berlin") for folder in zoneinfo.TZPATH)
    assert execute(f, venv="py313", op_args=[summer]) == ("1:00:00" if knows else "2:00:00")
    assert execute(f, venv="py38", op_args=[summer]) == "2:00:00"


def test_an_ambiguous_hour_keeps_its_fold(execute):
    def f(first, second):
        return [str(first.utcoffset()), str(second.utcoffset())]

    zone = pendulum.timezone("Europe/Berlin")
    hours = [datetime.datetime(2024, 10, 27, 2, 30, tzinfo=zone, fold=fold) for fold in (0, 1)]
    for venv in ("py38", "py313"):
        for serializer in ("pickle", "json"):
            assert execute(f, venv=venv, op_args=hours, serializer=serializer) == ["2:00:00", "1:00:00"]


def test_templates_dict_is_plain_too(execute):
    def f(templates_dict):
        return type(templates_dict["when"].tzinfo).__module__

    assert execute(f, templates_dict={"when": BERLIN}) == "datetime"


DAG_FILE = """
class Row:
    def __init__(self, x):
        self.x = x
    def __eq__(self, other):
        return type(self) is type(other) and self.x == other.x
    class Cell:
        pass

class BadRow(Exception):
    pass

def f(row):
    assert type(row) is Row and type(row.x) is Row.Cell, type(row).__module__
    return Row(row.x)

def g(row):
    raise BadRow("x")
"""


@pytest.fixture(params=["imported twice", "forgotten", "imported once"])
def dag_file(request, tmp_path):
    """Provide a DAG file that was imported twice, as by `airflow dags test`, or removed from `sys.modules`."""
    name = f"dag_file_{request.param.replace(' ', '_')}"
    path = tmp_path / f"{name}.py"
    path.write_text(DAG_FILE)
    modules = []
    for _ in range(2 if request.param == "imported twice" else 1):
        spec = importlib.util.spec_from_file_location(name, path)
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        modules.append(module)
    if request.param == "forgotten":
        del sys.modules[name]
    before = sys.modules.get(name)
    yield modules[0]
    assert sys.modules.get(name) is before
    sys.modules.pop(name, None)


@pytest.mark.parametrize(("venv", "serializer"), [("py38", "pickle"), ("pickles", "cloudpickle"), ("pickles", "dill")])
def test_classes_of_the_dag_file_are_found_however_it_was_imported(execute, dag_file, venv, serializer):
    row = dag_file.Row(dag_file.Row.Cell())
    if serializer == "pickle":
        value = execute(dag_file.f, venv=venv, op_args=[row], include=[dag_file.Row], serializer=serializer)
        assert type(value) is dag_file.Row
    with pytest.raises(dag_file.BadRow):
        execute(dag_file.g, venv=venv, op_args=[1], include=[dag_file.BadRow], serializer=serializer)


@pytest.mark.parametrize("serializer", ["pickle", "json"])
@pytest.mark.parametrize("shim", [False, True])
def test_a_sensor_in_a_bare_environment_gives_a_poke_return_value(dag, serializer, shim):
    """The worker gets an instance of Airflow's own class, also when the function uses the shim's import path."""

    def finds():
        from airflow_venv import PokeReturnValue

        return PokeReturnValue(True, xcom_value={"rows": (1, 2)})

    def finds_by_shim():
        from airflow.sensors.base import PokeReturnValue

        return PokeReturnValue(is_done=True, xcom_value={"rows": (1, 2)})

    sensor = VenvSensor(
        task_id="waits",
        venv="py38",
        python_callable=finds_by_shim if shim else finds,
        serializer=serializer,
        airflow_shim=shim,
    )
    result = sensor.poke({"ti": types.SimpleNamespace(bundle_instance=None)})
    assert type(result) is PokeReturnValue
    assert (result.is_done, result.xcom_value) == (True, {"rows": (1, 2)})


def test_a_value_without_a_text_is_a_result(execute):
    """Airflow 3 renders it in the log call, which raises what the value's method raises."""

    def too_long_to_write():
        return [10**5000]

    assert execute(too_long_to_write) == [10**5000]
