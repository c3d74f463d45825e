"""Exact decimal arithmetic with PostgreSQL's scales.

https://www.postgresql.org/docs/current/datatype-numeric.html
Python's operators would round to the 28 digits of the thread's decimal context: all arithmetic goes through contexts of our own.
"""

from __future__ import annotations

import re
from decimal import ROUND_05UP, ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, DivisionByZero, Overflow
from functools import lru_cache

from cdc.mapping.expression.runtime.errors import DIVISION_BY_ZERO, BadValue, invalid

_DIGITS_BEFORE, _DIGITS_AFTER = 131072, 16383
_EXACT = Context(prec=400_000, rounding=ROUND_HALF_UP, Emax=999_999, Emin=-999_999, traps=[DivisionByZero, Overflow])
"""Room for every sum and product of two values; NaN comes of infinities as in PostgreSQL, without a trap."""
_ZERO, _ONE, _NAN = Decimal(0), Decimal(1), Decimal("NaN")
_TENS = (1, 10, 100, 1000)
_MIN_SIGNIFICANT, _GROUP, _MAX_DISPLAY = 16, 4, 1000
"""NUMERIC_MIN_SIG_DIGITS, DEC_DIGITS and NUMERIC_MAX_DISPLAY_SCALE of PostgreSQL's numeric.c."""
_NUMBER = re.compile(
    r"[ \t\n\v\f\r]*((?:[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,9})?)|nan|[+-]?inf(?:inity)?)[ \t\n\v\f\r]*", re.IGNORECASE
)


def number(text: str, type_name: str) -> str:
    """Return the digits of a number, or its special name, as PostgreSQL reads it."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise invalid(type_name)
    return found[1]


def numeric_in(text: str) -> Decimal:
    """cast(text as numeric)."""
    try:
        given = _EXACT.create_decimal(number(text, "numeric"))
    except Overflow:
        raise _overflow() from None
    if not given.is_finite():
        return given
    if (given and given.adjusted() >= _DIGITS_BEFORE) or _scale(given) > _DIGITS_AFTER:
        raise _overflow()
    return given if _scale(given) >= 0 else _EXACT.quantize(given, _ONE)


def numeric_out(given: Decimal) -> str:
    """Plain digits, never an exponent and never `-0`."""
    text = str(given)
    if "E" in text:
        text = format(given, "f")
    return text[1:] if text[0] == "-" and not given else text


def numeric_add(a: Decimal, b: Decimal) -> Decimal:
    return _EXACT.add(a, b)


def numeric_subtract(a: Decimal, b: Decimal) -> Decimal:
    return _EXACT.subtract(a, b)


def numeric_multiply(a: Decimal, b: Decimal) -> Decimal:
    product = _EXACT.multiply(a, b)
    if product.adjusted() >= _DIGITS_BEFORE:
        raise _overflow()
    return product


def numeric_divide(a: Decimal, b: Decimal) -> Decimal:
    if not b and not a.is_nan():
        raise BadValue(DIVISION_BY_ZERO)
    if not (a.is_finite() and b.is_finite()):
        return _ZERO if a.is_finite() and b.is_infinite() else _EXACT.divide(a, b)
    scale = _quotient_scale(a, b)
    digits = max(0, a.adjusted() - b.adjusted()) + scale + 3
    return _EXACT.quantize(_rounding_twice(digits).divide(a, b), _unit(scale))


def numeric_modulo(a: Decimal, b: Decimal) -> Decimal:
    """The remainder has the sign of the dividend."""
    if not b and not a.is_nan():
        raise BadValue(DIVISION_BY_ZERO)
    return _EXACT.remainder(a, b)


def numeric_bucket(operand: Decimal, low: Decimal, high: Decimal, count: int) -> int:
    """width_bucket of exact numbers."""
    if count <= 0 or low == high or not (low.is_finite() and high.is_finite()) or operand.is_nan():
        raise BadValue("width_bucket: the bounds must be finite and differ, the count greater than zero, and nothing NaN")
    if (operand < low) if low < high else (operand > low):
        return 0
    if (operand >= high) if low < high else (operand <= high):
        return count + 1
    part = _EXACT.multiply(_EXACT.subtract(operand, low), Decimal(count))
    return int(_EXACT.divide_int(part, _EXACT.subtract(high, low))) + 1


def numeric_negate(given: Decimal) -> Decimal:
    return _EXACT.minus(given)


def numeric_round(given: Decimal, digits: int = 0) -> Decimal:
    """Half goes away from zero."""
    if not given.is_finite():
        return given
    digits = max(-_DIGITS_BEFORE, min(_DIGITS_AFTER, digits))
    rounded = _EXACT.quantize(given, _unit(digits))
    return rounded if digits >= 0 else _EXACT.quantize(rounded, _ONE)


def numeric_ceil(given: Decimal) -> Decimal:
    return given.to_integral_value(ROUND_CEILING)


def numeric_floor(given: Decimal) -> Decimal:
    return given.to_integral_value(ROUND_FLOOR)


def numeric_sign(given: Decimal) -> Decimal:
    return _NAN if given.is_nan() else _ONE.copy_sign(given) if given else _ZERO


def numeric_fit(given: Decimal, precision: int, scale: int) -> Decimal:
    """cast(… as numeric(precision, scale)): rounds the fraction, and refuses what is too large before the point."""
    if given.is_nan():
        return given
    if given.is_infinite():
        raise BadValue("numeric field overflow")
    rounded = _EXACT.quantize(given, _unit(scale))
    if rounded and rounded.adjusted() >= precision - scale:
        raise BadValue("numeric field overflow")
    return rounded


def _scale(given: Decimal) -> int:
    """Digits after the point of a finite number; negative for one like 1E+3."""
    return -int(given.as_tuple().exponent)


def _quotient_scale(a: Decimal, b: Decimal) -> int:
    """select_div_scale of PostgreSQL's numeric.c: 16 significant digits, counted in groups of four."""
    (weight_a, first_a, scale_a), (weight_b, first_b, scale_b) = _groups(a), _groups(b)
    weight = weight_a - weight_b - (1 if first_a <= first_b else 0)
    return min(_MAX_DISPLAY, max(0, _MIN_SIGNIFICANT - weight * _GROUP, scale_a, scale_b))


def _groups(given: Decimal) -> tuple[int, int, int]:
    """Return place and value of the first group of four digits, groups being counted from the decimal point, and the scale."""
    whole, _, fraction = str(given).lstrip("-").partition(".")
    if whole[0] != "0" and whole.isdecimal() and (not fraction or fraction.isdecimal()):  # much quicker than what is right for all
        return (len(whole) - 1) // _GROUP, int(whole[: (len(whole) - 1) % _GROUP + 1]), len(fraction)
    _, digits, exponent = given.as_tuple()
    scale = -int(exponent)
    if not given:
        return 0, 0, scale
    weight, place = divmod(len(digits) - 1 - scale, _GROUP)
    first = 0
    for digit in digits[: place + 1]:
        first = first * 10 + digit
    return weight, first * _TENS[max(0, place + 1 - len(digits))], scale


@lru_cache(4096)
def _unit(scale: int) -> Decimal:
    """What has so many digits after the point."""
    return Decimal((0, (1,), -scale))


@lru_cache(256)
def _rounding_twice(digits: int) -> Context:
    """Rounds so that rounding the result once more, to fewer digits, gives what rounding once would have given."""
    return Context(prec=digits, rounding=ROUND_05UP, Emax=999_999, Emin=-999_999, traps=[])


def _overflow() -> BadValue:
    return BadValue("value overflows numeric format")
