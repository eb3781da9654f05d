"""Tests that use Airflow's own classes; each installation's own interpreter runs them."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow
INNER = Path(__file__).parent / "inner"


@pytest.mark.parametrize("case", sorted(path.name for path in INNER.glob("case_*.py")))
def test_within_airflow(airflow, case):
    """All cases pass within the release; if not, the report of the inner run is shown."""
    printed = airflow.run(
        "python", "-m", "pytest", "-q", "-rfE", "--tb=short", "-p", "no:cacheprovider", "-W", "ignore",
        "-c", "/dev/null", "--rootdir", INNER, "--confcutdir", INNER, "-o", "python_files=case_*.py", INNER / case,
    )  # fmt: skip
    assert " passed" in printed.splitlines()[-1], printed[-20000:]
