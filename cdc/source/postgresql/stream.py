"""A replication slot's stream to transactions: proved to be without a gap, received, acknowledged as far as it was confirmed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Sequence
from contextlib import ExitStack, suppress

import psycopg

from cdc.failpoint import reach
from cdc.model.change import Part, Position, Transaction
from cdc.model.endpoint import Endpoint
from cdc.model.errors import CdcError, Gap, Held, UnknownEvent
from cdc.model.table import TableName
from cdc.server.postgresql import classify
from cdc.source.echo import NOTHING, Told
from cdc.source.postgresql import protocol
from cdc.source.postgresql.assembler import Assembler
from cdc.source.postgresql.catalogue import ServerCatalogue
from cdc.source.postgresql.continuity import AGAIN, prove
from cdc.source.postgresql.position import Place, lsn_text
from cdc.source.postgresql.session import Session
from cdc.source.postgresql.shapes import Shapes
from cdc.source.postgresql.visible import Unseen
from cdc.source.postgresql.walsender import Walsender
from cdc.sql.names import pg_name, pg_text

_BURST = 5_000
"""Frames after which `receive` returns, so that signs of life go out inside a large transaction too."""
_BURST_SIZE = 4 * 1024 * 1024
"""Bytes of frames after which it returns."""
_FEEDBACK = 1.0
"""Seconds between two acknowledgements that nobody asked for."""
_HURRY = 0.1
"""The same while an end is waited for: each asks the server how far its log goes."""
_AUDIT = 30.0
"""Seconds between two looks at the publication. A server that asks for an answer is looked at at once: it may be shutting down. Then it
waits until we acknowledge the log's very end, which nobody has made durable; but ordinary connections it has ended already."""
_GRACE = 5.0
"""Seconds for which a slot in use is tried again: a killed process's session may still be ending."""
_RETRY = 0.2
_FAREWELL = 1.0
"""Seconds for which the server may take to end the stream."""

_IN_USE, _NO_SLOT, _NOT_USABLE = "55006", "42704", "55000"
"""SQLSTATE of START_REPLICATION's errors: object_in_use, undefined_object, object_not_in_prerequisite_state."""


class Stream:
    """The feed's reader. `confirm` may be called from another thread; all else belongs to one."""

    def __init__(self, walsender: Walsender, assembler: Assembler, catalogue: ServerCatalogue, publication: str, *, hurry: bool) -> None:
        self._walsender = walsender
        self._assembler = assembler
        self._catalogue = catalogue
        self._publication = publication
        self._hurry = hurry
        self._pause = _HURRY if hurry else _FEEDBACK
        self._confirmed = 0
        self._acknowledged = self._audited = time.monotonic()
        self._questioned = False
        self._failure: CdcError | None = None

    def receive(self, timeout: float) -> tuple[Sequence[Transaction | Part], bool]:
        """Take what is at hand. What came before a frame that can't be taken is returned first."""
        if self._failure:
            raise self._failure
        try:
            more = self._receive(timeout)
        except CdcError as error:
            self._failure, more = error, True
        return self._assembler.taken(), more

    def _receive(self, timeout: float) -> bool:
        """Decode frames; return whether there are more."""
        next_frame, decode, room = self._walsender.frame, self._assembler.decode, _BURST_SIZE
        for _ in range(_BURST):
            if frame := next_frame():
                if frame[0] == protocol.XLOG_DATA:
                    decode(frame)
                    room -= len(frame)
                    if room <= 0:
                        return True
                else:
                    self._heard(frame)
                timeout = 0
            elif self._walsender.ready(timeout):
                reach("source.read")
            else:
                return False
        return True

    @property
    def unseen(self) -> Unseen:
        return self._assembler.unseen

    @property
    def remarks(self) -> deque[str]:
        return self._assembler.remarks

    def upto(self) -> Position:
        return self._assembler.position()

    def seen(self) -> Position:
        return self._assembler.seen()

    def finished(self) -> bool:
        return self._assembler.finished()

    def keepalive(self) -> None:
        now = time.monotonic()
        if now - self._acknowledged >= self._pause:
            self._acknowledge()
        if self._questioned or now - self._audited >= _AUDIT:
            self._audited, self._questioned = now, False
            self._catalogue.prove_published(self._publication)

    def confirm(self, lsn: int) -> None:
        """Let the server know, within a second, that all up to `lsn` is durable. It never goes back."""
        self._confirmed = max(self._confirmed, lsn)

    def close(self) -> None:
        with suppress(CdcError):  # a lost connection ends by itself, and the next one acknowledges again
            self._acknowledge()
            self._walsender.end(_FAREWELL)
        self._walsender.close()
        self._catalogue.close()

    def _heard(self, frame: bytes) -> None:
        if frame[0] != protocol.KEEPALIVE:
            raise UnknownEvent(f"the server sent a frame of kind {chr(frame[0])!r}", "This is a bug, or a server of a newer protocol.")
        if self._assembler.keepalive(frame):
            self._acknowledge()
            self._questioned = True

    def _acknowledge(self) -> None:
        self._acknowledged = time.monotonic()
        self._walsender.put(protocol.feedback(self._confirmed, time.time(), reply=self._hurry))


def open_stream(
    endpoint: Endpoint, name: str, tables: Collection[TableName], target: str, after: Place, until: int | None, told: Told = NOTHING
) -> Stream:
    """Open the stream of the slot and publication `name`. Raises `Gap`, `Misconfigured`, or `Held`, naming who has the slot."""
    with ExitStack() as opened:
        catalogue = ServerCatalogue(Session(endpoint, f"{name} catalogue"), tables)
        opened.callback(catalogue.close)
        walsender = Walsender(endpoint, name)
        opened.callback(walsender.close)
        after = prove(walsender.execute, endpoint.name, name, after)
        catalogue.prove_published(name)
        _start(walsender, name, after)
        opened.pop_all()
    return Stream(walsender, Assembler(Shapes(tables, catalogue), target, after, until, told), catalogue, name, hurry=until is not None)


def _start(walsender: Walsender, name: str, after: Place) -> None:
    options = f"proto_version '1', publication_names {pg_text(pg_name(name))}, messages 'true'"
    deadline = time.monotonic() + _GRACE
    while True:
        try:
            walsender.send(f"START_REPLICATION SLOT {pg_name(name)} LOGICAL {lsn_text(after.lsn)} ({options})")
            walsender.answer()
        except psycopg.Error as error:
            if error.sqlstate != _IN_USE or time.monotonic() > deadline:
                raise _refused(error, walsender.name) from error
            time.sleep(_RETRY)
        else:
            return


def _refused(error: psycopg.Error, name: str) -> CdcError:
    """Name what START_REPLICATION refused: it may have changed since the proof."""
    text = f"{name}: {error.diag.message_primary}"
    if error.sqlstate == _IN_USE:
        return Held(text, "Another process runs this pipeline: end it, or leave it running.")
    if error.sqlstate in (_NO_SLOT, _NOT_USABLE):
        return Gap(text, AGAIN)
    return classify(error, name)
