"""Find everything that the requirements of a PYENV refer to: only these files enter the build step.

Paths are relative to the file that names them, as pip takes `-r` and `-c`. pip takes local packages relative to the
folder that it runs in: where there is nothing beside the file, they are looked for at the top of the context.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError
from pyenv_frontend.inputs.collector import InputCollector, ListedRequirement, Origin
from pyenv_frontend.inputs.file_options import FileOptions
from pyenv_frontend.inputs.operators import check_operator
from pyenv_frontend.inputs.refused_paths import refuse_path
from pyenv_frontend.positions import Location, SourceFile, Span
from pyenv_frontend.pyenv.context_path import is_url
from pyenv_image import pip_format
from pyenv_image.local_paths import is_file, is_lock, local_path
from pyenv_image.pip_format import decode, read_statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyenv_frontend.inputs.build_context import BuildContext
    from pyenv_frontend.pyenv.instruction import Pyenv, RequirementsFile
    from pyenv_image.pip_format import Statement

__all__ = ["DEEPEST", "RequirementInputs", "StepInputs", "located_statements", "named", "resolve_inputs"]

DEEPEST = 100
"""The depth to which `-r` and `-c` are followed."""


@dataclass(frozen=True, slots=True)
class StepInputs:
    """The files of the build context that the install step gets; paths relative to it."""

    inputs: tuple[str, ...] = ()
    """Files and folders that it reads, folders with a `/` at the end."""

    locked: tuple[str, ...] = ()
    """The `pyproject.toml`s whose dependencies a `uv.lock` decides."""

    only_groups: tuple[str, ...] = ()
    """Those that list dependencies in groups alone."""

    nested_constraints: tuple[str, ...] = ()
    """The constraints files that requirements files name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementInputs:
    """The files of the build context that one PYENV needs; paths relative to it."""

    files: tuple[str, ...]
    """Files that were read, in the order in which they are named."""

    trees: tuple[str, ...]
    """Directories and archives of local packages, and of `--find-links`; `.` is the whole context."""

    listed: tuple[ListedRequirement, ...]
    """Every requirement, in order."""

    constraints: tuple[str, ...]
    """Every requirement of constraints files."""

    contents: Mapping[str, SourceFile]
    """The files that were read, by path."""

    lists: frozenset[str] = frozenset()
    """The requirements and constraints files among them."""

    nested_constraints: tuple[str, ...] = ()
    """The constraints files that requirements files name, in order."""

    locked: tuple[str, ...] = ()
    """The `pyproject.toml`s whose dependencies a `uv.lock` decides."""

    only_groups: tuple[str, ...] = ()
    """Those that list dependencies in groups alone."""

    default_groups: tuple[str, ...] = ()
    """The groups that its locks install by themselves."""

    requires_python: tuple[ListedRequirement, ...] = ()
    """The versions of Python that its projects are for."""

    stale_lock: str = ""
    """The lock that does not fit these requirements, with the reasons: `pylock.x.toml (r.txt changed)`."""

    lock_remedy: str = ""
    """What to do about the lock that does not fit."""

    lock_to_admit: str = ""
    """What lets a lock of its name into the build context, if an ignore file leaves it out."""

    @property
    def step_inputs(self) -> StepInputs:
        """The part that the step gets."""
        return StepInputs(
            inputs=self.inputs,
            locked=self.locked,
            only_groups=self.only_groups,
            nested_constraints=self.nested_constraints,
        )

    @property
    def inputs(self) -> tuple[str, ...]:
        """Files and trees, directories with a `/` at the end; without those that lie in one of the directories."""
        trees = [tree for tree in self.trees if not _inside(tree, self.trees)]
        files = [file for file in self.files if not _inside(file, trees)]
        return (*files, *(tree if is_file(tree) else f"{tree}/" for tree in trees))


def resolve_inputs(pyenv: Pyenv, context: BuildContext) -> RequirementInputs:
    """Follow the requirements of `pyenv` to every file they name.

    Those of a trigger are in the context of another build: only the files that it names itself are known.

    Raises:
        UserError: a file is missing, leaves the context, or cannot be read; the error points at the PYENV's word, and
            for a nested file at the line that names it as well.
    """
    if pyenv.onbuild:
        return RequirementInputs(files=named(pyenv), trees=(), listed=(), constraints=(), contents={})
    collector = InputCollector(context)
    reader = _Requirements(pyenv, collector)
    reader.run()
    return RequirementInputs(
        files=tuple(collector.files),
        trees=tuple(collector.trees),
        listed=tuple(collector.listed),
        constraints=tuple(collector.constraints),
        contents=collector.files,
        lists=reader.lists,
        nested_constraints=reader.nested_constraints,
        locked=tuple(collector.locked),
        only_groups=tuple(collector.only_groups),
        default_groups=tuple(collector.default_groups),
        requires_python=tuple(collector.requires_python),
    )


