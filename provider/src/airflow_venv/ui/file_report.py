"""Write the environments to a single HTML file that needs no server, for Airflow 2 and for archives."""

from __future__ import annotations

import socket
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from markupsafe import Markup

from airflow_venv.environments.inventory import read_details
from airflow_venv.environments.lookup import pyenv_line
from airflow_venv.ui.render import STATIC, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_venv.environments.usage import EnvironmentUse

__all__ = ["html_file"]


def html_file(title: str, uses: Sequence[EnvironmentUse]) -> str:
    """Return the HTML, which includes its style and loads nothing else.

    Args:
        title: the title of the page.
        uses: the environments with the tasks that use them.
    """
    return render(
        "file.html",
        title=title,
        uses=uses,
        style=Markup((STATIC / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        host=socket.gethostname(),
        made_at=datetime.now(timezone.utc),
        pyenv_line=pyenv_line,
        read_details=read_details,
    )
