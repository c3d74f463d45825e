"""Both catalogues' mapped tables as files, and what has changed since: what `cdc schema dump` and `diff` are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from cdc.app.build import Line
from cdc.app.preflight.examined import Examined
from cdc.app.service.config import default_schema
from cdc.mapping.query.prepare import wanted_tables
from cdc.mapping.spec.mapping import table_name
from cdc.model.errors import Misconfigured
from cdc.model.table import Column, Definition, TableName
from cdc.model.value import value

FOLDER = ".cdc/schema"
Tables: TypeAlias = Mapping[str, Mapping[TableName, Definition]]
"""Database → its mapped tables."""


@value
class Difference:
    database: str
    table: str
    what: str
    mappings: tuple[str, ...]
    """Mappings that read or write the table."""

    def to_json(self) -> dict[str, Any]:
        return {"database": self.database, "table": self.table, "what": self.what, "mappings": self.mappings}


def databases(examined: Sequence[Examined]) -> Tables:
    """Return each database's mapped tables. Raises the first error of a server that did not answer."""
    found: dict[str, dict[TableName, Definition]] = {}
    for each in examined:
        for side in (each.source, each.target):
            if side.error is not None:
                raise side.error
            tables = found.setdefault(side.database, {})
            tables.update(
                {
                    name: side.definitions[name]
                    for database, name in mapped(each.line)
                    if database == side.database
                    if name in side.definitions
                }
            )
    return found


def mapped(line: Line) -> Mapping[tuple[str, TableName], tuple[str, ...]]:
    """Return the tables that a pipeline's mappings read and write, by database and name, each with those mappings."""
    found: dict[tuple[str, TableName], tuple[str, ...]] = {}
    for spec in line.specs:
        read = [(line.source.name, name) for name in wanted_tables(spec, default_schema(line.source))]
        for key in dict.fromkeys([*read, (line.target.name, table_name(spec.target, default_schema(line.target)))]):
            found[key] = (*found.get(key, ()), spec.name)
    return found


def dump(tables: Tables, folder: Path) -> list[Path]:
    """Write a file for each table, the same text for the same table, and drop those of tables that are not mapped any more."""
    written = []
    for database, found in tables.items():
        into = folder / database
        into.mkdir(parents=True, exist_ok=True)
        for old in into.glob("*.json"):
            old.unlink()
        for name, table in sorted(found.items()):
            file = into / f"{_file(name)}.json"
            file.write_text(json.dumps(_described(table), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            written.append(file)
    return written


def differences(tables: Tables, folder: Path, mapped: Mapping[tuple[str, TableName], tuple[str, ...]]) -> Iterator[Difference]:
    """Compare what a dump wrote with what is there now."""
    if not folder.is_dir():
        raise Misconfigured(f"there is no dump in {folder}", f"`cdc schema dump --out {folder}` makes one.")
    for database, found in sorted(tables.items()):
        before = {file.stem: _read(file) for file in (folder / database).glob("*.json")}
        now = {_file(name): (name, _described(table)) for name, table in found.items()}
        for stem in sorted(before.keys() | now.keys()):
            name = now[stem][0] if stem in now else None
            mappings = mapped.get((database, name), ()) if name else ()
            for what in _changes(before.get(stem), now[stem][1] if stem in now else None):
                yield Difference(database, str(name) if name else str(before[stem]["table"]), what, mappings)


def _described(table: Definition) -> dict[str, Any]:
    """Return what of a table a mapping may depend on; no statistics, which change by themselves."""
    return {
        "table": str(table.name),
        "columns": [_column(column) for column in table.columns],
        "uniques": [{"name": one.name, "columns": list(one.columns), "primary": one.primary, "exact": one.exact} for one in table.uniques],
        "foreign_keys": [
            {
                "name": one.name,
                "columns": list(one.columns),
                "parent": str(one.parent),
                "parent_columns": list(one.parent_columns),
                "cascades": one.cascades,
            }
            for one in table.foreign_keys
        ],
        "logged_of_old_rows": None if table.identity is None else list(table.identity),
        "triggers": table.triggers,
    }


def _column(column: Column) -> dict[str, Any]:
    shown = {"name": column.name, "type": column.type.native, "nullable": column.nullable, "default": column.default}
    more = {"generated": column.generated, "identity": column.identity, "labels": list(column.type.labels), "charset": column.type.charset}
    return shown | {key: given for key, given in more.items() if given}


def _changes(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> Iterator[str]:
    if before is None or now is None:
        yield "is new in the mappings" if before is None else "is gone, or no mapping names it any more"
        return
    old, new = ({column["name"]: column for column in each["columns"]} for each in (before, now))
    for name in dict.fromkeys((*old, *new)):
        if name not in new:
            yield f"column '{name}' is gone"
        elif name not in old:
            yield f"column '{name}' is new: {new[name]['type']}"
        elif old[name] != new[name]:
            facts = [key for key in dict.fromkeys((*old[name], *new[name])) if old[name].get(key) != new[name].get(key)]
            yield "; ".join(f"column '{name}': {key} was {_shown(old[name].get(key))}, is {_shown(new[name].get(key))}" for key in facts)
    for part in ("uniques", "foreign_keys"):
        yield from _parts(part.replace("_", " ").removesuffix("s"), before[part], now[part])
    for key, said in (("logged_of_old_rows", "what the log carries of old rows"), ("triggers", "whether it has triggers")):
        if before[key] != now[key]:
            yield f"{said} was {_shown(before[key])}, is {_shown(now[key])}"


def _parts(what: str, before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    old, new = ({one["name"]: one for one in each} for each in (before, now))
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield f"{what} '{name}' {'is gone' if name not in new else 'is new' if name not in old else 'has changed'}"


def _shown(given: object) -> str:
    return json.dumps(given, ensure_ascii=False)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        read: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Misconfigured(f"{file} is no table that `cdc schema dump` wrote", "Dump again.") from error
    return read


def _file(name: TableName) -> str:
    """Return a name that any file system can hold, and that no two tables share."""
    return "".join(char if char.isalnum() or char in "._-" else f"%{ord(char):x}" for char in str(name))
