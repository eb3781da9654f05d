"""A function's exception keeps its module, name, bases, arguments and attributes for callbacks and retry rules."""

import datetime
import os
import logging
import pickle
import sys
import traceback
import types

import pytest

from airflow_venv import VenvOperator
from airflow_venv._compat import AirflowException, AirflowNotFoundException, ExternalPythonOperator
from airflow_venv.results import FunctionError


class Base(Exception):
    pass


class BadData(Base):
    def __init__(self, what, row):
        super().__init__(what, row)
        self.row = row

    def __str__(self):
        return f"bad {self.args[0]}"


class TimeoutError(Exception):  # shadows a builtin
    pass


def fails():
    raise BadData("data", 7)


def times_out():
    raise TimeoutError("mine")


def caught(execute, function, **options):
    with pytest.raises(FunctionError) as error:
        execute(function, **options)
    return error.value


def test_a_class_of_the_dag_file_is_itself(execute):
    error = caught(execute, fails, include=[Base, BadData])
    kind = type(error)
    assert isinstance(error, BadData)
    assert isinstance(error, Base)
    assert isinstance(error, AirflowException)
    assert (kind.__module__, kind.__qualname__, kind.__name__) == (__name__, "BadData", "BadData")
    assert kind == BadData
    assert kind in [BadData]
    assert kind in {BadData}
    assert kind != Base
    assert error.args == ("data", 7)
    assert error.row == 7
    assert str(error) == "bad data"
    assert error.traceback.startswith("Traceback (most recent call last):\n")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


class Picky(ValueError):
    """An exception class whose methods nearly all depend on what its own constructors set."""

    def __new__(cls, code, detail):
        return super().__new__(cls, code, detail)

    def __init__(self, code, detail):
        super().__init__(code, detail)
        object.__setattr__(self, "parts", {"file": [code]})

    def __setattr__(self, name, value):
        raise TypeError("frozen")

    def __getattr__(self, name):
        return self.__dict__["parts"][name]

    def __repr__(self):
        return "Picky(%r)" % self.parts["file"]

    def __eq__(self, other):
        return self.parts == other.parts

    __hash__ = None


def is_picky():
    raise Picky(3, "x")


def lacks_its_file():
    import urllib.error

    raise urllib.error.HTTPError("http://a", 404, "not found", {}, None)


@pytest.mark.parametrize("function", [is_picky, lacks_its_file])
def test_a_class_that_requires_its_constructor_is_handled(execute, function):
    """Airflow logs the exception, which reads its attributes and its representation."""
    import urllib.error

    error = caught(execute, function, include=[Picky])
    assert isinstance(error, Picky if function is is_picky else urllib.error.HTTPError)
    assert getattr(error, "missing", None) is None
    assert not hasattr(error, "__notes__")
    assert repr(error)
    assert error == error
    assert error in {error}
    error.added = 1
    assert type(error).__name__ in "".join(traceback.format_exception(type(error), error, None))
    assert pickle.loads(pickle.dumps(error)).message == error.message


def test_the_arguments_are_those_of_a_plain_task_s_exception(execute):
    def without():
        raise ValueError

    def no_file():
        open("/no/such/file")

    assert caught(execute, without).args == ()
    error = caught(execute, no_file)
    assert error.args == (2, "No such file or directory")
    assert error.filename == "/no/such/file"


def test_a_class_with_the_name_of_a_builtin_is_not_mistaken(execute):
    error = caught(execute, times_out, include=[TimeoutError])
    assert isinstance(error, TimeoutError)
    assert not isinstance(error, __builtins__["TimeoutError"])
    assert type(error).__module__ == __name__


ONLY_THERE = """
class Root(Exception):
    pass

class Middle(Root, ConnectionError):
    pass

class Outer:
    class Inner(Middle):
        code = 3
        def __init__(self, message, **details):
            super().__init__(message)
            self.details = details
            self.handle = open("/dev/null")
"""


@pytest.fixture
def only_there(tmp_path):
    """Provide a package that only the environment has."""
    (tmp_path / "onlythere").mkdir()
    (tmp_path / "onlythere" / "__init__.py").write_text("from onlythere.errors import *\n")
    (tmp_path / "onlythere" / "errors.py").write_text(ONLY_THERE)
    return {"env_vars": {"PYTHONPATH": str(tmp_path)}}


def raises_theirs():
    from onlythere.errors import Outer

    raise Outer.Inner("gone", status=503)


