"""The contract suite's harness for MySQL and MariaDB targets."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import pytest

from cdc.model.change import Op
from cdc.model.endpoint import Endpoint
from cdc.model.table import Column, Definition, TableName
from cdc.model.types import Kind
from cdc.model.write import TargetPlan
from cdc.sql.names import my_name, my_table, my_text
from cdc.target.mysql.admin import MySQLTargetAdmin
from cdc.target.mysql.session import lock_name
from cdc.target.mysql.target import MySQLTarget
from demo.servers import PASSWORD, MariaDB

NATIVE = {Kind.TEXT: "varchar(100)", Kind.INT: "bigint", Kind.NUMERIC: "decimal(14,2)"}


@dataclass
class MySQLHarness:
    server: MariaDB
    kind = "mysql"
    schema: str = field(default_factory=lambda: f"s{uuid4().hex[:8]}")
    pipeline: str = field(default_factory=lambda: f"p{uuid4().hex[:8]}")
    targets: list[MySQLTarget] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.proxied = self.server.port
        self.connection = self.server.connect()
        self.execute(f"create database {self.schema}")
        with closing(self.admin()) as admin:
            for statement in admin.setup():
                self.execute(statement)
        self.execute("set @application = 1, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")

    def execute(self, statement: str) -> tuple[Any, ...]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return tuple(cursor.fetchall())

    def endpoint(self, port: int | None = None) -> Endpoint:
        return Endpoint("crm", "mysql", "127.0.0.1", port or self.server.port, "cdc", PASSWORD, self.schema, {})

    def create(self, definition: Definition, defaults: Mapping[str, str] | None = None, *, audited: bool = False) -> Definition:
        made = replace(
            definition,
            columns=tuple(replace(c, type=replace(c.type, native=c.type.native or NATIVE[c.type.kind])) for c in definition.columns),
            uniques=tuple(replace(unique, name="PRIMARY") if unique.primary else unique for unique in definition.uniques),
            triggers=audited,
        )
        self.execute(_table(made, defaults or {}))
        if audited:
            self._audit(made.name)
        return made

    def _audit(self, name: TableName) -> None:
        log = my_table(name._replace(name=f"{name.name}_log"))
        self.execute(f"create table {log} (op text)")
        for op in ("insert", "update", "delete"):
            trigger = my_table(name._replace(name=f"{name.name}_{op}"))
            self.execute(
                f"create trigger {trigger} after {op} on {my_table(name)} for each row"
                f" if @application is null then insert into {log} values ('{op}'); end if"
            )

    def insert(self, table: Definition, *rows: Mapping[str, str | None]) -> None:
        for row in rows:
            names = ", ".join(map(my_name, row))
            values = ", ".join("null" if text is None else my_text(text) for text in row.values())
            self.execute(f"insert into {my_table(table.name)} ({names}) values ({values})")

    def rows(self, table: Definition) -> list[dict[str, str | None]]:
        names = [c.name for c in table.columns]
        picked = ", ".join(f"cast({my_name(name)} as char)" for name in names)
        found = self.execute(
            f"select {picked} from {my_table(table.name)} order by 1 is not null, char_length(cast({my_name(names[0])} as char)), 1"
        )
        return [dict(zip(names, row, strict=True)) for row in found]

    def effects(self, table: Definition) -> Counter[Op]:
        log = my_table(table.name._replace(name=f"{table.name.name}_log"))
        return Counter(Op(op) for (op,) in self.execute(f"select op from {log}"))

    def target(self, *plans: TargetPlan, port: int | None = None) -> MySQLTarget:
        self.targets.append(MySQLTarget(self.endpoint(port), self.pipeline, plans))
        return self.targets[-1]

    def admin(self) -> MySQLTargetAdmin:
        return MySQLTargetAdmin(self.endpoint(), self.pipeline)

    def sever(self, target: MySQLTarget) -> None:
        self.execute(f"kill {target.connection}")
        deadline = monotonic() + 10
        while self.execute(f"select 1 from information_schema.processlist where id = {target.connection}"):
            assert monotonic() < deadline
            sleep(0.01)

    def release(self, target: MySQLTarget) -> None:
        target._session.execute(f"do release_lock({my_text(lock_name(self.pipeline))})")

    def close(self) -> None:
        for target in self.targets:
            target.close()
        self.execute(f"drop database {self.schema}")
        self.connection.close()


def _table(definition: Definition, defaults: Mapping[str, str]) -> str:
    parts = [_column(column, defaults) for column in definition.columns]
    for unique in definition.uniques:
        parts.append(("primary key" if unique.primary else f"unique {my_name(unique.name)}") + f" ({_names(unique.columns)})")
    for key in definition.foreign_keys:
        parts.append(
            f"constraint {my_name(key.name)} foreign key ({_names(key.columns)}) references {my_table(key.parent)}"
            f" ({_names(key.parent_columns)})" + (" on delete cascade" if key.cascades else "")
        )
    return f"create table {my_table(definition.name)} ({', '.join(parts)}) engine=InnoDB"


def _column(column: Column, defaults: Mapping[str, str]) -> str:
    text = f"{my_name(column.name)} {column.type.native}" + ("" if column.nullable else " not null")
    if column.identity:
        text += " auto_increment"
    if column.name in defaults:
        text += f" default {my_text(defaults[column.name])}"
    return text


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(my_name, names))


@contextmanager
def mysql_harness(request: pytest.FixtureRequest) -> Iterator[MySQLHarness]:
    request.getfixturevalue("monkeypatch").setattr("cdc.target.mysql.session._PATIENCE", 1)
    harness = MySQLHarness(request.getfixturevalue("mariadb"))
    try:
        yield harness
    finally:
        harness.close()
