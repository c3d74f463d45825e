"""What the log does not say of a relation, asked from the catalogue over an ordinary connection of the reader's own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from cdc.model.table import TableName
from cdc.server.postgresql import translated
from cdc.server.postgresql_catalogue import describe, type_facts
from cdc.server.postgresql_types import Facts
from cdc.source.postgresql.publication import published, unpublished
from cdc.source.postgresql.session import Session
from cdc.source.postgresql.shapes import primary_key


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

    def prove_published(self, publication: str) -> None:
        """Raise `Misconfigured` unless all our tables are published."""
        with translated(self._session.name):
            missing = self._tables - published(self._session.connection(), publication)
        if missing:
            raise unpublished(self._session.name, publication, missing)

    def close(self) -> None:
        self._session.close()
