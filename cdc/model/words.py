"""What engines write differently in statements that are put together outside of their own modules."""

from __future__ import annotations

from collections.abc import Callable

from cdc.model.table import TableName
from cdc.model.value import value


@value
class Words:
    """Literals, names, and the few words that `cdc xref` needs. Made in `sql`, handed out by a target's admin."""

    text: Callable[[str], str]
    name: Callable[[str], str]
    table: Callable[[TableName], str]
    home: str
    """Which of a server's databases the session is in, where they share the crosswalk; nothing where each has its own."""
    now: str
    insert: str
    replace: str
    """Behind the values: what becomes of an entry that is there."""
    cast: str
    """A column as the text that an entry has, `{}` being its name."""
    exact: str
    """What holds besides where `{}` and `{}` are equal, if blanks at the end count."""
    epoch: str
    """The server's clock, in seconds since the epoch."""
    leading: str
    """The query for the first columns of a table's indexes, `{schema}` and `{table}` being literals."""
    patience: str
    """The statement behind which the session waits for the lock of a row for `{}` seconds at most."""


@value
class ParkedWords:
    """What is written differently of parked row changes."""

    text: Callable[[str], str]
    parked_at: str
    """`parked_at` in seconds since the epoch."""
    age: str
    """Seconds since then."""
