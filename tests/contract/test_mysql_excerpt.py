"""A place in a binary log to its transaction, whatever else stands in the file."""

from contextlib import closing

import pytest

from cdc.model.endpoint import Endpoint
from cdc.model.table import TableName
from cdc.source.mysql.excerpt import transaction_at
from cdc.source.mysql.log import end, inspect
from demo.servers import PASSWORD


@pytest.fixture
def shop(mariadb, database):
    name = database(mariadb)
    with closing(mariadb.connect(name)) as session:
        yield Endpoint("erp", "mysql", "127.0.0.1", mariadb.port, "cdc", PASSWORD, name, {}), session


def run(session, *statements):
    with session.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def ask(session, query):
    with session.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def test_what_stands_before_a_transaction_and_behind_it_is_not_read(shop, mariadb):
    endpoint, session = shop
    run(session, "create table t (id int primary key auto_increment)", "create table other (id int primary key auto_increment)")
    as_text = ("set session binlog_format = statement", "insert into other values (null)", "set session binlog_format = row")
    run(session, *as_text, "insert into t values (7)")
    first = end(session, inspect(session))
    run(session, "begin", "insert into t values (8)", "insert into t values (9)", "commit")
    second = end(session, inspect(session))
    gtid = None if mariadb.is_mysql else ask(session, "select @@last_gtid")
    run(session, *as_text)
    tables = [TableName(endpoint.database, "t")]
    places = [
        (f"{first.file}:{first.offset - 1}", ["7"]),
        (f"{first.file}:{first.offset}", ["8", "9"]),
        (f"{first.file}:{second.offset - 1}", ["8", "9"]),
    ]
    if gtid:
        places.append((gtid, ["8", "9"]))
    for place, found in places:
        excerpt = transaction_at(endpoint, "erp_to_crm", tables, place)
        assert excerpt is not None
        assert [change.new for change in excerpt.changes] == [(key,) for key in found]
