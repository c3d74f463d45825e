"""A run's writes → the same with values in place of their `Ref`s."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.model.change import Op, Row, Value
from cdc.model.errors import BadRow, key_text
from cdc.model.reference import Lookup, Missing, Ref, Xref
from cdc.model.write import Write
from cdc.target.adoption import Adoption
from cdc.target.crosswalk import Entries
from cdc.target.making import make, new_rows
from cdc.target.plans import Plans, refs, refs_of
from cdc.target.store import Store, Texts
from cdc.target.tally import Tally


class Filling:
    """One batch on its way. What it found by look-ups holds for a run, the crosswalk's entries for the batch."""

    def __init__(self, plans: Plans, store: Store, entries: Entries) -> None:
        self._plans, self._store, self._entries = plans, store, entries
        self._found: dict[Ref, Sequence[Value]] = {}
        self._originals: dict[int, tuple[Write, Write]] = {}
        self._adoption: Adoption | None = None

    def original(self, write: Write) -> Write:
        """Return the write from which a filled one came."""
        return self._originals[id(write)][1] if id(write) in self._originals else write

    def filled(self, writes: Sequence[Write], tally: Tally) -> Sequence[Write]:
        """Find what the run refers to, make what is new, and return its writes filled. Deletes of what was never there fall away."""
        self._look_up(writes)
        writes = [self._unmoved(write) for write in writes]
        self._adopt(writes)
        created = make(self._plans, self._store, self._entries, writes, partial(self._image, own=False))
        made: list[Write] = []
        for write in writes:
            if id(write) in created:
                tally.add(write.plan.mapping, Op.INSERT)
            elif (filled := self._fill(write)) is None:
                tally.add(write.plan.mapping, None)
            else:
                made.append(filled)
        return made

    def applied(self, run: Sequence[Write], tally: Tally) -> None:
        """The run's filled writes are applied: what it adopted counts, unless one of its rows should have been adopted by another."""
        if self._adoption is not None:
            self._adoption.prove(alone=len(run) == 1)
            self._adoption.count(tally)

    def _adopt(self, writes: Sequence[Write]) -> None:
        self._adoption = None
        if self._plans.adopt and (new := new_rows(self._plans, self._entries, writes)):
            self._adoption = Adoption(self._plans, self._store, self._entries, self._value)
            self._adoption.adopt(new)

    def _look_up(self, writes: Sequence[Write]) -> None:
        asked: dict[Lookup, dict[Texts, Ref]] = defaultdict(dict)
        for write in writes:
            for ref in refs_of(self._plans.facts[write.plan], write):
                if isinstance(ref.reference, Lookup) and None not in ref.texts:
                    asked[ref.reference][ref.texts] = ref
        self._found = {}
        for lookup, looked in asked.items():
            found = self._store.find(lookup, list(looked))
            self._found |= {ref: found.get(texts, ()) for texts, ref in looked.items()}

    def _unmoved(self, write: Write) -> Write:
        """A source key changes: the row keeps its target key, and its entry gets the new source key, unless that one has a row, too.

        Where the old key can't be found, there is no old row.
        """
        if write.moved is None:
            return write
        if self._plans.facts[write.plan].owner is None:
            return self._instead(write, replace(write, moved=self._key_there(write.moved, write)))
        old, new = next(refs(write.moved)), next(refs(write.key))
        if self._entries.target_key(old) is not None and self._entries.target_key(new) is not None:
            return self._instead(write, replace(write, moved=None if self._entries.let_go(old) else self._key_there(write.moved, write)))
        if self._entries.target_key(old) is not None:
            self._entries.rename(old, new)
        return self._instead(write, replace(write, moved=None))

    def _fill(self, write: Write) -> Write | None:
        """Return the write with values; None: it would delete what is not there."""
        if not self._plans.facts[write.plan].spots:
            return write
        if write.image is not None:
            return self._image(write)
        if self._plans.facts[write.plan].owner is not None and self._entries.let_go(next(refs(write.key))):
            return None
        key = self._key_there(write.key, write)
        return None if key is None else self._instead(write, replace(write, key=key))

    def _image(self, write: Write, *, own: bool = True) -> Write:
        """Fill in the image, and the key from it; `own` false: but for the key that the row has yet to get."""
        assert write.image is not None
        plan, values, kept = write.plan, list(write.image), []
        for at in self._plans.facts[plan].spots:
            one: object = values[at]
            if isinstance(one, Ref) and (own or at not in plan.key):
                found = self._value(one, write)
                if isinstance(found, Missing):
                    kept.append(at)
                else:
                    values[at] = found
        key = tuple(values[at] for at in plan.key)
        if own and None in key:
            raise BadRow(
                f"mapping {plan.mapping}: {plan.table.name}: the key is NULL where it is looked up",
                "Let the look-up take a column without NULL.",
            )
        if kept:
            plan = self._plans.without(plan, tuple(kept))
            values = [text for at, text in enumerate(values) if at not in kept]
        return self._instead(write, Write(plan, key, tuple(values), write.moved, write.change))

    def _instead(self, write: Write, made: Write) -> Write:
        """Remember which write it was."""
        self._originals[id(made)] = made, self.original(write)
        return made

    def _key_there(self, key: Row, write: Write) -> Row | None:
        """Return a key with values; None when something in it can't be found, so that no row has it."""
        values: list[Value] = []
        for text in key:
            one: object = text
            found = self._look(one) if isinstance(one, Ref) else (text,)
            if not found or found[0] is None:
                return None
            values.append(_only(one, found, write) if isinstance(one, Ref) else text)
        return tuple(values)

    def _look(self, ref: Ref) -> Sequence[Value]:
        """Return the values found: none, one, or several."""
        if isinstance(ref.reference, Lookup):
            return self._found.get(ref, ())
        key = self._entries.target_key(ref)
        return () if key is None else (key,)

    def _value(self, ref: Ref, write: Write) -> Value | Missing:
        found = self._look(ref)
        if found:
            return _only(ref, found, write)
        return None if _rule(ref, write) is Missing.NULL else Missing.KEEP


