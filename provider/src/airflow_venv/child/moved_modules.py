"""Read pickles that name a module which another version of Python or of a package has elsewhere."""

import io

try:
    from _pickle import Unpickler  # `pickle` itself takes longer to import than a short task needs
except ImportError:
    from pickle import Unpickler

_OLDER = {"pathlib._local": "pathlib", "numpy._core": "numpy.core"}
"""Modules that pickles of Python 3.13 and of NumPy 2 name, and where other versions have what is in them."""


def _elsewhere(module):
    for newer, older in _OLDER.items():
        if module == newer or module.startswith(newer + "."):
            return older + module[len(newer) :]
    return None


class MovedModules:
    """Mixin for an unpickler, which then finds what another version has moved."""

    def find_class(self, module, name):
        """Find a class or function by its module's name, else by the module's other name."""
        try:
            return super().find_class(module, name)
        except ModuleNotFoundError:
            elsewhere = _elsewhere(module)
            if elsewhere is None:
                raise
            return super().find_class(elsewhere, name)


class MovedModulesUnpickler(MovedModules, Unpickler):
    """The standard library's unpickler."""


def load_dill(dill, feed):
    """Read a value from a stream with dill, whose unpickler alone resolves all of its names."""
    return type("Unpickler", (MovedModules, dill.Unpickler), {})(feed).load()


def loads(data):
    """Read a value from a pickle."""
    return MovedModulesUnpickler(io.BytesIO(data)).load()
