"""Where the frontend's process begins: its modules come out of one file.

Three hundred files, each looked for, opened and read, would be a third of the time that the imports take. What was left
in files is found as ever: extension modules, and what the interpreter needs before this. Not even `__future__` can be
imported here before the bundle is open.

The bundle begins with an index of modules: where each one's file was, and where its code is. It also holds what
`dataclasses` had to compile for each class, and what `re` made of each pattern: both are the same every time.
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
    """A finder and loader of modules, as `sys.meta_path` wants them."""

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
        """Find a module by its name, wherever its package lies."""
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
        """Leave the making to the interpreter."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run a module's code."""
        _, offset, size = self._index[module.__name__]
        exec(self._read(offset, size), module.__dict__)  # noqa: S102
        if module.__name__ == "dataclasses":
            module.exec = self.run  # type: ignore[attr-defined]
        elif module.__name__ == "re._compiler":
            self._compile_anew = module.compile
            module.compile = self.compile_pattern  # type: ignore[attr-defined]

    def run(self, text: str, names: "dict[str, Any]", into: "dict[str, Any]") -> None:
        """Run what `dataclasses` has made for a class."""
        known = self._texts.get(text)
        exec(text if known is None else marshal.loads(known), names, into)  # noqa: S102, S302

    def compile_pattern(self, pattern: "Any", flags: int = 0) -> "Any":
        """Return what `re` makes of a pattern."""
        known = self._patterns.get((pattern, int(flags)))
        return self._compile_anew(pattern, flags) if known is None else _sre.compile(pattern, *known)


def main() -> None:
    """Serve the build that the engine started this process for."""
    gc.disable()  # the build is over before there is garbage to speak of; collecting is a quarter of the imports' time
    sys.meta_path.insert(0, Bundle(BUNDLE))
    from pyenv_frontend.solve import serve  # noqa: PLC0415

    serve.main()


if __name__ == "__main__":
    main()
