"""Rows to COPY's text format, many at a time: joined first, and proven to be what was meant by counting what would need an escape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from cdc.model.change import Row

_CHUNK = 500
"""Rows of one text."""
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_text(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the rows as COPY reads them. Every value is a text or None."""
    for start in range(0, len(rows), _CHUNK):
        yield _chunk(rows[start : start + _CHUNK])


def _chunk(rows: Sequence[Row]) -> str:
    try:
        text = "\n".join(["\t".join(row) for row in rows])  # type: ignore[arg-type]  # one with a NULL is what is caught
        nulls = 0
    except TypeError:
        text = "\n".join(["\t".join(["\\N" if value is None else cast(str, value) for value in row]) for row in rows])
        nulls = sum([row.count(None) for row in rows])
    if (
        text.count("\\") == nulls
        and "\r" not in text
        and text.count("\n") == len(rows) - 1
        and text.count("\t") == sum(map(len, rows)) - len(rows)
    ):
        return text + "\n"
    return "".join(["\t".join(["\\N" if value is None else cast(str, value).translate(_ESCAPES) for value in row]) + "\n" for row in rows])
