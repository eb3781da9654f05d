"""gRPC statuses: the engine's answers to calls that fail, and ours to builds that fail.

A status is a code, one sentence and any number of details. BuildKit's details are JSON under type URLs of its own
(`github.com/moby/buildkit/errdefs.Source+json`); known ones can be read and edited, the rest is passed on unchanged.

Source of truth: BuildKit `util/grpcerrors` and `solver/errdefs`; the percent-encoding is gRPC's over HTTP/2.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from pyenv_frontend.buildkit import wire_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["INTERNAL", "RESOURCE_EXHAUSTED", "UNKNOWN", "CallError", "Detail", "Status"]

UNKNOWN = 2
"""The code whose message buildx prints without putting the code's name before it."""
INTERNAL = 13
"""The code for an answer that the engine could not send."""
RESOURCE_EXHAUSTED = 8
"""The code for a message that is too large, and for a full disk: see `Status.is_too_large`."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One detail of a status, not decoded."""

    type_url: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Status:
    """The outcome of a call that failed."""

    message: str
    code: int = UNKNOWN
    details: tuple[Detail, ...] = ()

    @property
    def is_too_large(self) -> bool:
        """Whether a message was too large, by the words of gRPC; a full disk has the same code."""
        return self.code == RESOURCE_EXHAUSTED and "larger than max" in self.message

    def to_wire(self) -> wire.Status:
        """Return the protobuf form, as `Return` sends it."""
        details = [wire.Detail(type_url=d.type_url, value=d.value) for d in self.details]
        return wire.Status(code=self.code, message=self.message, details=details)

    def without_details(self) -> Status:
        """Return the same without its details."""
        return Status(self.message, self.code)

    @classmethod
    def from_trailers(cls, trailers: Mapping[bytes, bytes]) -> Status | None:
        """Read a call's trailers; None if the call succeeded.

        A status that cannot be read counts as a failed call: an answer without a status is invalid.
        """
        code = trailers.get(b"grpc-status", b"")
        if code == b"0":
            return None
        message = _percent_decode(trailers.get(b"grpc-message", b""))
        if not code.isdigit():
            return cls(f"the engine ended a call without a status ({message or 'no message'})")
        packed = _details(trailers.get(b"grpc-status-details-bin", b""))
        return cls(message, int(code), packed)


class CallError(Exception):
    """A call that the engine answered with an error."""

    def __init__(self, method: str, status: Status) -> None:
        super().__init__(f"{method}: {status.message}")
        self.method = method
        self.status = status


def _details(value: bytes) -> tuple[Detail, ...]:
    """Unpack `grpc-status-details-bin`: base64 without padding of a google.rpc.Status."""
    if not value:
        return ()
    try:
        status = wire.Status.FromString(binascii.a2b_base64(value + b"=" * (-len(value) % 4)))
    except (ValueError, DecodeError):  # the message alone is still worth showing
        return ()
    return tuple(Detail(d.type_url, d.value) for d in status.details)


def _percent_decode(value: bytes) -> str:
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415 - needed only for an error

    return unquote_to_bytes(value).decode("utf-8", "replace")
