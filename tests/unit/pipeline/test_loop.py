import pytest

from cdc.model.change import ABSENT, Change, Idle, Op
from cdc.model.errors import Unreachable
from cdc.model.write import Phase
from cdc.pipeline.batch import Limits
from cdc.pipeline.loop import run
from cdc.pipeline.step import Done, Waiting
from cdc.source.memory import MemorySource
from cdc.target.memory import MemoryDatabase, MemoryTarget
from tests.plans import ACCOUNTS, DEFINITION, SOURCE, TARGET, plan


@pytest.fixture
def database():
    database = MemoryDatabase()
    database.create(DEFINITION)
    return database


def loop(source, target, clock=lambda: 0.0):
    return run(source, plan(), target, node="erp", limits=Limits(), clock=clock)


class Watched(MemoryTarget):
    pings = 0

    def ping(self):
        self.pings += 1
        raise Unreachable("gone")


class Quiet(MemorySource):
    def read(self, after, until=None):
        while True:
            yield Idle(after, after)


def test_a_target_that_is_gone_is_noticed_while_nothing_happens(database):
    target = Watched(database, "p", [TARGET])
    now, quiet = [0.0], 0.0
    with pytest.raises(Unreachable):
        for step in loop(Quiet(), target, lambda: now[0]):
            if isinstance(step, Waiting):
                now[0] += 1.5
                quiet += 1.5
    assert (quiet, target.pings) == (6.0, 1)


def test_only_what_is_durable_is_confirmed(database):
    source = MemorySource()
    source.commit(Change(SOURCE, Op.INSERT, None, ("a", "a", "1", "t")))

    class Refusing(MemoryTarget):
        def apply(self, batch):
            if batch.writes and batch.phase is Phase.STREAMING:
                raise Unreachable("gone")
            return super().apply(batch)

    target = Refusing(database, "p", [TARGET])
    list(loop(source, target))
    target.close()
    source.commit(Change(SOURCE, Op.INSERT, None, ("b", "b", "2", "t")))
    with pytest.raises(Unreachable):
        list(loop(source, Refusing(database, "p", [TARGET])))
    assert source.confirmed == "1"


def test_a_row_that_enters_the_filter_in_part_is_completed_from_the_source(database):
    source = MemorySource()
    source.commit(Change(SOURCE, Op.INSERT, None, ("a", "name", "1", "f")))
    target = MemoryTarget(database, "p", [TARGET])
    list(loop(source, target))
    target.close()
    source.commit(Change(SOURCE, Op.UPDATE, None, ("a", ABSENT, "2", "t")))
    source.commit(Change(SOURCE, Op.UPDATE, None, ("a", ABSENT, "3", "t")))
    steps = list(loop(source, MemoryTarget(database, "p", [TARGET])))
    assert [row | {} for row in database.rows(ACCOUNTS)] == [{"id": "a", "name": "NAME", "note": "3"}]
    assert [step.batch.upto for step in steps if isinstance(step, Done)] == ["3"]
    assert [effect.row["note"] for effect in database.effects] == ["3"]


def test_a_partial_row_that_is_gone_from_the_source_is_left_out(database):
    source = MemorySource()
    source.commit(Change(SOURCE, Op.INSERT, None, ("a", "name", "1", "f")))
    target = MemoryTarget(database, "p", [TARGET])
    list(loop(source, target))
    target.close()
    upto = source.commit(Change(SOURCE, Op.UPDATE, None, ("a", ABSENT, "2", "t")))
    source.commit(Change(SOURCE, Op.DELETE, ("a", ABSENT, ABSENT, ABSENT), None))
    for end in (upto, None):
        target = MemoryTarget(database, "p", [TARGET])
        source.head = lambda end=end: end or source.log[-1].upto
        list(run(source, plan(), target, node="erp", limits=Limits(), clock=lambda: 0.0, until_head=True))
        target.close()
    assert database.rows(ACCOUNTS) == []
    assert database.effects == []
