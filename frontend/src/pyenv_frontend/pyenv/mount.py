"""The value of `--mount=`: the one reader of it, for RUN and PYENV.

Source of truth: BuildKit's parser/split_command.go, which takes quotes and escapes out of a flag, and parseMount in
instructions/commands_runmount.go, which reads the rest as one record of CSV. Variables in values stay as written:
the engine expands them.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyenv_frontend.dockerfile.command import unquoted
from pyenv_frontend.errors import nearest
from pyenv_frontend.pyenv.invalid_value import InvalidValue, any_of

__all__ = ["Mount", "parse_mount", "read_mount"]

_TYPES = ("bind", "cache", "tmpfs", "secret", "ssh")
_WORDS = frozenset({"ro", "readonly", "rw", "readwrite", "required"})
_TARGETS = ("target", "dst", "destination")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount of a build step."""

    raw: str
    """The value of the flag as written."""

    fields: tuple[tuple[str, str | None], ...]
    """The fields in order, keys in lower case; None where there is no `=`."""

    def get(self, *keys: str) -> str | None:
        """Return the last value of a field that has several names; an empty text if it is a bare word."""
        values = [value or "" for key, value in self.fields if key in keys]
        return values[-1] if values else None

    def has(self, *keys: str) -> bool:
        """Return whether one of these fields is there."""
        return any(key in keys for key, _ in self.fields)

    @property
    def type(self) -> str:
        """The type in lower case; `bind` where none is given."""
        return (self.get("type") or "bind").lower()

    @property
    def target(self) -> str | None:
        """Where it is mounted."""
        return self.get(*_TARGETS)

    @property
    def source_stage(self) -> str | None:
        """The stage or image that `from` names."""
        return self.get("from")

    @property
    def required(self) -> bool:
        """Whether the build fails without the secret or SSH agent."""
        return (self.get("required") if self.has("required") else "false") in {
            "",
            "1",
            "t",
            "T",
            "true",
            "TRUE",
            "True",
        }

    @property
    def id(self) -> str:
        """The ID by which the client knows a secret or an SSH agent."""
        if self.type == "ssh":
            return self.get("id") or "default"
        return self.get("id") or self.get("source", "src") or (self.target or "").rpartition("/")[2]


def read_mount(raw: str, escape: str = "\\") -> Mount:
    """Read a mount as far as it can be read; the engine says what is wrong with it.

    Args:
        raw: The value of the flag as written.
        escape: The file's escape token.
    """
    import csv  # noqa: PLC0415 - few files have a mount that matters here

    try:
        parts = next(csv.reader([unquoted(raw, escape)], strict=True), [])
    except csv.Error:
        parts = []
    pairs = (part.partition("=") for part in parts)
    return Mount(raw, tuple((key.lower(), value if equals else None) for key, equals, value in pairs))


def parse_mount(raw: str, escape: str = "\\") -> Mount:
    """Read a mount and check its fields and its type.

    Raises:
        InvalidValue: A field has no value, or there is no such type.
    """
    mount = read_mount(raw, escape)
    for key, value in mount.fields:
        if value is None and "$" not in key and key.strip() not in _WORDS:
            hint = f"write type={key}" if key in _TYPES else ""
            raise InvalidValue(
                f"--mount has no field {key!r}", expected="fields such as type=secret,id=NAME", hint=hint
            )
    if "$" not in mount.type and mount.type not in _TYPES:
        close = nearest(mount.type, _TYPES)
        hint = f"write type={close}" if close else ""
        raise InvalidValue(f"--mount has no type {mount.type!r}", expected=f"type={any_of(_TYPES)}", hint=hint)
    return mount
