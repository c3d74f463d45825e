"""What a source gives → whole transactions: those that came in parts put together again."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cdc.model.change import Change, Idle, Part, Transaction


def whole(items: Iterable[Transaction | Part | Idle]) -> Iterator[Transaction]:
    """Yield the transactions, each as soon as its end has come."""
    changes: list[Change] = []
    for item in items:
        if isinstance(item, Part):
            changes += item.changes
        elif isinstance(item, Transaction):
            yield replace(item, changes=[*changes, *item.changes]) if changes else item
            changes = []
