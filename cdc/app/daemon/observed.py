"""A target that shows when it works: each batch's begin and end go to the pipeline's watch and meters."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.app.daemon.breaker import DeleteBreaker
from cdc.app.monitor.metrics import Meters
from cdc.app.monitor.watch import Watch
from cdc.model.change import Row
from cdc.model.errors import CdcError, Incomplete, ParkedChanged, Refused
from cdc.model.write import Applied, Batch, Checkpoint, TargetPlan
from cdc.target.base import ParkedRows, Target


class ObservedTarget:
    def __init__(self, target: Target, watch: Watch, meters: Meters, breaker: DeleteBreaker | None = None) -> None:
        self._target, self._watch, self._meters = target, watch, meters
        self._breaker = breaker
        self._deletes, self._spent = 0, 0.0
        """What the parts before this one of a transaction have deleted, and the seconds that they took."""

    @property
    def parked(self) -> ParkedRows:
        return self._target.parked

    def checkpoint(self) -> Checkpoint:
        return self._target.checkpoint()

    def apply(self, batch: Batch) -> Applied:
        if self._breaker is None or self._breaker.limit is None:
            return self._applied(batch)
        if self._watch.controls.deletes_allowed:
            self._breaker.forgives()
            return self._applied(batch)
        if batch.begins:
            self._deletes = 0
        deletes = self._breaker.check(batch, self._deletes)
        applied = self._applied(batch)
        self._deletes += deletes
        if batch.ends:
            self._breaker.applied(self._deletes)
        return applied

    def _applied(self, batch: Batch) -> Applied:
        monotonic = self._watch.clock.monotonic
        self._watch.opens(batch)
        begun = monotonic()
        try:
            applied = self._target.apply(batch)
        except (Incomplete, Refused, ParkedChanged):
            raise  # the loop applies it again: whole, without what is parked, or by what waits now
        except CdcError:
            self._meters.failed.inc()
            raise
        finally:
            self._watch.closes()
        self._spent = monotonic() - begun + (0.0 if batch.begins else self._spent)
        if batch.ends:
            self._watch.applies(batch, applied)
            self._meters.applies(batch, applied, self._spent)
        return applied

    def held(self, plan: TargetPlan, node: str, most: int) -> Sequence[Row]:
        return self._target.held(plan, node, most)

    def ping(self) -> None:
        self._target.ping()

    def close(self) -> None:
        self._target.close()
