"""Load a function from a file that only the environment imports, never Airflow."""

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location


def load_file(path, name, string_args):
    """Import a file as a module and return a function of it.

    Args:
        path: the path of the file. Its name without the extension is the module's name.
        name: the name of the function.
        string_args: the module's `virtualenv_string_args`, as in Airflow's `PythonVirtualenvOperator`.

    Raises:
        ImportError: the file is not a Python file.
        AttributeError: it defines no such function.
    """
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
