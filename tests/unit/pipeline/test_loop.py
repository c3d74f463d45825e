import pytest

from cdc.model.change import Change, Idle, Op
from cdc.model.errors import Unreachable
from cdc.model.write import Phase
from cdc.pipeline.batch import Limits
from cdc.pipeline.loop import run
from cdc.pipeline.step import Waiting
from cdc.source.memory import MemorySource
from cdc.target.memory import MemoryDatabase, MemoryTarget
from tests.plans import DEFINITION, SOURCE, TARGET, plan


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
