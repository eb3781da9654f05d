"""SHA-256 without `hashlib`, which loads every algorithm there is, and OpenSSL.

That takes 6 ms of a build's start; in the frontend's image, which has no other algorithm, `hashlib` also reports each
of them as missing.
"""

from __future__ import annotations

try:
    from _sha2 import sha256  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha256

__all__ = ["sha256"]
