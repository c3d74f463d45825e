"""When the servers' certificates end, looked at now and then for `cdc_certificate_expiry_timestamp_seconds`."""

from __future__ import annotations

from contextlib import suppress

from cdc.app.build import Line
from cdc.app.monitor.watch import Watch
from cdc.model.errors import CdcError

EVERY = 3600.0


class CertificateLook:
    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._looked = float("-inf")

    def turn(self, line: Line) -> None:
        """Look, where it is due. Raises no `CdcError`: whether a server answers is for those to say who ask it something."""
        now = self._watch.clock.monotonic()
        if now - self._looked < EVERY:
            return
        self._looked = now
        measured = self._watch.measured
        for role, look in (("source", line.source_certificate), ("target", line.target_certificate)):
            with suppress(CdcError):  # what was seen last stays
                measured.certificates = {**measured.certificates, role: look()}
