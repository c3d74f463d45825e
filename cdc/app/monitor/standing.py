"""Where a pipeline stands, seen from outside: what its target remembers, what its source says, and what its daemon answers."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any, TypeAlias

from cdc.app.build import Line
from cdc.app.build import line as line_of
from cdc.app.monitor.steering import told
from cdc.app.monitor.watch import State
from cdc.app.service.config import Listen, Pipeline, Settings
from cdc.app.state.control import NOTHING, Controls
from cdc.app.state.parked import Rows
from cdc.app.state.repair import of, shown
from cdc.model.change import Position
from cdc.model.errors import CdcError, Exit
from cdc.model.value import value
from cdc.model.write import Checkpoint, Phase

Summary: TypeAlias = Mapping[str, Any]
"""One pipeline of the `status` contract."""
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104, nothing is bound here


@value
class Standing:
    """What was found out; `error` is why some of it is missing."""

    pipeline: str
    summary: Summary
    error: CdcError | None

    def exit(self) -> Exit:
        return Exit.OK if self.error is None else self.error.exit


def ask(listen: Listen | None, *, timeout: float = 2.0) -> Mapping[str, Summary]:
    """Return what the daemon at this address says of its pipelines; nothing when none answers."""
    if listen is None:
        return {}
    connection = HTTPConnection(_ANYWHERE.get(listen.host, listen.host), listen.port, timeout=timeout)
    with closing(connection):
        try:
            connection.request("GET", "/status")
            body = json.loads(connection.getresponse().read())
        except (OSError, HTTPException, ValueError):
            return {}  # nobody, or somebody who is no daemon of ours
    pipelines = body.get("pipelines") if isinstance(body, dict) else None
    return pipelines if isinstance(pipelines, dict) else {}


def standings_of(settings: Settings, pipelines: Sequence[Pipeline]) -> list[Standing]:
    """Return where pipelines stand, each daemon being asked once."""
    given = [listen for pipeline in pipelines for listen in (settings.metrics, pipeline.metrics) if listen is not None]
    addresses = {(listen.host, listen.port): listen for listen in given}
    said = {name: summary for listen in addresses.values() for name, summary in ask(listen).items()}
    return [standing(line_of(pipeline), said.get(pipeline.name)) for pipeline in pipelines]


def standing(line: Line, said: Summary | None) -> Standing:
    """Ask both servers; `said` is the daemon's word on this pipeline, which knows better what it is doing."""
    checkpoint, holder, lag, error, controls, parked = None, None, None, None, NOTHING, 0
    try:
        with closing(line.target_admin()) as admin:
            checkpoint, holder, controls = admin.checkpoint(), admin.holder(), told(admin, line.name)
            parked = sum(Rows(line, admin).counts().values())
        lag = _lag_bytes(line, checkpoint) if said is None else None
    except CdcError as unanswered:
        error = unanswered
    summary = {**_stored(checkpoint, holder, lag, error, parked), **_wanted(controls, holder)}
    return Standing(line.name, summary if said is None else {**summary, **_said(said, checkpoint)}, error)


def _said(said: Summary, checkpoint: Checkpoint | None) -> Summary:
    """What the daemon knows better; where the target did not answer, that is all."""
    names = (
        ["state", "lag_seconds", "lag_bytes", "stalled", "resync", "log_budget_used", "log_lost_in_seconds"]
        + ["last_error"] * bool(said.get("last_error"))
        + ["position", "rows_applied"] * (checkpoint is None)
    )
    return {name: said.get(name) for name in names}


def _stored(
    checkpoint: Checkpoint | None, holder: str | None, lag_bytes: int | None, error: CdcError | None, parked: int = 0
) -> dict[str, Any]:
    """What can be said without a daemon."""
    return {
        "state": _state(checkpoint, holder).value,
        "position": checkpoint.position if checkpoint else None,
        "lag_seconds": _lag_seconds(checkpoint, lag_bytes),
        "lag_bytes": lag_bytes,
        "parked": parked,
        "rows_applied": checkpoint.rows if checkpoint else 0,
        "last_error": None if error is None else str(error),
    }


def _wanted(controls: Controls, holder: str | None) -> Summary:
    """What operators want of it, and what only a daemon could say."""
    unknown = {"resync": shown(of(controls.resync)), "stalled": None, "log_budget_used": None, "log_lost_in_seconds": None}
    if not controls.paused:
        return {"paused_for": None, **unknown}
    return {"paused_for": controls.paused_for, **unknown, **({"state": State.PAUSED.value} if holder else {})}


def _state(checkpoint: Checkpoint | None, holder: str | None) -> State:
    if holder is None:
        return State.STOPPED
    if checkpoint is None or checkpoint.position is None:
        return State.STARTING
    return State.SNAPSHOT if checkpoint.phase is Phase.LOADING else State.STREAMING


def _lag_seconds(checkpoint: Checkpoint | None, lag_bytes: int | None) -> float | None:
    if lag_bytes == 0:
        return 0.0
    if checkpoint is None or not checkpoint.newest:
        return None
    return round(max(0.0, time.time() - checkpoint.newest), 3)


def _lag_bytes(line: Line, checkpoint: Checkpoint | None) -> int | None:
    position: Position | None = checkpoint.position if checkpoint else None
    if position is None:
        return None
    with closing(line.open_source(())) as source:
        return source.lag_bytes(position)
