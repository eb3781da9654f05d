"""Which packages are installed, from where, and how an installation fails."""

import hashlib
import textwrap

import pytest

from tests.e2e.environments.conftest import AIRFLOW
from tests.support import services
from tests.support.image_contents import Image
from tools import interpreters
from tools.files import write_files
from tools.state import run

PY38 = "python:3.8-slim-bookworm"
PY311 = "python:3.11-slim-bookworm"


def installed(image, name="a"):
    """Return the versions of the distributions in an environment, by name."""
    code = "import importlib.metadata as m; print(*(d.metadata['Name'] + '=' + d.version for d in m.distributions()))"
    path = image.env[f"ASTRO_PYENV_{name}"]
    return dict(entry.split("=") for entry in image.ask(path, "-c", code).split())


@pytest.mark.images(PY311)
def test_requirements_files_and_what_they_name(build_image):
    """Requirements files may refer to files, constraints, wheels and projects, each relative to the file itself."""
    image = build_image(
        f"FROM {PY311}\nPYENV --constraint=limits.txt 3.11 a reqs/one.txt two.txt\n",
        {
            "reqs/one.txt": "-r more/base.txt\nidna\n./wheels/local_wheel-1.0-py3-none-any.whl\n",
            "reqs/more/base.txt": "-c ../pins.txt\nsix\n",
            "reqs/pins.txt": "six==1.16.0\n",
            "reqs/wheels/local_wheel-1.0-py3-none-any.whl": services.wheel("local-wheel", "1.0"),
            "two.txt": "./libs/own\n",
            "libs/own/pyproject.toml": '[project]\nname = "own"\nversion = "2.0"\n',
            "libs/own/own.py": "",
            "limits.txt": "idna<3\n",
        },
    )
    packages = installed(image)
    assert (packages["six"], packages["local-wheel"], packages["own"]) == ("1.16.0", "1.0", "2.0")
    assert packages["idna"].startswith("2.")


GIT_BACKEND = """\
import os, zipfile
def build_wheel(folder, settings=None, metadata=None):
    info = "in_git-1.dist-info/"
    with zipfile.ZipFile(os.path.join(folder, "in_git-1-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("in_git.py", "")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: in-git\\nVersion: 1\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return "in_git-1-py3-none-any.whl"
"""


