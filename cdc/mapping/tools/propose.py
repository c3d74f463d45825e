"""Two tables that probably mean the same to a first mapping between them: columns, key and deletes, with a remark on all that is unsure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from cdc.mapping.convert import Unfit, converter
from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.node import Column as ColumnNode
from cdc.mapping.expression.scope import Scope
from cdc.mapping.tools.parents import Parents, hashed_key, holds_uuid
from cdc.mapping.tools.similar import Pair, Tables
from cdc.model.table import Column, Definition, TableName, Unique
from cdc.model.types import Kind, Type
from cdc.model.value import value

SURE = 0.95
"""A pair of columns that scores less gets a remark."""
_CAST = re.compile(r"write cast\(… as (\w+(?:\([\d,]+\))?)\)")
"""The advice for a value that the target holds in part."""
_DELETED = ("deleted", "is_deleted", "isdeleted")


@value
class Look:
    """A row of the target that a value is taken from."""

    table: str
    by: tuple[tuple[str, str], ...]
    """What it must agree on: its column, and an expression."""
    take: str


@value
class Line:
    """One target column."""

    column: str
    sql: str
    """Empty: a value map, or a line that is left out."""
    remark: str = ""
    map: str = ""
    used: bool = True
    """False: stands there as a comment."""
    lookup: Look | None = None
    made_of: tuple[str, ...] = ()
    """The source's columns, where the value says which row it is of."""


@value
class Proposal:
    """A first mapping."""

    name: str
    source: TableName
    target: TableName
    key: tuple[str, ...]
    lines: tuple[Line, ...]
    maps: Mapping[str, Mapping[str, str]]
    soft_delete: tuple[str, str] | None
    """The column that marks a deleted row, and the mark."""
    remarks: tuple[str, ...]


def proposals(found: Sequence[Tables]) -> list[Proposal]:
    """Propose a mapping for each pair. Foreign keys follow the keys that are proposed for the tables they refer to."""
    names: dict[str, int] = {}
    parents = Parents(found)
    return [_Proposing(one, parents).proposal(_unique(one.target.name.name, names)) for one in found]


