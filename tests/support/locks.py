"""Locks for tests that need what no index here has."""

import tomli_w

from pyenv_frontend.lock.lockfile import Lock, as_document, read_lock_file

__all__ = ["sealed"]


def sealed(text: str) -> str:
    """Return an edited lock as if `pyenv-frontend lock` had written it: an edit alone makes it stale."""
    lock = read_lock_file(text.encode())
    return tomli_w.dumps(as_document(Lock(target=lock.target, inputs=lock.inputs, packages=lock.packages)))
