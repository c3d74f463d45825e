"""Which mappings of a pipeline an operator wants repaired, and what has become of that: one request at a time, in the pipeline's row."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, field, replace
from enum import StrEnum
from typing import Any
from uuid import uuid4

from cdc.app.state.control import Control
from cdc.model.errors import CdcError, Exit
from cdc.model.value import value
from cdc.sql import control as sql

_COLUMN = "resync"


class Stage(StrEnum):
    ASKED = "asked"
    """It is under way, or begins as soon as somebody runs the pipeline and it is not paused."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Busy(CdcError):
    """Another repair is wanted already."""

    exit, name = Exit.RETRY_LATER, "busy"


@value
class Repair:
    mappings: Sequence[str]
    who: str
    delete: bool = False
    """Whether rows go that the source does not have, whoever made them."""
    number: str = field(default_factory=lambda: uuid4().hex)
    asked_at: float = field(default_factory=time.time)
    stage: Stage = Stage.ASKED
    ended_at: float = 0.0
    text: str = ""
    """Why it failed."""
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """`compared`, `written`, `deleted`, `kept` and `parked` → mapping → rows."""

    @property
    def wanted(self) -> bool:
        return self.stage is Stage.ASKED

    def total(self, what: str) -> int:
        return sum(self.rows.get(what, {}).values())


def shown(repair: Repair | None) -> Mapping[str, Any] | None:
    """Return what `status` says of it."""
    return None if repair is None else {**asdict(repair), "mappings": list(repair.mappings)}


def of(row: Mapping[str, Any]) -> Repair | None:
    """Read what stands in the row."""
    return Repair(**{**row, "mappings": tuple(row["mappings"]), "stage": Stage(row["stage"])}) if row else None


def current(control: Control) -> Repair | None:
    return of(control.read()[0].resync)


def wanted(control: Control) -> Sequence[str]:
    """Return the mappings that are to be repaired."""
    repair = current(control)
    return repair.mappings if repair is not None and repair.wanted else ()


def ask(control: Control, repair: Repair) -> None:
    """Ask for it. Raises `Busy` while another is wanted."""
    before = current(control)
    if before is not None and before.wanted:
        raise Busy(
            f"{control.pipeline}: a resync of {', '.join(before.mappings)} is wanted already, by {before.who}",
            f"Wait for its end (`cdc status`), or break it off: `cdc resync {control.pipeline} --cancel`.",
        )
    rule = "; rows that the source does not have go" if repair.delete else ""
    if not _put(control, before, repair, f"{', '.join(repair.mappings)}{rule}"):
        ask(control, repair)


def end(control: Control, number: str, stage: Stage, text: str = "", rows: Mapping[str, Mapping[str, int]] | None = None) -> bool:
    """Put its end down; return whether it was still wanted."""
    before = current(control)
    if before is None or not before.wanted or number not in ("", before.number):
        return False
    after = replace(before, stage=stage, ended_at=time.time(), text=text, rows=rows or {})
    counts = ", ".join(f"{what} {after.total(what)}" for what in after.rows)
    return _put(control, before, after, f"{stage.value}: {text or counts or ', '.join(before.mappings)}") or end(
        control, number, stage, text, rows
    )


def _put(control: Control, before: Repair | None, after: Repair, detail: str) -> bool:
    """Write it where nobody else has meanwhile, with its line in the audit; return whether that was so."""
    admin, pipeline = control.admin, control.pipeline
    admin.execute("begin")
    try:
        with control.patient():
            admin.execute(sql.instead(admin.words, pipeline, _COLUMN, _text(after), "" if before is None else _text(before)))
        took = current(control) == after
        if took:
            control.notes("resync", detail)
    except BaseException:
        admin.execute("rollback")
        raise
    admin.execute("commit" if took else "rollback")
    return took


def _text(repair: Repair) -> str:
    return json.dumps(asdict(repair), sort_keys=True)
