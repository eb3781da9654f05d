"""Functions in a child process: their surroundings, results and errors, on every Python from 3.7 on."""

import datetime as dt
import logging
import os
import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest

from airflow_venv.call import Crash, Error, Exit, Fail, Skip, Value
from airflow_venv.worker import supervisor
from tests.support.children import DAG_FILE, VERSIONS, FakeServices, Lines, call, interpreter, run, variables

pytestmark = pytest.mark.usefixtures("way")
every = pytest.mark.parametrize("version", VERSIONS)


@every
def test_a_function_runs_in_the_other_interpreter(version):
    """The result is returned, and printed output is logged line by line."""
    lines = Lines()
    outcome = run(
        """
        def f(x, y=0):
            import sys
            print("hello")
            print("grüße", file=sys.stderr)
            return {"version": list(sys.version_info[:2]), "sum": x + y}
        """,
        1,
        kwargs={"y": 2},
        version=version,
        lines=lines,
    )
    assert outcome == Value({"version": [int(part) for part in version.split(".")], "sum": 3})
    assert lines.texts == ["hello", "grüße"]


@every
def test_an_exception_names_the_users_lines_and_not_ours(version):
    """Type, message and traceback are those that the child's interpreter would print."""
    outcome = run(
        """
        def helper():
            return {}["missing"]


        def f():
            try:
                helper()
            except KeyError as error:
                raise ValueError("no luck") from error
        """,
        version=version,
    )
    assert (type(outcome), outcome.type_name, outcome.message) == (Error, "ValueError", "no luck")
    lines = [line for line in outcome.traceback.splitlines() if not set(line) <= {" ", "^", "~"}]
    assert lines == [
        "Traceback (most recent call last):",
        f'  File "{DAG_FILE}", line 13, in f',
        "    helper()",
        f'  File "{DAG_FILE}", line 8, in helper',
        '    return {}["missing"]',
        "KeyError: 'missing'",
        "The above exception was the direct cause of the following exception:",
        "Traceback (most recent call last):",
        f'  File "{DAG_FILE}", line 15, in f',
        '    raise ValueError("no luck") from error',
        "ValueError: no luck",
    ]


@every
def test_a_coroutine_runs_to_its_end_in_the_environment(version):
    """The child runs an `async def` with asyncio, and its traceback starts at the user's line."""
    source = """
        async def f(*, fail):
            import asyncio, sys
            await asyncio.sleep(0)
            if fail:
                raise RuntimeError("async")
            return sys.version_info[1]
        """
    assert run(source, kwargs={"fail": False}, version=version) == Value(int(version.split(".")[1]))
    assert (
        run(source, kwargs={"fail": True}, version=version).traceback.splitlines()[1]
        == f'  File "{DAG_FILE}", line 11, in f'
    )


@pytest.mark.parametrize(
    ("statement", "outcome"),
    [
        ("raise SystemExit", Exit(0)),
        ("raise SystemExit(3)", Exit(3)),
        ("import sys; sys.exit('broken')", Exit(1, "broken")),
        ("from airflow_venv import AirflowSkipException; raise AirflowSkipException('not today')", Skip("not today")),
        (
            "raise type('AirflowSkipException', (Exception,), {'__module__': 'airflow.exceptions'})('by name')",
            Skip("by name"),
        ),
        ("raise type('B', (type('AirflowSkipException', (Exception,), {'__module__': 'airflow.x'}),), {})", Skip()),
    ],
)
def test_an_exit_and_a_skip_are_no_errors(statement, outcome):
    """Skips are recognized by the names of Airflow's classes, with and without Airflow."""
    assert run(f"def f():\n    {statement}\n") == outcome


