"""Parse an instruction into a `Pyenv`: the grammar reads its form, other modules read the values; positions are kept.

Functions for values raise `InvalidValue` without a position; here it becomes a `UserError` at the word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn, Protocol

from pyenv_frontend.dockerfile.whitespace import is_space
from pyenv_frontend.dockerfile.words import expand_heredoc
from pyenv_frontend.errors import UserError, printable
from pyenv_frontend.pyenv.consistency import check_locks, check_projects
from pyenv_frontend.pyenv.context_path import context_path, kind_of
from pyenv_frontend.pyenv.grammar import LineSyntaxError, Word, parse_line
from pyenv_frontend.pyenv.instruction import Pyenv, RequirementsFile
from pyenv_frontend.pyenv.invalid_value import InvalidValue
from pyenv_frontend.pyenv.names import parse_name
from pyenv_frontend.pyenv.options import OPTIONS, build_options, find_option, read_value
from pyenv_frontend.pyenv.versions import looks_like_version, parse_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyenv_frontend.dockerfile import Instruction
    from pyenv_frontend.dockerfile.words import Expanded
    from pyenv_frontend.positions import Location, Logical, Span
    from pyenv_frontend.pyenv.grammar import Line
    from pyenv_frontend.pyenv.instruction import EnvironmentName, PythonVersion
    from pyenv_frontend.pyenv.options import OptionSpec, OptionValue

__all__ = ["UNSET", "USAGE", "Variables", "parse_pyenv"]

UNSET = "is not set here"
"""The end of messages about a variable without a value."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_VERSION = "the Python version"
_NAME = "the environment's name"


class Variables(Protocol):
    """The variables in force where a PYENV stands."""

    def get(self, name: str) -> str | None:
        """Return the value of a variable, or None if it is unset."""
        ...

    def expand(self, word: Logical) -> Expanded:
        """Expand a word.

        Raises:
            WordError: The word is wrong.
        """
        ...

    def unset_behind(self, names: Iterable[str]) -> frozenset[str]:
        """Return the variables that are not set among these and among those that their values depend on."""
        ...

    def hint_for_unset(self, name: str) -> str:
        """Return what to write so that a variable is set."""
        ...


USAGE = "PYENV [--option[=value] ...] <python-version> <venv-name> [<requirements> ...]"


def parse_pyenv(instruction: Instruction, variables: Variables) -> Pyenv:
    """Read a PYENV or ONBUILD PYENV with the variables in force.

    Raises:
        UserError: it is wrong; the error points at the word.
    """
    trigger = instruction.trigger
    keyword = (trigger or instruction.command).keyword
    line = instruction.arguments if trigger else instruction.logical
    reader = _PyenvReader(instruction, _behind(line, keyword), variables)
    return reader.pyenv(keyword.text.decode(), onbuild=trigger is not None)


def _behind(line: Logical, keyword: Logical) -> Logical:
    """Return what follows the keyword, without blanks at its ends."""
    text = _narrow(line.text)
    start = line.text.index(keyword.text) + len(keyword)
    return line.slice(start + len(text[start:]) - len(text[start:].lstrip()), len(text.rstrip()))


def _narrow(text: bytes) -> str:
    """Return the text with one character for each byte, and every wide blank as ASCII blanks; the offsets stay."""
    if text.isascii():
        return text.decode()
    decoded = text.decode("utf-8", "surrogateescape")
    spaced = "".join(" " * len(char.encode()) if is_space(char) else char for char in decoded)
    return spaced.encode("utf-8", "surrogateescape").decode("latin-1")


