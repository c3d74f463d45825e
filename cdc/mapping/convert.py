"""A source type and a target type to what must happen to a value's text on the way: nothing, a function, or a refusal.

A value arrives as it is or not at all: what does not fit is the row's error, what could not fit in general is refused when the mapping is
compiled. Nothing is rounded, cut or guessed; that is what `cast` in the mapping is for.
"""

from __future__ import annotations

from collections.abc import Mapping

from cdc.mapping.expression.runtime.identifier import uuid_in
from cdc.mapping.fit import documents, moments, numbers, texts
from cdc.mapping.fit.rule import Convert, Rule, Unfit, ZonedRule, always, same, unfit
from cdc.mapping.fit.texts import cutter
from cdc.model.types import Kind, Type, Zones
from cdc.model.value import value

__all__ = ["PAIRS", "UTC", "Convert", "Pair", "Unfit", "converter", "cutter"]

NOWHERE, UTC = Zones(), Zones("UTC", "UTC")
"""Nobody has said where a clock is; what a constant in a mapping means by one."""


def converter(source: Type, target: Type, zones: Zones = NOWHERE) -> Convert | Unfit | None:
    """Choose what turns a source value's text into the target's; None: the text stays as it is."""
    pair = PAIRS.get((source.kind, target.kind))
    if pair is None:
        return unfit(source, target)
    return pair.zoned(source, target, zones) if pair.zoned else pair.rule(source, target)


@value
class Pair:
    """How values of one kind become values of another."""

    rule: Rule
    how: str
    """What is done to a value, or looked at, where a pair of types is not simply copied."""
    zoned: ZonedRule | None = None
    """Stands for `rule` where time zones matter."""


def _zoned(rule: ZonedRule, how: str) -> Pair:
    return Pair(same, how, rule)


