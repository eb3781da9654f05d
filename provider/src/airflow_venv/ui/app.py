"""The FastAPI application of the page. Every route is open to logged-in users of Airflow only."""

from __future__ import annotations

import socket
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from airflow_venv.environments.facts import normalize
from airflow_venv.environments.inventory import LOCK_LIMIT, read_lock
from airflow_venv.environments.lookup import pyenv_line
from airflow_venv.environments.package_query import parse_query
from airflow_venv.ui import URL_PREFIX, pages
from airflow_venv.ui.access import NotPermittedError, ReaderDep, reader
from airflow_venv.ui.inventory_cache import InventoryCache
from airflow_venv.ui.knowledge import gather
from airflow_venv.ui.links import Links
from airflow_venv.ui.metadata import TaskCatalog
from airflow_venv.ui.path_prefix import PathPrefix
from airflow_venv.ui.render import STATIC, compile_templates, render, size_text
from airflow_venv.ui.security_headers import SecurityHeaders

__all__ = ["application"]

_FILES = {path.name: path for path in STATIC.iterdir() if path.is_file()}
"""Path of each static file by name. Names from a request are only looked up here and never used as a path."""
_inventory = InventoryCache()
_catalog = TaskCatalog()

_Text = Annotated[str, Query(max_length=300)]
_Name = Annotated[str, Query(max_length=10_000)]
"""Name of an environment, path of an interpreter or ID of a DAG, which may be long."""
_PageNumber = Annotated[int, Query(ge=1, le=100_000)]


@dataclass(frozen=True)
class _Choice:
    """The parts of an environment's two lists that are shown."""

    q: str
    """Part of a package's name to search for."""
    packages_page: int
    """Number of the page of packages."""
    task: str
    """Part of the ID of a task or DAG to search for."""
    page: int
    """Number of the page of tasks."""


def _choice(q: _Text = "", packages_page: _PageNumber = 1, task: _Text = "", page: _PageNumber = 1) -> _Choice:
    """Read a `_Choice` from the query, because FastAPI before 0.118 cannot read the fields of a dataclass."""
    return _Choice(q, packages_page, task, page)


