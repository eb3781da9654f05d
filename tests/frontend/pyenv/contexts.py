"""A build context in memory, and short ways to read one PYENV."""

import posixpath

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.inputs.build_context import NotInContextError
from pyenv_frontend.inputs.resolve import resolve_inputs
from pyenv_frontend.stages.analyze import read


class Files:
    """Files by path; those in `ignored` cannot be read.

    `reads` has the paths that were read.
    """

    def __init__(self, files=None, ignored=(), **more):
        texts = (files or {}) | more
        self.files = {path: text if isinstance(text, bytes) else text.encode() for path, text in texts.items()}
        self.left_out = set(ignored)
        self.reads = []
        self.links = {}

    def read(self, path):
        self.reads.append(path)
        if path not in self.files or path in self.left_out:
            raise NotInContextError(path)
        return self.files[path]

    def exists(self, path):
        return any(file == path or file.startswith(f"{path}/") for file in self.files if file not in self.left_out)

    def names(self, folder):
        prefix = posixpath.join(folder, "") if folder else ""
        inside = [file.removeprefix(prefix) for file in self.files if file.startswith(prefix)]
        return tuple(sorted({file.partition("/")[0] for file in inside}))

    def link_target(self, path):
        return self.links.get(path, "")

    def ignored_by(self, path):
        return ".dockerignore" if path in self.left_out else ""


def environment(lines):
    """Return the PYENV of a file with one stage, and the stage's state."""
    (only,) = read(parse(b"FROM base\n" + lines.encode())).environments
    return only


def pyenv(line):
    """Return the PYENV of a file with one stage."""
    return environment(line).pyenv


def closure(line, files=None, **more):
    """Return the files that a PYENV line refers to in a context of these files."""
    return resolve_inputs(pyenv(line), files if isinstance(files, Files) else Files(files, **more))
