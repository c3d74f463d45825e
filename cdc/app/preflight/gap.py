"""A gap in a source's log, named for those who have to decide: since when, in which tables, and what repairs it."""

from __future__ import annotations

from datetime import UTC, datetime

from cdc.app.preflight.examined import Examined
from cdc.model.errors import CdcError, Gap
from cdc.model.write import Checkpoint


def window(stands: Checkpoint) -> str:
    """Say what may be missing: from when on."""
    if not stands.newest:
        return f"all that came after {stands.position}"
    since = datetime.fromtimestamp(stands.newest, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"all that came after {stands.position}, about {since}"


def named(error: CdcError, examined: Examined) -> CdcError:
    """Return the error; a gap with its window, its tables and the pipeline's name."""
    stands = examined.target.checkpoint
    if not isinstance(error, Gap) or stands is None:
        return error
    tables = ", ".join(dict.fromkeys(spec.target for spec in examined.line.specs))
    return Gap(f"{error}; missing may be {window(stands)}, in {tables}", error.hint.replace("PIPELINE", examined.line.name))
