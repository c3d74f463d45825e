"""The bulk questions of references, to one PostgreSQL session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import psycopg

from cdc.model.change import Row, Value
from cdc.model.reference import Lookup, Match
from cdc.model.write import TargetPlan
from cdc.sql import crosswalk as sql
from cdc.sql.postgresql import array
from cdc.sql.reference import pg_agreeing, pg_find
from cdc.target.store import Found, Texts


class PostgreSQLStore:
    """A `Store`. A sequence gives keys away before their rows are there."""

    reserves = True

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._finds: dict[Lookup | Match, str] = {}

    def find(self, lookup: Lookup, keys: Sequence[Texts]) -> Found:
        if lookup not in self._finds:
            self._finds[lookup] = pg_find(lookup)
        return self._each(self._finds[lookup], keys)

    def agreeing(self, match: Match, keys: Sequence[Texts]) -> Found:
        if match not in self._finds:
            self._finds[match] = pg_agreeing(match)
        return self._each(self._finds[match], keys)

    def _each(self, statement: str, keys: Sequence[Texts]) -> Found:
        found: dict[Texts, list[Value]] = defaultdict(list)
        for place, text in self._rows(statement, *(array(texts) for texts in zip(*keys, strict=True))):
            found[keys[place - 1]].append(text)
        return found

    def entries(self, entity: str, node: str, keys: Sequence[str]) -> Mapping[str, str]:
        return dict(self._rows(sql.PG_ENTRIES, entity, node, array(keys)))

    def sources(self, entity: str, node: str, most: int) -> Sequence[str]:
        return [key for (key,) in self._rows(sql.PG_SOURCES, entity, node, str(most))]

    def record(self, entity: str, node: str, entries: Mapping[str, str]) -> None:
        self._connection.execute(sql.PG_RECORD.encode(), (entity, node, array(entries), array(entries.values())))

    def rename(self, entity: str, node: str, old: str, new: str) -> None:
        self._connection.execute(sql.PG_RENAME.encode(), (entity, node, old, new))

    def shared(self, entity: str, node: str, keys: Sequence[str]) -> Mapping[str, int]:
        return dict(self._rows(sql.PG_SHARED, entity, node, array(keys)))

    def taken(self, entity: str, node: str, keys: Sequence[str]) -> AbstractSet[str]:
        return {key for (key,) in self._rows(sql.PG_TAKEN, entity, node, array(keys))}

    def forget(self, entity: str, node: str, key: str) -> None:
        self._connection.execute(sql.PG_FORGET.encode(), (entity, node, key))

    def reserve(self, plan: TargetPlan, count: int) -> Sequence[str]:
        statement = sql.pg_reserve(plan, plan.columns[plan.key[0]])
        keys: list[str] = []
        while len(keys) < count:
            keys += [key for (key,) in self._rows(statement, str(count - len(keys)))]
        return keys

    def create(self, plan: TargetPlan, places: Sequence[int], rows: Sequence[Row]) -> Sequence[str]:
        raise NotImplementedError  # keys are reserved

    def _rows(self, statement: str, *given: str) -> Sequence[tuple[Any, ...]]:
        return self._connection.execute(statement.encode(), given).fetchall()
