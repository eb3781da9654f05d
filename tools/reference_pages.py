"""Generate the reference of PYENV from the grammar, the options, the settings of pip and uv, and the rules.

`python -m tools.reference_pages` writes the pages. They are in the repository, and a test compares them with the output
of this module.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from pyenv_frontend.lint.ruleset import RULES, Rule
from pyenv_frontend.pyenv.options import OPTIONS, OptionSpec
from pyenv_frontend.pyenv.parser import USAGE
from pyenv_frontend.pyenv.versions import SERIES
from pyenv_image.installer_settings import INVERTED, PIP_SETTINGS, UV_SETTINGS, PipSetting, UvSetting

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["main", "pages"]

_NOTE = "<!-- Made by `python -m tools.reference_pages`; edit the tables in that package instead. -->\n"


def pages() -> dict[str, str]:
    """Return the text of each page, by its path relative to the root of the repository."""
    pages = {
        "docs/reference/pyenv.md": _instruction(),
        "docs/reference/installer-settings.md": _settings(),
        "docs/reference/rules/README.md": _rules(),
    }
    return pages | {rule.page: _rule(rule) for rule in RULES}


def main(root: str = ".") -> None:
    """Write the pages into the folder `root`."""
    for path, text in pages().items():
        place = Path(root) / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")


def _instruction() -> str:
    grammar = files("pyenv_frontend.pyenv").joinpath("grammar.lark").read_text("utf-8").strip()
    text = Path(__file__).with_name("reference_page.md").read_text("utf-8")
    return _NOTE + text.format(
        usage=USAGE,
        grammar=grammar,
        options="\n".join(map(_option, OPTIONS)),
        series="\n".join(f"| {series.minor} | {series.end_of_life.isoformat()} |" for series in SERIES.values()),
        rules="\n".join(f"- [{rule.name}](rules/{rule.name}.md): {rule.summary}." for rule in RULES),
    )


def _option(spec: OptionSpec) -> str:
    again = " May be repeated." if spec.repeatable else ""
    return f"### `{spec.usage}`\n\n{spec.doc}{again} Default: {spec.default}.\n"


def _settings() -> str:
    """Return the page with the effect of each setting of pip and uv."""
    text = Path(__file__).with_name("settings_page.md").read_text("utf-8")
    return _NOTE + text.format(
        pip=_rows(_pip_row(setting) for setting in PIP_SETTINGS if not setting.meaningless),
        pip_meaningless=_rows(_meaningless_row(setting) for setting in PIP_SETTINGS if setting.meaningless),
        uv=_rows(_uv_row(setting) for setting in UV_SETTINGS if not setting.meaningless),
        uv_meaningless=_rows(_meaningless_row(setting) for setting in UV_SETTINGS if setting.meaningless),
    )


def _rows(rows: Iterable[str]) -> str:
    return "\n".join(rows)


def _pip_row(setting: PipSetting) -> str:
    names = ", ".join(f"`{name}`" for name in (setting.name, *setting.aliases))
    targets = ", ".join(f"`{target.format('NAME')}`" for target in setting.uv)
    in_files = "yes" if setting.in_files else ""
    inverted = "; `0` turns it on, as in pip" if setting.kind == INVERTED else ""
    uv = targets or (f"no effect: {setting.uv_error}" if setting.uv_error else f"not needed: {setting.uv_unneeded}")
    return f"| {names} | {in_files} | holds{inverted} | {uv} |"


def _meaningless_row(setting: PipSetting | UvSetting) -> str:
    return f"| `{setting.name}` | {setting.meaningless} |"


def _uv_row(setting: UvSetting) -> str:
    arguments = ", ".join(f"`{argument.format('NAME')}`" for argument in setting.arguments)
    return f"| `{setting.name}` | {f'holds, as {arguments}' if arguments else 'holds'} |"


def _rules() -> str:
    rows = "\n".join(f"| [{rule.name}]({rule.name}.md) | {rule.summary} |" for rule in RULES)
    return f"""{_NOTE}# Warnings

A Dockerfile that is right may still hold a surprise. These rules report it in the summary of a build, in
`docker build --check` and in `pyenv-frontend check`.

| rule | what it says |
|---|---|
{rows}

They are switched off as Docker's own: `# check=skip=RULE,RULE` on top of the file for all of it, the same comment right
above an instruction for that one, or the build-arg `BUILDKIT_DOCKERFILE_CHECK=skip=RULE`. `skip=all` switches
everything off; `error=true` makes advice fail the build.
"""


def _rule(rule: Rule) -> str:
    return f"""{_NOTE}# {rule.name}

{rule.summary}.

{rule.why}

Gets the warning:

```Dockerfile
{rule.bad.rstrip()}
```

Does not:

```Dockerfile
{rule.good.rstrip()}
```

Switch it off with `# check=skip={rule.name}`, on top of the file or right above the instruction.
"""


if __name__ == "__main__":
    main(*sys.argv[1:])