def application() -> FastAPI:
    """Return the application that Airflow mounts."""
    app = FastAPI(title="Environments", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(reader)])
    app.add_middleware(SecurityHeaders)
    app.add_middleware(PathPrefix, url_prefix=URL_PREFIX)
    app.add_exception_handler(StarletteHTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(NotPermittedError, _not_permitted)
    routes = {
        "/": environments,
        "/environment": environment,
        "/lock": lock,
        "/packages": packages,
        "/dags": dags,
        "/dag": dag,
        "/sizes.json": sizes,
        "/static/{name}": static,
        "/{address:path}": unknown_address,
    }
    for path, endpoint in routes.items():
        app.add_api_route(path, endpoint, methods=["GET", "HEAD"], response_model=None)
    compile_templates()
    return app


def environments(
    request: Request, reader: ReaderDep, q: _Text = "", sort: _Text = "name", page: _PageNumber = 1
) -> Response:
    """Show the list of environments, searched and sorted as the query says."""
    with gather(reader, _inventory, _catalog) as knowledge:
        rows = pages.sort_rows(knowledge.environment_rows(), sort)
        return _page(
            request,
            "environments.html",
            part=pages.cut(rows, page, q, lambda row: (row.name,)),
            q=q,
            sort=sort,
            read_at=knowledge.read_at,
        )


def environment(
    request: Request, reader: ReaderDep, name: _Name, choice: Annotated[_Choice, Depends(_choice)]
) -> Response:
    """Show one environment."""
    with gather(reader, _inventory, _catalog) as knowledge:
        row = next((row for row in knowledge.environment_rows() if row.name == name), None)
        if row is None:
            return _message(
                request, 404, "No such environment", f"There is no environment {name!r} here, and no task names it."
            )
        report, q = row.report, normalize(choice.q.strip())
        tasks = pages.cut(row.tasks, choice.page, choice.task, lambda used: (used.task.task_id, used.task.dag_id))
        packages = sorted(report.facts.packages.items()) if report else []
        return _page(
            request,
            "environment.html",
            row=row,
            report=report,
            details=_inventory.details(report) if report else None,
            packages=pages.cut(packages, choice.packages_page, q, lambda package: (package[0],)),
            lock=read_lock(report) if report else None,
            tasks=replace(tasks, rows=knowledge.with_runs(tasks.rows)),
            q=choice.q,
            task=choice.task,
            values={"name": name, **asdict(choice)},
            read_at=knowledge.read_at,
        )


def lock(name: _Name) -> Response:
    """Send an environment's lock as a text file."""
    report = _inventory.report(name)
    content = read_lock(report) if report else None
    if content is None:
        raise HTTPException(404, f"There is no environment {name!r} with a lock here.")
    if content.problem:
        raise HTTPException(404, content.problem)
    end = f"\n# The rest is left out: the lock is longer than {LOCK_LIMIT:,} bytes.\n" if content.truncated else ""
    return PlainTextResponse(content.text + end)


def packages(request: Request, q: _Text = "", page: _PageNumber = 1) -> Response:
    """Show which environments have the packages that are searched for."""
    problem = ""
    rows: list[pages.PackageRow] = []
    reports = _inventory.reports()
    unreadable = [report.name for report in reports if not report.facts.packages_are_whole]
    if q.strip():
        try:
            rows = pages.find_packages(reports, parse_query(q))
        except ValueError as error:
            problem = str(error)
    return _page(
        request,
        "packages.html",
        q=q,
        part=pages.cut(rows, page),
        having=len({row.environment for row in rows}),
        problem=problem,
        total=len(reports),
        unreadable=unreadable,
    )


def dags(request: Request, reader: ReaderDep, q: _Text = "", page: _PageNumber = 1) -> Response:
    """Show the DAGs whose tasks use environments."""
    with gather(reader, _inventory, _catalog) as knowledge:
        names: dict[str, dict[str, None]] = defaultdict(dict)
        for row in knowledge.rows:
            names[row.task.dag_id][row.name] = None
        rows = [(dag_id, sorted(used)) for dag_id, used in sorted(names.items())]
        part = pages.cut(rows, page, q, lambda row: (row[0],))
        return _page(request, "dags.html", part=part, q=q, read_at=knowledge.read_at)


def dag(request: Request, reader: ReaderDep, dag_id: _Name, q: _Text = "", page: _PageNumber = 1) -> Response:
    """Show the tasks of one DAG, sorted by environment."""
    with gather(reader, _inventory, _catalog) as knowledge:
        rows = [row for row in knowledge.rows if row.task.dag_id == dag_id]
        if not rows:
            return _message(request, 404, "No such DAG", f"No task of {dag_id!r} that you may see uses an environment.")
        states = {row.name: row.state for row in knowledge.environment_rows()}
        rows = sorted(rows, key=lambda row: (row.name, row.task.task_id))
        part = pages.cut(rows, page, q, lambda row: (row.task.task_id, row.name))
        return _page(
            request,
            "dag.html",
            dag_id=dag_id,
            part=replace(part, rows=knowledge.with_runs(part.rows)),
            states=states,
            q=q,
            read_at=knowledge.read_at,
        )


def sizes() -> Response:
    """Send the sizes that have been measured so far, for the script of the list."""
    reports = _inventory.reports()
    sizes = {report.name: _inventory.size(report) for report in reports}
    return JSONResponse({name: size_text(size) for name, size in sizes.items() if size is not None})


def static(name: str) -> Response:
    """Send the stylesheet, the script or an icon."""
    if name not in _FILES:
        raise HTTPException(404)
    return FileResponse(_FILES[name], headers={"Cache-Control": "private, max-age=600"})


def unknown_address() -> Response:
    """Answer 404 for all other addresses."""
    raise HTTPException(404)


def _links(request: Request) -> Links:
    mounted = request.scope.get("root_path", "")
    return Links(page=mounted, airflow=mounted.removesuffix(URL_PREFIX))


def _page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Render a template as a response."""
    text = render(template, links=_links(request), host=socket.gethostname(), pyenv_line=pyenv_line, **values)
    # File names that are not UTF-8 contain surrogates, which cannot be encoded.
    return HTMLResponse(text.encode("utf-8", errors="replace"), status)


def _message(request: Request, status: int, title: str, text: str) -> Response:
    return _page(request, "message.html", status=status, title=title, text=text)


def _http_error(request: Request, error: Exception) -> Response:
    """Redirect users who are not logged in to the login page, and show other errors on a page."""
    assert isinstance(error, StarletteHTTPException)  # noqa: S101 - registered for this class
    if error.status_code in (401, 403):  # raised by Airflow only, for a missing or invalid token
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse({"detail": error.detail}, 401)
        links = _links(request)
        path = request.scope["path"]
        query = request.url.query
        return RedirectResponse(links.login(f"{path}?{query}" if query else path), 303)
    if error.status_code == 405:
        text = "Nothing can be changed here: the page answers GET and HEAD alone."
        return PlainTextResponse(text, 405, headers=error.headers)
    text = error.detail if error.detail != "Not Found" else "There is no page at this address."
    return _message(request, error.status_code, "Not found", text)


def _invalid_request(request: Request, error: Exception) -> Response:
    """Show which values of the query are invalid."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    wrong = "; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in error.errors())
    return _message(request, 400, "The address is not valid", wrong)


def _not_permitted(request: Request, error: Exception) -> Response:  # noqa: ARG001 - FastAPI passes it
    """Show which permission is missing, on a page without links, because those would not work either."""
    text = "You are logged in, but your roles do not let you use Airflow's website."
    return _message(request, 403, "Not permitted", text)
