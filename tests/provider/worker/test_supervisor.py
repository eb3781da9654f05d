"""At the end of a task, its process and all processes that it has started end."""

import logging
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from airflow_venv.call import Crash, Error, Value
from airflow_venv.child import parent_death, process_tree
from airflow_venv.errors import AbandonedError
from airflow_venv.worker import launch, supervisor
from airflow_venv.worker.launch import Launched
from airflow_venv.worker.log_stream import TaskLog
from tests.support import children
from tests.support.children import FakeServices, Lines, marked, run, variables, worker
from tests.support.waiting import wait_for

pytestmark = pytest.mark.usefixtures("way")

FAMILY = """
    def f(pids):
        import os, subprocess, sys, time
        sleeper = "import time; time.sleep(60)"
        subprocess.Popen([sys.executable, "-c", sleeper])
        subprocess.Popen([sys.executable, "-c", sleeper], start_new_session=True)
        leaving = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', %r])" % sleeper
        subprocess.run([sys.executable, "-c", leaving])
        open(pids, "w").write(os.environ["AIRFLOW_VENV_TASK"])
        time.sleep(600)
    """
"""A function with a child, a child in another session, and a grandchild whose parent has ended."""


def alarm_when(path):
    """Send SIGALRM to this process once the function has written its mark."""

    def watch():
        wait_for(lambda: path.exists() and path.read_text(), 60)
        os.kill(os.getpid(), signal.SIGALRM)

    threading.Thread(target=watch).start()


class TimesUpError(Exception):
    """A stand-in for the exception that Airflow raises on a timeout."""


def test_a_timeout_ends_the_function_and_what_it_has_started(tmp_path):
    """A signal handler raises an exception in the worker, as Airflow's timeouts do."""
    pids = tmp_path / "mark"

    def times_up(*_):
        raise TimesUpError

    before = signal.signal(signal.SIGALRM, times_up)
    try:
        alarm_when(pids)
        with pytest.raises(TimesUpError):
            run(FAMILY, str(pids))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert marked(pids.read_text()) == []


def test_on_kill_ends_them_all(tmp_path):
    """A signal handler calls `kill_all` while the worker waits for the child."""
    pids = tmp_path / "mark"
    before = signal.signal(signal.SIGALRM, lambda *_: supervisor.kill_all())
    try:
        alarm_when(pids)
        outcome = run(FAMILY, str(pids))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert outcome == Crash("The process was ended by SIGTERM (signal 15) before its function had returned", signal=15)
    assert marked(pids.read_text()) == []


def test_the_end_of_airflows_supervisor_ends_the_function_and_what_it_has_started(tmp_path):
    """The supervisor's socket is closed while the worker waits for the child."""
    pids = tmp_path / "mark"
    ours, theirs = socket.socketpair()

    def hang_up():
        wait_for(lambda: pids.exists() and pids.read_text(), 60)
        theirs.close()

    watcher = threading.Thread(target=hang_up)
    watcher.start()
    with ours, pytest.raises(AbandonedError, match="Airflow's supervisor of this task has ended"):
        supervisor.run(children.call(FAMILY, str(pids)), FakeServices(), logging, above=ours.fileno())
    watcher.join()
    assert marked(pids.read_text()) == []