class _PyenvReader:
    """Reads the words of one line."""

    def __init__(self, instruction: Instruction, text: Logical, variables: Variables) -> None:
        self._instruction = instruction
        self._text = text
        self._variables = variables
        # A trigger is read by itself when it fires, with a backslash.
        self._escape = "\\" if instruction.name == "ONBUILD" else instruction.escape.decode()

    def pyenv(self, keyword: str, *, onbuild: bool) -> Pyenv:
        line = self._line()
        self._check_order(line)
        options = build_options(self._options(line))
        version = self._version(line.version, any_series=options.from_ is not None)
        name = self._name(line.name)
        requirements = tuple(self._requirements(line))
        check_projects(options, requirements, self._instruction.file)
        pyenv = Pyenv(
            instruction=self._instruction,
            keyword=keyword,
            version=version,
            name=name,
            requirements=requirements,
            inline=self._inline(line),
            options=options,
            onbuild=onbuild,
        )
        check_locks(pyenv)
        return pyenv

    # Places.

    def _logical(self, word: Word) -> Logical:
        return self._text.slice(word.start, word.end)

    def _at(self, word: Word) -> Location:
        # An empty word (`--from=`) is shown by the character before it.
        return self._text.locate(word.start if word.text else max(word.start - 1, 0), word.end)

    def _span(self, word: Word) -> Span:
        return self._at(word).span

    def _fail(self, error: InvalidValue, word: Word) -> NoReturn:
        raise UserError(error.message, self._at(word), expected=error.expected, hint=error.hint) from error

    # Form.

    def _line(self) -> Line:
        text = _narrow(self._text.text)
        try:
            return parse_line(text, escape=self._instruction.escape.decode())
        except LineSyntaxError as error:
            raise self._syntax_error(error, text) from error

    def _syntax_error(self, error: LineSyntaxError, text: str) -> UserError:
        for name in re.findall(r"(?:^|(?<=\s))--([A-Za-z][\w-]*)", text):
            self._known_option(name, text)
        if not text:
            place = (self._instruction.trigger or self._instruction.command).keyword.location
            return UserError("PYENV has neither a version nor a name", place, expected=USAGE)
        place = self._text.locate(min(error.offset, len(text) - 1), max(error.offset + 1, len(text)))
        quote = text[error.offset : error.offset + 1]
        if quote in {'"', "'"} and quote:
            return UserError(f"this quote is never closed: {quote}", place, hint=f"add the missing {quote}")
        if "NAME" in error.expected or error.expected == {"_SPACE"}:
            return self._one_word(text)
        return UserError("PYENV has no Python version", self._text.location, expected=USAGE)

    def _known_option(self, name: str, text: str) -> None:
        """Report an unknown option instead of a syntax error that follows from it."""
        try:
            find_option(name)
        except InvalidValue as error:
            start = text.index(f"--{name}") + 2
            self._fail(error, Word(name, start))

    def _one_word(self, text: str) -> UserError:
        """Return the error for a version without a name, or a name without a version."""
        word = text.rsplit(maxsplit=1)[-1]
        if word.startswith("--"):
            return UserError("PYENV has no Python version", self._text.location, expected=USAGE)
        if looks_like_version(word) or "$" in word:
            message, hint = "the environment has no name", f"write PYENV {_written(text)} <name>"
        else:
            message, hint = "PYENV has no Python version", f"write PYENV 3.12 {_written(text)}"
        return UserError(message, self._text.location, expected=USAGE, hint=hint)

    def _check_order(self, line: Line) -> None:
        version, name = line.version.text, line.name.text
        self._check_last_option(line)
        if version.startswith("["):
            self._fail(
                InvalidValue("PYENV has no JSON form", hint="write the words with blanks between them"), line.version
            )
        if looks_like_version(name) and not (looks_like_version(version) or version[0] in "-$\"'\xe2"):
            place = self._text.locate(line.version.start, line.name.end)
            rest = "".join(f" {word.text}" for word in (*line.requirements, *line.heredocs))
            raise UserError(
                "version and name are swapped", place, hint=f"write PYENV {_written(f'{name} {version}{rest}')}"
            )
        if line.ended:
            return
        for word in (line.version, line.name, *line.requirements):
            if word.text.startswith("--"):
                message = f"{_written(word.text)} comes after the Python version, where options are not read"
                before = version if word is not line.version else "<version>"
                hint = f"write PYENV {_written(f'{word.text} {before}')} ..."
                raise UserError(message, self._at(word), expected=USAGE, hint=hint)

    def _check_last_option(self, line: Line) -> None:
        """`--installer pip`: the value stands where the version should, and that would be the error."""
        last = line.options[-1] if line.options and not line.ended else None
        if last is None or last.value is not None or looks_like_version(line.version.text):
            return
        spec = next((row for row in OPTIONS if row.name == last.name.text), None)
        if spec and spec.kind != "switch":
            value = _written(line.version.text.removeprefix("=") or line.name.text)
            hint = f"write --{spec.name}={value}"
            self._fail(InvalidValue(f"--{spec.name} needs a value", expected=spec.usage, hint=hint), last.name)

    # Values.

    def _expand(self, word: Word, what: str) -> str:
        expanded = self._variables.expand(self._logical(word))
        if not expanded.value:
            raise self._empty(word, what, expanded)
        return self._printable(expanded.value, word)

    def _printable(self, value: str, word: Word) -> str:
        """Refuse a line break in a value: it would break the generated line in two."""
        if odd := _CONTROL.search(value):
            self._fail(
                InvalidValue(f"the value of {_written(word.text)} has a control character in it ({odd[0]!r})"), word
            )
        return value

    def _empty(self, word: Word, what: str, expanded: Expanded) -> UserError:
        unset = sorted(expanded.unset) or sorted(self._variables.unset_behind(expanded.used))
        message = f"{what} is empty" + (f": {unset[0]} {UNSET}" if unset else "")
        needed = what in {_VERSION, _NAME}
        hint = "give it a value" if needed else "give it a value, or leave it out"
        hint = self._variables.hint_for_unset(unset[0]) if unset else hint
        return UserError(message, self._at(word), hint=hint)

    def _version(self, word: Word, *, any_series: bool) -> PythonVersion:
        text = self._expand(word, _VERSION)
        try:
            return parse_version(text, self._span(word), any_series=any_series)
        except InvalidValue as error:
            self._fail(error, word)

    def _name(self, word: Word) -> EnvironmentName:
        text = word.text if word.text.startswith("<<") else self._expand(word, _NAME)
        try:
            return parse_name(text, self._span(word))
        except InvalidValue as error:
            self._fail(error, word)

    def _requirements(self, line: Line) -> Iterator[RequirementsFile]:
        for word in line.requirements:
            text = self._expand(word, "the name of the requirements file")
            if word.text.startswith("<<"):
                self._fail(InvalidValue("this heredoc has no word that ends it", expected="<<EOF"), word)
            if text.startswith("-") and not line.ended:
                hint = "name the requirements files alone"
                self._fail(InvalidValue(f"{text} is an option of pip, not a file", hint=hint), word)
            try:
                path = context_path(text)
                yield RequirementsFile(path=path, kind=kind_of(path), span=self._span(word))
            except InvalidValue as error:
                self._fail(error, word)

    def _inline(self, line: Line) -> bytes | None:
        heredocs = self._instruction.heredocs
        if len(line.heredocs) != len(heredocs):
            raise UserError("this heredoc cannot be read", self._at(line.heredocs[-1]), expected="<<EOF")
        if len(heredocs) > 1:
            again = heredocs[1].marker.location
            raise UserError(
                "PYENV takes one heredoc", again, hint="put all inline requirements between one pair of words"
            )
        if not heredocs:
            return None
        heredoc = heredocs[0]
        if not heredoc.expand:
            return heredoc.content
        expanded = expand_heredoc(heredoc.body, self._variables.get)
        for name in sorted(expanded.unset):
            place = _plain_use(heredoc.body, name)
            if place is not None:
                literal = f"<<'{heredoc.name.decode()}' in quotes leaves every $ as it is"
                hint = f"{self._variables.hint_for_unset(name)}; {literal}"
                raise UserError(f"the requirements refer to {name}, which {UNSET}", place, hint=hint)
        return expanded.value.encode("utf-8", "surrogateescape")

    # Options.

    def _options(self, line: Line) -> Iterator[tuple[OptionSpec, OptionValue, Span]]:
        seen: dict[str, Word] = {}
        for option in line.options:
            whole = self._option_word(option.name, option.value)
            try:
                spec = find_option(_written(option.name.text))
            except InvalidValue as error:
                self._fail(error, option.name)
            if spec.name in seen and not spec.repeatable:
                raise UserError(f"--{spec.name} is given twice", self._at(whole), self._at(seen[spec.name]))
            seen[spec.name] = whole
            yield spec, self._option(spec, option.value, whole), self._span(whole)

    @staticmethod
    def _option_word(name: Word, value: Word | None) -> Word:
        text = f"--{name.text}" if value is None else f"--{name.text}={value.text}"
        return type(name)(text, name.start - 2)

    def _option(self, spec: OptionSpec, value: Word | None, whole: Word) -> OptionValue:
        text: str | None = None
        if value is not None:
            logical = self._logical(value)
            expanded = self._variables.expand(logical)
            text = expanded.value if spec.expands else logical.text.decode("utf-8", "surrogateescape")
            if value.text and not text:
                raise self._empty(value, f"the value of --{spec.name}", expanded)
            self._printable(text, value)
        try:
            return read_value(spec, text, self._escape)
        except InvalidValue as error:
            self._fail(error, value if value is not None and value.text else whole)


def _written(text: str) -> str:
    """Return a part of the line as the user sees it."""
    return printable(text.encode("latin-1"))


def _plain_use(body: Logical, name: str) -> Location | None:
    """Return where a text uses a variable without a default, which would expand to nothing if it is unset."""
    word = re.escape(name.encode("utf-8", "surrogateescape"))
    end = rb"(?![A-Za-z0-9_])" if name[0].isalpha() or name[0] == "_" else b""
    match = re.search(rb"(?<!\\)\$(?:%b%b|\{%b\})" % (word, end, word), body.text)
    return body.locate(*match.span()) if match else None
