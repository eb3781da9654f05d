"""Locked environments that do not depend on the layers below them."""

import json
import subprocess
import sys
import uuid

import pytest

from pyenv_frontend.expansion import weight
from tests.e2e.environments.test_locks import INDEX, PY38, PY311, WHEELS, lock_of
from tests.support import services
from tests.support.attack import ALTER
from tests.support.builds import installed_environments
from tests.support.locks import sealed
from tools.files import write_files

pytestmark = pytest.mark.images(PY311, PY38)

PYENV = "PYENV 3.8 x r.txt\n"
PY313 = "python:3.13-slim-bookworm"


@pytest.fixture
def index():
    """Serve the packages."""
    with services.package_index(WHEELS) as address:
        yield address


@pytest.fixture
def files(tmp_path, index):
    """Return a build context with a lock."""
    return {"r.txt": "beta\n", "pylock.x.toml": lock_of(tmp_path, index)}


def text(index, before="", pyenv=PYENV, base=PY311):
    """Return a Dockerfile with instructions between its base image and its PYENV."""
    return f"FROM {base}\n{INDEX.format(index=index)}{before}{pyenv}"


def test_a_change_below_installs_nothing(build_image, files, index):
    """A changed instruction above the PYENV does not install the environment again."""
    image = build_image(text(index, "RUN echo 1\n"), files)
    assert "Creating virtual environment" in image.log
    assert image.ask("/opt/venv/x/bin/python", "-c", "import alpha, beta, ssl; print('ok')") == "ok\n"
    assert image.sh("python3.8 -c 'import sys; print(sys.prefix)'") == "/opt/pyenv/3.8\n"
    again = build_image(text(index, "RUN echo 2\n"), files)
    assert "Creating virtual environment" not in again.log
    assert again.ask("/opt/venv/x/bin/python", "-c", "import alpha, beta, ssl; print('ok')") == "ok\n"


def test_parents_keep_owner_mode_and_time(build_image, files, index):
    """A parent folder keeps its set-group bit and its time; the files of the environment have a fixed time."""
    before = (
        "RUN mkdir -p /srv/deep && chown 12:34 /srv/deep && chmod 2775 /srv/deep && touch -d @1000000000 /srv/deep\n"
    )
    image = build_image(text(index, before, "PYENV --path=/srv/deep/x 3.8 x r.txt\n"), files)
    assert image.sh("stat -c '%u:%g %a %Y' /srv/deep") == "12:34 2775 1000000000\n"
    assert image.sh("find /srv/deep/x ! -newermt @315532801 | wc -l") == image.sh("find /srv/deep/x | wc -l")
    assert image.ask("/srv/deep/x/bin/python", "-c", "import beta; print('ok')") == "ok\n"


@pytest.mark.parametrize("option", ["", "--lock=off "])
def test_places_in_the_stage(build_image, files, index, option):
    """With and without a lock: new parents take over a set-group bit, and an empty folder becomes the user's."""
    before = (
        "RUN mkdir -p -m 2775 /srv/team && chgrp 33 /srv/team && ln -s team/new /srv/link && mkdir -m 700 /srv/empty\n"
        "RUN useradd -u 4321 -m ada\nUSER ada\n"
    )
    places = {"x": "link/x", "y": "empty"}
    lines = (f"PYENV {option}--path=/srv/{place} 3.8 {name} r.txt\n" for name, place in places.items())
    lock = {"pylock.y.toml": files["pylock.x.toml"]}
    image = build_image(text(index, before, "".join(lines)), {**files, **lock})
    about = image.sh("stat -c '%u:%g %a' /srv/team /srv/team/new /srv/team/new/x /srv/team/new/x/bin /srv/empty")
    assert about == "0:33 2775\n0:33 2755\n4321:4321 755\n4321:4321 755\n4321:4321 755\n"
    assert image.ask("/srv/link/x/bin/python", "-c", "import beta; print('ok')") == "ok\n"
    assert image.ask("/srv/empty/bin/python", "-c", "import beta; print('ok')") == "ok\n"


