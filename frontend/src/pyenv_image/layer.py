"""Make the folder that is brought into the image, with its parents as the stage has them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping

from pyenv_image.copy import copy

if TYPE_CHECKING:
    from pyenv_image.step_options import LayerOptions

TIME = 315532800
"""1980-01-01, the time of every file: the first that all formats of archives know."""


def run(options: LayerOptions) -> None:
    """Copy a result to its place below an empty folder, with fixed times."""
    output, path = Path(options.output), Path(options.path)
    parents = json.loads((Path(options.parents) / "parents.json").read_text())
    real = Path(parents[-1]["path"] if parents else "/")
    folder = real if options.real else path.parent
    target = output / folder.relative_to("/") / path.name
    target.mkdir(parents=True)
    copy(Path(options.source), target)
    for entry in [*target.rglob("*"), target]:
        os.utime(str(entry), (TIME, TIME), follow_symlinks=False)
    for about, place in zip(reversed(parents), [folder, *folder.parents]):
        if Path(about["path"]).name != place.name:  # above a link, which is not resolved here
            break
        set_folder(output / place.relative_to("/"), about)


def set_folder(folder: Path, about: Mapping[str, Any]) -> None:
    """Give a folder the owner, mode and times that `collect` has seen."""
    os.chown(str(folder), about["uid"], about["gid"])
    folder.chmod(about["mode"])
    os.utime(str(folder), ns=(about["time"], about["time"]))
