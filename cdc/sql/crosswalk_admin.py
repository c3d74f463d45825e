"""What people ask of the crosswalk, as statements: entries of one entity and node, listed, set, and compared with the entity's rows."""

from __future__ import annotations

from collections.abc import Iterable

from cdc.model.table import TableName
from cdc.model.value import value
from cdc.model.words import Words
from cdc.sql.crosswalk import TABLE
from cdc.sql.names import my_name, my_table, my_text, pg_name, pg_table, pg_text

POSTGRESQL = Words(
    pg_text,
    pg_name,
    pg_table,
    "",
    "clock_timestamp()",
    "insert",
    " on conflict (entity, node, source_key) do update set target_key = excluded.target_key",
    "t.{}::text",
    "",
    "extract(epoch from clock_timestamp())::float8",
    "select a.attname from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace"
    " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]"
    " where n.nspname = {schema} and c.relname = {table} and i.indisvalid and i.indpred is null",
    "set lock_timeout = '{}s'",
)
MYSQL = Words(
    my_text,
    my_name,
    my_table,
    "database()",
    "utc_timestamp(6)",
    "replace",
    "",
    "convert(t.{} using utf8mb4) collate utf8mb4_bin",
    " and cast({} as binary) = cast({} as binary)",
    "unix_timestamp(current_timestamp(6))",
    "select column_name from information_schema.statistics where table_schema = {schema} and table_name = {table} and seq_in_index = 1",
    "set session innodb_lock_wait_timeout = {}",
)


@value
class Side:
    """One entity's entries from one source database."""

    words: Words
    entity: str
    node: str

    def entries(self, *, source: str = "", target: str = "") -> str:
        """Return the query for (source key, target key, made at), all or those of one key."""
        only = f" and source_key = {self.words.text(source)}" if source else ""
        only += f" and {self._same('target_key', self.words.text(target))}" if target else ""
        return f"select source_key, target_key, cast(created_at as char(19)) from {TABLE} where {self._mine()}{only} order by source_key"

    def put(self, pairs: Iterable[tuple[str, str]]) -> str:
        """Return the statement that adds entries, or changes those that are there."""
        words = self.words
        home, column = (f"{words.home}, ", "home, ") if words.home else ("", "")
        head = f"{home}{words.text(self.entity)}, {words.text(self.node)}"
        rows = ", ".join(f"({head}, {words.text(source)}, {words.text(target)}, {words.now})" for source, target in pairs)
        return f"{words.insert} into {TABLE} ({column}entity, node, source_key, target_key, created_at) values {rows}{words.replace}"

    def without_rows(self, table: TableName, column: str) -> str:
        """Return the query for the entries whose row is not there: (source key, target key)."""
        there = f"select 1 from {self.words.table(table)} t where {self._same(self._key(column), 'x.target_key')}"
        return f"select source_key, target_key from {TABLE} x where {self._mine()} and not exists ({there}) order by source_key"

    def without_entries(self, table: TableName, column: str) -> str:
        """Return the query for the keys of the rows to which no entry leads."""
        there = f"select 1 from {TABLE} x where {self._mine()} and {self._same('x.target_key', self._key(column))}"
        return f"select {self._key(column)} from {self.words.table(table)} t where not exists ({there}) order by 1"

    def _mine(self) -> str:
        return f"entity = {self.words.text(self.entity)} and {_from(self.words, self.node)}"

    def _same(self, one: str, other: str) -> str:
        return f"{one} = {other}{self.words.exact.format(one, other)}"

    def _key(self, column: str) -> str:
        return self.words.cast.format(self.words.name(column))


def entities(words: Words, node: str) -> str:
    """Return the query for (entity, how many entries) from a node."""
    return f"select entity, count(*) from {TABLE} where {_from(words, node)} group by entity order by entity"


def _from(words: Words, node: str) -> str:
    return f"node = {words.text(node)}" + (f" and home = {words.home}" if words.home else "")
