"""The environments page in a real API server: its content, who may see it, and how it is protected."""

import contextlib
import json
import re
import time
from dataclasses import replace

import pytest

from tests.airflow.api_server import serving
from tests.airflow.conftest import WHOLE_MATRIX
from tests.airflow.environments_site import MARKUP, PACKAGE, Site, prepare, readable
from tests.airflow.installations import WITH_MYSQL
from tests.support import database_server, mariadb, postgres
from tools import debian
from tools.state import Unavailable

pytestmark = pytest.mark.airflow
RELEASES = ("3.3.2", "3.1.8", "3.2.2") if WHOLE_MATRIX else ("3.3.2",)
ON_POSTGRESQL, ON_MARIADB = "3.3.2 on PostgreSQL", "3.3.2 on MariaDB"
PAGES = (
    "/venv/",
    "/venv/environment?name=py38",
    "/venv/lock?name=locked",
    "/venv/packages?q=pip",
    "/venv/dags",
    "/venv/dag?dag_id=shop",
    "/venv/sizes.json",
    "/venv/static/page.css",
    "/venv/static/page.js",
    "/venv/anything",
)


@pytest.fixture(scope="module", params=[*RELEASES, ON_POSTGRESQL, pytest.param(ON_MARIADB, marks=pytest.mark.matrix)])
def site(request, tmp_path_factory):
    """Serve the page of a release, on SQLite, PostgreSQL and MariaDB."""
    home = tmp_path_factory.mktemp("site")
    with contextlib.ExitStack() as stack:
        database = installation = None
        try:
            if request.param == ON_POSTGRESQL:
                port = stack.enter_context(postgres.postgres("airflow"))
                database = (
                    f"postgresql+psycopg2://{database_server.USER}:{database_server.PASSWORD}@127.0.0.1:{port}/airflow"
                )
            elif request.param == ON_MARIADB:
                installation = WITH_MYSQL
                debian.install("gcc", "libmariadb-dev", "pkg-config")
                port = stack.enter_context(mariadb.mariadb("airflow"))
                database = f"mysql+mysqldb://{database_server.USER}:{database_server.PASSWORD}@127.0.0.1:{port}/airflow?charset=utf8mb4"
        except Unavailable as reason:
            pytest.skip(f"no {request.param.split()[-1]}: {reason}")
        airflow, locked = prepare(request.param.split()[0], home, database, installation=installation)
        yield Site(stack.enter_context(serving(airflow)), airflow, locked)


def test_the_list_describes_each_environment_and_the_source_of_that(site):
    """An environment was read here, is broken, is only known from task runs, or is missing with a PYENV line to add."""
    text = site.text("/venv/")
    assert "py38 read here 3.8." in text
    assert "no security fixes since 7 Oct 2024" in text
    assert "gone broken version not known" in text
    assert "which must exist, but there is no such file" in text
    assert "elsewhere told by tasks not here" in text
    assert "nowhere missing" in text
    assert "To add it: PYENV <python version> nowhere [requirements.txt]" in text
    assert re.search(r"locked read here .* PYENV 3\.12 locked <<EOF locked", text)
    assert re.search(r"py38 read here .*? 2 tasks in 1 DAG not recorded not locked", text)
    assert f"{MARKUP} read here" in text


def test_the_navigation_has_a_link_that_opens_the_page_itself(site):
    """Airflow must not have a route for it, which would show the page in a frame."""
    answer = site.server.client("admin").get("/api/v2/plugins", accept="application/json")
    (plugin,) = [one for one in json.loads(answer.text)["plugins"] if one["name"] == "airflow_venv"]
    (view,) = plugin["external_views"]
    assert (view["name"], view["href"], view["destination"]) == ("Environments", "venv/", "nav")
    assert view["url_route"] is None
    icon = site.server.client("admin").get(f"/{view['icon']}")
    assert (icon.status, icon.headers["content-type"]) == (200, "image/svg+xml")


