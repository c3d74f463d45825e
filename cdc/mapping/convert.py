"""A source type and a target type to what must happen to a value's text on the way: nothing, a function, or a refusal.

A value arrives as it is or not at all: what does not fit is the row's error, what could not fit in general is refused when the mapping is
compiled. Nothing is rounded, cut or guessed; that is what `cast` in the mapping is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeAlias

from cdc.mapping.expression.cast import can_cast
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.floating import real, real_out
from cdc.mapping.expression.runtime.identifier import uuid_in
from cdc.mapping.expression.runtime.literal import json_in
from cdc.mapping.expression.runtime.numeric import numeric_out
from cdc.mapping.expression.sqltype import of_column
from cdc.model.types import Kind, Type
from cdc.model.value import value

Convert: TypeAlias = Callable[[str], str]
"""The source's canonical text → the target's. Raises `BadValue`."""


@value
class Unfit:
    """The pair would lose or change values."""

    reason: str
    hint: str


def converter(source: Type, target: Type) -> Convert | Unfit | None:
    """Choose what turns a source value's text into the target's; None: the text stays as it is."""
    rule = _RULES.get((source.kind, target.kind))
    if rule:
        return rule(source, target)
    if source.kind is target.kind and source.native == target.native:
        return None
    if target.kind is Kind.TEXT and source.kind not in _NO_TEXT:
        return _limited(target, None)
    return _unfit(source, target)


def cutter(source: Type, target: Type) -> Convert:
    """Return what makes a text fit by cutting its end off, where the mapping asks for that."""
    first = _stripped if source.padded and not target.padded else str
    return lambda text: first(text)[: target.size]


def _unfit(source: Type, target: Type, hint: str = "") -> Unfit:
    if not hint and target.kind in _CASTABLE and can_cast(of_column(source).sql, of_column(target).sql):
        hint = f"write cast(… as {_CASTABLE[target.kind]})"
    return Unfit(f"{source.native} does not go into {target.native}", hint)


def _whole_range(given: Type) -> tuple[int, int]:
    bits = 8 * (given.size or 8)
    return (0, (1 << bits) - 1) if given.unsigned else (-1 << (bits - 1), (1 << (bits - 1)) - 1)


def _digits(given: Type) -> int:
    return len(str(_whole_range(given)[1]))


def _int_to_int(source: Type, target: Type) -> Convert | None:
    (lowest, highest), (low, high) = _whole_range(source), _whole_range(target)
    if low <= lowest and highest <= high:
        return None

    def bounded(text: str) -> str:
        if low <= int(text) <= high:
            return text
        raise BadValue(f"value out of range for {target.native}")

    return bounded


def _int_to_numeric(source: Type, target: Type) -> Convert | None:
    room = None if target.precision is None else target.precision - (target.scale or 0)
    return None if room is None or _digits(source) <= room else _fit_numeric(target)


def _int_to_float(source: Type, target: Type) -> Convert | None:
    exact = 1 << (24 if target.size == 4 else 53)
    if _whole_range(source)[1] <= exact:
        return None

    def held(text: str) -> str:
        if abs(int(text)) <= exact or int(float(text)) == int(text) == int(_nearest(float(text), target)):
            return text
        raise BadValue(f"{target.native} can't hold the value exactly")

    return held


def _int_to_bool(_source: Type, target: Type) -> Convert:
    def truth(text: str) -> str:
        if text in _TRUTH:
            return _TRUTH[text]
        raise BadValue(f"value is neither 0 nor 1, as {target.native} needs it")

    return truth


def _bool_to_int(_source: Type, _target: Type) -> Convert:
    return _NUMBER.__getitem__


def _bool_to_bits(source: Type, target: Type) -> Convert | Unfit:
    return _NUMBER.__getitem__ if target.size == 1 else _unfit(source, target)


def _bits_to_bool(source: Type, target: Type) -> Convert | Unfit:
    return _TRUTH.__getitem__ if source.size == 1 else _unfit(source, target)


def _bits_to_bits(source: Type, target: Type) -> Unfit | None:
    return None if source.size == target.size else _unfit(source, target)


def _numeric_to_numeric(source: Type, target: Type) -> Convert | None:
    if target.precision is None:
        return None
    if source.precision is not None:
        scale, wanted = source.scale or 0, target.scale or 0
        if scale <= wanted and source.precision - scale <= target.precision - wanted:
            return None
    return _fit_numeric(target)


def _fit_numeric(target: Type) -> Convert:
    """Zeros behind the point may go, digits may not."""
    scale = target.scale or 0
    room = None if target.precision is None else target.precision - scale

    def fit(text: str) -> str:
        whole, _, fraction = text.partition(".")
        if room is None or text == "NaN":
            return text
        if text.endswith("Infinity") or len(whole.lstrip("-").lstrip("0")) > room:
            raise BadValue(f"value out of range for {target.native}")
        if fraction[scale:].strip("0"):
            raise BadValue(f"value has more than {scale} digits after the point, {target.native} would round it")
        return f"{whole}.{fraction[:scale]}" if scale and fraction else whole

    return fit


def _numeric_to_int(_source: Type, target: Type) -> Convert:
    fit, low, high = _fit_numeric(Type(Kind.NUMERIC, target.native, precision=40, scale=0)), *_whole_range(target)

    def whole(text: str) -> str:
        if text == "NaN" or not low <= int(digits := fit(text)) <= high:
            raise BadValue(f"value out of range for {target.native}")
        return str(int(digits))

    return whole


def _numeric_to_float(source: Type, target: Type) -> Convert | None:
    if source.precision is not None and source.precision <= (6 if target.size == 4 else 15):
        return None

    def near(text: str) -> str:
        if text[-1].isdecimal() and Decimal(repr(_nearest(float(text), target))) != Decimal(text):
            raise BadValue(f"value has more digits than {target.native} can hold")
        return text

    return near


def _float_to_numeric(_source: Type, target: Type) -> Convert:
    fit = _fit_numeric(target)
    return lambda text: fit(numeric_out(Decimal(text)))


def _float_to_int(source: Type, target: Type) -> Convert:
    fit = _numeric_to_int(source, target)
    return lambda text: fit(numeric_out(Decimal(text)))


def _float_to_float(source: Type, target: Type) -> Convert | None:
    if target.size != 4 or source.size == 4:
        return None

    def near(text: str) -> str:
        given = float(text)
        if given == given and _nearest(given, target) != given:  # noqa: PLR0124 - NaN
            raise BadValue(f"value has more digits than {target.native} can hold")
        return text

    return near


def _nearest(given: float, target: Type) -> float:
    """The number that the target would show."""
    return float(real_out(real(given))) if target.size == 4 else given


def _text_to_text(source: Type, target: Type) -> Convert | None:
    """Blanks at the end of a char(n) mean nothing: they stay behind, and are not counted."""
    fits = target.size is None or (source.size is not None and source.size <= target.size)
    if source.padded and not target.padded:
        return _stripped if fits else _limited(target, _stripped)
    return None if fits else _limited(target, None)


def _stripped(text: str) -> str:
    return text.rstrip(" ")


def _limited(target: Type, first: Convert | None) -> Convert | None:
    limit = target.size
    if limit is None:
        return first

    def limited(text: str) -> str:
        text = first(text) if first else text
        if len(text) > limit and not (target.padded and len(text.rstrip(" ")) <= limit):
            raise BadValue(f"text is longer than the {limit} characters of {target.native}")
        return text

    return limited


def _labelled(source: Type, target: Type) -> Convert | None:
    """Into an enum or a set: every label is one of the target's."""
    labels = frozenset(target.labels)
    if not labels or (source.labels and labels.issuperset(source.labels)):
        return None
    several = target.kind is Kind.SET

    def labelled(text: str) -> str:
        if text in labels or (several and labels.issuperset(text.split(",") if text else ())):
            return text
        raise BadValue(f"text is no label of {target.native if len(target.native) < 40 else target.kind.value}")

    return labelled


