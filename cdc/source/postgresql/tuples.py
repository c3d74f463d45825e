"""A tuple in pgoutput's messages to its values: of all that is done for a row the part that takes longest, and the only one that a build may compile.

https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
"""

from __future__ import annotations

from cdc.model.change import ABSENT, Value
from cdc.model.errors import UnknownEvent


def row_at(frame: bytes, at: int) -> tuple[list[Value], int]:
    """Return the values of the tuple at an offset, and where it ends. Arithmetic on bytes is what compiles best; as Python it costs little more than `struct`."""
    row: list[Value] = []
    count = frame[at] << 8 | frame[at + 1]
    at += 2
    for _ in range(count):
        kind = frame[at]
        if kind == 116:  # t: text
            start = at + 5
            at = start + (frame[at + 1] << 24 | frame[at + 2] << 16 | frame[at + 3] << 8 | frame[at + 4])
            row.append(frame[start:at].decode())
        elif kind == 110:  # n: NULL
            row.append(None)
            at += 1
        elif kind == 117:  # u: unchanged, stored out of line, not in the log
            row.append(ABSENT)
            at += 1
        else:
            raise UnknownEvent(
                f"a column of kind {chr(kind)!r} in the log; text was asked for", "This is a bug, or a server of another protocol."
            )
    return row, at
