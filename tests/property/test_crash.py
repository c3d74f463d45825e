"""Whatever crashes: the target is the mapped source, and every version took effect at most once.

Comparing states alone would miss replays, so the test reads the target's log of effects too.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from cdc.model.change import ABSENT, Change, Op
from cdc.model.errors import Unreachable
from cdc.model.write import Deletes
from cdc.pipeline.batch import Limits
from cdc.pipeline.loop import run
from cdc.source.memory import MemorySource
from cdc.target.memory import MemoryDatabase, MemoryTarget
from tests.plans import ACCOUNTS, DEFINITION, MARKED, SOURCE, marking, plan

KEYS = "abc"


@st.composite
def histories(draw, full_identity):
    """A source with random transactions. `note` is a version that never repeats, `name` comes and goes as unchanged TOAST does."""
    source, state, version = MemorySource(), {}, 0
    for _ in range(draw(st.integers(0, 12))):
        changes = []
        for _ in range(draw(st.integers(0, 4))):
            version += 1
            kind, key, other = draw(st.sampled_from("iuukd")), draw(st.sampled_from(KEYS)), draw(st.sampled_from(KEYS))
            active = draw(st.sampled_from("ttf"))
            if kind == "i" and key not in state:
                state[key] = (key, f"n{version}", str(version), active)
                changes.append(Change(SOURCE, Op.INSERT, None, state[key]))
            elif kind == "u" and key in state:
                old, absent = state[key], draw(st.booleans())
                state[key] = (key, old[1] if absent else f"n{version}", str(version), active)
                new = (key, ABSENT if absent else state[key][1], str(version), active)
                changes.append(Change(SOURCE, Op.UPDATE, old if full_identity else None, new))
            elif kind == "k" and key in state and other not in state:
                old, absent = state.pop(key), draw(st.booleans())
                state[other] = (other, old[1], str(version), active)
                new = (other, ABSENT if absent else old[1], str(version), active)
                changes.append(Change(SOURCE, Op.UPDATE, image(old, full_identity), new))
            elif kind == "d" and key in state:
                changes.append(Change(SOURCE, Op.DELETE, image(state.pop(key), full_identity), None))
        source.commit(*changes, committed_at=float(len(source.log)))
    return source, state


def image(row, full):
    return row if full else (row[0], ABSENT, ABSENT, ABSENT)


class Flaky(MemoryTarget):
    """Loses the connection before or after a commit, as the list of faults says, and remembers the batches that were committed."""

    def __init__(self, database, faults, batches, plans):
        super().__init__(database, "p", [route.target for route in plans.routes])
        self.faults, self.batches = faults, batches

    def apply(self, batch):
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault == "before":
            raise Unreachable("lost before commit")
        applied = super().apply(batch)
        self.batches.append(batch)
        if fault == "after":
            raise Unreachable("lost after commit")
        return applied


def supervise(source, database, faults, rows, mapped):
    """Crash-only: every failure goes through the start again."""
    batches = []
    while True:
        target = Flaky(database, faults, batches, mapped)
        try:
            for _ in run(source, mapped, target, node="erp", limits=Limits(rows), clock=lambda: 0.0, until_head=True):
                pass
        except Unreachable:
            continue
        else:
            return batches
        finally:
            target.close()


FAULTS = st.lists(st.sampled_from(["ok", "before", "after"]), max_size=10)


@settings(max_examples=300)
@given(
    st.booleans().flatmap(histories),
    FAULTS,
    st.integers(1, 6),
    st.integers(0, 10),
    st.sampled_from([Deletes.HARD, Deletes.SOFT, Deletes.IGNORE]),
)
def test_the_target_is_the_mapped_source_and_effects_are_single(history, faults, rows, cut, deletes):
    # torture: G02 G13 G15
    source, state = history
    database, mapped = MemoryDatabase(), marking(deletes)
    database.create(MARKED)
    log = source.log
    source.log = log[:cut]
    batches = supervise(source, database, list(faults), rows, mapped)  # the initial load, of what there was
    source.log = log
    batches += supervise(source, database, list(reversed(faults)), rows, mapped)  # and the stream of the rest
    expected = {key: (name.upper(), note) for key, name, note, active in state.values() if active == "t"}
    there = {row["id"]: (row["name"], row["note"]) for row in database.rows(ACCOUNTS) if row["state"] == "here"}
    assert {key: there.get(key) for key in (expected if deletes is Deletes.IGNORE else {**there, **expected})} == expected
    live = (effect for effect in database.effects if effect.op is not Op.DELETE and effect.row["state"] == "here")
    versions = [int(effect.row["note"]) for effect in live]
    assert len(versions) == len(set(versions)), "a version took effect twice"
    chain = [None, *(batch.upto for batch in batches)]
    assert [batch.after for batch in batches] == chain[:-1], "the checkpoints do not form a chain"
    assert source.confirmed == database.checkpoints["p"].checkpoint.position


@settings(max_examples=100)
@given(histories(full_identity=False), FAULTS)
def test_a_load_that_is_cut_leaves_no_deleted_rows(history, faults):
    """The first attempt sees the first half of the history and dies; the second sees it all."""
    source, state = history
    database = MemoryDatabase()
    database.create(DEFINITION)
    log = source.log
    source.log = log[: len(log) // 2]
    target = Flaky(database, ["ok", "ok", "before"], [], plan())
    try:
        for _ in run(source, plan(), target, node="erp", limits=Limits(1), clock=lambda: 0.0):
            pass
    except Unreachable:
        pass
    finally:
        target.close()
    source.log = log
    supervise(source, database, list(faults), 2, plan())
    assert {row["id"] for row in database.rows(ACCOUNTS)} == {key for key, _, _, active in state.values() if active == "t"}
    versions = [int(effect.row["note"]) for effect in database.effects if effect.op is not Op.DELETE]
    assert len(versions) == len(set(versions))
