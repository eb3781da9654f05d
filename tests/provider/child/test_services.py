"""Airflow's services in a function without Airflow, with fake answers from the worker."""

import datetime as dt

import pytest

from airflow_venv.call import Error, Fail, Skip, Value
from airflow_venv.child.json_codec import encode
from airflow_venv.worker.messages import Pickled
from tests.support.children import VERSIONS, FakeServices, run

pytestmark = pytest.mark.usefixtures("way")
CONNECTION = {
    "$": [
        "connection",
        {
            "conn_id": "pg",
            "conn_type": "postgres",
            "description": None,
            "host": "db.example",
            "login": "me",
            "password": "p w",
            "schema": "public",
            "port": 5432,
            "extra": '{"sslmode": "require"}',
            "uri": "postgres://me:p%20w@db.example:5432/public?sslmode=require",
        },
    ]
}


class AirflowNotFoundException(Exception):  # noqa: N818 - the name is Airflow's
    """A stand-in for Airflow's class."""


def no_connection(conn_id):
    """Answer as the worker does after an error of Airflow."""
    raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined")


VARIABLES = {"plain": "hello", "json": {"x": [1]}}


def variable(key, deserialize_json):
    """Return the value that is stored under a key."""
    assert deserialize_json is (key == "json")
    return [key in VARIABLES, VARIABLES.get(key)]


class Record(dict):
    """A tagged value with a record's fields."""

    def __init__(self, kind, **fields):
        super().__init__({"$": [kind, fields]})


CONTEXT = {
    "ti": Record("ti", task_id="t", dag_id="d", run_id="r", map_index=-1, try_number=2),
    "dag_run": Record("dag_run", run_id="r", conf={"a": 1}),
    "params": Record("params", p=5),
    "conn": {"$": ["conn"]},
    "var": {"$": ["var"]},
    "macros": {"$": ["macros"]},
    "logical_date": encode(dt.datetime(2024, 1, 1, tzinfo=dt.UTC)),
    "conf": {"$": ["unavailable", "conf", "it stays"]},
    "task_state_store": {"$": ["task_state_store"]},
    "asset_state_store": {"$": ["asset_state_store"]},
    "prev_start_date_success": {"$": ["lazy", "prev_start_date_success"]},
    "inlets": [Record("asset", name="a", uri="s3://a", extra={})],
    "outlets": [Record("asset", name="b", uri="s3://b", extra={})],
    "outlet_events": {"$": ["outlet_events"]},
    "inlet_events": {"$": ["inlet_events", [Record("asset", name="a", uri="s3://a")]]},
    "triggering_asset_events": {
        "$": ["triggering_events", [[Record("asset", name="a", uri="s3://a"), [Record("event", extra={"rows": 1})]]]]
    },
}


class Airflow(FakeServices):
    """A minimal Airflow."""

    def __init__(self):
        super().__init__(
            {
                "get_connection": lambda conn_id: CONNECTION if conn_id == "pg" else no_connection(conn_id),
                "get_variable": variable,
                "set_variable": None,
                "xcom_push": None,
                "xcom_pull": lambda **arguments: (
                    encode(arguments) if arguments["key"] != "none" else arguments["default"]
                ),
                "context": lambda name: CONTEXT[name] if name else list(CONTEXT),
                "outlet_event": None,
                "inlet_events": lambda asset: [Record("event", extra={"of": asset["uri"]})],
            }
        )

    def context(self, names, *, everything):
        return {name: value for name, value in CONTEXT.items() if everything or name in names}


