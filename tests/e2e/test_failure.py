"""Failures of the frontend itself: a single sentence for the user, and no processes left behind."""

import json
import os
import re
import signal
import subprocess
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.e2e.conftest import need_official
from tests.support.waiting import wait_for

BASE = "python:3.13-slim-bookworm"


pytestmark = pytest.mark.images(BASE)


START = """\
import marshal, sys
start = {{"__name__": "start"}}
exec(marshal.loads(open("/frontend/entrypoint.pyc", "rb").read()[16:]), start)
sys.meta_path.insert(0, start["Bundle"](start["BUNDLE"]))
import pyenv_frontend.{module} as replaced
exec({code!r}, vars(replaced))
start["main"]()
"""
"""Starts a frontend as its image does, with additional code in one of its modules."""


@pytest.fixture
def broken(engine, frontend, tmp_path):
    """Return the name of a frontend image with additional code in one of its modules: `broken("...", code)`."""
    names = []

    def make(module, code):
        (tmp_path / "module.py").write_text(START.format(module=module, code=code))
        name = f"pyenv-frontend-broken:{os.getpid()}-{len(names)}"
        *python, _ = json.loads(engine.run("image", "inspect", "--format={{json .Config.Entrypoint}}", frontend))
        entry = json.dumps([*python, "/module.py"])
        (tmp_path / "Dockerfile").write_text(f"FROM {frontend}\nCOPY module.py /\nENTRYPOINT {entry}\n")
        engine.run("buildx", "build", "--quiet", f"--tag={name}", str(tmp_path))
        names.append(name)
        return name

    yield make
    for name in names:
        subprocess.run(
            ["docker", "image", "rm", "--force", name], env=engine.environment(), capture_output=True, check=False
        )


def test_an_internal_error_has_a_message_without_a_traceback(buildx, broken):
    """The message asks the user to report the defect, and no traceback is shown."""
    image = broken("solve.source", "def read(*_): raise ZeroDivisionError('oh')\n")
    build = buildx.fails(f"# syntax={image}\nFROM {BASE}\n")
    error = build.log.rpartition("ERROR: ")[2]
    assert re.search(r"ZeroDivisionError: oh: this is a defect of pyenv-frontend", error)
    assert "Traceback" not in build.log


def test_a_frontend_that_dies_ends_the_build(buildx, broken):
    """The engine reports it in one sentence, and the next build works."""
    image = broken("solve.source", "import os\nos._exit(137)\n")
    build = buildx.fails(f"# syntax={image}\nFROM {BASE}\n", timeout=60)
    assert re.search(r"ERROR: .*(exit code: 137|closed unexpectedly)", build.log)
    buildx(f"FROM {BASE}\n")


def test_a_frontend_with_an_invalid_answer_ends_the_build(buildx, broken):
    """Bytes other than HTTP/2 are an error at once."""
    code = (
        "import os\nfor fd in range(3, 9):\n    try: os.write(fd, b'nonsense' * 99)\n"
        "    except OSError: pass\nos._exit(0)\n"
    )
    image = broken("solve.source", code)
    build = buildx.fails(f"# syntax={image}\nFROM {BASE}\n", timeout=60)
    assert "ERROR: " in build.log


def started(engine, frontend, folder, awaited):
    """Start a build with a unique number, `seconds`, and wait until `awaited(build)`."""
    seconds = f"7{os.getpid()}{uuid.uuid4().int % 1000}"
    (folder / "Dockerfile").write_text(f"# syntax={frontend}\nFROM {BASE}\nPYENV 3.13 etl\nRUN sleep {seconds}\n")
    command = ["docker", "buildx", "build", "--progress=plain", "--network=host", f"--build-arg=MARK={seconds}"]
    client = subprocess.Popen(
        [*command, str(folder)],
        env=engine.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    build = SimpleNamespace(client=client, seconds=seconds)
    try:
        wait_for(lambda: awaited(build), 120)
        yield build
    finally:
        if client.poll() is None:
            os.killpg(client.pid, signal.SIGKILL)
        client.communicate()


@pytest.fixture
def sleeping(engine, frontend, tmp_path):
    """Provide a build whose frontend has finished and that is in a step that sleeps."""
    yield from started(engine, frontend, tmp_path, lambda build: processes(f"sleep {build.seconds}"))


@pytest.fixture
def working(engine, broken, tmp_path):
    """Provide a build whose frontend is still running."""
    folder = tmp_path / "working"
    folder.mkdir()
    image = broken("solve.source", "import time\ntime.sleep(600)\n")
    yield from started(engine, image, folder, frontends)


def ended(build):
    """Tell whether no step and no frontend of a build is left."""
    return not processes(f"sleep {build.seconds}") and not frontends(build)


def test_a_frontend_has_no_network(working):
    """Its container only has the loopback device, whatever the network of the build's steps."""
    (process,) = frontends(working)
    devices = Path(f"/proc/{process}/net/dev").read_text().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]


