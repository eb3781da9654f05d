"""Check that an interpreter has, on this base image, what every program expects of its Python.

The official builds link `ssl`, `sqlite3`, `ctypes` and others against libraries of the distribution. On a base that
lacks one, the interpreter starts, and fails at the first `import ssl`, at night. So they are imported here, and the
message names the library and the package that has it.
"""

from __future__ import annotations

import importlib
import platform
import re
import sys
from typing import TYPE_CHECKING

from pyenv_image.failure import StepError
from pyenv_image.package_managers import remedy_for_libraries

if TYPE_CHECKING:
    from pyenv_image.step_options import SelfcheckOptions

MODULES = ("ssl", "sqlite3", "ctypes", "zlib", "bz2", "lzma", "hashlib", "uuid", "readline")


# Nice to have: a program that lacks them says so itself, and many slim bases leave them out on purpose.
_OPTIONAL = frozenset({"readline", "uuid"})
REQUIRED = tuple(name for name in MODULES if name not in _OPTIONAL)


def run(_options: SelfcheckOptions | None = None) -> None:
    """Check the interpreter that runs this.

    Raises:
        StepError: a module does not import; names every library that is missing and how to get it.
    """
    failures = {name: str(error) for name, error in _import_all().items()}
    if failures:
        raise StepError(_explain(failures))


def _import_all() -> dict[str, ImportError]:
    failures = {}
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ImportError as error:  # noqa: PERF203 - nine times
            if name not in _OPTIONAL:
                failures[name] = error
    return failures


def _explain(failures: dict[str, str]) -> str:
    version = platform.python_version()
    libraries = sorted(
        {library for text in failures.values() for library in re.findall(r"(lib[\w+.-]+\.so[\w.]*): cannot", text)}
    )
    details = "".join(f"\n  import {name}: {text}" for name, text in failures.items())
    newer = re.search(r"version `(GLIBC_[\d.]+)' not found", " ".join(failures.values()))
    if newer:
        return (
            f"Python {version} was built for a newer C library than this base image has ({newer.group(1)} is missing). "
            "Choose an interpreter of the base's own Debian release: "
            f"PYENV --from=python:{_series()}-slim-<release> ...{details}"
        )
    if libraries:
        missing = ", ".join(libraries)
        remedy = remedy_for_libraries(libraries)
        return f"Python {version} needs libraries that this base image lacks: {missing}.{remedy}{details}"
    return f"Python {version} is incomplete: {', '.join(failures)} cannot be imported on this base image.{details}"


def _series() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"
