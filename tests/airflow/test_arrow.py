"""Data frames and arrays passed between pandas 1 and NumPy 1 on Python 3.8 and pandas 2 and NumPy 2 on Python 3.12."""

import subprocess
import textwrap

import pytest

from tests.airflow.installations import environment
from tools.state import ROOT

pytestmark = pytest.mark.airflow
WORKER = """
    import logging, os, sys
    import pandas as pd
    from airflow_venv.environments import facts
    from airflow_venv.worker import supervisor
    from airflow_venv.call import Call, FunctionSource, Value
    from airflow_venv.piece import Piece

    FUNCTION = '''
    def f(frame, nested):
        import pandas as pd
        assert pd.__version__.startswith("1."), pd.__version__
        assert type(frame) is pd.DataFrame and frame["when"].dt.tz is not None
        frame["doubled"] = frame["number"] * 2
        return {"frame": frame, "series": nested["series"] + 1, "rows": (len(frame), 1), "none": None}
    '''
    import textwrap
    answers = {"context": lambda *_, **__: {}, "variables": lambda _, call: call.env, "redact": str}
    services = type("S", (), answers)()
    frame = pd.DataFrame({
        "number": [1, 2, 3],
        "text": pd.array(["a", None, "ü"], dtype="string"),
        "kind": pd.Categorical(["x", "y", "x"]),
        "when": pd.date_range("2024-01-01", periods=3, tz="Europe/Berlin"),
    }, index=pd.Index([10, 20, 30], name="id"))
    call = Call(
        facts.read(sys.argv[1]),
        FunctionSource("f", (Piece(textwrap.dedent(FUNCTION), "dag.py", 1),)),
        args=(frame, {"series": pd.Series([1.5, 2.5], name="s")}),
        serializer="arrow",
        env=dict(os.environ),
    )
    outcome = supervisor.run(call, services, logging)
    assert isinstance(outcome, Value), outcome
    value = outcome.value
    assert value["rows"] == (3, 1) and value["none"] is None
    pd.testing.assert_series_equal(value["series"], pd.Series([2.5, 3.5], name="s"))
    back = value["frame"]
    assert list(back.columns) == ["number", "text", "kind", "when", "doubled"] and back.index.name == "id"
    assert str(back["kind"].dtype) == "category" and str(back["when"].dt.tz) == "Europe/Berlin"
    pd.testing.assert_frame_equal(
        back.drop(columns="doubled").astype({"when": frame["when"].dtype}), frame, check_categorical=False
    )
    print("equal")
    """


