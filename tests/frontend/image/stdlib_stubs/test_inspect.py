"""Stand-ins for modules of the standard library, which shorten a build's start."""

import dataclasses
import importlib
import importlib.util
import inspect
import sys
import types

import pytest

from tools.state import ROOT

FOLDER = ROOT / "frontend/image/stdlib_stubs"


@pytest.fixture
def stub(monkeypatch):
    """Provide stubs by name; the real modules are there under the names that they have in the image."""

    def load(name):
        monkeypatch.setitem(sys.modules, f"_full_{name}", importlib.import_module(name))
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_what_a_stub_lacks_the_real_module_has(stub, name, monkeypatch):
    """A `from ... import` of what the stub has does not load it: each of them asks whether the module is a package."""
    module = stub(name)
    monkeypatch.setitem(sys.modules, f"_full_{name}", types.SimpleNamespace(other="of the real one"))
    assert not hasattr(module, "__path__")
    assert module.other == "of the real one"


def test_attributes_of_classes(stub):
    """As the real module lists them, for the parser that lark generates."""
    module = stub("inspect")
    assert module.getmembers(int) == inspect.getmembers(int)
    assert module.getmro(bool) == inspect.getmro(bool)


def test_a_class_without_a_docstring_needs_no_real_module(stub, monkeypatch):
    """`dataclasses` would ask it for a signature, to write one."""
    module = stub("inspect")
    monkeypatch.setattr(dataclasses, "inspect", module)
    monkeypatch.setitem(sys.modules, "_full_inspect", None)

    @dataclasses.dataclass
    class Plain:
        number: int = 0

    assert Plain(3) == Plain(number=3)


def test_functions_have_the_real_signatures(stub):
    """They are available on request."""
    assert str(stub("inspect").signature(test_functions_have_the_real_signatures)) == "(stub)"
