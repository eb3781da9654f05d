"""Unusual but real Dockerfiles and requirements files: line ends, users, options on requirements."""

import hashlib

import pytest

from tests.e2e.environments.test_install import PY311, installed
from tests.support import services

HOUSE = {
    f"my house/{services.wheel_file('local-wheel', version)}": services.wheel("local-wheel", version)
    for version in ("1.0", "2.0")
}
FILES = {
    "r.txt": "--no-index\n-f 'my house'\nlocal-wheel\n",
    "limits.txt": "local-wheel<2\n",
    "six.txt": "six==1.16.0\n",
    **HOUSE,
}
DOCKERFILES = {
    "line ends of Windows": f"FROM {PY311}\r\nENV A=1 \\\r\n  B=2\r\nPYENV 3.11 a \\\r\n  r.txt\r\nRUN test $B = 2\r\n",
    "another escape": f"# syntax=pyenv-frontend:dev\n# escape=`\nFROM {PY311}\nPYENV 3.11 a `\n  # why\n  r.txt\n",
    "a user without an account": (
        f"FROM {PY311}\nUSER 12345:54321\nPYENV --path=/srv/a 3.11 a r.txt\nRUN test -O /srv/a\n"
    ),
    "a home that its user cannot write to": (
        f"FROM {PY311}\nRUN mkdir -m 555 /ro && useradd -d /ro u\nUSER u\nPYENV 3.11 a r.txt\n"
        "RUN test $ASTRO_PYENV_a = /ro/.venv/a/bin/python -a -O /ro/.venv/a\n"
    ),
    "a variable in every word": (
        f"ARG V=3.11\nFROM {PY311}\nARG V N=a I=uv C=limits.txt\n"
        "PYENV --installer=${I} --network=${W:-none} --path=/opt/${N}x --constraint=$C ${V} ${N} ${R:-r.txt}\n"
        "RUN test $ASTRO_PYENV_a = /opt/ax/bin/python\n"
    ),
    "a heredoc with tabs and a quoted word": (
        f"from {PY311}\n\tpyenv\t--mount=target=/h\t3.11\ta\t<<-'X Y'\n"
        "\t--no-index\n\t-f '/h/my house'\n\tlocal-wheel\nX Y\n"
    ),
    "a trigger, and one of a stage based on that": (
        f"FROM {PY311} AS one\nONBUILD PYENV 3.11 a six.txt\nFROM one AS two\n"
        "ONBUILD RUN test -e $ASTRO_PYENV_a\nFROM two\n"
    ),
    "other shells": (
        f'FROM {PY311}\nSHELL ["/usr/local/bin/python", "-c"]\nPYENV 3.11 a r.txt\n'
        "RUN import os; assert os.path.exists(os.environ['ASTRO_PYENV_a'])\n"
    ),
}


@pytest.mark.images(PY311)
@pytest.mark.parametrize("name", DOCKERFILES)
def test_a_dockerfile(build_image, name):
    """The Dockerfile can be built, and the instructions around the PYENV keep their meaning."""
    text = DOCKERFILES[name]
    version = "1.0" if "limits.txt" in text else "1.16.0" if "six.txt" in text else "2.0"
    assert [*installed(build_image(text, FILES)).values()] == [version]


@pytest.mark.images(PY311)
def test_an_environment_in_an_image_without_a_shell(build_image):
    """The environment and its interpreter are copied into an otherwise empty image."""
    copied = "COPY --from=built /usr/local /usr/local\nCOPY --from=built /lib /lib\nCOPY --from=built /lib64 /lib64\n"
    image = build_image(
        f"FROM {PY311} AS built\nPYENV 3.11 a r.txt\nFROM scratch\n{copied}COPY --from=built /usr/lib /usr/lib\n"
        "COPY --from=built /opt/venv /opt/venv\n",
        FILES,
    )
    code = "import local_wheel; print(local_wheel.VERSION)"
    assert image.ask("/opt/venv/a/bin/python", "-c", code) == "2.0\n"


BACKEND = """\
import os, zipfile
def build_wheel(folder, settings=None, metadata=None):
    info = "own-1.dist-info/"
    with zipfile.ZipFile(os.path.join(folder, "own-1-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("own.py", f"SETTINGS = {settings!r}")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: own\\nVersion: 1\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return "own-1-py3-none-any.whl"
"""


@pytest.mark.images(PY311)
@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_requirements_from_everywhere(build_image, installer):
    """UTF-16 from Windows, continued hashes and markers, names with spaces and per-package settings are understood."""
    digest = hashlib.sha256(services.wheel("local-wheel", "1.0")).hexdigest()
    hashed = (
        '# frozen\nlocal-wheel==1.0 ; \\\n  python_version < "4" \\\n  and sys_platform == "linux" \\\n'
        f"  --hash=sha256:{'0' * 64} \\\n  --hash=sha256:{digest}\n"
    )
    project = (
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n[project]\nname = 'own'\n"
    )
    files = {
        "first.txt": "--no-index\r\n-f 'my house'\r\n-r \"my reqs/hashed.txt\"\r\n".encode("utf-16"),
        "my reqs/hashed.txt": hashed,
        "own.txt": '--use-feature=truststore\n./own --config-settings="k=v w"\n' * (installer == "uv")
        or './own --config-settings="k=v w"\n',
        "own/pyproject.toml": f"{project}version = '1'\n",
        "own/backend.py": BACKEND,
        **HOUSE,
    }
    options = f"--installer={installer} --network=none"
    image = build_image(f"FROM {PY311}\nPYENV {options} 3.11 a first.txt\nPYENV {options} 3.11 b own.txt\n", files)
    code = "import {0}; print({0}.{1})"
    assert image.ask("/opt/venv/a/bin/python", "-c", code.format("local_wheel", "VERSION")) == "1.0\n"
    assert image.ask("/opt/venv/b/bin/python", "-c", code.format("own", "SETTINGS")) == "{'k': 'v w'}\n"


@pytest.mark.images(PY311)
@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_the_password_of_an_address_that_fails(buildx, tmp_path, installer):
    """The password comes from a secret, and neither installer shows it in the error or the log."""
    (tmp_path / "token").write_text("s3cr3t-t0ken")
    with services.package_index({}, user="u", password="s3cr3t-t0ken") as url:
        address = (
            f"{url.replace('://', '://u:${TOKEN}@').replace('/simple/', '/files/')}local_wheel-1.0-py3-none-any.whl"
        )
        log = buildx.fails(
            f"FROM {PY311}\nPYENV --installer={installer} --mount=type=secret,id=t,env=TOKEN 3.11 a r.txt\n",
            {"r.txt": f"local-wheel @ {address}\n"},
            f"--secret=id=t,src={tmp_path / 'token'}",
        ).log
    assert "404" in log
    assert "s3cr3t" not in log
