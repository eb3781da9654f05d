"""The screen recordings on the pages: what they contain, and what they must not contain."""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools import page_screens, record, screens
from tools.state import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PICTURES = sorted(screens.SCREENS.glob("*.svg"))
NAMESPACE = "{http://www.w3.org/2000/svg}"
PROGRAM = "import sys, time; print('one\\x1b[31mred\\x1b[0m'); time.sleep(0.5); print('\\x1b[1A\\x1b[2Ktwo <&>')"


def recorded(tmp_path: Path, program: str = PROGRAM, **options: object) -> record.Recorder:
    recorder = record.Recorder(columns=40, **options)
    recorder.show("thing --now", [sys.executable, "-c", program], cwd=tmp_path)
    return recorder


def shown(svg: str) -> tuple[list[str], list[str]]:
    """Return the lines of the final picture, and the lines that were overwritten."""
    groups = [group for group in ET.fromstring(svg).iter(f"{NAMESPACE}g") if group.get("font-family") is None]  # noqa: S314 - our own
    lines: tuple[list[str], list[str]] = ([], [])
    for group in groups:
        lines[group.get("visibility") == "hidden"].append(
            "".join(element.text or "" for element in group if element.text)
        )
    return lines


def test_a_recording_shows_the_last_picture_and_keeps_the_others(tmp_path: Path):
    """Overwritten text is shown only for its duration; colours and special characters are preserved."""
    svg = recorded(tmp_path).svg()
    last, before = shown(svg)
    assert last == ["$thing --now", "two <&>"]
    assert before == ["onered"]
    assert f'fill="{record.COLOURS["red"]}"' in svg


def test_a_recording_replaces_given_words(tmp_path: Path):
    """A folder of this machine is replaced by a name that a reader's folder could have."""
    recorder = recorded(tmp_path, "import os; print(os.getcwd())", hide={str(tmp_path): "/home/you"})
    assert shown(recorder.svg())[0][-1] == "/home/you"


def test_an_unexpected_failure_is_not_recorded(tmp_path: Path):
    """The error message includes the content of the screen."""
    with pytest.raises(RuntimeError, match=r"(?s)thing --now ended with 3, not 0:.*oh"):
        recorded(tmp_path, "print('oh'); raise SystemExit(3)")


def test_a_long_recording_is_shown_faster():
    """The factor is shown."""
    frames = [(second, (((0, f"line {second}", "#fff", False),),)) for second in range(61)]
    svg = record._svg(frames, 40)
    assert "5&#215;" in svg
    assert len(shown(svg)[1]) <= record.PICTURES + 1


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.stem)
def test_a_recording_ends_and_respects_who_wants_no_motion(picture: Path):
    """It plays once, and only shows the final picture to readers who prefer reduced motion."""
    text = picture.read_text()
    assert "<animate" not in text
    assert "infinite" not in text
    assert ("@keyframes" in text) == ("prefers-reduced-motion" in text)


@pytest.mark.parametrize(
    "text", ["/root/x", "at 10.1.2.3:80", "https://index.internal/simple", str(Path.home()) + "/y"]
)
def test_names_of_a_machine_are_found(text: str):
    """A recording that contains such a name is rejected."""
    assert screens.strangers(f"<svg>{text}</svg>")


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.stem)
def test_pictures_are_self_contained_and_name_no_machine(picture: Path):
    """They refer to no other files, and each is shown on a page."""
    text = picture.read_text()
    assert ET.fromstring(text).tag == f"{NAMESPACE}svg"  # noqa: S314 - our own
    assert screens.ADDRESS.findall(text) == []
    assert any(f"assets/{picture.name}" in page.read_text() for page in PAGES)


def test_every_screen_is_recorded():
    """All recordings of `make screens` exist."""
    assert set(screens.ALL) <= {picture.stem for picture in PICTURES}


def test_every_picture_of_the_page_in_airflow_is_small_and_stands_on_a_page():
    """All pictures of `make page-screens` exist, and no others."""
    pictures = sorted(screens.SCREENS.glob("*.png"))
    assert [path.stem for path in pictures] == sorted(page_screens.PICTURES)
    for path in pictures:
        assert path.stat().st_size < 100_000
        assert any(f"assets/{path.name}" in page.read_text() for page in PAGES)