def test_sizes_are_measured_beside_the_requests(site):
    """The script repeats its request until all sizes are known."""
    client = site.server.client("admin")
    deadline = time.monotonic() + 120
    sizes = {}
    while "locked" not in sizes and time.monotonic() < deadline:
        sizes = json.loads(client.get("/venv/sizes.json").text)
        time.sleep(0.5)
    assert re.fullmatch(r"\d+ kB|\d MB", sizes["locked"])
    assert "gone" not in sizes


def test_an_environment_has_its_packages_lock_and_conflicts(site):
    text = site.text("/venv/environment?name=locked")
    assert "Built from PYENV 3.12 locked <<EOF" in text
    assert "alpha 1.0 requires beta>=2, but 1.5 is installed." in text
    assert "alpha 1.0 asked for" in text
    assert "beta 1.5 dependency" in text
    assert f"{PACKAGE} 3 asked for" in text
    assert 'lock-version = "1.0" # <i>' in text
    assert "No task that you may see uses it." in text
    answer = site.server.client("admin").get("/venv/lock?name=locked")
    assert (answer.text, answer.headers["content-type"]) == (
        'lock-version = "1.0" # <i>\n',
        "text/plain; charset=utf-8",
    )


def test_an_environment_has_the_tasks_that_use_it_with_their_last_runs(site):
    """Names from templates and paths are included; the links lead to Airflow's own pages."""
    answer = site.server.client("admin").get("/venv/environment?name=py38")
    python = site.airflow.variables["ASTRO_PYENV_py38"]
    assert 'href="/dags/shop/tasks/totals"' in answer.text
    assert re.search(r'href="/dags/shop/runs/manual__[^"]*/tasks/by_path"', answer.text)
    text = readable(answer.text)
    assert re.search(rf"totals @task\.venv .{{20,30}} : {re.escape(python)}", text)
    assert re.search(rf"by_path @task\.external_python .{{20,30}} : {re.escape(python)}", text)
    answer = site.server.client("admin").get("/venv/environment?name=py313")
    text = readable(answer.text)
    assert "by_template @task.venv" in text
    assert "path not told, since the name was a template" in text
    assert re.search(r'href="/dags/shop/runs/manual__[^"]*/tasks/mapped/mapped/0"', answer.text)


def test_an_environment_that_only_tasks_know_is_shown_with_their_data(site):
    text = site.text("/venv/environment?name=elsewhere")
    assert f"Where it ran {site.airflow.variables['ASTRO_PYENV_py38']} , told by shop · on_workers_only" in text
    assert "so its packages cannot be shown" in text


def test_a_missing_environment_has_the_error_and_a_pyenv_line(site):
    text = site.text("/venv/environment?name=nowhere")
    assert "There is no environment 'nowhere': the variable ASTRO_PYENV_nowhere is not set." in text
    assert "Add it to the Dockerfile PYENV <python version> nowhere [requirements.txt]" in text
    assert "broken_shop lost @task.venv no run has told yet" in text


def test_a_dags_tasks_are_listed_by_environment(site):
    text = site.text("/venv/dags")
    assert "broken_shop gone , nowhere" in text
    assert " plain " not in text
    text = site.text("/venv/dag?dag_id=broken_shop")
    assert re.search(r"gone broken no_interpreter .* nowhere missing lost", text)


def test_a_package_is_found_across_environments(site):
    """The search accepts a requirement, and reports an invalid one."""
    assert "beta 1.5 locked" in site.text("/venv/packages?q=beta%3C2")
    assert "None of the" in site.text("/venv/packages?q=beta%3E2")
    assert "'beta<<' is neither part of a package's name nor a requirement" in site.text("/venv/packages?q=beta%3C%3C")


def test_the_list_can_be_searched_and_sorted_without_a_script(site):
    text = site.text("/venv/?q=PY3&sort=-name")
    assert "2 environments of" in text
    assert text.index("py38") < text.index("py313")


@pytest.mark.parametrize("path", PAGES)
def test_all_pages_require_a_login(site, path):
    """Browsers are redirected to the login page and back; other clients get status 401."""
    answer = site.server.client().get(path)
    assert answer.status == 303
    assert answer.headers["location"].startswith("/api/v2/auth/login?next=%2Fvenv%2F")
    answer = site.server.client().get(path, accept="application/json")
    assert (answer.status, json.loads(answer.text)) == (401, {"detail": "Not authenticated"})
    forged = replace(site.server.client("admin"), cookie="e30.e30.AAAA")
    assert forged.get(path).status == 303


