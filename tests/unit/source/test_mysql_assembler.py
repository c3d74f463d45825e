"""Events to transactions, above all in the forms that no server here writes: MySQL's."""

import pytest
from pymysql.constants import FIELD_TYPE as CODE

from cdc.model.change import Op
from cdc.model.errors import Misconfigured, UnknownEvent
from cdc.model.table import TableName
from cdc.server.mysql_types import DATETIME2
from cdc.source.echo import Told
from cdc.source.mysql import events
from cdc.source.mysql.log import Server
from cdc.source.mysql.position import parse
from tests.unit.source.mysql_events import (
    MYSQL,
    TABLE,
    UUID,
    Log,
    event,
    field,
    format_description,
    image,
    mariadb_gtid,
    mysql_gtid,
    query,
    rotate,
    table_map,
    write_rows,
    xid,
)


def test_a_mysql_transaction_with_its_commit_in_microseconds():
    log = Log(MYSQL)
    (found,) = log(
        mysql_gtid(6, 1_700_000_000_123_456 | 1 << 55), query("BEGIN"), table_map(), write_rows(image(1, "ä"), image(-2)), xid(after=700)
    )
    assert found.committed_at == 1_700_000_000.123456
    assert found.upto == f"mysql;gtid={UUID}:1-6;file=b.000001:700;server={UUID}"
    assert [(c.op, c.old, c.new) for c in found.changes] == [(Op.INSERT, None, ("1", "ä")), (Op.INSERT, None, ("-2", None))]
    assert found.changes[0].table.key == (0,)


def test_a_gtid_event_of_mysql_5_7_has_no_time():
    log = Log(MYSQL)
    short = event(33, mysql_gtid(6, checksum=False)[19 : 19 + 42])
    (found,) = log(short, query("BEGIN"), table_map(), write_rows(image(1, "a")), xid(when=77))
    assert found.committed_at == 77.0


@pytest.mark.parametrize(("write", "update", "delete"), [(23, 24, 25), (30, 31, 32)])
def test_both_versions_of_row_events(write, update, delete):
    log = Log(MYSQL)
    (found,) = log(
        mysql_gtid(6), query("BEGIN"), table_map(), write_rows(image(1, "a"), kind=write), write_rows(image(1, "a"), image(2), kind=update),
        write_rows(image(2), kind=delete, extra=b"\x01\x02\x03" if delete == 32 else b""), xid(),
    )  # fmt: skip
    assert [(c.op, c.old, c.new) for c in found.changes] == [
        (Op.INSERT, None, ("1", "a")), (Op.UPDATE, ("1", "a"), ("2", None)), (Op.DELETE, ("2", None), None),
    ]  # fmt: skip


def test_without_gtids_the_place_is_the_position():
    log = Log(MYSQL, f"mysql;file=b.000001:100;server={UUID}")
    (found,) = log(mysql_gtid(0, anonymous=True), query("BEGIN"), table_map(), write_rows(image(1, "a")), xid(after=555))
    assert found.upto == f"mysql;file=b.000001:555;server={UUID}"
    until = parse(f"mysql;file=b.000001:555;server={UUID}")
    assert log.progress.reached(until)
    assert not log.progress.reached(parse(f"mysql;file=b.000002:4;server={UUID}"))
    log(rotate("b.000002", 4, artificial=False))
    assert log.progress.reached(parse(f"mysql;file=b.000002:4;server={UUID}"))


def test_create_table_as_select_is_one_transaction_on_mysql():
    log = Log(MYSQL)
    assert log(mysql_gtid(6), query("CREATE TABLE `t` (id int) START TRANSACTION"), table_map(), write_rows(image(1))) == []
    (found,) = log(xid())
    assert len(found.changes) == 1


def test_ddl_ends_its_own_group_and_moves_the_position():
    log = Log(MYSQL)
    assert log(mysql_gtid(6), query("alter table t add x int", after=300)) == []
    assert log.progress.idle() == f"mysql;gtid={UUID}:1-6;file=b.000001:300;server={UUID}"
    log = Log()
    assert log(mariadb_gtid(6, standalone=True), query("drop user x", after=310)) == []
    assert log.progress.idle() == "mariadb;gtid=0-10-6;file=b.000001:310;server=10"