@every
def test_a_syntax_error_names_file_and_line(version, tmp_path):
    """A file that is written for a newer Python gives this error."""
    (tmp_path / "too_new.py").write_text("x = 1\nx = = 2\n")
    outcome = run(
        """
        def f(folder):
            import sys
            sys.path.insert(0, folder)
            import too_new
        """,
        str(tmp_path),
        version=version,
    )
    assert (outcome.type_name, outcome.message) == ("SyntaxError", "invalid syntax (too_new.py, line 2)")
    lines = outcome.traceback.splitlines()
    assert lines[1:3] == [f'  File "{DAG_FILE}", line 10, in f', "    import too_new"]
    assert [lines[-4].endswith('/too_new.py", line 2'), *lines[-3:]] == [
        True,
        "    x = = 2",
        "        ^",
        "SyntaxError: invalid syntax",
    ]


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_a_group_brings_its_exceptions(version):
    """Its exceptions are included up to a limit, each with its class and message."""
    outcome = run(
        """
        def f():
            inner = ExceptionGroup("inner", [KeyError("k"), OSError(2, "gone", "x")])
            raise ExceptionGroup("outer", [ValueError("v"), inner, *map(TypeError, range(100))])
        """,
        version=version,
    )
    assert (outcome.type_name, outcome.message) == ("ExceptionGroup", "outer (102 sub-exceptions)")
    first, inner, *rest = outcome.exceptions
    assert (first.type_name, first.message, first.args) == ("ValueError", "v", ("v",))
    assert [part.type_name for part in inner.exceptions] == ["KeyError", "FileNotFoundError"]
    assert [part.type_name for part in rest] == ["TypeError"] * 16 + ["Exception"]
    assert rest[-1].message == "84 more, which are in the traceback"


def test_the_longest_messages_fit_into_a_frame():
    """A single character may take twelve bytes."""
    source = """
        def f():
            long = "\U0001f600" * 200_000
            error = ExceptionGroup(long, [ValueError(long) for _ in range(100)])
            error.note = long[:16_000]
            raise error
        """
    outcome = run(source, version="3.11")
    assert outcome.type_name == "ExceptionGroup"
    assert outcome.message.endswith("... (cut)")
    assert len(outcome.exceptions) == 21


