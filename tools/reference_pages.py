"""The reference of PYENV, made from the grammar, the option table and the rules.

`python -m tools.reference_pages` writes the pages. They are kept in the repository; a test compares them
with what this module makes.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

from pyenv_frontend.lint.ruleset import RULES, Rule
from pyenv_frontend.pyenv.options import OPTIONS, OptionSpec
from pyenv_frontend.pyenv.parser import USAGE
from pyenv_frontend.pyenv.versions import SERIES

__all__ = ["main", "pages"]

_NOTE = "<!-- Made by `python -m tools.reference_pages`; edit the tables in that package instead. -->\n"


def pages() -> dict[str, str]:
    """Every page by its path from the top of the project."""
    found = {"docs/reference/pyenv.md": _instruction(), "docs/reference/rules/README.md": _rules()}
    return found | {rule.page: _rule(rule) for rule in RULES}


def main(root: str = ".") -> None:
    """Write the pages below `root`."""
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
        series="\n".join(f"| {each.minor} | {each.end_of_life.isoformat()} |" for each in SERIES.values()),
        rules="\n".join(f"- [{rule.name}](rules/{rule.name}.md): {rule.summary}." for rule in RULES),
    )


def _option(spec: OptionSpec) -> str:
    again = " May be repeated." if spec.repeatable else ""
    return f"### `{spec.usage}`\n\n{spec.doc}{again} Default: {spec.default}.\n"


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
