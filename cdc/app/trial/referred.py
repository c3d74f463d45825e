"""Writes of a trial to the same with what their references find on the target now: look-ups and crosswalk entries, read and never made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

from cdc.app.trial.adopted import Adopting
from cdc.app.trial.beside import Find, finding
from cdc.app.trial.look import Look, crosswalk_by
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.model.change import ABSENT, Row
from cdc.model.errors import BadRow
from cdc.model.reference import Lookup, Missing, Ref, Reference, Xref
from cdc.model.table import Table
from cdc.model.value import value
from cdc.model.write import Write
from cdc.sql.crosswalk import source_key


class New(Enum):
    """The value of a key that the target has yet to get."""

    NEW = "made with the row"


@value
class Filled:
    """A write's key, None when no row can have it, and its image."""

    key: Row | None
    image: tuple[Any, ...] | None
    adopted: bool = False
    """The key is that of a row which is there and nobody's yet."""


_Finds: TypeAlias = Mapping[Reference, Find]


def filled(look: Look, writes: Sequence[Write], adopting: Adopting) -> Iterator[Filled | BadRow]:
    """Yield each write's key and image with values in place of references, or why it can't be written."""
    finds = _finds(look, writes)
    for write in writes:
        try:
            image = None if write.image is None else tuple(_value(look, finds, one) for one in write.image)
            yield _adopted(look, adopting, image) or Filled(_key(look, finds, write.key), image)
        except BadRow as error:
            yield error


def _adopted(look: Look, adopting: Adopting, image: tuple[Any, ...] | None) -> Filled | None:
    """Return a new row that is there already; None where there is no such thing."""
    owner = next((one for one in look.plan.target.references if isinstance(one, Xref) and one.match), None)
    if owner is None or image is None or New.NEW not in [image[at] for at in look.plan.target.key]:
        return None
    key = adopting.key(owner, image)
    return None if key is None else Filled((key,), tuple(key if one is New.NEW else one for one in image), adopted=True)


def _finds(look: Look, writes: Sequence[Write]) -> _Finds:
    asked: dict[Reference, dict[Row, None]] = defaultdict(dict)
    for write in writes:
        for one in (*write.key, *(write.image or ())):
            given: object = one
            if isinstance(given, Ref) and None not in given.texts:
                asked[given.reference][_asked(look, given)] = None
    return {
        reference: finding(look.beside, _table(look, reference), list(keys)) for reference, keys in asked.items() if _there(look, reference)
    }


def _asked(look: Look, ref: Ref) -> Row:
    if not isinstance(ref.reference, Xref):
        return ref.texts
    return (*(look.crosswalk or ()), ref.reference.entity, look.line.source.name, source_key(ref.texts))


def _table(look: Look, reference: Reference) -> Table:
    if isinstance(reference, Xref):
        return crosswalk_by(look, "entity", "node", "source_key")
    columns = reference.table.columns
    return Table(reference.table.name, columns, tuple(columns.index(column) for column in reference.by))


def _there(look: Look, reference: Reference) -> bool:
    """The crosswalk's table is made by `setup`."""
    return isinstance(reference, Lookup) or look.crosswalk is not None


def _key(look: Look, finds: _Finds, key: Row) -> Row | None:
    made = tuple(_value(look, finds, one) for one in key)
    return None if any(isinstance(one, New) or one is ABSENT for one in made) else made


def _value(look: Look, finds: _Finds, given: object) -> Any:
    if not isinstance(given, Ref):
        return given
    reference = given.reference
    rows = finds[reference](_asked(look, given)) if reference in finds and None not in given.texts else ()
    where = f"mapping {look.spec.name}: column '{reference.column}'"
    if len(rows) == 1:
        text = rows[0]["target_key" if isinstance(reference, Xref) else reference.take.name]
        try:
            return reference.fit(text) if reference.fit and isinstance(text, str) else text
        except BadValue as error:
            raise BadRow(f"{where}: {error}") from None
    if isinstance(reference, Xref):
        if reference.maker is not None:
            return New.NEW
        raise BadRow(f"{where}: the crosswalk has no entry of '{reference.entity}' for what the row refers to")
    if reference.missing is Missing.PARK or rows:
        raise BadRow(
            f"{where}: {'several rows' if rows else 'no row'} of {reference.table.name} {'agree' if rows else 'agrees'} with what is looked up"
        )
    return None if reference.missing is Missing.NULL else ABSENT
