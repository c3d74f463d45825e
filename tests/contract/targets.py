"""One small harness per kind of target, so that one contract suite runs over all of them.

A harness makes tables, plays the application (inserts and reads rows), and opens targets. To add an engine: write a class with the
methods of `Harness` and add it to `HARNESSES`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import uuid4

import pytest

from cdc.model.change import Change, Op, Position, Row
from cdc.model.endpoint import Endpoint
from cdc.model.table import Column, Definition, ForeignKey, Table, TableName, Unique
from cdc.model.types import Kind, Type
from cdc.model.write import Batch, Deletes, TargetPlan, Write
from cdc.sql.names import pg_name, pg_table, pg_text
from cdc.target.base import Target
from cdc.target.memory import MemoryDatabase, MemoryTarget
from cdc.target.postgresql import PostgreSQLTarget, PostgreSQLTargetAdmin, direct, staging
from demo.servers import PASSWORD, PostgreSQL
from tests.contract.mysql_target_harness import mysql_harness

Record = Mapping[str, str | None]


class Harness(Protocol):
    kind: str
    schema: str
    """A schema (PostgreSQL) or database (MySQL) of the test's own."""
    pipeline: str
    """A pipeline name of the test's own."""
    proxied: int | None
    """The server's port, when a proxy can stand before it."""

    def create(self, definition: Definition, defaults: Mapping[str, str] | None = None, *, audited: bool = False) -> Definition:
        """Make the table with its unique indexes (the primary key too) and foreign keys; return it with the engine's native types.

        `defaults` are texts for columns with `default`; identity columns count by themselves. An audited table has triggers
        that log every row version written, for `effects`.
        """
        ...

    def insert(self, table: Definition, *rows: Record) -> None:
        """Insert rows as the application does; columns that a row does not name get their defaults."""
        ...

    def rows(self, table: Definition) -> list[dict[str, str | None]]:
        """Return all rows in canonical text, in the order of the first column."""
        ...

    def effects(self, table: Definition) -> Counter[Op]:
        """Count the row versions written to an audited table, the application's own apart, since it was made."""
        ...

    def target(self, *plans: TargetPlan, port: int | None = None) -> Target:
        """Open a new session for the test's pipeline; it is closed with the harness."""
        ...

    def sever(self, target: Target) -> None:
        """End the target's session from the server's side."""
        ...

    def release(self, target: Target) -> None:
        """Take the pipeline's lock away from a target that goes on running."""
        ...


def name_of(harness: Harness, table: str) -> TableName:
    return TableName(harness.schema, table)


def column(name: str, kind: Kind = Kind.TEXT, **facts: object) -> Column:
    """A column of a test table: TEXT is varchar(100), INT is bigint, NUMERIC is numeric(14,2)."""
    sizes = {Kind.TEXT: {"size": 100}, Kind.INT: {"size": 8}, Kind.NUMERIC: {"precision": 14, "scale": 2}}
    return Column(name, Type(kind, "", **sizes.get(kind, {})), **facts)


def table(
    harness: Harness,
    name: str,
    *columns: Column,
    key: Sequence[str] = ("id",),
    unique: Mapping[str, Sequence[str]] | None = None,
    foreign: Sequence[ForeignKey] = (),
) -> Definition:
    """A definition for `Harness.create`, with a primary key on `key`."""
    uniques = [Unique(f"{name}_pkey", tuple(key), primary=True, exact=True)]
    uniques += [Unique(label, tuple(names), primary=False, exact=True) for label, names in (unique or {}).items()]
    shaped = tuple(replace(c, nullable=False) if c.name in key else c for c in columns)
    return Definition(name_of(harness, name), shaped, tuple(uniques), tuple(foreign), tuple(key), triggers=False, estimate=0)


def plan(
    definition: Definition,
    *columns: str,
    key: Sequence[str] = ("id",),
    deletes: Deletes = Deletes.HARD,
    soft: Mapping[str, str | None] | None = None,
    rank: int = 0,
    mapping: str = "",
    once: Sequence[str] = (),
    later: Sequence[str] = (),
) -> TargetPlan:
    """A plan over the named columns, or all; some of them set only when a row is inserted (`once`), or is there already (`later`)."""
    written = tuple(definition.column(name) for name in columns) or definition.columns
    places = tuple(next(i for i, c in enumerate(written) if c.name == name) for name in key)
    flags = tuple((definition.column(name), text) for name, text in (soft or {}).items())
    apart = (frozenset(i for i, c in enumerate(written) if c.name in names) for names in (once, later))
    return TargetPlan(mapping or definition.name.name, definition, written, places, deletes, flags, rank, *apart)


