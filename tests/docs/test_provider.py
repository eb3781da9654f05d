"""The page of the provider lists everything that a task can name."""

import re

from airflow_venv.child.public_names import SERVICES
from airflow_venv.worker.serializers import SERIALIZERS
from tools.state import ROOT

PAGE = (ROOT / "docs/reference/provider.md").read_text()


def rows(heading):
    """Return the names in the first column of a section's table."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (.+?) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)", cell)}


def test_every_service_has_a_row():
    """`PokeReturnValue` is described with the sensor that returns it."""
    assert rows("Services") == {*SERVICES} - {"PokeReturnValue"}
    assert "PokeReturnValue" in PAGE


def test_every_serializer_has_a_row():
    """The heading of the table names the parameter."""
    assert rows("Serializers") - {"serializer"} == {*SERIALIZERS}
