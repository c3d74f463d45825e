"""What each mapping was compiled to when rows were last written by it, against what it is compiled to now: whether old rows and new ones differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import structlog

from cdc.app.build import Line
from cdc.app.preflight.examined import Examined
from cdc.app.preflight.plan_hash import mapping_hashes
from cdc.app.state.control import DAEMON, controlled


def repaired(pipeline: str, mappings: Iterable[str]) -> str:
    """Say what makes the rows that are there as new ones will be."""
    return f"`cdc resync {pipeline} {' '.join(mappings)}` writes what differs"


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (mapping, what is news about it), where rows that are there may not be as new ones will be."""
    for mapping, made in now.items():
        if mapping not in before:
            yield mapping, "is new, and rows that the source has already are not loaded"
        elif before[mapping] != made:
            yield mapping, "treats rows otherwise than before, and those that were written keep their old form"


def remembered(line: Line, examined: Examined, *, loaded: bool, held: bool = False) -> Mapping[str, str]:
    """Return the hashes of the mappings, and put them down on the target; say where they are others than those of the rows there.

    `loaded`: whether rows were written by the mappings that were put down before. `held`: somebody else runs the pipeline, so that nothing
    is put down: it is his to say.
    """
    now = mapping_hashes(line, examined)
    with controlled(line, DAEMON) as control:
        before = control.read()[0].mappings
        if before == now or held:
            return now
        news = list(changed(before, now)) if before and loaded else []
        for mapping, what in news:
            structlog.get_logger().warning(
                f"the mapping {mapping} {what}", pipeline=line.name, hint=f"Where old rows matter, {repaired(line.name, [mapping])}."
            )
        control.remember(now, "; ".join(f"{mapping} {what}" for mapping, what in news))
    return now
