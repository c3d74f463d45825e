"""Frames to transactions: what is given, counted, left out, and where that leaves the position."""

import pytest

from cdc.model.change import ABSENT, Op, Transaction
from cdc.model.errors import Drifted, Misconfigured, Unfollowed, UnknownEvent
from cdc.model.table import TableName
from cdc.model.types import Kind, Type
from cdc.server.postgresql_types import Facts
from cdc.source.echo import Told
from cdc.source.postgresql.assembler import QUIET, Assembler
from cdc.source.postgresql.position import Place, position
from cdc.source.postgresql.shapes import Shapes
from tests.unit.source import pgoutput
from tests.unit.source.pgoutput import (
    INT4,
    TEXT,
    begin,
    commit,
    delete,
    insert,
    keepalive,
    message,
    origin,
    relation,
    truncate,
    type_,
    update,
)

START = Place("700", 1, 1000)
NAME, OTHER = TableName("app", "t"), TableName("app", "other")
COLUMNS = [("id", INT4, -1, True), ("v", TEXT, -1, False), ("w", TEXT, -1, False)]
T = relation(5, *NAME, COLUMNS)


class Catalogue:
    def __init__(self, facts=(), keys=(), oids=(), names=()):
        self.known, self.keys, self.asked = dict(facts), dict(keys), []
        self.present, self.called = dict(oids), dict(names)

    def oids(self):
        return self.present

    def names(self, oid):
        return self.called.get(oid, ())

    def facts(self, oids):
        self.asked.append(sorted(oids))
        return {oid: self.known[oid] for oid in oids if oid in self.known}

    def primary_key(self, table):
        return self.keys.get(table, ())


def assembler(*, wanted=(NAME,), until=None, catalogue=None, told=()):
    return Assembler(Shapes(wanted, catalogue or Catalogue()), "crm", START, until, Told("erp", frozenset(told)))


def fed(frames, **more):
    made = assembler(**more)
    for frame in frames:
        made.decode(frame)
    return made


def changes(*frames, **more):
    (transaction,) = fed([begin(), *frames, commit(2000)], **more).taken()
    return transaction.changes


def at(lsn):
    return position(Place("700", 1, lsn))


def test_a_transaction_is_handed_out_once_and_whole():
    made = assembler()
    for frame in (begin(2_000_000), T, insert(5, ["1", "a", None])):
        made.decode(frame)
        assert made.taken() == []
    made.decode(commit(2000))
    (found,) = made.taken()
    assert (found.upto, found.committed_at, found.origin, found.echoes) == (at(2000), 946_684_802.0, (), 0)
    assert [(c.table.name, c.op, c.old, c.new) for c in found.changes] == [(NAME, Op.INSERT, None, ("1", "a", None))]
    assert made.taken() == []
    assert (made.position(), made.seen()) == (at(2000), at(2000))


def test_update_without_an_old_row():
    (found,) = changes(T, update(5, ["1", ..., None]))
    assert (found.op, found.old, found.new) == (Op.UPDATE, None, ("1", ABSENT, None))


def test_update_of_the_key_knows_only_the_old_key():
    (found,) = changes(T, update(5, ["2", ..., "w"], ["1", None, None]))
    assert (found.old, found.new) == (("1", ABSENT, ABSENT), ("2", ABSENT, "w"))


def test_an_unchanged_key_out_of_line_comes_from_the_old_key():
    (found,) = changes(T, update(5, [..., "v", ...], ["long", None, None]))
    assert found.new == ("long", "v", ABSENT)


def test_under_full_identity_unchanged_values_come_from_the_old_row():
    full = relation(5, *NAME, [(name, oid, modifier, True) for name, oid, modifier, _ in COLUMNS], identity="f")
    (found,) = changes(full, update(5, ["1", ..., "x"], ["1", "long", None], kind=b"O"))
    assert (found.old, found.new) == (("1", "long", None), ("1", "long", "x"))


def test_deletes():
    of_key, of_row = changes(T, delete(5, ["1", None, None]), delete(5, ["2", "v", None], kind=b"O"))
    assert (of_key.op, of_key.old, of_key.new) == (Op.DELETE, ("1", ABSENT, ABSENT), None)
    assert of_row.old == ("2", "v", None)