@pytest.fixture
def repository(tmp_path):
    """Serve a git repository with a package in it, and return its address."""
    project = (
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n[project]\nname = 'in-git'\n"
    )
    source, bare = tmp_path / "source", tmp_path / "served/thing.git"
    write_files(source, {"pyproject.toml": f"{project}version = '1'\n", "backend.py": GIT_BACKEND})
    git = ["git", "-C", str(source), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (
        [*git, "init", "--quiet", "--initial-branch=main"],
        [*git, "add", "."],
        [*git, "commit", "--quiet", "--message=one"],
        [*git, "tag", "v1"],
        ["git", "clone", "--quiet", "--bare", str(source), str(bare)],
        ["git", "-C", str(bare), "update-server-info"],
    ):
        run(command)
    with services.served(tmp_path / "served") as address:
        yield f"{address.rstrip('/')}/thing.git"


@pytest.mark.images(PY311)
def test_a_requirement_from_git(build_image, buildx, repository):
    """Both installers clone with the stage's git; without it, the error has the line and what to write."""
    install = "apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*"
    plain, with_token = f"git+{repository}", f"git+{repository}".replace("://", "://u:${TOKEN}@")
    dockerfile = (
        f"FROM {PY311}\nRUN {install}\nARG TOKEN\nPYENV 3.11 a r.txt\nPYENV --installer=pip 3.11 b r.txt\n"
        f"PYENV --cache=off 3.11 c <<EOF\nin-git @ {with_token}@v1\nEOF\n"
    )
    files = {"r.txt": f"six==1.16.0\n{plain}@main#egg=in-git\n"}
    image = build_image(dockerfile, files, "--build-arg=TOKEN=open-sesame")
    assert [installed(image, name)["in-git"] for name in "abc"] == ["1", "1", "1"]
    assert "open-sesame" not in image.log
    for installer in ("uv", "pip"):
        log = buildx.fails(f"FROM {PY311}\nPYENV --installer={installer} 3.11 a r.txt\n", files).log
        message = "PYENV a: r.txt:2 comes from a git repository, and this stage has no git. Before PYENV, add: RUN "
        assert f"{message}{install}\n" in log


GIT_PROJECT = "[project]\nname = 'x'\nversion = '1'\nrequires-python = '>=3.11'\n{}\n"
GIT_LOCK = """\
lock-version = "1.0"
created-by = "tests"
[[packages]]
name = "in-git"
[packages.vcs]
type = "git"
url = "%s"
commit-id = "0000000000000000000000000000000000000000"
"""


@pytest.mark.images(PY311)
@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("app/pyproject.toml", GIT_PROJECT.format("dependencies = ['in-git @ git+%s']"), "app/pyproject.toml:5"),
        (
            "pyproject.toml",
            GIT_PROJECT.format("dependencies = ['in-git']\n[tool.uv.sources]\nin-git = { git = '%s' }"),
            "pyproject.toml:7",
        ),
        (
            "pyproject.toml",
            "[dependency-groups]\ndev = ['in-git @ git+%s']\nother = ['a @ git+https://a/b']\n",
            "pyproject.toml",
        ),
        ("pylock.toml", GIT_LOCK, "pylock.toml:6"),
        ("r.txt", 'in-git @ git+%s ; python_version > "3"\n', "a package"),
    ],
)
def test_a_project_needs_git(buildx, repository, file, text, place):
    """Whatever names a repository, the error says where it is named and how this stage gets git."""
    group = "--group=dev " if "-groups" in text else ""
    log = buildx.fails(f"FROM {PY311}\nPYENV {group}3.11 a {file}\n", {file: text % repository}).log
    message = f"PYENV a: {place} comes from a git repository, and this stage has no git. Before PYENV, add: RUN apt-get"
    assert message in log


@pytest.mark.images(PY311)
def test_projects_and_locks(build_image):
    """The inputs are a pyproject.toml with extras and groups, the uv.lock next to one, and a pylock.toml."""
    project = textwrap.dedent(
        """
        [project]
        name = "thing"
        version = "1"
        requires-python = ">=3.11"
        dependencies = ["idna==3.6"]
        optional-dependencies = { more = ["six==1.16.0"], other = ["wheel"] }
        [dependency-groups]
        lint = ["iniconfig==2.0.0"]
        """
    )
    pylock = textwrap.dedent(
        """
        lock-version = "1.0"
        created-by = "tests"
        [[packages]]
        name = "local-wheel"
        version = "1.0"
        [packages.archive]
        path = "local_wheel-1.0-py3-none-any.whl"
        [packages.archive.hashes]
        sha256 = "%s"
        """
    )
    wheel = services.wheel("local-wheel", "1.0")
    image = build_image(
        f"FROM {PY311}\nPYENV --extra=more --group=lint 3.11 a pyproject.toml\nPYENV 3.11 b pylock.toml\n",
        {
            "pyproject.toml": project,
            "pylock.toml": pylock % hashlib.sha256(wheel).hexdigest(),
            "local_wheel-1.0-py3-none-any.whl": wheel,
        },
    )
    assert installed(image) == {"idna": "3.6", "six": "1.16.0", "iniconfig": "2.0.0"}
    assert "experimental" not in image.log
    assert installed(image, "b") == {"local-wheel": "1.0"} or installed(image, "b") == {"local_wheel": "1.0"}