def test_mariadb_groups_begin_with_their_gtid():
    log = Log()
    (found,) = log(
        mariadb_gtid(6, server=12, domain=3), table_map(), write_rows(image(1, "a"), kind=23), query("COMMIT", after=400, when=9)
    )
    assert found.upto == "mariadb;gtid=0-10-5,3-12-6;file=b.000001:400;server=10"
    assert found.committed_at == 9.0


def test_what_a_crash_cut_off_was_never_committed():
    log = Log()
    log(mariadb_gtid(6), table_map(), write_rows(image(1, "lost")))
    log(rotate("b.000002", 4, artificial=True), format_description())
    (found,) = log(mariadb_gtid(6), table_map(), write_rows(image(2, "kept")), xid(after=90))
    assert [change.new for change in found.changes] == [("2", "kept")]
    assert found.upto == "mariadb;gtid=0-10-6;file=b.000002:90;server=10"


def test_a_transaction_inside_another_is_damage():
    log = Log()
    with pytest.raises(UnknownEvent, match="inside another"):
        log(mariadb_gtid(6), mariadb_gtid(7))


@pytest.mark.parametrize("kind", [5, 6, 13, 14, 17, 18, 20, 26, 36, 99, 172, 0])
def test_kinds_that_stop(kind):
    """torture: B18, rule 4"""
    with pytest.raises(UnknownEvent, match=rf"kind {kind}\)") as stopped:
        Log()(event(kind, b"x" * 20))
    assert stopped.value.hint


def test_every_kind_that_servers_have_is_on_a_list():
    """What a list leaves out would stop a stream that says nothing wrong."""
    handled = {
        *Log().assembler._handlers,
        *events.HARMLESS,
        *events.REFUSED,
        events.ROTATE,
        events.FORMAT,
        events.HEARTBEAT,
        events.HEARTBEAT_V2,
    }
    never_in_a_log = {0, 1, 7, 36}
    assert {*range(43), *range(160, 172)} - handled == never_in_a_log


def test_rows_outside_of_a_transaction_are_damage():
    log = Log()
    log(mariadb_gtid(6), table_map(), xid())
    with pytest.raises(UnknownEvent, match="outside of a transaction"):
        log(write_rows(image(1, "a")))


@pytest.mark.parametrize("variables", [b"", b"\x15\x01\x02", b"\x83" + bytes(40), bytes(300)])
def test_status_variables_hide_no_statement(variables):
    """MySQL 9 and MariaDB 11 write some that older readers do not know. torture: 28"""
    log = Log(MYSQL)
    (found,) = log(
        mysql_gtid(6), query("BEGIN", variables=variables), table_map(), write_rows(image(1, "a")), query("COMMIT", variables=variables)
    )
    assert len(found.changes) == 1
    (emptied,) = log(mysql_gtid(7), query("truncate t", variables=variables))
    assert emptied.changes[0].op is Op.TRUNCATE
    with pytest.raises(UnknownEvent, match="insert"):
        log(mysql_gtid(8), query("BEGIN", variables=variables), query("insert into t values (1)", variables=variables))


def test_a_statement_that_does_not_fit_its_event():
    spoiled = bytearray(query("BEGIN", checksum=False))
    spoiled[19 + 11] = 4
    log = Log()
    log(format_description(checksum=False), mariadb_gtid(6, checksum=False))
    with pytest.raises(UnknownEvent, match="kind 2 "):
        log(bytes(spoiled))


