"""Read which rules are on, from `# check=` and from the build argument `BUILDKIT_DOCKERFILE_CHECK`.

The build argument replaces the directive at the top of the file. A comment directly above an instruction is added to
the settings of that instruction. Source of truth: BuildKit's linter (`ParseLintOptions`) and `dockerfile2llb`
(`newRuleLinter`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pyenv_frontend.dockerfile import Comment, Instruction
from pyenv_frontend.dockerfile.directives import detect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.dockerfile import Document

__all__ = ["BUILD_ARG", "LintConfig", "config_of", "parse_config"]

BUILD_ARG: Final = "BUILDKIT_DOCKERFILE_CHECK"

_COMMENT: Final = re.compile(r"#\s*check\s*=\s*(.+?)\s*", re.IGNORECASE)
_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LintConfig:
    """One `check` setting."""

    skip: frozenset[str] = frozenset()
    """Names of rules that are off; `all` stands for all rules."""

    error: bool = False
    """Whether warnings fail the build."""

    def wants(self, rule: str) -> bool:
        """Return whether a rule is on."""
        return not self.skip & {rule, "all"}

    def and_also(self, other: LintConfig) -> LintConfig:
        """Return the combination of two settings: what either skips is skipped."""
        return LintConfig(skip=self.skip | other.skip, error=self.error or other.error)


def parse_config(text: str) -> LintConfig:
    """Parse a setting such as `skip=A,B;error=true`. Unknown options are ignored, because the engine reports them."""
    options = {key.strip(): value.strip() for key, _, value in (part.partition("=") for part in text.split(";"))}
    skip = frozenset(name.strip() for name in options.get("skip", "").split(",") if name.strip())
    return LintConfig(skip=skip, error=options.get("error", "") in _TRUE)


def config_of(document: Document, build_args: Mapping[str, str]) -> LintConfig:
    """Return the setting of the whole file.

    Args:
        document: the Dockerfile.
        build_args: the build arguments, which may contain `BUILDKIT_DOCKERFILE_CHECK`.
    """
    override = build_args.get(BUILD_ARG)
    if override:
        return parse_config(override)
    directive = detect(document.file.data, "check")
    return parse_config(directive.value.decode(errors="replace")) if directive else LintConfig()


def configs_above(document: Document) -> dict[int, LintConfig]:
    """Return the settings of comments directly above an instruction, by the instruction's start offset in bytes."""
    configs: dict[int, LintConfig] = {}
    pending = LintConfig()
    for node in document.nodes:
        if isinstance(node, Comment):
            match = _COMMENT.fullmatch(node.text.decode(errors="replace").strip())
            pending = pending.and_also(parse_config(match[1])) if match else pending
            continue
        if isinstance(node, Instruction) and pending != LintConfig():
            configs[node.span.start] = pending
        pending = LintConfig()
    return configs