def _labels_to_text(source: Type, target: Type) -> Convert | None:
    longest = len(",".join(source.labels)) if source.kind is Kind.SET else max(map(len, source.labels), default=-1)
    return None if target.size is None or 0 <= longest <= target.size else _limited(target, None)


def _uuid_to_text(source: Type, target: Type) -> Unfit | None:
    return None if target.size is None or target.size >= 36 else _unfit(source, target, "a uuid has 36 characters")


def _bytes_to_bytes(source: Type, target: Type) -> Convert | None:
    limit = target.size
    if limit is None or (source.size is not None and source.size <= limit):
        return None

    def limited(text: str) -> str:
        if (len(text) - 2) // 2 > limit:
            raise BadValue(f"value is longer than the {limit} bytes of {target.native}")
        return text

    return limited


def _clock(change: Convert | None, name: str) -> Callable[[Type, Type], Convert | Unfit | None]:
    """Between points in time: `change` where the kind changes; digits of the second are never dropped."""

    def rule(source: Type, target: Type) -> Convert | Unfit | None:
        digits = 6 if target.precision is None else target.precision
        if (6 if source.precision is None else source.precision) > digits:
            return Unfit(
                f"{target.native} has {digits} digits behind the second, {source.native} has more", f"write cast(… as {name}({digits}))"
            )
        return change

    return rule


