"""Loads a function that is named by file: the environment imports the file, Airflow never does."""

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location


def load_file(path, name, string_args):
    """Import `path` as the module of its name and return the function `name` of it."""
    module_name = os.path.splitext(os.path.basename(path))[0]
    spec = spec_from_file_location(module_name, path)
    if spec is None:
        raise ImportError(f"{path} is not a Python file", path=path)
    sys.argv[0] = path
    module = module_from_spec(spec)
    module.virtualenv_string_args = string_args
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise AttributeError(f"{path} defines no {name!r}")
    return getattr(module, name)