def test_an_environment_of_the_base_is_gone(build_image, files, index):
    """The new environment replaces an existing one instead of being merged with it, and the parent keeps its time."""
    environment = "mkdir -p /opt/venv/x && touch /opt/venv/x/pyvenv.cfg /opt/venv/x/old"
    image = build_image(text(index, f"RUN {environment} && touch -d @1000000000 /opt/venv\n"), files)
    assert image.sh("test ! -e /opt/venv/x/old && echo gone") == "gone\n"
    assert image.sh("stat -c %Y /opt/venv") == "1000000000\n"
    assert image.ask("/opt/venv/x/bin/python", "-c", "import beta; print('ok')") == "ok\n"


def test_what_is_no_environment_is_an_error(buildx, files, index):
    """A folder that no PYENV has made is not deleted."""
    log = buildx.fails(text(index, "RUN mkdir -p /opt/venv/x && touch /opt/venv/x/mine\n"), files).log
    assert "/opt/venv/x exists and is not an environment" in log
    assert ">>> PYENV 3.8 x r.txt" in log


def test_the_stage_decides_the_owner_and_links_are_followed(build_image, files, index):
    """The user is created in the stage, and the home folder is behind a link."""
    before = "RUN mkdir -p /data/home && ln -s /data/home /homes && useradd -u 4321 -d /homes/ada -m ada\nUSER ada\n"
    image = build_image(text(index, before), files)
    paths = "/data/home/ada/.venv /data/home/ada/.venv/x /data/home/ada/.venv/x/pyvenv.cfg"
    assert image.sh(f"stat -c '%u %a' {paths}") == "4321 755\n4321 755\n4321 644\n"
    assert image.ask("/homes/ada/.venv/x/bin/python", "-c", "import beta; print('ok')") == "ok\n"


def test_the_folder_of_interpreters_is_behind_a_link(build_image, files, index):
    """A link of the stage stays, and leads to the interpreter."""
    image = build_image(text(index, "RUN mkdir /data && mv /opt /data/opt && ln -s /data/opt /opt\n"), files)
    assert image.ask("/opt/venv/x/bin/python", "-c", "import beta; print('ok')") == "ok\n"
    assert image.sh("readlink /opt; stat -c '%u %a %F' /data/opt/pyenv/3.8/bin /data/opt/pyenv") == (
        "/data/opt\n0 755 directory\n0 755 directory\n"
    )


def test_locked_and_unlocked_environments_share_an_interpreter(build_image, files, index):
    """They use the same copy of the interpreter, although they are installed in different ways."""
    image = build_image(
        text(index, "", "PYENV 3.8 y r.txt\nPYENV 3.8 x r.txt\nRUN echo between\nPYENV 3.8 z r.txt\n"), files
    )
    for name in "xyz":
        assert image.ask(f"/opt/venv/{name}/bin/python", "-c", "import beta; print('ok')") == "ok\n"


def test_wheels_of_the_build_context(build_image, tmp_path):
    """A lock names them by path; they are installed independently of the stage, too."""
    wheels = {f"wheels/{services.wheel_file('own', '1.0')}": services.wheel("own", "1.0", {"own.py": "X = 1\n"})}
    write_files(tmp_path, wheels)
    lines = "--no-index\n--find-links wheels\nown\n"
    files = {"r.txt": lines, "pylock.x.toml": lock_of(tmp_path, "http://127.0.0.1:1", lines), **wheels}
    image = build_image(f"FROM {PY311}\n{PYENV}", files)
    assert image.ask("/opt/venv/x/bin/python", "-c", "import own; print(own.X)") == "1\n"
    again = build_image(f"FROM {PY311}\nRUN echo below\n{PYENV}", files)
    assert not installs(again.log)


