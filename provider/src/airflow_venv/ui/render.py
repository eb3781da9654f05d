"""Render HTML from the templates of this folder. All values are escaped, and an undefined name is an error."""

from __future__ import annotations

from datetime import date, datetime, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

if TYPE_CHECKING:
    from airflow_venv.environments.disk_size import DiskSize

__all__ = ["STATIC", "compile_templates", "render", "size_text"]

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
"""The folder of the stylesheet, the script and the icons."""


def compile_templates() -> None:
    """Compile all templates in advance, so that the first page does not have to wait."""
    for name in _templates().list_templates():
        _templates().get_template(name)


def render(template: str, **values: Any) -> str:
    """Return the HTML of a template.

    Args:
        template: the name of its file.
        values: the values of its variables, apart from `today`.
    """
    return _templates().get_template(template).render(today=datetime.now(timezone.utc).date(), **values)


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(size=size_text, day=_day, moment=_moment, count=_count)
    return environment


def size_text(size: DiskSize) -> str:
    """Format a size with a decimal unit, such as `412 MB`, or `at least 412 MB` if not all files could be measured."""
    power = next((power for power in (0, 1, 2) if size.bytes < 1000 ** (power + 1)), 3)
    number = f"{size.bytes / 1000**power:.{int(power == 3)}f}"
    return f"{'' if size.is_whole else 'at least '}{number} {('B', 'kB', 'MB', 'GB')[power]}"


def _day(day: date) -> str:
    """Format a day, such as `31 Oct 2028`."""
    return f"{day.day} {day:%b %Y}"


def _moment(moment: datetime) -> str:
    """Format a time in UTC, such as `31 Oct 2028, 13:05 UTC`."""
    moment = moment.astimezone(timezone.utc)
    return f"{_day(moment)}, {moment:%H:%M} UTC"


def _count(number: int, thing: str) -> str:
    """Format a number of things, such as `1 task` or `2 tasks`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
