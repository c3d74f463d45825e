"""Whatever rows are bad, and whatever crashes: once all is mended the target is the mapped source, each key's changes came in their order,
and no version took effect twice.

Rows are bad in three ways: the mapping can't do with them (`bad`), the target has no parent for them, or the target's constraint says no.
"""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from cdc.mapping.plan import Plan, Route, RowPlan
from cdc.model.change import ABSENT, Change, Op
from cdc.model.errors import BadRow, Unreachable
from cdc.model.table import Column, Definition, ForeignKey, TableName, Unique
from cdc.model.write import Deletes, TargetPlan, Truncates
from cdc.pipeline.batch import Limits
from cdc.pipeline.budget import Budget
from cdc.pipeline.loop import run
from cdc.source.memory import MemorySource
from cdc.target.memory import MemoryDatabase, MemoryTarget
from tests.plans import SOURCE, TEXT

KEYS = "abc"
TABLE = TableName("crm", "tree")
COLUMNS = (Column("id", TEXT, nullable=False), Column("parent", TEXT), Column("note", TEXT))
REFERS = ForeignKey("to_parent", ("parent",), TABLE, ("id",), cascades=False)
DEFINITION = Definition(
    TABLE, COLUMNS, (Unique("tree_pkey", ("id",), primary=True, exact=True),), (REFERS,), ("id",), triggers=False, estimate=0
)
TARGET = TargetPlan("tree", DEFINITION, COLUMNS, (0,), Deletes.HARD, (), 0)
BOUNDLESS = Limits(1, parking=Budget(rows=1000, share=1.0))


def mapped(mended):
    """Source (id, name, note, active): `name` is the parent's key, `active` says what is wrong with the row."""

    def map_row(row):
        if row[3] == "b" and not mended:
            raise BadRow("mapping tree: column 'note': bad")
        return (row[0],), (row[0], row[1], row[2])

    row_plan = RowPlan(TARGET, map_row, lambda row: (row[0],), Truncates.HALT, "")
    return Plan((Route(SOURCE.name, TARGET),), lambda table: (row_plan,) if table.name == SOURCE.name else ())


@st.composite
def histories(draw):
    """A source with random transactions on a tree whose edges are legal at the end of each of them."""
    source, state, version = MemorySource(), {}, 0
    for _ in range(draw(st.integers(1, 14))):
        changes = []
        for _ in range(draw(st.integers(1, 3))):
            version += 1
            kind, key, other = draw(st.sampled_from("iiuuudk")), draw(st.sampled_from(KEYS)), draw(st.sampled_from(KEYS))
            parent = draw(st.sampled_from([None, *[known for known in state if known != key and state[known][1] is None]]))
            wrong = draw(st.sampled_from("tttb"))
            children = [row for row in state.values() if row[1] == key]
            if children:
                parent = None
            if kind == "i" and key not in state:
                state[key] = (key, parent, str(version), wrong)
                changes.append(Change(SOURCE, Op.INSERT, None, state[key]))
            elif kind == "u" and key in state:
                absent = draw(st.booleans())
                state[key] = (key, state[key][1] if absent else parent, str(version), wrong)
                new = (key, ABSENT if absent else parent, str(version), wrong)
                changes.append(Change(SOURCE, Op.UPDATE, None, new))
            elif kind == "k" and key in state and other not in state and not children:
                old = state.pop(key)
                state[other] = (other, old[1], str(version), wrong)
                changes.append(Change(SOURCE, Op.UPDATE, (key, ABSENT, ABSENT, ABSENT), state[other]))
            elif kind == "d" and key in state and not children:
                del state[key]
                changes.append(Change(SOURCE, Op.DELETE, (key, ABSENT, ABSENT, ABSENT), None))
        source.commit(*changes, committed_at=float(len(source.log)))
    return source, state


class Flaky(MemoryTarget):
    """Loses the connection before or after a commit."""

    def __init__(self, database, faults):
        super().__init__(database, "p", [TARGET])
        self.faults = faults

    def apply(self, batch):
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault == "before":
            raise Unreachable("lost before commit")
        applied = super().apply(batch)
        if fault == "after":
            raise Unreachable("lost after commit")
        return applied


def follow(source, database, plan, faults, rows):
    time = iter(range(10**9))
    while True:
        target = Flaky(database, faults)
        try:
            for _ in run(
                source, plan, target, node="erp", limits=replace(BOUNDLESS, rows=rows), clock=lambda: float(next(time)), until_head=True
            ):
                pass
        except Unreachable:
            continue
        else:
            return
        finally:
            target.close()


FAULTS = st.lists(st.sampled_from(["ok", "before", "after"]), max_size=8)


@settings(max_examples=300)
@given(histories(), FAULTS, st.integers(1, 6), st.integers(0, 14))
def test_once_all_is_mended_the_target_is_the_mapped_source(history, faults, rows, cut):
    source, state = history
    database = MemoryDatabase()
    database.create(DEFINITION)
    log = source.log
    source.log = log[:cut]
    follow(source, database, mapped(mended=False), list(faults), rows)
    source.log = log
    follow(source, database, mapped(mended=False), list(reversed(faults)), rows)
    waiting = database.parked.get("p", {})
    there = {row["id"]: (row["parent"], row["note"]) for row in database.rows(TABLE)}
    held = {key for one in waiting.values() for row in (one.change.old, one.change.new) if row is not None for key in (row[0],)}
    sound = {key: row[1:3] for key, row in state.items() if key not in held}
    assert {key: there.get(key) for key in sound} == sound, "a row that nothing is wrong with has been held up"
    follow(source, database, mapped(mended=True), [], rows)
    assert database.parked.get("p", {}) == {}
    there = {row["id"]: (row["parent"], row["note"]) for row in database.rows(TABLE)}
    assert there == {key: row[1:3] for key, row in state.items()}
    notes = [int(effect.row["note"]) for effect in database.effects if effect.op is not Op.DELETE]
    assert len(notes) == len(set(notes)), "a version took effect twice"
    by_key = {}
    for effect in database.effects:
        if effect.op is not Op.DELETE:
            by_key.setdefault(effect.row["id"], []).append(int(effect.row["note"]))
    assert all(versions == sorted(versions) for versions in by_key.values()), "a key's versions came out of order"
