"""The layout of every page in a browser, for a desktop and a phone."""

import functools
import http.server
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import browser
from tools.state import ROOT, Unavailable, run

PAGES = sorted(path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md"))
WIDTHS = {"desktop": 1280, "phone": 390}
"""Width in pixels."""
MEASURE = """\
<!doctype html><meta charset="utf-8"><pre id="report"></pre><script>
const pages = PAGES, widths = WIDTHS, report = [];
const wait = (frame, address) => new Promise(done => { frame.onload = done; frame.src = address; });
(async () => {
  for (const [device, width] of Object.entries(widths)) {
    const frame = document.createElement("iframe");
    frame.style.cssText = `width:${width}px;height:900px;border:0`;
    document.body.append(frame);
    for (const page of pages) {
      await wait(frame, "/" + page);
      const view = frame.contentWindow, root = frame.contentDocument, article = root.querySelector("article");
      const prose = article.cloneNode(true);
      prose.querySelectorAll("pre, code, script, style, .highlight").forEach(node => node.remove());
      const parts = "p, li, h1, h2, h3, h4, img, pre, .md-typeset__scrollwrap";
      const wide = [...article.querySelectorAll(parts)].filter(
        node => node.getBoundingClientRect().right > view.innerWidth + 1 && !node.closest("table")
          && view.getComputedStyle(node.parentElement).overflowX !== "auto");
      const clipped = [...article.querySelectorAll("pre > code")].filter(node => {
        const style = view.getComputedStyle(node);
        return node.scrollWidth > node.clientWidth + 1 && !/auto|scroll/.test(style.overflowX)
          && !/auto|scroll/.test(view.getComputedStyle(node.parentElement).overflowX);
      });
      const text = node => node.tagName + " " + node.textContent.trim().slice(0, 60);
      report.push({
        page, device,
        sideways: root.documentElement.scrollWidth - view.innerWidth,
        wide: wide.map(text),
        clipped: clipped.map(text),
        nested: article.querySelectorAll("li ul, li ol").length,
        items: article.querySelectorAll("li").length,
        rows: article.querySelectorAll("tr").length,
        shrunk: [...article.querySelectorAll("img")].filter(image => image.width < image.naturalWidth / 1.5).map(text),
        images: [...article.querySelectorAll("img")].filter(image => !image.naturalWidth).map(image => image.src),
        prose: prose.textContent,
      });
    }
  }
  document.getElementById("report").textContent = JSON.stringify(report);
})();
</script>
"""
RAW = re.compile(
    r"```|:(?:class|meth|func|mod|attr):|\]\(|<!--|^\s*\|.*\|\s*$|^\s*[-*] \S|\*\*|^#+ |^=== ", re.MULTILINE
)
"""Markdown that was not converted."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site, built as by `make docs`."""
    place = tmp_path_factory.mktemp("site")
    run(["make", ".venv/docs/.ready"], cwd=ROOT, timeout=300)
    mkdocs = [ROOT / ".venv/docs/bin/mkdocs", "build", "-q", "--site-dir", place]
    run(mkdocs, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}, timeout=300)
    return place


@pytest.fixture(scope="session")
def measured(site: Path) -> dict[tuple[str, str], dict[str, object]]:
    """Return the browser's measurements by page and device; skip the test if there is no browser."""
    pages = [address(page) for page in PAGES]
    harness = MEASURE.replace("PAGES", json.dumps(pages), 1).replace("WIDTHS", json.dumps(WIDTHS), 1)
    (site / "measure.html").write_text(harness)
    try:
        with served(site) as port, browser.browser() as window:
            window.open(f"http://127.0.0.1:{port}/measure.html")
            deadline = time.monotonic() + 300
            while not (report := window.script("return document.getElementById('report').textContent")):
                assert time.monotonic() < deadline, window.messages()
                time.sleep(0.5)
    except Unavailable as reason:
        pytest.skip(f"no browser: {reason}")
    return {(page["page"], page["device"]): page for page in json.loads(report)}


class served:  # noqa: N801 - a context manager, called like a function
    """Serve a folder on 127.0.0.1, and return the port."""

    def __init__(self, folder: Path) -> None:
        handler = functools.partial(_Quiet, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> int:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self._server.server_port

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log nothing."""


def address(page: Path) -> str:
    """Return the address of a page on the site."""
    if page.name in {"index", "README"}:
        return "" if page.parent == Path() else f"{page.parent}/"
    return f"{page}/"


def listed(page: Path) -> Iterator[str]:
    """Yield the lines of a page outside of code blocks."""
    text = (ROOT / "docs" / page).with_suffix(".md").read_text()
    yield from re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL).splitlines()


@pytest.mark.parametrize("device", WIDTHS)
@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_is_laid_out(page: Path, device: str, measured):
    """Nothing overflows or is cut off, images load, and lists and tables are rendered as such."""
    box = measured[address(page), device]
    assert box["sideways"] <= 0
    assert box["wide"] == []
    assert box["clipped"] == []
    assert box["images"] == []
    assert box["shrunk"] == [], "text in a picture is too small to be read"
    lines = list(listed(page))
    assert box["items"] >= sum(bool(re.match(r" *(?:[-*]|\d+\.) ", line)) for line in lines)
    assert box["nested"] >= bool([line for line in lines if re.match(r" {2,}[-*] ", line)])
    assert box["rows"] >= sum(line.startswith("|") and not line.startswith("|--") for line in lines)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_no_markup_is_left(page: Path, measured):
    """Visible text contains no unconverted Markdown or other markup."""
    prose = measured[address(page), "desktop"]["prose"]
    assert [match[0] for match in RAW.finditer(prose)] == []
