"""Stubs for modules of the standard library, which shorten the start of a build."""

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
    """Provide a function that loads a stub, with the real module under its name in the image."""

    def load(name):
        monkeypatch.setitem(sys.modules, f"_full_{name}", importlib.import_module(name))
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_what_a_stub_lacks_the_real_module_has(stub, name, monkeypatch):
    """A `from ... import` of a name in the stub also reads `__path__`, which must not load the real module."""
    module = stub(name)
    monkeypatch.setitem(sys.modules, f"_full_{name}", types.SimpleNamespace(other="of the real one"))
    assert not hasattr(module, "__path__")
    assert module.other == "of the real one"


def test_attributes_of_classes(stub):
    """The results equal those of the real module; lark's parser uses them."""
    module = stub("inspect")
    assert module.getmembers(int) == inspect.getmembers(int)
    assert module.getmro(bool) == inspect.getmro(bool)


def test_a_class_without_a_docstring_needs_no_real_module(stub, monkeypatch):
    """Without a docstring, `dataclasses` would ask the real module for a signature."""
    module = stub("inspect")
    monkeypatch.setattr(dataclasses, "inspect", module)
    monkeypatch.setitem(sys.modules, "_full_inspect", None)

    @dataclasses.dataclass
    class Plain:
        number: int = 0

    assert Plain(3) == Plain(number=3)


def test_functions_have_the_real_signatures(stub):
    """The real signatures are loaded on demand."""
    assert str(stub("inspect").signature(test_functions_have_the_real_signatures)) == "(stub)"
