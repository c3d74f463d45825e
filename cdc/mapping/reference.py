"""A spec's look-ups and crosswalk columns to the `Reference`s that the target resolves, checked against its catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cdc.mapping.convert import Unfit, converter
from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.emit import Emitter, nullable
from cdc.mapping.expression.node import Refer
from cdc.mapping.expression.scope import Scope
from cdc.mapping.files.problem import Problem, did_you_mean
from cdc.mapping.match import COMPARED, matches
from cdc.mapping.spec.mapping import MappingSpec, Sought, Sql, table_name
from cdc.mapping.spec.match import is_xref
from cdc.model.reference import Lookup, Maker, Missing, Reference, Xref
from cdc.model.table import Column, Definition, TableName
from cdc.model.types import Kind, Zones
from cdc.model.value import value

_UUID_LENGTH = 36


@value
class Entity:
    """Whose rows the crosswalk names: the key column of the mapping that makes the entries."""

    table: TableName
    column: Column


Entities = Mapping[str, Entity]


def looks_in(spec: MappingSpec, default_schema: str) -> Iterator[tuple[TableName, tuple[str, ...]]]:
    """Yield the tables of the target that the spec's look-ups read, and which columns."""
    for given in spec.columns.values():
        if isinstance(given, Sought):
            try:
                yield table_name(given.table, default_schema), tuple(dict.fromkeys((*given.by, given.take)))
            except ValueError:
                continue  # reported with the file's shape


def uses_crosswalk(spec: MappingSpec) -> bool:
    """Whether a column of the spec is an `xref`, which is a whole column or nothing."""
    return any(map(is_xref, spec.columns.values()))


def makes(spec: MappingSpec) -> str | None:
    """Return the entity whose keys the mapping makes, if it makes any."""
    return dict(_entities_of(spec)).get(spec.key[0]) if len(spec.key) == 1 else None


def entities(specs: Iterable[tuple[MappingSpec, Definition]]) -> tuple[Entities, list[Problem]]:
    """Return the entities whose keys these mappings make, each with its one table and column."""
    made: dict[str, Entity] = {}
    problems: list[Problem] = []
    for spec, target in specs:
        for name, entity in _entities_of(spec):
            column = target.column(name)
            if (name,) != spec.key or column is None:
                continue
            first = made.setdefault(entity, Entity(target.name, column))
            if (first.table, first.column.name) != (target.name, name):
                message = f"'{entity}' names rows of {first.table} already, by its column '{first.column.name}'"
                problems.append(spec.place(name).problem("entity-twice", message, "an entity has one table: give this one another name"))
    return made, problems


def references(
    spec: MappingSpec, target: Definition, known: Mapping[TableName, Definition], default_schema: str, made: Entities
) -> tuple[tuple[Reference, ...], list[Problem]]:
    """Return one reference for each column that has one. The column's own existence is checked elsewhere."""
    found: list[Reference] = []
    problems: list[Problem] = []
    crosswalked = dict(_entities_of(spec))
    for name, given in spec.columns.items():
        column = target.column(name)
        if column is None:
            continue
        if isinstance(given, Sought):
            reference, wrong = _lookup(spec, given, column, known, default_schema)
        elif name in crosswalked:
            reference, wrong = _xref(spec, target, column, crosswalked[name], made)
        else:
            continue
        found += [reference] if reference else []
        problems += wrong
    return tuple(found), problems


def emitted(emitter: Emitter, node: Refer, reference: Reference) -> str:
    """Return Python for the `Ref`; where the crosswalk is asked for NULL, for NULL."""
    texts: list[str] = []
    tests: list[str] = []
    for part, fit in zip(node.parts, node.fits, strict=True):
        text, null = emitter.text(part), nullable(part)
        if fit is not None:
            test, name = emitter.operand(text, null=null)
            call = f"{emitter.bind('to', fit)}({name})"
            text = f"(None if {test} else {call})" if test else call
        if node.entity:
            test, text = emitter.operand(text, null=null)
            tests += [test] if test else []
        texts.append(text)
    made = f"Ref({emitter.bind('ref', reference, _said(reference))}, ({', '.join(texts)},))"
    return f"(None if {' or '.join(tests)} else {made})" if tests else made


def _said(reference: Reference) -> str:
    if isinstance(reference, Xref):
        return f"xref('{reference.entity}')"
    return f"{reference.take.name} of {reference.table.name} by {', '.join(column.name for column in reference.by)}"


def _entities_of(spec: MappingSpec) -> Iterator[tuple[str, str]]:
    """Yield (column, entity) of a spec's crosswalk columns."""
    for name, given in spec.columns.items():
        if isinstance(given, Sql) and is_xref(given):
            node, refused = check_value(given.text, Scope(spec.source, None))
            if isinstance(node, Refer) and not refused:
                yield name, node.entity


