"""Columns with a remedy, or that a check reads, to the lines of a generated function that make and mend them, one by one, before the image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from cdc.mapping.column import Item
from cdc.mapping.expression.emit import Emitter
from cdc.mapping.expression.node import columns_of
from cdc.mapping.remedy import WRITTEN
from cdc.mapping.spec.mapping import OnFail

Line: TypeAlias = tuple[str, int, str]
"""Text, depth, and the target column that it makes."""
_UNTRUE = "BadValue('its check is not true')"


def held(items: Sequence[Item]) -> Sequence[int]:
    """Return the items whose values are needed before the image is made."""
    checks = [item.remedy.check for item in items if item.remedy and item.remedy.check]
    read = {column - WRITTEN for check in checks for column in columns_of(check)}
    return [at for at, item in enumerate(items) if item.remedy or at in read]


def variable(at: int) -> str:
    return f"c{WRITTEN + at}"


def lines(
    emitter: Emitter, items: Sequence[Item], values: Mapping[int, str], unless: Mapping[int, str], *, partial: bool
) -> Iterator[Line]:
    """Yield what makes and mends the held values.

    `values` are their expressions, `unless` the conditions under which they are absent; of partial rows, others may be absent too.
    """
    for at, code in values.items():
        depth = 2
        if at in unless:
            yield f"if {unless[at]}:", 2, ""
            yield f"{variable(at)} = ABSENT", 3, ""
            yield "else:", 2, ""
            depth = 3
        yield from _made(emitter, at, items[at], code, depth)
    for at in values:
        yield from _checked(emitter, at, items[at], partial=partial)


def _made(emitter: Emitter, at: int, item: Item, code: str, depth: int) -> Iterator[Line]:
    said, assigned = f"column '{item.column}'", f"{variable(at)} = {code}"
    on_fail = item.remedy.on_fail if item.remedy else OnFail.PARK
    if on_fail not in (OnFail.NULL, OnFail.HALT):
        yield assigned, depth, said
        return
    yield "try:", depth, ""
    yield assigned, depth + 1, said
    if on_fail is OnFail.NULL:
        yield "except DATA_ERRORS:", depth, ""
        yield f"{variable(at)} = None", depth + 1, ""
    else:
        yield "except DATA_ERRORS as error:", depth, ""
        yield f"raise halted({emitter.bind('k', said)}, error) from None", depth + 1, ""


def _checked(emitter: Emitter, at: int, item: Item, *, partial: bool) -> Iterator[Line]:
    if item.remedy is None or item.remedy.check is None:
        return
    check, said, depth = item.remedy.check, f"column '{item.column}'", 2
    others = [f"c{column}" for column in sorted(columns_of(check)) if column != WRITTEN + at]
    if partial:
        yield f"if {variable(at)} is not ABSENT:", 2, ""
        depth = 3
    if partial and others:
        yield f"if {' or '.join(f'{name} is ABSENT' for name in others)}:", depth, ""
        yield f"raise missing({emitter.bind('k', f'the check of {said}')})", depth + 1, said
    yield f"if {emitter.test(check, wanted=False)}:", depth, said
    yield _mended(emitter, at, item, said), depth + 1, said


def _mended(emitter: Emitter, at: int, item: Item, said: str) -> str:
    assert item.remedy
    match item.remedy.on_fail:
        case OnFail.PARK | OnFail.REPLACE:
            return f"raise {_UNTRUE}"
        case OnFail.HALT:
            return f"raise halted({emitter.bind('k', said)}, {_UNTRUE})"
        case OnFail.NULL:
            return f"{variable(at)} = None"
        case OnFail.TRUNCATE:
            return f"{variable(at)} = {variable(at)}[:{item.remedy.limit}]"
