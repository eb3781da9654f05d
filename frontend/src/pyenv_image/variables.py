"""The names of variables that the frontend and the steps in the image agree on."""

__all__ = ["HEREDOC_PREFIX", "HEREDOC_VARIABLE", "VARIABLE_PREFIX"]

VARIABLE_PREFIX = "ASTRO_PYENV_"
"""What the names of the variables that hold the environments' interpreters begin with."""

HEREDOC_VARIABLE = "ftp_proxy"
HEREDOC_PREFIX = "pyenv-heredoc:"
"""A build passes the position of an install's heredoc by a variable of this name and a value with this prefix.

Proxies are the only input of a step that is not in its cache key, so that an edit above the PYENV does not repeat the
install, and a proxy for FTP is hardly ever needed. The step removes the variable.
"""