@pytest.mark.parametrize("path", PAGES)
def test_a_user_without_rights_is_refused(site, path):
    """The user is logged in, but has no role."""
    answer = site.server.client("nobody").get(path)
    assert answer.status == 403
    assert "your roles do not let you use Airflow" in readable(answer.text)
    assert "py38" not in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_has_the_headers_that_protect_it(site, path):
    """This includes the answers to users who are not logged in."""
    for user in ("admin", "nobody", None):
        headers = site.server.client(user).get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == (
            "private, max-age=600" if user == "admin" and "/static/" in path else "no-store"
        )


def test_names_that_look_like_markup_are_text(site):
    """Names of environments and packages and texts from the address are escaped."""
    client = site.server.client("admin")
    for path in (
        "/venv/",
        "/venv/packages?q=%3C",
        "/venv/environment?name=%3Cscript%3Ealert(1)%3C",
        "/venv/dag?dag_id=%3Cscript%3E",
    ):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "<b>bold" not in text
        assert "<script>" not in text
    assert site.text("/venv/environment?name=%3Cscript%3Ealert(1)%3C").startswith(MARKUP)


@pytest.mark.parametrize(
    "path",
    [
        "/venv/static/..%2f..%2f..%2fcli.py", "/venv/static/../app.py", "/venv/lock?name=../../etc",
        "/venv/lock?name=py38", "/venv/environment?name=..", "/venv/openapi.json", "/venv/docs",
        "/venv/dag?dag_id=plain",
    ],
)  # fmt: skip
def test_other_paths_are_not_found(site, path):
    assert site.server.client("admin").get(path).status == 404


@pytest.mark.parametrize(
    "path", ["/venv/environment", "/venv/dags?page=x", "/venv/dags?page=0", f"/venv/?q={'x' * 400}"]
)
def test_an_invalid_address_is_reported(site, path):
    answer = site.server.client("admin").get(path)
    assert answer.status == 400
    assert "The address is not valid" in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_head_requests(site, path):
    """HEAD requests, as from health checks and link checkers, get the same answer as GET without the body."""
    client = site.server.client("admin")
    answer, head = client.get(path), client.send("HEAD", path, headers={"Accept": "text/html"})
    assert (head.status, head.headers["content-type"], head.text) == (answer.status, answer.headers["content-type"], "")
    assert site.server.client().send("HEAD", path, headers={"Accept": "text/html"}).status == 303
    assert site.server.client("nobody").send("HEAD", path).status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(site, method):
    """Other methods get an error message and nothing else."""
    for user in ("admin", "nobody", None):
        for path in PAGES:
            answer = site.server.client(user).send(method, path, headers={"Accept": "text/html"})
            assert (answer.status, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
            assert answer.text == "Nothing can be changed here: the page answers GET and HEAD alone."
            assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_page_behind_the_last_is_the_last(site):
    """An outdated link can have a page number that is too large."""
    assert "broken_shop gone , nowhere" in site.text("/venv/dags?page=99")


def test_arguments_and_results_of_tasks_are_not_shown(site):
    """Neither arguments, their defaults nor results are shown."""
    client = site.server.client("admin")
    for path in (*PAGES, "/venv/environment?name=py313"):
        text = client.get(path).text
        assert "do-not-show-this" not in text
        assert "op_kwargs" not in text


def test_changes_on_disk_show_at_the_next_request(site):
    """Adding or removing a package changes the modification time of its folder."""
    folder = next(site.locked.glob("lib/python*/site-packages"))
    assert "gamma" not in site.text("/venv/packages?q=gamma").replace("has gamma", "")
    (folder / "gamma-7.dist-info").mkdir()
    assert "gamma 7 locked" in site.text("/venv/packages?q=gamma")
    (folder / "gamma-7.dist-info").rmdir()