def test_what_airflows_supervisor_sends_is_left_for_the_task():
    """Only the end of the connection is detected; data in the socket is not read."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"an answer")
        outcome = supervisor.run(
            children.call("def f():\n    return 1\n"), FakeServices(), logging, above=ours.fileno()
        )
        assert outcome == Value(1)
        assert ours.recv(20) == b"an answer"


def test_a_closed_descriptor_is_not_the_end_of_airflows_supervisor():
    """Code in the worker may have closed its standard input."""
    ours, theirs = socket.socketpair()
    closed = ours.fileno()
    ours.close()
    with theirs:
        outcome = supervisor.run(children.call("def f():\n    return 1\n"), FakeServices(), logging, above=closed)
    assert outcome == Value(1)


def test_a_function_that_ignores_the_request_is_ended_all_the_same(monkeypatch):
    """The function is killed if it ignores SIGTERM."""
    monkeypatch.setattr(launch, "GRACE", 0.3)
    source = """
        def f():
            import signal, time
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print("ready")
            time.sleep(600)
        """

    class Impatient(Lines):
        def emit(self, record):
            super().emit(record)
            raise TimesUpError

    with pytest.raises(TimesUpError):
        run(source, lines=Impatient())


def test_a_function_that_exits_at_the_request_cleans_up(tmp_path):
    """The documentation shows this handler."""
    source = """
        def f(path):
            import signal, sys, time
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
            try:
                print("ready")
                time.sleep(600)
            finally:
                open(path, "w").close()
        """

    class Impatient(Lines):
        def emit(self, record):
            super().emit(record)
            raise TimesUpError

    with pytest.raises(TimesUpError):
        run(source, str(tmp_path / "cleaned"), lines=Impatient())
    assert (tmp_path / "cleaned").exists()


@pytest.mark.parametrize("version", ["3.7", "3.8", "3.13"])
def test_a_worker_that_is_killed_takes_everything_along(tmp_path, version):
    """After a SIGKILL of the worker, the processes have to end themselves."""
    pids = tmp_path / "mark"
    parent = worker(FAMILY, str(pids), version=version)
    wait_for(lambda: pids.exists() and pids.read_text())
    mark = pids.read_text()
    wait_for(lambda: len(marked(mark)) == 4)
    parent.kill()
    parent.wait()
    wait_for(lambda: marked(mark) == [], 30)


HOLDING = """
    def f(pids):
        import os
        open(pids, "w").write(os.environ["AIRFLOW_VENV_TASK"])
        sum(range(10**13))
    """
"""A single call of compiled code that takes days and blocks all other threads."""


@pytest.mark.parametrize("version", ["3.7", "3.13"])
def test_a_function_that_lets_no_thread_run_ends_with_a_worker_that_is_killed(tmp_path, version):
    """The kernel has to end the function, since a thread of ours could not run until the call returns."""
    pids = tmp_path / "mark"
    parent = worker(HOLDING, str(pids), version=version)
    wait_for(lambda: pids.exists() and pids.read_text())
    mark = pids.read_text()
    time.sleep(0.2)
    parent.kill()
    parent.wait()
    wait_for(lambda: marked(mark) == [], 30)


STARTING = {
    "subprocess": "import subprocess, sys; subprocess.Popen(['sleep', '300'], start_new_session=True)",
    "fork": "import os, time; os.fork() or (os.setsid(), time.sleep(300))",
    "spawn": "import os; os.posix_spawn('/bin/sleep', ['sleep', '300'], os.environ)",
    "system": "import os; os.system('sleep 300 &')",
    "multiprocessing": "import multiprocessing as m, time; m.get_context('spawn').Process(target=time.sleep, "
    "args=(300,)).start()",
}


@pytest.mark.parametrize("version", ["3.8", "3.13"])
@pytest.mark.parametrize("start", STARTING)
def test_no_way_of_starting_a_process_leaves_it_behind(tmp_path, version, start):
    """With further processes, the kernel must not end the function, since it would leave the others behind."""
    pids = tmp_path / "mark"
    source = f"""
        def f(pids):
            import os, time
            {STARTING[start]}
            open(pids, "w").write(os.environ["AIRFLOW_VENV_TASK"])
            time.sleep(300)
        """
    parent = worker(source, str(pids), version=version)
    wait_for(lambda: pids.exists() and pids.read_text())
    mark = pids.read_text()
    wait_for(lambda: len(marked(mark)) >= 2)
    parent.kill()
    parent.wait()
    wait_for(lambda: marked(mark) == [])


@pytest.mark.parametrize("version", ["3.8", "3.13"])
def test_wrapped_functions_behave_as_before(version):
    """The wrapped functions can be pickled by name, and behave as before."""
    source = """
        def f():
            import os, pickle, subprocess
            passed = pickle.loads(pickle.dumps((os.system, os.posix_spawn)))
            assert passed == (os.system, os.posix_spawn)
            said = subprocess.run(["echo", "said"], stdout=subprocess.PIPE, check=True).stdout.decode()
            return [passed[0]("exit 3") >> 8, said, os.system.__doc__ is not None]
        """
    assert run(source, version=version) == Value([3, "said\n", True])


SLEEPER = """
    def f(pids):
        import os, subprocess, time
        open(pids, "w").write(os.environ["AIRFLOW_VENV_TASK"])
        subprocess.Popen(["sleep", "300"])
        time.sleep(300)
    """


def test_kill_cycles_leave_no_orphans(tmp_path):
    """This is a short version of the next test."""
    assert children.kill_cycles(SLEEPER, tmp_path, 9, at_once=5) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_five_hundred_kill_cycles_leave_no_orphans(tmp_path):
    """The signals are SIGKILL, SIGTERM and SIGINT, before, during and after the start."""
    assert children.kill_cycles(SLEEPER, tmp_path, 500, at_once=5) == []


def test_a_background_process_does_not_hold_the_task_up():
    """A daemon that keeps standard output open outlives the task, as it would outlive a script."""
    source = """
        def f():
            import subprocess
            return subprocess.Popen(["sleep", "30"], start_new_session=True).pid
        """
    started = time.monotonic()
    outcome = run(source)
    assert time.monotonic() - started < 10
    os.kill(outcome.value, signal.SIGKILL)


@pytest.mark.way("cold")
def test_the_child_stays_in_the_tasks_process_group():
    """Airflow 3.3 kills the whole process group."""
    assert run("def f():\n    import os\n    return os.getpgid(0)\n") == Value(os.getpgid(0))


def test_no_file_is_written_and_nothing_secret_is_on_the_command_line(tmp_path):
    """No temporary file can be left behind, and other users can see the command line."""
    source = """
        def f(password):
            import os
            return [os.listdir(os.environ["TMPDIR"]), open("/proc/self/cmdline").read(), dict(os.environ)]
        """
    outcome = run(source, "s3cr3t", env=variables(TMPDIR=str(tmp_path)))
    files, command, environ = outcome.value
    assert files == []
    assert "s3cr3t" not in command
    assert "s3cr3t" not in str(environ)


def test_variables_are_the_calls_and_the_requested_ones():
    """The child does not get the worker's own variables."""
    services = FakeServices(variables={"AIRFLOW_CONN_X": "uri"})
    outcome = run("def f():\n    import os\n    return dict(os.environ)\n", env={"ONLY": "1"}, services=services)
    outcome.value.pop("LC_CTYPE", None)  # set by Python itself in the C locale
    assert outcome.value.keys() == {"ONLY", "AIRFLOW_CONN_X", "AIRFLOW_VENV_TASK"}


