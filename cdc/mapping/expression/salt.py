"""The secret that `hash_sha256` adds to what it hashes, so that nobody can hash all telephone numbers and compare."""

from __future__ import annotations

from hashlib import sha256


class Salt:
    """A text that is hashed before each value. Nothing shows it: neither `repr`, nor generated code, nor an error."""

    __slots__ = ("_begun",)

    def __init__(self, text: str) -> None:
        self._begun = sha256(text.encode())

    def hashed(self, text: str) -> str:
        """Return SHA-256 of the salt and the text behind it, as hexadecimal digits."""
        digest = self._begun.copy()
        digest.update(text.encode())
        return digest.hexdigest()


UNSALTED = Salt("")