def _only(ref: Ref, found: Sequence[Value], write: Write) -> Value:
    """Return the one value that was found, as the column has it. Raises `BadRow`."""
    if len(found) > 1:
        message = f"{_where(ref, write)}: several rows of {_table(ref)} agree with what is looked up"
        raise BadRow(message, "Let the look-up go by columns that name one row.")
    fit = ref.reference.fit
    try:
        return fit(found[0]) if fit is not None and isinstance(found[0], str) else found[0]
    except BadValue as error:
        raise BadRow(f"{_where(ref, write)}: {error}", "Mend the row that was found on the target, or the mapping.") from None


def _rule(ref: Ref, write: Write) -> Missing:
    """Return what to do where nothing was found. Raises `BadRow` where that is refused."""
    reference, where = ref.reference, _where(ref, write)
    if isinstance(reference, Xref):
        message = f"{where}: the crosswalk has no entry of '{reference.entity}' for what the row refers to"
        hint = f"Is that row mapped, and does `where` take it? `cdc xref get {reference.entity}` shows the entries."
        raise BadRow(message, hint, waits=True)
    if reference.missing is Missing.PARK:
        message = f"{where}: {reference.table.name} has no row that agrees with what is looked up"
        hint = "Make that row on the target, or write `missing: keep` or `missing: null` in the mapping."
        raise BadRow(message, hint, waits=True)
    return reference.missing


def _table(ref: Ref) -> str:
    return str(ref.reference.table.name) if isinstance(ref.reference, Lookup) else "the crosswalk"


def _where(ref: Ref, write: Write) -> str:
    return f"mapping {write.plan.mapping}: {write.plan.table.name}: column '{ref.reference.column}' (key {key_text(write.key)})"