def test_a_hundred_megabytes_of_output_pass_through():
    """The worker's memory does not depend on the amount of output."""
    import tracemalloc

    class Counting:
        size = 0

        def info(self, _, text):
            self.size += len(text) + 1

    lines = Counting()
    source = """
        def f():
            import os
            line = b"x" * 9999 + b"\\n"
            for _ in range(10_000):
                os.write(1, line)
        """
    tracemalloc.start()
    try:
        assert supervisor.run(children.call(source), FakeServices(), lines) == Value(None)
        assert lines.size == 100_000_000
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()


def fake_runner(tmp_path, body):
    """Return a fake interpreter whose process sends arbitrary frames on the channel."""
    script = tmp_path / "python"
    script.write_text(
        f"#!{sys.executable}\nimport os, sys, time, json\nfd = int(sys.argv[2])\n"
        "def frame(header, payload=b''):\n"
        "    head = json.dumps(header).encode()\n"
        "    return len(head).to_bytes(4, 'big') + len(payload).to_bytes(8, 'big') + head + payload\n"
        f"{textwrap.dedent(body)}\n"
    )
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize(
    "body",
    [
        "os.write(fd, b'garbage' * 1000); time.sleep(60)",
        "os.write(fd, b'\\xff' * 100000); time.sleep(60)",
        "os.write(fd, frame([1])); time.sleep(60)",
        "os.write(fd, frame({'kind': 'what'})); time.sleep(60)",
        "os.write(fd, frame({'kind': 'request'})); time.sleep(60)",
        "os.write(fd, frame({'kind': 'data'}, b'x')); time.sleep(60)",
        "os.write(fd, frame({'kind': 'value', 'value': 1}) * 2); time.sleep(60)",
        "os.write(fd, (2).to_bytes(4, 'big') + (1 << 62).to_bytes(8, 'big') + b'{}'); time.sleep(60)",
        (
            "h = b'{\"kind\": \"buffer\"}'; os.write(fd, frame({'kind': 'value'}) + len(h).to_bytes(4, 'big')"
            " + (1 << 62).to_bytes(8, 'big') + h); time.sleep(60)"
        ),
        (
            "[os.write(fd, frame({'kind': 'log', 'number': 0}, b'x' * 1000)) for _ in range(100)];"
            "os.write(fd, b'!' * 12); time.sleep(60)"
        ),
    ],
)
def test_invalid_frames_fail_the_task_only(tmp_path, body):
    """The process is killed, and the task fails with a clear message."""
    outcome = run("def f(): pass", python=fake_runner(tmp_path, body))
    assert type(outcome) is Error
    assert "broke the protocol" in outcome.message or "cannot be read" in outcome.message


