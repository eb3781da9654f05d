"""`pyenv-frontend expand`: the Dockerfile as plain instructions, for other builders and for readers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import click

from pyenv_frontend.cli.base_facts import base_facts
from pyenv_frontend.cli.base_options import BaseOptions, base_options
from pyenv_frontend.cli.common import CommonOptions, common_options, not_allowed_with, only
from pyenv_frontend.cli.docker_image import can_merge
from pyenv_frontend.dockerfile.directives import detect_syntax
from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion import expand as expansion
from pyenv_frontend.expansion.astro_runtime import FILES
from pyenv_frontend.expansion.base_image import Base
from pyenv_frontend.expansion.layer_limit import count_layers, limit, limited_ways
from pyenv_frontend.expansion.location import HomeUnknownError
from pyenv_frontend.expansion.standalone_requirements import check_requirements
from pyenv_frontend.expansion.step_images import ImagesByName
from pyenv_frontend.lock.choice import plan_program
from pyenv_frontend.stages.analyze import has_pyenv

if TYPE_CHECKING:
    from pyenv_frontend.dockerfile import Document
    from pyenv_frontend.dockerfile.directives import Detected
    from pyenv_frontend.expansion.independence import Way
    from pyenv_frontend.expansion.libc import Libc
    from pyenv_frontend.inputs.build_context import BuildContext
    from pyenv_frontend.stages.program import Environment, Stage

__all__ = ["expand"]

_TOOLS: Final = "pyenv-frontend:dev"
_DOCKERS: Final = re.compile(r"(docker\.io/)?docker/dockerfile(-upstream)?([:@]|$)|dockerfile\.v0$")


@click.command()
@common_options
@base_options
@click.option("--tools", metavar="IMAGE", help="The frontend's image.  [default: that of the `# syntax=` line]")
@click.option("--explain", is_flag=True, help="Say on stderr how a build installs each environment, and why.")
@click.option("--standalone", is_flag=True, help="Print what needs nothing of ours: no image, no RUN --mount.")
@click.option("-o", "--output", default="-", type=click.Path(dir_okay=False), help="Write to a file instead.")
def expand(  # noqa: PLR0913 - one for each option
    common: tuple[CommonOptions, ...],
    base: BaseOptions,
    output: str,
    tools: str | None,
    *,
    explain: bool,
    standalone: bool,
) -> None:
    """Print the Dockerfile without PYENV.

    Every PYENV becomes the plain instructions that a build through the frontend would run, with the PYENV as a comment
    above them; nothing else is changed. The facts of the base image come from the Docker engine, or from the options
    --base-*. With --standalone the instructions are those of any Dockerfile: COPY, `python -m venv`, uv or pip.
    """
    if standalone:
        not_allowed_with("standalone", "tools")
    options = only(common, "expand")
    document = options.read_document()
    text = document.file.data
    if has_pyenv(document):
        expander = _FileExpander(document, options, base)
        text = expander.expand(options.context, tools, standalone=standalone).source
        for way in expander.ways(options.context, merge=base.enough or can_merge()) if explain else ():
            click.echo(str(way), err=True)
    if standalone:
        text = _without_our_syntax(text)
    with click.open_file(output, "wb") as stream:
        stream.write(text)


def _is_dockers(syntax: Detected) -> bool:
    return _DOCKERS.match(syntax.first_word.decode(errors="replace")) is not None


def _without_our_syntax(text: bytes) -> bytes:
    """Leave out a syntax line that names our image, or let it name Docker's frontend that ours would have used."""
    syntax = detect_syntax(text)
    if syntax is None or _is_dockers(syntax):
        return text
    lines = text.splitlines(keepends=True)
    dockers = re.search(rb"\sdockerfile=(\S+)", syntax.value)
    lines[syntax.line - 1] = b"# syntax=" + dockers[1] + b"\n" if dockers else b""
    return b"".join(lines)


