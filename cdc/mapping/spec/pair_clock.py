"""A pair of mappings written by hand whose columns go by a clock: what keeps both sides from choosing the same row."""

from __future__ import annotations

from collections.abc import Iterator

from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.pair import Pair, beside, both_write

_ADVICE = "write `owner: newest` in both, or `owner: source` in one and `owner: target` in the other"


def unlike_clocks(pair: Pair) -> Iterator[Problem]:
    """Warn of columns that go by the clock one way only, of clocks that are not each other's, and of ties that both sides win or lose."""
    there, back = pair.forward.newest(), pair.back.newest()
    shared = both_write(pair)
    clocks = [spec.clock.column if spec.clock else "" for spec in (pair.forward, pair.back)]
    for name, column in shared:
        if (name in there) is not (column in back) and name != clocks[0] and column != clocks[1]:
            spec, own = (pair.forward, name) if name in there else (pair.back, column)
            message = f"column '{own}' goes by the clock one way only: the other direction's mapping writes every change"
            yield spec.place(own).warning("newest-one-way", message, _ADVICE)
    if not any(name in there and column in back for name, column in shared) or not (pair.forward.clock and pair.back.clock):
        return
    place, other = pair.forward.document.at(pair.forward.clock.path), pair.back.document.at(pair.back.clock.path)
    where = beside(other, place)
    if (pair.forward.clock.column, pair.back.clock.column) not in shared:
        message = f"the clock '{pair.forward.clock.column}' and '{pair.back.clock.column}'{where} are not made of each other: each side goes by another time"
        yield place.warning("unlike-clocks", message, "let each be the other's column, so that both sides compare the same two times")
    elif pair.forward.clock.ties == pair.back.clock.ties:
        theirs = "keeps the other's" if pair.forward.clock.ties == "source" else "keeps its own"
        message = (
            f"`ties: {pair.forward.clock.ties}` stands in both directions{where}: of two changes with the same time, each side {theirs}"
        )
        yield place.warning("same-ties", message, "write `ties: source` in one of them and `ties: target` in the other")