def test_a_process_that_stalls_is_ended(tmp_path, monkeypatch):
    """The process sends half a message and then nothing."""
    monkeypatch.setattr(supervisor, "STALL_TIMEOUT", 0.5)
    outcome = run("def f(): pass", python=fake_runner(tmp_path, "os.write(fd, b'\\0' * 5); time.sleep(60)"))
    assert "half sent for" in outcome.message


def test_a_process_that_does_not_read_is_ended(tmp_path, monkeypatch):
    """The process does not read what it is sent."""
    monkeypatch.setattr(supervisor, "READ_TIMEOUT", 0.5)
    outcome = run("def f(x): pass", b"x" * 10_000_000, python=fake_runner(tmp_path, "time.sleep(60)"))
    assert "half read for" in outcome.message


def test_a_flood_of_requests_does_not_end_the_worker(tmp_path):
    """A process that sends requests without reading the answers is killed, and memory stays small."""
    flood = """
        while True:
            os.write(fd, frame({'kind': 'request', 'id': 1, 'request': 'big', 'arguments': {}}, b'x' * 100000))
        """
    services = FakeServices(answers={"big": "y" * 1_000_000})
    outcome = run("def f(): pass", python=fake_runner(tmp_path, flood), services=services)
    assert "floods the channel" in outcome.message


def test_marks_without_records_do_not_hold_the_output_up(tmp_path):
    """The function prints text that looks like a mark."""
    body = """
        start = json.loads(os.read(fd, 1 << 16)[12:])
        mark = "\\0" + start["token"] + ":%d\\0"
        for number in range(100):
            print("line", number, mark % number, flush=True)
        os.write(fd, frame({'kind': 'value', 'value': 1}))
        """
    lines = Lines()
    outcome = run("def f(): pass", python=fake_runner(tmp_path, body), lines=lines)
    assert outcome == Value(1)
    assert "".join(lines.texts).count("line") == 100


def test_an_argument_that_cannot_be_sent_is_named():
    """The error is raised before the function starts."""
    outcome = run("def f(x): pass", sys)
    assert outcome.type_name == "TransferError"
    assert "The argument number 1 cannot be sent" in outcome.message
    assert "module of module builtins" in outcome.message


@pytest.mark.way("cold")
@pytest.mark.parametrize("version", ["3.7", "3.13"])
def test_a_worker_that_has_ended_before_the_child_looks_is_noticed(version):
    """The kernel only reports a hang-up after the child has asked for it, so the child checks once."""
    code = """
        import os, sys
        sys.path.insert(0, sys.argv[1])
        import parent_death
        read, write = os.pipe()
        os.close(write)
        parent_death.kill_at_hangup(read)
        sum(range(10**13))
        """
    command = [children.interpreter(version), "-c", textwrap.dedent(code), str(Path(parent_death.__file__).parent)]
    assert subprocess.run(command, timeout=60, check=False).returncode == -signal.SIGKILL


