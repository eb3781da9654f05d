"""Receive the arguments and send the result: the child's half of the serializers.

The operator's half is `worker/serializers.py`.
"""

import sys

from .frames import ValueFrame, is_plain


class TransferError(Exception):
    """A value cannot be transferred between the interpreters. The message says why and what to do."""


def receive(channel, start):
    """Return the function's arguments.

    Args:
        channel: the `OperatorChannel`.
        start: the `StartFrame`.

    Returns:
        The positional arguments and the keyword arguments.

    Raises:
        TransferError: they cannot be read in this environment.
    """
    if start.serializer_module:  # also if all values are plain, as in the operator's half
        _module(start.serializer_module)
    if start.arguments is not None:
        return start.arguments
    from .stream import Feed

    feed = Feed(channel)
    try:
        arguments = load(feed, start)
    except (ImportError, AttributeError) as error:
        if start.data_only and getattr(error, "name", None):
            raise _lacks(start.serializer, error.name) from error
        raise TransferError(f"An argument cannot be read in this environment: {error}. {_remedy(error)}") from error
    feed.finish()
    return arguments


def _remedy(error):
    """Say how an argument's class gets into this environment."""
    import re

    name = re.search(r"attribute '(\w+)", str(error))
    if name and "'__main__'" in str(error):
        return (
            f"{name.group(1)} is defined in the DAG file, which is not imported here: bring it along, "
            f"include=[{name.group(1)}], or pass plain data"
        )
    return f"Its class has to be importable by {sys.executable}: install the package there, or pass plain data"


def with_context(start, function, args, kwargs):
    """Return the keyword arguments together with those from Airflow's context.

    Args:
        start: the `StartFrame`, with the context.
        function: the function.
        args: the positional arguments.
        kwargs: the keyword arguments, which take precedence over values of the context.
    """
    context = start.context
    if not context:
        return kwargs
    if start.path:  # the operator does not know the signature
        context = _named_by_signature(function, args, context)
    from . import services
    from .context_decoding import decode_context

    services.passed_values = decode_context({name: value for name, value in context.items() if name not in kwargs})
    return dict(services.passed_values, **kwargs)


def _named_by_signature(function, args, context):
    import inspect

    parameters = list(inspect.signature(function).parameters.values())
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return context
    names = {parameter.name for parameter in parameters[len(args) :]}
    return {name: value for name, value in context.items() if name in names}


def load(feed, start):
    """Read one value from a stream, with the serializer that the start frame names."""
    if start.data_only:
        from .data_serializers import load_coded

        return load_coded(feed, start.serializer)
    from .moved_modules import MovedModulesUnpickler, load_dill

    if start.serializer_module == "dill":
        return load_dill(_module("dill"), feed)
    return MovedModulesUnpickler(feed, **({"buffers": feed} if sys.version_info >= (3, 8) else {})).load()


def dump(value, sink, start):
    """Write one value to a stream, with the serializer that the start frame names."""
    protocol = start.protocol
    if start.data_only:
        from .data_serializers import dump_coded

        return dump_coded(value, sink, start.serializer)
    if start.serializer_module:
        return _module(start.serializer_module).dump(value, sink, protocol=protocol)
    try:
        from _pickle import Pickler
    except ImportError:
        from pickle import Pickler
    beside = {"buffer_callback": sink.buffer} if protocol >= 5 else {}
    return Pickler(sink, protocol, **beside).dump(value)


def send(channel, start, value):
    """Send the function's result to the operator.

    Args:
        channel: the `OperatorChannel`.
        start: the `StartFrame`.
        value: the result.

    Raises:
        TransferError: the serializer cannot send the value.
        ConnectionError: the operator's process has ended.
    """
    if is_plain(value):
        channel.send(ValueFrame(value=value))
        return
    from .stream import Sink

    sink = Sink(channel)
    channel.send(ValueFrame(streamed=True))
    try:
        dump(value, sink, start)
        sink.close()
    except (ConnectionError, TransferError):
        raise
    except Exception as error:
        if start.data_only and isinstance(error, ImportError) and error.name:
            raise _lacks(start.serializer, error.name) from error
        from .unsendable import describe

        culprit = describe(value, "value", error, lambda part, sink: dump(part, sink, start), start.data_only)
        raise TransferError(
            f"The value that the function returned cannot be sent to Airflow with serializer={start.serializer!r}: "
            f"{culprit}. Return {start.remedy}"
        ) from error


def _module(name):
    try:
        return __import__(name)
    except ImportError as error:
        raise _lacks(name, name) from error


def _lacks(serializer, package):
    return TransferError(
        f"serializer={serializer!r} needs the package {package} in this environment ({sys.executable}): add it to the "
        "environment's requirements"
    )
