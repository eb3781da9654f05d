"""`pyenv-frontend expand` on a real engine: it asks the engine for the facts, and its print builds the same image."""

import subprocess
import sys

import pytest

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

FILES = {"reqs/all.txt": "-r six.txt\n", "reqs/six.txt": "six==1.16.0\n", "reqs/unused.txt": "nonsense =\n"}


def expanded(engine, folder, *arguments):
    """What the command prints for the Dockerfile in a folder."""
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
    """Every path with its kind, mode, owner, target, and the digest of what is in it; of byte code no digest."""
    done = image.run("/usr/local/bin/python3.12", "-I", "-B", "-c", LIST, folder, user="0")
    assert done.code == 0, done.err
    return sorted(done.out.splitlines())


@pytest.mark.parametrize("target", ["plain", ""])
def test_the_print_builds_the_same_image(buildx, base_images, look, target):
    """Files with their owners and contents, variables, user and command are those of a build through the frontend."""
    base_images(*BASES)
    options = [f"--target={target}"] if target else []
    through_us = buildx(DOCKERFILE, FILES, *options)
    text = expanded(buildx.engine, through_us.folder, f"--tools={buildx.frontend}", *options)
    syntax, _, rest = text.partition("\n")
    assert syntax.startswith("# syntax=")
    by_itself = buildx(rest, FILES, *options, syntax=False)

    one, other = look(through_us.image), look(by_itself.image)
    assert {**one.config, "Image": ""} == {**other.config, "Image": ""}
    for folder in ("/srv", "/opt", "/usr/local/bin"):
        assert contents(one, folder) == contents(other, folder)
    assert ("ASTRO_PYENV_as_root" if target else "ASTRO_PYENV_own-python") in one.env
