"""The worker answers requests through each Airflow's own API, and refuses some of them."""

import datetime
import os
import pickle
import subprocess
import sys
import types

import pytest

from airflow_venv import _compat
from airflow_venv.errors import ContextError
from airflow_venv.worker.context_encoding import encode_context_value
from airflow_venv.child.json_codec import decode
from airflow_venv.worker.messages import Pickled
from airflow_venv.worker.services import Services

URI = "postgres://user:p%40ss-w0rd@dbhost:5432/db?apikey=extra-s3cret"


class Proxy:
    """A value that is not plain data."""


def services(**context):
    return Services(context)


@pytest.fixture(autouse=True)
def airflow_variables(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_MY_DB", URI)
    monkeypatch.setenv("AIRFLOW_VAR_PLAIN", "hello")
    monkeypatch.setenv("AIRFLOW_VAR_JSON", '{"x": [1]}')


def test_a_connection_is_described_with_its_uri():
    (kind, fields) = services().answer("get_connection", {"conn_id": "my_db"})["$"]
    assert kind == "connection"
    assert {name: fields[name] for name in ("host", "port", "password", "uri")} == {
        "host": "dbhost",
        "port": 5432,
        "password": "p@ss-w0rd",
        "uri": _compat.get_connection("my_db").get_uri(),
    }


def test_the_longest_secret_is_known():
    secret = "an entire key file, " * 1000
    services().answer("mask_secret", {"secret": secret})
    assert len(secret) <= services().longest_secret() <= 3 * len(secret)
    assert secret not in services().redact(f"<{secret}>")


def test_its_secrets_are_masked_from_then_on():
    services().answer("get_connection", {"conn_id": "my_db"})
    redact = _compat.redact
    text = "password p@ss-w0rd, in the URI p%40ss-w0rd, in extra extra-s3cret, and the host dbhost"
    assert redact(text) == "password ***, in the URI ***, in extra ***, and the host dbhost"


def test_variables_say_whether_they_are_there():
    answer = services().answer
    assert answer("get_variable", {"key": "plain"}) == [True, "hello"]
    assert answer("get_variable", {"key": "json", "deserialize_json": True}) == [True, {"x": [1]}]


@pytest.mark.parametrize(
    ("request_name", "arguments", "message"),
    [
        ("os.system", {}, "an unknown request"),
        ("__class__", {}, "an unknown request"),
        ("get_connection", {}, "conn_id is missing"),
        ("get_connection", {"conn_id": 3}, "'conn_id' cannot be a int"),
        ("get_connection", {"conn_id": "x", "self": 1}, "'self' cannot be a int"),
        ("get_variable", {"key": "x", "deserialize_json": "yes"}, "cannot be a str"),
        ("xcom_pull", {"task_ids": {"a": 1}}, "cannot be a dict"),
        ("xcom_push", {"key": "k", "value": {"$": ["object"]}}, "unknown type"),
    ],
)
def test_an_invalid_request_is_refused(request_name, arguments, message):
    with pytest.raises(ValueError, match=message):
        services().answer(request_name, arguments)


def test_xcoms_are_pulled_with_what_was_asked_and_pickled_where_they_are_no_data():
    pulls = []

    class Instance:
        def xcom_pull(self, task_ids=None, dag_id=None, key="return_value", include_prior_dates=False):
            pulls.append((task_ids, dag_id, key, include_prior_dates))
            return [Proxy] if key == "odd" else (1, {"a": datetime.date(2024, 1, 1)})

    answer = services(ti=Instance()).answer
    assert decode(answer("xcom_pull", {"task_ids": "up", "run_id": None})) == (1, {"a": datetime.date(2024, 1, 1)})
    odd = answer("xcom_pull", {"task_ids": ["a"], "key": "odd"})
    assert isinstance(odd, Pickled)
    assert pickle.loads(odd.data) == [Proxy]
    assert pulls == [("up", None, "return_value", False), (["a"], None, "odd", False)]


def test_an_alias_can_stand_for_an_asset():
    added = []

    class Events:
        def __getitem__(self, asset):
            assert asset is alias
            return self

        def add(self, asset, extra):
            added.append((asset.uri, extra))

    alias = _compat.make_asset("b", "s3://bucket/b")
    task = types.SimpleNamespace(inlets=[], outlets=[alias])
    answer = services(task=task, outlet_events=Events()).answer
    asset = {"name": None, "uri": "s3://bucket/b"}
    answer("outlet_event", {"asset": asset, "add": {"name": None, "uri": "s3://bucket/c"}, "add_extra": {"rows": 1}})
    assert added == [("s3://bucket/c", {"rows": 1})]


def test_state_stores_offer_only_their_own_methods():
    stores = {}

    class Store:
        def __getitem__(self, asset):
            return stores.setdefault(asset.uri, Store())

        def set(self, key, value):
            stores[key] = value

        def get(self, key, default=None):
            return stores.get(key, default)

    asset = _compat.make_asset("a", "s3://bucket/a")
    task = types.SimpleNamespace(inlets=[asset], outlets=[])
    answer = services(task_state_store=Store(), asset_state_store=Store(), task=task).answer
    request = {"store": "task_state_store", "asset": None}
    assert answer("state", {**request, "method": "set", "arguments": {"key": "k", "value": [1]}}) is None
    assert answer("state", {**request, "method": "get", "arguments": {"key": "k"}}) == [1]
    of_asset = {"store": "asset_state_store", "asset": {"name": "a", "uri": "s3://bucket/a"}}
    assert answer("state", {**of_asset, "method": "get", "arguments": {"key": "no", "default": 2}}) == 2
    assert "s3://bucket/a" in stores
    for wrong in ({"method": "__class__"}, {"method": "_ti_id"}, {"store": "task"}):
        with pytest.raises(ValueError, match="has no"):
            answer("state", {**request, "method": "get", "arguments": {}, **wrong})
    with pytest.raises(KeyError, match="neither an inlet nor an outlet"):
        answer("state", {**of_asset, "asset": {"name": "b", "uri": None}, "method": "get", "arguments": {"key": "k"}})


PLUGIN = """
try:
    from airflow.sdk.plugins_manager import AirflowPlugin
except ImportError:
    from airflow.plugins_manager import AirflowPlugin

def shout(text, times=1):
    return [text.upper()] * times

class Voices(AirflowPlugin):
    name = "voices"
    macros = [shout]
"""


def test_macros_of_plugins_are_called_where_they_are_installed(tmp_path):
    """The test uses a separate process because Airflow looks for plugins only once."""
    (tmp_path / "voices.py").write_text(PLUGIN)
    code = """if 1:
        import os
        from airflow_venv import VenvOperator, _compat
        from airflow_venv.worker.services import Services
        import datetime
        try:
            from airflow.sdk import DAG
        except ImportError:
            from airflow import DAG

        def f(macros):
            plugin = macros.voices
            said = []
            for ask in (lambda: macros.nobody, lambda: macros.voices.whisper, lambda: macros.__wrapped__):
                try:
                    ask()
                except AttributeError as error:
                    said.append(str(error))
            return plugin.shout("a", times=2), macros.voices is plugin, said

        try:
            from airflow.sdk.execution_time import macros
        except ImportError:
            from airflow import macros
        import types
        with DAG("d", schedule=None, start_date=datetime.datetime(2024, 1, 1)):
            operator = VenvOperator(task_id="t", venv="py38", python_callable=f)
        context = {"macros": macros, "ti": types.SimpleNamespace(bundle_instance=None)}
        shouted, same, said = operator.execute(context)
        assert shouted == ["A", "A"] and same, shouted
        assert said[:2] == [
            "macros.nobody: neither one of Airflow's macros nor a plugin with macros",
            "the plugin voices has no macro whisper",
        ] and len(said) == 3, said
        ask = Services(context).answer
        for plugin, name in (("", "os"), ("", "__class__"), ("", "random"), ("voices", "AirflowPlugin"), ("x", "y")):
            try:
                ask("macro", {"plugin": plugin, "name": name, "args": [], "kwargs": {}})
            except AttributeError as error:
                assert "has no" in str(error)
            else:
                raise AssertionError(name)
    """
    path = tmp_path / "task.py"
    path.write_text(code)
    settings = {"AIRFLOW__CORE__PLUGINS_FOLDER": str(tmp_path), "AIRFLOW__CORE__LAZY_LOAD_PLUGINS": "True"}
    done = subprocess.run(
        [sys.executable, str(path)], env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_the_context_is_described_and_what_cannot_be_is_named(dag):
    run = types.SimpleNamespace(run_id="r", conf={"a": 1}, start_date=None)
    context = {"dag": dag, "dag_run": run, "run_id": "r", "params": {"p": 1}, "odd": 1}
    described = Services(context).context(["dag_run"], everything=False)
    assert described == {"dag_run": {"$": ["dag_run", {"run_id": "r", "conf": {"a": 1}, "start_date": None}]}}
    everything = Services(context).context([], everything=True)
    assert everything["dag"]["$"][1]["dag_id"] == dag.dag_id
    assert everything["odd"]["$"][:2] == ["unavailable", "odd"]
    assert list(everything) == Services(context).answer("context", {"name": ""})
    with pytest.raises(ContextError, match="'conf' of Airflow's context cannot reach an environment: it is Airflow's"):
        encode_context_value({"conf": {}}, "conf")
    with pytest.raises(ContextError, match="'params' of Airflow's context cannot .* Proxy .* is not plain data"):
        encode_context_value({"params": {"p": Proxy()}}, "params")


def test_connections_are_exported_when_asked_for_and_another_airflow_gets_a_configuration_of_its_own():
    def call(**packages):
        return types.SimpleNamespace(
            export_connections=("my_db",), environment=types.SimpleNamespace(packages=packages), env={}
        )

    exported = {"AIRFLOW_CONN_MY_DB": _compat.get_connection("my_db").get_uri()}
    assert services().variables(call()) == exported
    same = services().variables(call(**{"apache-airflow": _compat.AIRFLOW_VERSION}))
    another = services().variables(call(**{"apache-airflow": "1.0"}))
    assert exported.items() <= same.items()
    assert "AIRFLOW_CONFIG" not in same
    assert {**exported, "AIRFLOW_CONFIG": "/dev/null"}.items() <= another.items()


def test_both_ways_to_the_context_hold_the_same(execute, dag):
    def f(**context):
        from airflow_venv import get_current_context

        current = get_current_context()
        same = {name: current[name] is context[name] for name in context if name != "templates_dict"}
        return [sorted(context) == sorted(current), [name for name, is_same in same.items() if not is_same]]

    def named(ti, ds):
        from airflow_venv import get_current_context

        current = get_current_context()
        return [current["ti"] is ti, current["ds"] is ds, current["try_number"], current["run_id"], "conf" in current]

    ti = types.SimpleNamespace(task_id="t", dag_id="d", try_number=2, bundle_instance=None)
    context = {"ti": ti, "ds": "2024-01-01", "run_id": "r", "params": {"p": 1}, "conf": object(), "dag": dag, "odd": 1}
    assert execute(f, context=context) == [True, []]
    assert execute(named, context=context) == [True, True, 2, "r", True]
