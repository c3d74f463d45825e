"""What a run goes by from its start to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cdc.mapping.plan import Bind, QueryPlan
from cdc.model.value import identity
from cdc.pipeline.park import Parking
from cdc.source.base import Source
from cdc.target.base import Target


@identity
class Way:
    source: Source
    bind: Bind
    queries: Sequence[QueryPlan]
    target: Target
    parking: Parking
    node: str
    """The source database's name in the service file."""
    clock: Callable[[], float]
    rows: int
    """Writes of a batch."""