@pytest.mark.parametrize("stage", ["sleeping", "working"])
@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_client_that_disconnects_leaves_no_process(request, stage, signal_):
    """After Ctrl-C or a kill, during a step or while the frontend runs, neither the frontend nor the step survives."""
    build = request.getfixturevalue(stage)
    os.killpg(build.client.pid, signal_)
    assert build.client.wait(60) != 0
    wait_for(lambda: ended(build), 30)


def test_a_frontend_that_is_killed_ends_the_build(working, buildx):
    """The user gets a message, and the next build works."""
    for process in frontends(working):
        os.kill(process, signal.SIGKILL)
    log, _ = working.client.communicate(timeout=60)
    assert working.client.returncode != 0
    assert re.search(r"^ERROR: .*(exit code: 137|closed unexpectedly)", log, re.MULTILINE)
    wait_for(lambda: ended(working), 30)
    buildx(f"FROM {BASE}\n")


def processes(words):
    """Return the processes on this machine with a certain command line."""
    pgrep = subprocess.run(["pgrep", "-f", f"^{words}$"], capture_output=True, text=True, check=False)
    return [int(pid) for pid in pgrep.stdout.split()]


def frontends(build):
    """Return the frontend processes of a build, found by the build's options."""
    pids = []
    for folder in Path("/proc").iterdir():
        try:
            if (
                folder.name.isdigit()
                and f"build-arg:MARK={build.seconds}".encode() in (folder / "environ").read_bytes()
            ):
                pids.append(int(folder.name))
        except OSError:  # the process has ended
            continue
    return pids


@pytest.mark.parametrize(
    "arguments",
    [
        ("--build-arg=BUILDKIT_SYNTAX=SELF",),
        ("--build-arg=PYENV_FRONTEND_DOCKERFILE=SELF",),
        ("--build-arg=BUILDKIT_SYNTAX=SELF dockerfile=SELF",),
    ],
)
def test_no_recursion_can_be_made_to_happen(buildx, frontend, arguments):
    """If our image is named in place of Docker's own frontend, the build soon gives a result or an error."""
    command = [argument.replace("SELF", frontend) for argument in arguments]
    build = buildx.attempt(f"FROM {BASE}\nRUN true\n", {}, *command, timeout=120)
    assert build.code == 0 or "asked to delegate to itself" in build.log


def test_the_syntax_line_that_names_ourselves_as_the_delegate_is_refused(buildx, frontend):
    """`# syntax=us dockerfile=us` would delegate without end."""
    build = buildx.fails(f"# syntax={frontend} dockerfile={frontend}\nFROM {BASE}\n", timeout=120)
    assert "asked to delegate to itself" in build.log
    assert "dockerfile=docker/dockerfile:1" in build.log


def test_another_frontend_can_do_the_building(buildx, engine, frontend):
    """`dockerfile=` after our image names Docker's own frontend image, for builds with PYENV and without it."""
    official = need_official(engine)
    head = f"# syntax={frontend} dockerfile={official}\nFROM {BASE}\n"
    assert f"docker-image://docker.io/{official}" in buildx(f"{head}RUN true\n").log
    built = buildx(f"{head}PYENV 3.13 etl\nMAINTAINER me\n")
    assert "[2/2] PYENV 3.13 etl" in built.steps
    assert "MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 4)" in built.log


def test_an_unknown_word_on_the_syntax_line_is_refused(buildx, frontend):
    """The error catches typing mistakes."""
    build = buildx.fails(f"# syntax={frontend} dockrfile=docker/dockerfile:1\nFROM {BASE}\n")
    assert "the syntax line says 'dockrfile=docker/dockerfile:1', which means nothing here" in build.log
