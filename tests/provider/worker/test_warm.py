"""Tasks in forks of a warm process behave as in a new process, and cannot hang."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from airflow_venv.call import Crash, Value, Warm
from airflow_venv.worker import supervisor, warm, warm_processes
from tests.airflow.installations import environment
from tests.support import children
from tests.support.children import FakeServices, Lines, marked, run, variables
from tests.support.waiting import wait_for
from tests.support.warm import WHO, environment_with, run_warm, zygote
from tools.state import Unavailable

VERSIONS = ["3.7", "3.8", "3.13"]
pytestmark = pytest.mark.usefixtures("warm_folder")


@pytest.mark.parametrize("version", VERSIONS)
def test_tasks_are_forked_from_one_process(version):
    """The first task starts it, and the second one uses it."""
    first, second = (run_warm(WHO, version=version).value for _ in range(2))
    assert first[0] != second[0]
    assert first[1] == second[1] == zygote()["pid"]
    assert zygote()["tasks"] == 2


def test_a_module_is_imported_once_and_what_a_task_does_to_it_is_not_seen(tmp_path):
    """Each task runs in a fork of the unmodified process."""
    python = environment_with(tmp_path, "counted", "import os\npid = os.getpid()\nstate = []\n")
    source = """
        def f(x):
            import counted, os, random, signal
            before = [counted.pid != os.getpid(), list(counted.state), os.environ.get("SPOILT"), os.getcwd()]
            before += [signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL, os.umask(0)]
            counted.state.append(x)
            os.environ["SPOILT"] = "1"
            os.chdir("/")
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            return [before, random.random()]
        """
    here, umask = str(Path.cwd()), os.umask(0)
    os.umask(umask)
    outcomes = [run_warm(source, x, modules=("counted",), python=python).value for x in (1, 2)]
    assert [outcome[0] for outcome in outcomes] == [[True, [], None, here, True, umask]] * 2
    assert outcomes[0][1] != outcomes[1][1]


def test_secrets_of_a_task_are_neither_in_the_warm_process_nor_in_the_next_task():
    """The process is started with an allow-list of variables; everything that belongs to a task is sent to the fork."""
    secrets = {
        name: f"s3cr3t-{name}-{os.urandom(8).hex()}" for name in ("argument", "long", "env", "exported", "answer")
    }
    source = """
        def f(argument, long):
            import os
            from airflow_venv import get_variable
            kept = [os.environ["SECRET"], os.environ["AIRFLOW_CONN_X"], get_variable("x"), argument, long[-30:]]
            os.environ["KEPT"] = kept[0]
            os.kept = kept
            return kept
        """
    services = FakeServices(
        {"get_variable": [True, secrets["answer"]]}, variables={"AIRFLOW_CONN_X": secrets["exported"]}
    )
    long = secrets["long"] * 10_000  # large enough to be sent as a stream
    first = run_warm(source, secrets["argument"], long, env=variables(SECRET=secrets["env"]), services=services)
    assert first.value == [secrets[name] for name in ("env", "exported", "answer", "argument")] + [long[-30:]]
    pid = zygote()["pid"]
    assert [name for name, secret in secrets.items() if secret in memory(pid)] == []
    second = run_warm("def f():\n    import os\n    return [dict(os.environ), hasattr(os, 'kept'), os.getpid()]\n")
    assert "s3cr3t" not in str(second.value[0])
    assert second.value[1] is False


def test_the_search_for_secrets_finds_what_is_there(tmp_path):
    """This is a control: the search finds a value that an imported module keeps."""
    python = environment_with(tmp_path, "keeps", "import os\ntext = 'kept-' + os.environ['OMP_KEPT']\n")
    run_warm("def f(): return 1", modules=("keeps",), python=python, env=variables(OMP_KEPT="in memory"))
    assert "kept-in memory" in memory(zygote()["pid"])


def memory(pid):
    """Return the writable memory of a process as text."""
    parts = []
    os.kill(pid, signal.SIGSTOP)  # otherwise it may release memory meanwhile
    try:
        wait_for(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as file:
            for line in maps:
                span, mode = line.split()[:2]
                start, end = (int(number, 16) for number in span.split("-"))
                if mode.startswith("rw") and "[v" not in line:
                    file.seek(start)
                    parts.append(file.read(end - start))
    finally:
        os.kill(pid, signal.SIGCONT)
    return b"".join(parts).decode("latin-1")


def test_variables_and_descriptors_are_those_of_a_new_process():
    """Only the modules of the warm process are inherited."""
    source = """
        def f():
            import os, sys
            return [dict(os.environ), sorted(os.listdir("/proc/self/fd")), sys.argv, sys.path, os.environ["X"]]
        """
    environment = variables(X="1", PYTHONPATH="/nowhere/dags")
    cold = run(source, env=environment, warm=None).value
    hot = run_warm(source, env=environment).value
    for variable in ("AIRFLOW_VENV_TASK",):
        assert cold[0].pop(variable) != hot[0].pop(variable)
    assert (hot[0], hot[2:]) == (cold[0], cold[2:])
    assert len(hot[1]) == len(cold[1])


@pytest.mark.parametrize(
    ("body", "code", "number"),
    [("os._exit(3)", 3, None), ("os.kill(os.getpid(), 9)", None, 9), ("os.abort()", None, 6)],
)
def test_exit_codes_and_signals_are_reported(body, code, number):
    """The warm process reports them, since it is the parent."""
    outcome = run_warm(f"def f():\n    import os\n    {body}\n")
    assert isinstance(outcome, Crash)
    assert (outcome.exit_code, outcome.signal) == (code, number)


def test_a_module_of_the_dags_comes_before_one_that_is_imported_already(tmp_path):
    """Modules on `PYTHONPATH` take precedence over those of the environment, which may have been imported."""
    python = environment_with(tmp_path, "counted", "where = 'environment'\n")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags/counted.py").write_text("where = 'dags'\n")
    source = "def f():\n    import counted\n    return counted.where\n"
    assert run_warm(source, modules=("counted",), python=python) == Value("environment")
    path = variables(PYTHONPATH=str(tmp_path / "dags"))
    assert run_warm(source, modules=("counted",), python=python, env=path) == Value("dags")


def test_what_python_imports_at_its_start_is_imported(tmp_path):
    """Tracers are installed as a `sitecustomize` on `PYTHONPATH`."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.traced = True\n")
    source = "def f():\n    import sys\n    return int(hasattr(sys, 'traced'))\n"
    assert run_warm(source, env=variables(PYTHONPATH=str(tmp_path))) == Value(1)
    assert run_warm(source, env=variables(PYTHONPATH="/nowhere")) == Value(0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n", "a thread"),
        ("import os\nos._exit(1)\n", "ended the warm process"),
        ("import sys\nsys.flags.nothing\n", "importing unfit: it raises AttributeError("),
        ("import sys\nsys.exit('no')\n", "importing unfit: it raises SystemExit('no')"),
        ("import sys, types\nsys.modules['polars'] = types.ModuleType('polars')\n", "polars: its thread pool"),
        (
            "import _thread\n_thread.start_new_thread = lambda *_: 1\n",
            "it has replaced _thread.start_new_thread of the",
        ),
        ("import select\ndel select.poll\n", "it has replaced select.poll of the standard library"),
        ("held = bytearray(300 << 20)\n", "MB with it, [venv] warm_memory allows 200"),
        ("import time\nif __name__ != '__main__': time.sleep(5)\n", "took longer than 2 s"),
    ],
)
def test_what_does_not_survive_a_fork_runs_cold_and_the_log_says_why(tmp_path, monkeypatch, text, reason):
    """The failed import is not repeated for the next task, and other tasks stay warm."""
    python = environment_with(tmp_path, "unfit", text)
    with monkeypatch.context() as impatient:
        if "took longer" in reason:
            impatient.setattr(warm, "WAIT", 2.0)
        options = {"modules": ("unfit",), "python": python, "memory": 200 << 20}
        for _ in range(2):
            assert run_warm("def f(): return 1", cold=reason, **options) == Value(1)
    assert run_warm("def f(): return 1", python=python) == Value(1)


