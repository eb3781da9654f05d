"""Work that waits for the engine, done together.

A task is a generator that sends what it wants to know, yields, and then takes the answers. Tasks that run side by side
send all they can before one of them waits, so they wait as often as the longest of them does, however many there are.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

__all__ = ["Task", "finish", "side_by_side", "together"]

type Task[T] = Generator[None, None, T]


def side_by_side(*tasks: Task[Any]) -> Task[list[Any]]:
    """Run tasks, each in turn up to where it has to wait; the result is that of each."""
    results: dict[int, Any] = {}
    while True:
        for number, task in enumerate(tasks):
            if number not in results:
                try:
                    next(task)
                except StopIteration as end:
                    results[number] = end.value
        if len(results) == len(tasks):
            return [results[number] for number in range(len(tasks))]
        yield


def together(*tasks: Task[Any]) -> list[Any]:
    """Run tasks side by side to their ends, and return what they return."""
    return finish(side_by_side(*tasks))


def finish[T](task: Task[T]) -> T:
    """Run a task to its end, and return what it returns."""
    while True:
        try:
            next(task)
        except StopIteration as end:
            result: T = end.value
            return result
