"""Relations as the log announces them to tables: logical types, the key, and whether anybody wants the rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from cdc.model.errors import CdcError, UnknownEvent
from cdc.model.table import Column, Definition, Table, TableName
from cdc.model.types import Kind
from cdc.server.postgresql_types import BUILTIN, Facts, type_of
from cdc.source.postgresql import protocol
from cdc.source.postgresql.protocol import Relation
from cdc.source.standing import renamed, replaced, retyped


class Catalogue(Protocol):
    """What the log does not say of a relation."""

    def facts(self, oids: Iterable[int]) -> Mapping[int, Facts]:
        """Describe types, with what they are made of; those that are gone are left out."""
        ...

    def primary_key(self, table: TableName) -> Sequence[str]:
        """Return the names of the table's primary key's columns; none when it has no such key."""
        ...

    def oids(self) -> Mapping[TableName, int]:
        """Return the wanted tables' oids as they are now."""
        ...

    def names(self, oid: int) -> Sequence[TableName]:
        """Return what a relation is called now, and the partitioned tables that it is a part of; nothing when it is gone."""
        ...


def table_of(definition: Definition) -> Table:
    """Return the table as the log will announce it: without generated columns, named by its replica identity."""
    columns = tuple(column for column in definition.columns if not column.generated)
    names = [column.name for column in columns]
    identity = definition.identity or ()
    key = _named(names, primary_key(definition)) if len(identity) == len(names) else None
    return Table(definition.name, columns, key or _named(names, identity) or ())


def primary_key(definition: Definition) -> Sequence[str]:
    return next((unique.columns for unique in definition.uniques if unique.primary), ())


def _named(columns: Sequence[str], key: Sequence[str]) -> tuple[int, ...] | None:
    """Return the places of a key's columns, in the order of the table; None when one of them is not there."""
    found = tuple(at for at, name in enumerate(columns) if name in key)
    return found if found and len(found) == len(key) else None


class Shapes(dict[bytes, Table | None]):
    """A relation's oid, as its four bytes stand in a frame → its table; None when nobody wants its rows.

    The same shape stays the same `Table`, though the server announces it again after every change of its catalogue.
    """

    def __init__(self, wanted: Collection[TableName], catalogue: Catalogue) -> None:
        super().__init__()
        self._wanted = frozenset(wanted)
        self._catalogue = catalogue
        self._oids = dict(catalogue.oids())
        self._refused: dict[bytes, CdcError] = {}
        self._facts: dict[int, Facts] = {}
        self._names: dict[int, str] = {}
        self.remarks: deque[str] = deque(maxlen=1_000)
        """What people should hear of; another thread takes it from here."""

    def __missing__(self, oid: bytes) -> Table | None:
        if oid in self._refused:
            raise self._refused[oid]
        raise UnknownEvent(f"the log has a row of relation {int.from_bytes(oid)} that it has not announced", "This is a bug: report it.")

    def learn(self, frame: bytes) -> None:
        """Take in an announced relation."""
        relation = protocol.relation(frame)
        oid = relation.oid.to_bytes(4)
        self._refused.pop(oid, None)
        name = self._meant(relation, oid)
        if name is None:
            return
        known, made = self.get(oid), self._table(relation, name)
        if known is None or (known.name, known.columns, known.key, known.old) != (made.name, made.columns, made.key, made.old):
            self.remarks.extend(retyped(known or made, made))
            self[oid] = made

    def _meant(self, relation: Relation, oid: bytes) -> TableName | None:
        """Return the wanted table that a relation is; None: none, and no row of it is wanted, or none can be taken."""
        if relation.name in self._wanted:
            self._prove_same(relation)
            return relation.name
        now = self._catalogue.names(relation.oid)
        if wanted := next((name for name in now if name in self._wanted), None):
            return wanted
        before = next((name for name, known in self._oids.items() if known == relation.oid), None)
        self.pop(oid, None)
        if before is None:
            self[oid] = None
        else:
            self._refused[oid] = renamed(before, relation.name)
        return None

    def _prove_same(self, relation: Relation) -> None:
        """Raise `Unfollowed` when another table has the name now: rows may have gone or come with that, which are in no log.

        One that had the name before the present one is followed for as long as its rows come.
        """
        before = self._oids.get(relation.name)
        if before is not None and before != relation.oid and self._catalogue.oids().get(relation.name) == relation.oid:
            raise replaced(relation.name)
        self._oids[relation.name] = relation.oid

    def name_type(self, frame: bytes) -> None:
        """Keep the name that the log gives a type, in case the catalogue no longer has it."""
        oid, name = protocol.type_name(frame)
        self._names[oid] = name

    def _table(self, relation: Relation, name: TableName) -> Table:
        self._describe({attribute.oid for attribute in relation.attributes} - BUILTIN)
        columns = tuple(Column(a.name, type_of(a.oid, a.modifier, self._facts)) for a in relation.attributes)
        return Table(name, columns, self._key(relation, name), tuple(a.name for a in relation.attributes if a.key))

    def _describe(self, oids: Collection[int]) -> None:
        unknown = [oid for oid in oids if oid not in self._facts]
        if unknown:
            self._facts |= self._catalogue.facts(unknown)
            for oid in unknown:
                self._facts.setdefault(oid, Facts(Kind.OTHER, self._names.get(oid, str(oid))))

    def _key(self, relation: Relation, name: TableName) -> tuple[int, ...]:
        """Under FULL every column is flagged as key: then the primary key names the row, if there is one."""
        primary = _named([a.name for a in relation.attributes], self._catalogue.primary_key(name)) if relation.whole else None
        return primary or tuple(at for at, attribute in enumerate(relation.attributes) if attribute.key)
