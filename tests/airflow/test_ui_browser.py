"""The environments page in a real browser: its appearance, keyboard access, and the resources it loads."""

import time
from collections.abc import Iterator

import pytest

from tests.airflow.api_server import PASSWORD, Server, serving
from tests.airflow.conftest import WHOLE_MATRIX
from tests.airflow.environments_site import MARKUP, environment, prepare
from tools.browser import Browser, axe_core, browser
from tools.state import Unavailable

pytestmark = pytest.mark.airflow
RELEASES = ("3.3.2", "3.1.8", "3.2.2") if WHOLE_MATRIX else ("3.3.2",)
LONG = "long_" * 100
RIGHT_TO_LEFT = "\u202eleft-to-right"
PAGES = {
    "list": "/venv/",
    "nothing-found": "/venv/?q=nothing-like-this",
    "environment": "/venv/environment?name=py313",
    "locked": "/venv/environment?name=locked",
    "many": "/venv/environment?name=many&packages_page=2",
    "damaged": "/venv/environment?name=damaged",
    "long": f"/venv/environment?name={LONG}",
    "missing": "/venv/environment?name=nowhere",
    "told": "/venv/environment?name=elsewhere",
    "packages": "/venv/packages?q=pip",
    "wrong-question": "/venv/packages?q=pip%3C%3C",
    "dags": "/venv/dags",
    "dag": "/venv/dag?dag_id=shop",
    "not-found": "/venv/anything",
}
DEVICES = {"desktop": (1280, 900), "phone": (360, 740)}
TAB, ENTER = "\ue004", "\ue007"
AXE = """
return axe.run().then(report => report.violations.map(
  rule => rule.id + ": " + rule.nodes.map(node => node.html.slice(0, 120)).join(" | ")));
"""
OUTSIDE = """
const addresses = performance.getEntriesByType("resource").map(entry => entry.name);
return addresses.filter(address => new URL(address).host !== location.host);
"""
FOCUS = """
const element = document.activeElement, style = getComputedStyle(element);
return [element.textContent.trim() || element.name, style.outlineStyle, parseFloat(style.outlineWidth)];
"""


@pytest.fixture(scope="module", params=RELEASES)
def site(request, tmp_path_factory):
    """Prepare the Airflow behind all servers, with environments that are difficult to display."""
    home = tmp_path_factory.mktemp("site")
    airflow = prepare(request.param, home)[0]
    for place, name in enumerate(("damaged", "many", LONG, RIGHT_TO_LEFT)):
        packages = {f"package_{number:03d}": "1.0" for number in range(250 if name == "many" else 1)}
        airflow.variables[f"ASTRO_PYENV_{name}"] = environment(home / f"odd/{place}", packages)
    (home / "odd/0/lib").rename(home / "odd/0/moved")
    return airflow


@pytest.fixture(scope="module")
def server(site) -> Iterator[Server]:
    """Serve the page."""
    with serving(site) as running:
        yield running


@pytest.fixture(scope="module", params=["", "/team/airflow"], ids=["at the root", "under a path"])
def anywhere(request, site, server) -> Iterator[Server]:
    """Serve the page, once at the root and once below a path, as behind a reverse proxy that passes the path on."""
    if not request.param:
        yield server
        return
    with serving(site, path=request.param) as running:
        yield running


@pytest.fixture(scope="module")
def window(server) -> Iterator[Browser]:
    """Open a browser in which the administrator is logged in; all servers of the site accept its cookie."""
    try:
        with browser() as opened:
            opened.open(f"{server.address}/api/v2/version")
            opened.cookie("_token", server.client("admin").cookie)
            opened.messages()
            yield opened
    except Unavailable as reason:
        pytest.skip(f"no browser: {reason}")


def visit(window, server, path, *, device="desktop", scheme="light"):
    """Open a page of ours with the size and colours of a device."""
    width, height = DEVICES[device]
    window.size(width, height, phone=device == "phone")
    window.scheme(scheme)
    window.open(server.address + path)


