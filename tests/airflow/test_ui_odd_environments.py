"""The page in a real API server, with environments whose names and files are unusual or damaged."""

import os
import re
import shutil
from html import unescape
from urllib.parse import urlencode

import pytest

from tests.airflow.api_server import serving
from tests.airflow.conftest import make
from tests.airflow.environments_site import Site, environment, readable
from tests.airflow.installations import release

pytestmark = pytest.mark.airflow
NAMES = (
    '"><script>alert(1)</script>', "<img src onerror>", "{{ 7*7 }}", "../../etc/passwd", "a&name:b", "a#b?c/d%2e",
    "a b\tc\nd", "'\"`", "ünïcode-日本語", "\u202eright-to-left", "\u0639\u0631\u0628\u064a", "x" * 5000,
    "no\udce9text", "lock", "static/page.css", "sizes.json", "..",
)  # fmt: skip


def odd_files(folder):
    """Create environments that each have a file that cannot be read; yield name and interpreter."""

    def make_environment(name):
        python = environment(folder / name, {"alpha": "1.0"})
        return folder / name, folder / name / "lib/python3.12/site-packages", python

    home, site, python = make_environment("digits")
    (home / "pyvenv.cfg").write_text("version = " + "9" * 6000 + ".1")
    yield "digits", python
    home, site, python = make_environment("pipe")
    (home / "pyvenv.cfg").unlink()
    os.mkfifo(home / "pyvenv.cfg")
    yield "pipe", python
    home, site, python = make_environment("metadata")
    (site / "folder-1.dist-info/METADATA").mkdir(parents=True)
    (site / os.fsdecode(b"\xe9-1.dist-info")).mkdir()
    yield "metadata", python
    home, site, python = make_environment("loops")
    shutil.rmtree(site)
    site.symlink_to(site.name)
    (home / "bin/python").unlink()
    (home / "bin/python").symlink_to("python")
    yield "loops", python
    yield "long-path", f"/opt/{'q' * 300}/bin/python"
    yield "empty", ""
    yield "relative", "environments/x/bin/python"
    yield "folder", str(folder)
    os.mkfifo(folder / "fifo")
    yield "fifo", str(folder / "fifo")
    home, site, python = make_environment("vanishing")
    yield "vanishing", python
    yield "device", "/dev/null"
    home, site, python = make_environment("path-of-no-text")
    moved = home.with_name(os.fsdecode(b"\xff"))
    home.rename(moved)
    yield "path-of-no-text", str(moved / "bin/python")
    home, site, python = make_environment("damaged")
    site.rename(site.with_name("moved"))
    site.symlink_to("gone")
    (home / "pylock.damaged.toml").symlink_to("gone.toml")
    yield "damaged", python
    home, site, python = make_environment("large")
    (site / "alpha-1.0.dist-info/METADATA").write_text("Requires-Dist: beta\n" * 100_000)
    (home / "pylock.large.toml").write_text("# a line of a lock\n" * 300_000)
    yield "large", python


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Serve the page with 70 environments, below the path of a reverse proxy."""
    home = tmp_path_factory.mktemp("site")
    airflow = make(release("3.3.2"), home)
    named = {name: environment(home / f"named/{number}", {"alpha": "1.0"}) for number, name in enumerate(NAMES)}
    plain = {f"plain_{number:02d}": environment(home / f"plain/{number}", {"alpha": "1.0"}) for number in range(40)}
    (home / "odd").mkdir()
    for name, python in {**named, **plain, **dict(odd_files(home / "odd"))}.items():
        airflow.variables[f"ASTRO_PYENV_{name}"] = python
    with serving(airflow, path="/team") as server:
        yield Site(server, airflow, home)


def test_every_environment_of_the_list_has_its_page(site):
    """No environment breaks the list, and each link leads to the page of its environment."""
    client = site.server.client("admin")
    answer = client.get("/team/venv/")
    assert answer.status == 200, answer
    links = re.findall(r'<a href="(/team/venv/environment\?[^"]*)">(.*?)</a>', answer.text, re.DOTALL)
    assert len(links) == sum(name.startswith("ASTRO_PYENV_") for name in site.airflow.variables)
    for link, name in links:
        page = client.get(unescape(link))
        assert (page.status, f"<h1>{name}</h1>" in page.text) == (200, True), link
        assert "<script>alert" not in page.text
    assert "no\ufffdtext" in answer.text


def test_the_problem_of_one_environment_is_shown_and_the_others_are_listed(site):
    assert "which must exist, but there is no such file" in site.text("/team/venv/environment?name=long-path")
    assert "is set but empty" in site.text("/team/venv/environment?name=empty")
    assert "which must be an absolute path" in site.text("/team/venv/environment?name=relative")
    for name in ("folder", "fifo", "device"):
        text = site.text(f"/team/venv/environment?name={name}")
        assert "which must be a file; it is a folder or a device" in text
        assert "no packages" not in text
    assert "plain_39" in site.text("/team/venv/packages?q=alpha")
    assert site.server.client("admin").get("/team/venv/sizes.json").status == 200


def test_what_cannot_be_read_is_reported_with_the_reason(site):
    """Such an environment is not shown as empty or unlocked, and a search mentions that it may have the package."""
    assert re.search(
        r"damaged read here partly unreadable 3\.12\.7 .*? not known .*? lock not readable", site.text("/team/venv/")
    )
    text = site.text("/team/venv/environment?name=damaged")
    assert re.search(r"site-packages' cannot be read: it is a link to '\S*gone', which does not exist\.", text)
    assert re.search(r"pylock\.damaged\.toml' cannot be read: it is a link to '\S*gone\.toml', which", text)
    assert "Its packages cannot be read; the reason is above." in text
    assert "no packages" not in text
    assert "not locked" not in text
    text = site.text("/team/venv/packages?q=nothing-like-this")
    assert re.search(
        r"The packages of \d environments cannot be read, so that a package may be there, too: damaged", text
    )


def test_large_files_are_shown_in_part_with_a_note(site):
    answer = site.server.client("admin").get("/team/venv/environment?name=large")
    assert len(answer.text) < 200_000
    text = readable(answer.text)
    assert "pylock.large.toml (its beginning)" in text
    assert "alpha: the header of its METADATA is longer than 1,000,000 bytes; the rest was not read." in text
    lock = site.server.client("admin").get("/team/venv/lock?name=large").text
    assert 4_000_000 < len(lock) < 4_001_000
    assert lock.endswith("\n# The rest is left out: the lock is longer than 4,000,000 bytes.\n")


def test_an_environment_that_vanishes_after_it_was_listed_is_broken(site):
    """Its page and its lock still get an answer."""
    assert "vanishing read here" in site.text("/team/venv/")
    shutil.rmtree(site.locked / "odd/vanishing")
    text = site.text("/team/venv/environment?name=vanishing")
    assert "vanishing broken" in text
    assert "which must exist, but there is no such file" in text
    assert site.server.client("admin").get("/team/venv/lock?name=vanishing").status == 404


@pytest.mark.parametrize(
    "path", ["/venv/", "/venv/environment?name=plain_00", "/venv/static/page.css", "/venv/nothing"]
)
def test_a_proxy_may_pass_the_path_on_or_take_it_away(site, path):
    """The answers are the same for nginx's `proxy_pass http://airflow` and `proxy_pass http://airflow/`."""
    client = site.server.client("admin")
    passed_on, taken_away = client.get(f"/team{path}"), client.get(path)
    assert passed_on.status == (404 if path == "/venv/nothing" else 200)
    assert (taken_away.status, re.findall('href="[^"]*"', taken_away.text)) == (
        passed_on.status,
        re.findall('href="[^"]*"', passed_on.text),
    )
    for address in (f"/team{path}", path):
        location = site.server.client().get(address).headers["location"]
        assert location == f"/team/api/v2/auth/login?{urlencode({'next': f'/team{path}'})}"
