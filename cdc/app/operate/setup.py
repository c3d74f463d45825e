"""What `setup` and `teardown` do on a pipeline's servers: statements with the database that each is for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing

import structlog

from cdc.app.build import Line
from cdc.failpoint import reach
from cdc.mapping.plan import Plan
from cdc.model.errors import Denied, Held, Misconfigured
from cdc.model.value import value
from cdc.source.base import SourceAdmin
from cdc.source.probe import Probe
from cdc.target.base import TargetAdmin
from cdc.target.reference import crosswalked

_ONE_AT_A_TIME = threading.Lock()
"""`create schema if not exists` by two sessions at once fails for one of them."""

_SLOW = 5.0


@value
class Statement:
    database: str
    text: str
    admin: SourceAdmin | TargetAdmin | Probe

    def sql(self) -> str:
        """Return it with the database that it is for, ready to be pasted."""
        return f"-- on {self.database}:\n{self.text};"

    def run(self) -> None:
        """Execute it; where that takes long, say why."""
        slow = threading.Timer(_SLOW, _say_slow, (self.database,))
        slow.daemon = True
        slow.start()
        try:
            self.admin.execute(self.text)
        finally:
            slow.cancel()


def _say_slow(database: str) -> None:
    structlog.get_logger().info("still at it: a new slot waits for the end of all transactions that write now", database=database)


def upgrade(line: Line, plan: Plan) -> Iterator[Statement]:
    """Bring our own tables on the target to the layout that this version knows, and yield each statement before it runs.

    Raises `Denied`, with the statement, where our account may not.
    """
    with _ONE_AT_A_TIME, closing(line.target_admin()) as target:
        for text in target.setup(crosswalk=crosswalked(plan.targets)):
            statement = Statement(line.target.name, text, target)
            yield statement
            try:
                statement.run()
            except (Denied, Misconfigured) as error:
                raise Denied(f"our own tables are of an older version, and our account may not mend that: {error}", f"{text};") from error


def setting_up(line: Line, plan: Plan, source: SourceAdmin, target: TargetAdmin, probe: Probe) -> Sequence[Statement]:
    """Return what is still needed. The target comes first: a slot that nobody reads yet holds back the source's log."""
    return [
        *(Statement(line.target.name, text, target) for text in target.setup(crosswalk=crosswalked(plan.targets))),
        *(Statement(line.source.name, text, probe) for text in (probe.setup() if line.protection.heartbeat else ())),
        *(Statement(line.source.name, text, source) for text in source.setup(plan.sources)),
    ]


def tearing_down(line: Line, source: SourceAdmin, target: TargetAdmin, probe: Probe, *, crosswalk: bool = False) -> Sequence[Statement]:
    """Return what removes it, with the last pipeline the crosswalk too if so wanted. The source comes first: what is left there costs disk. Raises `Held` while somebody runs the pipeline."""
    if (holder := target.holder()) is not None:
        raise Held(f"{line.name} is run by {holder}", "Stop it first: systemctl stop, or Ctrl-C where it runs.")
    return [
        *(Statement(line.source.name, text, source) for text in source.teardown()),
        *(Statement(line.source.name, text, probe) for text in probe.teardown()),
        *(Statement(line.target.name, text, target) for text in target.teardown(crosswalk=crosswalk)),
    ]


def set_up(line: Line, plan: Plan) -> Iterator[Statement]:
    """Do what is still needed, and yield each statement before it runs."""
    with _ONE_AT_A_TIME, line.admins() as (source, target), closing(line.probe()) as probe:
        for statement in setting_up(line, plan, source, target, probe):
            yield statement
            statement.run()
            if statement.admin is source:
                reach("setup.slot_created")