def ask(source, airflow=None, **options):
    """Run a function that uses the services."""
    return run(source, services=airflow or Airflow(), **options)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_documented_import_works_everywhere(version):
    """All names of the module can be imported in every Python, although nothing is installed."""
    source = """
        def f():
            from airflow_venv import (
                get_connection, get_variable, set_variable, xcom_pull, xcom_push, get_current_context,
                AirflowSkipException, AirflowFailException, AirflowNotFoundException, log,
            )
            connection = get_connection("pg")
            set_variable("new", {"a": (1,)}, description="d")
            xcom_push("k", [1])
            log.info("told")
            return (
                connection.host, connection.port, connection.password, connection.get_uri(), connection.extra_dejson,
                get_variable("plain"), get_variable("json", deserialize_json=True), get_variable("none", 3),
                xcom_pull("up", map_indexes=[1, 2]), get_current_context()["ti"].task_id,
                xcom_pull(key="none", default=9),
            )
        """
    airflow = Airflow()
    outcome = ask(source, airflow, version=version)
    pulled = {
        "task_ids": "up",
        "map_indexes": [1, 2],
        "dag_id": None,
        "key": "return_value",
        "include_prior_dates": False,
    }
    uri = "postgres://me:p%20w@db.example:5432/public?sslmode=require"
    connection = ("db.example", 5432, "p w", uri, {"sslmode": "require"})
    assert outcome == Value((*connection, "hello", {"x": [1]}, 3, pulled, "t", 9))
    assert (
        "set_variable",
        {"key": "new", "value": {"a": (1,)}, "description": "d", "serialize_json": False},
    ) in airflow.requests


def test_what_airflow_raises_can_be_caught_by_its_name():
    """A missing connection raises AirflowNotFoundException, a missing Variable KeyError."""
    source = """
        def f():
            from airflow_venv import AirflowNotFoundException, get_connection, get_variable
            said = []
            try:
                get_connection("nope")
            except AirflowNotFoundException as error:
                said.append(str(error))
            try:
                get_variable("nope")
            except KeyError as error:
                said.append(str(error))
            return said
        """
    assert ask(source) == Value(["The conn_id `nope` isn't defined", "'Variable nope does not exist'"])


def test_an_uncaught_error_shows_only_the_users_line():
    """The traceback has none of our own frames."""
    outcome = ask("def f(conn):\n    return conn.nope.host\n", context_names=("conn",))
    assert outcome.traceback.splitlines()[1:] == [
        '  File "/dags/of the user.py", line 8, in f',
        "    return conn.nope.host",
        "airflow_venv.AirflowNotFoundException: The conn_id `nope` isn't defined",
    ]


def test_context_arguments_work_as_in_airflow():
    """`ti`, `params`, `conn`, `var`, `macros` and dates work as in Airflow."""
    source = """
        def f(ti, dag_run, params, conn, var, macros, logical_date):
            ti.xcom_push(key="k", value=1)
            return (
                ti.task_id, ti.try_number, ti.xcom_pull(task_ids="up")["task_ids"], dag_run.conf, params["p"],
                conn.pg.login, conn.get("nope", 1), var.value.plain, var.json.json, var["value"].get("none", "d"),
                macros.ds_add("2024-01-31", 1), macros.ds_format("2024-01-31", "%Y-%m-%d", "%d.%m."),
                logical_date.isoformat(), ti.get_dagrun().run_id,
            )
        """
    names = ("ti", "dag_run", "params", "conn", "var", "macros", "logical_date")
    expected = ("t", 2, "up", {"a": 1}, 5, "me", 1, "hello", {"x": [1]}, "d", "2024-02-01", "31.01.")
    assert ask(source, context_names=names) == Value((*expected, "2024-01-01T00:00:00+00:00", "r"))


def test_macros_that_need_more_than_python_are_the_workers():
    """The worker evaluates macros of Airflow that need its packages, and macros of plugins."""
    source = """
        def f(macros):
            lent = macros.voices.shout("a", times=2)
            return lent, macros.ds_format_locale("2024-01-31", "%Y", "%y"), hasattr(macros, "nobody")
        """
    requests = []

    def macro(**arguments):
        requests.append(arguments)
        return arguments["name"]

    airflow = Airflow()
    airflow.answers |= {"plugin_macros": lambda plugin: ["shout"] if plugin == "voices" else [], "macro": macro}
    assert ask(source, airflow, context_names=("macros",)) == Value(("shout", "ds_format_locale", False))
    assert requests == [
        {"plugin": "voices", "name": "shout", "args": ["a"], "kwargs": {"times": 2}},
        {"plugin": "", "name": "ds_format_locale", "args": ["2024-01-31", "%Y", "%y"], "kwargs": {}},
    ]


