"""A pipeline's compiled mappings to one hash: `cdc plan` prints it, `cdc run --plan` holds what it compiles against it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b

from cdc.app.build import Line
from cdc.app.preflight.examined import Examined
from cdc.mapping.plan import RowPlan
from cdc.model.reference import Xref


def pipeline_hash(line: Line, examined: Examined) -> str:
    """Return the hash of all of a pipeline's mappings as they fit the tables now."""
    return plan_hash(list(_bound(line, examined)))


def mapping_hashes(line: Line, examined: Examined) -> Mapping[str, str]:
    """Return the hash of each mapping."""
    plans: dict[str, list[RowPlan]] = {}
    for plan in _bound(line, examined):
        plans.setdefault(plan.target.mapping, []).append(plan)
    return {mapping: plan_hash(bound) for mapping, bound in plans.items()}


def plan_hash(plans: Sequence[RowPlan]) -> str:
    """Return what two sets of compiled mappings have in common only when they do the same to every row."""
    return blake2b("\n".join(sorted(map(_described, plans))).encode(), digest_size=8).hexdigest()


def _bound(line: Line, examined: Examined) -> Iterator[RowPlan]:
    assert examined.plan is not None
    with line.readers() as (reader, _):
        for route in examined.plan.routes:
            table = route.query.result if route.query else reader.shape(examined.source.definitions[route.source])
            yield from (plan for plan in examined.plan.bind(table) if plan.target is route.target)


def _described(plan: RowPlan) -> str:
    target = plan.target
    columns = [(column.name, column.type.native) for column in target.columns]
    marks = [(column.name, text) for column, text in target.soft_delete]
    rules = (target.deletes.value, plan.truncates.value, sorted(target.once), sorted(target.later))
    ways = [[column.name for column in match.by] for one in target.references if isinstance(one, Xref) for match in one.match]
    return json.dumps([target.mapping, str(target.table.name), columns, target.key, marks, rules, ways, plan.text], default=str)
