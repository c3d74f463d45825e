"""A pipeline's row on its target, as what operators want and what the daemon answers them; every act goes into the audit."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import field
from typing import Any

from cdc.app.build import Line
from cdc.model.errors import Held, Misconfigured, Transient
from cdc.model.value import value
from cdc.sql import control as sql
from cdc.target.base import TargetAdmin

DAEMON = "cdc"
"""Who acts where no operator does."""
PATIENCE = 10
"""Seconds that an operator's act waits for the transaction at hand."""


@value
class Controls:
    """What stands in the row beside the position."""

    paused_at: str = ""
    """UTC; empty: it is not paused."""
    paused_for: str = ""
    deletes_allowed: bool = False
    mappings: Mapping[str, str] = field(default_factory=dict)
    """Mapping → hash of what it was compiled to when rows were last written by it."""
    request: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    resync: Mapping[str, Any] = field(default_factory=dict)
    """What `cdc.app.state.repair` reads."""

    @property
    def paused(self) -> bool:
        return bool(self.paused_at)


NOTHING = Controls()


@value
class Control:
    """The row, over an ordinary connection that somebody else closes."""

    admin: TargetAdmin = field(repr=False)
    pipeline: str
    who: str

    def read(self) -> tuple[Controls, float]:
        """Return what the row says, and the server's clock; of a pipeline without a row, nothing and 0."""
        rows = self.admin.ask(sql.read(self.admin.words, self.pipeline))
        if not rows:
            return NOTHING, 0.0
        at, why, deletes, *texts, clock = rows[0]
        return Controls(at or "", why, bool(deletes), *(json.loads(text) if text else {} for text in texts)), float(clock)

    def pause(self, why: str) -> bool:
        """Let the pipeline pause at the next transaction's end; return whether it was running."""
        if self._row().paused:
            return False
        self._write("pause", why, paused_at="now", paused_for=why[: sql.REASON])
        return True

    def resume(self, *, deletes: bool) -> bool:
        """Let it go on; return whether it was paused. `deletes`: however many there are, until the pipeline has caught up."""
        paused = self._row().paused
        if paused or deletes:
            self._write("resume", "deletes allowed" * deletes, paused_at=None, paused_for="", deletes_allowed=int(deletes))
        return paused

    def expects_no_deletes(self) -> None:
        """The pipeline has caught up: from here on many deletes are a surprise again."""
        self.admin.execute(sql.write(self.admin.words, self.pipeline, {"deletes_allowed": 0}))

    def notes(self, what: str, detail: str) -> None:
        """Put an act of the daemon down."""
        self.admin.execute(self._audit(what, detail))

    def remember(self, mappings: Mapping[str, str], change: str) -> None:
        """Put down what the mappings are compiled to from now on; `change` says of which that is news."""
        self._row()
        self._write("mappings", change, mappings=json.dumps(dict(sorted(mappings.items()))))

    def request(self, given: Mapping[str, Any]) -> None:
        """Ask the daemon for something, whichever host it runs on."""
        self._row()
        self._write(str(given["what"]), str(given.get("detail", "")), request=json.dumps(given))

    def respond(self, answer: Mapping[str, Any]) -> None:
        self.admin.execute(sql.write(self.admin.words, self.pipeline, {"answer": json.dumps(answer)}))

    def move(self, position: str, before: str) -> None:
        """Set the position. The caller holds the pipeline's lock."""
        self._row()
        statement = sql.move(self.admin.words, self.pipeline, position)
        self._together(self._audit("position", f"{before or 'none'} -> {position}"), statement)

    def _row(self) -> Controls:
        """Make the row where a pipeline has never run, so that it does not begin either."""
        if not self.admin.ask(sql.read(self.admin.words, self.pipeline)):
            self.admin.execute(sql.begin(self.admin.words, self.pipeline))
        return self.read()[0]

    def _write(self, what: str, detail: str, **given: str | int | None) -> None:
        self._together(self._audit(what, detail), sql.write(self.admin.words, self.pipeline, given))

    def _audit(self, what: str, detail: str) -> str:
        return sql.audit(self.admin.words, self.pipeline, self.who, what, detail)

    def _together(self, *statements: str) -> None:
        with self.patient():
            for statement in ("begin", *statements, "commit"):
                self.admin.execute(statement)

    @contextmanager
    def patient(self) -> Iterator[None]:
        """What the daemon does waits for as long as the server lets it."""
        if self.who == DAEMON:
            yield
        else:
            with patient(self.admin, self.pipeline):
                yield


@contextmanager
def controlled(line: Line, who: str) -> Iterator[Control]:
    """Open a pipeline's row. Raises `Misconfigured` when our tables are missing or of an older layout."""
    with closing(line.target_admin()) as admin:
        if admin.setup():
            raise Misconfigured(f"{line.target.name}: our own tables are missing, or of an older version", "Run `cdc setup`.")
        yield Control(admin, line.name, who)


@contextmanager
def patient(admin: TargetAdmin, pipeline: str) -> Iterator[None]:
    """Let an operator's act wait for the transaction at hand, and not for ever: one that is written in parts may take an hour. Raises `Held`."""
    admin.execute(admin.words.patience.format(PATIENCE))
    try:
        yield
    except Transient as error:
        raise Held(
            f"{pipeline}: the pipeline is in the middle of a transaction, and {PATIENCE} seconds were too short for its end; nothing was changed",
            "Try again later. A large transaction is written in parts, and the daemon's log tells of them. To break it off, stop the daemon: the target"
            " undoes it, and the next start reads it again.",
        ) from error


def operator() -> str:
    """Return who runs this command, for the audit."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user without an entry in passwd, as in a container
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"