@pytest.mark.parametrize("before", ["", "RUN echo machine old > /root/.netrc\n"])
@pytest.mark.parametrize("env", ["", "ENV NETRC=/root/.netrc\n"])
def test_a_secret_goes_before_a_file_of_the_stage(build_image, tmp_path, env, before):
    """A file that is mounted at the place of one of the stage's settings hides it, as it does on the stage."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password s3cret\n")
    with services.package_index(WHEELS, user="me", password="s3cret") as address:
        lock = lock_of(tmp_path, address.replace("://", "://me:s3cret@"))
        mount = "--mount=type=secret,id=netrc,target=/root/.netrc"
        text = f"FROM {PY311}\n{before}{env}PYENV {mount} 3.8 x r.txt\n"
        secret = f"--secret=id=netrc,src={tmp_path / 'netrc'}"
        image = build_image(text, {"r.txt": "beta\n", "pylock.x.toml": lock}, secret)
    assert image.ask("/opt/venv/x/bin/python", "-c", "import beta; print('ok')") == "ok\n"


def test_a_builder_has_the_interpreter_of_a_locked_environment(build_image, files, index):
    """The stage that installs an environment gets its own copy of the interpreter, before and after the locked one."""
    stages = f"FROM {PY311} AS tools\nRUN touch /tool\n" + text(
        index, "", "PYENV --builder=tools 3.8 y r.txt\nPYENV 3.8 x r.txt\nPYENV --builder=tools 3.8 z r.txt\n"
    )
    image = build_image(stages, files)
    for name in "xyz":
        assert image.ask(f"/opt/venv/{name}/bin/python", "-c", "import beta; print('ok')") == "ok\n"


@pytest.mark.images(PY311, PY313, PY38)
def test_another_base_installs_nothing_and_changes_no_layer(build_image, engine, files, index):
    """The builds differ in their base image and in the times of the folders above the environment."""
    first = build_image(text(index, "RUN touch -d @1000000000 /opt\n"), files)
    second = build_image(text(index, "RUN touch -d @1100000000 /opt\n", base=PY313), files)
    assert "Creating virtual environment" not in second.log
    assert second.ask("/opt/venv/x/bin/python", "-c", "import alpha, beta, ssl; print('ok')") == "ok\n"
    if engine.flavour.endswith("containerd"):
        assert second.sh("stat -c %Y /opt") == "1100000000\n"
        graft, _, _, environment, _ = range(-5, 0)
        assert second.layers[graft] == first.layers[graft]
        assert second.layers[environment] == first.layers[environment]


def test_heavy_distributions_have_a_layer_of_their_own(build_image, engine, tmp_path):
    """Changing a small requirement keeps the layer of the heavy one, and the result equals a one-step installation."""
    held = {"heavy/__init__.py": "", "shared/heavy.py": "", "heavy-1.0.data/scripts/heavy": "#!python\n"}
    heavy, small = services.wheel("heavy", "1.0", held), services.wheel("small", "1.0", {"shared/small.py": ""})
    wheels = {services.wheel_file("heavy", "1.0"): heavy, services.wheel_file("small", "1.0"): small, **WHEELS}
    with services.package_index(wheels) as address:
        old, new = (
            {"r.txt": lines, "pylock.x.toml": lock_of(tmp_path, address, lines)}
            for lines in ("heavy\nsmall\nalpha==1.0\n", "heavy\nsmall\nalpha==1.1\n")
        )
        at_once = build_image(text(address), new)
        for files in (old, new):
            files["pylock.x.toml"] = with_heavy_wheel(files["pylock.x.toml"], "heavy")
        first = build_image(text(address), old)
        second = build_image(text(address), new)
    assert [len(installs(image.log)) for image in (at_once, first, second)] == [1, 2, 1]
    ask = "import alpha, heavy, shared.heavy, shared.small; print(alpha.VERSION)"
    assert first.ask("/opt/venv/x/bin/python", "-c", ask) == "1.0\n"
    assert second.ask("/opt/venv/x/bin/python", "-c", ask) == "1.1\n"
    assert second.sh("cat /opt/venv/x/pylock.toml") == new["pylock.x.toml"]
    listing = (
        "cd /opt/venv/x && find . -printf '%p %y %m %U:%G %T@ %l\\n' | sort && find . -type f | sort | xargs md5sum"
    )
    assert without_locks(second.sh(listing)) == without_locks(at_once.sh(listing))
    merged = engine.flavour.endswith("containerd")
    assert len(second.layers) == len(at_once.layers) + 1
    different = [number for number in range(-2 - merged, 0) if first.layers[number] != second.layers[number]]
    assert different == [-1 - merged]
    assert [line.partition(" #")[0] for line in second.history()].count("PYENV 3.8 x r.txt") == 2 + 2 * merged


def installs(log):
    """Return the lines of a log that report the creation of an environment."""
    return [line for line in log.splitlines() if "Creating virtual environment at" in line]


def with_heavy_wheel(lock, name):
    """Add a heavy wheel for another platform to a distribution of a lock."""
    wheel = f"{name}-1.0-cp38-cp38-macosx_11_0_arm64.whl"
    table = (
        f'[[packages.wheels]]\nurl = "http://127.0.0.1/{wheel}"\nsize = {weight.HEAVY}\n'
        f'[packages.wheels.hashes]\nsha256 = "{"0" * 64}"\n\n'
    )
    before, first, after = lock.partition(f'[[packages]]\nname = "{name}"\nversion = "1.0"\n')
    assert first
    return sealed(before + first + table + after)


def without_locks(listing):
    """Leave out the lock, which contains the sizes."""
    return [line for line in listing.splitlines() if "pylock.toml" not in line]


def test_history_has_an_entry_for_each_layer(build_image, engine, files, index):
    """The entries of a PYENV have its text and are adjacent; Docker's own instructions keep their positions."""
    image = build_image(text(index, "RUN echo before\n", PYENV + "RUN echo after\n"), files)
    history = image.history()
    last = history[next(number for number, entry in enumerate(history) if "echo before" in entry) :]
    merged = engine.flavour.endswith("containerd")
    layers = [entry.removesuffix(" # buildkit") for entry in last if not entry.startswith("ENV ")]
    assert layers[1:-1] == ["PYENV 3.8"] * (1 + merged) + ["PYENV 3.8 x r.txt"] * (1 + 2 * merged)
    assert "echo after" in layers[-1]
    base = build_image(f"FROM {PY311}\n")
    assert len(image.layers) == len(base.layers) + len(layers)