def test_a_class_that_only_the_environment_has_keeps_its_names_and_known_bases(execute, only_there):
    error = caught(execute, raises_theirs, **only_there)
    kind = type(error)
    assert (kind.__module__, kind.__qualname__) == ("onlythere.errors", "Outer.Inner")
    names = [f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__]
    assert names.index("onlythere.errors.Middle") < names.index("onlythere.errors.Root")
    assert isinstance(error, ConnectionError)
    assert error.details == {"status": 503}
    assert not hasattr(error, "handle")
    assert "onlythere" not in sys.modules


def test_an_os_error_keeps_its_attributes(execute):
    def f():
        open("/does/not/exist")

    error = caught(execute, f)
    assert isinstance(error, FileNotFoundError)
    assert (error.errno, error.strerror, error.filename) == (2, "No such file or directory", "/does/not/exist")


@pytest.mark.parametrize(
    ("statement", "base"),
    [
        ("b'\\xff'.decode('ascii')", UnicodeDecodeError),
        ("{}['x']", KeyError),
        ("import json; json.loads('{')", ValueError),
        ("import subprocess; subprocess.run(['false'], check=True)", Exception),
        (
            "class Odd(Exception):\n        def __new__(cls, a, b): return super().__new__(cls)\n    raise Odd(1, 2)",
            Exception,
        ),
        ("class Odd(ValueError):\n        message = property(lambda self: 'x')\n    raise Odd(1)", ValueError),
        ("class Odd(ValueError):\n        def __reduce__(self): raise Odd\n    raise Odd(object())", ValueError),
        ("class M(type): pass\n    class Odd(ValueError, metaclass=M): pass\n    raise Odd", ValueError),
        ("import typing\n    class Odd(KeyError, typing.Generic[typing.TypeVar('T')]): pass\n    raise Odd", KeyError),
    ],
)
def test_unusual_exception_classes_keep_their_type(execute, tmp_path, statement, base):
    path = tmp_path / "odd.py"
    path.write_text(f"def f():\n    {statement}\n")
    namespace = {"__name__": "odd"}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    error = caught(execute, namespace["f"])
    assert isinstance(error, base)
    assert "odd.py" in error.traceback


def test_an_exception_of_airflow_s_is_of_the_worker_s_class(execute):
    def f():
        from airflow_venv import get_connection

        get_connection("does_not_exist_anywhere")

    assert isinstance(caught(execute, f), AirflowNotFoundException)


def test_an_exception_that_steers_airflow_is_a_plain_failure(execute):
    def f(moment):
        class AirflowRescheduleException(Exception):
            pass

        raise AirflowRescheduleException(moment)

    error = caught(execute, f, op_args=["x"])
    assert type(error).__name__ == "AirflowRescheduleException"
    assert isinstance(error, FunctionError)


def test_a_syntax_error_is_shown_whole(execute, tmp_path):
    def f(folder):
        import sys

        sys.path.insert(0, folder)
        import newer_module

        return newer_module

    (tmp_path / "newer_module.py").write_text("x = 1\nmatch x:\n    case 1: pass\n")
    error = caught(execute, f, op_args=[str(tmp_path)])
    assert isinstance(error, SyntaxError)
    assert f'File "{tmp_path}/newer_module.py", line 2\n    match x:\n          ^\n' in error.traceback
    assert "import newer_module" in error.traceback
    for text in (str(error), "".join(traceback.format_exception(type(error), error, None))):
        assert "no detail" not in text
        assert "invalid syntax (newer_module.py, line 2): Python 3.8." in text
        assert f"({os.environ['ASTRO_PYENV_py38']}) cannot read it" in text


def test_a_group_is_a_group(execute):
    def f():
        raise ExceptionGroup("outer", [ValueError("v"), ExceptionGroup("inner", [KeyError("k")])])

    error = caught(execute, f, venv="py313")
    assert type(error).__name__ == "ExceptionGroup"
    assert str(error) == "outer (2 sub-exceptions)"
    value, inner = error.exceptions
    assert isinstance(value, ValueError)
    assert str(value) == "v"
    assert isinstance(inner.exceptions[0], KeyError)
    assert error.args == ("outer", [value, inner])
    assert inner.args == ("inner", [inner.exceptions[0]])
    if sys.version_info >= (3, 11):
        assert isinstance(error, ExceptionGroup)  # noqa: F821
        assert str(error.subgroup(ValueError)) == "outer (1 sub-exception)"
        assert error.split(KeyError)[0].exceptions[0].exceptions == inner.exceptions
        assert "KeyError: 'k'" in "".join(traceback.format_exception(type(error), error, None))


