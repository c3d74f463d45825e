"""Transactions to batches: whole source transactions, as many as are at hand up to a limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field, replace

from cdc.mapping.plan import QueryPlan
from cdc.model.change import Change, Idle, Origin, Part, Position, Transaction
from cdc.model.errors import BadRow, CdcError, Drifted, Misconfigured, Truncated
from cdc.model.parked import Parked
from cdc.model.value import value
from cdc.model.write import Batch, Write
from cdc.pipeline.budget import Budget
from cdc.pipeline.step import Waiting
from cdc.pipeline.touch import TouchedKeys, Touching
from cdc.pipeline.translate import EMPTIES, QUEUED, Translators

NOT_MAPPED = "not_mapped"
LOOP = "loop"
_ROW = 1024
"""Bytes that a row change may take in the log: larger ones count as several."""
_QUIET = 10_000
"""Row changes without any write after which the position may move, though the log never pauses."""


@value
class Limits:
    """How batches are cut."""

    rows: int = 5000
    """Writes, and changes that touch root keys, after which a batch is closed, at the next transaction's end."""
    part: int = 20_000
    """Writes of one transaction after which they are handed on as a part, before its end has come."""
    idle: float = 60.0
    """Seconds between checkpoints that move the position alone."""
    parking: Budget = field(default_factory=Budget)


def _place(transaction: Transaction | Part) -> Position:
    return transaction.at if isinstance(transaction, Part) else transaction.upto


