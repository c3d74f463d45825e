"""A plan to the statements that write its rows on MySQL and MariaDB, by what they do, for people."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from cdc.model.endpoint import Endpoint
from cdc.model.write import Deletes, TargetPlan
from cdc.sql.mysql import Frame
from cdc.sql.reference import my_agreeing
from cdc.target.mysql.session import Session
from cdc.target.mysql.shapes import Shapes
from cdc.target.plans import ways


def statements(endpoint: Endpoint, plan: TargetPlan) -> Mapping[str, str]:
    """Return them for rows that carry all columns, with `…` for tuples of values. The server says which dialect, and whether there are triggers."""
    with closing(Session(endpoint)) as session:
        shapes = Shapes(session)
        keys, upsert = shapes.keys(plan), shapes.upsert(plan, tuple(range(len(plan.columns))))
    shown = {f"match {name}": my_agreeing(match)(0, ["…".encode()] * len(match.by)).decode() for name, match in ways(plan)}
    shown |= {"find": _shown(keys.find), "insert": _shown(upsert.insert)}
    if upsert.payload:
        shown |= {"keep what is newer": upsert.stage.settle} if upsert.stage.settle else {}
        shown["update"] = _shown(upsert.overwrite) if upsert.overwrite else upsert.stage.update
    if plan.deletes is not Deletes.IGNORE:
        shown["delete"] = _shown(keys.soften if plan.deletes is Deletes.SOFT else keys.delete)
    return shown


def _shown(frame: Frame) -> str:
    return f"{frame.head.decode()}…{frame.tail.decode()}"
