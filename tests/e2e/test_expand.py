"""`pyenv-frontend expand` on a real engine, and builds of the Dockerfile that it prints."""

import ast
import re
import subprocess
import sys

import pytest

from pyenv_frontend.expansion.standalone import UV_VERSION
from tests.support import services
from tools import interpreters
from tools.state import run

UV = f"ghcr.io/astral-sh/uv:{UV_VERSION}"
BASES = ("python:3.12-slim-bookworm", "python:3.9-slim-bookworm")

DOCKERFILE = """\
ARG NAME=six
FROM python:3.12-slim-bookworm AS plain
ARG NAME
PYENV 3.9 as_root <<EOF
${NAME}==1.16.0
EOF

FROM python:3.12-slim-bookworm
ENV HOME=/srv/me
RUN useradd --uid 1234 --create-home --home-dir /srv/me me
USER me
WORKDIR /srv/me/work
PYENV 3.12 own-python reqs/all.txt
PYENV 3.9 other
COPY --from=plain /opt/venv/as_root/pyvenv.cfg /srv/me/work/
CMD ["true"]
"""

BUILDER = """\
FROM python:3.12-slim-bookworm AS compilers
RUN mkdir -p /home/else/.venv && touch /usr/local/bin/gcc

# The image.
FROM python:3.12-slim-bookworm
RUN useradd --uid 1234 --create-home --home-dir /srv/me me
USER me:77
ENV PIP_NO_INPUT=1
PYENV --builder=compilers 3.9 fast reqs/all.txt
PYENV --builder=compilers --path=/srv/deep/down/own 3.12 own <<EOF
six==1.16.0
EOF
"""

FILES = {"reqs/all.txt": "-r six.txt\n", "reqs/six.txt": "six==1.16.0\n", "reqs/unused.txt": "nonsense =\n"}


