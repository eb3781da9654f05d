"""Consistency of the pages: the repository's files that they show, and the site's navigation."""

import re

import pytest
import yaml

from tests.support.pages import COMMANDS, blocks
from tools.state import ROOT

DOCS = sorted((ROOT / "docs").rglob("*.md"))
FILE = re.compile(r"<!-- file: (?P<file>\S+) -->\n```\w+\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
SHOWN = [(page, match["file"], match["text"]) for page in DOCS for match in FILE.finditer(page.read_text())]
WALKED = "\n".join(path.read_text() for path in sorted((ROOT / "tests/e2e").rglob("test_*.py")))


@pytest.mark.parametrize(("page", "file", "text"), SHOWN, ids=lambda value: str(value)[-40:].partition("\n")[0])
def test_a_file_of_the_repository_is_shown_as_it_is(page, file, text):
    """Readers see the same files that are tested."""
    assert text == (ROOT / file).read_text(), f"{page.name} shows another {file}"


def test_every_page_is_in_the_navigation():
    """Every entry of the navigation is also a page."""

    def entries(node):
        if isinstance(node, str):
            return {node}
        return set().union(*(entries(child) for child in (node.values() if isinstance(node, dict) else node)))

    text = re.sub(r"!\S+", "", (ROOT / "mkdocs.yml").read_text())
    assert entries(yaml.safe_load(text)["nav"]) == {str(path.relative_to(ROOT / "docs")) for path in DOCS}


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", *sorted((ROOT / "examples").glob("*/README.md")), *DOCS],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_the_commands_of_a_page_are_typed_by_a_test(page):
    """An end-to-end test runs all commands of each page."""
    if any(blocks(page, *COMMANDS)):
        assert f'walk("{page.relative_to(ROOT)}"' in WALKED or f'walk_on("{page.relative_to(ROOT)}"' in WALKED


def test_every_word_of_the_glossary_stands_there_once():
    """Words are sorted alphabetically within each part."""
    parts = (ROOT / "docs/explanation/glossary.md").read_text().split("\n## ")[1:]
    words = [re.findall(r"^### (.*)$", part, re.MULTILINE) for part in parts]
    assert sum(map(len, words)) == len({word for part in words for word in part}) > 20
    assert all(part == sorted(part, key=str.lower) for part in words)