class Open:
    """A batch that is being gathered."""

    def __init__(self, after: Position, translators: Translators, touching: Touching) -> None:
        self.after = after
        self.upto = after
        self.inside: Position | None = None
        """A place in the transaction whose parts come, until its end has come."""
        self.parts = 0
        """How often some of it was handed over."""
        self.bytes = 0
        self.translators = translators
        self.touching = touching
        self.writes: list[Write] = []
        self.parked: list[Parked] = []
        self.released: dict[int, str] = {}
        self.empties = False
        self._before: tuple[list[Parked], dict[int, str], bool] | None = None
        """What was parked and released before the transaction at hand, if a TRUNCATE in it has taken some of that back."""
        self.keys = TouchedKeys()
        self.skipped: Counter[tuple[str, str]] = Counter()
        self.left_out: Counter[tuple[str, str]] = Counter()
        """What of the transaction at hand was left out: it counts once all of it is taken in."""
        self.origin: Origin = ()
        self.transactions = 0
        self.oldest = self.newest = self.beat = 0.0
        translators.guard()

    def accepts(self, item: Transaction | Part) -> bool:
        """A batch carries one marker, so all its transactions came the same way. One that comes in parts has a batch to itself."""
        if self.inside or not self.size:
            return True
        return isinstance(item, Transaction) and (not item.changes or item.origin == self.origin)

    def due(self, limits: Limits, clock: Callable[[], float]) -> bool:
        """Return whether it is to be handed over, though the source has not paused."""
        if self.inside:
            return False
        heavy = self.size >= limits.rows or self.bytes >= limits.part * _ROW or self.skipped.total() >= _QUIET
        return bool(self.parts) or heavy or self.keys.overdue(clock)

    @property
    def size(self) -> int:
        """What there is to do; parts that were handed over have an end to come."""
        return len(self.writes) + len(self.parked) + self.keys.count + self.parts

    def add(self, transaction: Transaction | Part) -> None:
        """Translate a transaction's changes and take them in. Whatever it raises, all before the transaction may be written.

        An echo does not move the position: two pipelines would answer each other's checkpoints for ever. Only where queries depend on
        its rows it does, since they are told once: see `cdc.source.echo`.
        """
        if isinstance(transaction, Part):
            self.inside = transaction.at
        elif transaction.echoes:
            self.skipped["", LOOP] += transaction.echoes
            if not transaction.changes and not self.inside:
                return
        else:
            self.beat = transaction.beat or self.beat
        before, writes, parked = self.size, len(self.writes), len(self.parked)
        try:
            (self._touch if transaction.echo else self._translate)(transaction)
        except CdcError as error:
            if self._before:
                self.parked, self.released, self.empties = self._before
            del self.writes[writes:], self.parked[parked:]
            if isinstance(error, (Drifted, Truncated)):
                raise error.at(_place(transaction)) from error
            raise
        self._before = None
        if self.left_out:
            self.skipped.update(self.left_out)
            self.left_out.clear()
        self._taken(transaction, grown=self.size > before or len(self.writes) > writes)

    def _taken(self, transaction: Transaction | Part, *, grown: bool) -> None:
        """All of it has been translated; `grown`: there is something to do for it."""
        self.bytes += transaction.size
        if grown:
            self.origin = transaction.origin
            self.oldest = self.oldest or transaction.committed_at
            self.newest = transaction.committed_at
        if isinstance(transaction, Transaction):
            self.transactions += grown or bool(self.inside and self.oldest)
            self.upto, self.inside = transaction.upto, None

    def _touch(self, echo: Transaction | Part) -> None:
        for change in echo.changes:
            self.keys.add(change, self.touching[change.table], self.left_out, echo=True)

    def _translate(self, transaction: Transaction | Part) -> None:
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
                elif write is EMPTIES:
                    self._empty(mapping, change, transaction.committed_at)
                else:
                    skipped[mapping, write] += 1

    def _park(self, mapping: str, change: Change, transaction: Transaction | Part, error: BadRow | None) -> None:
        """Let the change wait; from now on the mapping's translator looks for its key."""
        parking = self.translators.parking
        self.parked.append(parking.parked(mapping, change, transaction.committed_at, (_place(transaction), transaction.origin), error))
        self.translators.guard()

    def _empty(self, mapping: str, change: Change, at: float) -> None:
        """All rows of the mapping go, and so does what waits: it is about rows that are no more."""
        self._before = self._before or (list(self.parked), dict(self.released), self.empties)
        self.writes.append(Write(self.translators.target(mapping, change.table), (), None, None, change, at))
        self.parked = [one for one in self.parked if one.mapping != mapping]
        self.released |= self.translators.parking.empty(mapping)
        self.empties = True
        self.translators.guard()

    def waiting(self, seen: Position) -> Waiting:
        """Hand over what was left out since, when there is nothing to write."""
        skipped, self.skipped = self.skipped, Counter()
        beat, self.beat = self.beat, 0.0
        return Waiting(seen, skipped, beat)

    def rest(self, node: str) -> Iterator[Batch]:
        """Close the batch where the next transaction can't be taken in. What has come of it in parts is not to be written."""
        if not self.inside and not self.parts and (self.size or self.upto != self.after):
            yield self.close(self.upto, node)

    def part(self, node: str, limits: Limits) -> Iterator[Batch]:
        """Hand over the writes so far of a transaction whose end has not come, if they are many. All else waits for the end."""
        heavy = len(self.writes) >= limits.part or self.bytes >= limits.part * _ROW
        if not self.inside or not self.writes or not heavy:
            return
        batch = replace(self.close(self.inside, node), transactions=0, touched=(), skipped=None, released={}, ends=False)
        self.writes, self.bytes, self.parts, self.empties = [], 0, self.parts + 1, False
        yield batch

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
            released=self.released,
            begins=not self.parts,
            empties=self.empties,
        )


def batches(
    feed: Iterable[Transaction | Part | Idle],
    translators: Translators,
    after: Position,
    *,
    node: str,
    limits: Limits,
    clock: Callable[[], float],
    queries: Sequence[QueryPlan] = (),
) -> Iterator[Batch | Waiting]:
    """Group whole transactions into batches, and cut those that are too large to be held; what is gathered goes at once when the source pauses, or as soon as touched keys are quiet.

    What comes before a transaction that can't go on, since a table has changed, is handed on before that is raised.
    A batch without writes moves the position alone: at most every `limits.idle` seconds of `clock`, and at the end of the feed.
    `node` is the source's name; the batch's marker says that its changes came through it.
    """
    touching = Touching(queries)
    batch, upto, moved = Open(after, translators, touching), after, clock()
    try:
        for item in feed:
            if not isinstance(item, Idle):
                if not batch.accepts(item):
                    yield batch.close(batch.upto, node)
                    batch, moved = Open(batch.upto, translators, touching), clock()
                batch.add(item)
                yield from batch.part(node, limits)
                if not batch.due(limits, clock):
                    continue
            elif batch.inside or batch.keys.unquiet(clock):
                upto = upto if batch.inside else item.upto
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
