"""What mappings match rows by → findings about what serves it on the target: without an index, the server reads the table for each new row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cdc.mapping.spec.mapping import MappingSpec, table_name
from cdc.model.errors import Exit, Finding
from cdc.model.table import Definition, TableName
from cdc.target.base import TargetAdmin


def unindexed(
    specs: Sequence[MappingSpec], admin: TargetAdmin, definitions: Mapping[TableName, Definition], default_schema: str
) -> Iterator[Finding]:
    """Yield a finding for each way to match none of whose columns begins an index."""
    for spec in specs:
        table = definitions.get(table_name(spec.target, default_schema))
        ways = [way.columns for way in spec.match if table and all(map(table.column, way.columns))]
        if table is None or not ways:
            continue
        leading = _leading(admin, table.name)
        for columns in ways:
            if leading.isdisjoint(columns):
                names = ", ".join(map(admin.words.name, columns))
                index = admin.words.name("_".join((table.name.name, *columns))[:60])
                message = f"mapping {spec.name}: no index of {table.name} begins with {' or '.join(columns)}, by which rows are matched: each new row reads the table"
                yield Finding("match-index", message, f"create index {index} on {admin.words.table(table.name)} ({names});", Exit.OK)


def _leading(admin: TargetAdmin, table: TableName) -> frozenset[str]:
    text = admin.words.text
    return frozenset(str(name) for (name,) in admin.ask(admin.words.leading.format(schema=text(table.schema), table=text(table.name))))
