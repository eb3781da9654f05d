"""Rules that import-linter cannot express: which modules are imported at once, and which only on use."""

import ast
import sys

import pytest

from tests.repository.test_every_test_runs import tracked
from tools.state import ROOT


def imported_at_once(path):
    """Yield the top-level names that a module imports when it is imported, without relative imports."""
    waiting = list(ast.parse((ROOT / path).read_text()).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]
        elif isinstance(node, ast.ClassDef | ast.If | ast.Try | ast.With):
            waiting += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
            waiting += [child for handler in getattr(node, "handlers", []) for child in handler.body]


@pytest.mark.parametrize(
    ("folder", "own"),
    [("provider/src/airflow_venv/child", "airflow_venv_runner"), ("frontend/src/pyenv_image", "pyenv_image")],
)
def test_modules_for_environments_import_only_the_standard_library_at_once(folder, own):
    """An environment may have nothing else, so other modules are only imported by functions that need them."""
    paths = tracked(f"{folder}/*.py")
    assert paths
    foreign = {path: set(imported_at_once(path)) - sys.stdlib_module_names - {own} for path in paths}
    assert {path: names for path, names in foreign.items() if names} == {}


def test_what_the_frontends_image_imports_is_in_it():
    """Modules that need more, such as those of the command line, are named where the image is put together."""
    tree = ast.parse((ROOT / "frontend/image/assemble.py").read_text())
    lists = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "NOT_NEEDED"
    }
    left_out = [name.replace(".", "/") for name in lists["NOT_NEEDED"]]
    available = {"google", "h2", "hpack", "hyperframe", "lark", "packaging", "pyenv_frontend", "pyenv_image", "_sha2"}
    modules = [path for path in tracked("frontend/src/pyenv_frontend/**/*.py") if not path.endswith("_standalone.py")]
    modules = [path for path in modules if not path.removeprefix("frontend/src/").startswith(tuple(left_out))]
    assert modules
    # The image has one algorithm of hashlib's, which would report all others as missing in the engine's log.
    fallbacks = {"frontend/src/pyenv_frontend/sha2.py"}
    missing = {
        path: set(imported_at_once(path)) - (sys.stdlib_module_names - {"hashlib"}) - available
        for path in modules
        if path not in fallbacks
    }
    assert {path: names for path, names in missing.items() if names} == {}
