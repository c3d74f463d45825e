"""A plan to the statements that write its rows on PostgreSQL, by what they do, for people."""

from __future__ import annotations

from collections.abc import Mapping

from cdc.model.endpoint import Endpoint
from cdc.model.write import Deletes, TargetPlan
from cdc.sql import postgresql as sql
from cdc.sql.reference import pg_agreeing
from cdc.target.plans import ways


def statements(_: Endpoint, plan: TargetPlan) -> Mapping[str, str]:
    """Return them for rows that carry all columns. `$n` is an array of the column's values; large batches come from a staged table."""
    whole = range(len(plan.columns))
    shown = {f"match {name}": pg_agreeing(match) for name, match in ways(plan)}
    shown |= {"upsert": sql.upsert(plan, whole), "change of key": sql.move(plan, whole)}
    return shown if plan.deletes is Deletes.IGNORE else {**shown, "delete": sql.remove(plan)}
