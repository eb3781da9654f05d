"""Values that are passed between two interpreters."""

import collections.abc
import io
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path, PurePosixPath
from typing import get_args

import pytest

from airflow_venv.call import Error, Value
from airflow_venv.child import moved_modules
from airflow_venv.worker import serializers
from tests.support.children import VERSIONS, Lines, run, variables

pytestmark = pytest.mark.usefixtures("way")


def dill_loads(data):
    """Read a pickle with the unpickler of dill."""
    dill = pytest.importorskip("dill")
    return type("Unpickler", (moved_modules.MovedModules, dill.Unpickler), {})(io.BytesIO(data)).load()


every = pytest.mark.parametrize("version", VERSIONS)
IDENTITY = "def f(x):\n    return x\n"
VALUES = [None, 1.5, "é\0", b"\xff" * 10, (1, [2, {3: {4}}]), 1 << 100, float("inf"), "x" * 200_000, b"y" * 3_000_000]


def test_the_type_of_names_and_the_table_agree():
    assert get_args(serializers.SerializerName) == tuple(serializers.SERIALIZERS)


@every
def test_values_come_back_as_they_went(version):
    """Values are sent as a stream, or in the header if they are plain and small."""
    outcome = run(IDENTITY, VALUES, version=version)
    assert outcome == Value(VALUES)


@pytest.mark.parametrize(
    ("version", "protocol"), [(None, 4), ((3, 7), 4), ((3, 7, 16), 4), ((3, 8), 5), ((3, 13, 1), 5), ((4, 0), 5)]
)
def test_the_pickle_protocol_is_one_that_both_know(version, protocol):
    """Python 3.7 supports protocols up to 4."""
    assert serializers.protocol_for(version) == protocol


@pytest.mark.parametrize("serializer", ["json", "arrow"])
@every
def test_data_needs_no_pickle(version, serializer):
    """`json` also supports dates, sets, bytes and keys other than strings."""
    import datetime as dt
    import decimal
    import uuid

    value = {
        "when": dt.datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC),
        "day": dt.date(2024, 1, 2),
        "time": dt.time(1, 2),
        "span": dt.timedelta(days=1, microseconds=5),
        "set": {1, 2},
        "bytes": b"\0\xff",
        3: ("tuple", frozenset({4})),
        "decimal": decimal.Decimal("1.10"),
        "uuid": uuid.UUID(int=7),
        "$": ["looks like a tag"],
    }
    assert run(IDENTITY, value, version=version, serializer=serializer) == Value(value)


@every
def test_paths_travel_between_all_pythons(version):
    """Pickles of Python 3.13 name a module that only 3.13 and later have."""
    path = Path("/data/in.csv")
    source = "def f(path):\n    import pathlib\n    return [path, pathlib.PurePosixPath('x')]\n"
    assert run(source, path, version=version) == Value([path, PurePosixPath("x")])


EVIL = """
    def f(where):
        class Evil:
            def __reduce__(self):
                import os
                return os.mkdir, (where,)
        {action}
    """


@pytest.mark.parametrize("serializer", ["json", "arrow"])
def test_nothing_of_the_environment_runs_in_the_worker(tmp_path, serializer):
    """The worker refuses a value that would run code on unpickling, and a pickle that is sent by hand."""
    where = str(tmp_path / "made")
    outcome = run(textwrap.dedent(EVIL).format(action="return Evil()"), where, serializer=serializer)
    assert type(outcome) is Error
    by_hand = """
        def f(where):
            import os, pickle
            from airflow_venv import frames, session
            from airflow_venv.stream import Sink
            class Evil:
                def __reduce__(self):
                    return os.mkdir, (where,)
            session.channel.send(frames.ValueFrame(streamed=True))
            sink = Sink(session.channel)
            pickle.Pickler(sink, 4).dump(Evil())
            sink.close()
            os._exit(0)
        """
    outcome = run(by_hand, where, serializer=serializer)
    assert type(outcome) is Error
    assert not Path(where).exists()