def change(op: Op = Op.UPDATE) -> Change:
    """Some source change; targets look at its kind alone."""
    return Change(Table(TableName("source", "t"), (), ()), op, None, None)


OPS = [Op.UPDATE]
"""The last is what the source is said to have done where a test upserts a row: targets must not need it to be true."""


def upsert(target: TargetPlan, *image: object, moved: Row | None = None) -> Write:
    return Write(target, tuple(image[i] for i in target.key), tuple(image), moved, change(Op.UPDATE if moved else OPS[-1]))


def delete(target: TargetPlan, *key: str) -> Write:
    return Write(target, tuple(key), None, None, change(Op.DELETE))


def batch(*writes: Write, upto: str = "1", **facts: object) -> Batch:
    return Batch(None, Position(upto), writes, transactions=1, **facts)


class MemoryHarness:
    kind = "memory"
    proxied = None

    def __init__(self) -> None:
        self.schema, self.pipeline = "app", "contract"
        self.database = MemoryDatabase()

    def create(self, definition: Definition, defaults: Mapping[str, str] | None = None, *, audited: bool = False) -> Definition:
        self.database.create(definition, defaults or {})
        return definition

    def insert(self, table: Definition, *rows: Record) -> None:
        for row in rows:
            self.database.insert(table.name, row)

    def rows(self, table: Definition) -> list[dict[str, str | None]]:
        return in_order(table, self.database.rows(table.name))

    def effects(self, table: Definition) -> Counter[Op]:
        return Counter(effect.op for effect in self.database.effects if effect.table == table.name)

    def target(self, *plans: TargetPlan, port: int | None = None) -> Target:
        return MemoryTarget(self.database, self.pipeline, plans)

    def sever(self, target: Target) -> None:
        target.close()

    def release(self, target: Target) -> None:
        target.close()


def in_order(table: Definition, rows: Sequence[Record]) -> list[dict[str, str | None]]:
    first = table.columns[0].name
    return sorted((dict(row) for row in rows), key=lambda row: (row[first] is not None, len(row[first] or ""), row[first] or ""))


@dataclass
class PostgreSQLHarness:
    server: PostgreSQL
    database: str
    kind = "postgresql"
    schema: str = field(default_factory=lambda: f"s{uuid4().hex[:8]}")
    pipeline: str = field(default_factory=lambda: f"p{uuid4().hex[:8]}")
    targets: list[PostgreSQLTarget] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.proxied = self.server.port
        options = "-c datestyle=ISO -c timezone=UTC -c extra_float_digits=3 -c bytea_output=hex"
        self.connection = self.server.connect(self.database, options=options)
        self.connection.execute(f"create schema {pg_name(self.schema)}")
        with closing(self.admin()) as admin:
            for statement in admin.setup():
                self.connection.execute(statement)

    def execute(self, statement: str) -> None:
        self.connection.execute(statement.encode())

    def endpoint(self, port: int | None = None) -> Endpoint:
        return Endpoint("crm", "postgresql", "127.0.0.1", port or self.server.port, "cdc", PASSWORD, self.database, {})

    def create(self, definition: Definition, defaults: Mapping[str, str] | None = None, *, audited: bool = False) -> Definition:
        made = replace(
            definition,
            columns=tuple(replace(c, type=replace(c.type, native=c.type.native or PG_NATIVE[c.type.kind])) for c in definition.columns),
            triggers=audited,
        )
        self.connection.execute(_pg_table(made, defaults or {}))
        if audited:
            self._audit(made.name)
        return made

    def _audit(self, name: TableName) -> None:
        log = pg_table(name._replace(name=f"{name.name}_log"))
        function = pg_table(name._replace(name=f"{name.name}_audit"))
        self.connection.execute(f"create table {log} (op text)")
        self.connection.execute(
            f"create function {function}() returns trigger language plpgsql as $$begin"
            f" if current_setting('application_name') like 'cdc%' then insert into {log} values (lower(tg_op)); end if; return null; end$$"
        )
        self.connection.execute(
            f"create trigger audit after insert or update or delete on {pg_table(name)} for each row execute function {function}()"
        )

    def insert(self, table: Definition, *rows: Record) -> None:
        for row in rows:
            names = ", ".join(map(pg_name, row))
            values = ", ".join("null" if text is None else pg_text(text) for text in row.values())
            self.connection.execute(f"insert into {pg_table(table.name)} ({names}) overriding system value values ({values})".encode())

    def rows(self, table: Definition) -> list[dict[str, str | None]]:
        names = [c.name for c in table.columns]
        picked = ", ".join(f"{pg_name(name)}::text" for name in names)
        found = self.connection.execute(f"select {picked} from {pg_table(table.name)}".encode()).fetchall()
        return in_order(table, [dict(zip(names, row, strict=True)) for row in found])

    def effects(self, table: Definition) -> Counter[Op]:
        log = pg_table(table.name._replace(name=f"{table.name.name}_log"))
        return Counter(Op(op) for (op,) in self.connection.execute(f"select op from {log}".encode()))

    def target(self, *plans: TargetPlan, port: int | None = None) -> Target:
        self.targets.append(PostgreSQLTarget(self.endpoint(port), self.pipeline, plans))
        return self.targets[-1]

    def admin(self) -> PostgreSQLTargetAdmin:
        return PostgreSQLTargetAdmin(self.endpoint(), self.pipeline)

    def sever(self, target: PostgreSQLTarget) -> None:
        self.connection.execute("select pg_terminate_backend(%s, 5000)", [target._connection.info.backend_pid])

    def release(self, target: PostgreSQLTarget) -> None:
        target._connection.execute("select pg_advisory_unlock_all()")

    def close(self) -> None:
        for target in self.targets:
            target.close()
        self.connection.close()


