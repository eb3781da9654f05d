"""The files that a PYENV's requirements refer to, found in the build context."""