def located_statements(file: SourceFile, text: str) -> Iterator[tuple[Statement, Location]]:
    """Read a requirements file: each statement, and where its value stands.

    Args:
        file: the file.
        text: what it holds, decoded.
    """
    # Locations in a file of another encoding refer to its text in UTF-8.
    shown = file if file.data == (data := text.encode("utf-8", "surrogatepass")) else SourceFile(file.name, data)
    chars = octets = 0
    for statement in read_statements(text):
        ahead = text[chars : statement.start].encode("utf-8", "surrogatepass")
        chars, octets = statement.start, octets + len(ahead)
        length = len(text[chars : statement.end].encode("utf-8", "surrogatepass"))
        yield statement, Location(shown, Span(octets, octets + length))


def named(pyenv: Pyenv) -> tuple[str, ...]:
    """Return the files that a PYENV itself names."""
    return (*(file.path for file in pyenv.requirements), *pyenv.options.constraints)


def _inside(path: str, trees: list[str] | tuple[str, ...]) -> bool:
    return any(path != tree and (tree == "." or path.startswith(f"{tree}/")) for tree in trees)


_ENCODING = "save it as UTF-8, or name its encoding in the first line: # coding: latin-1"
_LFS = b"version https://git-lfs.github.com/spec/"


class _Requirements:
    """Follows references from file to file; each file is visited once, so that cycles end."""

    def __init__(self, pyenv: Pyenv, collector: InputCollector) -> None:
        self.collector = collector
        self._pyenv = pyenv
        self._dockerfile = pyenv.instruction.file
        self._visited: dict[tuple[str, bool], None] = {}
        self._options = FileOptions(pyenv.options.installer)
        self._depth = 0

    @property
    def lists(self) -> frozenset[str]:
        return frozenset(path for path, _ in self._visited)

    @property
    def nested_constraints(self) -> tuple[str, ...]:
        named = self._pyenv.options.constraints
        return tuple(path for path, constraint in self._visited if constraint and path not in named)

    def run(self) -> None:
        for path, span in self._constraints():
            self._visit(path, Origin(Location(self._dockerfile, span)), constraint=True)
        for file in self._pyenv.requirements:
            origin = Origin(Location(self._dockerfile, file.span))
            if file.kind == "requirements":
                self._visit(file.path, origin, constraint=False)
            else:
                self._project(file, origin)
        if self._pyenv.inline is not None:
            self._inline(self._pyenv.inline)

    def _project(self, file: RequirementsFile, origin: Origin) -> None:
        # Few PYENVs name a project, and its reader takes a while to import.
        from pyenv_frontend.inputs.project_inputs import take_lock, take_project  # noqa: PLC0415

        if file.kind == "pylock":
            take_lock(self.collector, file.path, origin, self._pyenv.options)
            return
        for listed in take_project(self.collector, file.path, origin, self._pyenv.options):
            self._visit(listed, origin, constraint=False)

    def _constraints(self) -> list[tuple[str, Span]]:
        spans = [span for name, span in self._pyenv.options.spans if name == "constraint"]
        return list(zip(self._pyenv.options.constraints, spans, strict=True))

    def _inline(self, text: bytes) -> None:
        heredoc = self._pyenv.instruction.heredocs[0]
        origin = Origin(heredoc.marker.location)
        written = heredoc.content.split(b"\n")
        starts = [0]
        for row in written:
            starts.append(starts[-1] + len(row) + 1)
        # Variables change columns. If a value has line breaks, lines change too; the error is then at the marker.
        same_lines = len(written) == text.count(b"\n") + 1
        for statement, _ in self._statements(SourceFile("", text), origin):
            line = statement.line - 1
            at = origin
            if same_lines:
                at = Origin(heredoc.body.locate(starts[line], starts[line] + len(written[line])))
            self._take(statement, "", at, constraint=False)

    def _visit(self, path: str, origin: Origin, *, constraint: bool) -> None:
        if (path, constraint) in self._visited:
            return
        self._visited[path, constraint] = None
        if self._depth == DEEPEST:
            raise UserError(f"requirements files name one another more than {DEEPEST} deep", *origin.locations)
        self._depth += 1
        file = self.collector.read(path, origin)
        if file.data.startswith(_LFS):
            message = f"{origin.says(path)} is a pointer of Git LFS, and not the file itself"
            raise UserError(message, *origin.locations, hint="fetch the file before the build: git lfs pull")
        for statement, location in self._statements(file, origin):
            self._take(statement, posixpath.dirname(path), origin.at(location), constraint=constraint)
        self._depth -= 1

    def _statements(self, file: SourceFile, origin: Origin) -> Iterator[tuple[Statement, Location]]:
        """Read a requirements file: each statement, and the location of its value."""
        try:
            text = decode(file.data)
        except UnicodeDecodeError as error:
            message = f"{file.name or 'the heredoc'} is not text in {pip_format.failed_byte(error)}"
            raise UserError(message, *origin.locations, hint=_ENCODING) from None
        yield from located_statements(file, text)

    def _take(self, statement: Statement, folder: str, origin: Origin, *, constraint: bool) -> None:
        if not statement.value and pip_format.needs_value(statement.option):
            raise UserError(f"{statement.option} needs a value on its line", *origin.locations)
        match statement.kind:
            case pip_format.FILE | pip_format.CONSTRAINT:
                self._follow(
                    statement, folder, origin, constraint=constraint or statement.kind == pip_format.CONSTRAINT
                )
            case pip_format.FIND_LINKS:
                self._links(statement.value, folder, origin)
            case pip_format.REQUIREMENT | pip_format.EDITABLE:
                self._requirement(statement, folder, origin, constraint=constraint)
            case pip_format.OPTION:
                self._options.check(statement, origin, constraint=constraint)
            case pip_format.IGNORED:
                message = f"{origin.says(statement.value)} stands behind an option, where installers ignore it"
                raise UserError(message, *origin.locations, hint="write it on a line of its own")

    def _follow(self, statement: Statement, folder: str, origin: Origin, *, constraint: bool) -> None:
        # An absolute path is a file of the stage, or of a mount.
        if is_url(statement.value) or not statement.value or statement.value.startswith("/"):
            return
        refuse_path(statement.value, origin)
        path = self.collector.join(folder, statement.value, origin)
        name = posixpath.basename(path)
        if name == "pyproject.toml" or is_lock(name):
            message = f"{origin.says(statement.value)} is not a requirements file"
            raise UserError(message, *origin.locations, hint=f"name it in the PYENV: PYENV ... {path}")
        self._visit(path, origin, constraint=constraint)

    def _links(self, value: str, folder: str, origin: Origin) -> None:
        """Add a directory of wheels; an absolute one, or one of a home, is in the image, where the install runs."""
        if value and not is_url(value) and not value.startswith(("/", "~")):
            refuse_path(value, origin)
            self.collector.tree(self._local(value, folder, origin), origin)

    def _requirement(self, statement: Statement, folder: str, origin: Origin, *, constraint: bool) -> None:
        editable = statement.kind == pip_format.EDITABLE
        local = local_path(statement.value, editable=editable)
        nameless = editable or is_url(statement.value) or (local is not None and local.start == 0)
        if constraint and nameless and self._pyenv.options.installer == "uv":
            message = f"{origin.says(statement.value)} has no name, and cannot be a constraint with uv"
            hint = "write NAME==VERSION, or NAME @ and the path or address"
            raise UserError(message, *origin.locations, hint=hint)
        if local is None:
            check_operator(statement.value, origin, by_pip=self._pyenv.options.installer == "pip")
            if constraint:
                self.collector.constraints.append(statement.value)
            else:
                self.collector.listed.append(ListedRequirement(statement.value, origin))
        elif not local.path.startswith("/"):  # an absolute path is a file of the stage, or of a mount
            refuse_path(local.path, origin)
            path = self._local(local.path, folder, origin, is_project=not is_file(local.path))
            self.collector.tree(path, origin)
            if not is_file(path) and "#subdirectory=" not in statement.value[local.end :]:
                self.collector.check_project(path, origin)

    def _local(self, path: str, folder: str, origin: Origin, *, is_project: bool = False) -> str:
        """Return the path of a local package: beside the file that names it, or at the top, where most run pip.

        `-e .` in `requirements/dev.txt` means the top, where the project is.
        """
        beside = self.collector.join(folder, path, origin)
        fits = self.collector.is_project if is_project else self.collector.context.exists
        if folder and not fits(beside):
            top = posixpath.normpath(path)
            if not f"{top}/".startswith(("../", "/")) and fits("" if top == "." else top):
                return "" if top == "." else top
        return beside
