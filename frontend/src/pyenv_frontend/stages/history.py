"""Variables that remember what they were: a state in the middle of a file costs nothing until somebody looks into it.

A file may have a PYENV after every ENV; a copy of all variables for each of them would be quadratic.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["History"]


class History:
    """The values of variables over time; time is the number of values that were set."""

    __slots__ = ("_now", "_values")

    def __init__(self, start: Mapping[str, str] | None = None) -> None:
        self._now = 0
        self._values: dict[str, tuple[list[int], list[str]]] = {}
        self.update((start or {}).items())

    def __getitem__(self, name: str) -> str:
        return self._values[name][1][-1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def get(self, name: str) -> str | None:
        """The value of a variable now, or None."""
        found = self._values.get(name)
        return found[1][-1] if found else None

    def __setitem__(self, name: str, value: str) -> None:
        self._now += 1
        times, values = self._values.setdefault(name, ([], []))
        times.append(self._now)
        values.append(value)

    def update(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Set several, in order."""
        for name, value in pairs:
            self[name] = value

    def now(self) -> Mapping[str, str]:
        """All variables as they are now and for this mapping stay, whatever is set later."""
        return _Moment(self._values, self._now)


class _Moment(Mapping[str, str]):
    """The variables at one time."""

    __slots__ = ("_time", "_values")

    def __init__(self, values: dict[str, tuple[list[int], list[str]]], time: int) -> None:
        self._values = values
        self._time = time

    def __getitem__(self, name: str) -> str:
        times, values = self._values[name]
        index = bisect_right(times, self._time)
        if not index:
            raise KeyError(name)
        return values[index - 1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, (times, _) in self._values.items() if times[0] <= self._time)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))
