"""Plans with a clock → what MySQL and MariaDB are asked, and told, so that a row keeps what is newer than a write.

No statement compares a time that it sets: in which order an update over several tables sets its columns is not promised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cdc.model.change import Row
from cdc.model.value import value
from cdc.model.write import Newest, TargetPlan
from cdc.sql.mysql_literals import agrees, encoded, literals
from cdc.sql.mysql_stamps import spared
from cdc.sql.names import my_name, my_table


@value
class Newer:
    """How a single row is written to one that may be newer."""

    ask: Callable[[Row], bytes]
    """A row → the query whether it is later than the one that is there, and whether they differ in what goes by the time; where goes behind it."""
    spare: Callable[[Row], bytes]
    """A row → `update … set …` of all else."""


def newer(plan: TargetPlan, mask: Sequence[int]) -> Newer | None:
    """Return None for plans without a clock."""
    if plan.newest is None:
        return None
    newest, table = plan.newest, my_table(plan.table.name)
    made = [(i, place, plan.columns[i], literals(plan.columns[i])) for place, i in enumerate(mask)]
    timed = [(i, place, column, write) for i, place, column, write in made if i in newest.columns]
    clock = my_name(plan.columns[newest.clock].name)
    rest = [(place, column, write) for i, place, column, write in made if i not in newest.columns and i not in plan.once]
    unnamed = spared(plan, [column.name for _, column, _ in rest])

    def ask(row: Row) -> bytes:
        given = {i: write([row[place]])[0] for i, place, _, write in timed}
        late = later(newest, given[newest.clock], clock) if newest.clock in given else "false"
        same = " and ".join(agrees(column, given[i]) for i, _, column, _ in timed) or "true"
        return encoded(f"select {late}, not ({same}) from {table}")

    def spare(row: Row) -> bytes:
        given = (f"{my_name(column.name)} = {write([row[place]])[0]}" for place, column, write in rest)
        return encoded(f"update {table} set {', '.join([*given, *unnamed])}")

    return Newer(ask, spare)


def settle(plan: TargetPlan, mask: Sequence[int], joined: str) -> str:
    """Return what gives staged rows `s` what newer rows `t` are to keep; nothing where they hold nothing that goes by the time."""
    if plan.newest is None or plan.newest.columns.isdisjoint(mask):
        return ""
    clock = my_name(plan.columns[plan.newest.clock].name)
    names = [my_name(plan.columns[i].name) for i in mask if i in plan.newest.columns]
    late = later(plan.newest, f"s.{clock}", f"t.{clock}") if plan.newest.clock in mask else "false"
    return f"update {joined} set {', '.join(f's.{name} = t.{name}' for name in names)} where not {late}"


def later(newest: Newest, given: str, there: str) -> str:
    """Return the condition, true or false, that one time is later than another."""
    if newest.ties:
        return f"ifnull({there} is null or {given} >= {there}, false)"
    return f"ifnull({given} > {there} or ({there} is null and {given} is not null), false)"
