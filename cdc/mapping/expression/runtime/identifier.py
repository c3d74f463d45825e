"""UUIDs: read as PostgreSQL reads them, and made from values so that both ends and every run make the same."""

from __future__ import annotations

import re
from hashlib import sha1
from uuid import UUID

from cdc.mapping.expression.runtime.errors import invalid

ROOT = UUID("0b1f8e3a-6d0c-4c57-9c0e-4f3d5a7c2b91")
"""The namespace of all namespaces of `stable_uuid`. Never changes: keys on live databases come from it."""
_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UUID = re.compile(r"(\{)?([0-9a-f]{4}(?:-?[0-9a-f]{4}){7})(?(1)\})", re.IGNORECASE)


def uuid_in(text: str) -> str:
    """cast(text as uuid): lower case, hyphens in their places."""
    if _CANONICAL.fullmatch(text):
        return text
    found = _UUID.fullmatch(text)
    if found is None:
        raise invalid("uuid")
    return _hyphenated(found[2].replace("-", "").lower())


def stable_uuid(namespace: bytes, *values: str) -> str:
    """RFC 9562 version 5, value by value: each UUID is the namespace of the next, so that no two lists of values run together."""
    for text in values[:-1]:
        namespace = version_5(namespace, text)
    digits = sha1(namespace + values[-1].encode(), usedforsecurity=False).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:32]}"


_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
"""The first digit of the fourth group has its two highest bits set to 10."""


def version_5(namespace: bytes, name: str) -> bytes:
    """Return the 16 bytes of the UUID of a name in a namespace."""
    digest = bytearray(sha1(namespace + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest)


def _hyphenated(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
