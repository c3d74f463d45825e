"""Times that MySQL and MariaDB set by themselves (`on update current_timestamp`) with each update that changes a row and does not name them."""

from __future__ import annotations

from collections.abc import Collection

from cdc.model.types import Kind
from cdc.model.write import TargetPlan
from cdc.sql.names import my_name

_TIMES = (Kind.TIMESTAMP, Kind.INSTANT)


def spared(plan: TargetPlan, named: Collection[str], table: str = "") -> list[str]:
    """Return the assignments that leave the mapping's times as they are, but for the columns that the update names; `table` goes before names.

    Those that are set only with a new row are the application's own from then on.
    """
    times = (column.name for i, column in enumerate(plan.columns) if column.type.kind in _TIMES and i not in plan.once)
    return [f"{table}{my_name(name)} = {table}{my_name(name)}" for name in times if name not in named]