def test_the_rest_of_many_groups_is_counted(execute):
    def f():
        group = ExceptionGroup("innermost", [ValueError(1), ValueError(2)])
        for number in range(30):
            group = ExceptionGroup(str(number), [group, ValueError(number)])
        raise group

    error = caught(execute, f, venv="py313")
    assert str(error) == "29 (2 sub-exceptions)"
    assert str(error.exceptions[1]) == "1 more, which are in the traceback"


def test_the_cause_is_the_functions_own(execute):
    """Callbacks see what an exception was raised from, as they would of a plain @task's."""

    def f():
        try:
            try:
                {}["k"]
            except KeyError as error:
                raise OSError(2, "gone") from error
        except OSError as error:
            raise RuntimeError("failed") from error

    error = caught(execute, f)
    cause = error.__cause__
    assert (type(cause).__name__, isinstance(cause, FileNotFoundError), cause.args) == (
        "FileNotFoundError",
        True,
        (2, "gone"),
    )
    assert isinstance(cause.__cause__, KeyError)
    assert cause.__cause__.__cause__ is None


def test_a_cycle_of_causes_ends(execute):
    def f():
        one, two = ValueError("one"), KeyError("two")
        one.__cause__, two.__cause__ = two, one
        raise one

    error = caught(execute, f)
    assert [type(error.__cause__), type(error.__cause__.__cause__)] == [KeyError, ValueError]


def raises_with_a_cause():
    try:
        {}["first"]
    except KeyError as error:
        raise ValueError("second") from error


def test_the_log_has_the_users_lines_before_the_workers(execute, caplog, monkeypatch):
    monkeypatch.setattr(VenvOperator, "log", logging.getLogger("of.the.test"))  # pytest cannot capture structlog's
    with caplog.at_level("INFO"), pytest.raises(ValueError, match="^second$") as caught:
        execute(raises_with_a_cause)
    logged = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert logged == [caught.value.traceback]
    assert logged[0].count("second") == 2  # in the line that raises, and in the message
    assert [place.name for place in caught.traceback[-2:]] == ["execute", "_value"]
    shown = "".join(traceback.format_exception(type(caught.value), caught.value, caught.value.__traceback__))
    assert shown.endswith("ValueError: second\n")
    assert shown.count("second") == 1


def test_an_error_on_the_way_is_logged_once(execute):
    def f(x):
        return x

    error = caught(execute, f, op_args=[open("/dev/null")])
    assert str(error).count("cannot be sent to the environment") == 1
    assert "The argument 'x' cannot be sent" in str(error)


def rules(*specs, **options):
    policy = pytest.importorskip("airflow.sdk.definitions.retry_policy", reason="since Airflow 3.3")
    rule = policy.RetryRule(exception=list(specs), action=policy.RetryAction.FAIL, **options)
    return policy.ExceptionRetryPolicy(rules=[rule]), policy.RetryAction.FAIL


@pytest.mark.parametrize(
    ("function", "specs", "options", "matches"),
    [
        (fails, [BadData], {}, True),
        (fails, [BadData], {"match_subclasses": False}, True),
        (fails, [Base], {}, True),
        (fails, [Base], {"match_subclasses": False}, False),
        (fails, [f"{__name__}.BadData"], {}, True),
        (fails, ["builtins.ValueError", KeyError], {}, False),
        (raises_theirs, ["onlythere.errors.Outer.Inner"], {}, True),
        (raises_theirs, ["onlythere.errors.Root"], {}, True),
        (raises_theirs, ["onlythere.Root"], {}, True),
        (raises_theirs, ["onlythere.errors.Root"], {"match_subclasses": False}, False),
        (raises_theirs, ["onlythere.errors.Outer.Inner"], {"match_subclasses": False}, True),
        (raises_theirs, ["builtins.ConnectionError"], {}, True),
        (raises_theirs, ["elsewhere.errors.Root"], {}, False),
    ],
)
def test_retry_rules_match_as_they_do_for_a_plain_task(dag, only_there, function, specs, options, matches):
    policy, fail = rules(*specs, **options)
    operator = VenvOperator(
        task_id="t", venv="py38", python_callable=function, include=[Base, BadData], retry_policy=policy, **only_there
    )
    with pytest.raises(FunctionError) as caught:
        operator.execute({"ti": types.SimpleNamespace(bundle_instance=None)})
    decision = policy.evaluate(exception=caught.value, try_number=1, max_tries=3)
    assert (decision.action == fail) is matches