def test_offsets_go_on_behind_four_gigabytes():
    """An event has 32 bits for its offset; one transaction may be longer."""
    log = Log(MYSQL)
    log(mysql_gtid(6, after=3_000_000_000), query("BEGIN", after=3_000_000_100), table_map(after=4_200_000_000), event(29, b"", after=50))
    (found,) = log(
        write_rows(image(1, "a"), after=2_900_000_000), event(27, b"", flags=0x20, after=0), write_rows(image(2), after=90), xid(after=120)
    )
    assert found.upto == f"mysql;gtid={UUID}:1-6;file=b.000001:{2 * 2**32 + 120};server={UUID}"
    (found,) = log(
        mysql_gtid(7, after=200), query("BEGIN", after=300), table_map(after=400), write_rows(image(1), after=500), xid(after=600)
    )
    assert found.upto.endswith(f":{2 * 2**32 + 600};server={UUID}")
    log(rotate("b.000002", 4, artificial=False), rotate("b.000002", 4, artificial=True), format_description())
    (found,) = log(
        mysql_gtid(8, after=200), query("BEGIN", after=300), table_map(after=400), write_rows(image(1), after=500), xid(after=600)
    )
    assert found.upto.endswith(f"b.000002:600;server={UUID}")
    log = Log(MYSQL, f"mysql;gtid={UUID}:1-5;file=b.000001:{2**32 + 100};server={UUID}")
    log(rotate("b.000001", 2**32 + 100, artificial=True))
    (found,) = log(
        mysql_gtid(6, after=200), query("BEGIN", after=300), table_map(after=400), write_rows(image(1), after=500), xid(after=600)
    )
    assert found.upto.endswith(f":{2**32 + 600};server={UUID}")


@pytest.mark.parametrize("kind", sorted({*events.HARMLESS, 27, 41}))
def test_harmless_kinds_pass_outside_and_inside_a_group(kind):
    log = Log()
    before = log.progress.idle()
    assert log(event(kind, b"anything", after=150)) == []
    assert log.progress.idle() == before
    (found,) = log(mariadb_gtid(6), event(kind, b"", after=170), table_map(), write_rows(image(1, "a")), xid(after=200))
    assert found.upto.startswith("mariadb;gtid=0-10-6;file=b.000001:200")
    log(event(kind, b"", after=260))
    assert parse(log.progress.idle()).offset == (200 if kind in (27, 41) else 260)


def test_every_event_is_checked():
    """torture: D08"""
    spoiled = bytearray(write_rows(image(1, "abc")))
    spoiled[-6] ^= 1
    with pytest.raises(UnknownEvent, match="checksum"):
        Log()(mariadb_gtid(6), table_map(), bytes(spoiled))


def test_files_with_and_without_checksums():
    log = Log()
    log(rotate("b.000002", 4, artificial=True), format_description(checksum=False))
    plain = [data[:-4] for data in (mariadb_gtid(6), table_map(), write_rows(image(1, "a")), xid(after=80))]
    (found,) = log(*plain)
    assert found.upto.endswith("file=b.000002:80;server=10")


def test_rows_that_do_not_fit_their_description():
    """torture: K10"""
    with pytest.raises(UnknownEvent, match=r"shop\.t: a row"):
        Log()(mariadb_gtid(6), table_map(), write_rows(image(1, "abc")[:-1]))
    with pytest.raises(UnknownEvent, match=r"shop\.t: a row"):
        Log()(mariadb_gtid(6), table_map(), write_rows(b"\x00\x01\x00\x00\x00\x02\xff\xfe"))
    with pytest.raises(UnknownEvent, match="did not announce"):
        Log()(mariadb_gtid(6), write_rows(image(1, "a"), number=9))
    with pytest.raises(UnknownEvent, match="ends in the middle"):
        Log()(mariadb_gtid(6), event(19, b"\x05\x00\x00\x00\x00\x00\x01\x00\x03abc"))


def test_the_error_of_a_row_says_nothing_of_its_values():
    with pytest.raises(UnknownEvent) as stopped:
        Log()(mariadb_gtid(6), table_map(), write_rows(b"\x00\x01\x00\x00\x00\x08secret\xff\xfe"))
    assert "secret" not in str(stopped.value) + stopped.value.hint


