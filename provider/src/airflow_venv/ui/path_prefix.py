"""Support reverse proxies that serve Airflow below a path, whether they forward this path or strip it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["PathPrefix"]


class PathPrefix:
    """ASGI middleware that restores the prefix of a request's path if a proxy has stripped it.

    Airflow itself accepts both. An application that is mounted in Airflow does not, because the path of a request then
    does not begin with the application's own (`root_path` of the ASGI scope).

    Args:
        app: the application.
        url_prefix: the path where the application is mounted in Airflow.
    """

    def __init__(self, app: ASGIApp, url_prefix: str) -> None:
        self.app = app
        self._url_prefix = url_prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on to the application, with its complete path."""
        mounted, path = scope.get("root_path", ""), scope.get("path", "")
        if not path.startswith(mounted):
            scope = {**scope, "path": mounted.removesuffix(self._url_prefix) + path}
        await self.app(scope, receive, send)
