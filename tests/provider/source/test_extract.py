"""Extracting a function from its file by position."""

import importlib.util
import sys
import textwrap

import pytest

from airflow_venv.errors import SourceError
from airflow_venv.source.extract import MARK, locate, remember_call, unwrap
from airflow_venv.source.free_names import values_around


def make(_name="x"):
    """Stand in for `task.venv`: return a decorator that records where it is called."""
    remember_call()

    def decorate(function):
        remember_call(1)
        return function

    setattr(decorate, MARK, True)
    return decorate


@pytest.fixture
def module(tmp_path):
    """Write a file and import it."""
    written = []

    def write(text, **names):
        path = tmp_path / f"dag{len(written)}.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(f"dag{len(written)}", path)
        loaded = importlib.util.module_from_spec(spec)
        vars(loaded).update(venv=make, **names)
        sys.modules[spec.name] = loaded
        written.append(spec.name)
        spec.loader.exec_module(loaded)
        loaded.path = path
        return loaded

    yield write
    for name in written:
        del sys.modules[name]


def cut(function):
    """Extract the source as the operator does."""
    definition = locate(function)
    return definition.piece(definition.task_decorators(values_around(unwrap(function))))


def run(piece, name, **names):
    """Run a piece of source as the child does."""
    space = dict(names)
    exec(compile(piece.compilable(), piece.filename, "exec"), space)  # noqa: S102
    return space[name]


def test_the_task_decorator_is_removed_and_line_numbers_are_kept(module):
    """Text, file name and line numbers are the original ones."""
    dag = module("""
        import os

        @venv("snow")
        def f(a):
            return a + 1
    """)
    piece = cut(dag.f)
    assert piece.text == "def f(a):\n    return a + 1\n"
    assert piece.filename == str(dag.path)
    assert piece.first_line == 5
    assert run(piece, "f")(1) == 2
    assert run(piece, "f").__code__.co_firstlineno == 5


@pytest.mark.parametrize(
    "decorator",
    [
        '@venv("a)b")',
        '@venv("a(b")',
        '@venv ("x")',
        '@venv("x")  # :) (',
        '@venv(\n    "x",  # a ) here\n)',
        '@(lambda: venv("x"))()',
        "@held.venv('x')",
        "@made",
        "@held.made",
        '@venv(f"{1}@task.venv(")',
    ],
)
def test_the_task_decorator_is_found_however_it_is_written(module, decorator):
    """It is recognized by its position or its type, not by its text."""
    dag = module(
        "class held:\n    venv = staticmethod(venv)\n    made = staticmethod(venv('x'))\nmade = venv('x')\n"
        f"{decorator}\ndef f():\n    '''@task.venv('x') and @venv( again'''\n    return 1  # @venv(\n"
    )
    piece = cut(dag.f)
    assert piece.text == "def f():\n    '''@task.venv('x') and @venv( again'''\n    return 1  # @venv(\n"


def test_decorators_above_go_and_those_below_stay(module):
    """The task decorator and those above it are removed, since they belong to Airflow."""
    dag = module("""
        def above(f): return f
        def below(f): return f
        @above
        @venv("x")
        @below
        # a comment between
        @below
        def f(): return 1
    """)
    assert cut(dag.f).text == "@below\n# a comment between\n@below\ndef f(): return 1\n"
    assert cut(dag.f).first_line == 6


def test_a_plain_function_keeps_all_its_decorators(module):
    """A function that is passed to the operator has no task decorator."""
    dag = module("""
        def other(f): return f
        @other
        def f(): return 1
    """)
    assert cut(dag.f).text == "@other\ndef f(): return 1\n"


def test_a_wrapped_function_is_unwrapped(module):
    """functools.wraps leads to the original function, whose decorators are kept."""
    dag = module("""
        import functools
        def twice(f):
            @functools.wraps(f)
            def run(): return f() * 2
            return run
        @venv("x")
        @twice
        def f(): return 1
    """)
    assert cut(dag.f).text == "@twice\ndef f(): return 1\n"


def test_a_nested_function_with_text_at_column_0_keeps_both(module):
    """The indentation is not changed, so strings keep their values."""
    dag = module('''
def make_dag():
    if True:
        @venv("x")
        def f():
            return """a
# not a comment
  b
"""
        return f
f = make_dag()
''')
    piece = cut(dag.f)
    assert piece.indented
    assert run(piece, "f")() == dag.f() == "a\n# not a comment\n  b\n"
    assert run(piece, "f").__code__.co_firstlineno == dag.f.__code__.co_firstlineno + 1


def test_async_functions_and_unusual_indentation_are_extracted_whole(module):
    """A body on the line of def, line continuations, form feeds and tabs do not matter."""
    dag = module(
        "import asyncio\n@venv('x')\nasync def a(): return 1\n"
        "if 1:\n\t@venv('x')\n\tdef b(x=(1,\n2), *,\n  y=3): \\\n return x\n"
        "@venv('x')\ndef c(): return 'ä€'; # no end of line"
    )
    assert cut(dag.a).text == "async def a(): return 1\n"
    assert run(cut(dag.b), "b")() == (1, 2)
    assert run(cut(dag.c), "c")() == "ä€"


def test_functions_of_one_name_are_distinguished_by_their_line(module):
    """An earlier function is not confused with the last one of the same name."""
    dag = module("""
        def f(): return 1
        first = f
        def f(): return 2
    """)
    assert cut(dag.first).text == "def f(): return 1\n"
    assert cut(dag.f).text == "def f(): return 2\n"


def test_a_decorator_made_by_a_helper_is_found(module):
    """The recorded position includes the callers of the function that calls our decorator."""
    dag = module("""
        def ours(): return venv("x")
        def other(f): return f
        @ours()
        @other
        def f(): return 1
    """)
    assert cut(dag.f).text == "@other\ndef f(): return 1\n"


def test_a_task_is_taken_for_its_function():
    """Objects made by Airflow's decorators refer to the original function."""

    class Task:
        _airflow_is_task_decorator = True

        def function(self):
            """Do nothing."""

    assert unwrap(Task()).__name__ == "function"


def test_a_class_is_found_by_its_name(module):
    """Classes can be included, and may be nested."""
    dag = module("""
        class A:
            class B:
                x = 1
    """)
    piece = locate(dag.A.B).piece()
    assert run(piece, "B").x == 1


def test_a_function_without_a_file_is_refused_with_the_remedy():
    """Code from a string has no source file; the error suggests the path form."""
    space = {}
    exec("def f(): pass", space)  # noqa: S102
    with pytest.raises(SourceError, match=r"path/to/file.py:function"):
        locate(space["f"])


def test_a_changed_file_is_reported(module):
    """The function is no longer at its recorded line."""
    dag = module("x = 1\ndef f(): return 1\n")
    dag.path.write_text("def f(): return 1\n\n\n\n")
    with pytest.raises(SourceError, match="changed after it was read"):
        locate(dag.f)


def test_annotations_are_never_evaluated_in_the_child(module):
    """They may contain names that only type checkers can resolve."""
    dag = module("from __future__ import annotations\n@venv('x')\ndef f(a: Nowhere) -> Never: return 1\n")
    assert cut(dag.f).future == ("annotations",)
