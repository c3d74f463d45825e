"""Between numbers: integers, numerics, floats, truth values and bits. Nothing is rounded and nothing wraps."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.floating import real, real_out
from cdc.mapping.expression.runtime.numeric import numeric_out
from cdc.mapping.fit.rule import Convert, Unfit, unfit
from cdc.model.types import Kind, Type

_TRUTH: Mapping[str, str] = {"0": "f", "1": "t"}
_NUMBER: Mapping[str, str] = {"f": "0", "t": "1"}


def int_to_int(source: Type, target: Type) -> Convert | None:
    if target.native.startswith("year"):
        return None if source.native.startswith("year") else _year
    (lowest, highest), (low, high) = _whole_range(source), _whole_range(target)
    if low <= lowest and highest <= high:
        return None

    def bounded(text: str) -> str:
        if low <= int(text) <= high:
            return text
        raise BadValue(f"value out of range for {target.native}")

    return bounded


def _year(text: str) -> str:
    """The server would take 1 to 99 for years of this and the last century."""
    if text == "0" or 1901 <= int(text) <= 2155:
        return text
    raise BadValue("value out of range for year")


def int_to_numeric(source: Type, target: Type) -> Convert | None:
    if target.precision is None:
        return None
    scale = target.scale or 0
    return None if scale >= 0 and _digits(source) <= target.precision - scale else fit_numeric(target)


def int_to_float(source: Type, target: Type) -> Convert | None:
    exact = 1 << (24 if target.size == 4 else 53)
    if _whole_range(source)[1] <= exact:
        return None

    def held(text: str) -> str:
        if abs(int(text)) <= exact or int(float(text)) == int(text) == int(_nearest(float(text), target)):
            return text
        raise BadValue(f"{target.native} can't hold the value exactly")

    return held


def int_to_bool(_source: Type, target: Type) -> Convert:
    def truth(text: str) -> str:
        if text in _TRUTH:
            return _TRUTH[text]
        raise BadValue(f"value is neither 0 nor 1, as {target.native} needs it")

    return truth


def bool_to_int(source: Type, target: Type) -> Convert | Unfit:
    return unfit(source, target) if target.native.startswith("year") else _NUMBER.__getitem__


def bool_to_bits(source: Type, target: Type) -> Convert | Unfit:
    return _NUMBER.__getitem__ if target.size == 1 else unfit(source, target)


def bits_to_bool(source: Type, target: Type) -> Convert | Unfit:
    return _TRUTH.__getitem__ if source.size == 1 and not _varying(source) else unfit(source, target)


def bits_to_bits(source: Type, target: Type) -> Convert | Unfit | None:
    """A bit(n) has n bits, a bit varying(n) up to n: MySQL would fill up what is shorter."""
    fits = target.size is None or (source.size is not None and source.size <= target.size)
    if _varying(target):
        return None if fits else _short(target)
    if source.size == target.size:
        return _long(target) if _varying(source) else None
    return unfit(source, target)


def _varying(given: Type) -> bool:
    return given.native.startswith("bit varying")


def _short(target: Type) -> Convert:
    def short(text: str) -> str:
        if len(text) <= (target.size or 0):
            return text
        raise BadValue(f"value has more bits than {target.native}")

    return short


def _long(target: Type) -> Convert:
    def long(text: str) -> str:
        if len(text) == target.size:
            return text
        raise BadValue(f"value has fewer bits than {target.native}")

    return long


def numeric_to_numeric(source: Type, target: Type) -> Convert | None:
    if target.precision is None:
        return None
    if source.precision is not None:
        scale, wanted = source.scale or 0, target.scale or 0
        if scale <= wanted and source.precision - scale <= target.precision - wanted:
            return None
    return fit_numeric(target)


def fit_numeric(target: Type) -> Convert:
    """Zeros behind the point may go, digits may not. A negative scale asks for zeros before the point, a large one for zeros behind it."""
    scale = target.scale or 0
    room = None if target.precision is None else target.precision - scale

    def fit(text: str) -> str:
        whole, _, fraction = text.partition(".")
        if room is None or text == "NaN":
            return text
        if text.endswith("Infinity") or not _roomy(whole.lstrip("-").lstrip("0"), fraction, room):
            raise BadValue(f"value out of range for {target.native}")
        if fraction[max(scale, 0) :].strip("0") or (scale < 0 and whole.lstrip("-0")[scale:].strip("0")):
            raise BadValue(f"value has more than {scale} digits after the point, {target.native} would round it")
        return f"{whole}.{fraction[:scale]}" if scale > 0 and fraction else whole

    return fit


def _roomy(whole: str, fraction: str, room: int) -> bool:
    """Whether the digits begin where the type has any: below the point, where its scale is larger than its precision."""
    return len(whole) <= room if room >= 0 else not whole and not fraction[:-room].strip("0")


def numeric_to_int(source: Type, target: Type) -> Convert | Unfit:
    fit, low, high = fit_numeric(Type(Kind.NUMERIC, target.native, precision=40, scale=0)), *_whole_range(target)
    if target.native.startswith("year"):
        return unfit(source, target)

    def whole(text: str) -> str:
        if text == "NaN" or not low <= int(digits := fit(text)) <= high:
            raise BadValue(f"value out of range for {target.native}")
        return str(int(digits))

    return whole


def numeric_to_float(source: Type, target: Type) -> Convert | None:
    if source.precision is not None and source.precision <= (6 if target.size == 4 else 15):
        return None

    def near(text: str) -> str:
        if text[-1].isdecimal() and Decimal(repr(_nearest(float(text), target))) != Decimal(text):
            raise BadValue(f"value has more digits than {target.native} can hold")
        return text

    return near


def float_to_numeric(_source: Type, target: Type) -> Convert:
    fit = fit_numeric(target)
    return lambda text: fit(numeric_out(_signed(text)))


def float_to_int(source: Type, target: Type) -> Convert | Unfit:
    fit = numeric_to_int(source, target)
    return fit if isinstance(fit, Unfit) else lambda text: fit(numeric_out(_signed(text)))


def _signed(text: str) -> Decimal:
    """Zero's sign means nothing to a type that has none."""
    return Decimal(text) or Decimal(0)


def float_to_float(source: Type, target: Type) -> Convert | None:
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


def _whole_range(given: Type) -> tuple[int, int]:
    bits = 8 * (given.size or 8)
    return (0, (1 << bits) - 1) if given.unsigned else (-1 << (bits - 1), (1 << (bits - 1)) - 1)


def _digits(given: Type) -> int:
    return len(str(_whole_range(given)[1]))
