"""Tables for tests of the mapping compiler, written shortly."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.mapping.compile import compile_plan
from cdc.mapping.files.problem import Problem
from cdc.mapping.plan import Plan, RowPlan
from cdc.mapping.spec.mapping import MappingSpec
from cdc.mapping.spec.read import read_mapping
from cdc.model.table import Column, Definition, ForeignKey, Table, TableName, Unique
from cdc.model.types import Kind, Type

INT = Type(Kind.INT, "integer", 4)
BIGINT = Type(Kind.INT, "bigint", 8)
TINYINT_1 = Type(Kind.INT, "tinyint(1)", 1)
BOOL = Type(Kind.BOOL, "boolean")
TEXT = Type(Kind.TEXT, "text")
UUID = Type(Kind.UUID, "uuid")
DATE = Type(Kind.DATE, "date")
TIMESTAMP = Type(Kind.TIMESTAMP, "timestamp without time zone", precision=6)


def varchar(size: int) -> Type:
    return Type(Kind.TEXT, f"varchar({size})", size)


def char(size: int) -> Type:
    return Type(Kind.TEXT, f"char({size})", size, padded=True)


def numeric(precision: int, scale: int) -> Type:
    return Type(Kind.NUMERIC, f"numeric({precision},{scale})", precision=precision, scale=scale)


def enum(*labels: str) -> Type:
    return Type(Kind.ENUM, f"enum({','.join(labels)})", labels=labels)


def table(
    name: str,
    columns: Sequence[Column],
    *,
    key: tuple[str, ...] = ("id",),
    uniques: Sequence[Unique] = (),
    parents: Sequence[str] = (),
    identity: tuple[str, ...] | None = (),
) -> Definition:
    """Describe a table with a primary key; `identity` empty: the log carries the primary key of an old row."""
    primary = (Unique(f"{name.rpartition('.')[2]}_pkey", key, primary=True, exact=True),) if key else ()
    keys = tuple(ForeignKey(f"to_{parent}", (f"{parent}_id",), named(parent), ("id",), cascades=False) for parent in parents)
    logged = key if identity == () else identity
    return Definition(named(name), tuple(columns), (*primary, *uniques), keys, logged, triggers=False, estimate=0)


def named(text: str) -> TableName:
    schema, _, name = text.rpartition(".")
    return TableName(schema or "public", name)


def spec(text: str, file: str = "mappings/test.yaml") -> MappingSpec:
    made, _ = read_mapping(file, text)
    assert made is not None
    return made


def compiled(specs: Sequence[MappingSpec], *definitions: Definition) -> tuple[Plan | None, list[Problem]]:
    """Compile against definitions that are known on both sides."""
    known = {definition.name: definition for definition in definitions}
    return compile_plan(specs, known, known, "public", "public")


def shape(definition: Definition) -> Table:
    """The table as the log announces it."""
    key = tuple(at for at, column in enumerate(definition.columns) if column.name in (definition.identity or ()))
    return Table(definition.name, definition.columns, key)


def row_plan(text: str, *definitions: Definition) -> RowPlan:
    """Compile one mapping and bind it to its source."""
    one = spec(text)
    plan, problems = compiled([one], *definitions)
    assert plan is not None, [problem.message for problem in problems]
    source = next(definition for definition in definitions if definition.name == plan.routes[0].source)
    (made,) = plan.bind(shape(source))
    return made