PG_NATIVE = {Kind.TEXT: "varchar(100)", Kind.INT: "bigint", Kind.NUMERIC: "numeric(14,2)"}


def _pg_table(definition: Definition, defaults: Mapping[str, str]) -> str:
    parts = [_pg_column(column, defaults) for column in definition.columns]
    for unique in definition.uniques:
        kind = "primary key" if unique.primary else "unique"
        parts.append(f"constraint {pg_name(unique.name)} {kind} ({_pg_names(unique.columns)})")
    for key in definition.foreign_keys:
        parts.append(
            f"constraint {pg_name(key.name)} foreign key ({_pg_names(key.columns)}) references {pg_table(key.parent)}"
            f" ({_pg_names(key.parent_columns)})" + (" on delete cascade" if key.cascades else "")
        )
    return f"create table {pg_table(definition.name)} ({', '.join(parts)})"


def _pg_column(column: Column, defaults: Mapping[str, str]) -> str:
    text = f"{pg_name(column.name)} {column.type.native}"
    if column.identity:
        text += " generated by default as identity"
    if column.name in defaults:
        text += f" default {pg_text(defaults[column.name])}"
    return text if column.nullable else f"{text} not null"


def _pg_names(names: Sequence[str]) -> str:
    return ", ".join(map(pg_name, names))


@contextmanager
def memory_harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    yield MemoryHarness()


_databases: dict[int, str] = {}
"""One database per server and test process; tests keep apart by schema and pipeline."""


@contextmanager
def postgresql_harness(request: pytest.FixtureRequest) -> Iterator[PostgreSQLHarness]:
    server: PostgreSQL = request.getfixturevalue("postgresql")
    if server.port not in _databases:
        _databases[server.port] = f"contract{uuid4().hex[:8]}"
        server.create(_databases[server.port])
    harness = PostgreSQLHarness(server, _databases[server.port])
    try:
        yield harness
    finally:
        harness.close()


@contextmanager
def copying_harness(request: pytest.FixtureRequest) -> Iterator[PostgreSQLHarness]:
    """All rows go by COPY, however few, and straight into their table where they may be new: most tests' are not."""
    with pytest.MonkeyPatch.context() as patch, postgresql_harness(request) as harness:
        patch.setattr(direct, "MANY", 0)
        patch.setattr(direct, "_REST", 0)
        patch.setattr(staging, "MANY", 0)
        OPS.append(Op.INSERT)
        try:
            yield harness
        finally:
            OPS.pop()


COMMIT = {"postgresql": b"commit\0", "mysql": b"commit"}
"""How a COMMIT looks on its way; PostgreSQL's temporary tables have the word in their definition."""

HARNESSES: dict[str, Callable[[pytest.FixtureRequest], AbstractContextManager[Harness]]] = {
    "memory": memory_harness,
    "postgresql": postgresql_harness,
    "postgresql by COPY": copying_harness,
    "mysql": mysql_harness,
}
"""Kind → how to make a harness for one test."""
