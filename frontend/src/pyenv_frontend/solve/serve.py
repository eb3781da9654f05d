"""Serve one build, from the client's options to the result or the error."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit.channel import Channel, ChannelClosedError, take_stdio
from pyenv_frontend.buildkit.client import SERVICE, Client
from pyenv_frontend.buildkit.status import INTERNAL, CallError, Status
from pyenv_frontend.solve import build_options as opts
from pyenv_frontend.solve import source
from pyenv_frontend.solve.ignore_files import IgnoreFiles
from pyenv_frontend.solve.own_image import own_image

if TYPE_CHECKING:
    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.solve.build_options import BuildOptions

__all__ = ["main"]

REPORT = "this is a defect of pyenv-frontend; its traceback is in the engine's log. Please report it"


def main() -> None:
    """Serve the build that the engine started this process for, and exit without any clean-up."""
    reader, writer = take_stdio()
    client = Client(Channel(reader, writer, service=SERVICE))
    code = 0
    try:
        answer(client)
    except ChannelClosedError as error:  # cancelled, or the engine is gone: nobody receives an error
        print(f"pyenv-frontend: {error}", file=sys.stderr)  # noqa: T201
        code = 1
    sys.stderr.flush()
    os._exit(code)


def answer(client: Client) -> None:
    """Build, and return the result or the error."""
    options = None
    try:
        options = opts.parse(os.environ)
        client.import_caches(options.cache_imports)
        result = build(client, options)
    except ChannelClosedError:
        raise
    except Exception as error:  # noqa: BLE001  # every failure is reported to the user
        client.return_error(failed(error, options))
    else:
        client.return_result(result)


def build(client: Client, options: BuildOptions) -> wire.Result:
    """Build, from the client's options to a result.

    Raises:
        CallError, UserError, OptionsError: the build fails.
    """
    inputs_reply = client.inputs()
    _learn_oneof_order()
    inputs = inputs_reply.get()
    file = source.read(client, options, inputs)
    try:
        if file is not None and source.mentions_pyenv(file.text):
            ignore_files = IgnoreFiles(client, options, file, inputs)  # the engine answers during the import
            from pyenv_frontend.solve import pyenv_build  # noqa: PLC0415  # most files have no PYENV

            result = pyenv_build.build(client, options, file, inputs, ignore_files)
            if result is not None:
                return result
        return client.solve_frontend(options.delegate.frontend, options.forwarded(), inputs).get()
    except CallError as error:
        if file is None or (error.status.code != INTERNAL and "invalid UTF-8" not in error.status.message):
            raise
        from pyenv_frontend.solve.error_details import not_utf_8  # noqa: PLC0415  # only for an error

        raise CallError(error.method, not_utf_8(error.status, file)) from error


def _learn_oneof_order() -> None:
    """Write graphs as this engine does, after the pattern of its graph of our own image."""
    try:
        llb.detect_oneof_order(own_image().ops[0])
    except (OSError, IndexError):  # older engines, whose order differs, provide that graph
        return


def failed(error: Exception, options: BuildOptions | None = None) -> Status:
    """Return the status of a failed build, in one sentence.

    Args:
        error: the failure.
        options: the client's options, if they could be read.
    """
    if isinstance(error, CallError):
        return _advised(error.status, options)
    if isinstance(error, opts.OptionsError):
        return Status(str(error))
    import traceback  # noqa: PLC0415

    traceback.print_exception(error)
    return Status(f"{type(error).__name__}: {error}: {REPORT}")


def _advised(status: Status, options: BuildOptions | None) -> Status:
    """Return the engine's status: without a mark if it has no place, with advice if its own frontend is not available.

    The engine marks the syntax line for an error without a place. That is right only where a frontend cannot be had
    that the syntax line names, or should name.
    """
    if "invalid frontend" in status.message:
        hint = (
            "Name another behind our image: # syntax=IMAGE dockerfile=docker/dockerfile:1, or the same by "
            "BUILDKIT_SYNTAX"
        )
        return Status(f"{status.message}. {hint}", status.code, status.details)
    if options is None or options.delegate.source:
        return status
    from pyenv_frontend.solve.error_details import without_mark  # noqa: PLC0415  # only for an error

    return without_mark(status, options.filename)
