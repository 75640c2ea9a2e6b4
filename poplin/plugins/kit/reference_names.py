"""The names that the reference plugins compute: a prefix, and hex digits of SHA-512."""

from __future__ import annotations


def short_hash(text: str, digits: int) -> str:
    """The first hex digits of the text's SHA-512."""
    try:  # hashlib costs 3 ms; its SHA-2 moved to another module in Python 3.12
        from _sha512 import sha512  # type: ignore[import-not-found]
    except ImportError:
        try:
            from _sha2 import sha512  # type: ignore[import-not-found]
        except ImportError:
            from hashlib import sha512
    return str(sha512(text.encode()).hexdigest()[:digits])
