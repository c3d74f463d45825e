"""A mapping file's `clock` and `owner: newest` to what goes by the time, and what is wrong with them as far as the file tells."""

from __future__ import annotations

from collections.abc import Iterator

from cdc.mapping.files.clock import ClockFile
from cdc.mapping.files.problem import Problem, did_you_mean
from cdc.mapping.spec.mapping import Clock, MappingSpec, Moment, OnFail, Sought
from cdc.model.write import Deletes

_ADVICE = "write `clock: changed_at`: the target column that has the time of the row's last change"


def clock(given: ClockFile) -> Clock | None:
    """Return what the file says of it."""
    if isinstance(given, str):
        return Clock(given, "source", ("clock",)) if given else None
    return Clock(given.column, given.ties, ("clock", "column"))


def check_clock(spec: MappingSpec) -> Iterator[Problem]:
    """Find columns that go by a time when there is none, and times that tell nothing."""
    newest = [name for name, options in spec.options.items() if options.newest]
    if spec.clock is None:
        for name in newest[:1] if "clock" not in spec.document.data else ():
            place = spec.document.at(("columns", name, "owner"))
            yield place.problem("no-clock", "'owner: newest' needs a clock: which of two changes is the later one?", _ADVICE)
        return
    if not newest:
        message = "'clock' has no effect: no column goes by it"
        yield spec.document.at_key(("clock",)).problem("unused-key", message, "write `owner: newest` for the columns that do, or remove it")
    yield from _clock(spec, spec.clock)
    for name in newest if spec.deletes is Deletes.SOFT else ():
        if name in spec.soft_delete:
            message = f"a deleted row brings no time, so '{name}', which marks it, can't be the newest"
            advice = "remove `owner`; or let it be a column like others, without `deletes: soft`, and rows are marked by the later change"
            yield spec.document.at(("columns", name, "owner")).problem("bad-clock", message, advice)


def _clock(spec: MappingSpec, clock: Clock) -> Iterator[Problem]:
    place, options = spec.document.at(clock.path), spec.options.get(clock.column)
    if clock.column not in spec.columns:
        advice = did_you_mean(clock.column, spec.columns) or "the mapping writes the time, so that the row has it"
        yield place.problem("unknown-column", f"the mapping has no column '{clock.column}'", advice)
    elif clock.column in spec.key:
        message = f"the key '{clock.column}' names the row: it tells nothing of its last change"
        yield place.problem("bad-clock", message, "name a column that changes with the row")
    elif clock.column in spec.soft_delete and spec.deletes is Deletes.SOFT:
        yield place.problem("bad-clock", f"a soft delete sets '{clock.column}', and it is no time of the row's", "name another column")
    elif isinstance(spec.columns[clock.column], Sought):
        message = f"'{clock.column}' is looked up on the target: it is no time of the source's row"
        yield place.problem("bad-clock", message, "name a column that the source's row gives")
    elif options is not None and options.write is not Moment.ALWAYS:
        message = f"'{clock.column}' is not written whenever the row changes"
        yield place.problem("bad-clock", message, "remove its `write` or `owner`: the time goes with the row")
    elif options is not None and options.on_fail not in {OnFail.PARK, OnFail.HALT}:
        message = f"'{clock.column}' would become another time, and the row an older or a newer one"
        yield spec.document.at_key(("columns", clock.column, "on_fail")).problem(
            "bad-clock", message, "write `on_fail: park`, or remove it"
        )
