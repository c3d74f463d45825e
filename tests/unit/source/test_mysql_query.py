"""What waits until a MySQL or MariaDB source sees what its log has told of, and where an error is in a query."""

import pytest

from cdc.mapping.query.query import Query, Question, Takes
from cdc.model.errors import Transient
from cdc.model.table import Column
from cdc.model.types import Kind, Type
from cdc.source.mysql import query
from cdc.source.mysql.position import LogPosition

ID = Column("id", Type(Kind.INT, "int", 4))


class Server:
    """Answers one question after another, the last one for ever."""

    def __init__(self, version, *seen):
        self.version, self.seen, self.statements = version, list(seen), []

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def execute(self, statement, arguments=()):
        self.statements.append((statement, *arguments))

    def fetchone(self):
        last = self.statements[-1][0]
        if "version()" in last:
            return self.version, 10, 0
        return ("uuid", "ON") if "server_uuid" in last else (self._next(),)

    def fetchall(self):
        file, offset = self._next()
        return [("Binlog_snapshot_file", file), ("Binlog_snapshot_position", str(offset))]

    def begun(self):
        return sum(statement == query._BEGIN for statement, *_ in self.statements)

    def _next(self):
        return self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]


def position(flavour="mariadb", gtids="0-10-5", file="binlog.000009", offset=500, server="10"):
    return LogPosition(flavour, gtids, file, offset, server)


@pytest.mark.parametrize("seen", [[("binlog.000009", 499), ("binlog.000009", 500)], [("binlog.000008", 9999), ("binlog.000010", 4)]])
def test_mariadb_begins_again_until_its_snapshot_is_behind_the_position(seen):
    server = Server("10.11.6-MariaDB", *seen)
    query.see(server, position())
    assert server.begun() == 2


def test_a_position_of_another_server_is_long_past():
    server = Server("10.11.6-MariaDB", ("binlog.000001", 4))
    query.see(server, position(server="11"))
    assert server.begun() == 1


def test_mysql_asks_which_transactions_are_committed():
    server = Server("8.0.36", 0, 0, 1)
    query.see(server, position("mysql", "uuid:1-5", server="uuid"))
    assert server.begun() == 3
    asked = [arguments for statement, *arguments in server.statements if "gtid_subset" in statement]
    assert asked == [["uuid:1-5"]] * 3


def test_mysql_without_gtids_can_not_say_and_is_given_a_moment(monkeypatch):
    slept = []
    monkeypatch.setattr(query.time, "sleep", slept.append)
    query.see(Server("8.0.36", 0), position("mysql", None, server="uuid"))
    assert slept == [query._UNPROVED]


def test_what_stays_unseen_is_an_error_to_retry(monkeypatch):
    ticks = iter(range(0, 1000, 10))
    monkeypatch.setattr(query.time, "monotonic", lambda: next(ticks))
    with pytest.raises(Transient, match="no session sees"):
        query.see(Server("10.11.6-MariaDB", ("binlog.000009", 499)), position())


@pytest.mark.parametrize(
    ("number", "message", "at"),
    [
        (1054, "Unknown column 'p.nam' in 'field list'", "nam"),
        (1146, "Table 'erp.partyy' doesn't exist", "partyy"),
        (1064, "You have an error in your SQL syntax; check the manual … to use near 'wher p.id in (null)' at line 2", "wher"),
        (1064, "… to use near '' at line 2", ""),
        (1248, "Every derived table must have its own alias", None),
    ],
)
def test_an_error_is_placed_by_what_it_names(number, message, at):
    text = "select p.nam\nfrom partyy p wher p.id in (:keys)"
    question = Question(text, Takes.KEYS, (ID,))
    read = query.read(question, query.BACKSLASHED)
    assert isinstance(read, Query)
    sent, back = query.sample(read, query.literal)
    refusal = query._refusal(number, message, sent, question, back)
    if at is None:
        assert refusal.offset is None
    else:
        assert text[refusal.offset :].startswith(at)
    assert refusal.message == message or "line 2" in refusal.message
