"""A transaction's parts, put together for people."""

from cdc.model.change import Change, Op, Part, Position, Transaction
from cdc.source import excerpt
from cdc.source.excerpt import Excerpts
from tests.plans import SOURCE


def changes(first, number):
    return [Change(SOURCE, Op.INSERT, None, (str(at), None, None, "t")) for at in range(first, first + number)]


def test_parts_are_put_together_and_only_the_first_changes_kept(monkeypatch):
    monkeypatch.setattr(excerpt, "_KEPT", 3)
    excerpts = Excerpts()
    assert excerpts.take(Part(changes(0, 2), Position("inside"), 7.0)) is None
    made = excerpts.take(Transaction(changes(2, 4), Position("end"), 7.0, ("crm",)))
    assert made is not None
    assert ([change.new[0] for change in made.changes], made.rows) == (["0", "1", "2"], 6)
    assert (made.upto, made.committed_at, made.origin) == ("end", 7.0, ("crm",))
    again = excerpts.take(Transaction(changes(9, 1), Position("later"), 8.0))
    assert ([change.new[0] for change in again.changes], again.rows) == (["9"], 1), "the one before is forgotten"
