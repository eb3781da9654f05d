"""The templates: everything is escaped, nothing is inline, and nothing is loaded from elsewhere."""

import re
from pathlib import Path

import jinja2
import pytest

from airflow_venv.environments.disk_size import DiskSize
from airflow_venv.ui import render as module
from airflow_venv.ui.links import Links
from airflow_venv.ui.render import render

FOLDER = Path(module.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))
LINKS = Links(page="/venv", airflow="")


def test_text_is_escaped():
    page = render("message.html", links=LINKS, title="<b>", text='"><script>alert(1)</script>')
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_value_that_a_template_lacks_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        render("message.html", links=LINKS, title="x")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_have_no_safe_filter_and_no_inline_code(path):
    """The security policy forbids inline scripts and styles, and `safe` would disable escaping."""
    source = path.read_text().replace("<style>\n{{ style }}</style>", "")  # used by the self-contained file
    assert not re.search(r"\|\s*safe|autoescape|<style|style=|\son\w+=|javascript:", source)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", source))


@pytest.mark.parametrize("path", sorted((FOLDER / "static").iterdir()), ids=lambda path: path.name)
def test_pages_load_nothing_from_other_hosts(path):
    """There are no addresses of hosts, except for the XML namespace of SVG."""
    assert "//" not in path.read_text().replace("http://www.w3.org/2000/svg", "").replace("// ", "")


def test_numbers_and_days_are_written_as_people_do():
    sizes = {"few": DiskSize(999), "part": DiskSize(412_345_678, is_whole=False), "many": DiskSize(2_500_000_000)}
    source = "{{ few | size }}, {{ part | size }}, {{ many | size }}, "
    source += "{{ 1 | count('task') }}, {{ 0 | count('DAG') }}"
    text = module._templates().from_string(source).render(**sizes)
    assert text == "999 B, at least 412 MB, 2.5 GB, 1 task, 0 DAGs"