def test_what_is_added_to_a_list_of_an_extra_reaches_the_worker():
    """The list itself tells nobody that it has changed, so it is sent again when the function ends."""
    source = """
        def f(outlet_events):
            outlet_events["s3://b"].extra["rows"] = []
            outlet_events["s3://b"].extra["rows"].append(1)
        """
    airflow = Airflow()
    assert ask(source, airflow, context_names=("outlet_events",)) == Value(None)
    extras = [arguments["extra"] for name, arguments in airflow.requests if name == "outlet_event"]
    assert extras == [{"rows": []}, {"rows": [1]}]


def test_a_state_store_cannot_be_iterated():
    """As in Airflow, this is an error, and does not loop forever."""
    outcome = ask("def f(asset_state_store):\n    list(asset_state_store)\n", context_names=("asset_state_store",))
    assert (outcome.type_name, outcome.message) == ("TypeError", "'StateStore' object is not iterable")


def test_state_stores_are_the_workers():
    """The worker reads and writes values by key, for the task or for one of its assets."""
    source = """
        def f(task_state_store, asset_state_store, inlets):
            import asyncio, datetime
            task_state_store.set("at", [1, 2], retention=datetime.timedelta(hours=6))
            of_asset = asset_state_store[inlets[0]]
            of_asset.delete("old")
            asyncio.run(asset_state_store.aset("k", 1))
            task_state_store.clear()
            return task_state_store.get("at", default=3), asyncio.run(of_asset.aget("k"))
        """
    airflow = Airflow()
    values = []

    def state(store, method, asset, arguments):
        values.append((store, method, asset and asset["name"], arguments))
        return [method, arguments.get("default")]

    airflow.answers["state"] = state
    names = ("task_state_store", "asset_state_store", "inlets")
    assert ask(source, airflow, context_names=names) == Value((["get", 3], ["get", None]))
    task, asset = names[:2]
    assert values == [
        (task, "set", None, {"key": "at", "value": [1, 2], "retention": dt.timedelta(hours=6)}),
        (asset, "delete", "a", {"key": "old"}),
        (asset, "set", None, {"key": "k", "value": 1}),
        (task, "clear", None, {}),
        (task, "get", None, {"key": "at", "default": 3}),
        (asset, "get", "a", {"key": "k", "default": None}),
    ]


def test_unavailable_values_of_the_context_are_not_none():
    """Unavailable values raise an error on use, and expensive values are fetched on use."""
    source = """
        def f(**context):
            said = []
            refused = context["conf"]
            for use in (lambda: refused.get("x"), lambda: refused["x"], lambda: context["ti"].nope):
                try:
                    use()
                except (AttributeError, TypeError) as error:
                    said.append(str(error)[:60])
            return said, sorted(context), "prev_start_date_success" in context
        """
    airflow = Airflow()
    texts, names, late = ask(source, airflow, all_context=True).value
    assert texts == [
        "'conf' of Airflow's context does not reach an environment: i",
        "'conf' of Airflow's context does not reach an environment: i",
        "ti.nope does not reach an environment; of Airflow's ti these",
    ]
    assert names == sorted(CONTEXT)
    assert late
    assert airflow.requests == []


def test_a_late_value_behaves_as_the_value():
    """It is fetched once, on first use."""
    airflow = Airflow()
    airflow.answers["context"] = lambda name: encode(dt.datetime(2024, 5, 1)) if name else []  # noqa: DTZ001
    source = """
        def f(**context):
            import datetime
            value = context["prev_start_date_success"]
            later = value + datetime.timedelta(days=1)
            same = isinstance(value, datetime.datetime)
            return [same, str(later), value < later, "{:%Y}".format(value), value.month, bool(value)]
        """
    assert ask(source, airflow, all_context=True) == Value([True, "2024-05-02 00:00:00", True, "2024", 5, True])
    assert airflow.requests == [("context", {"name": "prev_start_date_success"})]


