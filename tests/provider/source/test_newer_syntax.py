"""Syntax that the environment's older Python cannot parse."""

import functools
import json
import subprocess
import sys
import textwrap

import pytest

from airflow_venv.source.newer_syntax import find_newer_syntax
from tests.support.children import interpreter

CASES = {
    "walrus": "if (x := 1): pass",
    "positional only": "def f(a, /): pass",
    "self-documenting": "x = 1\nf'{x=}'",
    "self-documenting with a format": "x = 1\nf'{x=:>4}'",
    "self-documenting, converted": "x = 1\nf'{x=!r}'",
    "match": "match 1:\n    case 1: pass",
    "groups": "try:\n    pass\nexcept* ValueError:\n    pass",
    "type parameters": "def f[T](x): pass",
    "type alias": "type X = int",
    "the same quotes": "d = {'a': 1}\nf'{d['a']}'",
    "the same quotes, nested": "f'{f'{f'{1}'}'}'",
    "triple quotes in triple quotes": "f'''{'''a'''}'''",
    "a backslash": "f'{chr(10) + \"\\n\"}'",
    "a comment": "f'''{\n1  # one\n}'''",
    "parentheses of with": "with (open('a') as a, open('b') as b): pass",
    "a decorator that is any expression": "@a[0].b\ndef f(): pass",
    "a star in an index": "a[*b]",
    "a star in return": "def f(a):\n    return 1, *a",
    "a star in for": "for x in *a, 1: pass",
    "a walrus in a set": "{x := 1}",
    "a walrus in an index": "a[x := 1]",
    "an asynchronous comprehension within another": "async def f():\n    return [[x async for x in y] for y in z]",
    "await in nested comprehensions": "async def f():\n    return [[await x for x in y] for y in z]",
    "yield of a star": "def f(a):\n    yield 1, *a",
    "continue in finally": "for x in y:\n    try:\n        pass\n    finally:\n        continue",
    "a star in annotations": "def f(*a: *b): pass",
    "a line end": "f'{\n1\n}'",
}
FINE = {
    "parentheses around the star": "a[(*b,)]\ndef f(a):\n    return (1, *a)\ndef g(a):\n    for x in (*a, 1): pass",
    "a decorator that is a call": "@a.b.c(1)\nclass K: pass",
    "continue in a loop in finally": "try:\n    pass\nfinally:\n    for x in y:\n        continue",
    "an asynchronous comprehension": "async def f():\n    return [x async for x in y], [await x for x in y]",
    "an asynchronous comprehension within one": "async def f():\n    return [[a async for a in y] async for y in z]",
    "an asynchronous generator within a comprehension": "async def f():\n    return [(x async for x in y) for y in z]",
    "other quotes": "d = {'a': 1}\nf\"{d['a']}\"",
    "a comparison": "x = 1\nf'{x == 1}{(lambda y=1: y)()}{dict(a=1)}'",
    "a format": "x = 1\nf'{x:>{x}}{x!r}{{}}'",
    "a backslash outside": "f'{1}\\n'",
    "triple quotes over lines": "f'''{\n1}'''",
    "a dictionary": "f'{ {1: 2}[1] }'",
    "plain": "async def f():\n    async with x as y:\n        await y",
}


READ = """
    import json, sys
    for name, text in json.load(sys.stdin).items():
        try:
            compile(text, "f", "exec")
            print(name)
        except SyntaxError:
            pass
    """


@functools.cache
def readable(version):
    """Return the names of the constructs that the real Python of a version can parse."""
    command = [interpreter(version), "-c", textwrap.dedent(READ)]
    done = subprocess.run(command, input=json.dumps({**CASES, **FINE}), stdout=subprocess.PIPE, text=True, check=True)
    return set(done.stdout.splitlines())


@pytest.mark.parametrize("version", ["3.7", "3.8", "3.9", "3.10", "3.11"])
@pytest.mark.parametrize("name", [*CASES, *FINE])
def test_the_result_is_that_of_the_older_python(name, version):
    """The result is the same as that of the real interpreter, for every construct and version."""
    text = {**CASES, **FINE}[name]
    compile(text, "f", "exec")
    minor = tuple(map(int, version.split(".")))
    assert (find_newer_syntax(text, minor) is None) == (name in readable(version))


def test_the_line_is_that_of_the_construct():
    """The reason has the required version."""
    newer = find_newer_syntax("x = 1\n\nif (y := x): pass\n", (3, 7))
    assert newer.line == 3
    assert "3.8" in newer.reason
    newer = find_newer_syntax("d = {}\n\nx = f'{d['a']}'\n", (3, 8))
    assert (newer.line, newer.reason) == (
        3,
        "an f-string that holds the quotes that enclose it needs Python 3.12 or newer",
    )


def test_a_newer_python_reads_all_that_we_do():
    """Nothing is reported for the running version or a newer one."""
    for version in (sys.version_info[:2], (3, 99)):
        assert all(find_newer_syntax(text, version) is None for text in CASES.values())
