"""The table `cdc.parked` and what is asked of it. A pipeline's rows belong to it by its name, as its checkpoint does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cdc.model.change import Change, Op, Origin, Position, Row
from cdc.model.parked import Cause, Parked, ParkedKey, source_keys
from cdc.model.words import ParkedWords
from cdc.sql.ledger import CHECKPOINT, PARKED, SCHEMA
from cdc.sql.names import my_text, pg_text
from cdc.sql.parked_text import key_of, key_text, row_of, row_text, shape_text, table_of

TABLE = f"{SCHEMA}.{PARKED}"
_CHECKPOINT = f"{SCHEMA}.{CHECKPOINT}"
_KEY = "id, mapping, source_key, moved_key, waits, asked"
_ENTRY = (
    "id, mapping, table_schema, table_name, shape, op, old_row, new_row, committed_at, position, origin, cause, message, hint, waits, asked"
)
_INSERTED = (
    "pipeline, mapping, source_key, moved_key, table_schema, table_name, shape, op, old_row, new_row, committed_at, position, origin,"
    " cause, message, hint, waits, asked"
)
_LONGEST = 2000
"""Characters of a cause's text that are kept."""
_CHUNK = 200


POSTGRESQL = ParkedWords(pg_text, "extract(epoch from parked_at)::float8", "extract(epoch from clock_timestamp() - parked_at)::float8")
MYSQL = ParkedWords(my_text, "unix_timestamp(parked_at)", "timestampdiff(microsecond, parked_at, current_timestamp(6)) / 1000000")


def keys(words: ParkedWords, pipeline: str, after: int) -> str:
    """Return the query for what `parked_keys` reads: entries with a greater id than `after`."""
    return (
        f"select {_KEY}, {words.parked_at}, {words.age} from {TABLE} where pipeline = {words.text(pipeline)} and id > {after} order by id"
    )


def parked_keys(rows: Iterable[Sequence[Any]]) -> Iterator[ParkedKey]:
    for number, mapping, key, moved, waits, asked, at, age in rows:
        found: tuple[Row, ...] = (key_of(key),) if moved is None else (key_of(key), key_of(moved))
        yield ParkedKey(int(number), mapping, found, bool(int(waits)), bool(int(asked)), float(at), float(age))


def entries(words: ParkedWords, pipeline: str, ids: Sequence[int]) -> str:
    """Return the query for what `parked` reads."""
    return f"select {_ENTRY} from {TABLE} where pipeline = {words.text(pipeline)} and id in ({_listed(ids)}) order by id"


def parked(rows: Iterable[Sequence[Any]]) -> Iterator[Parked]:
    for number, mapping, schema, name, shape, op, old, new, committed, position, origin, found, message, hint, waits, asked in rows:
        table = table_of(schema, name, shape)
        change = Change(table, Op(op), row_of(table, old), row_of(table, new))
        why = None if found is None else Cause(found, message, hint, bool(int(waits)))
        at = None if committed is None else float(committed)
        yield Parked(mapping, change, at, Position(position), _path(origin), why, int(number), bool(int(asked)))


def statements(words: ParkedWords, pipeline: str, given: Sequence[Parked], released: Iterable[int]) -> Iterator[str]:
    """Yield what puts rows in, gives those that are there other causes, and takes out those that are released."""
    gone = list(released)
    for start in range(0, len(gone), _CHUNK):
        yield f"delete from {TABLE} where pipeline = {words.text(pipeline)} and id in ({_listed(gone[start : start + _CHUNK])})"
    for one in given:
        if one.id:
            yield _recaused(words, pipeline, one)
        else:
            yield f"insert into {TABLE} ({_INSERTED}) values {_tuple(words, pipeline, one)}"


def counts(words: ParkedWords, pipeline: str) -> str:
    """Return the query for (mapping, parked row changes)."""
    return f"select mapping, count(*) from {TABLE} where pipeline = {words.text(pipeline)} group by mapping"


def asked(words: ParkedWords, pipeline: str, ids: Sequence[int]) -> Iterator[str]:
    """Yield what lets row changes be tried again at once."""
    for start in range(0, len(ids), _CHUNK):
        part = _listed(ids[start : start + _CHUNK])
        yield f"update {TABLE} set asked = 1 where pipeline = {words.text(pipeline)} and id in ({part})"


def edited(words: ParkedWords, pipeline: str, number: int, change: Change) -> str:
    """Return the statement that gives a row change the new row of another, and lets it be tried again at once."""
    new = row_text(change.table, change.new)
    assert new is not None
    return f"update {TABLE} set new_row = {words.text(new)}, asked = 1 where pipeline = {words.text(pipeline)} and id = {number}"


def changed(words: ParkedWords, pipeline: str) -> str:
    """Return the statement by which an operator's transaction begins: it waits for the daemon's, and the daemon will know of it."""
    return f"update {_CHECKPOINT} set parked_version = parked_version + 1 where pipeline = {words.text(pipeline)}"


def version(words: ParkedWords, pipeline: str) -> str:
    return f"select parked_version from {_CHECKPOINT} where pipeline = {words.text(pipeline)}"


def forget(words: ParkedWords, pipeline: str) -> str:
    return f"delete from {TABLE} where pipeline = {words.text(pipeline)}"


def _recaused(words: ParkedWords, pipeline: str, one: Parked) -> str:
    text, why = words.text, one.cause
    assert why is not None
    said = f"cause = {text(why.fingerprint)}, message = {text(why.message[:_LONGEST])}, hint = {text(why.hint[:_LONGEST])}"
    only = f"pipeline = {text(pipeline)} and id = {one.id}"
    return f"update {TABLE} set {said}, waits = {int(why.waits)}, asked = {int(one.asked)} where {only}"


def _tuple(words: ParkedWords, pipeline: str, one: Parked) -> str:
    change, why = one.change, one.cause
    key, *moved = map(key_text, source_keys(change))
    texts = (
        pipeline, one.mapping, key, moved[0] if moved else None, *change.table.name, shape_text(change.table), change.op.value,
        row_text(change.table, change.old), row_text(change.table, change.new),
        None if one.committed_at is None else repr(one.committed_at), one.position, ",".join(one.origin),
        *((None, "", "") if why is None else (why.fingerprint, why.message[:_LONGEST], why.hint[:_LONGEST])),
    )  # fmt: skip
    listed = ", ".join("null" if text is None else words.text(text) for text in texts)
    return f"({listed}, {int(why is not None and why.waits)}, {int(one.asked)})"


def _listed(ids: Iterable[int]) -> str:
    return ", ".join(map(str, ids))


def _path(origin: str) -> Origin:
    return tuple(origin.split(",")) if origin else ()