@pytest.mark.parametrize("version", ["3.7", "3.13"])
def test_what_an_event_carries_changes_as_a_dictionary_does(version):
    """Each change is sent to the worker, as with the dictionary in a plain task."""
    source = """
        def f(outlets, outlet_events):
            import sys
            event = outlet_events[outlets[0]]
            event.extra.setdefault("a", 1)
            event.extra.update(b=2, c=3, d=4)
            if sys.version_info >= (3, 9):
                event.extra |= {"e": 5}
            else:
                event.extra = dict(event.extra, e=5)
            event.extra = event.extra
            del event.extra["b"]
            return event.extra.pop("c"), event.extra.pop("none", 6), event.extra
        """
    airflow = Airflow()
    outcome = ask(source, airflow, context_names=("outlets", "outlet_events"), version=version)
    assert outcome == Value((3, 6, {"a": 1, "d": 4, "e": 5}))
    changes = [arguments["extra"] for name, arguments in airflow.requests if name == "outlet_event"]
    assert changes[0] == {"a": 1}
    assert changes[-1] == {"a": 1, "d": 4, "e": 5}
    source = """
        def f(outlets, outlet_events):
            outlet_events[outlets[0]].extra["a"] = 1
            outlet_events[outlets[0]].extra.clear()
        """
    airflow = Airflow()
    ask(source, airflow, context_names=("outlets", "outlet_events"), version=version)
    assert airflow.requests[-1][1]["extra"] == {}


def test_assets_and_their_events():
    """An asset is found by itself, its name or its URI, and new values are sent to the worker."""
    source = """
        def f(inlets, outlets, outlet_events, inlet_events, triggering_asset_events):
            outlet_events[outlets[0]].extra = {"rows": 3}
            outlet_events["s3://b"].extra["more"] = 1
            outlet_events.for_asset_alias(name="alias").add("s3://c", extra={"x": 1})
            events = triggering_asset_events["s3://a"]
            return (
                outlets[0].uri, events[0].extra, triggering_asset_events[inlets[0]][0].extra,
                len(triggering_asset_events), inlet_events[inlets[0]][-1].extra, inlet_events[-1][0].extra,
                [asset.uri for asset in inlet_events], len(inlet_events), outlets[0] in outlet_events,
                [asset.name for asset in outlet_events], [event.extra for event in outlet_events.values()],
            )
        """
    airflow = Airflow()
    names = ("inlets", "outlets", "outlet_events", "inlet_events", "triggering_asset_events")
    assert ask(source, airflow, context_names=names) == Value(
        (
            "s3://b", {"rows": 1}, {"rows": 1}, 1, {"of": "s3://a"}, {"of": "s3://a"},
            ["s3://a"], 1, True, ["b", "alias"], [{"rows": 3, "more": 1}, {}],
        )
    )  # fmt: skip
    changes = [arguments for name, arguments in airflow.requests if name == "outlet_event"]
    assert changes == [
        {"asset": {"name": "b", "uri": "s3://b"}, "extra": {"rows": 3}},
        {"asset": {"name": "b", "uri": "s3://b"}, "extra": {"rows": 3, "more": 1}},
        {"asset": {"name": "alias", "uri": None}, "add": {"name": "s3://c", "uri": "s3://c"}, "add_extra": {"x": 1}},
    ]


@pytest.mark.parametrize("call", ["xcom_push('k', object())", "set_variable('k', {1: open})"])
def test_only_plain_data_can_be_pushed(call):
    """The worker unpickles nothing from the environment except for the result."""
    outcome = ask(f"def f():\n    from airflow_venv import xcom_push, set_variable\n    {call}\n")
    assert type(outcome) is Error
    assert "is not plain data. Only plain data goes through the channel" in outcome.message


def test_a_value_of_any_type_can_be_pulled():
    """The value is pickled for the environment; a class that is missing there is named in the error."""
    import pickle

    airflow = Airflow()
    airflow.answers["xcom_pull"] = lambda **_: Pickled(pickle.dumps(slice(1, 2)))
    assert ask("def f(ti):\n    return ti.xcom_pull('x').stop\n", airflow, context_names=("ti",)) == Value(2)
    airflow.answers["xcom_pull"] = lambda **_: Pickled(b"cnot_there\nThing\n.")
    outcome = ask("def f(ti):\n    return ti.xcom_pull('x')\n", airflow, context_names=("ti",))
    assert "cannot import: No module named 'not_there'" in outcome.message


def test_each_thread_gets_its_own_answer():
    """Their requests are queued, and each thread gets its own answer."""
    source = """
        def f():
            from concurrent.futures import ThreadPoolExecutor
            from airflow_venv import xcom_pull
            with ThreadPoolExecutor(16) as pool:
                return [found["key"] for found in pool.map(lambda n: xcom_pull(key=str(n)), range(400))]
        """
    assert ask(source) == Value([str(number) for number in range(400)])


