"""The effect of the stage on an install: its files and pip's configuration, and what must have no effect."""

import uuid

import pytest

from tests.e2e.environments.conftest import Asked
from tests.e2e.environments.test_install import PY311, installed
from tests.support import services


@pytest.mark.images(PY311)
def test_a_file_that_the_stage_does_not_have(buildx):
    """The error names the requirement and its line."""
    log = buildx.fails(f"FROM {PY311}\nPYENV 3.11 a reqs/r.txt\n", {"reqs/r.txt": "six\n/tmp/gone-1.0.whl\n"}).log
    assert "error: reqs/r.txt:2: /tmp/gone-1.0.whl does not exist in the stage; COPY it there before the PYENV" in log


@pytest.mark.images(PY311)
@pytest.mark.parametrize("way", ["file", "secret", "variable"])
def test_packages_come_from_the_sources_in_pips_configuration(build_image, tmp_path, way):
    """Both installers use /etc/pip.conf of the image, a secret mounted there, and PIP_CONFIG_FILE."""
    wheels = services.wheels(("local-wheel", "1.0"))
    with services.package_index(wheels) as url:
        text = f"[global]\nindex-url = {url}\n"
        (tmp_path / "pip.conf").write_text(text)
        place = "/srv/own.conf" if way == "variable" else "/etc/pip.conf"
        before = "" if way == "secret" else f"COPY pip.conf {place}\n"
        before += "ENV PIP_CONFIG_FILE=/srv/own.conf\n" if way == "variable" else ""
        mount = "--mount=type=secret,id=c,target=/etc/pip.conf " if way == "secret" else ""
        secret = [f"--secret=id=c,src={tmp_path / 'pip.conf'}"] if way == "secret" else []
        image = build_image(
            f"FROM {PY311}\n{before}PYENV {mount}3.11 a r.txt\n", {"r.txt": "local-wheel\n", "pip.conf": text}, *secret
        )
    assert [*installed(image).values()] == ["1.0"]


@pytest.mark.images(PY311)
@pytest.mark.parametrize("installer", ["uv", "pip"])
@pytest.mark.parametrize("way", ["--constraint", "-c", "-c of -c"])
def test_packages_come_from_the_index_that_a_constraints_file_names(build_image, installer, way):
    """pip-compile writes the address of the index into its files, and no other index has the package."""
    wheels = {services.wheel_file("local-wheel", v): services.wheel("local-wheel", v) for v in ("1.0", "2.0")}
    option = "--constraint=limits/c.txt " if way == "--constraint" else ""
    with services.package_index(wheels) as url:
        files = {
            "r.txt": "local-wheel\n" if option else "-c limits/c.txt\nlocal-wheel\n",
            "limits/c.txt": "-c d.txt\n" if way == "-c of -c" else f"--index-url {url}\nlocal-wheel<2\n",
            "limits/d.txt": f"--index-url {url}\nlocal-wheel<2\n",
        }
        image = build_image(f"FROM {PY311}\nPYENV --installer={installer} {option}3.11 a r.txt\n", files)
    assert installed(image)["local-wheel"] == "1.0"


@pytest.mark.images(PY311)
@pytest.mark.parametrize("file", ["r.txt", "pyproject.toml"])
def test_a_secret_configuration_of_pip_leaves_no_trace_with_pip(buildx, api, tmp_path, file):
    """The index does not have pip, so the one bundled with Python is used; no other index is contacted."""
    password = "s3cr3t-pa55w0rd"  # noqa: S105 - of this test's own index
    wheels = services.wheels(("local-wheel", "1.0"), ("local-wheel", "2.0"))
    files = {
        "r.txt": "local-wheel\n",
        "pyproject.toml": "[project]\nname = 'p'\nversion = '1'\ndependencies = ['local-wheel']\n",
        "limits.txt": "local-wheel<2\n",
    }
    with services.package_index(wheels, user="u", password=password) as url:
        text = f"[global]\nindex-url = {url.replace('://', f'://u:{password}@')}\nconstraint = limits.txt\n"
        (tmp_path / "pip.conf").write_text(text)
        build = buildx(
            f"FROM {PY311}\nWORKDIR /srv\nCOPY limits.txt .\n"
            f"PYENV --installer=pip --mount=type=secret,id=c,target=/etc/pip.conf 3.11 a {file}\n",
            files,
            f"--secret=id=c,src={tmp_path / 'pip.conf'}",
            "--no-cache",  # the test inspects the output of the step
        )
    image = Asked(api, build.image)
    packages = installed(image)
    assert packages["pip"] == image.sh("python -c 'import ensurepip; print(ensurepip.version())'").strip()
    assert [version for name, version in packages.items() if name.startswith("local")] == ["1.0"]
    assert "note: pip is not available from the configured indexes" in build.log
    assert password not in build.log
    assert password.encode() not in image.saved()
    assert password not in "\n".join(image.history())


@pytest.mark.images(PY311)
def test_no_pip_anywhere(buildx):
    """If neither an index nor the Python has pip, the error names both."""
    remove = "RUN rm -r /usr/local/lib/python3.11/ensurepip"
    log = buildx.fails(f"FROM {PY311}\n{remove}\nENV PIP_NO_INDEX=1\nPYENV --installer=pip 3.11 a\n").log
    assert "needs pip, which neither the configured indexes nor its Python (ensurepip) have" in log
    assert "   5 | >>> PYENV" in log