@pytest.mark.images(PY311)
@pytest.mark.parametrize("locked", [True, False], ids=["locked", "without a lock"])
def test_a_project_with_only_groups(build_image, tmp_path, locked):
    """The groups that are named are installed, with either installer; nothing is built of the file itself."""
    groups = """
        [tool.uv]
        default-groups = ["no"]
        [dependency-groups]
        dev = ["six==1.16.0", { include-group = "lint" }]
        lint = ["idna<3.7"]
        no = ["wheel"]
        """
    write_files(tmp_path, {"pyproject.toml": textwrap.dedent(groups)})
    if locked:
        run([interpreters.uv(), "lock", "--quiet", f"--project={tmp_path}", f"--python={interpreters.find('3.11')}"])
    image = build_image(
        f"FROM {PY311}\nPYENV --group=dev 3.11 a app/pyproject.toml\n"
        "PYENV --installer=pip --group=dev 3.11 b app/pyproject.toml\n",
        {f"app/{path.name}": path.read_text() for path in tmp_path.iterdir()},
    )
    assert installed(image) == {"six": "1.16.0", "idna": "3.6"}
    assert installed(image, "b").items() >= {"six": "1.16.0", "idna": "3.6"}.items()


@pytest.mark.images(PY311)
@pytest.mark.parametrize("file", ["pyproject.toml", "uv.toml"])
def test_the_settings_of_uv_of_a_project_count(build_image, file):
    """They are in its pyproject.toml, or in a file beside it."""
    constraint = 'constraint-dependencies = ["six<1.17"]\n'
    project = "[project]\nname = 'app'\nversion = '1'\ndependencies = ['six>=1.16']\n"
    settings = f"{project}[tool.uv]\n{constraint}" if file == "pyproject.toml" else constraint
    image = build_image(
        f"FROM {PY311}\nPYENV 3.11 a app/pyproject.toml\n", {"app/pyproject.toml": project, f"app/{file}": settings}
    )
    assert installed(image) == {"six": "1.16.0"}


@pytest.mark.images(PY311)
def test_a_build_that_reads_other_files(build_image):
    """A build that says the dependencies has the project's files; `-e .` in a folder means the project at the top."""
    image = build_image(
        f"FROM {PY311}\nPYENV 3.11 a app/pyproject.toml\nPYENV 3.11 b app/requirements/dev.txt requirements/dev.txt\n",
        {
            "app/pyproject.toml": "[build-system]\nrequires = ['setuptools']\n",
            "app/setup.py": "from setuptools import setup\n"
            "setup(name='app', version='1', install_requires=open('requirements/base.txt').read().split())\n",
            "app/requirements/base.txt": "six==1.16.0\n",
            "app/requirements/dev.txt": "-r base.txt\n",
            "pyproject.toml": "[project]\nname = 'own'\nversion = '2'\n",
            "own.py": "",
            "requirements/dev.txt": "-e .\n",
        },
    )
    assert installed(image) == {"six": "1.16.0"}
    assert installed(image, "b") == {"six": "1.16.0", "own": "2"}


@pytest.mark.images(PY311)
@pytest.mark.parametrize("locked", [True, False], ids=["locked", "without a lock"])
def test_a_member_of_a_workspace(build_image, locked):
    """The lock of the workspace is used; members that it depends on are installed into the image and not linked."""
    name = '[project]\nname = "%s"\nversion = "%s"\nrequires-python = ">=3.11"\n'
    sources = "dependencies = ['%s']\n[tool.uv.sources]\n%s = { workspace = true }\n"
    package = "[[package]]\nname = '%s'\nversion = '%s'\nsource = { %s = '%s' }\n"
    lock = (
        "version = 1\nrequires-python = '>=3.11'\n[manifest]\nmembers = ['app', 'common', 'util', 'other']\n"
        + "".join(
            package % member + f"dependencies = [{{ name = '{needs}' }}]\n" * bool(needs)
            for member, needs in [
                (("app", "1", "virtual", "apps/app"), "common"),
                (("common", "2", "editable", "libs/common"), "util"),
                (("util", "3", "editable", "libs/util"), ""),
                (("other", "4", "editable", "libs/other"), ""),
            ]
        )
    )
    image = build_image(
        f"FROM {PY311}\nPYENV 3.11 a apps/app/pyproject.toml\n",
        {
            "pyproject.toml": "[tool.uv.workspace]\nmembers = ['apps/*', 'libs/*']\n",
            **({"uv.lock": lock} if locked else {}),
            "apps/app/pyproject.toml": name % ("app", "1") + sources % ("common", "common"),
            "libs/common/pyproject.toml": name % ("common", "2") + sources % ("util", "util"),
            "libs/common/common.py": "import util\nVALUE = util.VALUE\n",
            "libs/util/pyproject.toml": name % ("util", "3"),
            "libs/util/util.py": "VALUE = 41 + 1\n",
            "libs/other/pyproject.toml": name % ("other", "4"),
        },
    )
    assert installed(image) == {"common": "2", "util": "3"}
    assert image.run("/opt/venv/a/bin/python", "-c", "import common; print(common.VALUE)").out.strip() == "42"


