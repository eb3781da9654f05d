"""The command line of the build steps: one subcommand a step, its options in the words of the PYENV reference."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pyenv_image import copy, environment, graft, selfcheck
from pyenv_image.failure import StepError


def main(arguments: list[str]) -> None:
    """Run one step; a failure is one sentence on stderr and exit code 1."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except StepError as error:
        sys.stdout.flush()
        sys.exit(f"error: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pyenv", allow_abbrev=False)
    steps = parser.add_subparsers(required=True, metavar="STEP")

    step = steps.add_parser("graft", help="copy an interpreter into this image", allow_abbrev=False)
    step.add_argument("--source", type=Path, required=True, help="the prefix it is copied from")
    step.add_argument("--prefix", type=Path, required=True, help="the prefix it gets here")
    step.add_argument("--link", type=Path, help="where PATH shall find it")
    step.set_defaults(run=graft.run)

    step = steps.add_parser("selfcheck", help="import what every program expects of its Python", allow_abbrev=False)
    step.set_defaults(run=selfcheck.run)

    step = steps.add_parser("copy", help="take an environment over from another stage", allow_abbrev=False)
    step.add_argument("--name", required=True)
    step.add_argument("--source", type=Path, required=True, help="where it is mounted")
    step.add_argument("--path", type=Path, required=True)
    step.add_argument("--user", default="0", help="whose folder it is put into, as USER spells it")
    step.add_argument("--home", help="the stage's ENV HOME, where it sets one")
    step.set_defaults(run=copy.run)

    step = steps.add_parser("environment", help="make a virtual environment", allow_abbrev=False)
    step.add_argument("--name", required=True)
    step.add_argument("--path", type=Path, required=True)
    step.add_argument(
        "--user", default="0", help="who owns it, as USER spells it: name or number, with :group or without"
    )
    step.add_argument("--home", help="the stage's ENV HOME, where it sets one")
    step.add_argument("--installer", choices=["uv", "pip"], default="uv")
    step.add_argument(
        "--requirements", type=Path, action="append", default=[], help="a requirements file or pylock.toml"
    )
    step.add_argument("--require", action="append", default=[], help="a line of requirements, as in a file")
    step.add_argument("--project", type=Path, action="append", default=[], help="a pyproject.toml")
    step.add_argument("--locked", type=Path, action="append", default=[], help="a project whose uv.lock decides")
    step.add_argument("--constraint", type=Path, action="append", default=[])
    step.add_argument("--extra", action="append", default=[])
    step.add_argument("--group", action="append", default=[])
    step.add_argument("--system-site-packages", action="store_true")
    step.add_argument("--no-compile", dest="compile", action="store_false")
    step.add_argument("--python", default=sys.executable, help="the interpreter it is for; default: this one")
    step.add_argument("--uv", type=Path, default=environment.TOOLS / "uv")
    step.add_argument("--context", type=Path, default=environment.CONTEXT, help="what files are relative to")
    step.add_argument("--here", action="store_true", help="outside an image: with the caches of this user")
    step.add_argument("--selfcheck", action="store_true", help="check this interpreter first: nobody has yet")
    step.set_defaults(run=environment.run)
    return parser