def test_with_pickle_the_same_value_runs_code(tmp_path):
    """As a control, the same value does run code if the user has chosen `pickle`."""
    where = tmp_path / "made"
    run(textwrap.dedent(EVIL).format(action="return Evil()"), str(where))
    assert where.exists()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("import threading; return {'a': [1, threading.Lock()]}", "value['a'][1] is a lock of module _thread"),
        ("return lambda: 1", "value is a function of module builtins"),
        (
            "class P: pass\n    p = P(); p.inner = [open('/dev/null')]; return p",
            "value is a f.<locals>.P of module __main__",
        ),
        ("return (i for i in [])", "value is a generator of module builtins"),
    ],
)
def test_a_result_that_cannot_be_sent_is_named_with_its_place(statement, message):
    """The message has type, module, place and remedies; the traceback has none of our frames."""
    outcome = run(f"def f():\n    {statement}\n")
    assert outcome.type_name == "airflow_venv.TransferError"
    assert message in outcome.message
    assert "serializer='cloudpickle'" in outcome.message
    assert "runner.py" not in outcome.traceback


def test_an_argument_that_cannot_be_sent_is_named_and_no_other():
    """The message has the parameter; since the function has not started, its end is not described."""
    lines = Lines()
    outcome = run(IDENTITY, threading.Lock(), arg_names=("x",), lines=lines)
    assert outcome.message.startswith("The argument 'x' cannot be sent to the environment with serializer='pickle'")
    assert lines.texts == []
    outcome = run("def f(*xs, y=1): pass\n", 1, threading.Lock())
    assert outcome.message.startswith("The argument number 2 cannot be sent")
    outcome = run("def f(y): pass\n", kwargs={"y": threading.Lock()})
    assert outcome.message.startswith("The argument 'y' cannot be sent")


def test_an_argument_s_part_that_cannot_be_sent_is_named():
    """Its place in the argument is found with the serializer that the task has."""
    row = {"locks": [1, threading.Lock()], "numbers": [1, {"z": 2j}]}
    outcome = run(IDENTITY, row, arg_names=("x",))
    assert "serializer='pickle': it['locks'][1] is a lock of module _thread (TypeError" in outcome.message
    assert outcome.message.endswith("Pass plain data (lists, dicts, strings, numbers), or choose "
                                    "serializer='cloudpickle' or 'dill'")  # fmt: skip
    outcome = run(IDENTITY, {**row, "locks": ()}, arg_names=("x",), serializer="json")
    assert "serializer='json': it['numbers'][1]['z'] is a complex of module builtins (TypeError" in outcome.message
    assert outcome.message.endswith("Pass what JSON can express, dates included, or choose serializer='pickle'")


def test_a_result_s_part_that_json_cannot_express_is_named():
    """Data that pickle could send is refused as well as what nothing can send."""
    outcome = run("def f(): return {'a': [1, {2: (3, range(4))}]}\n", serializer="json")
    assert "serializer='json': value['a'][1][2][1] is a range of module builtins (TypeError" in outcome.message
    assert outcome.message.endswith("Return what JSON can express, dates included, or choose serializer='pickle'")


@pytest.mark.parametrize("serializer", ["pickle", "json"])
def test_a_value_that_is_nested_too_deep_is_refused(serializer):
    """This is so in both directions; values of ordinary depth are sent."""
    deep = []
    for _ in range(20_000):
        deep = [deep]
    outcome = run(IDENTITY, deep, arg_names=("x",), serializer=serializer)
    assert "The argument 'x' cannot be sent" in outcome.message
    assert "it is a list of module builtins (it contains itself, or is nested too deep; Recur" in outcome.message
    source = "def f(depth):\n    value = []\n    for _ in range(depth):\n        value = [value]\n    return value\n"
    outcome = run(source, 20_000, serializer=serializer)
    assert "value is a list of module builtins (it contains itself, or is nested too deep; Recur" in outcome.message
    assert run(source, 150, serializer=serializer).value == run(IDENTITY, run(source, 150).value).value