def wait_for(condition, seconds=60):
    """Wait until a condition holds, and return its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return value


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("page", PAGES)
def test_everybody_can_read_a_page(window, server, page, device, scheme):
    """Nothing overflows, is loaded from elsewhere or violates the security policy, and axe-core reports nothing."""
    visit(window, server, PAGES[page], device=device, scheme=scheme)
    assert window.script("return document.documentElement.scrollWidth - innerWidth") <= 0
    dark = window.script("return getComputedStyle(document.body).backgroundColor") == "rgb(22, 29, 45)"
    assert dark == (scheme == "dark")
    assert window.script(OUTSIDE) == []
    window.script(f"{axe_core()}; window.axe = axe;")
    assert window.script(AXE) == []
    messages = window.messages()
    assert [text for text in messages if "404" not in text] == []
    assert bool(messages) == (page == "not-found")


def test_the_theme_of_airflow_takes_precedence(window, server):
    """It takes precedence over the theme of the operating system."""
    visit(window, server, "/venv/", scheme="light")
    window.script("localStorage.setItem('theme', 'dark')")
    visit(window, server, "/venv/", scheme="light")
    background = window.script("return getComputedStyle(document.body).backgroundColor")
    window.script("localStorage.removeItem('theme')")
    assert background == "rgb(22, 29, 45)"


def test_the_keyboard_reaches_everything_and_its_place_is_seen(window, server):
    """The first stop is the link past the navigation, Enter starts a search, and the focus always has an outline."""
    visit(window, server, "/venv/")
    reached = []
    for _ in range(9):
        window.press(TAB)
        name, style, width = window.script(FOCUS)
        assert (style, width) == ("solid", 3), name
        reached.append(name)
    assert reached[:8] == [
        "Skip to the content", "← Airflow", "Environments", "Packages", "DAGs", "q", "Search", reached[7],
    ]  # fmt: skip
    visit(window, server, "/venv/")
    window.press(TAB)
    window.press(ENTER)
    wait_for(lambda: window.address.endswith("#content"))
    window.press(TAB)
    assert window.script(FOCUS)[0] == "q"
    for key in ("n", "o", "w", ENTER):
        window.press(key)
    wait_for(lambda: window.address.endswith("?q=now"))
    wait_for(lambda: "1 environment of" in window.script("return document.body.innerText"))


def test_without_scripts_the_keyboard_leads_through_a_long_list(window, server):
    """Each page of the list has a link, and a search returns to the list."""
    window.devtools("Emulation.setScriptExecutionDisabled", value=True)
    try:
        visit(window, server, "/venv/environment?name=many")
        last, texts = "return document.querySelector('#packages ~ div tbody tr:last-child th').textContent", []
        assert window.script(last) == "package-099"
        while "Next" not in texts:
            window.press(TAB)
            texts.append(window.script(FOCUS)[0])
            assert len(texts) < 30, texts
        window.press(ENTER)
        wait_for(lambda: window.address.endswith("name=many&packages_page=2#packages"))
        wait_for(lambda: window.script(last) == "package-199")
        visit(window, server, "/venv/environment?name=many&packages_page=2")
        window.script("document.querySelector('input[type=search]').focus()")
        for key in ("2", "4", "9", ENTER):
            window.press(key)
        wait_for(lambda: window.address.endswith("task=&q=249#packages"))
        wait_for(lambda: window.script(last) == "package-249")
    finally:
        window.devtools("Emulation.setScriptExecutionDisabled", value=False)


def test_a_right_to_left_name_does_not_reorder_its_cell(window, server):
    """Text that follows it in the same cell is displayed to its right."""
    visit(window, server, "/venv/")
    link = f"[...document.querySelectorAll('tbody th a')].find(link => link.textContent === {RIGHT_TO_LEFT!r})"
    assert window.script(f"return getComputedStyle({link}).unicodeBidi") == "isolate"


def test_the_entry_of_the_navigation_opens_the_page(window, anywhere):
    """The test opens Airflow's menu and clicks the entry; the page is not in a frame."""
    visit(window, anywhere, "/")
    button = "return [...document.querySelectorAll('button, a')].find(node => node.textContent.trim() === 'Browse')"
    wait_for(lambda: window.script(f"{button} !== undefined"), 120)
    window.script(f"const find = () => {{ {button} }}; find().focus()")
    window.press(ENTER)
    entry = "[...document.querySelectorAll('a')].find(node => node.textContent.trim().startsWith('Environments'))"
    wait_for(lambda: window.script(f"return {entry} !== undefined"))
    address, target = window.script(f"const link = {entry}; return [link.href, link.target]")
    assert address == f"{anywhere.address}/venv/"
    assert target in {"", "_blank"}


def test_every_link_of_the_page_leads_somewhere(window, anywhere):
    """Our own links and those to Airflow work, also below a path."""
    client = anywhere.client("admin")
    addresses = set()
    for path in PAGES.values():
        visit(window, anywhere, path)
        addresses |= set(window.script("return [...document.querySelectorAll('a')].map(link => link.href)"))
    ours = {address.split("#")[0] for address in addresses if address.startswith(f"{anywhere.address}/venv/")}
    theirs = addresses - ours - {address for address in addresses if "#" in address}
    assert all(address.startswith(f"{anywhere.address}/") for address in theirs)
    for address in ours | theirs:
        path = address.removeprefix(anywhere.address)
        answer = client.get(f"{anywhere.path}{path}")
        expected = 404 if path.startswith("/venv/anything") else 200
        assert answer.status == expected, address
    assert any("/runs/" in address for address in theirs)
    window.messages()


def test_sizes_come_in_without_loading_the_page_again(window, server):
    """The script repeats its request until all sizes are known."""
    visit(window, server, "/venv/")
    waiting = "return document.querySelectorAll('[data-size-of]').length"
    wait_for(lambda: window.script(waiting) == 0, 120)
    assert window.messages() == []


def test_a_name_like_markup_is_shown_and_not_run(window, server):
    visit(window, server, "/venv/")
    text = f"return [...document.querySelectorAll('tbody th a')].find(link => link.textContent === {MARKUP!r}).href"
    window.open(window.script(text))
    assert window.script("return document.querySelector('h1').textContent") == MARKUP
    assert window.script("return document.scripts.length") == 1


def test_a_login_returns_to_the_requested_page(anywhere):
    """They log in with Airflow's own form."""
    try:
        with browser() as stranger:
            stranger.open(f"{anywhere.address}/venv/packages?q=pip")
            wait_for(lambda: stranger.script("return document.querySelectorAll('input').length >= 2"), 120)
            for text in ("admin", PASSWORD):
                stranger.script("document.querySelectorAll('input')[arguments[0]].focus()", int(text == PASSWORD))
                for key in text:
                    stranger.press(key)
            stranger.press(ENTER)
            wait_for(lambda: stranger.address == f"{anywhere.address}/venv/packages?q=pip")
            assert stranger.script("return document.querySelector('h1').textContent") == "Packages"
    except Unavailable as reason:
        pytest.skip(f"no browser: {reason}")
