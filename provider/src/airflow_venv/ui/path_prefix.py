"""The path that a reverse proxy has put Airflow under, whether it passes the path on or takes it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["PathPrefix"]


class PathPrefix:
    """ASGI middleware that completes a request's path where a proxy has taken Airflow's own from it.

    Airflow is content with either; an application that is mounted in it is not, since the path of such a request does
    not begin with that of the application.
    """

    def __init__(self, app: ASGIApp, url_prefix: str) -> None:
        self.app = app
        self._url_prefix = url_prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        mounted, path = scope.get("root_path", ""), scope.get("path", "")
        if not path.startswith(mounted):
            scope = {**scope, "path": mounted.removesuffix(self._url_prefix) + path}
        await self.app(scope, receive, send)