class _FileExpander:
    """Expands one Dockerfile."""

    def __init__(self, document: Document, options: CommonOptions, base_options: BaseOptions) -> None:
        self._document = document
        self._base_options = base_options
        self._base_env = options.base_env
        self._target = options.settings.target
        self._platform = options.settings.target_platform or options.settings.build_platform
        # The engine is not asked about scratch, which has no variables.
        self._bases: dict[tuple[str, str | None], Base] = {("scratch", None): Base(reference="scratch")}
        self._program = options.read_program(document, base_variables=self._variables)

    def ways(self, context: BuildContext, *, merge: bool) -> list[Way]:
        """Return how a build installs each environment; the engine's own way to make layers decides with."""
        built = self.expand(context, None, standalone=False, to_print=False)
        layers = count_layers(self._program, self._bases, built.steps, self._target)
        return limited_ways(built.ways, built.steps, limit(layers, built.steps, merge=merge))

    def expand(
        self, context: BuildContext, tools: str | None, *, standalone: bool, to_print: bool = True
    ) -> expansion.Expansion:
        for environment in self._program.environments:
            self._check_user(environment)
        program, plans = plan_program(self._program, context, platform=self._platform, libc_of=self._libc)
        if standalone:
            for plan in plans:
                check_requirements(plan.pyenv, plan.requirements)
        needs = [plan.requirements.step_inputs for plan in plans]
        image = tools or self._syntax() or _TOOLS
        images = ImagesByName(tools_image=image, onbuild_tools=image)
        present = [name for name in FILES if context.exists(name)]
        try:
            return expansion.expand(
                program,
                self._bases,
                needs,
                images,
                locks=[plan.lock or plan.named_lock for plan in plans],
                present=present,
                to_print=to_print,
                standalone=standalone,
            )
        except HomeUnknownError as error:
            raise self._homeless(error.user) from error

    def _libc(self, stage: Stage) -> Libc | None:
        base = self._bases.get((stage.root, stage.root_platform))
        return base.libc if base is not None else None

    def _check_user(self, environment: Environment) -> None:
        """Refuse a USER that expands to nothing if its ENV is unknown: for the engine it would be root."""
        start = environment.pyenv.instruction.span.start
        if environment.state.user == "" and self._base_options.enough:
            users = [
                instruction
                for instruction in self._document.instructions
                if instruction.name == "USER" and instruction.span.start < start
            ]
            raise UserError(
                "this USER comes out empty: the base image may have the variable, and nobody is asked",
                *(instruction.arguments.location for instruction in users[-1:]),
                hint="say it with --base-env NAME=VALUE",
            )

    def _variables(self, reference: str, platform: str | None) -> dict[str, str]:
        """Return the ENV of a base image; the first call for an image finds out its facts."""
        base = base_facts(self._base_options, reference, platform, self._base_env, self._place(reference))
        self._bases[reference, platform] = base
        return dict(base.env)

    def _place(self, reference: str) -> Any:
        """Return the FROM that names an image, or the first."""
        froms = [instruction for instruction in self._document.instructions if instruction.name == "FROM"]
        named = [instruction for instruction in froms if reference.encode() in instruction.arguments.text]
        return (named or froms)[0].arguments.location

    def _syntax(self) -> str:
        """Return the image of the `# syntax=` line, unless it is Docker's own frontend, which lacks our tools."""
        syntax = detect_syntax(self._document.file.data)
        return "" if syntax is None or _is_dockers(syntax) else syntax.first_word.decode(errors="replace")

    def _homeless(self, user: str) -> UserError:
        users = [instruction for instruction in self._document.instructions if instruction.name == "USER"]
        named = [instruction for instruction in users if user.encode() in instruction.arguments.text]
        return UserError(
            f"the home of the user {user} is not known: the base image has no such user",
            *(instruction.arguments.location for instruction in named[:1]),
            hint=f"say it with --base-account {user}:UID:GID:HOME, or choose the place with PYENV --path=DIR",
        )
