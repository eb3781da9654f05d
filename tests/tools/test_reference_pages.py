"""The reference pages in the repository are those that the tables generate."""

from pathlib import Path

import pytest

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.lint.ruleset import RULES
from pyenv_frontend.pyenv.options import OPTIONS
from pyenv_frontend.stages.analyze import read
from pyenv_image.installer_settings import PIP_SETTINGS, UV_SETTINGS
from tools.reference_pages import main, pages

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", [*pages()])
def test_page_is_current(path):
    """`python -m tools.reference_pages` must not change anything."""
    assert (ROOT / path).read_text("utf-8") == pages()[path]


def test_no_page_is_left_over():
    """The page of a removed rule is deleted."""
    assert {path.name for path in (ROOT / "docs/reference/rules").iterdir()} == {
        "README.md",
        *(f"{rule.name}.md" for rule in RULES),
    }


def test_the_page_has_every_option_and_the_grammar():
    """The page has every option and the whole grammar."""
    page = pages()["docs/reference/pyenv.md"]
    assert all(f"### `{spec.usage}`" in page for spec in OPTIONS)
    assert "pyenv: (option _SPACE)*" in page


def test_every_setting_is_on_its_page():
    """Each setting of pip and uv has a row."""
    page = pages()["docs/reference/installer-settings.md"]
    assert all(f"`{setting.name}`" in page for setting in (*PIP_SETTINGS, *UV_SETTINGS))


def test_examples_are_right():
    """All Dockerfiles on the page can be read."""
    blocks = pages()["docs/reference/pyenv.md"].split("```Dockerfile\n")[1:]
    texts = [block.partition("```")[0] for block in blocks]
    assert [len(read(parse(text.encode())).environments) for text in texts] == [3]


def test_main_writes(tmp_path):
    """The pages are written to a folder."""
    main(str(tmp_path))
    assert {path: (tmp_path / path).read_text("utf-8") for path in pages()} == pages()
