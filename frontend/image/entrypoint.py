"""Start the frontend's process, which imports its modules from a single file, the bundle.

Finding, opening and reading three hundred files would be a third of the time of all imports. Extension modules and the
modules that the interpreter needs before this one remain in files of their own. Before the bundle is open, this module
cannot even import `__future__`.

The bundle starts with an index that maps each module to the path of its file and the position of its code. It also
contains the methods that `dataclasses` generates and the patterns that `re` compiles, which every build would repeat.
"""

import _sre  # type: ignore[import-not-found]
import gc
import marshal
import sys
from _frozen_importlib import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

BUNDLE = "/frontend/bundle"


class Bundle:
    """Finder for `sys.meta_path` and loader of the modules in a bundle.

    Args:
        path: the path of the bundle.
    """

    def __init__(self, path: str) -> None:
        self.file = open(path, "rb", buffering=0)  # noqa: PTH123, SIM115  # it stays open
        size = int.from_bytes(self.file.read(8))
        self._start = 8 + size
        self._index: dict[str, tuple[str, int, int]]
        self._index, self._size = marshal.loads(self.file.read(size))  # noqa: S302  # written with the image
        self._texts: dict[str, bytes]
        self._patterns: dict[tuple[str | bytes, int], tuple[Any, ...]]
        self._texts, self._patterns = self._read(0, self._size)

    def _read(self, offset: int, size: int) -> "Any":
        self.file.seek(self._start + offset)
        return marshal.loads(self.file.read(size))  # noqa: S302

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Find a module by its full name (see `importlib.abc.MetaPathFinder`)."""
        del path, target
        if name not in self._index:
            return None
        file, _, _ = self._index[name]
        folder, _, base = file.rpartition("/")
        spec = ModuleSpec(name, self, origin=file, is_package=base == "__init__.py")  # type: ignore[arg-type]
        spec.has_location = True
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(folder)  # where its extension modules are
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """Return None for the default module object."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run a module's code, and use the bundle in `dataclasses` and `re`."""
        _, offset, size = self._index[module.__name__]
        exec(self._read(offset, size), module.__dict__)  # noqa: S102
        if module.__name__ == "dataclasses":
            module.exec = self.run  # type: ignore[attr-defined]
        elif module.__name__ == "re._compiler":
            self._compile_anew = module.compile
            module.compile = self.compile_pattern  # type: ignore[attr-defined]

    def run(self, text: str, names: "dict[str, Any]", into: "dict[str, Any]") -> None:
        """Run the methods that `dataclasses` generates for a class, from the bundle if it has them.

        Args:
            text: the source of the methods.
            names: the global names.
            into: the namespace in which the methods are defined.
        """
        known = self._texts.get(text)
        exec(text if known is None else marshal.loads(known), names, into)  # noqa: S102, S302

    def compile_pattern(self, pattern: "Any", flags: int = 0) -> "Any":
        """Return the compiled form of a pattern, from the bundle if it has it."""
        known = self._patterns.get((pattern, int(flags)))
        return self._compile_anew(pattern, flags) if known is None else _sre.compile(pattern, *known)


def main() -> None:
    """Serve the build for which the engine has started this process."""
    gc.disable()  # the process is short-lived, and collections take a quarter of the time of all imports
    sys.meta_path.insert(0, Bundle(BUNDLE))
    from pyenv_frontend.solve import serve  # noqa: PLC0415

    serve.main()


if __name__ == "__main__":
    main()
