"""A mapping as its file says it, before anything in it is known to exist on a server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cdc.mapping.document import Data, Document, Path
from cdc.mapping.plan import Truncates
from cdc.mapping.problem import Place
from cdc.mapping.shape import Scalar
from cdc.model.change import Absent
from cdc.model.table import TableName
from cdc.model.value import value
from cdc.model.write import Deletes


@value
class Sql:
    """An SQL expression and where it stands: `spec.document.within(path, offset)` is the place of one of its characters."""

    text: str
    path: Path


@value
class Mapped:
    """A column that translates the text of an expression by a value map."""

    source: Sql
    map: str
    entries: Mapping[str, Scalar]
    default: Scalar | Absent
    """ABSENT: a text that the map lacks is an error of the row."""
    path: Path


@value
class Test:
    given: Mapping[str, Scalar]
    expect: Mapping[str, Scalar] | None
    path: Path


@value
class MappingSpec:
    """A mapping as its file says it. Nothing in it is known to exist on a server yet."""

    document: Document
    name: str
    source: str
    """The source table as written; `table_name` reads it."""
    target: str
    key: tuple[str, ...]
    where: Sql | None
    columns: Mapping[str, Sql | Mapped]
    deletes: Deletes
    soft_delete: Mapping[str, Scalar]
    truncate: Truncates
    halts: bool
    """`on_error: halt`: the first row that fails stops the pipeline."""
    tests: tuple[Test, ...]

    def place(self, column: str) -> Place:
        """Where the file names a target column that it writes."""
        if column not in self.columns:
            return self.document.at_key(("soft_delete", column))
        path = self.columns[column].path
        return self.document.at(path) if isinstance(path[-1], int) else self.document.at_key(path[:2])


def same_columns(document: Document) -> Iterator[tuple[Path, str]]:
    """Yield place and name of the columns that keep their name: the list `same`, beside `columns` or inside."""
    columns = document.data.get("columns")
    inside = columns.get("same") if isinstance(columns, dict) else None
    lists: tuple[tuple[Path, Data], ...] = ((("same",), document.data.get("same")), (("columns", "same"), inside))
    for path, names in lists:
        for at, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str):
                yield (*path, at), name


_NAME = r'(?:\s*"((?:[^"]|"")+)"\s*|\s*`((?:[^`]|``)+)`\s*|([^."`]+))'
_TABLE = re.compile(rf"(?:{_NAME}\.)?{_NAME}")


def table_name(text: str, default_schema: str) -> TableName:
    """Read `customer`, `public.customer`, `"We.ird"."tab"` or the same with backticks. Letters keep their case, quoted or not.

    Raises `ValueError` when the text names no table.
    """
    found = _TABLE.fullmatch(text)
    groups = found.groups() if found else ()
    schema, name = (_unquoted(*groups[at : at + 3]) for at in (0, 3))
    if not name or (schema == "" and groups[:3] != (None, None, None)):
        raise ValueError(f"not a table's name: {text!r}")
    return TableName(schema or default_schema, name)


def _unquoted(double: str | None = None, backtick: str | None = None, bare: str | None = None) -> str:
    return (double or "").replace('""', '"') or (backtick or "").replace("``", "`") or (bare or "").strip()