def test_a_class_of_the_dag_file_that_was_not_brought_along_is_named(tmp_path, monkeypatch):
    """The remedy is `include`, since nobody can install a DAG file."""
    (tmp_path / "dag_with_a_class.py").write_text("class Row: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import dag_with_a_class

    outcome = run(IDENTITY, dag_with_a_class.Row(), module_name="dag_with_a_class")
    assert outcome.message.endswith(
        "Row is defined in the DAG file, which is not imported here: bring it along, include=[Row], or pass plain data"
    )


def test_a_class_that_the_worker_lacks_is_named_with_remedies(tmp_path):
    """The message has the interpreter, the module and alternatives."""
    (tmp_path / "only_there.py").write_text("class Thing: pass\n")
    outcome = run(
        "def f():\n    import only_there\n    return [only_there.Thing()]\n", env=variables(PYTHONPATH=str(tmp_path))
    )
    assert outcome.type_name == "TransferError"
    assert f"Airflow's own Python ({sys.executable}) cannot read: No module named 'only_there'" in outcome.message
    assert "install only_there beside Airflow" in outcome.message


def test_a_class_that_the_environment_lacks_is_named(tmp_path, monkeypatch):
    """This is the opposite direction."""
    (tmp_path / "only_here.py").write_text("class Thing: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import only_here

    outcome = run(IDENTITY, only_here.Thing())
    assert outcome.type_name == "airflow_venv.TransferError"
    assert "An argument cannot be read in this environment: No module named 'only_here'" in outcome.message


def test_a_class_of_the_dag_file_is_found_on_both_sides(tmp_path, monkeypatch):
    """Airflow imports the file under another module name in the worker than the child does."""
    (tmp_path / "unusual_prefix_dag.py").write_text("class Row(tuple): pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import unusual_prefix_dag

    source = "class Row(tuple): pass\n\ndef f(row):\n    return Row(row + (2,)), type(row) is Row\n"
    outcome = run(source, unusual_prefix_dag.Row((1,)), module_name="unusual_prefix_dag")
    row, same = outcome.value
    assert type(row) is unusual_prefix_dag.Row
    assert (tuple(row), same) == ((1, 2), True)


def test_a_result_that_cannot_be_read_is_reported():
    """The value's own class raises an error in the worker."""
    source = """
        def f():
            class Bad:
                def __reduce__(self):
                    return int, ("no number",)
            return Bad()
        """
    outcome = run(source)
    assert outcome.message == (
        "The function's result cannot be read: ValueError: invalid literal for int() with base 10: 'no number'"
    )


@pytest.mark.parametrize("value", ["{1}", "None"])
@pytest.mark.parametrize("serializer", ["cloudpickle", "dill"])
def test_a_serializer_that_the_environment_lacks_is_named(serializer, value):
    """The message has the interpreter; the error is raised even if the values do not need the serializer."""
    outcome = run(f"def f():\n    return {value}\n", serializer=serializer)
    assert f"serializer='{serializer}' needs the package {serializer}" in outcome.message


@pytest.mark.parametrize("serializer", ["cloudpickle", "dill"])
def test_a_serializer_that_is_missing_beside_airflow_is_named(monkeypatch, serializer):
    """As with the stock operators, the error is raised before any process starts."""
    monkeypatch.setitem(sys.modules, serializer, None)
    with pytest.raises(ModuleNotFoundError, match=f"Unable to import `{serializer}` module"):
        serializers.check_serializer(serializer)


@pytest.mark.parametrize("serializer", ["pickle", "json", "arrow"])
def test_other_serializers_need_no_package_beside_airflow(monkeypatch, serializer):
    """This holds even if a package has the name of the serializer."""
    for name in ("cloudpickle", "dill", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    serializers.check_serializer(serializer)


FAKE_PANDAS = "class DataFrame:\n    columns = []\n    def copy(self, deep): return self\n"


def test_arrow_names_the_package_that_the_environment_lacks(tmp_path):
    """The message does not describe the data frame that could not be converted."""
    (tmp_path / "pandas.py").write_text(FAKE_PANDAS)
    source = "def f():\n    import pandas\n    return [pandas.DataFrame()]\n"
    outcome = run(source, serializer="arrow", env=variables(PYTHONPATH=str(tmp_path)))
    assert outcome.message.startswith("serializer='arrow' needs the package pyarrow in this environment (")


def test_arrow_names_the_package_that_is_missing_beside_airflow(tmp_path, monkeypatch):
    """The arguments cause the error before any process starts."""
    (tmp_path / "pandas.py").write_text(FAKE_PANDAS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    import pandas as pd

    outcome = run(IDENTITY, pd.DataFrame(), serializer="arrow")
    monkeypatch.delitem(sys.modules, "pandas")
    assert outcome.message.startswith("Unable to import `pyarrow` module. With serializer='arrow' it must be installed")


def test_dill_sends_what_pickle_cannot():
    """The environment is the current interpreter, which has dill."""
    source = "def f(g):\n    return g(2), (lambda y: y * 3)\n"
    function = eval("lambda x: x + 1", {"__name__": "__main__"})  # noqa: S307 - of no module that can be imported
    outcome = run(source, function, python=sys.executable, serializer="dill")
    number, function = outcome.value
    assert (number, function(2)) == (3, 6)


@pytest.mark.parametrize("loads", [moved_modules.loads, dill_loads])
def test_names_that_another_version_has_moved_are_searched_elsewhere(monkeypatch, loads):
    """A name that is nowhere is still an error, which names the module of the pickle."""
    monkeypatch.setattr(moved_modules, "_OLDER", {"lately": "collections"})
    assert loads(b"clately\nOrderedDict\n.") is collections.OrderedDict
    assert loads(b"clately.abc\nMapping\n.") is collections.abc.Mapping
    with pytest.raises(ModuleNotFoundError, match="No module named 'nowhere'"):
        loads(b"cnowhere\nOrderedDict\n.")


PEAK = """
    import logging, resource, sys
    from tests.support import children
    size = {size}
    def peak(who):
        return resource.getrusage(who).ru_maxrss * 1024
    before = peak(resource.RUSAGE_SELF)
    argument = b"x" * size if {there} else b""
    outcome = children.run('''
        def f(x, size):
            import resource
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            value = {value}
            return value
        ''', argument, size, version="{version}", serializer="{serializer}")
    value = outcome.value
    assert len(value) == size, len(value)
    print(peak(resource.RUSAGE_SELF) - before, peak(resource.RUSAGE_CHILDREN))
    """


LARGE = 100_000_000


def peaks(*, size, version="3.12", there, value):
    """Run the function in a separate worker; return how much the peak memory of both has grown, in bytes."""
    code = textwrap.dedent(PEAK).format(size=size, there=there, value=value, version=version, serializer="pickle")
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables(PYTHONPATH=root), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    ours, theirs = map(int, done.stdout.split())
    return ours, theirs


@pytest.mark.parametrize(
    ("version", "there", "value"),
    [  # Python 3.7 has neither protocol 5 nor out-of-band buffers
        ("3.7", False, "b'y' * size"),
        ("3.12", False, "b'y' * size"),
        ("3.12", False, "bytearray(size)"),
        ("3.12", True, "x"),
    ],
)
def test_a_large_value_is_held_once_on_each_side(version, there, value):
    """Buffers are sent directly from the value's memory and received directly into the copy."""
    ours, theirs = peaks(size=LARGE, version=version, there=there, value=value)
    copies = 1 + there
    assert ours < LARGE * copies + 60_000_000
    assert theirs < LARGE + 60_000_000


@pytest.mark.slow
def test_a_gigabyte_is_sent_and_returned():
    """The worker has the argument and the result; the environment has a single value that is both."""
    size = 1_000_000_000
    if os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") < 5 * size:
        pytest.skip("this machine has no 5 GB to spare")
    ours, theirs = peaks(size=size, there=True, value="x")
    assert ours < 2 * size + 60_000_000
    assert theirs < size + 60_000_000
