"""A `pylock.toml` that another program has made, named as requirements, does not depend on the stage either."""

import os
import subprocess

import pytest

from pyenv_frontend.expansion import weight
from tests.e2e.environments.test_independence import index, installs, text
from tests.e2e.environments.test_locks import PY38, PY311, WHEELS
from tests.support import services
from tests.support.builds import installed_environments
from tools import interpreters

__all__ = ["index"]

pytestmark = pytest.mark.images(PY311, PY38)

PYENV = "PYENV 3.8 x pylock.toml\n"
SDIST = f"sdist = {{ url = 'http://127.0.0.1:1/alpha-1.1.tar.gz', hashes = {{ sha256 = '{'0' * 64}' }} }}"


def exported(folder, index, dependency="beta"):
    """Return the lock that `uv export` writes for a project, with a source distribution beside a wheel."""
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "mine"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["{dependency}"]\n'
    )
    environ = {**os.environ, "UV_DEFAULT_INDEX": index}
    command = [interpreters.uv(), "export", "--no-emit-project", "--format=pylock.toml", "--output-file=pylock.toml"]
    subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)
    lock = (folder / "pylock.toml").read_text()
    assert 'created-by = "uv"' in lock
    before, version, after = lock.partition('version = "1.1"\n')
    return f"{before}{version}{SDIST}\n{after}" if version else lock


def without_package(lock, name):
    """Return a lock that lacks a package."""
    before, package, after = lock.partition(f'[[packages]]\nname = "{name}"')
    assert package
    return before + "".join(after.partition("[[packages]]")[1:])


@pytest.mark.usefixtures("linting")
def test_a_change_below_installs_nothing(build_image, tmp_path, index):
    """The wheels are installed on the interpreter's image, and the lock is next to `pyvenv.cfg`."""
    files = {"pylock.toml": exported(tmp_path, index)}
    assert SDIST in files["pylock.toml"]
    image = build_image(text(index, "RUN echo 1\n", PYENV), files, "--build-arg=PYENV_FRONTEND_DEBUG=1")
    assert "x is installed independently of the stage" in image.log
    assert installed_environments(image.log) == {"/opt/venv/x"}
    assert image.ask("/opt/venv/x/bin/python", "-c", "import alpha, beta; print(alpha.VERSION)") == "1.1\n"
    assert image.sh("cat /opt/venv/x/pylock.toml") == files["pylock.toml"]
    again = build_image(text(index, "RUN echo 2\n", PYENV), files)
    assert installed_environments(again.log) == set()
    assert again.ask("/opt/venv/x/bin/python", "-c", "import alpha, beta; print(alpha.VERSION)") == "1.1\n"


@pytest.mark.usefixtures("linting")
def test_a_package_that_may_have_to_be_built_is_installed_on_the_stage(build_image, tmp_path, index):
    """Its only wheel is for another platform; the source distribution is built there."""
    lock = exported(tmp_path, index, "alpha")
    sdist = 'directory = { path = "alpha" }'
    before, wheels, _ = lock.partition("wheels = ")
    assert wheels
    files = {
        "pylock.toml": f"{before}{sdist}\n".replace(f"{SDIST}\n", ""),
        **services.project_to_build("alpha", "1.1"),
    }
    image = build_image(text(index, "", PYENV), files, "--build-arg=PYENV_FRONTEND_DEBUG=1")
    assert "x is installed on the stage: its lock has alpha, which may have to be built" in image.log
    assert image.ask("/opt/venv/x/bin/python", "-c", "import alpha; print('built')") == "built\n"


def test_packages_that_do_not_go_together_are_an_error(buildx, look, tmp_path):
    """A lock that was made for another Python lacks a package; the check runs no code of those that are there."""
    hook = "import sys; open(sys.prefix + '/ran', 'w').close()\n"
    wheels = {
        **WHEELS,
        services.wheel_file("hook", "1.0"): services.wheel(
            "hook", "1.0", {"hook.pth": hook, "hook.py": ""}, requires=('beta; python_version < "3.9"',)
        ),
    }
    with services.package_index(wheels) as index:
        complete = exported(tmp_path, index, "hook")
        image = look(buildx(text(index, "", PYENV), {"pylock.toml": complete}).image)
        assert image.exists("/opt/venv/x/lib/python3.8/site-packages/hook.pth")
        assert not image.exists("/opt/venv/x/ran")
        log = buildx.fails(text(index, "", PYENV), {"pylock.toml": without_package(complete, "beta")}).log
    assert ">>> PYENV 3.8 x pylock.toml" in log
    assert "The package `hook` requires `beta" in log
    assert "PYENV x: its packages do not fit together" in log


@pytest.mark.usefixtures("linting")
@pytest.mark.parametrize("heavy", ["alpha-1.1", "beta-2.0"])
def test_heavy_distributions_have_a_layer_of_their_own(build_image, buildx, tmp_path, index, heavy):
    """The packages of both layers are checked together, although no step has both."""
    heavy_name = heavy.partition("-")[0]
    before, name, after = exported(tmp_path, index).partition(f'name = "{heavy_name}"')
    above, wheels, rest = after.partition("wheels = [")
    assert wheels
    url = f"http://127.0.0.1/{heavy}-cp38-cp38-macosx_11_0_arm64.whl"
    wheel = f'{{ url = "{url}", size = {weight.HEAVY}, hashes = {{ sha256 = "{"0" * 64}" }} }}'
    lock = f"{before}{name}{above}{wheels}{wheel}, {rest}"
    image = build_image(text(index, "", PYENV), {"pylock.toml": lock}, "--build-arg=PYENV_FRONTEND_DEBUG=1")
    assert f"x is installed independently of the stage, with a layer of its own for {heavy_name}" in image.log
    assert len(installs(image.log)) == 2
    assert image.ask("/opt/venv/x/bin/python", "-c", "import alpha, beta; print(alpha.VERSION)") == "1.1\n"
    incomplete = {"pylock.toml": without_package(lock, "alpha")}
    log = buildx.fails(text(index, "", PYENV), incomplete).log
    assert "The package `beta` requires `alpha" in log


@pytest.mark.parametrize(("marker", "option"), [("extras", "--extra=more "), ("dependency_groups", "--group=more ")])
def test_an_extra_and_a_group_of_a_lock(build_image, tmp_path, index, marker, option):
    """Only `--extra` and `--group` install a package that is for an extra or a group of the lock."""
    lock = exported(tmp_path, index)
    before, package, after = lock.partition('name = "beta"\nversion = "2.0"\n')
    assert package
    lock = f"{before}{package}marker = \"'more' in {marker}\"\n{after}"
    lists = 'extras = ["more"]\ndependency-groups = ["more"]\n'
    lock = lock.replace("[[packages]]", f"{lists}[[packages]]", 1)
    for options, installed in (("", "alpha-1.1"), (option, "alpha-1.1\nbeta-2.0")):
        image = build_image(text(index, "", f"PYENV {options}3.8 x pylock.toml\n"), {"pylock.toml": lock})
        names = image.sh("cd /opt/venv/x/lib/python3.8/site-packages && ls -d *.dist-info")
        assert names.replace(".dist-info", "").strip() == installed