def test_a_row_event_that_only_ends_a_statement():
    log = Log()
    dummy = event(30, b"\xff" * 6 + b"\x01\x00\x02\x00\x01\xff")
    (found,) = log(mariadb_gtid(6), table_map(), write_rows(image(1, "a")), dummy, xid())
    assert len(found.changes) == 1


MARKER = TableName("cdc", "checkpoint")


def marker(origin, name=MARKER):
    columns = ((CODE.LONG, b"", "seq"), (CODE.BLOB, b"\x02", "origin"))
    row = b"\x00\x01\x00\x00\x00" + len(origin).to_bytes(2, "little") + origin.encode()
    return table_map(7, name=name, columns=columns), write_rows(row, number=7)


def test_the_marker_counts_when_it_is_first():
    log = Log()
    (echo,) = log(mariadb_gtid(6), *marker("web,crm"), table_map(), write_rows(image(1, "a"), image(2)), xid())
    assert (echo.origin, echo.echoes, list(echo.changes)) == (("web", "crm"), 2, [])
    (foreign,) = log(mariadb_gtid(7), *marker("web"), table_map(), write_rows(image(1, "a")), xid())
    assert (foreign.origin, foreign.echoes, len(foreign.changes)) == (("web",), 0, 1)
    (late,) = log(mariadb_gtid(8), table_map(), write_rows(image(1, "a")), *marker("crm"), xid())
    assert (late.origin, late.echoes, len(late.changes)) == ((), 0, 1)
    other = table_map(8, name=TableName("shop", "other"))
    (behind,) = log(mariadb_gtid(9), other, write_rows(image(1), number=8), *marker("crm"), table_map(), write_rows(image(1, "a")), xid())
    assert (behind.origin, behind.echoes) == ((), 0)


@pytest.mark.parametrize(("path", "told"), [("crm", True), ("shop,crm", True), ("erp,crm", False), ("crm,shop,erp", False)])
def test_an_echos_rows_of_tables_that_queries_read_are_told_until_they_come_round(path, told):
    other = TableName("shop", "other")
    log = Log(wanted=(TABLE, other), told=Told("erp", frozenset({other})))
    before = log.progress.idle()
    rows = [table_map(), write_rows(image(1, "a")), table_map(8, name=other), write_rows(image(2, "b"), image(3), number=8)]
    (found,) = log(mariadb_gtid(6), *marker(path), *rows, xid())
    assert [(change.table.name, change.new[0]) for change in found.changes] == ([(other, "2"), (other, "3")] if told else [])
    assert (found.echo, found.echoes) == (True, 3)
    assert (log.progress.idle() == before) is not told


def test_our_own_database_is_never_wanted():
    log = Log(wanted=(TABLE, MARKER, TableName("cdc", "parked")))
    found = log(mariadb_gtid(6), *marker("web"), table_map(9, name=TableName("cdc", "parked")), write_rows(image(1, "a"), number=9), xid())
    assert found == []


def test_names_fold_where_the_server_folds_them():
    """torture: E14"""
    folding = Server(True, (10, 11), "10", True, True)
    wanted = TableName("Shop", "Customers")
    log = Log(folding, wanted=(wanted,))
    (found,) = log(mariadb_gtid(6), table_map(name=TableName("shop", "customers")), write_rows(image(1, "a")), xid())
    assert found.changes[0].table.name == wanted
    (emptied,) = log(mariadb_gtid(7, standalone=True), query("truncate table CUSTOMERS", schema="SHOP"))
    assert emptied.changes[0].table is found.changes[0].table
    log = Log(wanted=(wanted,))
    assert log(mariadb_gtid(6), table_map(name=TableName("shop", "customers")), write_rows(image(1, "a")), xid()) == []


def test_one_shape_is_one_table_whatever_its_number():
    log = Log()
    found = log(
        mariadb_gtid(6),
        table_map(5),
        write_rows(image(1, "a")),
        xid(),
        mariadb_gtid(7),
        table_map(6),
        write_rows(image(1, "a"), number=6),
        xid(),
    )
    assert found[0].changes[0].table is found[1].changes[0].table
    other = table_map(6, columns=((CODE.LONG, b"", "id"), (CODE.VARCHAR, b"\x50\x00", "w")))
    (third,) = log(mariadb_gtid(8), other, write_rows(image(1, "a"), number=6), xid())
    assert [column.name for column in third.changes[0].table.columns] == ["id", "w"]


