"""What keeps a MySQL or MariaDB server from being a target, or would go wrong there: findings, each with the statement that mends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdc.model.endpoint import Endpoint
from cdc.model.errors import CdcError, Denied, Exit, Finding
from cdc.model.table import Column, Definition, TableName
from cdc.model.types import Kind
from cdc.sql.ledger import CHECKPOINT, SCHEMA
from cdc.sql.names import my_name, my_table, my_text
from cdc.target.mysql.privileges import Rows, account, granted, missing, sees_triggers
from cdc.target.mysql.session import Session

LEDGER = TableName(SCHEMA, CHECKPOINT)
_UUID = 36
"""Characters of one."""


def findings(endpoint: Endpoint, rows: Rows, ledger: Definition | None, tables: Sequence[Definition]) -> Iterator[Finding]:
    """Yield the findings; `ledger` is our own table, `rows` asks over an ordinary connection."""
    of_server = list(_server(endpoint.name, rows))
    yield from of_server
    if all(one.exit is Exit.OK for one in of_server):  # else it would refuse the session's statements for that
        yield from _session(endpoint, rows)
    yield from _setup(endpoint.name, rows) if ledger is None else _privileges(endpoint.name, rows, ledger)
    for table in tables:
        yield from _privileges(endpoint.name, rows, table)
        yield from _table(f"{endpoint.name}: {table.name}", rows, table)


def _session(endpoint: Endpoint, rows: Rows) -> Iterator[Finding]:
    """Open a session as the daemon does, and make what it may need to make."""
    try:
        session = Session(endpoint)
    except Denied:
        yield _denied(endpoint.name, rows, f"may not use {endpoint.database}", f"create temporary tables on {my_name(endpoint.database)}.*")
        return
    except CdcError as error:
        yield Finding("session", str(error), error.hint, error.exit)
        return
    try:
        session.execute("create temporary table cdc_stage (i int primary key) engine=InnoDB")
    except Denied:
        yield _denied(endpoint.name, rows, "may not make temporary tables", f"create temporary tables on {my_name(endpoint.database)}.*")
    except CdcError as error:
        yield Finding("session", str(error), error.hint, error.exit)
    finally:
        session.close()


def _server(where: str, rows: Rows) -> Iterator[Finding]:
    logged, form, synced, flushed = rows(
        "select @@global.log_bin, @@global.binlog_format, @@global.sync_binlog, @@global.innodb_flush_log_at_trx_commit"
    )[0]
    if logged and form == "STATEMENT":
        text = f"{where}: binlog_format is STATEMENT, under which the server refuses our transactions"
        yield Finding("binlog-format", text, "set global binlog_format = 'ROW';", Exit.CONFIG)
    if flushed != 1:
        text = f"{where}: innodb_flush_log_at_trx_commit is {flushed}: a crash of the host may undo transactions that we took for durable"
        yield Finding("durability", text, "set global innodb_flush_log_at_trx_commit = 1;", Exit.OK)
    if logged and synced != 1:
        text = f"{where}: sync_binlog is {synced}: after a crash of the host the binary log may lack transactions that the tables have"
        yield Finding("durability", text, "set global sync_binlog = 1;", Exit.OK)


def _setup(where: str, rows: Rows) -> Iterator[Finding]:
    yield Finding("setup", f"{where}: our own tables are missing", "Run `cdc setup`.", Exit.CONFIG)
    role = rows("select current_role()")[0][0]
    if role in {None, "", "NONE"} and not granted(rows, "CREATE", LEDGER):
        yield _denied(where, rows, f"may not make the database {SCHEMA}", f"all privileges on {SCHEMA}.*")


def unwritable(where: str, rows: Rows, table: TableName) -> Finding:
    """Name what an account lacks to which the server does not even show the table."""
    every = "select, insert, update, delete"
    return _denied(where, rows, f"has no {every} on {table}", f"{every} on {my_table(table)}")


def _privileges(where: str, rows: Rows, table: Definition) -> Iterator[Finding]:
    if lacking := ", ".join(missing(rows, table)):
        yield _denied(where, rows, f"has no {lacking} on {table.name}", f"{lacking} on {my_table(table.name)}")


def _denied(where: str, rows: Rows, what: str, grant: str) -> Finding:
    who = account(rows)
    return Finding("privilege", f"{where}: the account {who} {what}", f"grant {grant} to {who};", Exit.DENIED)


def _table(where: str, rows: Rows, table: Definition) -> Iterator[Finding]:
    engine = rows(f"select engine from information_schema.tables where {_named(table.name)}")[0][0]
    if engine != "InnoDB":
        text = f"{where} is stored by {engine}, which has no transactions: a batch would be applied in parts"
        yield Finding("engine", text, f"alter table {my_table(table.name)} engine=InnoDB;", Exit.CONFIG)
    if not table.triggers and not sees_triggers(rows, table.name):
        text = f"{where}: the account may not see triggers, so rows are updated in a slower way that is right with triggers too"
        yield Finding("triggers", text, f"grant trigger on {my_table(table.name)} to {account(rows)};", Exit.OK)
    for column, collation in _loose(rows, table):
        text = f"{where}: key column {column.name} is compared by {collation}: of keys that differ in case or accents alone there can be only one"
        as_bytes = (
            f"{my_name(column.name)} {column.type.native} character set {column.type.charset} collate {column.type.charset}_bin not null"
        )
        yield Finding("key-collation", text, f"alter table {my_table(table.name)} modify {as_bytes};", Exit.OK)


def _loose(rows: Rows, table: Definition) -> Iterator[tuple[Column, str]]:
    """Yield the primary key's columns whose collation holds different texts equal, but those that hold UUIDs: these are spelled in one way."""
    key = next((unique.columns for unique in table.uniques if unique.primary), ())
    texts = [column for column in table.columns if column.name in key and column.type.kind is Kind.TEXT and column.type.size != _UUID]
    if texts:
        found: dict[str, str] = dict(rows(f"select column_name, collation_name from information_schema.columns where {_named(table.name)}"))
        for column in texts:
            if not found[column.name].endswith(("_bin", "_cs")):
                yield column, found[column.name]


def _named(table: TableName) -> str:
    return f"table_schema = {my_text(table.schema)} and table_name = {my_text(table.name)}"
