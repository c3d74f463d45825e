"""What a mapping says of its query, with what the source's server said of it, to checked parts of a plan; and the questions to ask that server.

A mapping by query is compiled like any other, over the rows of its query's result: `result` describes them as if they were a table's.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from cdc.mapping.column import Item
from cdc.mapping.convert import Unfit, converter
from cdc.mapping.declared import types
from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.node import Column as SourceColumn
from cdc.mapping.expression.node import Constant, Refer, columns_of
from cdc.mapping.expression.refusal import Refused
from cdc.mapping.expression.salt import Salt
from cdc.mapping.expression.scope import Scope
from cdc.mapping.expression.sqltype import to_column
from cdc.mapping.files.document import Path
from cdc.mapping.files.problem import Problem, did_you_mean
from cdc.mapping.query.query import Query, Question, Refusal, Takes
from cdc.mapping.spec.mapping import MappingSpec, Sql, table_name
from cdc.mapping.spec.query import Dependency
from cdc.model.table import Column, Definition, TableName, Unique
from cdc.model.types import Kind
from cdc.model.value import value
from cdc.sql.names import pg_written

Answers: TypeAlias = Mapping[tuple[str, Path], Query | Refusal]
"""(mapping, where a query stands in its file) → what the server made of it."""

RESULT = "the query's result"
_ALONE = "what leads to the root's key"
_NOT_ASKED = "not-asked"
"""A server is not asked about queries of tables that it does not show; then that is what is wrong."""


@value
class Leading:
    """A dependency whose parts fit together."""

    table: Definition
    keys: tuple[Sql, ...]
    """Expressions over the table's row; none where a query leads to the root."""
    query: Query | None
    items: tuple[Item, ...]
    """The root's key: over the table's row, or over a row of the query's result."""


@value
class Prepared:
    """A mapping's query that fits its tables."""

    root: Definition
    root_key: tuple[Column, ...]
    query: Query
    result: Definition
    leading: tuple[Leading, ...]
    salt: Salt | None


def wanted_tables(spec: MappingSpec, schema: str) -> Iterator[TableName]:
    """Yield the source tables that a mapping reads, the root first; names that are none are left out."""
    for written in (spec.source, *(dependency.table for dependency in (spec.query.depends_on if spec.query else ()))):
        if name := _named(written, schema):
            yield name


def questions(spec: MappingSpec, tables: Mapping[TableName, Definition], schema: str) -> Mapping[Path, tuple[Question, Definition]]:
    """Return what to ask the server about a mapping: where it stands → question, and the table whose values it is asked with."""
    if spec.query is None or (root := _found(spec.source, tables, schema)) is None or not (key := root_key(root)):
        return {}
    asked = {spec.query.text.path: (Question(spec.query.text.text, Takes.KEYS, key), root)}
    for dependency in spec.query.depends_on:
        table = _found(dependency.table, tables, schema)
        if dependency.query and table:
            asked[dependency.query.path] = (Question(dependency.query.text, Takes.NAMED, table.columns), table)
    return asked


def root_key(root: Definition) -> tuple[Column, ...]:
    """Return the columns that name the root's rows: its primary key, else its first unique index that can."""
    exact = sorted((unique for unique in root.uniques if unique.exact), key=lambda unique: not unique.primary)
    return tuple(column for name in exact[0].columns if (column := root.column(name))) if exact else ()


def prepare(
    spec: MappingSpec, root: Definition, tables: Mapping[TableName, Definition], schema: str, answers: Answers, salt: Salt | None
) -> tuple[Prepared | None, list[Problem]]:
    """Fit a mapping's query to its tables; None when it does not."""
    assert spec.query is not None
    key = root_key(root)
    problems = list(_check_root(spec, root, key))
    query, refused = _answer(spec, spec.query.text, answers if key else {})
    problems += refused if key else []
    result = None
    if query is not None:
        result, wrong = _result(spec, spec.query.text, query, key, root)
        problems += wrong
    leading: list[Leading] = []
    for dependency in spec.query.depends_on:
        made, wrong = _lead(spec, dependency, tables, schema, key, answers, salt)
        leading += made
        problems += wrong
    if query is None or result is None or problems:
        return None, [problem for problem in problems if problem.code != _NOT_ASKED] or problems
    problems += _check_reads(spec, spec.query.text, query, {root.name, *(lead.table.name for lead in leading)})
    return Prepared(root, key, query, result, tuple(leading), salt), problems


