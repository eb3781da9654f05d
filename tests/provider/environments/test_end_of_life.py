"""The end of security fixes for each Python version."""

from datetime import date

from airflow_venv.environments.end_of_life import END_OF_LIFE, end_of_life
from pyenv_frontend.pyenv.versions import SERIES


def test_the_frontend_and_the_provider_have_the_same_dates():
    """They are separate distributions, so each has its own table."""
    assert {".".join(map(str, minor)): day for minor, day in END_OF_LIFE.items()} == {
        name: series.end_of_life for name, series in SERIES.items()
    }


def test_a_version_is_looked_up_by_its_minor_and_an_unknown_one_has_no_date():
    assert end_of_life((3, 8, 18)) == date(2024, 10, 7)
    assert end_of_life((3, 99)) is end_of_life((2,)) is end_of_life(None) is None
