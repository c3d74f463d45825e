"""A migration's statements, run in the mind: catalogues before to catalogues after, and what was not understood. No server is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from cdc.mapping.tools.migration_command import ALTER, RENAMES, Done, command, entered
from cdc.mapping.tools.migration_text import actions, statements
from cdc.mapping.tools.type_text import type_of
from cdc.model.table import Column, Definition, TableName, Unique
from cdc.model.value import value

Tables: TypeAlias = Mapping[TableName, Definition]


_HARMLESS = (
    exp.Comment, exp.Transaction, exp.Commit, exp.Rollback, exp.Set, exp.Analyze, exp.Grant, exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge,
)  # fmt: skip
"""What changes no table; rows that it writes are followed like any others."""


class NotUnderstoodError(Exception):
    """What a part of a statement does is not known here. The text says which."""


@value
class Ran:
    """One statement, and the tables after it."""

    line: int
    text: str
    tables: Tables
    emptied: tuple[TableName, ...] = ()
    """Tables that lose rows without a row in the log."""
    truncates: bool = False
    """They lose them by TRUNCATE, all of them."""
    unread: str = ""
    """What of it was not understood; the tables are as if that part were not there."""


def run(sql: str, tables: Tables, schema: str, *, mysql: bool) -> Iterator[Ran]:
    """Run statement after statement. `schema` is that of unqualified names; tables that `tables` does not have are none of ours."""
    dialect = "mysql" if mysql else "postgres"
    for line, text in statements(sql, mysql=mysql):
        migration = _Migration(tables, schema, mysql=mysql)
        unread = _unread(migration, text, dialect)
        tables, schema = migration.tables, entered(text) or schema
        yield Ran(line, text, tables, tuple(migration.emptied), migration.truncates, unread)


def _unread(migration: _Migration, text: str, dialect: str) -> str:
    """Follow a statement; return what of it was not understood. What ALTER TABLE does is followed part by part, a new name last."""
    altered = ALTER.match(text)
    if altered is None:
        return _follow(migration, text, dialect)
    parts = sorted(actions(altered["actions"], dialect), key=lambda part: bool(RENAMES.match(part)))
    unread = [_follow(migration, f"alter table {altered['table']} {part}", dialect) for part in parts]
    return next(filter(None, unread), "")


def _follow(migration: _Migration, text: str, dialect: str) -> str:
    try:
        if (done := command(text, migration.schema)) is not None:
            migration.does(done)
        else:
            migration.statement(text, dialect)
    except (NotUnderstoodError, SqlglotError) as error:
        return str(error).splitlines()[0]
    return ""


class _Migration:
    """One statement's effect."""

    def __init__(self, tables: Tables, schema: str, *, mysql: bool) -> None:
        self.tables = dict(tables)
        self.emptied: list[TableName] = []
        self.truncates = False
        self.schema, self._mysql = schema, mysql

    def statement(self, text: str, dialect: str) -> None:
        parsed = next(iter(sqlglot.parse(text, dialect=dialect, error_level=sqlglot.ErrorLevel.IMMEDIATE)), None)
        if isinstance(parsed, _HARMLESS):
            return
        kinds: Mapping[type[exp.Expression], Callable[[Any], None]] = {
            exp.Alter: self._alter, exp.Drop: self._drop, exp.TruncateTable: self._truncate, exp.Create: self._create,
        }  # fmt: skip
        kind = next((each for each in kinds if isinstance(parsed, each)), None)
        if kind is None or parsed is None:
            raise NotUnderstoodError("this statement is not known here")
        kinds[kind](parsed)

    def _name(self, table: exp.Expression) -> TableName:
        return TableName(table.text("db") or self.schema, table.name)

    def _alter(self, parsed: exp.Alter) -> None:
        name = self._name(parsed.this)
        if parsed.args.get("kind") != "TABLE":
            raise NotUnderstoodError(f"ALTER {parsed.args.get('kind')} is not known here")
        for action in parsed.args["actions"]:
            if name in self.tables:
                name = self._action(name, action)

    def _action(self, name: TableName, action: exp.Expression) -> TableName:
        if isinstance(action, exp.AlterRename):
            return self.rename(name, moved(name, self._name(action.this), qualified=bool(action.this.text("db"))))
        actions: Mapping[type[exp.Expression], Callable[[Definition, Any], Definition]] = {
            exp.ColumnDef: self._add, exp.Drop: _drop_part, exp.RenameColumn: lambda table, one: renamed(table, one.this.name, one.args["to"].name),
            exp.AlterColumn: self._alter_column, exp.ModifyColumn: self._modify, exp.AddConstraint: _constraint,
            exp.DropPrimaryKey: lambda table, _: without_unique(table, next((one.name for one in table.uniques if one.primary), "")),
            exp.RenameIndex: lambda table, _: table,
        }  # fmt: skip
        made = actions.get(type(action))
        if made is None:
            raise NotUnderstoodError(f"{action.key} of a table is not known here")
        self.tables[name] = made(self.tables[name], action)
        return name

    def rename(self, before: TableName, after: TableName) -> TableName:
        if before in self.tables:
            self.tables[after] = replace(self.tables.pop(before), name=after)
        return after

    def _drop(self, parsed: exp.Drop) -> None:
        kind, names = parsed.args["kind"], parsed.args.get("tables") or [parsed.this]
        for one in names:
            if kind == "TABLE":
                self.tables.pop(self._name(one), None)
            elif kind == "INDEX":
                self.tables.update({name: without_unique(table, one.name) for name, table in self.tables.items()})
            elif kind not in ("VIEW", "TRIGGER", "FUNCTION", "PROCEDURE", "SEQUENCE"):
                raise NotUnderstoodError(f"DROP {kind} is not known here")

    def _truncate(self, parsed: exp.TruncateTable) -> None:
        self.truncates = True
        self.emptied += [name for one in parsed.expressions if (name := self._name(one)) in self.tables]

    def _create(self, parsed: exp.Create) -> None:
        index = parsed.this
        if isinstance(index, exp.Index):
            name = self._name(index.args["table"])
            params = index.args["params"]
            if parsed.args.get("unique") and name in self.tables:
                columns = tuple(column.this.name for column in params.args["columns"])
                self.tables[name] = with_unique(self.tables[name], index.name, columns, partial=bool(params.args.get("where")))
        elif (
            parsed.args.get("kind") == "TABLE"
            and not parsed.args.get("exists")
            and self._name(parsed.find(exp.Table) or index) in self.tables
        ):
            raise NotUnderstoodError("a mapped table is made anew: its columns have to be compared by hand")

    def does(self, done: Done) -> None:
        for before, after in done.renamed:
            self.rename(before, after)
        self.emptied += [name for name in done.emptied if name in self.tables]
        if done.identity and done.identity[0] in self.tables:
            table = self.tables[done.identity[0]]
            primary = next((one.columns for one in table.uniques if one.primary), None)
            whole = tuple(column.name for column in table.columns)
            self.tables[table.name] = replace(table, identity={"full": whole, "default": primary}.get(done.identity[1]))
        if done.doubt:
            raise NotUnderstoodError(done.doubt)

    def _add(self, table: Definition, given: exp.ColumnDef) -> Definition:
        if table.column(given.name):
            return table
        return replace(table, columns=(*table.columns, self._column(given, None)))

    def _column(self, given: exp.ColumnDef, before: Column | None) -> Column:
        kinds = [one.args.get("kind") for one in given.args.get("constraints") or ()]
        made = type_of(given.args["kind"], mysql=self._mysql) if given.args.get("kind") else None
        if made is None:
            raise NotUnderstoodError(f"the type of column '{given.name}' is not known here")
        if before is not None and before.type.kind is made.kind and made.charset is None:
            made = replace(made, charset=before.type.charset)
        return Column(
            given.name,
            made,
            not any((isinstance(one, exp.NotNullColumnConstraint) and not one.args.get("allow_null")) or isinstance(one, exp.PrimaryKeyColumnConstraint) for one in kinds),
            any(isinstance(one, exp.DefaultColumnConstraint | exp.AutoIncrementColumnConstraint) for one in kinds),
            any(isinstance(one, exp.ComputedColumnConstraint) for one in kinds),
        )  # fmt: skip

    def _alter_column(self, table: Definition, given: exp.AlterColumn) -> Definition:
        before = table.column(given.name)
        if before is None:
            return table
        after = before
        if written := given.args.get("dtype"):
            made = type_of(written, mysql=self._mysql)
            if made is None:
                raise NotUnderstoodError(f"the new type of column '{given.name}' is not known here")
            after = replace(after, type=made)
        elif (nullable := given.args.get("allow_null")) is not None:
            after = replace(after, nullable=bool(nullable))
        else:
            after = replace(after, default=not given.args.get("drop"))
        return with_column(table, before.name, after)

    def _modify(self, table: Definition, given: exp.ModifyColumn) -> Definition:
        name = given.args["rename_from"].name if given.args.get("rename_from") else given.this.name
        before = table.column(name)
        return (
            table
            if before is None
            else with_column(renamed(table, name, given.this.name), given.this.name, self._column(given.this, before))
        )


