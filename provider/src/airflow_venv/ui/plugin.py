"""Plugin that adds the page to Airflow 3.1 and later, found by its entry point `airflow.plugins`.

Every process of Airflow imports this module: schedulers, workers and each task. Therefore it imports only what they
have imported anyway. The page itself is imported when an API server requests its application.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

try:  # Airflow 3.2 and newer, whose task processes do not import the core's module
    from airflow.sdk.plugins_manager import AirflowPlugin
except ImportError:
    from airflow.plugins_manager import AirflowPlugin

from airflow_venv.ui import URL_PREFIX

__all__ = ["EnvironmentsPlugin"]

_log = logging.getLogger(__name__)


class _FastAPIApps:
    """Descriptor of `AirflowPlugin.fastapi_apps` that computes the list when it is read."""

    def __get__(self, plugin: object, owner: type | None = None) -> list[dict[str, Any]]:
        app = _application()
        return [{"app": app, "url_prefix": URL_PREFIX, "name": "Environments"}] if app else []


class _ExternalViews:
    """Descriptor of `AirflowPlugin.external_views`, with the page's link in the navigation.

    Without `url_route`, the link opens the page itself instead of a sandboxed frame.
    """

    def __get__(self, plugin: object, owner: type | None = None) -> list[dict[str, Any]]:
        if not _application():
            return []
        path = URL_PREFIX.lstrip("/")  # relative to Airflow's path, which may have a proxy's prefix
        return [
            {
                "name": "Environments",
                "href": f"{path}/",
                "destination": "nav",
                "category": "browse",
                "icon": f"{path}/static/icon-light.svg",
                "icon_dark_mode": f"{path}/static/icon-dark.svg",
            }
        ]


class EnvironmentsPlugin(AirflowPlugin):
    """The plugin: an application and a link to it."""

    name = "airflow_venv"
    fastapi_apps = _FastAPIApps()
    external_views = _ExternalViews()


@cache
def _application() -> Any:
    """Return the page's application, or None if this Airflow does not show it.

    Errors are only logged, because they must not keep an API server from starting.
    """
    # Imported here, because it imports Airflow's operators.
    from airflow_venv import _compat, config  # noqa: PLC0415

    try:
        if not _compat.HAS_EXTERNAL_VIEWS or config.option("ui") == "off":
            return None
        from airflow_venv.ui.app import application  # noqa: PLC0415 - needed in API servers only

        return application()
    except ValueError as error:
        _log.error("The page of environments is not shown: %s", error)
    except Exception:  # noqa: BLE001 - see above
        _log.exception(
            "The page of environments does not work with Airflow %s; [venv] ui = off", _compat.AIRFLOW_VERSION
        )
    return None
