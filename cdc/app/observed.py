"""A target that shows when it works: each batch's begin and end go to the pipeline's watch and meters."""

from __future__ import annotations

from cdc.app.metrics import Meters
from cdc.app.watch import Watch
from cdc.model.errors import CdcError, Incomplete
from cdc.model.write import Applied, Batch, Checkpoint
from cdc.target.base import Target


class ObservedTarget:
    def __init__(self, target: Target, watch: Watch, meters: Meters) -> None:
        self._target, self._watch, self._meters = target, watch, meters

    def checkpoint(self) -> Checkpoint:
        return self._target.checkpoint()

    def apply(self, batch: Batch) -> Applied:
        monotonic = self._watch.clock.monotonic
        self._watch.opens(batch)
        begun = monotonic()
        try:
            applied = self._target.apply(batch)
        except Incomplete:
            raise  # the loop applies it again, whole
        except CdcError:
            self._meters.failed.inc()
            raise
        finally:
            self._watch.closes()
        self._watch.applies(batch, applied)
        self._meters.applies(batch, applied, monotonic() - begun)
        return applied

    def ping(self) -> None:
        self._target.ping()

    def close(self) -> None:
        self._target.close()
