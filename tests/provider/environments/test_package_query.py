"""Queries for packages: part of a name, or a requirement."""

import pytest

from airflow_venv.environments.package_query import parse_query

PACKAGES = {"pandas": "1.5.3", "pandas-stubs": "2.2.0", "numpy": "2.0.0rc1", "old": "2004d-beta"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("pandas<2", ["pandas"]),
        ("pandas < 2", ["pandas"]),
        ("Pandas>=1,<1.5", []),
        ("pandas", ["pandas", "pandas-stubs"]),
        ("PANDAS_stubs", ["pandas-stubs"]),
        ("numpy>=2.0.0rc1", ["numpy"]),
        ("numpy<2.1", ["numpy"]),
        ("old", ["old"]),
        ("old<3", []),
        ("absent>1", []),
        (" num ", ["numpy"]),
    ],
)
def test_a_query_matches_versions_as_in_requirements(text, names):
    """Pre-releases are included, and versions from before PEP 440 are only found by name."""
    assert [name for name, _ in parse_query(text).matches(PACKAGES)] == names


@pytest.mark.parametrize("text", ["pandas<<2", "<2", "pandas>=", "a b<2"])
def test_what_is_no_question_is_an_error_that_shows_one(text):
    with pytest.raises(ValueError, match=r"nor a requirement such as pandas<2"):
        parse_query(text)
