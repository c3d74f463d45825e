"""What operators see of parked rows and do to them, without any server."""

from types import SimpleNamespace

import pytest

from cdc.app.daemon.parked_log import ParkedLog
from cdc.app.state.parked import Waiting, Wanted, edited, following
from cdc.app.state.parked_mask import masked
from cdc.model.change import ABSENT, Change, Op
from cdc.model.errors import CdcError
from cdc.model.parked import ParkedKey
from cdc.model.table import Column, Table, TableName
from cdc.model.types import Kind, Type
from cdc.pipeline.step import Holding
from cdc.sql.parked_text import row_of, row_text, shape_text, table_of

TABLE = Table(
    TableName("public", "customer"),
    (
        Column("id", Type(Kind.INT, "integer", size=4)),
        Column("name", Type(Kind.TEXT, "text")),
        Column("born", Type(Kind.DATE, "date")),
        Column("kind", Type(Kind.ENUM, "kind", labels=("a", "b"))),
    ),
    (0,),
)


def key(number, *keys, mapping="m", age=0.0):
    return ParkedKey(number, mapping, tuple((each,) for each in keys), waits=False, asked=False, parked_at=0.0, age=age)


def test_what_is_given_up_takes_along_what_waits_behind_it():
    """By its key, and by the keys that it changes to; nothing that came before, and no other mapping's."""
    keys = [key(1, "a"), key(2, "a"), key(3, "b"), key(4, "c", "a"), key(5, "c"), key(6, "a", mapping="n"), key(7, "b")]
    assert following(keys, {2}) == [2, 4, 5]
    assert following(keys, {3}) == [3, 7]
    assert following(keys, {5}) == [5]
    assert following(keys, {99}) == []


def test_a_filter_leaves_out_what_is_not_meant():
    one = Waiting("p", key(7, "a", age=100.0), None, None, "c1")
    assert all(wanted.takes(one) for wanted in (Wanted(), Wanted([7]), Wanted(mapping="m"), Wanted(cause="c1"), Wanted(older=100.0)))
    assert not any(wanted.takes(one) for wanted in (Wanted([8]), Wanted(mapping="n"), Wanted(cause="c2"), Wanted(older=101.0)))


def test_values_are_edited_but_for_the_key():
    change = Change(TABLE, Op.UPDATE, None, ("1", "x", ABSENT, "a"))
    assert edited(change, {"name": None, "born": "2020-02-02"}) == ("1", None, "2020-02-02", "a")
    for given, said in (({"id": "2"}, "in the key"), ({"nam": "2"}, "no column 'nam'")):
        with pytest.raises(CdcError, match=said):
            edited(change, given)
    with pytest.raises(CdcError, match="a delete"):
        edited(Change(TABLE, Op.DELETE, ("1", "x", None, "a"), None), {"name": "y"})
    with pytest.raises(CdcError, match="mapping by query"):
        edited(Change(Table(TableName(":keys", "m"), TABLE.columns, (0,)), Op.UPDATE, None, ("1", "x", None, "a")), {"name": "y"})


# torture: K13
def test_a_masked_row_has_the_form_of_the_real_one_and_nothing_else_of_it():
    row = ("4711", "Müller & Co. 7", "1980-05-06", "b")
    assert masked(TABLE, row) == {"id": "1111", "name": "Xxxxxx & Xx. 0", "born": "2000-01-01", "kind": "b"}
    assert masked(TABLE, ("1", None, ABSENT, "a")) == {"id": "1", "name": None, "kind": "a"}


def test_a_row_is_kept_with_null_and_absent_apart():
    row = ("1", None, ABSENT, "it's \"\\ \x00 \ud83d ü")
    text = row_text(TABLE, row)
    assert text.isascii() and row_of(TABLE, text) == row
    assert row_text(TABLE, None) is None and row_of(TABLE, None) is None


def test_a_shape_is_read_whatever_version_wrote_it():
    text = shape_text(TABLE)
    made = table_of("public", "customer", text)
    assert (made.name, made.columns, made.key) == (TABLE.name, TABLE.columns, TABLE.key)
    assert table_of("public", "customer", text) is made
    other = text.replace('"unsigned": false', '"colour": "red"').replace('"identity": false', '"shape": 1')
    assert table_of("public", "customer", other).columns == TABLE.columns


class Log:
    def __init__(self):
        self.lines = []

    def warning(self, event, **given):
        self.lines.append((event, given["cause"], given["rows"]))

    def info(self, event, **given):
        self.lines.append((event, given["mapping"], given["rows"]))


def test_a_storm_of_one_error_is_a_line_a_minute_with_a_count():  # torture: J10
    log, time = Log(), SimpleNamespace(now=0.0)
    parked = ParkedLog(log, lambda: time.now)
    for second in range(125):
        time.now = float(second)
        told = {("m", "c1", f"text {second}", ""): 1000}
        if second == 30:
            told["m", "c2", "another", ""] = 1
        parked.takes(Holding({}, 0.0, told, {"m": 2} if second < 2 else {}, {}))
    assert log.lines == [
        ("rows are parked", "c1", 1000), ("parked rows are released", "m", 2), ("rows are parked", "c2", 1),
        ("rows are parked", "c1", 60_000), ("parked rows are released", "m", 2), ("rows are parked", "c1", 60_000),
    ]  # fmt: skip
    time.now = 1000.0
    parked.says()
    assert log.lines[-1] == ("rows are parked", "c1", 4000), "what was counted is told, even when nothing comes any more"