def expanded(engine, folder, *arguments):
    """Return the output of the command for the Dockerfile in a folder."""
    command = [sys.executable, "-c", "from pyenv_frontend.cli import main; main()", "expand", *arguments]
    done = subprocess.run(
        [*command, "-f", str(folder / "Dockerfile")],
        env=engine.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


LIST = """
import hashlib, os, stat, sys
for folder, folders, files in os.walk(sys.argv[1]):
    for name in sorted([*folders, *files]):
        path = os.path.join(folder, name)
        about = os.lstat(path)
        # Byte code may hold a time, and marks references by how many there were: no two compilations need agree.
        content = open(path, "rb").read() if stat.S_ISREG(about.st_mode) and not name.endswith(".pyc") else b""
        link = os.readlink(path) if stat.S_ISLNK(about.st_mode) else ""
        print(path, oct(about.st_mode), about.st_uid, about.st_gid, link, hashlib.md5(content).hexdigest())
"""


def contents(image, folder):
    """Return each path with its kind, mode, owner, link target and digest, the latter except for byte code."""
    done = image.run("/usr/local/bin/python3.12", "-I", "-B", "-c", LIST, folder, user="0")
    assert done.code == 0, done.err
    return sorted(done.out.splitlines())


def both_ways(buildx, look, dockerfile, build=(), say=(), files=FILES):  # noqa: PLR0913, PLR0917
    """Build through the frontend and from the printed Dockerfile, compare the images, and return the first one."""
    through_us = buildx(dockerfile, files, *build)
    text = expanded(buildx.engine, through_us.folder, f"--tools={buildx.frontend}", *build, *say)
    syntax, _, rest = text.partition("\n")
    assert syntax.startswith("# syntax=")
    by_itself = buildx(rest, files, *build, syntax=False)

    one, other = look(through_us.image), look(by_itself.image)
    assert {**one.config, "Image": ""} == {**other.config, "Image": ""}
    for folder in ("/srv", "/opt", "/home", "/usr/local/bin"):
        assert contents(one, folder) == contents(other, folder)
    return one


STANDALONE = """\
FROM python:3.12-slim-bookworm AS compilers
RUN mkdir /compilers

FROM python:3.12-slim-bookworm
ENV PIP_USER=1
RUN useradd --uid 1234 --create-home --home-dir /srv/me me
USER me
WORKDIR /srv/me/work
PYENV 3.12 own-python reqs/all.txt
PYENV 3.9 inline <<EOF
# A comment.
idna>=3,<3.8
six==1.16.0 ; python_version < "4"
EOF
PYENV --builder=compilers --path=/srv/deep/down/built 3.9 built reqs/all.txt
PYENV 3.9 bare
PYENV --installer=pip 3.9 by-pip package/requirements.txt reqs/all.txt
PYENV 3.9 local local.txt
PYENV --extra=more 3.12 project project/pyproject.toml
PYENV --group=dev 3.12 groups groups/pyproject.toml
PYENV 3.9 locked pylock.locked.toml
USER root
PYENV --no-compile 3.9 as_root reqs/all.txt
CMD ["true"]
"""

STANDALONE_FILES = {
    **FILES,
    "local.txt": "./package\n",
    "package/requirements.txt": "idna==3.7\n",
    "package/pyproject.toml": "[project]\nname = 'mine'\nversion = '1'\ndependencies = ['six==1.16.0']\n",
    "package/mine.py": "",
    "groups/pyproject.toml": "[dependency-groups]\ndev = ['six==1.16.0']\nother = ['idna==3.7']\n",
    "project/pyproject.toml": "[project]\nname = 'p'\nversion = '1'\ndependencies = ['six==1.16.0']\n"
    "[project.optional-dependencies]\nmore = ['idna==3.7']\n",
}
PACKAGES = """
import os, subprocess
for name in sorted(os.environ):
    if name.startswith("ASTRO_PYENV_"):
        python = os.environ[name]
        listed = "import importlib.metadata as m; print(sorted(str(d._path.name) for d in m.distributions()))"
        print(name, python, subprocess.check_output([python, "-I", "-c", listed], text=True), end="")
"""


def test_a_standalone_print_makes_the_same_environments(buildx, base_images, look, tmp_path):
    """Docker's own frontend and public images suffice; packages, variables, owners and the user are the same."""
    base_images(*BASES, UV)
    files = {**STANDALONE_FILES, "pylock.locked.toml": lock(tmp_path)}
    through_us = buildx(STANDALONE, files)
    text = expanded(buildx.engine, through_us.folder, "--standalone", "--base-account=me:1234:1234:/srv/me")
    assert "pyenv-frontend" not in text
    assert "--mount" not in text
    by_itself = buildx(text, files, syntax=False)
    one, other = look(through_us.image), look(by_itself.image)
    for key in ("Env", "User", "WorkingDir", "Cmd"):
        assert one.config[key] == other.config[key]
    listed, also = (image.run("python3.12", "-c", PACKAGES) for image in (one, other))
    assert (listed.code, listed.out) == (also.code, also.out)
    assert "'mine-1.dist-info'" in listed.out
    for folder in ("/srv", "/opt/venv"):
        assert owners(one, folder) ^ owners(other, folder) == set()
    show_lock = "cat /srv/me/.venv/locked/pylock.toml"
    left = other.run("sh", "-ec", f"ls /tmp; python3.9 -m pip --version; {show_lock}")
    assert "pyenv-" not in left.out
    assert files["pylock.locked.toml"].strip() in left.out
    assert "(python 3.9)" in left.out


def lock(folder):
    """Lock a requirement for Python 3.9, and return the lock."""
    wishes = folder / "locked.in"
    wishes.write_text("six==1.16.0\n")
    command = [interpreters.uv(), "pip", "compile", "--quiet", "--universal", "--python-version=3.9", wishes]
    return run([*command, "--format=pylock.toml", "--generate-hashes"])


def owners(image, folder):
    """Return each path's mode and owner, without byte code, programs of the environment and installer metadata."""
    names = "__pycache__|/bin/|pyvenv|INSTALLER|RECORD|REQUESTED|direct_url|/uv_|virtualenv|lib64|/include"
    others = re.compile(names)
    lines = [tuple(line.split()[:4]) for line in contents(image, folder)]
    return {line for line in lines if not others.search(line[0])}


@pytest.mark.parametrize("target", ["plain", ""])
def test_the_print_builds_the_same_image(buildx, base_images, look, target):
    """Files with owners and contents, variables, user and command are the same as in a build through the frontend."""
    base_images(*BASES)
    image = both_ways(buildx, look, DOCKERFILE, [f"--target={target}"] if target else [])
    assert ("ASTRO_PYENV_as_root" if target else "ASTRO_PYENV_own-python") in image.env


def test_a_print_leaves_a_token_to_the_build_of_the_print(buildx, base_images, look):
    """`--build-arg TOKEN=...` of `expand` is not in what it prints; a build of the print is given it again."""
    base_images(*BASES)
    wheels = services.wheels(("some-thing", "1.0"))
    with services.package_index(wheels, user="me", password="open-sesame") as address:
        index = address.replace("http://", "http://me:$TOKEN@")
        lines = f"--index-url {index}\nsome-thing\n"
        dockerfile = f"FROM {BASES[0]}\nARG TOKEN\nPYENV 3.12 uv <<EOF\n{lines}EOF\n"
        dockerfile += f"PYENV --installer=pip 3.12 pip <<EOF\n{lines}EOF\n"
        argument = "--build-arg=TOKEN=open-sesame"
        build = buildx(dockerfile, {}, argument)
        for option in ("--standalone", f"--tools={buildx.frontend}"):
            text = expanded(buildx.engine, build.folder, option, argument)
            assert "open-sesame" not in text
            printed = buildx(text.replace("# syntax=", "# of: "), {}, argument, syntax=False)
            for name in ("uv", "pip"):
                code = f"/opt/venv/{name}/bin/python -c 'import importlib.metadata as m; m.version(\"some-thing\")'"
                assert look(printed.image).run("sh", "-c", code).code == 0


def test_a_base_whose_triggers_change_the_state(buildx, base_images, look):
    """A PYENV sees the state after the base's triggers, in a build through the frontend and from the printed file."""
    base_images(*BASES)
    base = buildx(
        f"FROM {BASES[0]}\nRUN useradd --uid 1234 --create-home --home-dir /srv/me me\n"
        "ONBUILD USER me\nONBUILD ENV WANTED=3.12\nONBUILD RUN touch /srv/me/fired\n",
        syntax=False,
    )
    image = both_ways(buildx, look, f"FROM {base.image}\nPYENV $WANTED own\n")
    assert image.config["User"] == "me"
    assert image.env["ASTRO_PYENV_own"] == "/srv/me/.venv/own/bin/python"


def test_the_print_of_a_builders_stage_builds_the_same_image(buildx, base_images, look):
    """With `--builder`, folders above the environment have the same owners, and nothing else is copied."""
    base_images(*BASES)
    image = both_ways(buildx, look, BUILDER, say=["--base-account=me:1234:1234:/srv/me"])
    assert not any(" /usr/local/bin/gcc " in f" {line}" for line in contents(image, "/usr/local/bin"))
    owners = {line.split()[0]: tuple(line.split()[2:4]) for line in contents(image, "/srv")}
    assert owners["/srv/me/.venv"] == owners["/srv/me/.venv/fast/bin/python"] == ("1234", "77")
    assert owners["/srv/deep"] == owners["/srv/deep/down"] == ("0", "0")
    assert owners["/srv/deep/down/own"] == owners["/srv/deep/down/own/pyvenv.cfg"] == ("1234", "77")


def test_the_variables_of_a_builders_stage_hold_for_the_install(buildx, base_images, look):
    """They are those of the builder's image and stage, overridden by the PYENV's stage, but not by its image."""
    base_images(*BASES)
    image, own = (
        buildx(
            f"FROM {BASES[0]}\nENV A={name} B={name} C={name} ONLY_{name}=1 PATH=/{name}:$PATH\n", syntax=False
        ).image
        for name in ("builder", "own")
    )
    names = ("A", "B", "C", "D", "ONLY_builder", "ONLY_own", "PATH")
    setup = (
        "import os, setuptools\n"
        f"said = {{name: os.environ.get(name) for name in {names}}}\n"
        "said['PATH'] = [each for each in said['PATH'].split(':') if each in ('/late', '/builder', '/own')]\n"
        "open('told.py', 'w').write(repr(said))\n"
        "setuptools.setup(name='told', version='1', py_modules=['told'])\n"
    )
    dockerfile = (
        f"FROM {image} AS compilers\nENV B=stage\nFROM {own}\nARG D=default\nENV C=last PATH=/late:$PATH\n"
        "PYENV --builder=compilers --path=/srv/a 3.12 a told/requirements.txt\n"
    )
    files = {"told/setup.py": setup, "told/requirements.txt": "./told\n"}
    built = both_ways(buildx, look, dockerfile, files=files, build=["--build-arg=D=given"])
    variables = ast.literal_eval(built.read("/srv/a/lib/python3.12/site-packages/told.py").decode())
    assert variables == {
        "A": "builder",
        "B": "stage",
        "C": "last",
        "D": "given",
        "ONLY_builder": "1",
        "ONLY_own": None,
        "PATH": ["/late", "/builder"],
    }