ENDINGS = {
    "returns": ("return True", True),
    "raises": ("raise ValueError", True),
    "exits": ("sys.exit(3)", True),
    "leaves": ("os._exit(3)", False),
    "is killed": ("os.kill(os.getpid(), 9)", False),
    "crashes": ("os.kill(os.getpid(), 11)", False),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_a_function_has_started_outlives_it_only_if_it_ended_by_itself(tmp_path, ending):
    """After a normal return they stay, as with a plain task; otherwise they are killed, in any process group."""
    statement, alive = ENDINGS[ending]
    source = f"""
        def f(pids):
            import os, subprocess, sys
            subprocess.Popen(["sleep", "300"], start_new_session=True)
            open(pids, "w").write(os.environ["AIRFLOW_VENV_TASK"])
            {statement}
        """
    pids = tmp_path / "mark"
    run(source, str(pids))
    left = marked(pids.read_text())
    process_tree.end(left)
    assert bool(left) is alive


def test_a_kill_after_the_end_does_not_reach_a_process_with_the_same_id():
    """Processes below it have nothing to do with the task."""
    other = subprocess.Popen(["sh", "-c", "sleep 300 & echo $!; wait"], stdout=subprocess.PIPE, text=True)
    below = int(other.stdout.readline())

    class Ended:
        pid = other.pid
        returncode = 0

        def poll(self):
            return 0

        def wait(self, timeout=None):
            assert timeout
            return 0

    sock, theirs = socket.socketpair()
    read, write = os.pipe()
    held, lifeline = os.pipe()
    ended = Launched(Ended(), sock, read, None, lifeline, "no such mark")
    task = supervisor.Supervisor(children.call("def f(): pass\n"), FakeServices(), TaskLog(Lines()))
    task._launched = ended
    task.kill()
    left = [pid for pid in (other.pid, below) if Path(f"/proc/{pid}").exists()]
    process_tree.end([other.pid, below])
    other.communicate()
    ended.close()
    theirs.close()
    os.close(write)
    os.close(held)
    assert left == [other.pid, below]


def test_a_kill_while_the_process_is_being_started_is_not_lost(monkeypatch):
    """A signal handler that calls `on_kill` finds the task even before its process exists."""

    def killing(launch):
        def killed(*arguments):
            supervisor.kill_all()
            return launch(*arguments)

        return killed

    monkeypatch.setattr(supervisor, "launch", killing(supervisor.launch))
    monkeypatch.setattr(supervisor.warm, "launch", killing(supervisor.warm.launch))
    outcome = run("def f():\n    import time\n    time.sleep(600)\n")
    assert type(outcome) is Crash
    assert outcome.signal == signal.SIGTERM


def test_a_forged_mark_does_not_stall_the_output():
    """The function prints more than the pipe's capacity while the worker waits for the record."""
    source = """
        def f():
            import os
            from airflow_venv import session
            os.write(1, ("\\0%s:777\\0" % session.start.token).encode() + b"x" * 1_000_000)
            return 1
        """
    assert run(source) == Value(1)


def test_a_type_with_an_impossible_name_is_an_error_as_any_other(tmp_path):
    """A class name cannot contain NUL."""
    body = "os.write(fd, frame({'kind': 'error', 'types': ['a\\0\\udc80.b'], 'message': 'm'}, b'trace'))"
    outcome = run("def f(): pass", python=fake_runner(tmp_path, body))
    assert (type(outcome), outcome.message) == (Error, "m")
    assert outcome.type_name.isprintable()


def test_a_cut_message_does_not_end_with_half_of_a_secret():
    """Airflow only masks whole secrets."""
    services = FakeServices()
    services.secrets = ("s3cr3t" * 10,)
    message = "x" * (100_000 - 30) + services.secrets[0]
    outcome = run("def f(text): raise ValueError(text)", message, services=services)
    assert "s3cr3t" not in outcome.message
    lines = Lines()
    record = "x" * ((1 << 19) - 30) + services.secrets[0]
    run("def f(text):\n    import logging\n    logging.error(text)\n", record, services=services, lines=lines)
    assert "s3cr3t" not in lines.texts[0]
    assert len(lines.texts[0]) > 500_000


def test_headers_and_answers_count_against_the_bounds(tmp_path):
    """A process that sends requests and never reads is killed before it uses up the worker's memory."""
    import resource

    flood = """
        request = {'kind': 'request', 'id': 1, 'request': 'big', 'arguments': {'x': [[]] * 250000}}
        while True:
            os.write(fd, frame(request))
        """
    services = FakeServices(answers={"big": lambda **_: "y" * 10_000_000})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = run("def f(): pass", python=fake_runner(tmp_path, flood), services=services)
    assert "floods the channel" in outcome.message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000


def test_a_json_result_is_bounded_and_beside_it_there_are_no_buffers(tmp_path):
    """A decoded JSON value needs many times the memory of its text."""
    body = """
        os.write(fd, frame({'kind': 'value', 'streamed': True}) + frame({'kind': 'data'}, (1 << 40).to_bytes(8, 'big')))
        """
    outcome = run("def f(): pass", python=fake_runner(tmp_path, body), serializer="json")
    assert "as JSON" in outcome.message
    body = "os.write(fd, frame({'kind': 'value', 'streamed': True}) + frame({'kind': 'buffer'}, b'x'))"
    outcome = run("def f(): pass", python=fake_runner(tmp_path, body), serializer="json")
    assert "unexpected frame" in outcome.message
    assert "67108864 are the limit" in run("def f(): return 'x' * (1 << 26)", serializer="json").message


def test_a_time_limit_has_no_error_of_ours_as_its_context():
    """An exception of a signal handler has none of our exceptions as its context."""

    def times_up(*_):
        raise TimesUpError

    before = signal.signal(signal.SIGALRM, times_up)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        with pytest.raises(TimesUpError) as raised:
            run("def f():\n    import time\n    time.sleep(600)\n")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert raised.value.__context__ is None
