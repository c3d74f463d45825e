"""A place in PostgreSQL's log to the transaction there: looked at through the pipeline's slot, which keeps all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing

import psycopg
from psycopg import errors

from cdc.model.endpoint import Endpoint
from cdc.model.errors import CdcError, Held
from cdc.model.table import TableName
from cdc.server.postgresql import translated
from cdc.source.excerpt import Excerpt, Excerpts
from cdc.source.postgresql.assembler import Assembler
from cdc.source.postgresql.catalogue import ServerCatalogue
from cdc.source.postgresql.continuity import here
from cdc.source.postgresql.names import slot_name
from cdc.source.postgresql.position import Place, lsn_number, lsn_text, place
from cdc.source.postgresql.session import Session
from cdc.source.postgresql.shapes import Shapes
from cdc.sql.names import pg_name

_PLACE = re.compile(r"(\d+/\d+/)?([0-9A-F]{1,8}/[0-9A-F]{1,8})", re.IGNORECASE)
_SLOT = "select confirmed_flush_lsn::text from pg_replication_slots where slot_name = %s"
_PEEK = """
select data from pg_logical_slot_peek_binary_changes(%s, %s::pg_lsn, null, 'proto_version', '1', 'publication_names', %s, 'messages', 'true')"""
_STEPS = (0, 16 * 1024 * 1024)
"""Bytes behind the place that are decoded at first: nearly always its transaction ends there."""
_HEAD = b"w" + bytes(24)
"""What stands before a message on a replication connection."""
_FORMS = "Give an LSN such as 16/B374D848, or a position as `cdc` prints it."
_OTHER_WAYS = "`--key` explains the row as it is now, and `--parked` a change that waits."


def transaction_at(endpoint: Endpoint, pipeline: str, tables: Sequence[TableName], where: str, *, behind: bool = False) -> Excerpt | None:
    """Return the first transaction that was committed at `where` or behind it and has changes of these tables, our own target's too.

    With `behind` it is not the one that ends at `where`. None: there is none. The slot's changes are looked at and stay in it. Raises `Held` while somebody reads the slot, and `CdcError` for a
    place that the slot no longer keeps.
    """
    name = slot_name(pipeline)
    with (
        closing(Session(endpoint, f"{name} look")) as session,
        closing(ServerCatalogue(Session(endpoint, f"{name} catalogue"), tables)) as catalogue,
        translated(endpoint.name),
    ):
        connection = session.connection()
        head = here(lambda query: connection.execute(query).fetchall(), endpoint.name)
        lsn = _lsn(where, head) + behind
        _prove_kept(connection, name, lsn)
        ends = [lsn + step for step in _STEPS if lsn + step < head.lsn]
        for end in [*ends, head.lsn]:
            assembler = Assembler(Shapes(tables, catalogue), "", Place(head.system, head.timeline, 0))
            if found := _first(assembler, _frames(connection, name, end), lsn):
                return found
    return None


def _lsn(where: str, head: Place) -> int:
    found = _PLACE.fullmatch(where)
    if not found:
        raise CdcError(f"'{where}' is no place in this server's log", _FORMS)
    if found[1] not in (None, f"{head.system}/{head.timeline}/"):
        raise CdcError("the position is one of another cluster's log, or of another timeline", _FORMS)
    lsn = lsn_number(found[2])
    if lsn > head.lsn:
        raise CdcError(f"the log ends at {lsn_text(head.lsn)}: {lsn_text(lsn)} is not there yet", _FORMS)
    return lsn


def _prove_kept(connection: psycopg.Connection, name: str, lsn: int) -> None:
    row = connection.execute(_SLOT, (name,)).fetchone()
    if row is None or row[0] is None:
        raise CdcError(
            f"the replication slot {name} does not exist, through which alone the log can be read", f"`cdc setup` makes it. {_OTHER_WAYS}"
        )
    if lsn <= lsn_number(row[0]):
        raise CdcError(f"the pipeline is past {lsn_text(lsn)}: its replication slot begins at {row[0]}", _OTHER_WAYS)


def _frames(connection: psycopg.Connection, name: str, end: int) -> Iterator[bytes]:
    """Read with a cursor, so that memory holds a piece of what the server has decoded."""
    try:
        with connection.transaction(), connection.cursor("peek", binary=True) as cursor:
            cursor.execute(_PEEK, (name, lsn_text(end), pg_name(name)))
            for (data,) in cursor:
                yield _HEAD + data
    except errors.ObjectInUse as error:
        raise Held(
            f"the replication slot {name} is being read, so nobody else can look into it",
            f"Stop the pipeline first, and start it again afterwards: no change is lost. While it runs: {_OTHER_WAYS}",
        ) from error


def _first(assembler: Assembler, frames: Iterator[bytes], lsn: int) -> Excerpt | None:
    excerpts = Excerpts()
    for frame in frames:
        assembler.decode(frame)
        for one in assembler.taken():
            made = excerpts.take(one)
            if made and made.rows and place(made.upto).lsn >= lsn:
                return made
    return None
