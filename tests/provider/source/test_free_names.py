"""Free names of a function, and sending their definitions along."""

import importlib.util
import sys
import textwrap

import pytest

from airflow_venv.errors import SourceError
from airflow_venv.source.free_names import gather


@pytest.fixture
def module(tmp_path):
    """Write a file and import it."""
    names = []

    def write(text):
        path = tmp_path / f"names{len(names)}.py"
        path.write_text(textwrap.dedent(text))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        loaded = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = loaded
        names.append(path.stem)
        spec.loader.exec_module(loaded)
        return loaded

    yield write
    for name in names:
        del sys.modules[name]


def missing(function, **options):
    """Return the free names with their lines."""
    return [(use.name, use.line) for use in gather(function, **options).missing]


def run(gathered):
    """Run the pieces as the child does, without the names of this process; return the function."""
    space = {"__name__": "__main__"}
    for piece in gathered.source.pieces:
        exec(compile(piece.compilable(), piece.filename, "exec"), space)  # noqa: S102
    return space[gathered.source.name]


def test_free_names_are_found_with_every_line(module):
    """Modules, helpers and constants are free in the body, the defaults and nested scopes."""
    dag = module("""
        import json as js
        LIMIT = 3
        def helper(): return 1
        def f(a, b=LIMIT):
            def inner():
                return js.dumps(a)
            class K:
                y = helper()
            return [helper() for _ in range(b)] + [js]
    """)
    assert missing(dag.f) == [("LIMIT", 5), ("js", 7), ("helper", 9), ("helper", 10), ("js", 10)]


def test_what_the_function_has_itself_is_not_free(module):
    """Every way to bind a name counts: arguments, imports, comprehensions, except-names, walrus, globals."""
    dag = module("""
        def f(a, *b, c=1, **d):
            import json, os.path as p
            from math import pi as number
            global made
            made = 1
            try:
                raise ValueError
            except ValueError as error:
                print(error, a, b, c, d, json, p, number, made, __name__, __file__)
            if (x := 1) and [y for y in range(x)]:
                return f
            class K:
                v = 1
                w = v
            return virtualenv_string_args, lambda z: z + x, K, ExceptionGroup
    """)
    assert missing(dag.f) == []


def test_annotations_are_not_uses(module):
    """The child does not evaluate them."""
    dag = module("""
        from typing import TYPE_CHECKING
        Frame = int
        def f(a: Frame, b: "Other" = 1) -> Frame:
            x: Frame = a
            return x
    """)
    assert missing(dag.f) == []


def test_a_name_whose_name_error_is_handled_is_no_error(module):
    """The function handles a missing name itself."""
    dag = module("""
        def f():
            try:
                return perhaps
            except NameError:
                return None
    """)
    assert missing(dag.f) == []


def test_kept_decorators_are_uses_and_dropped_ones_are_not(module):
    """A decorator that is kept must exist in the environment."""
    dag = module("""
        def keep(f): return f
        def drop(f): return f
        @drop
        @keep
        def f(): return 1
    """)
    assert missing(dag.f, skip_decorators=1) == [("keep", 5)]
    assert missing(dag.f, skip_decorators=2) == []


def test_what_the_stock_script_imports_is_imported_here(module):
    """The stock operator's script imports sys and os, so functions may rely on them."""
    dag = module("import sys, os\ndef f(): return sys.version_info[0], os.sep\n")
    gathered = gather(dag.f)
    assert not gathered.missing
    assert run(gathered)() == (3, "/")


def test_a_helper_is_included_with_its_dependencies(module):
    """The helper's own free names are reported with their own lines."""
    dag = module("""
        import json
        def helper(x): return json.dumps(x)
        def f(x): return helper(x)
    """)
    assert missing(dag.f, include=[dag.helper]) == [("json", 3)]
    gathered = gather(dag.f, include=[dag.helper, "json"])
    assert not gathered.missing
    assert run(gathered)([1]) == "[1]"


def test_auto_brings_everything_the_file_has_for_it(module):
    """Single imports, helpers that call each other, constants, classes and defaults are brought."""
    dag = module(
        """
        import json as js, not_here_maybe as gone
        from math import pi, e
        try:
            import tomllib_or_not as toml
        except ImportError:
            toml = None
        A = B = 2
        C: int = A + 1
        class Base:
            k = C
        class Thing(Base):
            def v(self): return even(self.k)
        def even(n): return n == 0 or odd(n - 1)
        def odd(n): return n != 0 and even(n - 1)
        def f(n=C):
            return js.dumps([n, B, pi, even(4), Thing().v(), toml])
    """.replace("not_here_maybe", "os")
    )
    gathered = gather(dag.f, include="auto")
    assert gathered.missing == ()
    text = "".join(piece.text for piece in gathered.source.pieces)
    assert "gone" not in text
    assert run(gathered)() == "[3, 2, 3.141592653589793, true, false, null]"


def test_auto_brings_every_import_below_a_name_that_is_used(module):
    """`import a.b` and `import a.c` are both included; unused imports may not exist in the environment."""
    dag = module("""
        import xml.dom.minidom
        import xml, xml.etree.ElementTree, xml.parsers.expat
        import xml.sax.handler
        import xml.sax.saxutils as su
        def helper():
            return xml.sax.handler.ContentHandler.__name__
        def f():
            return xml.dom.minidom.Node.__name__, xml.etree.ElementTree.Element("a").tag, helper()
    """)
    gathered = gather(dag.f, include="auto")
    imports = [(piece.text, piece.first_line) for piece in gathered.source.pieces if "import" in piece.text]
    assert imports == [
        ("import xml.dom.minidom\nimport xml; import xml.etree.ElementTree\n", 2),
        ("import xml\nimport xml.sax.handler\n", 3),
    ]
    assert run(gathered)() == ("Node", "a", "ContentHandler")


