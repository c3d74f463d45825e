"""Updates of which the log has only what changed in a JSON document, to the document after them, in the server's own text."""

import functools
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymysql.constants import FIELD_TYPE as CODE

from cdc.model.errors import Misconfigured, UnknownEvent
from cdc.source.mysql.json_diff import changed
from tests.unit.source.mysql_events import MYSQL, Log, event, field, mysql_gtid, packed, query, table_map, write_rows, xid
from tests.unit.source.test_mysql_json import binary

REPLACE, INSERT, REMOVE = range(3)
NOTHING = object()


def diff(kind, path, value=NOTHING):
    raw = b"" if value is NOTHING else binary(value)
    return bytes([kind]) + packed(len(path.encode())) + path.encode() + (packed(len(raw)) + raw if value is not NOTHING else b"")


def after(document, *diffs):
    return changed(binary(document), b"".join(diffs))


@pytest.mark.parametrize(
    ("document", "diffs", "text"),
    [
        ({"a": 1, "b": 2}, [], '{"a": 1, "b": 2}'),
        ({"a": 1, "b": 2}, [diff(REPLACE, "$.a", "x")], '{"a": "x", "b": 2}'),
        ({"a": 1}, [diff(INSERT, "$.Z", None), diff(INSERT, "$.aa", True), diff(INSERT, '$."\\u00e4"', 1.5)], '{"Z": null, "a": 1, "aa": true, "ä": 1.5}'),
        ({"a": {"b c": [1, 2]}}, [diff(REMOVE, '$.a."b c"[0]')], '{"a": {"b c": [2]}}'),
        ({"a": 1, "b": 2}, [diff(REMOVE, "$.a")], '{"b": 2}'),
        ([1, 2], [diff(INSERT, "$[1]", "x"), diff(REPLACE, "$[0]", [])], '[[], "x", 2]'),
        ([1, 2], [diff(INSERT, "$[9]", 3)], "[1, 2, 3]"),
        ({"a": 1}, [diff(REPLACE, "$.a[0]", 2)], '{"a": 2}'),
        ({"a": {"b": 1}}, [diff(REPLACE, "$.a[0].b", 2)], '{"a": {"b": 2}}'),
        (7, [diff(REPLACE, "$[0]", 8)], "8"),
        ([1.0, 1e300, -0.0, "1.0"], [diff(INSERT, "$[0]", 2**64 - 1)], '[18446744073709551615, 1.0, 1e300, -0.0, "1.0"]'),
    ],
)  # fmt: skip
def test_changes(document, diffs, text):
    """As a server of MySQL 9.7 does them."""
    assert after(document, *diffs) == text


@pytest.mark.parametrize(
    "broken",
    [
        diff(REPLACE, "$.c", 1), diff(REMOVE, "$.c"), diff(INSERT, "$.a", 1), diff(INSERT, "$.a.b", 1), diff(REMOVE, "$.l[5]"), diff(REPLACE, "$.l[5]", 1),
        diff(REMOVE, "$"), diff(INSERT, "$", 1), diff(REPLACE, "$.*", 1), diff(REPLACE, "$**.a", 1), diff(REPLACE, "$.l[last]", 1), diff(7, "$.a", 1),
        diff(REPLACE, "$.a"), b"\x00", b"\x00\xff", diff(REPLACE, "$.a", 1)[:-1], diff(REMOVE, "$.l.x"), diff(REPLACE, "$.l.x", 1),
        diff(REPLACE, "$.x.y", 1),
    ],
)  # fmt: skip
def test_changes_that_do_not_fit_stop(broken):
    with pytest.raises((ValueError, KeyError, IndexError, UnknownEvent)):
        after({"a": 1, "l": [1]}, broken)


def test_a_document_that_grows_too_deep_stops():
    deep = functools.reduce(lambda inner, _: [inner], range(60), 1)
    with pytest.raises(ValueError, match="deeper"):
        after([0], *(diff(REPLACE, "$" + "[0]" * (1 + 60 * number), deep) for number in range(40)))


KEYS = st.sampled_from(["a", "bb", "c d", "ü", '"'])
VALUES = st.recursive(
    st.integers(-9, 9) | st.text(max_size=3) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
)


@given(st.dictionaries(KEYS, VALUES, min_size=1), st.data())
def test_a_change_does_what_it_does_to_pythons_own(document, data):
    key, value = data.draw(st.sampled_from(sorted(document))), data.draw(VALUES)
    kind = data.draw(st.sampled_from([REPLACE, REMOVE]))
    path = f"$.{json.dumps(key, ensure_ascii=False)}"
    found = json.loads(after(document, diff(kind, path, value) if kind == REPLACE else diff(kind, path)))
    assert found == ({**document, key: value} if kind == REPLACE else {name: kept for name, kept in document.items() if name != key})


COLUMNS = ((CODE.LONG, b"", "id"), (CODE.JSON, b"\x04", "j"), (CODE.JSON, b"\x04", "k"))
MAP = table_map(columns=COLUMNS, extra=field(1, b"\x00"))


def row(number, *documents):
    nulls = sum(2 << place for place, document in enumerate(documents) if document is None)
    return bytes([nulls]) + struct.pack("<i", number) + b"".join(struct.pack("<I", len(d)) + d for d in documents if d is not None)


def updated(*images, present=b"\xff"):
    (found,) = Log(MYSQL)(mysql_gtid(6), query("BEGIN"), MAP, write_rows(*images, columns=3, kind=39, present=present), xid())
    return [(change.old, change.new) for change in found.changes]


def test_an_update_of_several_rows():
    """One document by its changes, one whole, one that is NULL; a row without options is as any other. torture: 27"""
    old = row(1, binary({"a": 1}), binary([1]))
    assert updated(
        old, b"\x01\x01" + row(1, diff(REPLACE, "$.a", 2), binary("whole")),
        row(2, None, binary([1])), b"\x01\x02" + row(3, binary(7), diff(INSERT, "$[0]", 0)),
        old, b"\x00" + row(1, None, binary([2])),
    ) == [
        (("1", '{"a": 1}', "[1]"), ("1", '{"a": 2}', '"whole"')),
        (("2", None, "[1]"), ("3", "7", "[0, 1]")),
        (("1", '{"a": 1}', "[1]"), ("1", None, "[2]")),
    ]  # fmt: skip


def test_without_the_document_before_it_a_change_stops():
    """The old image has the key alone, the new one the key and a change."""
    key = b"\x00" + struct.pack("<i", 1)
    change = diff(REMOVE, "$.a")
    body = struct.pack("<IHH", 5, 0, 1) + b"\x02\x00\x03\x01\x03" + key + b"\x01\x01" + key + struct.pack("<I", len(change)) + change
    with pytest.raises(Misconfigured, match=r"shop\.t: .*column j without the document") as stopped:
        Log(MYSQL)(mysql_gtid(6), query("BEGIN"), MAP, event(39, body))
    assert "binlog_row_value_options" in stopped.value.hint


@pytest.mark.parametrize("images", [b"\x02", b"\x01", b"\x01\x01" + row(1, None, binary(1)), b"\x01\x01" + row(1, b"\xff", binary(1))])
def test_updates_that_do_not_fit_stop(images):
    for old in (row(1, binary({"a": 1}), binary(1)), row(1, None, binary(1))):
        with pytest.raises(UnknownEvent):
            updated(old, images)
