"""Values that must not be seen, to texts that still serve: to recognise, or to compare. The same value gives the same text always."""

from __future__ import annotations

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.salt import Salt


def mask(text: str, keep_left: int, keep_right: int, character: str = "*") -> str:
    """Keep the ends. A text that is no longer than what is kept is hidden whole: nothing would be left to hide."""
    if keep_left < 0 or keep_right < 0:
        raise BadValue("negative number of characters to keep")
    if len(character) != 1:
        raise BadValue("what masks is one character")
    covered = len(text) - keep_left - keep_right
    if covered <= 0:
        return character * len(text)
    return text[:keep_left] + character * covered + text[keep_left + covered :]


def mask_email(text: str) -> str:
    """The first character and the domain; the number of stars says nothing. What is no address is hidden whole."""
    local, _, domain = text.rpartition("@")
    return f"{local[0]}***@{domain}" if local and domain else "***"


def hash_sha256(salt: Salt, text: str) -> str:
    return salt.hashed(text)
