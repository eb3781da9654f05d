"""The value of `$NAME` at some point of a Dockerfile.

Source of truth: BuildKit's dockerfile2llb (buildMetaArgs, dispatchArg, dispatchEnv). In short: ARGs before the first
FROM are seen by FROM alone, until a stage says `ARG NAME`; build-args replace defaults; ARG and ENV write into one
list, where the last one wins; a stage based on a stage starts with what that one ended with, its ARGs included.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.dockerfile.directives import DEFAULT_ESCAPE
from pyenv_frontend.dockerfile.words import WordError, assignments, expand
from pyenv_frontend.errors import did_you_mean
from pyenv_frontend.stages.program import StageState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pyenv_frontend.dockerfile.command import Command
    from pyenv_frontend.dockerfile.words import Expanded
    from pyenv_frontend.positions import Logical

__all__ = ["CHANGES", "GlobalScope", "Scope", "after_triggers", "platform_variables"]


def platform_variables(build: str, target: str, stage: str) -> dict[str, str]:
    """Return the ARGs that every Dockerfile has before its first line.

    Args:
        build: the platform that builds, such as `linux/amd64`.
        target: the platform that is built for.
        stage: the name of the stage that is built, empty if it has none.
    """
    variables = {"TARGETSTAGE": stage or "default"}
    for prefix, text in (("BUILD", build), ("TARGET", target)):
        system, _, rest = text.partition("/")
        architecture, _, variant = rest.partition("/")
        variables |= {
            f"{prefix}PLATFORM": text,
            f"{prefix}OS": system,
            f"{prefix}OSVERSION": "",
            f"{prefix}ARCH": architecture,
            f"{prefix}VARIANT": variant,
        }
    return variables


class GlobalScope:
    """The variables of FROM: the platform's, and the ARGs before the first FROM.

    Args:
        values: the platform's variables; a build-arg of the same name takes precedence, as in Docker.
        build_args: the build arguments.
        escape: the file's escape token.
    """

    __slots__ = ("build_args", "escape", "values")

    def __init__(self, values: dict[str, str], build_args: Mapping[str, str], escape: bytes = DEFAULT_ESCAPE) -> None:
        self.values = values | {name: build_args[name] for name in values if name in build_args}
        self.build_args = build_args
        self.escape = escape

    def declare(self, command: Command) -> None:
        """Process an ARG."""
        for name, value in _pairs(command, self.escape):
            if name in self.build_args:
                self.values[name] = self.build_args[name]
            elif value is not None and (text := _quiet(value, self.values.get, self.escape)) is not None:
                self.values[name] = text

    def stage(self) -> Scope:
        """Return the scope of a new stage."""
        return Scope(self)

    def expand(self, word: Logical) -> str:
        """Expand a word of FROM. If that fails, return it as written; the engine reports the error."""
        text = _quiet(word, self.values.get, self.escape)
        return word.text.decode(errors="replace") if text is None else text


class Scope:
    """The state of one stage while its instructions are read."""

    __slots__ = ("assumed", "base", "declared", "env", "globals", "shell", "user", "variables", "workdir")

    def __init__(self, globals_: GlobalScope) -> None:
        self.globals = globals_
        self.variables: dict[str, str] = {}
        self.env: dict[str, str] = {}
        self.declared: set[str] = set()
        """The ARGs without a value."""
        self.assumed: dict[str, frozenset[str]] = {}
        """For variables whose values depend on variables that were not set, the names of those."""
        self.base: Mapping[str, str] = {}
        self.user: str | None = None
        self.workdir: str | None = None
        self.shell: tuple[str, ...] | None = None

    def begin(self, base: Mapping[str, str]) -> None:
        """Start with the ENV of a base image."""
        self.base = base
        self.variables.update(base)

    def inherit(self) -> Scope:
        """Return the scope of a stage that is based on this one.

        ENV, the base image's included, is in the image's configuration and set anew when a stage begins: there it wins
        over an ARG of the same name that came later.
        """
        scope = Scope(self.globals)
        scope.variables = dict(self.variables)
        scope.env = dict(self.env)
        scope.declared = set(self.declared)
        scope.assumed = {name: by for name, by in self.assumed.items() if name in self.env or name not in self.base}
        scope.begin(self.base)
        scope.variables.update(scope.env)
        scope.user, scope.workdir, scope.shell = self.user, self.workdir, self.shell
        return scope

    def snapshot(self) -> StageState:
        """Return the state as a value."""
        return StageState(
            user=self.user,
            workdir=self.workdir,
            shell=self.shell,
            env=dict(self.env),
            variables=dict(self.variables),
            assumed=dict(self.assumed),
        )

    def expand(self, word: Logical) -> Expanded:
        """Expand a word.

        Raises:
            WordError: the word is wrong.
        """
        return expand(word, self.variables.get, self.globals.escape)

    def get(self, name: str) -> str | None:
        """Return the value of a variable, or None if it is unset."""
        return self.variables.get(name)

    def unset_behind(self, names: Iterable[str]) -> frozenset[str]:
        """Return the variables that are not set among these and among those that their values depend on."""
        behind = (self.assumed.get(name, frozenset()) if name in self.variables else {name} for name in names)
        return frozenset().union(*behind)

    def hint_for_unset(self, name: str) -> str:
        """Return what to write so that a variable is set."""
        if name in self.globals.values:
            return f"an ARG before FROM is seen only by FROM; repeat ARG {name} behind FROM, above this line"
        if name in self.declared:
            return f"ARG {name} has no value: write ARG {name}=..., or build with --build-arg {name}=..."
        close = did_you_mean(name, [*self.variables], cutoff=0.75)
        return close or f"declare it above: ARG {name}, or write a default: ${{{name}:-...}}"

    def run(self, command: Command) -> None:
        """Process an instruction, if it changes this state.

        Errors are ignored here: the engine reads the same line and reports them.
        """
        action = _ACTIONS.get(command.name)
        if action:
            action(self, command)

    def _arg(self, command: Command) -> None:
        for name, value in _pairs(command, self.globals.escape):
            if name in self.globals.build_args:
                self._set(name, self.globals.build_args[name])
            elif value is None:
                self.declared.add(name)
                if name in self.globals.values:
                    self._set(name, self.globals.values[name])
            elif (expanded := self._expanded(value)) is not None:
                self._set(name, expanded.value, self._behind(expanded))

    def _env(self, command: Command) -> None:
        # All values of one ENV see the state before it: `ENV a=1 b=$a` sets b to the old a.
        pairs = [
            (name, expanded.value, self._behind(expanded))
            for pair in assignments(command.arguments, self.globals.escape, legacy=True)
            if pair.value is not None
            and (name := self._text(pair.name)) is not None
            and (expanded := self._expanded(pair.value)) is not None
        ]
        for name, value, assumed in pairs:
            self._set(name, value, assumed)
            self.env[name] = value

    def _user(self, command: Command) -> None:
        # The engine takes an empty USER for root.
        text = self._text(command.arguments) if command.arguments else None
        self.user = self.user if text is None else text

    def _workdir(self, command: Command) -> None:
        text = self._text(command.arguments)
        if text:
            self.workdir = posixpath.normpath(posixpath.join(self.workdir or "", text))

    def _shell(self, command: Command) -> None:
        import json  # noqa: PLC0415 - few files have a SHELL

        try:
            words = json.loads(command.arguments.text)
        except ValueError:
            return
        if isinstance(words, list) and words and all(isinstance(word, str) for word in words):
            self.shell = tuple(words)

    def _set(self, name: str, value: str, assumed: frozenset[str] = frozenset()) -> None:
        self.variables[name] = value
        self.assumed.pop(name, None)
        if assumed:
            self.assumed[name] = assumed

    def _behind(self, expanded: Expanded) -> frozenset[str]:
        return self.unset_behind((*expanded.unset, *expanded.used))

    def _text(self, word: Logical) -> str | None:
        return _quiet(word, self.variables.get, self.globals.escape)

    def _expanded(self, word: Logical) -> Expanded | None:
        try:
            return self.expand(word)
        except WordError:
            return None


def after_triggers(triggers: Sequence[str], user: str, env: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return the user and the ENV of a base image once its triggers have fired, which they do with FROM.

    Args:
        triggers: `OnBuild` of its configuration.
        user: its `User`.
        env: its `Env`.
    """
    scope = Scope(GlobalScope({}, {}))
    scope.begin(env)
    for trigger in triggers:
        for instruction in parse(trigger.encode("utf-8", "surrogateescape")).instructions:
            scope.run(instruction.command)
    return user if scope.user is None else scope.user, {**env, **scope.env}


def _pairs(command: Command, escape: bytes) -> list[tuple[str, Logical | None]]:
    return [
        (pair.name.text.decode(errors="replace"), pair.value)
        for pair in assignments(command.arguments, escape, legacy=False)
    ]


def _quiet(word: Logical, lookup: Callable[[str], str | None], escape: bytes) -> str | None:
    try:
        return expand(word, lookup, escape).value
    except WordError:
        return None


_ACTIONS = {
    "ARG": Scope._arg,  # noqa: SLF001 - the table is part of the class
    "ENV": Scope._env,  # noqa: SLF001
    "USER": Scope._user,  # noqa: SLF001
    "WORKDIR": Scope._workdir,  # noqa: SLF001
    "SHELL": Scope._shell,  # noqa: SLF001
}

CHANGES = frozenset(_ACTIONS)
"""The instructions that `Scope.run` handles."""