def test_auto_brings_all_imports_below_a_name_where_none_is_named(module):
    """If the package itself is passed on, the callee may use any of its modules."""
    dag = module("""
        import xml.dom
        import xml.sax
        def f():
            return sorted(name for name in vars(xml) if name in ("dom", "sax"))
    """)
    gathered = gather(dag.f, include="auto")
    assert [piece.text for piece in gathered.source.pieces[:-1]] == ["import xml.dom\nimport xml.sax\n"]
    assert {"dom", "sax"} <= set(run(gathered)())


def test_auto_keeps_the_lines_of_what_it_brings(module):
    """Tracebacks have the original lines of helpers."""
    dag = module("""
        def helper():
            return 1 / 0


        def f(): return helper()
    """)
    with pytest.raises(ZeroDivisionError) as caught:
        run(gather(dag.f, include="auto"))()
    assert [entry.lineno + 1 for entry in caught.traceback[-2:]] == [6, 3]


def test_auto_reaches_into_enclosing_functions(module):
    """Definitions and imports of an enclosing function are included, but not its variables."""
    dag = module("""
        def factory(number):
            import json
            def helper(): return json.dumps(1)
            def f(): return helper(), number
            return f
        f = factory(5)
    """)
    gathered = gather(dag.f, include="auto")
    assert [use.name for use in gathered.missing] == ["number"]
    assert "pass it as an argument" in gathered.reasons["number"]


@pytest.mark.parametrize(
    ("binding", "reason"),
    [
        ("for x in [1]: pass", "belongs to the DAG"),
        ("if TYPE_CHECKING:\n    import json as x\nelse:\n    x = 1", "type checkers only"),
        ("", "nothing in the file"),
    ],
)
def test_auto_reports_why_a_name_cannot_be_included(module, binding, reason):
    """Each kind of obstacle has its own message."""
    dag = module(f"from typing import TYPE_CHECKING\n{binding}\ndef f(): return x\n")
    gathered = gather(dag.f, include="auto")
    assert [use.name for use in gathered.missing] == ["x"]
    assert reason in gathered.reasons["x"]


def test_relative_imports_cannot_come_along(tmp_path, monkeypatch):
    """The function has no package in the environment."""
    (tmp_path / "somepkg").mkdir()
    (tmp_path / "somepkg" / "__init__.py").write_text("y = 1")
    (tmp_path / "somepkg" / "dag.py").write_text("from . import y\ndef f(): return y\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import somepkg.dag

    gathered = gather(somepkg.dag.f, include="auto")
    assert "relative" in gathered.reasons["y"]


def test_included_names_are_sent_even_if_unused(module):
    """An argument may have a class that the body does not mention; that class's own names are needed, too."""
    dag = module("""
        import json
        LIMIT = 3
        class Base: pass
        class Row(Base):
            limit = LIMIT
        def f(row):
            return type(row).__name__
    """)
    gathered = gather(dag.f, include=[dag.Row, dag.Base, "LIMIT", "json"])
    assert gathered.missing == ()
    space = {"__name__": "__main__"}
    for piece in gathered.source.pieces:
        exec(compile(piece.compilable(), piece.filename, "exec"), space)  # noqa: S102
    assert space["Row"].limit == 3
    assert space["Row"].__mro__[1] is space["Base"]
    assert space["json"].dumps(1) == "1"
    assert missing(dag.f, include=[dag.Row]) == [("Base", 5), ("LIMIT", 6)]


def test_a_class_made_by_an_assignment_is_included(module):
    """`collections.namedtuple`, `Enum` and similar functions create classes without a class statement."""
    dag = module("""
        import collections, enum
        Pair = collections.namedtuple("Pair", "left right")
        Color = enum.Enum("Color", "RED GREEN")
        def f():
            return Pair(Color.RED.name, 1)._asdict()
    """)
    included = gather(dag.f, include=[dag.Pair, dag.Color, "collections", "enum"])
    assert included.missing == ()
    assert dict(run(included)()) == {"left": "RED", "right": 1}
    assert missing(dag.f, include=[dag.Pair, dag.Color]) == [("collections", 3), ("enum", 4)]


def test_a_function_may_include_itself_and_what_includes_it(module):
    """Mutual references must not lead to an infinite loop."""
    dag = module("""
        def even(n): return n == 0 or odd(n - 1)
        def odd(n): return n != 0 and even(n - 1)
        def f(n):
            return even(n)
    """)
    assert run(gather(dag.f, include=[dag.f, dag.odd, dag.even]))(3) is False


def test_a_name_that_cannot_be_brought_along_is_refused(module):
    """The body does not need to use the name."""
    dag = module("def f(): return 1\n")
    with pytest.raises(SourceError, match=r"include='nothing' cannot be brought along with f .*: nothing in the file"):
        gather(dag.f, include=["nothing"])


def test_include_that_makes_no_sense_is_refused(module):
    """Values other than functions, classes, names and "auto" are refused."""
    dag = module("def f(): return x\n")
    with pytest.raises(SourceError, match="auto"):
        gather(dag.f, include="all")
    with pytest.raises(SourceError, match="not 3"):
        gather(dag.f, include=[3])
