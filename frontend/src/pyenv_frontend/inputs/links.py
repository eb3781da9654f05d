"""Symbolic links of the build context: where they lead, and why a file behind them cannot be used."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from pyenv_frontend.pyenv.context_path import join
from pyenv_frontend.pyenv.invalid_value import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenv_frontend.inputs.build_context import BuildContext

__all__ = ["broken_link", "follow_links"]

_MOST_LINKS: Final = 40
"""The most links that Linux follows (path_resolution(7))."""


def follow_links(path: str, link_target: Callable[[str], str]) -> str:
    """Follow the symbolic links on the way to a path.

    Args:
        path: a path relative to the build context.
        link_target: returns the target of the symbolic link at a path; empty for anything else.

    Returns:
        The path without links, relative to the context.

    Raises:
        InvalidValue: a link leads out of the context, or in a circle; the message begins with the path.
    """
    start = path
    for _ in range(_MOST_LINKS):
        words = path.split("/")
        for length in range(1, len(words) + 1):
            link = "/".join(words[:length])
            if target := link_target(link):
                break
        else:
            return path
        try:
            path = posixpath.join(join(posixpath.dirname(link), target), *words[length:])
        except InvalidValue:
            hint = "copy what it leads to into the build context"
            if link == start:
                raise InvalidValue(f"{start} is a link to {target}, outside of the build context", hint=hint) from None
            message = f"{start} lies behind the link {link}, which leads to {target}, outside of the build context"
            raise InvalidValue(message, hint=hint) from None
    raise InvalidValue(f"{start} is a link that leads to itself", hint="replace the link by the file")


def broken_link(context: BuildContext, path: str) -> tuple[str, str] | None:
    """Explain why the links on the way to a path lead to no file of the build.

    Returns:
        A sentence that begins with the path, and a hint; None if links are not the reason.
    """
    try:
        target = follow_links(path, context.link_target)
    except InvalidValue as error:
        return error.message, error.hint
    if target == path:
        return None
    if ignore_file := context.ignored_by(target):
        return f"{path} leads to {target}, which {ignore_file} leaves out", f"add the line !{target} to {ignore_file}"
    if context.exists(target):
        return None
    return f"{path} leads to {target}, which is not in the build context", "correct the link"
