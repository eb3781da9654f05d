"""The `[venv]` section of Airflow's configuration: the one table of its options."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OPTIONS", "Option", "option"]


_LAST_PORT = 65535


@dataclass(frozen=True)
class Option:
    """One option of the section."""

    default: str
    allowed: tuple[str, ...]
    """The values that it takes; empty for the number of a port, or 0; `number` and `names` stand for any."""
    example: str
    version_added: str
    description: str
    """For Airflow's configuration reference, in reStructuredText."""


OPTIONS = {
    "parse_check": Option(
        default="auto",
        allowed=("auto", "strict", "off"),
        example="strict",
        version_added="0.1.0",
        description=(
            "When to look up an environment's name while a DAG is parsed. `auto`: in processes that have environments\n"
            "(an `ASTRO_PYENV_*` variable), so that an unknown name breaks the DAG at once, but not in a scheduler or\n"
            "DAG processor that runs another image than the workers. `strict`: always. `off`: when the task runs.\n"
        ),
    ),
    "free_names": Option(
        default="error",
        allowed=("error", "warn", "off"),
        example="warn",
        version_added="0.1.0",
        description=(
            "What to do, while a DAG is parsed, about names that a function uses but neither defines nor imports,\n"
            "such as a module imported at the top of the DAG file: `error` breaks the DAG and lists them with\n"
            "their lines, `warn` logs them, `off` leaves them to the task.\n"
        ),
    ),
    "debugpy": Option(
        default="0",
        allowed=(),
        example="5678",
        version_added="0.2.0",
        description=(
            "Port of 127.0.0.1 at which each task in an environment waits for an editor to attach with debugpy, which\n"
            "the environment must have; 0 for none. Only under `airflow dags test`, `airflow tasks test` and\n"
            "`dag.test()`: elsewhere a task fails if this is set.\n"
        ),
    ),
    "ui": Option(
        default="on",
        allowed=("on", "off"),
        example="off",
        version_added="0.2.0",
        description=(
            "Whether Airflow 3.1 and later show the page `Environments` (in the menu `Browse`): the environments,\n"
            "their packages, and the DAGs and tasks that use them.\n"
        ),
    ),
    "warm": Option(
        default="off",
        allowed=("on", "off"),
        example="on",
        version_added="0.2.0",
        description=(
            "Whether functions run in forks of a process that has imported what they need, where a task does not say\n"
            "so itself (`warm=`).\n"
        ),
    ),
    "warm_idle": Option(
        default="300",
        allowed=("number",),
        example="60",
        version_added="0.2.0",
        description="Seconds without a task after which a warm process ends.\n",
    ),
    "warm_memory": Option(
        default="2048",
        allowed=("number",),
        example="512",
        version_added="0.2.0",
        description="Megabytes that a warm process may hold after its imports; its tasks run cold if it needs more.\n",
    ),
    "warm_limit": Option(
        default="4",
        allowed=("number",),
        example="2",
        version_added="0.2.0",
        description=(
            "How many warm processes a user may have on a machine; the least recently used one ends for a new one.\n"
        ),
    ),
    "warm_env": Option(
        default="",
        allowed=("names",),
        example="MY_LIBRARY_SETTINGS, OTHER",
        version_added="0.2.0",
        description=(
            "Names of more variables that warm processes are started with, for libraries that read them when they\n"
            "are imported. Their values are in that process's memory, and another value makes another process.\n"
        ),
    ),
}


def option(name: str) -> str:
    """Read one option.

    Raises:
        ValueError: the configuration holds a value that the option does not take.
    """
    from airflow_venv._compat import conf  # noqa: PLC0415 - get_provider_info() needs the table only

    chosen = OPTIONS[name]
    text = str(conf.get("venv", name, fallback=chosen.default)).strip()
    if chosen.allowed == ("names",):
        return text
    value = text.lower()
    if chosen.allowed == ("number",):
        if not value.isdecimal() or not int(value):
            raise ValueError(
                f"[venv] {name} is {value!r} in Airflow's configuration; it must be a whole number above 0."
            )
        return value
    if not chosen.allowed:
        if not (value.isdecimal() and int(value) <= _LAST_PORT):
            raise ValueError(
                f"[venv] {name} is {value!r} in Airflow's configuration; it must be a port, or 0 for none."
            )
    elif value not in chosen.allowed:
        raise ValueError(
            f"[venv] {name} is {value!r} in Airflow's configuration; it must be one of {', '.join(chosen.allowed)}."
        )
    return value
