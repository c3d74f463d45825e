"""What a source's tables stood on when somebody last looked, in the pipeline's row on its target: as JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping

from cdc.model.footing import Footing, Partition
from cdc.model.table import TableName
from cdc.sql import control as sql
from cdc.target.base import TargetAdmin


def stored(admin: TargetAdmin, pipeline: str) -> Mapping[TableName, Footing]:
    """Return what was put down; nothing where nobody has looked yet."""
    rows = admin.ask(sql.footing(admin.words, pipeline))
    return _read(rows[0][0]) if rows and rows[0][0] else {}


def store(admin: TargetAdmin, pipeline: str, footings: Mapping[TableName, Footing]) -> None:
    admin.execute(sql.write(admin.words, pipeline, {"footing": _written(footings)}))


def _written(footings: Mapping[TableName, Footing]) -> str:
    return json.dumps(
        [
            [
                *_name(name),
                one.relation,
                sorted(one.by),
                {at: [part.name, part.since, sorted(part.by)] for at, part in one.parts.items()},
                dict(one.columns),
            ]
            for name, one in sorted(footings.items(), key=lambda item: _name(item[0]))
        ]
    )


def _name(table: TableName) -> tuple[str, str]:
    return table.schema, table.name


def _read(text: str) -> Mapping[TableName, Footing]:
    return {
        TableName(schema, name): Footing(
            relation,
            frozenset(by),
            {at: Partition(part, since, frozenset(alone)) for at, (part, since, alone) in parts.items()},
            columns[0] if columns else {},
        )
        for schema, name, relation, by, parts, *columns in json.loads(text)
    }
