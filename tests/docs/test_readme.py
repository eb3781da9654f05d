"""The README and similar pages: the table of results is current, and links lead to existing files."""

import json
import re
from pathlib import Path

import pytest

from bench import summary
from tools.state import ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
]
LINK = re.compile(r"\]\((?P<path>[^)#\s]*)(?:#(?P<anchor>[^)]*))?\)")


def test_the_table_is_that_of_the_results():
    """`make bench` and `python -m bench.summary` write the table."""
    results = json.loads((ROOT / "bench/results.json").read_text())
    table = "\n".join(summary.lines(results)) + "\n"
    assert summary.BLOCK.search(summary.README.read_text())[0] == table
    assert len(re.findall(r"^\| \w", table, re.MULTILINE)) == len(summary.CHOSEN)


def test_a_worse_result_has_no_ratio():
    """A worse result is not shown as a ratio."""
    row = {"ours": 344.0, "theirs": 196.0, "unit": "ms"}
    assert summary._ratio(row) == "148 ms more"
    assert summary._ratio({**row, "ours": 19.6}) == "**10x faster**"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    """Each link to a file or folder of the repository is valid; `make docs` checks those within the site."""
    for link in LINK.finditer(page.read_text()):
        if link["path"] and not link["path"].startswith("https://"):
            assert (page.parent / link["path"]).exists(), link["path"]
