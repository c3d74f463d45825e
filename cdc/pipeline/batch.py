"""Transactions to batches: whole source transactions, as many as are at hand up to a limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field

from cdc.mapping.plan import QueryPlan
from cdc.model.change import Change, Idle, Origin, Position, Transaction
from cdc.model.errors import BadRow, Drifted, Misconfigured, Truncated
from cdc.model.parked import Parked
from cdc.model.value import value
from cdc.model.write import Batch, Write
from cdc.pipeline.budget import Budget
from cdc.pipeline.step import Waiting
from cdc.pipeline.touch import TouchedKeys, Touching
from cdc.pipeline.translate import QUEUED, Translators

NOT_MAPPED = "not_mapped"
LOOP = "loop"
_QUIET = 10_000
"""Row changes without any write after which the position may move, though the log never pauses."""


@value
class Limits:
    """How batches are cut."""

    rows: int = 5000
    """Writes, and changes that touch root keys, after which a batch is closed, at the next transaction's end."""
    idle: float = 60.0
    """Seconds between checkpoints that move the position alone."""
    parking: Budget = field(default_factory=Budget)


class Open:
    """A batch that is being gathered."""

    def __init__(self, after: Position, translators: Translators, touching: Touching) -> None:
        self.after = after
        self.upto = after
        self.translators = translators
        self.touching = touching
        self.writes: list[Write] = []
        self.parked: list[Parked] = []
        self.keys = TouchedKeys()
        self.skipped: Counter[tuple[str, str]] = Counter()
        self.left_out: Counter[tuple[str, str]] = Counter()
        """What of the transaction at hand was left out: it counts once all of it is taken in."""
        self.origin: Origin = ()
        self.transactions = 0
        self.oldest = self.newest = self.beat = 0.0
        translators.guard()

    def accepts(self, transaction: Transaction) -> bool:
        """A batch carries one marker, so all its transactions came the same way."""
        return not self.size or not transaction.changes or transaction.origin == self.origin

    @property
    def size(self) -> int:
        return len(self.writes) + len(self.parked) + self.keys.count

    def add(self, transaction: Transaction) -> None:
        """Translate a transaction's changes and take them in. Whatever it raises, all before it may be written.

        An echo does not move the position: two pipelines would answer each other's checkpoints for ever.
        """
        if transaction.echoes:
            self.skipped["", LOOP] += transaction.echoes
            return
        if transaction.beat:
            self.beat = transaction.beat
        before, writes, parked = self.size, len(self.writes), len(self.parked)
        try:
            self._translate(transaction)
        except (Drifted, Truncated) as error:
            del self.writes[writes:], self.parked[parked:]
            raise error.at(transaction.upto) from error
        if self.left_out:
            self.skipped.update(self.left_out)
            self.left_out.clear()
        self.upto = transaction.upto
        if self.size > before:
            self.origin = transaction.origin
            self.transactions += 1
            self.oldest = self.oldest or transaction.committed_at
            self.newest = transaction.committed_at

    def _translate(self, transaction: Transaction) -> None:
        append, skipped, translators, at = self.writes.append, self.left_out, self.translators, transaction.committed_at
        touching = self.touching
        for change in transaction.changes:
            mappings = translators[change.table]
            if touches := touching[change.table]:
                self.keys.add(change, touches, skipped)
            elif not mappings:
                skipped[str(change.table.name), NOT_MAPPED] += 1
            for mapping, translate in mappings:
                try:
                    write = translate(change, at)
                except BadRow as error:
                    self._park(mapping, change, transaction, error)
                    continue
                if isinstance(write, Write):
                    append(write)
                elif write is QUEUED:
                    self._park(mapping, change, transaction, None)
                else:
                    skipped[mapping, write] += 1

    def _park(self, mapping: str, change: Change, transaction: Transaction, error: BadRow | None) -> None:
        """Let the change wait; from now on the mapping's translator looks for its key."""
        parking = self.translators.parking
        self.parked.append(parking.parked(mapping, change, transaction.committed_at, (transaction.upto, transaction.origin), error))
        self.translators.guard()

    def waiting(self, seen: Position) -> Waiting:
        """Hand over what was left out since, when there is nothing to write."""
        skipped, self.skipped = self.skipped, Counter()
        beat, self.beat = self.beat, 0.0
        return Waiting(seen, skipped, beat)

    def rest(self, node: str) -> Iterator[Batch]:
        """Close the batch where the next transaction can't be taken in."""
        if self.size or self.upto != self.after:
            yield self.close(self.upto, node)

    def close(self, upto: Position, node: str) -> Batch:
        return Batch(
            self.after,
            upto,
            tuple(self.writes),
            transactions=self.transactions,
            oldest=self.oldest,
            newest=self.newest,
            origin=(*self.origin, node),
            touched=self.keys.touched(self.upto),
            skipped=self.skipped,
            beat=self.beat,
            parked=tuple(self.parked),
        )


def batches(
    feed: Iterable[Transaction | Idle],
    translators: Translators,
    after: Position,
    *,
    node: str,
    limits: Limits,
    clock: Callable[[], float],
    queries: Sequence[QueryPlan] = (),
) -> Iterator[Batch | Waiting]:
    """Group whole transactions into batches; what is gathered goes at once when the source pauses, or as soon as touched keys are quiet.

    What comes before a transaction that can't go on, since a table has changed, is handed on before that is raised.
    A batch without writes moves the position alone: at most every `limits.idle` seconds of `clock`, and at the end of the feed.
    `node` is the source's name; the batch's marker says that its changes came through it.
    """
    touching = Touching(queries)
    batch, upto, moved = Open(after, translators, touching), after, clock()
    try:
        for item in feed:
            if isinstance(item, Transaction):
                if not batch.accepts(item):
                    yield batch.close(batch.upto, node)
                    batch, moved = Open(batch.upto, translators, touching), clock()
                batch.add(item)
                full = batch.size >= limits.rows or batch.skipped.total() >= _QUIET
                if not full and not batch.keys.overdue(clock):
                    continue
            elif batch.keys.unquiet(clock):
                upto = item.upto
                continue
            upto = item.upto if isinstance(item, Idle) else batch.upto
            if batch.size or (upto != batch.after and clock() - moved >= limits.idle):
                yield batch.close(upto, node)
                batch, moved = Open(upto, translators, touching), clock()
            if isinstance(item, Idle):
                yield batch.waiting(item.seen)
    except (Misconfigured, Truncated):
        yield from batch.rest(node)
        raise
    if upto != batch.after:
        yield batch.close(upto, node)