def test_a_larger_limit_of_memory_is_tried_at_once(tmp_path):
    """Neither warm processes nor the environment have to be changed for it."""
    python = environment_with(tmp_path, "large", "held = bytearray(300 << 20)\n")
    options = {"modules": ("large",), "python": python}
    refused = run_warm("def f(): return 1", memory=200 << 20, cold="warm_memory allows 200", **options)
    assert refused == run_warm("def f(): return 1", memory=600 << 20, **options) == Value(1)


@pytest.mark.parametrize("variable", ["PYTHONSAFEPATH", "PYTHONVERBOSE"])
def test_the_way_an_interpreter_starts_changes_nothing(variable, tmp_path):
    """A path without the script's folder and verbose output change nothing."""
    python = environment_with(tmp_path, "runner", "raise SystemExit('not ours')\n")
    assert isinstance(run_warm(WHO, python=python, env=variables(**{variable: "1"})), Value)
    zygote()


def test_output_of_an_environments_start_is_not_read_as_an_answer(tmp_path):
    """A file in site-packages may print text, and then be slow."""
    text = "import sys, time\nprint('hello', file=sys.stderr)\ntime.sleep(0.3)\n"
    python = environment_with(tmp_path, "greets", text)
    (next((tmp_path / "env").glob("lib/python*/site-packages")) / "greets.pth").write_text("import greets\n")
    assert isinstance(run_warm(WHO, python=python), Value)
    zygote()


