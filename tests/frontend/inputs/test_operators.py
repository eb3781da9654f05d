"""Lines that are no requirement; the errors for each kind are in test_resolve.py and in pyenv/mistakes."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("requirement", "loads_more"),
    [
        ("pandas", False),
        ("dbt-core==1.9.*", False),
        ("snowflake-connector-python[pandas]~=3.1", False),
        ("polars>=1,!=1.5.*,<2; python_version < '3.9'", False),
        ("six==1!2.0.post1", True),
    ],
)
def test_usual_lines_are_read_without_the_grammar_of_all(requirement, loads_more):
    """Its import would be a tenth of the time of `lock --check`."""
    code = (
        "import sys; from pyenv_frontend.inputs.operators import check_operator; "
        f"check_operator({requirement!r}, None); sys.exit('pyenv_frontend.inputs.requirement_form' in sys.modules)"
    )
    assert bool(subprocess.run([sys.executable, "-c", code], check=False).returncode) == loads_more