def _time_to_time(source: Type, target: Type) -> Convert | None:
    digits = 6 if target.precision is None else target.precision
    if (6 if source.precision is None else source.precision) <= digits:
        return None

    def exact(text: str) -> str:
        clock, _, fraction = text.partition(".")
        if fraction[digits:].strip("0"):
            raise BadValue(f"value has more than {digits} digits behind the second")
        return f"{clock}.{fraction[:digits]}" if digits and fraction else clock

    return exact


def _with_clock(zone: str) -> Convert:
    """A date's midnight."""
    return lambda text: text if "infinity" in text else f"{text.removesuffix(' BC')} 00:00:00{zone}{' BC' if text.endswith(' BC') else ''}"


def _with_zone(text: str) -> str:
    """A clock on the wall is taken as UTC."""
    if "infinity" in text:
        return text
    return f"{text[:-3]}+00 BC" if text.endswith(" BC") else f"{text}+00"


def _without_zone(text: str) -> str:
    """The clock on the wall in UTC."""
    return text.replace("+00", "", 1)


def _same(_source: Type, _target: Type) -> None:
    return None


_TRUTH = {"0": "f", "1": "t"}
_NUMBER = {"f": "0", "t": "1"}
_NO_TEXT = frozenset({Kind.BOOL, Kind.BYTES})
"""Kinds with more than one spelling as text: the mapping says which."""
_CASTABLE: Mapping[Kind, str] = {
    Kind.BOOL: "boolean", Kind.INT: "bigint", Kind.NUMERIC: "numeric", Kind.FLOAT: "double precision", Kind.TEXT: "text",
    Kind.DATE: "date", Kind.TIME: "time", Kind.INTERVAL: "interval", Kind.TIMESTAMP: "timestamp", Kind.INSTANT: "timestamptz", Kind.UUID: "uuid",
}  # fmt: skip
_RULES: Mapping[tuple[Kind, Kind], Callable[[Type, Type], Convert | Unfit | None]] = {
    (Kind.INT, Kind.INT): _int_to_int,
    (Kind.INT, Kind.NUMERIC): _int_to_numeric,
    (Kind.INT, Kind.FLOAT): _int_to_float,
    (Kind.INT, Kind.BOOL): _int_to_bool,
    (Kind.BOOL, Kind.BOOL): _same,
    (Kind.BOOL, Kind.INT): _bool_to_int,
    (Kind.BOOL, Kind.BITS): _bool_to_bits,
    (Kind.BITS, Kind.BOOL): _bits_to_bool,
    (Kind.BITS, Kind.BITS): _bits_to_bits,
    (Kind.NUMERIC, Kind.NUMERIC): _numeric_to_numeric,
    (Kind.NUMERIC, Kind.INT): _numeric_to_int,
    (Kind.NUMERIC, Kind.FLOAT): _numeric_to_float,
    (Kind.FLOAT, Kind.FLOAT): _float_to_float,
    (Kind.FLOAT, Kind.NUMERIC): _float_to_numeric,
    (Kind.FLOAT, Kind.INT): _float_to_int,
    (Kind.TEXT, Kind.TEXT): _text_to_text,
    (Kind.TEXT, Kind.ENUM): _labelled,
    (Kind.TEXT, Kind.SET): _labelled,
    (Kind.TEXT, Kind.JSON): lambda _, __: json_in,
    (Kind.TEXT, Kind.UUID): lambda _, __: uuid_in,
    (Kind.ENUM, Kind.ENUM): _labelled,
    (Kind.SET, Kind.SET): _labelled,
    (Kind.ENUM, Kind.TEXT): _labels_to_text,
    (Kind.SET, Kind.TEXT): _labels_to_text,
    (Kind.UUID, Kind.UUID): _same,
    (Kind.UUID, Kind.TEXT): _uuid_to_text,
    (Kind.JSON, Kind.JSON): _same,
    (Kind.BYTES, Kind.BYTES): _bytes_to_bytes,
    (Kind.DATE, Kind.DATE): _same,
    (Kind.DATE, Kind.TIMESTAMP): lambda _, __: _with_clock(""),
    (Kind.DATE, Kind.INSTANT): lambda _, __: _with_clock("+00"),
    (Kind.TIME, Kind.TIME): _time_to_time,
    (Kind.TIMESTAMP, Kind.TIMESTAMP): _clock(None, "timestamp"),
    (Kind.TIMESTAMP, Kind.INSTANT): _clock(_with_zone, "timestamp"),
    (Kind.INSTANT, Kind.INSTANT): _clock(None, "timestamptz"),
    (Kind.INSTANT, Kind.TIMESTAMP): _clock(_without_zone, "timestamptz"),
    (Kind.INTERVAL, Kind.INTERVAL): _same,
}
