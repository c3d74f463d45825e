"""What the log does not say of a relation, asked from the catalogue over an ordinary connection of the reader's own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from cdc.model.table import TableName
from cdc.server.postgresql import translated
from cdc.server.postgresql_catalogue import describe, type_facts
from cdc.server.postgresql_types import Facts
from cdc.source import standing
from cdc.source.postgresql.publication import by_leaves, published, unpublished
from cdc.source.postgresql.session import Session
from cdc.source.postgresql.shapes import primary_key

_OIDS = """
select n.nspname, c.relname, c.oid from unnest(%s::text[], %s::text[]) wanted (schema, name)
join pg_namespace n on n.nspname = wanted.schema join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name"""

_RELATIONS = """
select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = %s or c.oid in (select relid from pg_partition_ancestors(%s::oid::regclass))
order by c.relkind = 'p'"""


class ServerCatalogue:
    def __init__(self, session: Session, tables: Collection[TableName]) -> None:
        self._session = session
        self._tables = frozenset(tables)

    def facts(self, oids: Iterable[int]) -> Mapping[int, Facts]:
        with translated(self._session.name):
            return type_facts(self._session.connection(), oids)

    def primary_key(self, table: TableName) -> Sequence[str]:
        with translated(self._session.name):
            definition = describe(self._session.connection(), [table]).get(table)
        return primary_key(definition) if definition else ()

    def oids(self) -> Mapping[TableName, int]:
        with translated(self._session.name):
            names = list(self._tables)
            found = self._session.connection().execute(_OIDS, ([n.schema for n in names], [n.name for n in names]))
            return {TableName(schema, name): oid for schema, name, oid in found}

    def names(self, oid: int) -> Sequence[TableName]:
        with translated(self._session.name):
            return [TableName(*row) for row in self._session.connection().execute(_RELATIONS, (oid, oid))]

    def prove_published(self, publication: str) -> None:
        """Raise `Unfollowed` unless all our tables are published, and `Drifted` where one has another name now, or is gone: that is no loss yet."""
        with translated(self._session.name):
            missing = self._tables - published(self._session.connection(), publication)
            if not missing:
                return
            missing -= by_leaves(self._session.connection(), publication, missing)
        gone = missing - self.oids().keys()
        if missing - gone:
            raise unpublished(self._session.name, publication, missing - gone)
        if gone:
            raise standing.gone(gone)

    def close(self) -> None:
        self._session.close()