def moved(before: TableName, after: TableName, *, qualified: bool) -> TableName:
    """A table that is renamed without a schema stays in its own."""
    return after if qualified else TableName(before.schema, after.name)


def with_column(table: Definition, name: str, after: Column) -> Definition:
    return replace(table, columns=tuple(after if column.name == name else column for column in table.columns))


def renamed(table: Definition, before: str, after: str) -> Definition:
    """Rename a column, in keys and in what the log carries too."""

    def names(given: Sequence[str]) -> tuple[str, ...]:
        return tuple(after if name == before else name for name in given)

    return replace(
        table,
        columns=tuple(replace(column, name=after) if column.name == before else column for column in table.columns),
        uniques=tuple(replace(unique, columns=names(unique.columns)) for unique in table.uniques),
        identity=None if table.identity is None else names(table.identity),
    )


def with_unique(table: Definition, name: str, columns: Sequence[str], *, primary: bool = False, partial: bool = False) -> Definition:
    filled = all((column := table.column(each)) is not None and (primary or not column.nullable) for each in columns)
    made = replace(table, uniques=(*table.uniques, Unique(name, tuple(columns), primary, filled and not partial)))
    return replace(made, identity=tuple(columns)) if primary and table.identity is None else made


def without_unique(table: Definition, name: str) -> Definition:
    gone = [one for one in table.uniques if one.name == name]
    left = replace(table, uniques=tuple(one for one in table.uniques if one not in gone))
    whole = table.identity is not None and len(table.identity) == len(table.columns)
    return replace(left, identity=None) if any(one.primary for one in gone) and not whole else left


def _drop_part(table: Definition, given: exp.Drop) -> Definition:
    name = next(one.name for one in (given.args.get("tables") or [given.this]))
    if given.args["kind"] != "COLUMN":
        return without_unique(table, name)
    return replace(
        table,
        columns=tuple(column for column in table.columns if column.name != name),
        uniques=tuple(unique for unique in table.uniques if name not in unique.columns),
        identity=None if table.identity is None or (name in table.identity and len(table.identity) < len(table.columns)) else tuple(n for n in table.identity if n != name),
    )  # fmt: skip


def _constraint(table: Definition, given: exp.AddConstraint) -> Definition:
    key = given.find(exp.PrimaryKey, exp.UniqueColumnConstraint)
    if key is None:
        return table  # a check, a foreign key or an index: a row that breaks it is refused as a row
    names = [one.name for one in key.find_all(exp.Identifier)]
    label = given.find(exp.Constraint)
    schema = key.find(exp.Schema)
    columns = [one.name for one in schema.expressions] if schema else names
    return with_unique(table, label.name if label else "", columns, primary=isinstance(key, exp.PrimaryKey))