@pytest.mark.images(PY311)
@pytest.mark.parametrize("installer", ["uv", "pip"])
@pytest.mark.parametrize("way", ["ENV PIP_CONSTRAINT=limits.txt", "COPY pip.conf /etc/pip.conf"])
def test_constraints_of_pips_configuration(build_image, installer, way):
    """Both installers apply them, relative to the WORKDIR and also without a network."""
    image = build_image(
        f"FROM {PY311}\nWORKDIR /srv\nCOPY limits.txt .\n{way}\n"
        f"PYENV --installer={installer} --network=none 3.11 a r.txt\n",
        {
            "r.txt": "--no-index\n-f .\nlocal-wheel\n",
            "limits.txt": "local-wheel<2\n",
            "pip.conf": "[install]\nconstraint = limits.txt\n",
            **services.wheels(("local-wheel", "1.0"), ("local-wheel", "2.0")),
        },
    )
    assert [version for name, version in installed(image).items() if name.startswith("local")] == ["1.0"]


@pytest.mark.images(PY311)
def test_a_project_in_the_stage_has_no_effect(build_image):
    """A pyproject.toml or uv.toml that the PYENV does not name is ignored, even if it is invalid."""
    project = '[tool.uv]\nrequired-version = "==0.5.0"\nindex-url = "http://127.0.0.1:1/"\n'
    image = build_image(
        f"FROM {PY311}\nCOPY pyproject.toml /\nWORKDIR /app\nCOPY . .\nPYENV 3.11 a r.txt\n",
        {"pyproject.toml": project, "uv.toml": "not = [toml", "r.txt": "six\n"},
    )
    assert [*installed(image)] == ["six"]
    assert "TOML" not in image.log


@pytest.mark.images(PY311)
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/etc", "--path=/etc cannot hold an environment"),
        ("/srv/app", "error: /srv/app exists and is not an environment, so that nothing in it is deleted: "),
        ("/usr/lib/os-release", "error: /usr/lib/os-release exists and is not a folder"),
        ("/srv/app/x/y", "error: /srv/app/x is not a folder: choose another place with --path=DIR"),
    ],
)
def test_a_folder_that_is_no_environment_stays(buildx, path, message):
    """If `--path` exists but is not an environment, the PYENV is an error and nothing is deleted."""
    text = f"FROM {PY311}\nRUN mkdir -p /srv/app && touch /srv/app/x\nPYENV --path={path} 3.11 a\n"
    log = buildx.fails(text).log
    assert message in log
    assert "   4 | >>> PYENV" in log
    assert "Traceback" not in log


@pytest.mark.images(PY311)
def test_a_place_that_the_user_may_not_enter_is_an_error(buildx):
    """The message names the folder, which that of the installer does not."""
    log = buildx.fails(f"FROM {PY311}\nRUN useradd -m joe\nUSER joe\nPYENV --path=/root/x 3.11 a\n").log
    assert "error: PYENV a: the stage's user may not enter /root: choose another place with --path=DIR, or" in log


@pytest.mark.images(PY311)
def test_an_install_leaves_nothing_but_the_environment(build_image):
    """There is no lock file in /tmp and no new byte code in the base's Python, even if a package is built."""
    listing = "find / -xdev -newer /mark ! -path '/opt/venv*' ! -path '/proc/*' -type f | sort"
    image = build_image(
        f"FROM {PY311}\nRUN touch /mark && sleep 1\nPYENV 3.11 a r.txt\nRUN {listing} > /new\n",
        {
            "r.txt": "./pkg\n",
            "pkg/setup.py": "import tempfile; tempfile.mkdtemp(); open('/tmp/of-its-own', 'w')\n"
            "from setuptools import setup\nsetup(name='pkg', version='1', py_modules=['pkg'])\n",
            "pkg/pkg.py": "",
        },
    )
    files = [line for line in image.sh("cat /new").split() if line not in {"/new", "/etc/hosts", "/etc/resolv.conf"}]
    assert [line for line in files if not line.startswith("/tmp/of-its-own")] == []


@pytest.mark.images(PY311)
def test_messages_name_the_users_files(buildx):
    """The message has the file's path in the build context, without the folder of a copy."""
    log = buildx.fails(f"FROM {PY311}\nPYENV 3.11 a reqs/r1.txt\n", {"reqs/r1.txt": "six\n\nsix===1.*\n"}).log
    assert "`reqs/r1.txt:3`" in log
    assert "/tmp/pyenv-" not in log


@pytest.mark.images(PY311)
def test_messages_name_the_line_of_a_heredoc(buildx):
    """The installer's messages and our own have the line number in the Dockerfile."""
    log = buildx.fails(f"FROM {PY311}\nRUN true\nPYENV 3.11 a <<EOF\nsix\n# why\nsix===1.*\nEOF\n").log
    assert "`Dockerfile:7`" in log  # counting the syntax line
    log = buildx.fails(f"FROM {PY311}\nPYENV 3.11 a <<EOF\nsix\n/tmp/gone-1.0.whl\nEOF\n").log
    assert "error: Dockerfile:5: /tmp/gone-1.0.whl does not exist in the stage" in log


@pytest.mark.images(PY311)
def test_a_heredoc_on_another_line_is_not_installed_again(buildx, build_image):
    """The heredoc's line number is not stored anywhere in the image."""
    name = f"e{uuid.uuid4().hex}"
    heredoc = f"PYENV 3.11 {name} <<EOF\nsix==1.16.0\nEOF\nRUN env > /variables\n"
    assert "Creating virtual environment" in buildx(f"FROM {PY311}\n{heredoc}").log
    moved = build_image(f"FROM {PY311}\n# a comment\n\n{heredoc}")
    assert "Creating virtual environment" not in moved.log
    assert "proxy" not in moved.sh("cat /variables").lower()