_LENGTH = "must not be too long"
_LABEL = "must be one of the labels"
_QUERY = "take it as text by a `query` of the mapping"
PAIRS: Mapping[tuple[Kind, Kind], Pair] = {
    (Kind.INT, Kind.INT): Pair(numbers.int_to_int, "must be in the range"),
    (Kind.INT, Kind.NUMERIC): Pair(numbers.int_to_numeric, "must have no more digits"),
    (Kind.INT, Kind.FLOAT): Pair(numbers.int_to_float, "must be held exactly"),
    (Kind.INT, Kind.BOOL): Pair(numbers.int_to_bool, "must be 0 or 1"),
    (Kind.INT, Kind.TEXT): Pair(texts.to_text, _LENGTH),
    (Kind.BOOL, Kind.BOOL): Pair(same, ""),
    (Kind.BOOL, Kind.INT): Pair(numbers.bool_to_int, "becomes 0 or 1"),
    (Kind.BOOL, Kind.BITS): Pair(numbers.bool_to_bits, "becomes 0 or 1"),
    (Kind.BITS, Kind.BOOL): Pair(numbers.bits_to_bool, "0 becomes false, 1 true"),
    (Kind.BITS, Kind.BITS): Pair(numbers.bits_to_bits, "must have as many bits"),
    (Kind.BITS, Kind.TEXT): Pair(texts.to_text, _LENGTH),
    (Kind.NUMERIC, Kind.NUMERIC): Pair(numbers.numeric_to_numeric, "must have no more digits; zeros at the end may go"),
    (Kind.NUMERIC, Kind.INT): Pair(numbers.numeric_to_int, "must be whole and in the range"),
    (Kind.NUMERIC, Kind.FLOAT): Pair(numbers.numeric_to_float, "must be what the float shows again"),
    (Kind.NUMERIC, Kind.TEXT): Pair(texts.to_text, _LENGTH),
    (Kind.FLOAT, Kind.FLOAT): Pair(numbers.float_to_float, "must be held exactly"),
    (Kind.FLOAT, Kind.NUMERIC): Pair(numbers.float_to_numeric, "its shortest digits; there must be room for them"),
    (Kind.FLOAT, Kind.INT): Pair(numbers.float_to_int, "must be whole and in the range"),
    (Kind.FLOAT, Kind.TEXT): Pair(texts.to_text, _LENGTH),
    (Kind.TEXT, Kind.TEXT): Pair(texts.text_to_text, "must not be too long; blanks at the end belong to every text but a char(n)"),
    (Kind.TEXT, Kind.ENUM): Pair(texts.labelled, _LABEL),
    (Kind.TEXT, Kind.SET): Pair(texts.labelled, "must be labels joined by commas"),
    (Kind.TEXT, Kind.JSON): Pair(documents.to_json, "must be a JSON document that the type can hold whole"),
    (Kind.TEXT, Kind.UUID): Pair(always(uuid_in), "must be a UUID"),
    (Kind.ENUM, Kind.ENUM): Pair(texts.labelled, _LABEL),
    (Kind.ENUM, Kind.TEXT): Pair(texts.labels_to_text, _LENGTH),
    (Kind.SET, Kind.SET): Pair(texts.labelled, _LABEL),
    (Kind.SET, Kind.TEXT): Pair(texts.labels_to_text, "the labels joined by commas; must not be too long"),
    (Kind.UUID, Kind.UUID): Pair(same, ""),
    (Kind.UUID, Kind.TEXT): Pair(texts.uuid_to_text, ""),
    (Kind.UUID, Kind.BYTES): Pair(texts.uuid_to_bytes, "its 16 bytes"),
    (Kind.BYTES, Kind.UUID): Pair(texts.bytes_to_uuid, "must be 16 bytes"),
    (Kind.BYTES, Kind.BYTES): Pair(texts.bytes_to_bytes, "must not be too long, and as long as a binary(n)"),
    (Kind.JSON, Kind.JSON): Pair(documents.to_json, "no key may come twice, and numbers must be held exactly"),
    (Kind.JSON, Kind.TEXT): Pair(texts.to_text, _LENGTH),
    (Kind.DATE, Kind.DATE): Pair(same, ""),
    (Kind.DATE, Kind.TIMESTAMP): Pair(moments.date_to_timestamp, "its midnight"),
    (Kind.DATE, Kind.INSTANT): _zoned(moments.to_instant, "its midnight in the source's `time_zone`"),
    (Kind.DATE, Kind.TEXT): Pair(texts.to_text, _LENGTH),
    (Kind.TIME, Kind.TIME): Pair(moments.time_to_time, "must have no more digits of the second"),
    (Kind.TIME, Kind.INTERVAL): Pair(moments.time_to_interval, ""),
    (Kind.TIME, Kind.TEXT): Pair(texts.to_text, _LENGTH),
    (Kind.TIMESTAMP, Kind.TIMESTAMP): Pair(moments.clock("timestamp"), ""),
    (Kind.TIMESTAMP, Kind.INSTANT): _zoned(moments.to_instant, "by the source's `time_zone`"),
    (Kind.TIMESTAMP, Kind.TEXT): Pair(texts.to_text, _LENGTH),
    (Kind.INSTANT, Kind.INSTANT): Pair(moments.clock("timestamptz"), ""),
    (Kind.INSTANT, Kind.TIMESTAMP): _zoned(moments.to_wall, "by the target's `time_zone`"),
    (Kind.INSTANT, Kind.TEXT): Pair(texts.to_text, _LENGTH),
    (Kind.INTERVAL, Kind.INTERVAL): Pair(moments.interval_to_interval, ""),
    (Kind.INTERVAL, Kind.TIME): Pair(moments.interval_to_time, "must have no days and months, and fit"),
    (Kind.INTERVAL, Kind.TEXT): Pair(texts.to_text, _LENGTH),
    (Kind.ARRAY, Kind.ARRAY): Pair(documents.array_to_array, ""),
    (Kind.ARRAY, Kind.JSON): Pair(documents.array_to_json, "becomes a JSON array; its bounds must begin at 1"),
    (Kind.ARRAY, Kind.TEXT): Pair(texts.to_text, _LENGTH),
    (Kind.ADDRESS, Kind.ADDRESS): Pair(
        documents.address, "must be a single address of that version; a network of one loses its /32 or /128"
    ),
    (Kind.ADDRESS, Kind.TEXT): Pair(texts.to_text, _LENGTH),
    (Kind.GEOMETRY, Kind.GEOMETRY): Pair(same, ""),
    (Kind.GEOMETRY, Kind.TEXT): Pair(documents.only_itself(_QUERY), ""),
    (Kind.OTHER, Kind.OTHER): Pair(documents.other_to_other, ""),
    (Kind.OTHER, Kind.TEXT): Pair(documents.other_to_text, _LENGTH),
}
"""All pairs that may fit; what is not here is refused. `docs/reference/types.md` is printed from this table."""
