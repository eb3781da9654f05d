"""The plugin that brings the page into Airflow 3.1 and later, by the entry point `airflow.plugins`.

Every process of Airflow imports this module: schedulers, workers and each task. So it imports nothing that they do not
have already; the page itself is imported when an API server asks for its application.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

try:  # Airflow 3.2 and newer, where a task's process has this module and not the core's
    from airflow.sdk.plugins_manager import AirflowPlugin
except ImportError:
    from airflow.plugins_manager import AirflowPlugin

from airflow_venv.ui import URL_PREFIX

__all__ = ["EnvironmentsPlugin"]

_log = logging.getLogger(__name__)


class _FastAPIApps:
    """A list of Airflow's that is made when it is read, of the class or of an object."""

    def __get__(self, plugin: object, owner: type | None = None) -> list[dict[str, Any]]:
        app = _application()
        return [{"app": app, "url_prefix": URL_PREFIX, "name": "Environments"}] if app else []


class _ExternalViews:
    """The entry of the navigation; without `url_route` the link opens the page itself, not a sandboxed frame."""

    def __get__(self, plugin: object, owner: type | None = None) -> list[dict[str, Any]]:
        if not _application():
            return []
        path = URL_PREFIX.lstrip("/")  # relative to Airflow's own path, which a proxy may have given a prefix
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
    """What Airflow asks a plugin for; everything else it has from its parent, empty."""

    name = "airflow_venv"
    fastapi_apps = _FastAPIApps()
    external_views = _ExternalViews()


@cache
def _application() -> Any:
    """Return the page's application; None if this Airflow does not show it.

    Whatever is wrong here must not keep an API server from starting.
    """
    # Imported here, since it imports Airflow's operators.
    from airflow_venv import _compat, config  # noqa: PLC0415

    try:
        if not _compat.HAS_EXTERNAL_VIEWS or config.option("ui") == "off":
            return None
        from airflow_venv.ui.app import application  # noqa: PLC0415 - in an API server alone

        return application()
    except ValueError as error:
        _log.error("The page of environments is not shown: %s", error)
    except Exception:  # noqa: BLE001 - see above
        _log.exception(
            "The page of environments does not work with Airflow %s; [venv] ui = off", _compat.AIRFLOW_VERSION
        )
    return None
