"""The tests that talk to Airflow's own classes: they run within each installation, by its own interpreter."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow
INNER = Path(__file__).parent / "inner"


@pytest.mark.parametrize("case", sorted(path.name for path in INNER.glob("case_*.py")))
def test_within_airflow(airflow, case):
    """Every case passes within the release; its own report is shown when it does not."""
    printed = airflow.run(
        "python", "-m", "pytest", "-q", "-rfE", "--tb=short", "-p", "no:cacheprovider", "-W", "ignore",
        "-c", "/dev/null", "--rootdir", INNER, "--confcutdir", INNER, "-o", "python_files=case_*.py", INNER / case,
    )  # fmt: skip
    assert " passed" in printed.splitlines()[-1], printed[-20000:]