def run_between_versions(code):
    """Run a worker with NumPy 2 and pandas 2, whose function runs with NumPy 1 and pandas 1."""
    worker = environment("3.12", "pandas==2.2.3", "pyarrow==18.1.0")
    there = environment("3.8", "pandas==1.5.3", "pyarrow==17.0.0")
    done = subprocess.run(
        [worker, "-c", textwrap.dedent(code), there],
        env={"PYTHONPATH": str(ROOT / "provider" / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("equal\n"), done.stdout + done.stderr


def test_a_data_frame_crosses_two_major_versions_of_pandas():
    """Pickled data frames do not survive this; with Arrow, dtypes, index, categories and time zones do."""
    run_between_versions(WORKER)


ARRAYS = """
    import logging, os, sys
    import numpy
    from airflow_venv.environments import facts
    from airflow_venv.worker import supervisor
    from airflow_venv.call import Call, FunctionSource, Value
    from airflow_venv.piece import Piece

    answers = {"context": lambda *_, **__: {}, "variables": lambda _, call: call.env, "redact": str}
    source = "def f(*values):\\n    import numpy\\n    assert numpy.__version__[:2] == '1.'\\n    return values"
    sent = (numpy.arange(6).reshape(2, 3)[:, ::2], numpy.float64(1.5), numpy.array([{}, "x"], dtype=object))
    call = Call(facts.read(sys.argv[1]), FunctionSource("f", (Piece(source, "dag.py", 1),)), sent, env=dict(os.environ))
    outcome = supervisor.run(call, type("Services", (), answers)(), logging)
    assert isinstance(outcome, Value), outcome
    assert repr(outcome.value) == repr(sent)
    print("equal")
    """


def test_pickled_arrays_cross_two_major_versions_of_numpy():
    """Pickles of NumPy 2 name modules that NumPy 1 has under another name."""
    run_between_versions(ARRAYS)


NUMBERS = """
    import json
    import numpy, pandas
    from airflow_venv.child.json_codec import decode, encode

    frame = pandas.DataFrame({"count": [1, 2], "share": [0.5, 1.5]})
    value = {"sum": frame["count"].sum(), "mean": frame["share"].mean(), "any": numpy.bool_(True)}
    value["small"] = [numpy.float32(0.5), numpy.uint8(7), {numpy.int64(3): numpy.str_("x")}]
    back = decode(json.loads(json.dumps(encode(value))))
    assert back == {"sum": 3, "mean": 1.0, "any": True, "small": [0.5, 7, {3: "x"}]}, back
    assert [type(back[name]) for name in ("sum", "mean", "any")] == [int, float, bool]
    others = pandas.NaT, pandas.NA, numpy.datetime64("2024-01-01"), numpy.timedelta64(1, "s"), numpy.array(1)
    for other in (*others, numpy.arange(2), numpy.longdouble(1), numpy.complex64(1)):
        try:
            encode([other])
        except TypeError as error:
            assert "is not plain data" in str(error)
        else:
            raise AssertionError(repr(other))
    print("equal")
    """


def test_numbers_of_numpy_are_plain_data_and_its_times_are_not():
    """Sums and means of a data frame are such numbers. `pandas.NaT` was written as a day in the year 1."""
    run_between_versions(NUMBERS)


HOSTILE = """
    import io, struct, sys
    import pyarrow as pa
    from airflow_venv.child.data_serializers import load_coded

    def stream(table, **options):
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
            writer.write_table(table)
        return sink.getvalue()

    def load(data, library="pandas", kind="DataFrame"):
        text = b'{"$": ["arrow", "%s", "%s", null]}' % (library.encode(), kind.encode())
        return load_coded(io.BytesIO(len(text).to_bytes(8, "big") + text + data), "arrow")

    words = pa.table({"text": ["one", "two", "three"]})
    assert list(load(stream(words))["text"]) == ["one", "two", "three"]
    assert load(stream(words), "pyarrow", "Table") == words
    both = pa.table({"kind": pa.array(["x", "y", "x"]).dictionary_encode(), "rows": [[1], [2, 3], []]})
    assert list(load(stream(both))["kind"]) == ["x", "y", "x"]

    offsets = struct.pack("<4i", 0, 3, 6, 11)
    data = stream(words)
    assert offsets in data
    attacks = {
        "offset out of the buffer": data.replace(offsets, struct.pack("<4i", 0, 3, 6, 1 << 28)),
        "offset before the buffer": data.replace(offsets, struct.pack("<4i", -60000, 3, 6, 11)),
        "compressed": stream(pa.table({"x": pa.array(bytes(1 << 20), pa.uint8())}), compression="zstd"),
        "compressed dictionary": stream(
            pa.table({"x": pa.DictionaryArray.from_arrays([0], ["y" * (1 << 20)])}), compression="lz4"
        ),
        "nulls": stream(pa.table({"x": pa.nulls(1 << 28)})),
        "nulls in a list": stream(
            pa.table({"x": pa.ListArray.from_arrays(pa.array([0, 1 << 28], pa.int32()), pa.nulls(1 << 28))})
        ),
        "shared text": stream(pa.table({"x": pa.array(["y" * 100]).cast(pa.string_view())})),
        "cut": data[:-100],
        "noise": bytes([255]) * 100,
    }
    for name, attack in attacks.items():
        try:
            value = load(attack)
        except (ValueError, pa.ArrowException, OSError, TypeError) as error:
            print(name, "refused:", str(error)[:100])
        else:
            sys.exit(f"{name}: accepted as {value!r:.300}")
    print("all refused")
    """


def test_a_hostile_arrow_stream_is_refused():
    """Modified offsets could crash the worker or read its memory; compression and columns of nulls could exhaust it."""
    python = environment("3.12", "pandas==2.2.3", "pyarrow==18.1.0")
    source = ROOT / "provider/src"
    result = subprocess.run(
        [python, "-c", textwrap.dedent(HOSTILE)],
        env={"PYTHONPATH": str(source), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.endswith("all refused\n"), f"{result.returncode} {result.stdout}{result.stderr}"