def test_truncate_is_one_change_per_wanted_table():
    found = changes(T, relation(6, *OTHER, COLUMNS), relation(7, "app", "third", COLUMNS), truncate(5, 6, 7), wanted=(NAME, OTHER))
    assert [(c.table.name, c.op, c.old, c.new) for c in found] == [(NAME, Op.TRUNCATE, None, None), (OTHER, Op.TRUNCATE, None, None)]


def test_an_old_key_without_a_key_column_is_refused():
    with pytest.raises(Misconfigured, match="lacks the key's column id") as caught:
        changes(T, delete(5, [None, "secret", None]))
    assert "replica identity" in caught.value.hint
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("frame", [pgoutput.HEADER + b"S" + b"\0" * 40, pgoutput.HEADER + b"b" + b"\0" * 40, pgoutput.HEADER + b"\xff"])
def test_unknown_messages_stop(frame):
    with pytest.raises(UnknownEvent, match="kind"):
        fed([begin(), frame])


def test_an_old_row_of_an_unknown_kind_stops():
    with pytest.raises(UnknownEvent, match="'X'"):
        changes(T, delete(5, ["1", None, None], kind=b"X"))


def test_a_row_of_a_relation_that_was_not_announced_stops():
    with pytest.raises(UnknownEvent, match="relation 9 "):
        changes(T, insert(9, ["1"]))


def test_rows_of_other_tables_are_left_out():
    (found,) = changes(T, relation(6, *OTHER, COLUMNS), insert(6, ["8", None, None]), insert(5, ["1", None, None]))
    assert found.table.name == NAME


def test_a_transaction_without_a_row_for_us_only_moves_the_position():
    made = fed([begin(), relation(6, *OTHER, COLUMNS), insert(6, ["8", None, None]), commit(2000)])
    assert made.taken() == []
    assert made.position() == at(2000)


def marked(content, *frames, end=2000, prefix="cdc", flags=1):
    return [begin(), origin("some"), message(prefix, content, flags), *frames, commit(end)]


ROWS = [T, insert(5, ["1", None, None]), update(5, ["2", None, None], ["1", None, None]), delete(5, ["2", None, None]), truncate(5)]


@pytest.mark.parametrize("path", [b"crm", b"crm,shop", b"shop,crm"])
def test_echoes_are_counted(path):
    other = [relation(6, *OTHER, COLUMNS), insert(6, ["8", None, None])]
    made = fed(marked(path, *ROWS, *other))
    assert made.taken() == [Transaction([], at(2000), 946_684_800.0, tuple(path.decode().split(",")), 4)]
    assert (made.position(), made.seen()) == (at(1000), at(2000))


def test_an_echo_ends_with_its_transaction():
    made = fed([*marked(b"crm", *ROWS), begin(), insert(5, ["3", None, None]), commit(3000)])
    echo, own = made.taken()
    assert (echo.echoes, own.echoes, own.origin, [c.new for c in own.changes]) == (4, 0, (), [("3", None, None)])
    assert made.position() == at(3000)


@pytest.mark.parametrize(("path", "told"), [(b"crm", True), (b"shop,crm", True), (b"erp,crm", False), (b"crm,shop,erp", False)])
def test_an_echos_rows_of_tables_that_queries_read_are_told_until_they_come_round(path, told):
    other = [relation(6, *OTHER, COLUMNS), insert(6, ["8", None, None])]
    made = fed(marked(path, *ROWS, *other), wanted=(NAME, OTHER), told=[OTHER])
    (found,) = made.taken()
    assert [(change.table.name, change.new) for change in found.changes] == ([(OTHER, ("8", None, None))] if told else [])
    assert (found.echo, found.echoes) == (True, 5)
    assert made.position() == (at(2000) if told else at(1000))


def test_rows_before_the_marker_are_echoes_too():
    (found,) = fed([begin(), *ROWS, message("cdc", b"crm"), insert(5, ["9", None, None]), commit(2000)]).taken()
    assert (found.changes, found.echoes) == ([], 5)


def test_changes_from_elsewhere_bear_their_path():
    made = fed(marked(b"shop,wms", *ROWS))
    (found,) = made.taken()
    assert (found.origin, len(found.changes), found.echoes) == (("shop", "wms"), 4, 0)
    assert made.position() == at(2000)


def test_only_the_first_marker_counts():
    (found,) = fed(marked(b"shop", message("cdc", b"crm"), *ROWS)).taken()
    assert (found.origin, found.echoes) == (("shop",), 0)


