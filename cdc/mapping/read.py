"""A mapping file's text to a `MappingSpec` and its problems: all that can be said without a server and without reading an expression."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cdc.mapping.document import Document, Path
from cdc.mapping.file import MappingFile
from cdc.mapping.plan import Truncates
from cdc.mapping.problem import Problem
from cdc.mapping.rules import check
from cdc.mapping.shape import validate
from cdc.mapping.spec import Mapped, MappingSpec, Sql, Test, same_columns
from cdc.mapping.yaml12 import read
from cdc.model.change import ABSENT
from cdc.model.write import Deletes


def read_mapping(file: str, raw: bytes | str) -> tuple[MappingSpec | None, list[Problem]]:
    """Read one mapping file; `file` is its name in reports.

    A spec comes back whenever it can be made out, even with problems, so that its expressions are checked in the same run. Nothing
    may be started from it unless `failed(problems)` is false.
    """
    document, problems = read(file, raw)
    if document is None:
        return None, problems
    shape, mistakes = validate(MappingFile, document, _columns_apart(document))
    problems += mistakes
    if shape is None:
        return None, problems
    spec = _spec(document, shape)
    problems += check(spec)
    return _readable(spec), problems


def _readable(spec: MappingSpec) -> MappingSpec:
    """Leave out expressions that are missing: that is reported."""
    columns = {name: column for name, column in spec.columns.items() if _source(column).text.strip()}
    return replace(spec, columns=columns, where=spec.where if spec.where and spec.where.text.strip() else None)


def _source(column: Sql | Mapped) -> Sql:
    return column.source if isinstance(column, Mapped) else column


def _columns_apart(document: Document) -> dict[str, Any]:
    """The list `same` may stand inside `columns` too; as the model has it, it stands beside."""
    columns = document.data.get("columns")
    same = columns.get("same") if isinstance(columns, dict) else None
    if not isinstance(columns, dict) or not isinstance(same, list) or not all(isinstance(name, str) for name in same):
        return document.data
    return {**document.data, "columns": {name: given for name, given in columns.items() if name != "same"}}


def _spec(document: Document, shape: MappingFile) -> MappingSpec:
    same = {name: Sql('"' + name.replace('"', '""') + '"', path) for path, name in same_columns(document)}
    return MappingSpec(
        document=document,
        name=shape.mapping,
        source=shape.source,
        target=shape.target,
        key=tuple(shape.key),
        where=_sql(document, ("where",)) if "where" in shape.model_fields_set else None,
        columns={**{name: _column(document, shape, name) for name in shape.columns}, **same},
        deletes=Deletes(shape.deletes),
        soft_delete=shape.soft_delete,
        truncate=Truncates(shape.truncate),
        halts=shape.on_error == "halt",
        tests=tuple(Test(test.given, test.expect, ("tests", at)) for at, test in enumerate(shape.tests)),
    )


def _column(document: Document, shape: MappingFile, name: str) -> Sql | Mapped:
    given, path = shape.columns[name], ("columns", name)
    if "map" not in given.model_fields_set:
        return _sql(document, path if document.scalar(path) is not None else (*path, "value"))
    default = given.default if "default" in given.model_fields_set else ABSENT
    return Mapped(_sql(document, (*path, "from")), given.map, shape.maps.get(given.map, {}), default, path)


def _sql(document: Document, path: Path) -> Sql:
    return Sql(document.scalar(path) or "", path)