def check_key(spec: MappingSpec, result: Definition, items: Iterable[Item]) -> Iterator[Problem]:
    """What no longer comes back has to be deleted by the root's key alone, so the target's key must follow from that."""
    names, key = [column.name for column in result.columns], result.identity or ()
    for item in items:
        beside = [names[at] for at in sorted(columns_of(item.node)) if names[at] not in key] if item.column in spec.key else []
        if beside:
            yield spec.place(item.column).problem(
                "key-not-rooted",
                f"the key '{item.column}' needs '{beside[0]}': a row that the query no longer returns could not be deleted",
                f"make the key of the root's key alone: {', '.join(key)}",
            )


def leading_items(keys: Sequence[Sql], scope: Scope, root: Sequence[Column]) -> tuple[tuple[Item, ...], list[tuple[Sql, Refused]]]:
    """Check the expressions that give the root's key."""
    items: list[Item] = []
    wrong: list[tuple[Sql, Refused]] = []
    for sql, column in zip(keys, root, strict=False):
        node, refused = check_value(sql.text, replace(scope, row_alone=_ALONE))
        wrong += [(sql, each) for each in refused]
        if refused:
            continue
        if isinstance(node, Constant | Refer):
            wrong.append((sql, Refused("not-allowed", "the root's key must come from the row", "", 0, len(sql.text))))
            continue
        given = node.column if isinstance(node, SourceColumn) and node.column else to_column(node.type)
        convert = None if given.kind is column.type.kind is Kind.TEXT else converter(given, column.type)
        if isinstance(convert, Unfit):
            wrong.append((sql, Refused("type-mismatch", f"the root's key: {convert.reason}", convert.hint, 0, len(sql.text))))
        else:
            items.append(Item(column.name, node, convert))
    return tuple(items), wrong


def _check_root(spec: MappingSpec, root: Definition, key: Sequence[Column]) -> Iterator[Problem]:
    place = spec.document.at(("source",))
    if not key:
        yield place.problem("no-root-key", f"{root.name} has no key that names its rows", "give the table a primary key")
    elif root.identity is None or any(column.name not in root.identity for column in key):
        message = f"the log does not carry the key of {root.name} of a row that was deleted"
        yield place.problem("key-not-logged", message, f"on PostgreSQL: alter table {pg_written(root.name)} replica identity default")


def _check_reads(spec: MappingSpec, sql: Sql, query: Query, followed: Container[TableName]) -> Iterator[Problem]:
    """What the query reads and no change is followed of makes rows that are late for ever."""
    for read in {each.table: each for each in reversed(query.reads)}.values():
        if read.table not in followed:
            message = (
                f"the query reads {read.table}, whose changes are not followed: rows stay as they are until something else touches them"
            )
            place = spec.document.within(sql.path, read.offset, read.width)
            yield place.warning("not-followed", message, f"name {read.table.name} under `depends_on`, unless it never changes")


def _answer(spec: MappingSpec, sql: Sql, answers: Answers) -> tuple[Query | None, list[Problem]]:
    answer = answers.get((spec.name, sql.path))
    if isinstance(answer, Query):
        return answer, []
    if answer is None:
        return None, [spec.document.at_key(sql.path).problem(_NOT_ASKED, "the source's server was not asked about the query")]
    place = spec.document.within(sql.path, answer.offset, answer.width) if answer.offset is not None else spec.document.at_key(sql.path)
    return None, [place.problem("bad-query", answer.message, answer.hint)]


def _result(spec: MappingSpec, sql: Sql, query: Query, key: Sequence[Column], root: Definition) -> tuple[Definition | None, list[Problem]]:
    """Describe the result's rows as a table. The root's key stands in it under its own name, in the same texts."""
    place, names, found = spec.document.at_key(sql.path), [column.name for column in query.columns], []
    problems = [
        place.problem("column-twice", f"the query returns two columns '{name}'", "give one of them another name: `… as name`")
        for name in dict.fromkeys(name for name in names if names.count(name) > 1)
    ]
    for column in key:
        at = next((at for at, name in enumerate(names) if name.lower() == column.name.lower()), None)
        if at is None:
            near = did_you_mean(column.name, names) or f"every row needs the key of {root.name}: select it"
            problems.append(place.problem("no-root-key", f"the query does not return '{column.name}'", near))
            continue
        found.append(names[at])
        if not _same_text(query.columns[at], column):
            message = f"the query's '{names[at]}' is {query.columns[at].type.native}, the key of {root.name} is {column.type.native}"
            problems.append(place.problem("type-mismatch", message, "select the key's column itself"))
    if problems:
        return None, problems
    unique = Unique("root", tuple(found), primary=True, exact=True)
    name = TableName(":keys", spec.name)
    return Definition(name, query.columns, (unique,), (), tuple(found), triggers=False, estimate=root.estimate), []


