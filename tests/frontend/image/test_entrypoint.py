"""The frontend's modules are loaded from a single file."""

import importlib.util
import marshal
import re
import sys

import pytest

from tools.state import ROOT


def loaded(name):
    """Return a script of the frontend's image as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"frontend/image/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bundle(tmp_path):
    """Provide a bundle of two modules in a package, a text of `dataclasses`, and a pattern."""
    sources = {
        "bundled_test": ("/x/bundled_test/__init__.py", "WHERE = __file__, __path__"),
        "bundled_test.inner": ("/x/bundled_test/inner.py", "from bundled_test import WHERE as THERE"),
    }
    code = {name: (file, marshal.dumps(compile(text, file, "exec"))) for name, (file, text) in sources.items()}
    texts = {"x = 1": marshal.dumps(compile("x = 2", "<string>", "exec"))}
    patterns = {}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_sre", "compile"):  # restored after the test
            patch.setattr(re._compiler, name, getattr(re._compiler, name))
        loaded("assemble").record_patterns(patterns)
        re.compile("(?P<a>x)(y)", re.IGNORECASE)
    loaded("assemble").write_bundle(tmp_path / "bundle", code, (texts, patterns))
    bundle = loaded("entrypoint").Bundle(str(tmp_path / "bundle"))
    sys.meta_path.insert(0, bundle)
    yield bundle
    sys.meta_path.remove(bundle)
    bundle.file.close()
    for name in sources:
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("bundle")
def test_modules_are_where_they_were():
    """Tracebacks have the original files, and a package finds its extension modules."""
    inner = importlib.import_module("bundled_test.inner")
    assert inner.THERE == ("/x/bundled_test/__init__.py", ["/x/bundled_test"])
    assert inner.__file__ == "/x/bundled_test/inner.py"


def test_what_is_not_bundled_is_looked_for_elsewhere(bundle):
    """Other modules are imported from files."""
    assert bundle.find_spec("bundled_test.other") is None


def test_what_dataclasses_makes_is_compiled_once(bundle):
    """A text that is not in the bundle is compiled on use."""
    names = {}
    bundle.run("x = 1", {}, names)
    bundle.run("y = 3", {}, names)
    assert names == {"x": 2, "y": 3}


def test_patterns_are_compiled_once(bundle):
    """A pattern that is not in the bundle is compiled on use."""
    bundle._compile_anew = lambda pattern, flags: f"{pattern} {flags}"
    match = bundle.compile_pattern("(?P<a>x)(y)", re.IGNORECASE).fullmatch("XY")
    assert (match["a"], match[2], bundle.compile_pattern("x+")) == ("X", "Y", "x+ 0")
