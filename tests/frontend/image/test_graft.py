"""Copying an interpreter from another image, without unneeded files."""

import sys

import pytest

from pyenv_image import graft
from pyenv_image.failure import StepError

SERIES = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def source(tmp_path):
    """Provide a small prefix, similar to /usr/local of an official image."""
    prefix = tmp_path / "source"
    files = [
        f"bin/python{SERIES}", "bin/pip", "bin/python3.0",
        f"lib/libpython{SERIES}.so.1.0", "lib/libpython3.so", "lib/other.so",
        f"lib/python{SERIES}/json/__init__.py", f"lib/python{SERIES}/test/test_json.py", "lib/python3.0/json.py",
        f"lib/python{SERIES}/site-packages/pip/__init__.py",
        f"lib/python{SERIES}/site-packages/pip-24.0.dist-info/RECORD",
        f"lib/python{SERIES}/site-packages/other/__init__.py", f"lib/python{SERIES}/site-packages/pipx/__init__.py",
        f"lib/python{SERIES}/__pycache__/os.cpython.pyc",
        f"lib/python{SERIES}/config/libpython.a", f"include/python{SERIES}/Python.h",
        f"lib/pkgconfig/python-{SERIES}.pc",
    ]  # fmt: skip
    for name in files:
        (prefix / name).parent.mkdir(parents=True, exist_ok=True)
        (prefix / name).write_text(name)
    (prefix / "bin" / f"python{SERIES}").chmod(0o755)
    return prefix


def test_what_a_program_needs_is_copied(source, tmp_path):
    """The copy has the executable, library, headers, standard library and pip, but no other packages or tests."""
    graft.copy(source, tmp_path / "prefix")
    copied = {str(path.relative_to(tmp_path / "prefix")) for path in (tmp_path / "prefix").rglob("*") if path.is_file()}
    assert copied == {
        f"bin/python{SERIES}", f"lib/libpython{SERIES}.so.1.0", f"lib/python{SERIES}/json/__init__.py",
        f"include/python{SERIES}/Python.h", f"lib/pkgconfig/python-{SERIES}.pc",
        f"lib/python{SERIES}/site-packages/pip/__init__.py",
        f"lib/python{SERIES}/site-packages/pip-24.0.dist-info/RECORD",
    }  # fmt: skip
    assert (tmp_path / "prefix/bin" / f"python{SERIES}").stat().st_mode & 0o777 == 0o755


def test_another_image_than_one_with_that_python(tmp_path):
    """`--from` with an image that lacks the Python gives a short error."""
    with pytest.raises(StepError, match=f"no bin/python{SERIES} in .*--from must name an image"):
        graft.copy(tmp_path, tmp_path / "prefix")