def _unique(name: str, names: dict[str, int]) -> str:
    """A mapping's name begins with a letter and is short."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-") else "_" for letter in name).lstrip("_0123456789-")[
        :58
    ]
    plain = plain or "mapping"
    names[plain] = names.get(plain, 0) + 1
    return plain if names[plain] == 1 else f"{plain}_{names[plain]}"


class _Proposing:
    """One pair of tables on its way to a mapping."""

    def __init__(self, tables: Tables, parents: Parents) -> None:
        self._source, self._target = tables.source, tables.target
        self._pairs = {pair.target.name: pair for pair in tables.pairs}
        self._parents = parents
        self._scope = Scope(str(tables.source.name), {column.name: column.type for column in tables.source.columns})
        self._hashed = hashed_key(tables)
        self._maps: dict[str, Mapping[str, str]] = {}

    def proposal(self, name: str) -> Proposal:
        marked = next(
            (column for column in self._target.columns if column.name.lower() in _DELETED and column.type.kind in (Kind.INT, Kind.BOOL)),
            None,
        )
        lines = tuple(line for column in self._target.columns if (line := self._line(column, marked)))
        key, remarks = self._key({line.column: line for line in lines if line.used and line.made_of})
        soft = (marked.name, "true" if marked.type.kind is Kind.BOOL else "1") if marked else None
        return Proposal(name, self._source.name, self._target.name, key, lines, self._maps, soft, tuple(remarks))

    def _line(self, column: Column, marked: Column | None) -> Line | None:
        if column.generated:
            return None
        if self._hashed and column is self._hashed[1]:
            ours = tuple(each.name for each in self._hashed[0])
            why = "the same key in every run, and in every mapping that refers to such a row"
            return Line(column.name, self._uuid(self._source, ours), why, made_of=ours)
        if (parent := self._parent(column)) is not None:
            return parent
        if column is marked and column.name not in self._pairs:
            zero = "false" if column.type.kind is Kind.BOOL else "0"
            return Line(column.name, zero, "a row that comes back is no longer marked")
        pair = self._pairs.get(column.name)
        return self._paired(pair) if pair else self._lacking(column)

    def _parent(self, column: Column) -> Line | None:
        """A reference to a row of another mapping: made in the way its key is, or looked up by what that row is known by."""
        found = self._parents.of(self._source, self._target, column)
        if found is None:
            return None
        ours, parent = found.columns, str(found.source.name)
        if found.hashed and holds_uuid(column.type):
            return Line(column.name, self._uuid(found.source, ours), f"the key that the mapping of {parent} gives", made_of=ours)
        if found.by:
            look = Look(found.table, tuple(zip(found.by, map(self._name, ours), strict=True)), found.take)
            return Line(column.name, "", f"the row that the mapping of {parent} gives", lookup=look, made_of=ours)
        return None

    def _uuid(self, of: Definition, columns: Sequence[str]) -> str:
        return f"stable_uuid({', '.join((_text(of.name.name), *map(self._name, columns)))})"

    def _paired(self, pair: Pair) -> Line | None:
        ours, theirs = pair.source, pair.target
        why = "both are the primary key" if pair.keys else f"the names agree to {pair.score:.0%}"
        unsure = "" if pair.score >= SURE else f"unsure: {why}"
        if theirs.type.kind is Kind.ENUM and ours.type.kind is Kind.ENUM and set(ours.type.labels) - set(theirs.type.labels):
            return self._mapped(pair)
        convert = converter(ours.type, theirs.type)
        if isinstance(convert, Unfit):
            cast = _CAST.search(convert.hint)
            if cast is None:
                return self._lacking(theirs, f"{ours.name} has nearly this name, but {convert.reason}")
            return Line(
                theirs.name,
                f"cast({self._name(ours.name)} as {cast[1]})",
                f"unsure: {convert.reason}{_instead(convert.hint)}",
                made_of=(ours.name,),
            )
        return Line(theirs.name, self._name(ours.name), unsure, made_of=(ours.name,))

    def _mapped(self, pair: Pair) -> Line | None:
        """Labels that differ only in case, or nearly agree, are translated; one that finds none is an error of its row."""
        labels = pair.target.type.labels
        folded = {label.casefold(): label for label in labels}
        found = {
            label: folded[near[0]] for label in pair.source.type.labels if (near := get_close_matches(label.casefold(), folded, 1, 0.6))
        }
        if not found:
            return self._lacking(pair.target, f"{pair.source.name} has other labels: {', '.join(pair.source.type.labels)}")
        missing = [label for label in pair.source.type.labels if label not in found]
        self._maps[pair.target.name] = found
        remark = f"unsure; no label for {', '.join(missing)}, whose rows would fail" if missing else "unsure: labels by their names"
        return Line(pair.target.name, self._name(pair.source.name), remark, pair.target.name, made_of=(pair.source.name,))

    def _lacking(self, column: Column, why: str = "") -> Line | None:
        """A column that must have a value gets a neutral one, to be replaced; any other is left to the target."""
        if column.nullable or column.default or column.identity:
            return Line(column.name, "", why, used=False) if why else None
        remark = f"REPLACE: it must have a value, and nothing on the source fits{f' ({why})' if why else ''}"
        return Line(column.name, _neutral(column.type), remark)

    def _key(self, made: Mapping[str, Line]) -> tuple[tuple[str, ...], list[str]]:
        """Choose a unique index whose columns are all made of what the log says of a deleted row, better without a look-up; the primary key before others."""
        logged = set(self._source.identity or ())

        def lacks(unique: Unique) -> bool:
            return any(set(made[name].made_of) - logged for name in unique.columns)

        fitting = [unique for unique in self._target.uniques if unique.exact and all(name in made for name in unique.columns)]
        fitting.sort(key=lambda unique: (lacks(unique), any(made[name].lookup for name in unique.columns), not unique.primary, unique.name))
        if not fitting:
            return (), [f"no key: no unique index of {self._target.name} has a source for all of its columns"]
        chosen = fitting[0]
        remarks = []
        if lacks(chosen):
            remarks.append(
                f"the key needs columns that the log of {self._source.name} does not carry of a deleted row: `cdc check --connect` tells"
            )
        if any(column.identity for name in chosen.columns if (column := self._target.column(name))):
            remarks.append("the target makes such keys by itself, too: rows of its own may get a number that the source uses later")
        return chosen.columns, remarks

    def _name(self, name: str) -> str:
        """Write a column as an expression: in quotes where it would be read as something else."""
        node, refused = check_value(name, self._scope)
        if not refused and isinstance(node, ColumnNode) and node.name == name:
            return name
        return '"' + name.replace('"', '""') + '"'


def _instead(hint: str) -> str:
    """What may be done rather than to cast."""
    better, _, cast = hint.partition(", or write ")
    return f"; to copy it, {better}" if cast else ""


def _neutral(of: Type) -> str:
    by_kind = {
        Kind.BOOL: "false", Kind.INT: "0", Kind.NUMERIC: "0", Kind.FLOAT: "0", Kind.DATE: "'1970-01-01'", Kind.TIME: "'00:00:00'",
        Kind.TIMESTAMP: "'1970-01-01 00:00:00'", Kind.INSTANT: "'1970-01-01 00:00:01+00'", Kind.JSON: "'{}'",
        Kind.UUID: "'00000000-0000-0000-0000-000000000000'",
    }  # fmt: skip
    if of.kind is Kind.ENUM and of.labels:
        return _text(of.labels[0])
    return by_kind.get(of.kind, "''")


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def unsure(proposal: Proposal) -> Iterator[str]:
    """Yield the columns that somebody should look at."""
    yield from (line.column for line in proposal.lines if line.remark.startswith(("unsure", "REPLACE")) or not line.used)