@pytest.mark.parametrize("name", ["missing_module", "missing_module.part", "missing_module:part"])
def test_a_missing_module_is_the_functions_own_error(name):
    """The error is the same as in a new process; the task is still warm, since it may handle the error."""
    outcome = run_warm("def f():\n    import missing_module\n", modules=(name,))
    assert outcome.type_name == "ModuleNotFoundError"


def test_what_from_import_names_is_imported_beforehand_if_it_is_a_module(tmp_path):
    """`from package import module` imports the module beforehand, not only the package."""
    python = environment_with(tmp_path, "unused", "")
    package = next((tmp_path / "env").glob("lib/python*/site-packages")) / "package"
    package.mkdir()
    (package / "__init__.py").write_text("VALUE = 1\n")
    (package / "module.py").write_text("import os\npid = os.getpid()\n")
    source = "def f():\n    from package import VALUE, module\n    return [VALUE, module.pid]\n"
    outcome = run_warm(source, modules=("package:VALUE", "package:module"), python=python)
    assert outcome == Value([1, zygote()["pid"]])
    assert zygote()["modules"] == ["package", "package.module"]


def test_an_import_is_repeated_later_if_the_warm_process_was_killed(tmp_path, monkeypatch):
    """The cause may be a lack of memory: the task runs cold, and the import is repeated some time later."""
    python = environment_with(
        tmp_path,
        "slow",
        f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        f"os.path.exists({str(tmp_path / 'killed')!r}) or time.sleep(60)\n",
    )

    def kill():
        wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        (tmp_path / "killed").touch()
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)

    threading.Thread(target=kill).start()
    options = {"modules": ("slow",), "python": python}
    assert run_warm("def f(): return 1", cold="importing slow ended the warm process", **options) == Value(1)
    assert run_warm("def f(): return 1", cold="it is tried again in 10 minutes", **options) == Value(1)
    now = time.time()
    monkeypatch.setattr(warm_processes.time, "time", lambda: now + 601)  # simulates the wait
    assert run_warm("def f(): return 1", **options) == Value(1)