def _xref(spec: MappingSpec, target: Definition, column: Column, entity: str, made: Entities) -> tuple[Reference | None, list[Problem]]:
    place = spec.place(column.name)
    if spec.key == (column.name,):
        maker = _maker(column)
        if maker is None:
            message = (
                f"nobody makes values of the key '{column.name}': the database does not count it, and no UUID fits {column.type.native}"
            )
            return None, [place.problem("xref-key", message, "let the key be an identity (AUTO_INCREMENT) or a uuid column")]
        match, problems = matches(spec, target, column)
        return Xref(column.name, entity, None, maker, match), problems
    if entity not in made:
        advice = did_you_mean(entity, made) or f"import them: `cdc xref import {entity} …`"
        message = f"no mapping of this pipeline makes entries of the entity '{entity}'"
        return Xref(column.name, entity, None, None), [place.warning("unknown-entity", message, advice)]
    fit = converter(made[entity].column.type, column.type)
    if isinstance(fit, Unfit):
        return None, [place.problem("type-mismatch", f"column '{column.name}': {fit.reason}", fit.hint)]
    return Xref(column.name, entity, fit, None), []


def _maker(column: Column) -> Maker | None:
    if column.identity:
        return Maker.DATABASE
    roomy = column.type.kind is Kind.TEXT and (column.type.size is None or column.type.size >= _UUID_LENGTH)
    return Maker.UUID if column.type.kind is Kind.UUID or roomy else None


def _lookup(
    spec: MappingSpec, given: Sought, column: Column, known: Mapping[TableName, Definition], default_schema: str
) -> tuple[Reference | None, list[Problem]]:
    document, path = spec.document, given.path
    try:
        name = table_name(given.table, default_schema)
    except ValueError:
        return None, []  # reported with the file's shape
    table = known.get(name)
    if table is None:
        near = did_you_mean(str(name), map(str, known)) or "check the name and its schema, and that the role may see the table"
        return None, [document.at((*path, "lookup")).problem("unknown-table", f"table {name} does not exist on the target", near)]
    problems = [*_columns(spec, given, table), *_rule(spec, given, column)]
    take = table.column(given.take)
    if problems or take is None or not given.by:
        return None, problems
    fit = converter(take.type, column.type, Zones(spec.zones.target, spec.zones.target))
    if isinstance(fit, Unfit):
        return None, [document.at((*path, "take")).problem("type-mismatch", f"column '{column.name}': {fit.reason}", fit.hint)]
    by = tuple(found for each in given.by if (found := table.column(each)))
    return Lookup(column.name, table, by, take, given.missing, fit), list(_index(spec, given, table))


def _columns(spec: MappingSpec, given: Sought, table: Definition) -> Iterator[Problem]:
    document, path = spec.document, given.path
    names = [column.name for column in table.columns]
    places = [(each, document.at_key((*path, "by", each))) for each in given.by]
    for name, place in [*places, *([(given.take, document.at((*path, "take")))] if given.take else [])]:
        if name not in names:
            yield place.problem("unknown-column", f"column '{name}' does not exist in {table.name}", did_you_mean(name, names))
    for name, place in places:
        column = table.column(name)
        if column and column.type.kind not in COMPARED:
            yield place.problem("type-mismatch", f"rows can't be looked up by {column.type.native}", "look them up by another column")


def _rule(spec: MappingSpec, given: Sought, column: Column) -> Iterator[Problem]:
    place = spec.document.at((*given.path, "missing"))
    if column.name in spec.key and given.missing is not Missing.PARK:
        yield place.problem("bad-value", f"'{column.name}' is in the key, which must have a value", "write `missing: park`")
    elif given.missing is Missing.NULL and not column.nullable:
        yield place.problem("bad-value", f"column '{column.name}' can't be null", "write `missing: keep` or `missing: park`")


def _index(spec: MappingSpec, given: Sought, table: Definition) -> Iterator[Problem]:
    """A unique index makes a look-up quick and its result sure."""
    if any(unique.exact and set(unique.columns) <= given.by.keys() for unique in table.uniques):
        return
    columns = ", ".join(given.by)
    message = f"{table.name} has no unique index on ({columns}): look-ups may be slow, and one that finds several rows is an error"
    yield spec.document.at((*given.path, "by")).warning("lookup-not-unique", message, f"create unique index on {table.name} ({columns})")


def by_column(found: Sequence[Reference]) -> Mapping[str, Reference]:
    """Return the references by the column that each fills."""
    return {reference.column: reference for reference in found}
