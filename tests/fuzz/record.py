"""`python -m tests.fuzz.record [mysql://user:password@host:port/]`: records the streams in tests/cases/wire anew, on private servers.

MySQL is not among the servers that the tests start: without a URL its recording stays as it is. The account needs all privileges.
"""

import json
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pymysql

from cdc.model.endpoint import Endpoint
from cdc.model.table import TableName
from cdc.source.mysql import charsets, log
from cdc.source.mysql.assembler import Assembler as LogAssembler
from cdc.source.mysql.source import MySQLSource
from cdc.source.postgresql.admin import PostgreSQLSourceAdmin
from cdc.source.postgresql.assembler import Assembler as WalAssembler
from cdc.source.postgresql.source import PostgreSQLSource
from demo.servers import PASSWORD, MariaDB, PostgreSQL, running
from tests.contract.whole import whole
from tests.fuzz.recording import FOLDER, shown

SCHEMA = "wire"
KEPT = ("utf8mb4", "utf8mb3", "latin1", "binary", "utf16")

COLUMNS = """id bigint unsigned primary key, tiny tinyint, medium mediumint unsigned, price decimal(14,4), huge decimal(40,20), ratio double,
 part float, day date, at datetime(3), clock time(2), seen timestamp(6) null, year year, name varchar(60), body text, old varchar(20) character set latin1,
 wide varchar(300) character set utf16, code char(8), raw varbinary(40), picture mediumblob, bits bit(11), mood enum('a','ü','c') character set latin1,
 flags set('x','y','z'), doc json, place point"""

ROWS = (
    """(1, -5, 16777215, -1234567890.5001, 0.00000000000000000001, 1e-7, 1.1, '2024-02-29', '2024-02-29 23:59:58.123', '-838:59:59', '2037-12-31 01:02:03.000004',
 2155, 'Müller', repeat('long ', 30), 'ä€', 'Ω', 'ab', x'00ff', x'', b'10000000001', 'ü', 'x,z', '{"a": [1, 2.5, {"b": null}], "c": "text"}',
 st_geomfromtext('POINT(1 2)')), (18446744073709551615"""
    + 23 * ", null"
    + ")"
)

SCRIPT = (
    f"insert into t values {ROWS}",
    "update t set name = 'other', price = price + 1 where id = 1",
    "update t set id = 2 where id = 1",
    "begin", "insert into t (id) values (10)", "savepoint s", "insert into t (id) values (11)", "rollback to s", "delete from t where id = 10", "commit",
    "insert into ignored values (1)",
    "alter table t add column extra varchar(9) default 'new' after tiny",
    "update t set extra = 'changed'",
    "flush binary logs",
    "set session binlog_row_image = minimal", "update t set medium = 7", "set session binlog_row_image = full",
    "insert into t (id, name) values (20, 'gone'), (21, null), (22, '')",
    "delete from t where id >= 20",
    "truncate table t",
)  # fmt: skip
MARIADB = (
    "set global log_bin_compress = on", "set global log_bin_compress_min_len = 10", f"insert into t (id, name) values {', '.join(f'({n}, repeat(char({n + 60}), 40))' for n in range(1, 30))}",
    "update t set name = repeat('b', 50)", "delete from t", f"truncate table t /* {'long ' * 60} */", "set global log_bin_compress = off",
    "create table c (id int primary key, a varchar(300) compressed, b text compressed)", "insert into c values (1, repeat('x', 200), repeat('y', 500)), (2, '', null)",
)  # fmt: skip
MYSQL = (
    "set session binlog_transaction_compression = on", f"insert into t (id, name) values {', '.join(f'({n}, repeat(char({n + 60}), 40))' for n in range(1, 30))}",
    "begin", "update t set name = 'b'", "delete from t where id > 3", "commit", "set session binlog_transaction_compression = off",
    """update t set doc = '{"a": 1, "list": [1, 2, {"b": "x"}], "name": "something long enough to be worth it"}'""",
    "set session binlog_row_value_options = PARTIAL_JSON", """update t set doc = json_set(doc, '$.a', 'new', '$.list[2].c', 5, '$."k l"', true)""",
    "update t set doc = json_remove(doc, '$.list[0]')", "set session binlog_row_value_options = ''",
    "set gtid_next = 'AUTOMATIC:tag'", "update t set name = 'tagged'", "set gtid_next = 'AUTOMATIC'",
)  # fmt: skip


def write(name, facts, events, transactions):
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.bin").write_bytes(b"".join(len(event).to_bytes(4, "little") + event for event in events))
    facts["transactions"] = shown(transactions)
    (FOLDER / f"{name}.json").write_text(json.dumps(facts, ensure_ascii=False) + "\n")
    print(f"{name}: {len(events)} events, {sum(map(len, events))} bytes, {len(transactions)} transactions")


def spied(owner, method, taken):
    """Let every event that passes a method be kept too; return what undoes it."""
    original = getattr(owner, method)

    def spy(self, data, *where):
        taken.append(data[where[0] : where[1]] if where else data)
        return original(self, data, *where)

    setattr(owner, method, spy)
    return lambda: setattr(owner, method, original)