def test_each_task_runs_once_if_warm_processes_are_killed(tmp_path):
    """A fork that does not get its task exits, and the task uses another process."""
    source = """
        def f(path, number):
            import time
            with open(path, "a") as file:
                file.write("%d\\n" % number)
            return number
        """
    path, over, killed = tmp_path / "numbers", threading.Event(), []

    def kill():
        while not over.wait(0.01 + 0.02 * (len(killed) % 7)):
            for pid in listening():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        outcomes = [run(source, str(path), number, version="3.12", env=variables()) for number in range(30)]
    finally:
        over.set()
        thread.join()
    assert outcomes == list(map(Value, range(30)))
    assert path.read_text().split() == list(map(str, range(30)))
    assert killed


def listening():
    """Return the warm processes by their sockets, since a forked task has the same command line as its parent."""
    pids = []
    for path in warm_processes.folder().glob("*.sock"):
        with (
            contextlib.suppress(OSError, warm_processes.ColdError),
            warm_processes._connect_to(path) or contextlib.nullcontext() as connection,
        ):
            if connection is not None:
                pids.append(warm_processes._peer(connection)[0])
    return pids


def test_a_removed_environment_fails_the_task_and_a_new_one_gets_its_own_process(tmp_path):
    """The task of the new environment does not see modules of the old one."""
    python = environment_with(tmp_path, "counted", "value = 1\n")
    source = "def f():\n    import counted\n    return counted.value\n"
    assert run_warm(source, modules=("counted",), python=python) == Value(1)
    shutil.rmtree(tmp_path / "env")
    outcome = run_warm(source, modules=("counted",), python=python, cold="No such file or directory")
    assert "cannot be started" in outcome.description
    environment_with(tmp_path, "counted", "value = 2\n")
    assert run_warm(source, modules=("counted",), python=python) == Value(2)
    assert zygote()["modules"] == ["counted"]


def test_a_warm_process_that_was_killed_or_stopped_is_replaced(monkeypatch):
    """After a kill, there is a new process; if it hangs, the task runs cold, and the next one is warm again."""
    run_warm(WHO)
    os.kill(zygote()["pid"], signal.SIGKILL)
    assert isinstance(run_warm(WHO), Value)
    with monkeypatch.context() as impatient:
        impatient.setattr(warm, "WAIT", 1.0)
        os.kill(zygote()["pid"], signal.SIGSTOP)
        assert isinstance(run_warm(WHO, cold="took longer than 1 s"), Value)
    assert isinstance(run_warm(WHO), Value)