@pytest.mark.parametrize(
    ("columns", "extra", "error"),
    [
        (((CODE.TIMESTAMP, b"", "x"),), b"", "before MySQL 5.6"),
        (((CODE.DATETIME, b"", "x"),), b"", "before MySQL 5.6"),
        (((200, b"", "x"),), b"", "not known here"),
        (((CODE.VARCHAR, b"\x50\x00", "x"),), field(2, b"\xf0"), "collation"),
        (((CODE.VARCHAR, b"\x50\x00", "x"),), field(2, b"\x01"), "big5"),
    ],
)
def test_columns_that_stop(columns, extra, error):
    """torture: E12"""
    with pytest.raises(UnknownEvent, match=error) as stopped:
        Log()(mariadb_gtid(6), table_map(columns=columns, extra=extra))
    assert "shop.t" in str(stopped.value)
    assert Log(wanted=())(mariadb_gtid(6), table_map(columns=columns, extra=extra), xid()) == []


def test_a_table_map_without_names():
    with pytest.raises(Misconfigured) as stopped:
        Log()(mariadb_gtid(6), table_map(names=False))
    assert "binlog_row_metadata" in stopped.value.hint


def test_signs_charsets_and_labels_are_of_the_columns_that_have_them():
    columns = (
        (CODE.TINY, b"", "a"), (CODE.DATE, b"", "b"), (CODE.STRING, b"\xf7\x01", "c"), (CODE.LONGLONG, b"", "d"), (CODE.VARCHAR, b"\x0a\x00", "e"),
        (CODE.STRING, b"\xf8\x01", "f"), (CODE.BLOB, b"\x01", "g"), (DATETIME2, b"\x00", "h"), (CODE.STRING, b"\xfe\x04", "i"),
    )  # fmt: skip
    extra = (
        field(1, b"\x40")
        + field(3, b"\x08\x2d\x3f")
        + field(10, b"\x2d\x01\x08")
        + field(6, b"\x02\x01x\x02\xc3\xa4")
        + field(5, b"\x01\x01\xe4")
    )
    log = Log()
    row = b"\x00\x00\xff\x00\x00\x00\x02" + b"\xff" * 8 + b"\x01\xe4" + b"\x01" + b"\x02\xc3\xa4" + bytes.fromhex("99b2400000") + b"\x01z"
    (found,) = log(mariadb_gtid(6), table_map(columns=columns, extra=extra), write_rows(row, columns=9), xid())
    assert found.changes[0].new == ("-1", "0000-00-00", "ä", "18446744073709551615", "ä", "ä", "ä", "2024-01-00 00:00:00", "\\x7a000000")


def test_a_vector_counts_among_the_columns_with_a_character_set():
    columns = ((242, b"\x04", "v"), (CODE.VARCHAR, b"\x0a\x00", "t"), (CODE.GEOMETRY, b"\x04", "g"))
    row = b"\x00" + b"\x04\x00\x00\x00\x00\x00\x80\x3f" + b"\x01\xe4" + b"\x01\x00\x00\x00\x07"
    on_mysql = table_map(columns=columns, extra=field(3, b"\x3f\x08"), key=b"")
    (found,) = Log(MYSQL)(mysql_gtid(6), query("BEGIN"), on_mysql, write_rows(row, columns=3), xid())
    assert found.changes[0].new == ("\\x0000803f", "ä", "\\x07")
    on_mariadb = table_map(columns=columns[1:], extra=field(3, b"\x08\x3f"), key=b"")
    (found,) = Log()(mariadb_gtid(6), on_mariadb, write_rows(b"\x00" + row[9:], columns=2), xid())
    assert found.changes[0].new == ("ä", "\\x07")