def record_log(name, endpoint, script):
    tables = [TableName(SCHEMA, "t"), TableName(SCHEMA, "c")]
    with closing(
        pymysql.connect(
            host=endpoint.host, port=endpoint.port, user=endpoint.user, password=endpoint.password, autocommit=True, charset="utf8mb4"
        )
    ) as session:
        cursor = session.cursor()
        for statement in (f"drop database if exists {SCHEMA}", f"create database {SCHEMA}", f"use {SCHEMA}", "set time_zone = '+00:00', sql_mode = ''",
                          f"create table t ({COLUMNS}) character set utf8mb4", "create table ignored (id int primary key)"):  # fmt: skip
            cursor.execute(statement)
        server, known = log.inspect(session), charsets.read(session)
        with closing(MySQLSource(endpoint, "record", tables, "crm")) as source:
            after = source.head()
            for statement in script:
                cursor.execute(statement)
            events = []
            undo = spied(LogAssembler, "event", events)
            found = list(whole(source.read(after, source.head())))
            undo()
        cursor.execute(f"drop database {SCHEMA}")
    collations = {number: [each.name, each.width] for number, each in known.collations.items() if each.name in KEPT}
    facts = {
        "kind": "mysql", "server": [server.mariadb, server.version, server.identity, server.gtids, server.folds_case], "after": after, "checksum": True,
        "wanted": tables, "collations": collations, "tables": {"latin1": known.tables["latin1"]},
    }  # fmt: skip
    write(name, facts, [event for event in events if event[4] not in (27, 41)], found)


PG_COLUMNS = """id bigint primary key, small smallint, price numeric(14,4), ratio double precision, part real, day date, at timestamp, seen timestamptz, clock time,
 span interval, name varchar(60), body text, raw bytea, flag boolean, uid uuid, doc jsonb, tags text[], numbers int[], mood mood"""
PG_ROW = (
    "insert into t values (1, -5, 'NaN', 1e-7, 1.1, 'infinity', '2024-02-29 23:59:58.123', '0044-03-15 BC', '23:59:59.999999', '1 year -3 days 04:05', 'Müller',"
    " repeat('long ', 30), '\\x00ff', true, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{\"a\": [1, null]}', '{\"x,y\",NULL,\"\"}', '{1,2}', 'glad')"
)
PG_SCRIPT = (
    PG_ROW, "insert into t (id) values (9223372036854775807), (3), (4)",
    "update t set name = 'other' where id = 1", "update t set id = 2 where id = 1",
    "alter table t add column extra varchar(9) default 'new'", "update t set extra = 'changed'",
    "insert into t (id, body) select 5, string_agg(md5(n::text), '') from generate_series(1, 100) n", "update t set small = 1 where id = 5",
    "alter table t replica identity full", "update t set small = 2", "delete from t where id > 3",
    "select pg_logical_emit_message(true, 'other', 'content')", "begin", "insert into t (id) values (6)", "savepoint s", "insert into t (id) values (7)",
    "rollback to s", "delete from t where id = 6", "commit", "truncate t",
)  # fmt: skip


def record_wal(server):
    database = SCHEMA
    server.create(database)
    endpoint = Endpoint("erp", "postgresql", "127.0.0.1", server.port, "cdc", PASSWORD, database, {})
    table = TableName("public", "t")
    with server.connect(database) as session:
        session.execute("create type mood as enum ('sad', 'glad')")
        session.execute(f"create table t ({PG_COLUMNS})")
        admin = PostgreSQLSourceAdmin(endpoint, "record")
        with closing(admin), closing(PostgreSQLSource(endpoint, "record", [table], "crm")) as source:
            for statement in admin.setup([table]):
                admin.execute(statement)
            after = source.head()
            for statement in PG_SCRIPT:
                session.execute(statement)
            events = []
            undo = spied(WalAssembler, "decode", events)
            found = list(whole(source.read(after, source.head())))
            undo()
    write("postgresql", {"kind": "postgresql", "after": after, "wanted": [table]}, events, found)


def main(arguments):
    with tempfile.TemporaryDirectory(prefix="cdc-record-") as folder:
        Path(folder).chmod(0o755)
        servers = PostgreSQL(Path(folder) / "pg"), MariaDB(Path(folder) / "my")
        for server in servers:
            server.folder.mkdir(mode=0o777)
        with running(*servers):
            record_wal(servers[0])
            record_log("mariadb", Endpoint("erp", "mysql", "127.0.0.1", servers[1].port, "cdc", PASSWORD, SCHEMA, {}), SCRIPT + MARIADB)
    for url in arguments:
        where = urlsplit(url)
        record_log(
            "mysql", Endpoint("erp", "mysql", where.hostname, where.port, where.username, where.password or "", SCHEMA, {}), SCRIPT + MYSQL
        )


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(sys.argv[1:])