@pytest.mark.parametrize("version", ["3.7", "3.12"])
def test_a_forked_process_is_refused_and_not_kept_waiting(version):
    """It has no channel, which the error says; its log lines are printed."""
    source = """
        def work(_):
            import logging
            from airflow_venv import get_variable
            logging.warning("from the fork")
            try:
                return get_variable("plain")
            except ConnectionError as error:
                return str(error)

        def f():
            import logging
            import multiprocessing
            from airflow_venv import get_variable
            before = get_variable("plain")
            with multiprocessing.get_context("fork").Pool(2) as pool:
                said = pool.map(work, range(4))
            return before, set(said), get_variable("plain")
        """
    before, texts, after = ask(source, version=version).value
    assert (before, after) == ("hello", "hello")
    assert {text.partition(":")[0] for text in texts} == {
        "a process that the function has started has no channel to Airflow"
    }


def test_a_signal_handlers_exception_does_not_confuse_the_answers():
    """The handler interrupts one request and sends another one."""
    import time

    airflow = Airflow()
    slow = airflow.answers["xcom_pull"]
    airflow.answers["xcom_pull"] = lambda **arguments: (
        time.sleep(1 if arguments["key"] == "slow" else 0) or slow(**arguments)
    )
    source = """
        def f(ti):
            import signal
            class GaveUp(Exception):
                pass
            def give_up(*_):
                raise GaveUp
            signal.signal(signal.SIGALRM, give_up)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                ti.xcom_pull(key="slow")
            except GaveUp:
                return ti.xcom_pull(key="second")["key"]
        """
    assert ask(source, airflow, context_names=("ti",)) == Value("second")


SHIM = """
    def f():
        from airflow.hooks.base import BaseHook
        from airflow.sdk import Connection, Variable, get_current_context
        from airflow.models import Variable as Old
        class Hook(BaseHook):
            pass
        found = Hook().get_connection("pg").host, Connection.get("pg").port, Variable.get("plain")
        found = *found, Old.get("no", default_var=1)
        said = []
        for line in ("import airflow.providers.x", "from airflow.sdk import DAG", "from airflow import nope"):
            try:
                exec(line)
            except ImportError as error:
                said.append(str(error).partition(":")[0])
        from airflow.exceptions import AirflowSkipException
        if get_current_context()["ti"].task_id == "t":
            print(found, said)
            raise AirflowSkipException(str([found, said]))
    """


@pytest.mark.parametrize("version", VERSIONS)
def test_stand_ins_for_airflow_exist_on_request(version):
    """The services work, unsupported names give an explanation, and a skip skips the task."""
    connection = ("db.example", 5432, "hello", 1)
    messages = ["airflow.providers is not there", "airflow.sdk.DAG is not there", "airflow.nope is not there"]
    assert ask(SHIM, airflow_shim=True, version=version) == Skip(str([connection, messages]))


def test_without_the_request_there_are_no_stand_ins():
    """`import airflow` fails as usual."""
    assert ask(SHIM).message == "No module named 'airflow'"


def test_fail_for_good_through_the_shim():
    """The stand-in's exception prevents retries, too."""
    source = "def f():\n    from airflow.exceptions import AirflowFailException\n    raise AirflowFailException('x')\n"
    assert type(ask(source, airflow_shim=True)) is Fail


def test_a_secret_can_be_hidden_from_a_bare_environment():
    """The worker masks it in the log; with the stand-ins, Airflow's import paths can be used."""
    services = Airflow()
    services.answers["mask_secret"] = None
    source = """
        def f():
            from airflow_venv import mask_secret
            mask_secret("word")
            mask_secret({"a": ["x", 1]}, name="password")
            from airflow.sdk.log import mask_secret
            mask_secret("third")
            from airflow.utils.log.secrets_masker import mask_secret
            mask_secret("fourth", "token")
        """
    assert run(source, services=services, airflow_shim=True) == Value(None)
    assert [arguments for request, arguments in services.requests if request == "mask_secret"] == [
        {"secret": "word", "name": None},
        {"secret": {"a": ["x", 1]}, "name": "password"},
        {"secret": "third", "name": None},
        {"secret": "fourth", "name": "token"},
    ]