@pytest.mark.parametrize("version", ["3.9", "3.13"])
def test_workers_of_every_python_end_a_warm_process_that_does_not_answer(version):
    """Before Python 3.10, a socket raises its own class of timeout."""
    code = """
        import socket
        from airflow_venv.worker import warm, warm_identity, warm_processes
        warm.WAIT, warm_processes.kill = 0.1, lambda _: print("ended")  # a mock: here it would be this process
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            warm._request_fork(ours, {}, (0,), warm_identity.Identity("none", ""))
        except warm_processes.ColdError as error:
            print(error)
        """
    command = [children.interpreter(version), "-c", textwrap.dedent(code)]
    source = Path(warm.__file__).parents[2]
    done = subprocess.run(command, env=variables(PYTHONPATH=str(source)), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["ended", "the warm process took longer than 0 s"]


@pytest.mark.parametrize(("end", "kind"), [("return 7", Value), ("os._exit(0)", Crash)])
def test_a_warm_process_that_dies_first_changes_no_value(end, kind):
    """The child's exit status is then unknown, but a value that it has sent is used."""
    source = f"""
        def f():
            import os, signal
            os.kill(os.getppid(), signal.SIGKILL)
            {end}
        """
    outcome = run_warm(source)
    assert isinstance(outcome, kind)
    assert outcome == Value(7) or "alone could tell" in outcome.description


def test_a_pod_for_one_task_runs_it_cold_without_a_log_line(monkeypatch):
    """There are no other tasks to share a process with."""
    monkeypatch.setenv("AIRFLOW_IS_K8S_EXECUTOR_POD", "True")
    run_warm("def f(): return 1")
    assert warm_processes.running() == []


FORKING = """
    def f(pids):
        import os, signal, time
        if not os.fork():
            os.setsid()
            if os.fork():
                os._exit(0)
            time.sleep(600)
        open(pids, "w").write(os.environ["AIRFLOW_VENV_TASK"])
        time.sleep(600)
    """


def test_kill_cycles_leave_no_orphans_and_one_process(tmp_path):
    """Forked descendants also have the mark of their task."""
    assert children.kill_cycles(FORKING, tmp_path, 9) == []
    assert len(warm_processes.running()) == 1
    wait_for(lambda: zygote()["running"] == 0)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_five_hundred_kill_cycles_leave_no_orphans(tmp_path):
    """This is a long version of the previous test."""
    assert children.kill_cycles(FORKING, tmp_path, 500) == []
    assert len(warm_processes.running()) == 1


def test_on_kill_ends_a_fork_and_its_descendants(tmp_path):
    """A signal handler calls `kill_all` while the worker waits."""
    path = tmp_path / "mark"
    before = signal.signal(signal.SIGALRM, lambda *_: supervisor.kill_all())

    def watch():
        wait_for(lambda: path.exists() and path.read_text(), 60)
        os.kill(os.getpid(), signal.SIGALRM)

    threading.Thread(target=watch).start()
    try:
        outcome = run_warm(FORKING, str(path))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert outcome == Crash("The process was ended by SIGTERM (signal 15) before its function had returned", signal=15)
    assert marked(path.read_text()) == []


def test_openblas_is_allowed_and_its_results_are_right():
    """`import numpy` starts native threads, which end before a fork."""
    try:
        python = environment("3.12", "pandas==2.2.3", "pyarrow==18.1.0")
    except Unavailable as reason:
        pytest.skip(str(reason))
    source = """
        def f():
            import numpy
            return [float((numpy.ones((300, 300)) @ numpy.ones((300, 300))).sum()), float(numpy.random.random())]
        """
    first, second = (run_warm(source, modules=("numpy", "pandas"), python=python).value for _ in range(2))
    assert first[0] == second[0] == 27_000_000.0
    assert first[1] != second[1]


def test_generators_of_random_numbers_differ_from_fork_to_fork(tmp_path):
    """PyTorch is seeded on import; a stand-in is used because PyTorch takes a gigabyte."""
    text = "class default_generator:\n    seeds = []\n    seed = classmethod(lambda cls: cls.seeds.append(1))\n"
    python = environment_with(tmp_path, "torch", text)
    source = "def f():\n    import random, torch\n    return [torch.default_generator.seeds, random.random()]\n"
    first, second = (run_warm(source, modules=("random", "torch"), python=python).value for _ in range(2))
    assert first[0] == second[0] == [1]
    assert first[1] != second[1]


def test_variables_that_a_module_sets_stay_unless_the_task_sets_them(tmp_path):
    """This is the same as after an import in a new process."""
    python = environment_with(
        tmp_path, "sets", "import os\nos.environ.setdefault('SET_A', 'm')\nos.environ['SET_B'] = 'm'\n"
    )
    source = "def f():\n    import os, sets\n    return [os.environ['SET_A'], os.environ['SET_B']]\n"
    assert run_warm(source, modules=("sets",), python=python) == Value(["m", "m"])
    outcome = run_warm(source, modules=("sets",), python=python, env=variables(SET_A="task"))
    assert outcome == Value(["task", "m"])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_fork_ends_in_pythons_order(version, tmp_path):
    """First threads are joined, then exit functions run, and then open files are flushed."""
    source = """
        def f(folder):
            import atexit, threading, time
            global file
            file = open(folder + "/open", "w")
            file.write("left open")
            def work():
                time.sleep(0.2)
                with open(folder + "/order", "a") as order:
                    order.write("thread ")
            def at_exit():
                with open(folder + "/order", "a") as order:
                    order.write("exit")
                print("printed at exit")
            atexit.register(at_exit)
            threading.Thread(target=work).start()
            return 1
        """
    lines = Lines()
    assert run_warm(source, str(tmp_path), version=version, lines=lines) == Value(1)
    assert (tmp_path / "order").read_text() == "thread exit"
    assert (tmp_path / "open").read_text() == "left open"
    assert "printed at exit" in lines.texts


def processes_of(python):
    """Return the processes that run the interpreter of an environment."""
    pids = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes().startswith(os.fsencode(python) + b"\0"):
                pids.append(int(path.parent.name))
    return pids


def hanging_start(tmp_path):
    """Create an environment whose warm process hangs after it has left its parent; return its interpreter.

    It hangs when it imports `_posixsubprocess`, which is the last thing that it does before it listens.
    """
    text = f"""
        import sys
        class Finder:
            def find_spec(self, name, *_):
                if name == "_posixsubprocess" and "zygote.py" in sys.argv[0]:
                    import time
                    open({str(tmp_path / "hangs")!r}, "w").close()
                    time.sleep(600)
        sys.meta_path.insert(0, Finder())
        """
    python = environment_with(tmp_path, "hangs", text)
    (next((tmp_path / "env").glob("lib/python*/site-packages")) / "hangs.pth").write_text("import hangs\n")
    return python


def test_a_warm_process_that_does_not_start_ends(tmp_path, monkeypatch, warm_folder):
    """Neither it nor its socket is left, though it is no child of the worker."""
    python = hanging_start(tmp_path)
    monkeypatch.setattr(warm, "_START_WAIT", 3.0)
    assert run_warm("def f(): return 1", python=python, cold="did not start in 3 s") == Value(1)
    assert (tmp_path / "hangs").exists()
    wait_for(lambda: not processes_of(python))
    assert list(warm_folder.glob("*.sock")) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_warm_process_whose_worker_ends_while_it_starts_ends_too(tmp_path, number):
    """No code of the worker's runs if it is killed; a signal handler interrupts its wait."""
    python = hanging_start(tmp_path)
    code = textwrap.dedent(children.WORKER).format(
        source="def f(): return 1", args=(), python=python, folder=str(warm_processes.folder()), warm=Warm()
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as parent:
        wait_for((tmp_path / "hangs").exists, 30)
        parent.send_signal(number)
    wait_for(lambda: not processes_of(python))


def test_an_invalid_request_does_not_end_a_warm_process(warm_folder):
    """A program of the same user may send anything."""
    run_warm(WHO)
    before = zygote()["pid"]
    (path,) = warm_folder.glob("*.sock")
    texts = ["{}", "[]", "1", "null", '{"do": []}', '{"do": "fork"}', "[" * 100_000, "\xff"]
    texts += ['{"do": "fork", "modules": ' + value + "}" for value in ("1", "null", "{}", "[1]", '"os"')]
    for text in texts:
        for count in (0, 4, 5):
            with warm_processes._connect_to(path) as connection:
                socket.send_fds(connection, [text.encode("latin-1")], [0] * count)
                connection.recv(100)
    assert run_warm(WHO).value[1] == zygote()["pid"] == before


@pytest.mark.parametrize("options", [{}, {"airflow_shim": True}])
def test_modules_that_import_airflow_find_the_same_as_in_a_new_process(tmp_path, options):
    """With the shim, they find it, although they are imported before there is a task."""
    text = "try:\n    from airflow.sdk import Variable\nexcept ImportError:\n    Variable = None\n"
    python = environment_with(tmp_path, "uses_airflow", text)
    source = """
        def f():
            import sys, uses_airflow
            names = [type(finder).__name__ for finder in sys.meta_path]
            return [names.count("ShimFinder"), uses_airflow.Variable and uses_airflow.Variable.get("x")]
        """
    settings = {"python": python, "services": FakeServices({"get_variable": [True, "v"]}), **options}
    cold = run(source, warm=None, **settings)
    assert cold == Value([1, "v"] if options else [0, None])
    for _ in range(2):
        assert run_warm(source, modules=("uses_airflow",), **settings) == cold
    assert zygote()["modules"] == ["uses_airflow"]


def test_a_module_with_a_sigchld_handler_does_not_replace_that_of_the_warm_process(tmp_path):
    """Exit codes are reported, and the function finds the module's handler."""
    text = "import signal\ndef handler(*_): pass\nsignal.signal(signal.SIGCHLD, handler)\n"
    python = environment_with(tmp_path, "handles", text)
    source = """
        def f(code):
            import handles, os, signal
            os._exit(code if signal.getsignal(signal.SIGCHLD) is handles.handler else 1)
        """
    assert [run_warm(source, code, modules=("handles",), python=python).exit_code for code in (3, 4)] == [3, 4]
    wait_for(lambda: zygote()["running"] == 0)


def test_an_exit_code_is_known_though_the_warm_process_is_importing(tmp_path):
    """No handler may run for seconds: compiled code holds the interpreter, or, as here, the signal is blocked."""
    busy, go = tmp_path / "busy", tmp_path / "go"
    python = environment_with(
        tmp_path,
        "holds",
        "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])\n"
        f"open({str(busy)!r}, 'w').close()\n"
        "time.sleep(1)\nsignal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])\n",
    )
    source = """
        def f(path):
            import os, time
            open(path, "w").close()
            while not os.path.exists(os.path.join(os.path.dirname(path), "busy")):
                time.sleep(0.01)
            os._exit(3)
        """
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(run_warm(source, str(go), python=python)))
    thread.start()
    wait_for(go.exists, 30)
    assert run("def f(): return 1", warm=Warm(("holds",)), python=python) == Value(1)
    thread.join()
    assert outcomes[0].exit_code == 3


def test_a_failed_fork_is_not_attributed_to_a_module(tmp_path):
    """The task runs cold, and the next one is warm in the same process."""
    python = environment_with(
        tmp_path,
        "hinders",
        "import os\nfork = os.fork\ndef fail():\n    os.fork = fork\n"
        "    raise BlockingIOError(11, 'Resource temporarily unavailable')\nos.fork = fail\n",
    )
    options = {"modules": ("hinders",), "python": python}
    cold = "the warm process cannot fork: [Errno 11] Resource temporarily unavailable"
    assert run_warm("def f(): return 1", cold=cold, **options) == Value(1)
    before = zygote()["pid"]
    assert run_warm(WHO, **options).value[1] == zygote()["pid"] == before


def test_a_warm_process_that_imports_for_another_task_is_not_ended(tmp_path, monkeypatch, warm_folder):
    """A task that waits for long runs cold; the other one's import goes on."""
    python = environment_with(
        tmp_path,
        "slow",
        f"import os, time\nopen({str(tmp_path / 'begun')!r}, 'w').close()\n"
        f"while not os.path.exists({str(tmp_path / 'over')!r}): time.sleep(0.01)\n",
    )
    outcomes = []
    options = {"modules": ("slow",), "python": python}
    thread = threading.Thread(
        target=lambda: outcomes.append(run("def f(): return 2", warm=Warm(("slow",)), python=python))
    )
    thread.start()
    wait_for((tmp_path / "begun").exists, 30)
    (about,) = warm_folder.glob("*.json")
    os.utime(about, (time.time() + 60, time.time() + 60))  # as if the next import had begun
    monkeypatch.setattr(warm, "WAIT", 0.5)
    assert run_warm("def f(): return 1", python=python, cold="has imported modules for another task") == Value(1)
    monkeypatch.setattr(warm, "WAIT", 60.0)
    (tmp_path / "over").touch()
    thread.join()
    assert outcomes == [Value(2)]
    assert run_warm(WHO, **options).value[1] == zygote()["pid"]