@pytest.mark.parametrize("size", [100, 20_000, 2_000_000])
def test_no_cut_leaves_half_of_a_secret_in_an_error(size):
    """Messages are cut at the end and tracebacks at the start, where the rest of a secret could not be masked."""
    services = FakeServices()
    services.secrets = ("\n".join(["k" * 70] * (size // 70 + 1)),)
    outcome = run(
        """
        def f(key):
            try:
                raise ValueError("." * (99_000 if len(key) < 1000 else 60_000) + key + "." * 990_000 + key)
            except ValueError as error:
                raise KeyError("the last") from error
        """,
        *services.secrets,
        services=services,
    )
    assert "kkk" not in services.redact(outcome.traceback)
    assert outcome.traceback.startswith("(cut) ...\n")
    assert outcome.traceback.endswith("KeyError: 'the last'") or size > 1_000_000
    outcome = run("def f(key): raise ValueError('.' * 79_970 + key)", *services.secrets, services=services)
    assert "kkk" not in services.redact(outcome.message)
    assert outcome.message.endswith("... (cut)")


def test_a_skip_exception_of_another_package_is_an_error():
    """A user's own class with the same name does not skip the task."""
    outcome = run("def f():\n    class AirflowSkipException(Exception): pass\n    raise AirflowSkipException('mine')\n")
    assert type(outcome) is Error


def test_airflow_fail_exceptions_prevent_retries():
    """AirflowFailException prevents retries, and still has its traceback."""
    outcome = run(
        "def f():\n    from airflow_venv import AirflowFailException\n    raise AirflowFailException('enough')\n"
    )
    assert (type(outcome), outcome.message) == (Fail, "enough")
    assert f'File "{DAG_FILE}", line 9' in outcome.traceback


@pytest.mark.parametrize(
    ("statement", "signal", "code", "message"),
    [
        (
            "os.kill(os.getpid(), 9)",
            9,
            None,
            "SIGKILL (signal 9) before its function had returned; most often the machine",
        ),
        ("os.kill(os.getpid(), 11)", 11, None, "SIGSEGV"),
        ("os._exit(5)", None, 5, "exit code 5"),
        ("os._exit(0)", None, 0, "exit code 0 before its function had returned"),
    ],
)
def test_a_crash_names_its_signal_and_cause(statement, signal, code, message):
    """The name of a signal is shown, with its most frequent cause."""
    outcome = run(f"def f():\n    import os\n    {statement}\n")
    assert (type(outcome), outcome.signal, outcome.exit_code) == (Crash, signal, code)
    assert message in outcome.description


def test_a_crash_in_compiled_code_leaves_its_python_stack_in_the_log():
    """The child enables faulthandler."""
    lines = Lines()
    run("def f():\n    import os\n    os.kill(os.getpid(), 11)\n", lines=lines)
    assert any(DAG_FILE in text for text in lines.texts)


def test_an_interpreter_that_cannot_start_is_reported(tmp_path):
    """The file is not a program for this machine."""
    broken = tmp_path / "python"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    outcome = run("def f(): pass", python=str(broken))
    assert "cannot be started" in outcome.description


def test_prints_and_records_keep_their_order_level_and_logger():
    """This holds although prints go through a pipe and records through the channel."""
    lines = Lines()
    run(
        """
        def f():
            import logging, subprocess, sys
            log = logging.getLogger("my.library")
            for number in range(50):
                print("print", number)
                log.warning("record %d", number)
                print("error", number, file=sys.stderr)
            subprocess.run(["echo", "from a program"])
            logging.getLogger("other").info("the end")
            logging.getLogger("other").debug("too much")
        """,
        lines=lines,
    )
    expected = []
    for number in range(50):
        expected += [("INFO", "airflow.task", f"print {number}"), ("WARNING", "my.library", f"record {number}")]
        expected += [("INFO", "airflow.task", f"error {number}")]
    expected += [("INFO", "airflow.task", "from a program"), ("INFO", "other", "the end")]
    assert lines.records == expected


def test_a_record_with_an_exception_carries_its_traceback():
    """`log.exception` gives a single record."""
    lines = Lines()
    run(
        """
        def f():
            import logging
            try:
                1 / 0
            except ZeroDivisionError:
                logging.exception("oh")
        """,
        lines=lines,
    )
    (record,) = lines.records
    assert record[0] == "ERROR"
    assert record[2].startswith("oh\nTraceback")
    assert f'"{DAG_FILE}", line 10' in record[2]


def test_output_that_is_not_text_is_handled():
    """Bytes that are not UTF-8 are escaped, and lone surrogates can be printed."""
    lines = Lines()
    run(
        r"""
        def f():
            import os, sys
            os.write(1, b"caf\xe9 \x00\n")
            print("\udcff")
            sys.stdout.buffer.write(b"no newline at the end")
        """,
        lines=lines,
    )
    assert lines.texts == ["caf\\xe9 \0", "\\udcff", "no newline at the end"]


def test_lines_without_an_end_are_cut():
    """A line takes at most 64 KiB of the worker's memory."""
    lines = Lines()
    run("def f():\n    print('x' * 1_000_000)\n", lines=lines)
    assert {len(text) for text in lines.texts[:-1]} == {1 << 16}
    assert sum(map(len, lines.texts)) == 1_000_000


def test_the_function_does_not_read_the_workers_input():
    """Standard input is empty, since Airflow 3 connects the worker's to its supervisor."""
    assert run("def f():\n    import sys\n    return sys.stdin.read()\n") == Value("")


@every
def test_only_what_connects_it_is_inherited_and_only_by_the_child(version):
    """The child only inherits its channel and its pipes, and its own children only the standard streams."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(descriptor, True)  # noqa: FBT003 - os names it no other way
    try:
        outcome = run(
            """
            def f():
                import os, subprocess, sys
                listing = "import os; print([fd for fd in range(3, 64) if os.path.exists('/proc/self/fd/%d' % fd)])"
                links = ["/proc/self/fd/" + fd for fd in os.listdir("/proc/self/fd") if int(fd) > 2]
                ours = [os.readlink(link) for link in links if os.path.exists(link)]
                return ours, subprocess.check_output([sys.executable, "-c", listing], close_fds=False).decode()
            """,
            version=version,
        )
    finally:
        os.close(descriptor)
    ours, theirs = outcome.value
    assert sorted(link.partition(":")[0] for link in ours) == ["pipe", "pipe", "socket"]
    assert theirs.strip() == "[]"


def test_the_module_path_is_that_of_a_script_elsewhere(tmp_path):
    """PYTHONPATH is used; the runner's own folder and the working directory are not on the path."""
    (tmp_path / "shared_code.py").write_text("VALUE = 7")
    source = """
        def f():
            import sys, shared_code
            return shared_code.VALUE, [path for path in sys.path if "airflow_venv" in path or path == ""]
        """
    assert run(source, env=variables(PYTHONPATH=str(tmp_path))).value == (7, [])


def test_code_by_value_and_helpers_live_in_main():
    """The function's module is `__main__`, as in a script; a spawned process does not run the DAG file again."""
    source = """
        class Point:
            pass

        def helper():
            return __name__

        def f():
            import multiprocessing
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                size = pool.map(len, ["abc"])
            return helper(), Point.__module__, size, __file__
        """
    assert run(source, version="3.12").value == ("__main__", "__main__", [3], DAG_FILE)


HELPERS = """
    import enum


    class Color(enum.Enum):
        RED = 1


    class Row:
        def __init__(self, number):
            self.number = number

        def __eq__(self, other):
            return type(other) is Row and other.number == self.number


    def helper(row):
        import logging
        import multiprocessing
        from airflow_venv import get_variable
        logging.getLogger("h").warning("helping %s", row.number)
        try:
            get_variable("a")
        except ConnectionError as error:
            return Row(row.number * 2), Color.RED, str(error), multiprocessing.current_process().name


    def f(method):
        import multiprocessing
        context = multiprocessing.get_context(method)
        with context.Pool(1) as pool:
            results = pool.map(helper, [Row(1), Row(2)])
        assert [(row, color) for row, color, _, _ in results] == [(Row(2), Color.RED), (Row(4), Color.RED)]
        return [text for _, _, text, name in results if name != multiprocessing.current_process().name]
    """
"""A function whose processes use its helper and its classes."""


@every
@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_the_processes_of_multiprocessing_find_what_the_function_finds(version, method):
    """Helpers and classes are available; a process has no channel to Airflow, and its logs are printed."""
    lines = Lines()
    outcome = run(HELPERS, method, version=version, lines=lines)
    assert isinstance(outcome, Value), outcome
    assert len(outcome.value) == 2
    assert all("has no channel to Airflow" in text for text in outcome.value)
    assert sorted(lines.texts) == ["WARNING: h: helping 1", "WARNING: h: helping 2"]


@every
@pytest.mark.parametrize("link", ["__cause__", "__context__"])
def test_a_very_long_chain_of_exceptions_is_cut(version, link):
    """The latest ones are shown. A function that calls itself from an `except` block makes such a chain."""
    source = """
        def f(link):
            latest = None
            for number in range(5000):
                earlier, latest = latest, ValueError("number %d" % number)
                setattr(latest, link, earlier)
            raise latest
        """
    outcome = run(source, link, version=version)
    assert (type(outcome), outcome.type_name, outcome.message) == (Error, "ValueError", "number 4999")
    assert outcome.traceback.endswith("ValueError: number 4999")
    assert outcome.traceback.startswith("ValueError: number 4899\n")


@pytest.mark.parametrize(
    ("ending", "texts"),
    [
        (
            "return 1",
            ["The function has returned in a process that it had forked, too: end such a process by os._exit()"],
        ),
        ("sys.exit(259)", []),
        ("sys.exit('over')", ["over"]),
        (
            "raise ValueError('x')",
            [
                "In a process that the function had forked:",
                "Traceback (most recent call last):",
                '  File "/dags/of the user.py", line 12, in f',
                "    raise ValueError('x')",
                "ValueError: x",
            ],
        ),
    ],
)  # fmt: skip
def test_a_forked_process_in_which_the_function_ends_is_ended(ending, texts):
    """The outcome is that of the function's own process; the other one ends with a code as any process."""
    source = f"""
        def f():
            import os
            import sys
            pid = os.fork()
            if not pid:
                {ending}
            return os.waitpid(pid, 0)[1] >> 8
        """
    lines = Lines()
    code = {"return 1": 0, "sys.exit(259)": 3}.get(ending, 1)
    assert run(source, lines=lines) == Value(code)
    assert lines.texts == texts


def test_a_record_that_cannot_be_formatted_is_named_with_its_line():
    """The task goes on; there is no stack of ours."""
    source = """
        def f():
            import logging

            class Broken:
                def __repr__(self):
                    raise KeyError("no text")

            logging.warning("%d", "x")
            logging.warning("%s", Broken())
            return 1
        """
    lines = Lines()
    assert run(source, lines=lines) == Value(1)
    assert [text.partition(":")[2] for text in lines.texts] == [
        "14: a log record cannot be formatted: TypeError: %d format: a number is required, not str ('%d' with ('x',))",
        "15: a log record cannot be formatted: KeyError: 'no text'",
    ]


def test_the_processes_of_a_function_in_a_file_find_its_module(tmp_path):
    """The file is a module with its own name, and its folder does not have to be on the path."""
    path = tmp_path / "report.py"
    path.write_text(textwrap.dedent(HELPERS))
    assert isinstance(run("", "spawn", path=path, version="3.12"), Value)


def under(called, *features):
    """Return the call as if its file had `from __future__ import ...`."""
    piece = replace(called.function.pieces[0], future=features)
    return replace(called, function=replace(called.function, pieces=(piece,)))


def test_annotations_and_future_features_are_those_of_the_file():
    """The future features of the DAG file also apply in the child."""
    called = under(call("def f(x: Unknown = 3):\n    return x\n"), "annotations", "barry_is_not_a_feature")
    assert supervisor.run(called, FakeServices(), logging.getLogger("x")) == Value(3)


def test_a_function_by_file_is_imported_only_in_the_environment(tmp_path):
    """The file may need a newer Python than Airflow, and its signature determines the context that it gets."""
    file = tmp_path / "train.py"
    file.write_text(
        "import sys\nassert __name__ == 'train'\ndef main(x, run_id, other=5):\n    return x, run_id, other, __file__\n"
    )
    services = FakeServices(context={"run_id": "r1", "ds": "2024-01-01"})
    outcome = run("", 1, path=file, name="main", all_context=True, services=services)
    assert outcome == Value((1, "r1", 5, str(file)))
    outcome = run("", path=file, name="absent", services=services)
    assert outcome.message == f"{file} defines no 'absent'"


def test_string_args_are_a_global_of_the_function():
    """The stock operators behave in the same way."""
    assert run("def f():\n    return virtualenv_string_args\n", string_args=("a", "b")) == Value(["a", "b"])


def test_context_arrives_as_arguments():
    """Dates have a time zone."""
    when = dt.datetime(2024, 3, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    services = FakeServices(context={"run_id": "r", "logical_date": when, "params": {"a": (1, 2)}})
    source = "def f(run_id, logical_date, **context):\n    return run_id, logical_date, sorted(context)\n"
    outcome = run(source, context_names=("run_id", "logical_date"), all_context=True, services=services)
    assert outcome == Value(("r", when, ["params"]))


@pytest.mark.parametrize("version", ["3.14", "3.15"])
def test_a_file_may_use_what_only_the_environments_python_knows(tmp_path, version):
    """Template strings work, and annotations that are evaluated on demand (PEP 649)."""
    file = tmp_path / "newer.py"
    file.write_text(
        "import annotationlib\n"
        "def main(name: Missing) -> Missing.Either:\n"
        "    greeting = t'hello {name!r} {1 + 1}'\n"
        "    asked = annotationlib.get_annotations(main, format=annotationlib.Format.STRING)\n"
        "    try:\n"
        "        raise ValueError\n"
        "    except ValueError, TypeError:\n"
        "        return greeting.strings, [part.value for part in greeting.interpolations], asked\n"
    )
    strings, values, answers = run("", "x", path=file, name="main", version=version).value
    assert (strings, values) == (("hello ", " ", ""), ["x", 2])
    assert answers == {"name": "Missing", "return": "Missing.Either"}


@pytest.mark.parametrize("version", ["3.13", "3.14", "3.15"])
def test_annotations_of_the_dag_file_are_never_evaluated(version):
    """They may have names that only type checkers know, whatever the environment's Python does with annotations."""
    source = """
        def f(x: pd.DataFrame = 1) -> "Nowhere":
            y: NotThere = x
            class Inner:
                z: AlsoNot
            return y, f.__annotations__, Inner.__annotations__
        """
    expected = (1, {"x": "pd.DataFrame", "return": "'Nowhere'"}, {"z": "AlsoNot"})
    called = under(call(source, version=version), "annotations")
    assert supervisor.run(called, FakeServices(), logging.getLogger("x")) == Value(expected)


@every
@pytest.mark.way("cold")
def test_the_runner_imports_only_the_standard_library(version):
    """In isolated mode and without site-packages, only modules of the standard library are loaded."""
    import socket

    from airflow_venv.worker.launch import RUNNER
    from airflow_venv.worker.messages import start_frame
    from tests.support import children

    ours, theirs = socket.socketpair()
    source = """
        def f():
            import sys
            return [list(sys.modules), list(getattr(sys, "stdlib_module_names", ()))]
        """
    called = children.call(source, version=version)
    frame = start_frame(called, {}, mark="m", token="t", log_level=20)
    from airflow_venv.worker.channel import ChildChannel

    def never(*, write, idle):
        raise AssertionError((write, idle))

    held, lifeline = os.pipe()
    passed = (theirs.fileno(), held)
    child = subprocess.Popen([interpreter(version), "-I", "-S", RUNNER, *map(str, passed)], pass_fds=passed)
    theirs.close()
    channel = ChildChannel(ours, never)
    channel.send(frame)
    outcome, _ = channel.head()
    assert child.wait(60) == 0
    ours.close()
    os.close(held)
    os.close(lifeline)
    modules, theirs_standard = outcome.value
    loaded = {name.partition(".")[0] for name in modules}
    ours_alone = {"airflow_venv", "__main__", "sitecustomize"}
    standard = {*sys.stdlib_module_names, *theirs_standard, "_bootlocale", "zipimport"}
    assert loaded - ours_alone <= standard
    heavy = {
        "enum",
        "signal",
        "json",
        "re",
        "pickle",
        "socket",
        "logging",
        "traceback",
        "threading",
        "typing",
        "pathlib",
        "inspect",
    }
    assert loaded & heavy == set(), "a start must not load what costs milliseconds"


@pytest.mark.parametrize("version", ["3.7", "3.14"])
def test_a_warning_is_a_record_of_its_own_level(version):
    """As in a plain task, the text of the record has the place of the warning."""
    lines = Lines()
    run("def f():\n    import warnings\n    warnings.warn('old')\n", version=version, lines=lines)
    ((level, name, text),) = lines.records
    assert (level, name) == ("WARNING", "py.warnings")
    assert text.startswith(f"{DAG_FILE}:9: UserWarning: old")


def test_a_module_that_has_the_name_of_pendulum_is_imported_as_it_is(tmp_path):
    """The adaptation of the real package is not applied."""
    (tmp_path / "pendulum.py").write_text("LENGTH = 2\n")
    source = "def f():\n    import pendulum\n    return pendulum.LENGTH\n"
    assert run(source, env=variables(PYTHONPATH=str(tmp_path))) == Value(2)