def test_no_code_of_a_package_runs_while_it_is_installed(buildx, look, tmp_path):
    """Not even a `.pth` file is executed, whatever the stage's settings for uv are."""
    hook = "import sys; open(sys.prefix + '/ran', 'w').close()\n"
    wheel = services.wheel("hook", "1.0", {"hook.pth": hook, "hook.py": ""})
    with services.package_index({services.wheel_file("hook", "1.0"): wheel}) as address:
        before = "ENV UV_COMPILE_BYTECODE=1\n"
        files = {"r.txt": "hook\n", "pylock.x.toml": lock_of(tmp_path, address, "hook\n")}
        image = look(buildx(text(address, before), files).image)
        assert image.exists("/opt/venv/x/lib/python3.8/site-packages/hook.pth")
        assert not image.exists("/opt/venv/x/ran")


def attack_on(before, after):
    """Return a build context with a package whose build changes the cached files of others that contain some bytes."""
    change = f"""'COUNT = %s' % alter({before!r}, {after!r}, '/run/pyenv-cache')"""
    return services.project_to_build("attack", "1", ALTER, change) | {"r.txt": "./attack\n"}


def test_foreign_code_changes_nothing_that_a_locked_install_takes(build_image, tmp_path):
    """A package that manipulates the download and byte code caches only affects installs without a lock."""
    name = f"victim_{uuid.uuid4().hex}"
    wheel = services.wheel(name, "1.0", {f"{name}.py": f"NAME = '{name}'\nSTATE = 'genuine {name}'\n"})
    attack = attack_on(f"genuine {name}".encode(), f"altered {name}".encode())
    with services.package_index({services.wheel_file(name, "1.0"): wheel}) as address:
        unlocked = {"r.txt": f"{name}\n"}
        locked = {**unlocked, "pylock.x.toml": lock_of(tmp_path, address, f"{name}\n")}
        ask = ("/opt/venv/x/bin/python", "-c", f"import {name}; print({name}.STATE[:7])")
        for files in (unlocked, locked):
            assert build_image(text(address), files).ask(*ask) == "genuine\n"
        build_image(text(address, "", "PYENV 3.8 attacker r.txt\n"), attack)
        anew = "ENV UV_HTTP_TIMEOUT=40\n"  # a setting that is part of an install's cache key
        assert build_image(text(address, anew), unlocked).ask(*ask) == "altered\n"  # the attack works
        again = build_image(text(address, anew), locked)
        assert "Creating virtual environment" in again.log
        assert again.ask(*ask) == "genuine\n"
        assert again.sh("grep -rl altered /opt/venv/x/lib || true") == ""


