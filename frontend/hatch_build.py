"""Write the stand-alone parser of PYENV lines into wheels: lark takes longer to import than most commands take."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PLACE = "pyenv_frontend/pyenv"


class ParserHook(BuildHookInterface):  # type: ignore[type-arg] # hatchling's parameter is the builder's own settings
    """Adds `_standalone.py` beside the grammar."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Generate the parser; a checkout that is installed as it is has none, and reads the grammar."""
        if version == "editable":
            return
        folder = Path(self.root, "src", _PLACE)
        parser = Path(tempfile.mkdtemp(), "_standalone.py")
        with (folder / "grammar.lark").open() as grammar, parser.open("w") as output:
            subprocess.run(
                [sys.executable, str(folder.parent / "grammar_parser.py")], stdin=grammar, stdout=output, check=True
            )
        build_data["force_include"][str(parser)] = f"{_PLACE}/_standalone.py"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the generated file, which is in the wheel by now."""
        del version, artifact_path
        for parser in build_data["force_include"]:
            if parser.endswith("/_standalone.py"):
                shutil.rmtree(Path(parser).parent)
