"""Functions that hide values."""

from __future__ import annotations

from cdc.mapping.expression.vocabulary.signature import INT4, TEXT, Function, Signature

FUNCTIONS = (
    Function(
        "mask",
        "masking",
        "So many characters at both ends are kept, each other one becomes `*` or the given character. A text that would be kept whole is"
        " hidden whole.",
        (Signature((TEXT, INT4, INT4), TEXT, "mask"), Signature((TEXT, INT4, INT4, TEXT), TEXT, "mask")),
        ("mask(text, left integer, right integer[, character text]) → text",),
    ),
    Function(
        "mask_email",
        "masking",
        "The first character and the domain: `a***@example.com`. What is no address becomes `***`.",
        (Signature((TEXT,), TEXT, "mask_email"),),
    ),
    Function(
        "hash_sha256",
        "masking",
        "SHA-256 of the service file's `masking: salt` and the text, as 64 hexadecimal digits. Without any salt only where it says so: `''`.",
        forms=("hash_sha256(text) → text", "hash_sha256(text, '') → text"),
    ),
)
