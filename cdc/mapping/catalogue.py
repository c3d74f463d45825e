"""A spec against the source's and the target's catalogue: tables, columns, keys, and what the log carries of old rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cdc.mapping.column import Item
from cdc.mapping.expression.node import Node, columns_of
from cdc.mapping.files.problem import Problem, did_you_mean
from cdc.mapping.spec.apart import apart
from cdc.mapping.spec.mapping import MappingSpec, Moment, table_name
from cdc.model.table import Definition, TableName
from cdc.sql.names import pg_written


def find_table(
    spec: MappingSpec, side: str, known: Mapping[TableName, Definition], default_schema: str
) -> tuple[Definition | None, list[Problem]]:
    """Return the table that `source` or `target` names."""
    written = spec.source if side == "source" else spec.target
    try:
        name = table_name(written, default_schema)
    except ValueError:
        return None, []  # reported with the file's shape
    if name in known:
        return known[name], []
    near = did_you_mean(str(name), map(str, known)) or "check the name and its schema, and that the role may see the table"
    return None, [spec.document.at((side,)).problem("unknown-table", f"table {name} does not exist on the {side}", near)]


def check_target(spec: MappingSpec, target: Definition) -> Iterator[Problem]:
    """The columns that the mapping writes, and the key that finds a row."""
    for name in (*spec.columns, *spec.soft_delete):
        place, column = spec.place(name), target.column(name)
        if column is None:
            near = did_you_mean(name, (known.name for known in target.columns))
            yield place.problem("unknown-column", f"column '{name}' does not exist in {target.name}", near)
        elif column.generated:
            yield place.problem("generated-column", f"column '{name}' of {target.name} is computed by the server", "leave it out")
    yield from _check_key(spec, target)


def check_required(specs: Sequence[MappingSpec], target: Definition) -> Iterator[Problem]:
    """A row can only be inserted when every column that must have a value gets one, by the mapping that comes first or another of its row."""
    inserted = {spec.name: set(spec.columns) - set(spec.only_at(Moment.UPDATE)) for spec in specs}
    for column in target.columns:
        if column.nullable or column.default or column.generated or column.identity:
            continue
        fillers = [spec for spec in specs if column.name in inserted[spec.name]]
        lacking = [spec for spec in specs if spec not in fillers]
        alone = [spec for spec in lacking if all(apart(spec, filler) for filler in fillers)]
        for spec in alone if fillers else alone[:1]:
            yield _required(spec, column.name, target)
        for spec in lacking:
            if spec not in alone:
                filler = next(filler for filler in fillers if not apart(spec, filler))
                yield _makes_no_rows(spec, column.name, target, filler)


def _required(spec: MappingSpec, column: str, target: Definition) -> Problem:
    default = f"give it a default: alter table {target.name} alter column {column} set default …"
    if column in spec.columns:
        message = f"column '{column}' of {target.name} is not null and has no default, and `write: update` leaves it out of new rows"
        return spec.document.at_key(("columns", column, "write")).problem("column-required", message, f"remove `write`, or {default}")
    message = f"column '{column}' of {target.name} is not null, has no default, and no mapping names it: inserts would fail"
    return spec.document.at(("target",)).problem("column-required", message, f"name it under `columns`, or {default}")


def _makes_no_rows(spec: MappingSpec, column: str, target: Definition, filler: MappingSpec) -> Problem:
    message = f"mapping '{spec.name}' can't make rows of {target.name}: only mapping '{filler.name}' gives column '{column}' the value that it must have"
    advice = f"a row that comes here first would fail: add `{column}: {{value: …, write: insert}}` here, for new rows only"
    return spec.document.at(("target",)).warning("makes-no-rows", message, advice)


def check_old_rows(spec: MappingSpec, source: Definition, where: Node | None, items: Sequence[Item]) -> Iterator[Problem]:
    """What a delete or a change of key must know of the old row, the log has to carry."""
    names = [column.name for column in source.columns]
    mend = f"on PostgreSQL: alter table {pg_written(source.name)} replica identity full"
    if source.identity is None:
        message = f"the log does not say which row of {source.name} was updated or deleted"
        yield spec.document.at(("source",)).problem("no-identity", message, f"give the table a primary key, or {mend}")
        return
    yield from _check_before_images(spec, source, source.identity, items)
    for item in items:
        missing = _not_logged(item.node, names, source.identity) if item.column in spec.key else []
        if missing:
            message = f"the key '{item.column}' needs {_listed(missing)}, which the log does not carry of a deleted row"
            yield spec.place(item.column).problem("key-not-logged", message, f"use columns of the source's key, or {mend}")
    if where and (missing := _not_logged(where, names, source.identity)):
        message = f"the log does not carry {_listed(missing)} of a deleted row: a row that `where` left out is deleted on the target too, if it is there"
        yield spec.document.at(("where",)).warning("where-not-logged", message, mend)


def _check_before_images(spec: MappingSpec, source: Definition, logged: Iterable[str], items: Sequence[Item]) -> Iterator[Problem]:
    """What `old.column` reads. A row that was fetched because the log left something out is the row as it is now, never as it was."""
    names = [column.name for column in source.columns]
    for item in items:
        before = [names[at - len(names)] for at in sorted(columns_of(item.node)) if len(names) <= at < 2 * len(names)]
        if missing := [name for name in before if name not in logged]:
            message = f"the column '{item.column}' needs the old {_listed(missing)}, which the log does not carry"
            yield spec.place(item.column).problem(
                "old-not-logged", message, f"on PostgreSQL: alter table {pg_written(source.name)} replica identity full"
            )


def _check_key(spec: MappingSpec, target: Definition) -> Iterator[Problem]:
    alike = [unique for unique in target.uniques if sorted(unique.columns) == sorted(spec.key)]
    if any(unique.exact for unique in alike) or any(target.column(name) is None for name in spec.key):
        return
    columns, place = ", ".join(spec.key), spec.document.at(("key",))
    if alike:
        message = f"unique index {alike[0].name} on ({columns}) can't name a row: it is partial, deferrable, or has nullable columns"
    else:
        message = f"{target.name} has no unique index on exactly ({columns})"
    there = "; ".join(f"{unique.name} ({', '.join(unique.columns)})" for unique in target.uniques if unique.exact)
    yield place.problem(
        "key-not-unique", message, f"unique indexes there: {there}" if there else "the table has no unique index that names a row"
    )


def _not_logged(node: Node, names: Sequence[str], logged: Iterable[str]) -> list[str]:
    return [names[at] for at in sorted(columns_of(node)) if names[at] not in logged]


def _listed(names: Sequence[str]) -> str:
    return f"column{'s' if len(names) > 1 else ''} {', '.join(repr(name) for name in names)}"
