import pytest

from cdc.model.change import ABSENT, Change, Op
from cdc.model.errors import Unreachable
from cdc.model.write import Phase
from cdc.pipeline.batch import Limits
from cdc.pipeline.loop import run
from cdc.pipeline.step import Done, Loading, Waiting
from cdc.source.memory import MemorySource
from cdc.target.memory import MemoryDatabase, MemoryTarget
from tests.plans import ACCOUNTS, CUSTOMER, DEFINITION, SOURCE, TARGET, plan


@pytest.fixture
def database():
    database = MemoryDatabase()
    database.create(DEFINITION)
    return database


@pytest.fixture
def source():
    source = MemorySource()
    source.commit(*(Change(SOURCE, Op.INSERT, None, (key, key, "0", "f" if key == "c" else "t")) for key in "abcd"))
    return source


def steps(source, database, target=None, rows=2):
    target = target or MemoryTarget(database, "p", [TARGET])
    try:
        return list(run(source, plan(), target, node="erp", limits=Limits(rows), clock=lambda: 0.0, until_head=True))
    finally:
        target.close()


def ids(database):
    return sorted(row["id"] for row in database.rows(ACCOUNTS))


def stored(database):
    return database.checkpoints["p"].checkpoint


def test_first_run_loads_and_then_streams(source, database):
    made = steps(source, database)
    assert [(s.mapping, s.source, s.rows, s.estimate, s.done) for s in made if isinstance(s, Loading)] == [
        ("customers", CUSTOMER, 0, 4, False),
        ("customers", CUSTOMER, 2, 4, False),
        ("customers", CUSTOMER, 4, 4, False),
        ("customers", CUSTOMER, 4, 4, True),
    ]
    assert ids(database) == ["a", "b", "d"]
    assert (stored(database).position, stored(database).phase, source.confirmed) == ("1", Phase.STREAMING, "1")


def test_second_run_streams_only(source, database):
    steps(source, database)
    source.commit(Change(SOURCE, Op.DELETE, ("a", ABSENT, ABSENT, ABSENT), None))
    assert [type(s) for s in steps(source, database)] == [Done, Waiting]
    assert ids(database) == ["b", "d"]


class Dying(MemoryTarget):
    """Dies at its n-th transaction."""

    left = 3

    def apply(self, batch):
        self.left -= 1
        if not self.left:
            raise Unreachable("gone")
        return super().apply(batch)


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (Change(SOURCE, Op.DELETE, ("a", ABSENT, ABSENT, ABSENT), None), ["b", "d"]),
        (Change(SOURCE, Op.UPDATE, None, ("a", "a", "1", "f")), ["b", "d"]),
        (Change(SOURCE, Op.UPDATE, ("a", ABSENT, ABSENT, ABSENT), ("e", "a", "1", "t")), ["b", "d", "e"]),
        (Change(SOURCE, Op.UPDATE, None, ("a", "x", "1", "t")), ["a", "b", "d"]),
    ],
    ids=["deleted", "left the filter", "moved", "updated"],
)
def test_what_went_away_between_two_attempts_does_not_stay(source, database, change, left):
    with pytest.raises(Unreachable):
        steps(source, database, Dying(database, "p", [TARGET]))
    assert (stored(database).phase, stored(database).position, ids(database)) == (Phase.LOADING, "1", ["a", "b"])
    source.commit(change)
    steps(source, database)
    assert (ids(database), stored(database).phase, stored(database).position) == (left, Phase.STREAMING, "2")


def test_an_interrupted_load_keeps_the_position_of_its_last_snapshot(source, database):
    for attempt in range(3):
        with pytest.raises(Unreachable):
            steps(source, database, Dying(database, "p", [TARGET]))
        assert (stored(database).position, stored(database).phase) == (str(attempt + 1), Phase.LOADING)
        source.commit(Change(SOURCE, Op.UPDATE, None, ("b", "b", str(len(source.log)), "t")))
    steps(source, database)
    assert stored(database).position == "4"


def test_rows_of_an_attempt_that_are_unchanged_are_not_written_again(source, database):
    with pytest.raises(Unreachable):
        steps(source, database, Dying(database, "p", [TARGET]))
    steps(source, database)
    assert sorted(effect.row["id"] for effect in database.effects) == ["a", "b", "d"]