def test_installs_without_a_lock_share_no_byte_code(build_image, index):
    """It is used without a check, so it would be where the code of one package alters another, whatever its hash."""
    look = "RUN --mount=type=cache,id=pyenv-cache,target=/shared find /shared -type d && echo {}\n"
    own_caches = f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={uuid.uuid4().hex}"
    image = build_image(text(index, "", PYENV + look.format(uuid.uuid4())), {"r.txt": "beta\n"}, own_caches)
    assert image.exists("/opt/venv/x/lib/python3.8/site-packages/__pycache__/beta.cpython-38.pyc")
    assert "/shared/0/uv" in image.log
    assert "bytecode" not in image.log


def test_no_cache_installs_again(buildx, files, index):
    """`--no-cache` installs everything again, and `--no-cache-filter` only the stage that it names."""
    one = f"FROM {PY311} AS one\n{INDEX.format(index=index)}{PYENV}"
    stages = f"{one}FROM {PY311}\nCOPY --from=one /opt/venv/x/pyvenv.cfg /\n"
    buildx(stages, files)
    assert not installed_environments(buildx(stages, files).log)
    assert installed_environments(buildx(stages, files, "--no-cache-filter=one").log) == {"/opt/venv/x"}
    assert installed_environments(buildx(stages, files, "--no-cache").log) == {"/opt/venv/x"}


def test_the_same_lock_makes_the_same_layers(build_image, files, index):
    """Times and byte code are the same in each install, so that a registry and other machines know the layers."""
    first, second = (build_image(text(index), files, "--no-cache") for _ in range(2))
    assert "Creating virtual environment" in second.log
    assert second.layers == first.layers


@pytest.mark.usefixtures("linting")
@pytest.mark.parametrize("call", ["check", "outline", "targets"])
def test_a_call_runs_nothing(buildx, files, index, call):
    """Not even the step that collects the install's inputs from the stage is run."""
    log = buildx.attempt(text(index, f"ARG OF_MINE\nRUN echo {uuid.uuid4()}\n"), files, f"--call={call}").log
    assert {"check": "PyenvEndOfLifePython", "outline": "OF_MINE", "targets": "TARGET"}[call] in log
    assert "] PYENV 3.8 x" not in log


def test_steps_are_counted_as_one(buildx, files, index):
    """All steps of a PYENV share one name and number."""
    build = buildx(text(index, "RUN true\n"), files)
    counted = {step for step in build.steps if "/3]" in step and "FROM" not in step}
    assert counted == {"[2/3] RUN true", "[3/3] PYENV 3.8 x r.txt"}


@pytest.mark.usefixtures("linting")
@pytest.mark.parametrize("excess", [0, 1])
def test_an_image_with_many_layers(build_image, engine, files, index, excess):
    """Beyond the limit an environment is installed on its stage, and `expand --explain` agrees with the build.

    A store that does not merge gets no fewer layers by that.
    """
    merges = engine.flavour.endswith("containerd")
    base = len(json.loads(engine.run("image", "inspect", "--format={{json .RootFS.Layers}}", PY311)))
    others = 120 - base - (5 if merges else 2) + excess
    before = "".join(f"WORKDIR /many/{number}\n" for number in range(others))
    image = build_image(text(index, before), files, "--build-arg=PYENV_FRONTEND_DEBUG=1")
    on_stage = excess and merges
    assert len(image.layers) <= 120 if on_stage else len(image.layers) == 120 + excess
    way = "on the stage: the image would have more than 120 layers" if on_stage else "independently of the stage"
    way = f"line {others + 4}: x is installed {way}"
    assert f"PYENV_FRONTEND_DEBUG: {way}\n" in image.log
    call = "from pyenv_frontend.cli import main; main()"
    command = [sys.executable, "-c", call, "expand", "--explain", "--output=/dev/null"]
    done = subprocess.run(
        command, cwd=image.folder, env=engine.environment(), capture_output=True, text=True, check=True
    )
    assert done.stderr == f"{way}\n"
    assert image.ask("/opt/venv/x/bin/python", "-c", "import beta; print('ok')") == "ok\n"
