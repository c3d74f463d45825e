"""Collapsed steps, and single writes, to statements in the session's open transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdc.model.change import Op, Row
from cdc.model.errors import BadRow, CdcError, Incomplete
from cdc.model.value import value
from cdc.model.write import KEEPING, Deletes, TargetPlan, Write
from cdc.sql import look
from cdc.sql import mysql as sql
from cdc.target.collapse import Collapsed, Move, Removals, Step, Upserts, alone
from cdc.target.guard import Guard, plan_of
from cdc.target.mysql.refusal import clashes, named, scans
from cdc.target.mysql.session import Session
from cdc.target.mysql.shapes import Shapes
from cdc.target.tally import Tally

_ROWS = 2000
"""Rows of one statement."""
_FEW = 8
"""Up to so many rows single updates are quicker than a stage."""
_PAIRS = 2
"""The same where each row is asked first whether it is newer."""
_LATEST = b" for update"
"""A plain select may show an older version of a row than the one that is locked."""
_TWINS = 100
"""Selects in one union."""
_OLD = ("1", "0")
"""A row that is at the old key and not at the new one."""


@value
class Found:
    """What is there of a chunk of rows, by position in the chunk."""

    same: Sequence[int]
    """The key is there, in the same text."""
    twins: Sequence[int]
    """The key is there in another text that the server holds equal: a collation, a padding, a fraction's zeros."""
    missing: Sequence[int]


