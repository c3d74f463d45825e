"""A value map to the same entries read from right to left, where no two of them meet there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from cdc.mapping.files.document import Data, Document, Path, Spot
from cdc.mapping.files.draft import Draft, scalar_text
from cdc.mapping.files.problem import Place
from cdc.mapping.files.shape import Scalar
from cdc.mapping.spec.mapping import Entry, Mapped


def collision(entries: Sequence[Entry]) -> tuple[str, Place] | None:
    """Return which two texts become one value, and where the second says so. NULL stays NULL where no entry says anything else."""
    first: dict[str | None, str | None] = {} if any(entry.texts == (None,) for entry in entries) else {None: None}
    for entry in entries:
        made, (text,) = _text(entry.value), entry.texts
        alike = str(entry.value.normalize()) if isinstance(entry.value, Decimal) else made
        if first.setdefault(alike, text) != text:
            return f"{_shown(first[alike])} and {_shown(text)} both become {_shown(made)}", entry.place
    return None


def inverted(draft: Draft, document: Document, given: Mapped, name: str) -> None:
    """Write the map `given` uses the other way round, as `name`."""
    path: Path = ("maps", given.map)
    written = document.data.get("maps")
    there = written.get(given.map) if isinstance(written, dict) else None
    pairs: list[tuple[str | None, Scalar]] = [(_text(entry.value), entry.texts[0]) for entry in given.entries]
    made: Data = (
        [[value, text] for value, text in pairs]
        if any(value is None for value, _ in pairs)
        else {str(value): text for value, text in pairs}
    )
    draft.write(("maps", name), made, draft.at_key(path), draft.at_key(path))
    for at, ((value, text), (left, right)) in enumerate(zip(pairs, _places(draft, path, there, len(pairs)), strict=True)):
        if isinstance(made, list):
            draft.point(("maps", name, at, 0), right)
            draft.point(("maps", name, at, 1), left)
        else:
            draft.write(("maps", name, str(value)), text, right, left)


def _places(draft: Draft, path: Path, there: Data, count: int) -> list[tuple[Spot, Spot]]:
    """Where text and value of each entry stand; those of a file, where that is named."""
    if isinstance(there, list):
        return [(draft.at((*path, at, 0)), draft.at((*path, at, 1))) for at in range(count)]
    if isinstance(there, Mapping) and "file" not in there:
        return [(draft.at_key((*path, text)), draft.at((*path, text))) for text in there]
    return [(draft.at((*path, "file")),) * 2] * count


def _text(given: Scalar) -> str | None:
    return None if given is None else scalar_text(given)


def _shown(text: str | None) -> str:
    return "NULL" if text is None else f"'{text}'"