@pytest.mark.parametrize(("prefix", "flags"), [("cdc", 0), ("cdc2", 1), ("", 1)])
def test_other_messages_are_no_markers(prefix, flags):
    (found,) = fed(marked(b"crm", *ROWS, prefix=prefix, flags=flags)).taken()
    assert (found.origin, len(found.changes), found.echoes) == ((), 4, 0)


def test_a_marker_that_is_not_utf8_is_another_name():
    (found,) = fed(marked(b"\xff", *ROWS)).taken()
    assert (found.echoes, len(found.changes)) == (0, 4)


@pytest.mark.parametrize("path", [b"crm", b"shop"])
def test_a_checkpoint_of_a_pipeline_does_not_move_the_position(path):
    made = fed(marked(path))
    assert made.taken() == []
    assert (made.position(), made.seen()) == (at(1000), at(2000))


def test_signs_of_life_move_the_position_in_large_steps():
    made = assembler()
    assert not made.keepalive(keepalive(1000 + QUIET - 1))
    assert (made.position(), made.seen()) == (at(1000), at(1000 + QUIET - 1))
    assert made.keepalive(keepalive(1000 + QUIET, reply=True))
    assert made.position() == at(1000 + QUIET)


def test_a_sign_of_life_inside_a_transaction_does_not_move_the_position():
    made = fed([begin(), T, insert(5, ["1", None, None])])
    made.keepalive(keepalive(1000 + QUIET))
    assert made.position() == at(1000)


def test_an_end_is_reached_by_a_commit_and_later_ones_are_left_out():
    made = fed([begin(), *ROWS, commit(2000)], until=2500)
    assert not made.finished()
    for frame in (begin(), *ROWS, commit(2600)):
        made.decode(frame)
    assert made.finished()
    assert [t.upto for t in made.taken()] == [at(2000)]
    assert made.position() == at(2000)


def test_an_echo_behind_the_end_is_not_told(monkeypatch):
    monkeypatch.setattr("cdc.source.postgresql.assembler.PART_ROWS", 1)
    made = assembler(until=2500, told=[NAME])
    for frame in (begin(lsn=2600), *marked(b"crm", *ROWS)[1:-1]):
        made.decode(frame)
    assert made.taken() == []
    made.decode(commit(2600))
    assert made.taken() == []


@pytest.mark.parametrize(("end", "finished"), [(2499, False), (2500, True)])
def test_an_end_is_reached_by_a_sign_of_life(end, finished):
    made = assembler(until=2500)
    made.keepalive(keepalive(end))
    assert made.finished() is finished
    assert not assembler().finished()


def test_the_position_does_not_pass_the_end_and_what_was_left_out_behind_it():
    end = 1000 + 2 * QUIET
    made = fed([begin(), *ROWS, commit(end + 10)], until=end)
    made.keepalive(keepalive(end + 10 * QUIET))
    assert made.taken() == []
    assert (made.position(), made.seen()) == (at(end), at(end))


def test_a_commit_at_the_end_belongs_to_it():
    assert len(fed([begin(), *ROWS, commit(2500)], until=2500).taken()) == 1


def test_a_shape_stays_the_same_table_until_it_differs():
    rows = insert(5, ["1", None, None])
    other_key = relation(5, *NAME, [*COLUMNS[:2], ("w", TEXT, -1, True)])
    renamed = relation(5, *NAME, [COLUMNS[0], ("x", TEXT, -1, False), COLUMNS[2]])
    found = changes(T, rows, T, rows, other_key, rows, other_key, rows, renamed, rows)
    first, second, third, fourth, fifth = [change.table for change in found]
    assert first is second
    assert third is fourth
    assert len({first, third, fifth}) == 3
    assert (first.key, third.key) == ((0,), (0, 2))
    assert [column.name for column in fifth.columns] == ["id", "x", "w"]


def test_a_table_that_takes_another_name_stops_before_its_next_row():
    """torture: F05"""
    before = [begin(), T, insert(5, ["1", None, None]), commit(2000), begin(), relation(5, *OTHER, COLUMNS)]
    made = fed(before)
    assert [c.new[0] for c in made.taken()[0].changes] == ["1"]
    with pytest.raises(Drifted, match=rf"{'.'.join(NAME)} was renamed to {'.'.join(OTHER)}"):
        made.decode(insert(5, ["2", None, None]))


