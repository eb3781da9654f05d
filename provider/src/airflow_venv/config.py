"""The ``[venv]`` section of Airflow's configuration: each option, its default and its allowed values."""

from __future__ import annotations

from airflow_venv._compat import conf

__all__ = ["OPTIONS", "option"]

OPTIONS = {
    "parse_check": ("auto", ("auto", "strict", "off")),
    "free_names": ("error", ("error", "warn", "off")),
}
"""Option to (default, allowed values); what they mean stands in ``provider.yaml``."""


def option(name: str) -> str:
    """Read one option.

    Raises:
        ValueError: the configuration holds a value that the option does not have.
    """
    default, allowed = OPTIONS[name]
    value = str(conf.get("venv", name, fallback=default)).strip().lower()
    if value not in allowed:
        raise ValueError(
            f"[venv] {name} is {value!r} in Airflow's configuration; it must be one of {', '.join(allowed)}."
        )
    return value
