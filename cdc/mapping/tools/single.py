"""One expression of a spec, compiled by itself: what it gives whatever becomes of the others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cdc.mapping.compile import compile_plan
from cdc.mapping.files.problem import Level, Problem
from cdc.mapping.plan import Plan, RowPlan
from cdc.mapping.spec.mapping import Given, MappingSpec, Options, Sql
from cdc.model.table import Column, Definition, Table, TableName, Unique
from cdc.model.types import Kind, Type
from cdc.model.value import value
from cdc.model.write import Deletes

_KEY = Column("cdc key", Type(Kind.TEXT, "text"), nullable=False)
_UNIQUE = Unique(_KEY.name, (_KEY.name,), primary=True, exact=True)
_TARGET = TableName("cdc", "single")
TRUTH = Column("cdc truth", Type(Kind.BOOL, "boolean"))
"""What takes a condition's value."""


@value
class Around:
    """What the expression may refer to on the target."""

    targets: Mapping[TableName, Definition]
    schema: str
    """Where unqualified tables are."""


def single(
    spec: MappingSpec, given: Given, column: Column, source: Definition, table: Table, around: Around
) -> tuple[RowPlan | None, Sequence[Problem]]:
    """Compile a mapping of the source table to this one column and a key that never fails; the image's last value is the expression's. Without it, the errors say why."""
    options = spec.options.get(column.name)
    made, problems = _compiled(spec, given, column, source, around, options)
    if made is None and options is not None and options.check is not None:  # it may be about other columns
        made, problems = _compiled(spec, given, column, source, around, replace(options, check=None))
    return (made.bind(table)[0] if made else None), [problem for problem in problems if problem.level is Level.ERROR]


def _compiled(
    spec: MappingSpec, given: Given, column: Column, source: Definition, around: Around, options: Options | None
) -> tuple[Plan | None, Sequence[Problem]]:
    columns: dict[str, Given] = {_KEY.name: Sql("'x'", given.path), column.name: given}
    alone = replace(
        spec,
        source=_quoted(source.name),
        target=_quoted(_TARGET),
        columns=columns,
        key=(_KEY.name,),
        where=None,
        decided=None,
        query=None,
        deletes=Deletes.IGNORE,
        soft_delete={},
        options={} if options is None else {column.name: options},
    )
    target = Definition(_TARGET, (_KEY, replace(column, generated=False)), (_UNIQUE,), (), None, triggers=False, estimate=0)
    logged = replace(source, identity=tuple(known.name for known in source.columns))
    return compile_plan([alone], {source.name: logged}, {**around.targets, _TARGET: target}, "", around.schema)


def reason(error: Exception) -> str:
    """Return what an error of one expression says, without the mapping and the column that stand beside it already."""
    return re.sub(r"^mapping [^:]+: (?:column '.*?'|`where`): ", "", str(error))


def _quoted(name: TableName) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in name)