def test_rows_that_were_logged_under_another_name_of_the_table_are_followed():
    """torture: F05, F12"""
    catalogue = Catalogue(oids={NAME: 5}, names={5: [NAME]})
    (found,) = fed([begin(), relation(5, *OTHER, COLUMNS), insert(5, ["1", None, None]), commit(2000)], catalogue=catalogue).taken()
    assert [(c.table.name, c.new[0]) for c in found.changes] == [(NAME, "1")]


def test_partitions_that_come_under_their_own_names_are_their_roots_rows():
    """torture: F08, F10"""
    leaf = relation(6, "public", "leaf", list(reversed(COLUMNS)))
    catalogue = Catalogue(oids={NAME: 5}, names={6: [TableName("public", "leaf"), NAME]})
    (found,) = fed([begin(), leaf, insert(6, [None, "x", "1"]), commit(2000)], catalogue=catalogue).taken()
    (change,) = found.changes
    assert (change.table.name, [column.name for column in change.table.columns], change.new) == (
        NAME,
        [name for name, *_ in reversed(COLUMNS)],
        (None, "x", "1"),
    )


def test_another_table_under_the_name_stops_for_good():
    """torture: F05"""
    made = fed([begin(), T, insert(5, ["1", None, None]), commit(2000), begin()], catalogue=Catalogue(oids={NAME: 5}))
    made._shapes._catalogue.present = {NAME: 7}
    with pytest.raises(Unfollowed, match="another table than before"):
        made.decode(relation(7, *NAME, COLUMNS))


def test_rows_of_the_table_that_had_the_name_before_are_followed():
    made = fed([begin(), T, insert(5, ["1", None, None]), commit(2000)], catalogue=Catalogue(oids={NAME: 7}))
    assert len(made.taken()) == 1


def test_another_replica_identity_makes_another_shape():
    """torture: F11"""
    whole = relation(5, *NAME, [(name, oid, modifier, True) for name, oid, modifier, _ in COLUMNS], identity="f")
    key = {NAME: [COLUMNS[0][0]]}
    made = fed(
        [begin(), relation(5, *NAME, COLUMNS), insert(5, ["1", None, None]), whole, insert(5, ["2", None, None]), commit(2000)],
        catalogue=Catalogue(keys=key),
    )
    first, second = (change.table for change in made.taken()[0].changes)
    assert first is not second


@pytest.mark.parametrize(("primary", "key"), [(("v", "id"), (0, 1)), ((), (0, 1, 2)), (("gone",), (0, 1, 2))])
def test_under_full_identity_the_catalogue_names_the_key(primary, key):
    full = relation(5, *NAME, [(name, oid, modifier, True) for name, oid, modifier, _ in COLUMNS], identity="f")
    (found,) = changes(full, insert(5, ["1", None, None]), catalogue=Catalogue(keys={NAME: primary}))
    assert found.table.key == key


def test_types_that_are_not_built_in_are_asked_for_once():
    catalogue = Catalogue({600_000: Facts(Kind.ENUM, "app.mood", labels=("ok",))})
    shape = relation(5, *NAME, [("id", INT4, -1, True), ("m", 600_000, -1, False), ("n", 600_001, -1, False), ("p", 1700, 655_366, False)])
    again = relation(6, *OTHER, [("m", 600_000, -1, True)])
    (found, _) = changes(
        type_(600_001, "app", "lost"),
        shape,
        again,
        insert(5, ["1", "ok", "x", "1.50"]),
        insert(6, ["ok"]),
        wanted=(NAME, OTHER),
        catalogue=catalogue,
    )
    assert [column.type for column in found.table.columns] == [
        Type(Kind.INT, "integer", 4),
        Type(Kind.ENUM, "app.mood", labels=("ok",)),
        Type(Kind.OTHER, "app.lost"),
        Type(Kind.NUMERIC, "numeric(10,2)", precision=10, scale=2),
    ]
    assert catalogue.asked == [[600_000, 600_001]]


def test_what_nobody_wants_is_not_asked_for():
    catalogue = Catalogue()
    fed([begin(), relation(6, *OTHER, [("m", 600_000, -1, True)]), commit(2000)], catalogue=catalogue)
    assert catalogue.asked == []
