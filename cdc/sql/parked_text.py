"""Parked row changes ↔ the texts that `cdc.parked` has of them: JSON in ASCII, which every server keeps as it is.

A row is an object of its columns; what the log did not carry is not in it, so that it stays apart from NULL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import lru_cache
from typing import Any

from cdc.model.change import ABSENT, Row
from cdc.model.table import Column, Table, TableName
from cdc.model.types import Kind, Type

_TYPE = frozenset(field.name for field in fields(Type))
_COLUMN = frozenset(field.name for field in fields(Column))


def row_text(table: Table, row: Row | None) -> str | None:
    if row is None:
        return None
    return json.dumps({column.name: text for column, text in zip(table.columns, row, strict=True) if text is not ABSENT})


def row_of(table: Table, text: str | None) -> Row | None:
    if text is None:
        return None
    known: Mapping[str, str | None] = json.loads(text)
    return tuple([known.get(column.name, ABSENT) for column in table.columns])


def key_text(key: Row) -> str:
    return json.dumps([None if text is ABSENT else text for text in key])


def key_of(text: str) -> Row:
    return tuple(json.loads(text))


def shape_text(table: Table) -> str:
    """Return the table's columns, with what they mean, and its key."""
    return json.dumps({"columns": [_described(column) for column in table.columns], "key": table.key})


@lru_cache(maxsize=256)
def table_of(schema: str, name: str, shape: str) -> Table:
    """Return the same `Table` for the same texts, so that a mapping is bound to it once."""
    given = json.loads(shape)
    return Table(TableName(schema, name), tuple(_column(one) for one in given["columns"]), tuple(given["key"]))


def _described(column: Column) -> dict[str, Any]:
    return {**asdict(column), "type": {**asdict(column.type), "kind": column.type.kind.value}}


def _column(given: Mapping[str, Any]) -> Column:
    """What another version of this program wrote down may have more or less."""
    type_ = {name: found for name, found in given["type"].items() if name in _TYPE}
    type_ |= {"kind": Kind(type_["kind"]), "labels": tuple(type_.get("labels", ()))}
    known = {name: found for name, found in given.items() if name in _COLUMN}
    return Column(**{**known, "type": Type(**type_)})
