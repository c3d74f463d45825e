"""What an error code of a server means for us: a row of an engine's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdc.model.errors import BadRow, CdcError, Denied, Misconfigured, Transient, Unreachable
from cdc.model.value import value


@value
class Rule:
    """Codes that mean the same. SQLSTATEs may be classes, which have two characters: the longer code counts."""

    codes: tuple[str, ...]
    kind: type[CdcError]
    meaning: str
    hint: str = ""


def rule(codes: str, kind: type[CdcError], meaning: str, hint: str = "") -> Rule:
    """Write a row: the codes with blanks between."""
    return Rule(tuple(codes.split()), kind, meaning, hint)


def kinds(rules: Sequence[Rule]) -> Mapping[str, type[CdcError]]:
    return {code: each.kind for each in rules for code in each.codes}


def hints(rules: Sequence[Rule]) -> Mapping[str, str]:
    return {code: each.hint for each in rules if each.hint for code in each.codes}


OUTCOMES: Mapping[type[CdcError], str] = {
    Transient: "tried again",
    Unreachable: "connected anew, tried again",
    BadRow: "the row's",
    Denied: "stops, 77",
    Misconfigured: "stops, 78",
    CdcError: "stops, 1",
}
"""What follows, for people."""
