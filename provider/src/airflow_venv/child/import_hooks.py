"""Run hooks when modules are imported."""

import sys


class ImportHooks:
    """Finder for `sys.meta_path` that runs a hook before or after the first import of a module."""

    def __init__(self):
        self._before = {}
        self._after = {}

    def before(self, name, call):
        """Call `call()` before the module `name` is imported for the first time."""
        self._before[name] = call

    def after(self, name, call):
        """Call `call(module)` after the module `name` is imported for the first time, or now if it already is."""
        if name in sys.modules:
            call(sys.modules[name])
        else:
            self._after[name] = call

    def find_spec(self, name, path=None, target=None):
        """Find a module and run its hooks (see `importlib.abc.MetaPathFinder`)."""
        before = self._before.pop(name, None)
        if before is not None:
            before()
        after = self._after.pop(name, None)
        if after is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _HookedLoader(spec.loader, after)
                return spec
        return None


class _HookedLoader:
    """Loader that calls a hook after it has executed the module."""

    def __init__(self, loader, hook):
        self.loader = loader
        self.hook = hook

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        self.hook(module)
