"""The service file's `masking` to the salt of its hashes, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdc.app.service.secrets import written
from cdc.mapping.expression.salt import Salt
from cdc.mapping.files.document import Document
from cdc.mapping.files.problem import Problem

PATH = ("masking", "salt")
_SHORTEST = 16
"""Characters. Whoever can guess the salt can hash all telephone numbers with it."""


def salt_text(data: Mapping[str, Any]) -> str:
    """Return the salt of a service file's data with all references replaced; empty when it names none."""
    masking = data.get("masking")
    text = masking.get("salt") if isinstance(masking, dict) else None
    return text if isinstance(text, str) else ""


def salt(data: Mapping[str, Any]) -> Salt | None:
    text = salt_text(data)
    return Salt(text) if text else None


def short_salt(document: Document, text: str) -> Iterator[Problem]:
    """A salt that can be guessed is none."""
    if len(text) < _SHORTEST:
        advice = "openssl rand -hex 32 > /etc/cdc/salt; keep it: with another one, all hashes are others"
        yield document.at(PATH).problem("short-salt", f"the salt must have at least {_SHORTEST} characters", advice)


def written_salt(document: Document) -> Iterator[Problem]:
    """It works, and should stand where fewer people look."""
    if written(document.scalar(PATH) or ""):
        advice = 'write `salt: "${file:/etc/cdc/salt}"`'
        yield document.at(PATH).warning("secret-in-file", "a secret is written in the service file", advice)


def salt_words(document: Document) -> list[str]:
    """Return the words of a salt that is written in the service file, as its lines show them."""
    text = document.scalar(PATH) or ""
    return text.split() if written(text) else []