@pytest.mark.images(PY311)
@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_an_editable_package_is_there_when_its_sources_are_gone(build_image, installer):
    """`-e ./pkg` installs the package itself, since the sources do not stay in the image."""
    files = {
        "r.txt": "-e ./pkg\n",
        "pkg/pyproject.toml": "[project]\nname = 'pkg'\nversion = '1'\n",
        "pkg/pkg.py": "VALUE = 42\n",
    }
    image = build_image(f"FROM {PY311}\nPYENV --installer={installer} 3.11 a r.txt\n", files)
    assert image.run("/opt/venv/a/bin/python", "-c", "import pkg; print(pkg.VALUE)").out.strip() == "42"


@pytest.mark.images(PY311)
def test_pip_on_request(build_image):
    """--installer=pip installs with pip, which remains in the environment."""
    image = build_image(f"FROM {PY311}\nPYENV --installer=pip 3.11 a <<E\nsix==1.16.0\nE\n", None, "--no-cache")
    assert installed(image)["six"] == "1.16.0"
    assert "pip" in installed(image)
    assert "Successfully installed six-1.16.0" in image.log


@pytest.mark.images(PY311)
def test_the_message_of_the_resolver_is_shown(buildx):
    """If a requirement cannot be installed, the resolver's message is shown and the line is marked."""
    log = buildx.fails(f"FROM {PY311}\nRUN true\nPYENV 3.11 a r.txt\n", {"r.txt": "six==99.9\n"}).log
    assert "there is no version of six==99.9" in log
    assert "   4 | >>> PYENV 3.11 a r.txt\n" in log


@pytest.mark.images(PY311)
def test_settings_of_the_images_python_do_not_affect_environments(build_image):
    """Variables for the image's own Python and pip do not affect environments."""
    image = build_image(
        f"FROM {PY311}\nENV PIP_USER=true PYTHONHOME=/nowhere PIP_TARGET=/nowhere UV_SYSTEM_PYTHON=1 UV_TARGET=/x\n"
        "PYENV 3.11 a <<E\nsix\nE\nPYENV --installer=pip 3.11 b <<E\nsix\nE\nENV PYTHONHOME=\n"
    )
    assert "six" in installed(image, "a")
    assert "six" in installed(image, "b")


@pytest.mark.images(PY311)
def test_a_wheelhouse_without_network(build_image):
    """With --network=none, packages can be installed from a folder of the build context."""
    image = build_image(
        f"FROM {PY311}\nPYENV --network=none 3.11 a r.txt\n",
        {
            "r.txt": "--no-index\n--find-links wheelhouse\nlocal-wheel\n",
            "wheelhouse/local_wheel-1.0-py3-none-any.whl": services.wheel("local-wheel", "1.0"),
        },
    )
    assert "local_wheel" in installed(image) or "local-wheel" in installed(image)


