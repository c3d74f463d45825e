"""A table that changes in the middle: what came before is handed on, nothing of the transaction that no longer fits."""

import pytest

from cdc.model.change import Change, Idle, Op, Transaction
from cdc.model.errors import Drifted, Unfollowed
from cdc.model.table import Table
from cdc.pipeline.batch import Limits, batches
from cdc.pipeline.park import nowhere
from cdc.pipeline.translate import Translators
from tests.plans import SOURCE, plan

CHANGED = Table(SOURCE.name, SOURCE.columns[:1], (0,))


def bind(table):
    if table is CHANGED:
        raise Drifted("mapping customers no longer fits", "mend it", ("customers",))
    return plan().bind(table)


def insert(key, table=SOURCE, active="t"):
    return Change(table, Op.INSERT, None, (key, "a", None, active) if table is SOURCE else (key,))


def run(feed):
    return batches(feed, Translators(bind, nowhere()), "0", node="erp", limits=Limits(100, 60.0), clock=lambda: 0.0)


def test_what_came_before_is_written_and_the_error_has_its_place():
    """torture: F06, F13"""
    half = Transaction([insert("2"), insert("3", active="f"), insert("4", CHANGED)], "2", 2.0)
    steps = run([Transaction([insert("1"), insert("9", active="f")], "1", 1.0), half, Idle("2", "2")])
    batch = next(steps)
    assert ([write.key for write in batch.writes], batch.upto, batch.skipped) == ([("1",)], "1", {("customers", "filter"): 1})
    with pytest.raises(Drifted, match="no longer fits; in the log before 2") as stopped:
        next(steps)
    assert (stopped.value.mappings, stopped.value.hint) == (("customers",), "mend it")


def test_nothing_is_written_where_nothing_came_before():
    with pytest.raises(Drifted):
        next(run([Transaction([insert("1"), insert("2", CHANGED)], "1", 1.0)]))


def test_an_error_of_the_reader_comes_behind_what_it_has_completed():
    def feed():
        yield Transaction([insert("1")], "1", 1.0)
        raise Unfollowed("another table")

    steps = run(feed())
    assert next(steps).upto == "1"
    with pytest.raises(Unfollowed):
        next(steps)
