"""The bulk questions of references, to one MySQL or MariaDB session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

from cdc.model.change import Row, Value
from cdc.model.reference import Lookup, Match
from cdc.model.write import TargetPlan
from cdc.sql import crosswalk as sql
from cdc.sql.mysql import Frame
from cdc.sql.mysql_literals import encoded, literals, reader, tuples
from cdc.sql.names import my_name, my_table
from cdc.sql.reference import my_agreeing, my_find, my_find_each
from cdc.target.mysql.session import Session
from cdc.target.store import Found, Texts

T = TypeVar("T")
_KEYS = 1000
"""Keys of one statement."""
_EACH = 100
"""Selects in one union."""


class MySQLStore:
    """A `Store`. AUTO_INCREMENT counts for rows that are inserted, and for nothing else."""

    reserves = False

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, lookup: Lookup, keys: Sequence[Texts]) -> Found:
        """The same text comes first; where no row has it, the server says which it holds equal."""
        literal, read = tuples(lookup.by)(keys), [reader(column) for column in (*lookup.by, lookup.take)]
        found: dict[Texts, list[Value]] = defaultdict(list)
        for statement in (s for part in _parts(literal, _KEYS) for s in my_find(lookup).around(part, self._session.limit)):
            for row in self._session.rows(statement):
                *by, taken = (text if text is None else to(text) for to, text in zip(read, row, strict=True))
                found[tuple(by)].append(taken)
        rest = [at for at, key in enumerate(keys) if key not in found]
        return {**found, **self._each(lookup, [keys[at] for at in rest], [literal[at] for at in rest])}

    def _each(self, lookup: Lookup, keys: Sequence[Texts], literal: Sequence[bytes]) -> Found:
        read = reader(lookup.take)
        found: dict[Texts, list[Value]] = defaultdict(list)
        for start in range(0, len(literal), _EACH):
            for at, taken in self._session.rows(my_find_each(lookup, literal[start : start + _EACH])):
                found[keys[start + int(at)]].append(taken if taken is None else read(taken))
        return found

    def agreeing(self, match: Match, keys: Sequence[Texts]) -> Found:
        """Each by itself, whatever its spelling: of two rows that agree, the one with the same text would be a guess."""
        write = [literals(column) for column in match.by]
        columns = [map(encoded, make(texts)) for make, texts in zip(write, zip(*keys, strict=True), strict=True)]
        query, read = my_agreeing(match), reader(match.take)
        asked = [query(at, texts) for at, texts in enumerate(zip(*columns, strict=True))]
        found: dict[Texts, list[Value]] = defaultdict(list)
        for part in _parts(asked, _EACH):
            for at, taken in self._session.rows(b" union all ".join(part)):
                found[keys[int(at)]].append(read(taken))
        return found

    def entries(self, entity: str, node: str, keys: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for part in _parts(keys, _KEYS):
            found.update((source, target) for source, target in self._session.rows(sql.my_entries(entity, node, part)))
        return found

    def sources(self, entity: str, node: str, most: int) -> Sequence[str]:
        return [key for (key,) in self._session.rows(sql.my_sources(entity, node, most))]

    def record(self, entity: str, node: str, entries: Mapping[str, str]) -> None:
        for part in _parts(list(entries.items()), _KEYS):
            self._session.execute(sql.my_record(entity, node, dict(part)))

    def rename(self, entity: str, node: str, old: str, new: str) -> None:
        self._session.execute(sql.my_rename(entity, node, old, new))

    def shared(self, entity: str, node: str, keys: Sequence[str]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for part in _parts(keys, _KEYS):
            found.update((key, int(number)) for key, number in self._session.rows(sql.my_shared(entity, node, part)))
        return found

    def taken(self, entity: str, node: str, keys: Sequence[str]) -> AbstractSet[str]:
        return {key for part in _parts(keys, _KEYS) for (key,) in self._session.rows(sql.my_taken(entity, node, part))}

    def forget(self, entity: str, node: str, key: str) -> None:
        self._session.execute(sql.my_forget(entity, node, key))

    def reserve(self, plan: TargetPlan, count: int) -> Sequence[str]:
        raise NotImplementedError  # keys come with their rows

    def create(self, plan: TargetPlan, places: Sequence[int], rows: Sequence[Row]) -> Sequence[str]:
        columns = [plan.columns[at] for at in places]
        names = ", ".join(my_name(column.name) for column in columns)
        literal = tuples(columns)(rows) if columns else [b"()"] * len(rows)
        head = f"insert into {my_table(plan.table.name)} ({names}) values ".encode()
        if not self._session.dialect.returning:
            return [self._session.insert(head + row) for row in literal]
        frame = Frame(head, f" returning {my_name(plan.columns[plan.key[0]].name)}".encode())
        statements = (s for part in _parts(literal, _KEYS) for s in frame.around(part, self._session.limit))
        return [key for statement in statements for (key,) in self._session.rows(statement)]


def _parts(given: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (given[start : start + size] for start in range(0, len(given), size))
