"""Requirements as the rules interpret them."""

import subprocess
import sys

import pytest
from packaging.requirements import InvalidRequirement, Requirement

from pyenv_frontend.lint.requirement import normalized_name, parse_requirement

TEXTS = (
    "six",
    "Typing_Extensions",
    "pandas==2.3.3",
    "pandas === 2.3.3",
    "pandas==2.*",
    "pandas>=2,<3",
    "pandas ~= 2.2",
    "pandas~=2",
    "pandas!=2.1",
    "pandas[sql, excel]==2.3.3",
    "pandas>=2rc1",
    "pandas (>=2)",
    "pandas; sys_platform == 'win32'",
    'pandas==2.3.3 ; python_version < "3.13"',
    "pandas @ https://example.com/pandas.whl",
    "pandas >=",
    "-pandas",
    "pandas==",
    "pandas 2",
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_requirement_is_read_as_the_standard_has_it(text):
    """The result is the same with our own parser and with `packaging`."""
    try:
        standard = Requirement(text)
    except InvalidRequirement:
        assert parse_requirement(text) is None
        return
    read = parse_requirement(text)
    assert (read.name, read.url, read.versions) == (standard.name, standard.url or "", standard.specifier)
    assert read.is_exact == (text.count("==") > 0 and ".*" not in text and "sys_platform" not in text)
    assert read.marker in {"", str(standard.marker)}


def test_names_are_compared_in_one_form():
    """Letter case, dashes, dots and underscores make no difference."""
    assert normalized_name("Apache.Airflow__core") == "apache-airflow-core"


def test_plain_requirements_are_read_without_packaging():
    """The import would slow down a cached build."""
    code = (
        "import sys; from pyenv_frontend.lint import linter; from pyenv_frontend.lint.requirement import *; "
        "parse_requirement('pandas>=2,<3'); parse_requirement('pandas==2 ; extra == 1'); "
        "sys.exit('packaging' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