class Writer:
    """Writes rows through one session."""

    def __init__(self, session: Session, plans: Sequence[TargetPlan]) -> None:
        self._session = session
        self.guard = Guard(plans, lambda table, columns: session.described(look.my_look(table, columns)))
        self._shapes = Shapes(session)

    def collapsed(self, collapsed: Collapsed, tally: Tally) -> None:
        """Apply a collapsed batch. Raises `Incomplete` for all that lacks a row, or `BadRow` for any of its rows."""
        lacking: list[Write] = []
        for step in collapsed.steps:
            try:
                self.step(step, tally)
            except Incomplete as incomplete:
                lacking += incomplete.writes
        if lacking:
            raise Incomplete(lacking)
        tally.supersede(collapsed.superseded)

    def step(self, step: Step, tally: Tally) -> None:
        """Apply one step of a collapsed batch. Raises `Incomplete`, or `BadRow` for any of its rows."""
        if self.guard.unseen(table := plan_of(step).table.name):
            self.guard.prove(table, self._session.described(look.my_look(table, self.guard.columns[table])))
        if isinstance(step, Removals):
            self._remove(step.plan, step.keys, tally)
        elif isinstance(step, Upserts):
            self._upsert(step, tally)
        else:
            self._move(step.write, tally)

    def write(self, write: Write, tally: Tally) -> None:
        """Apply one write by itself. Raises `Incomplete`, or `BadRow` that names the write."""
        step = _step(write)
        try:
            try:
                self.step(step, tally)
            except BadRow as error:
                if not clashes(error):
                    raise
                self.step(step, tally)  # an application may have inserted the row just before us: now it is found
        except BadRow as error:
            raise named(error, write) from error

    def _remove(self, plan: TargetPlan, keys: Sequence[Row], tally: Tally) -> None:
        known = self._shapes.keys(plan)
        for start in range(0, len(keys), _ROWS):
            chunk = keys[start : start + _ROWS]
            rows = known.tuples(chunk)
            removed = self._run(known.soften, rows) if plan.deletes is Deletes.SOFT else self._delete(known, rows)
            tally.add(plan.mapping, Op.DELETE, removed)
            tally.add(plan.mapping, None, len(chunk) - removed)

    def _delete(self, known: sql.Keys, rows: Sequence[bytes]) -> int:
        try:
            return self._run(known.delete, rows)
        except CdcError as error:
            if not scans(error):
                raise
            return self._run(known.scan, rows)

    def _move(self, write: Write, tally: Tally) -> None:
        """Change a row's key in place. If another row has the new key, that one takes the image, and the old one goes by the plan's rule.

        A partial image fits no other row, and none that is marked as deleted.
        """
        assert write.moved is not None
        known, step = self._shapes.keys(write.plan), alone(write)
        old, new = known.tuples([write.moved, write.key])
        marked = {(is_old, is_new): mark == "1" for is_old, is_new, mark in self._session.rows(known.either(old, new))}
        if list(marked) == [_OLD] and not (step.partial and marked[_OLD]):
            self._assign(step, 0, write.moved, tally)
            tally.add(write.plan.mapping, Op.UPDATE)
            return
        if step.partial:
            raise Incomplete([write])
        if _OLD in marked and write.plan.deletes not in KEEPING:
            self._remove(write.plan, [write.moved], Tally())
        self._upsert(step, tally)

    def _upsert(self, step: Upserts, tally: Tally) -> None:
        lacking: list[Write] = []
        for start in range(0, len(step.rows), _ROWS):
            part = Upserts(step.plan, step.mask, step.rows[start : start + _ROWS], step.writes[start : start + _ROWS], step.new)
            found = self._find(step.plan, [write.key for write in part.writes], living=step.partial)
            if step.partial and found.missing:
                lacking += [part.writes[at] for at in found.missing]
            else:
                self._put(part, found, tally)
        if lacking:
            raise Incomplete(lacking)

    def _find(self, plan: TargetPlan, keys: Sequence[Row], *, living: bool) -> Found:
        """Lock the rows that are there, or those not marked as deleted. Keys that come back in another text are matched by the server."""
        known = self._shapes.keys(plan)
        literal = known.tuples(keys)
        statements = (known.living if living else known.find).around(literal, self._session.limit)
        there = known.canonical([row for statement in statements for row in self._session.rows(statement)])
        same = [at for at, key in enumerate(keys) if key in there]
        if len(same) == len(keys):
            return Found(same, (), ())
        rest = [at for at, key in enumerate(keys) if key not in there]
        if len(same) == len(there):
            return Found(same, (), rest)
        twins = {rest[at] for at in self._matches(known, [literal[at] for at in rest], living=living)}
        return Found(same, sorted(twins), [at for at in rest if at not in twins])

    def _matches(self, known: sql.Keys, literal: Sequence[bytes], *, living: bool) -> Iterator[int]:
        for start in range(0, len(literal), _TWINS):
            for (at,) in self._session.rows(known.which(literal[start : start + _TWINS], living=living)):
                yield start + int(at)

    def _put(self, part: Upserts, found: Found, tally: Tally) -> None:
        shape, mapping = self._shapes.upsert(part.plan, part.mask), part.plan.mapping
        if found.missing:
            self._run(shape.insert, shape.new([part.rows[at] for at in found.missing]))
            tally.add(mapping, Op.INSERT, len(found.missing))
        if found.same:
            changed = self._overwrite(part, found.same, tally) if shape.payload else 0
            tally.add(mapping, Op.UPDATE, changed)
            tally.add(mapping, None, len(found.same) - changed)
        for at in found.twins:
            tally.add(mapping, Op.UPDATE if self._assign(part, at, part.writes[at].key, tally) else None)

    def _overwrite(self, part: Upserts, there: Sequence[int], tally: Tally) -> int:
        """Update rows that are there; return how many changed."""
        shape = self._shapes.upsert(part.plan, part.mask)
        rows = [part.rows[at] for at in there]
        if len(rows) > 1 and shape.overwrite is not None:
            return self._run(shape.overwrite, shape.tuples(rows)) // 2  # a row that it changes counts twice
        if len(rows) <= (_FEW if shape.newer is None else _PAIRS) and not self._shapes.fires(part.plan):
            return sum(self._assign(part, at, part.writes[at].key, tally) for at in there)
        self._shapes.prepare(shape.stage)
        self._run(shape.stage.fill, shape.tuples(rows))
        if shape.stage.settle:
            tally.keep(part.plan.mapping, self._session.execute(shape.stage.settle))
        changed = self._session.execute(shape.stage.update)
        self._session.execute(shape.stage.clear)
        return changed

    def _assign(self, part: Upserts, at: int, key: Row, tally: Tally) -> int:
        """Give the row at `key` all values, those of the key too, but for what is newer there. The row is locked."""
        known, shape, row = self._shapes.keys(part.plan), self._shapes.upsert(part.plan, part.mask), part.rows[at]
        there, assign = known.at(known.tuples([key])[0]), shape.assign
        if shape.newer is not None and (found := self._session.rows(shape.newer.ask(row) + there + _LATEST)) and found[0][0] == "0":
            assign = shape.newer.spare
            tally.keep(part.plan.mapping, found[0][1] == "1")
        return self._session.execute(assign(row) + there)

    def _run(self, frame: sql.Frame, rows: Sequence[bytes]) -> int:
        return sum(self._session.execute(statement) for statement in frame.around(rows, self._session.limit))


def _step(write: Write) -> Step:
    if write.image is None:
        return Removals(write.plan, [write.key])
    return Move(write) if write.moved is not None else alone(write)