def _same_text(given: Column, key: Column) -> bool:
    """Whether equal values have equal texts."""
    if given.type.kind is not key.type.kind:
        return False
    return given.type.kind in (Kind.INT, Kind.TEXT) or given.type.native == key.type.native


def _lead(
    spec: MappingSpec,
    dependency: Dependency,
    tables: Mapping[TableName, Definition],
    schema: str,
    key: Sequence[Column],
    answers: Answers,
    salt: Salt | None,
) -> tuple[list[Leading], list[Problem]]:
    table = _found(dependency.table, tables, schema)
    place = spec.document.at_key(dependency.path)
    if table is None:
        near = did_you_mean(dependency.table, map(str, tables)) or "check the name and its schema, and that the role may see the table"
        return [], [place.problem("unknown-table", f"table {dependency.table} does not exist on the source", near)]
    if dependency.query is not None:
        made, problems = _lead_by_query(spec, table, dependency.query, key, answers)
    else:
        made, problems = _lead_by_row(spec, table, dependency, key, salt)
    read = made.query.given if made and made.query else _columns_read(table, made.items if made else ())
    missing = [column.name for column in read if column.name not in (table.identity or ())]
    if missing or table.identity is None:
        message = (
            f"the log does not carry '{missing[0] if missing else '…'}' of an old row of {table.name}: which root row it led to is lost"
        )
        problems.append(
            place.problem("key-not-logged", message, f"on PostgreSQL: alter table {pg_written(table.name)} replica identity full")
        )
    return ([made] if made else []), problems


def _lead_by_row(
    spec: MappingSpec, table: Definition, dependency: Dependency, key: Sequence[Column], salt: Salt | None
) -> tuple[Leading | None, list[Problem]]:
    if len(dependency.keys) != len(key):
        message = f"the root's key has {len(key)} columns, '{dependency.table}' leads to {len(dependency.keys)}"
        return None, [spec.document.at(dependency.path).problem("bad-value", message, f"write one expression for each: [{_listed(key)}]")]
    scope = Scope(str(table.name), types(table.columns), salt)
    items, wrong = leading_items(dependency.keys, scope, key)
    problems = [spec.document.within(sql.path, one.offset, one.width).problem(one.code, one.message, one.help) for sql, one in wrong]
    return (None if problems else Leading(table, dependency.keys, None, items)), problems


def _lead_by_query(
    spec: MappingSpec, table: Definition, sql: Sql, key: Sequence[Column], answers: Answers
) -> tuple[Leading | None, list[Problem]]:
    query, problems = _answer(spec, sql, answers)
    if query is None:
        return None, problems
    place = spec.document.at_key(sql.path)
    if len(query.columns) != len(key):
        message = f"the root's key has {len(key)} columns, the query returns {len(query.columns)}"
        return None, [place.problem("bad-value", message, f"select {_listed(key)}")]
    names = [Sql('"' + column.name.replace('"', '""') + '"', sql.path) for column in query.columns]
    items, wrong = leading_items(names, Scope(RESULT, types(query.columns)), key)
    problems = [place.problem(one.code, one.message, one.help) for _, one in wrong]
    return (None if problems else Leading(table, (), query, items)), problems


def _columns_read(table: Definition, items: Iterable[Item]) -> list[Column]:
    return [table.columns[at] for at in sorted({at for item in items for at in columns_of(item.node)})]


def _listed(key: Sequence[Column]) -> str:
    return ", ".join(column.name for column in key)


def _found(written: str, tables: Mapping[TableName, Definition], schema: str) -> Definition | None:
    name = _named(written, schema)
    return tables.get(name) if name else None


def _named(written: str, schema: str) -> TableName | None:
    try:
        return table_name(written, schema)
    except ValueError:
        return None