@pytest.mark.images(AIRFLOW, PY38)
@pytest.mark.parametrize("way", ["file", "env"])
def test_a_private_index_leaves_no_trace_of_its_password(buildx, api, tmp_path, way):
    """The password of an index, given as a secret, is in no layer, no history and no log."""
    password = "s3cr3t-pa55w0rd"  # noqa: S105 - of this test's own index
    wheels = {"local_wheel-1.0-py3-none-any.whl": services.wheel("local-wheel", "1.0")}
    with services.package_index(wheels, user="u", password=password) as url:
        if way == "file":
            host = url.split("/")[2].split(":")[0]
            secret = f"machine {host} login u password {password}\n"
            line = "PYENV --mount=type=secret,id=s,target=/home/airflow/.netrc 3.8 a r.txt"
            requirements = f"--index-url {url}\nlocal-wheel\n"
        else:
            secret = url.replace("://", f"://u:{password}@")
            line = "PYENV --mount=type=secret,id=s,env=UV_DEFAULT_INDEX 3.8 a r.txt"
            requirements = "local-wheel\n"
        (tmp_path / "secret").write_text(secret)
        build = buildx(f"FROM {AIRFLOW}\n{line}\n", {"r.txt": requirements}, f"--secret=id=s,src={tmp_path / 'secret'}")
    image = Image(api, build.image)
    assert "local" in image.run("ls /home/airflow/.venv/a/lib/python3.8/site-packages").out
    assert password not in build.log
    assert password.encode() not in image.saved()
    assert password not in "\n".join(image.history())


@pytest.mark.images(PY311, PY38)
def test_a_builder_has_the_compiler(build_image, buildx):
    """An extension module is compiled in the builder's stage, from which only the environment is copied."""
    files = {
        "ext/pyproject.toml": '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
        "ext/setup.py": "from setuptools import setup, Extension\n"
        "setup(name='ext', version='1', ext_modules=[Extension('ext', ['ext.c'])])\n",
        "ext/ext.c": '#include <Python.h>\nstatic struct PyModuleDef m = {PyModuleDef_HEAD_INIT, "ext", 0, -1, 0};\n'
        "PyMODINIT_FUNC PyInit_ext(void) { return PyModule_Create(&m); }\n",
        "r.txt": "./ext\n",
    }
    install = "apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev"
    compilers = f"FROM {PY311} AS compilers\nRUN {install}\n"
    assert "gcc" in buildx.fails(f"FROM {PY311}\nUSER nobody\nPYENV 3.8 a r.txt\n", files).log
    image = build_image(f"{compilers}FROM {PY311}\nUSER nobody\nPYENV --builder=compilers 3.8 a r.txt\n", files)
    assert image.sh("$ASTRO_PYENV_a -c 'import ext; print(ext.__name__)'; command -v gcc || echo none") == "ext\nnone\n"
    assert image.sh("stat -c %U /opt/venv /opt/venv/a") == "root\nnobody\n"


@pytest.mark.images(PY311)
@pytest.mark.parametrize("option", ["", "--installer=pip", "--cache=off"])
def test_requirements_are_read_as_pip_reads_them(build_image, option):
    """Both installers support quoted and continued names, continued words, abbreviated options and variables."""
    image = build_image(
        f"FROM {PY311}\nENV SIX_VERSION=1.16.0\nPYENV {option} 3.11 a reqs/one.txt\n",
        {
            "reqs/one.txt": '-r "my file.txt"\n-r \\\nnext.txt\n--requirem more/last.txt  # why\nsix==${SIX_VERSION}\n',
            "reqs/my file.txt": "idna==\\\n3.6\n",
            "reqs/next.txt": "# no requirement \\\niniconfig==2.0.0\n",
            "reqs/more/last.txt": "iniconfig==2.0.0\n",
        },
    )
    packages = installed(image)
    assert {name: packages[name] for name in ("six", "idna", "iniconfig")} == {
        "six": "1.16.0",
        "idna": "3.6",
        "iniconfig": "2.0.0",
    }
    assert not image.exists("/run/pyenv-cache")
