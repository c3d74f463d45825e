"""New rows of plans with a `match` → those of the target's rows that they are already, and the entries that say so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from cdc.model.change import ABSENT, Value
from cdc.model.errors import BadRow, Incomplete, key_text
from cdc.model.reference import Match, Missing, Ref, Xref
from cdc.model.write import TargetPlan, Write
from cdc.sql.crosswalk import source_key
from cdc.target.crosswalk import Entries
from cdc.target.plans import Plans, key_ref
from cdc.target.store import Found, Store, Texts
from cdc.target.tally import Tally

New: TypeAlias = Mapping[TargetPlan, Mapping[str, Write]]
"""Plan → source key → the first write of each row without an entry."""
_Asked: TypeAlias = Sequence[tuple[Write, Texts]]


class Adoption:
    """One run's. `value` gives what a reference finds; of the crosswalk's, those that have an entry are asked for."""

    def __init__(self, plans: Plans, store: Store, entries: Entries, value: Callable[[Ref, Write], Value | Missing]) -> None:
        self._plans, self._store, self._entries, self._value = plans, store, entries, value
        self._vain: dict[Match, list[tuple[Write, Texts]]] = defaultdict(list)
        self._adopted: Counter[str] = Counter()

    def adopt(self, new: New) -> None:
        """Give the rows that are there already their entries: way after way, all rows at once.

        A row that is matched by what it refers to waits for the entries of that. Those which then have none are new, and no row of the target
        can refer to what is yet to be made.
        """
        waiting = {plan: [list(writes.values()), *([] for _ in self._ways(plan))] for plan, writes in new.items() if self._ways(plan)}
        again = True
        while again:
            adopted = [self._way(plan, at, stages) for plan, stages in waiting.items() for at in range(len(stages) - 1)]
            again = any(adopted)

    def _way(self, plan: TargetPlan, at: int, stages: list[list[Write]]) -> bool:
        """Try one way for those that wait for it and can be compared; the others go on to the next. Return whether any row was adopted."""
        match, places = self._ways(plan)[at]
        ready = [write for write in stages[at] if self._is_known(write, places)]
        adopted = self._matched(plan, match, places, ready) if ready else set()
        tried = set(map(id, ready))
        stages[at + 1] += [write for write in ready if id(write) not in adopted]
        stages[at] = [write for write in stages[at] if id(write) not in tried]
        return bool(adopted)

    def prove(self, *, alone: bool) -> None:
        """Ask again for what was not there, now that the run is applied: another row of the run may agree with it.

        In memory nobody could say so, since the target's collation knows which texts are equal. A row that was `alone` in its run has no other.
        """
        for match, asked in {} if alone else self._vain.items():
            found = self._agreeing(match, asked)
            for write, texts in asked:
                others = [key for key in found.get(texts, ()) if key != self._entries.target_key(key_ref(write))]
                if others:
                    raise _refused(write, match, _OTHERS, _MERGE)

    def count(self, tally: Tally) -> None:
        for mapping, rows in self._adopted.items():
            tally.adopt(mapping, rows)

    def _ways(self, plan: TargetPlan) -> tuple[tuple[Match, tuple[int, ...]], ...]:
        return self._plans.facts[plan].matches

    def _is_known(self, write: Write, places: Sequence[int]) -> bool:
        refs = (one for one in _given(write, places) if isinstance(one, Ref) and isinstance(one.reference, Xref))
        return all(self._entries.target_key(ref) is not None for ref in refs)

    def _texts(self, write: Write, places: Sequence[int]) -> Texts:
        found = [self._value(one, write) if isinstance(one, Ref) else one for one in _given(write, places)]
        return tuple(text if isinstance(text, str) else None for text in found)

    def _agreeing(self, match: Match, asked: _Asked) -> Found:
        return self._store.agreeing(match, list(dict.fromkeys(texts for _, texts in asked))) if asked else {}

    def _matched(self, plan: TargetPlan, match: Match, places: Sequence[int], writes: Sequence[Write]) -> set[int]:
        """Record the entries of those with which a row agrees; return their identities."""
        if lacking := [write for write in writes if ABSENT in _given(write, places)]:
            raise Incomplete(lacking)
        facts, asked = self._plans.facts[plan], [(write, self._texts(write, places)) for write in writes]
        asked = [(write, texts) for write, texts in asked if None not in texts]
        found = self._agreeing(match, asked)
        taken = set(self._entries.taken(facts.rivals, [str(key) for keys in found.values() for key in keys]))
        made: dict[str, str] = {}
        adopted: set[int] = set()
        for write, texts in asked:
            rows = found.get(texts, ())
            if len(rows) > 1:
                raise _refused(write, match, "several rows agree with it", _SEVERAL)
            if not rows:
                self._vain[match].append((write, texts))
                continue
            if (key := str(rows[0])) in taken:
                raise _refused(write, match, _OTHERS, _MERGE)
            taken.add(key)
            made[source_key(key_ref(write).texts)] = key
            adopted.add(id(write))
        if made and facts.owner is not None:
            self._entries.record(facts.owner.entity, made)
            self._adopted[plan.mapping] += len(made)
        return adopted


def _given(write: Write, places: Sequence[int]) -> list[object]:
    assert write.image is not None
    return [write.image[at] for at in places]


_OTHERS = "the row that agrees with it is another source row's already"
_SEVERAL = "Let `match` go by more columns, make one of these rows, or say which it is: `cdc xref set`."
_MERGE = "Let `match` go by more columns, or, where both source rows are one: `cdc xref set` gives this one the other's target key."


def _refused(write: Write, match: Match, why: str, hint: str) -> BadRow:
    by = ", ".join(column.name for column in match.by)
    return BadRow(f"mapping {write.plan.mapping}: {match.table.name} (key {key_text(write.key)}): {why} on {by}", hint)
