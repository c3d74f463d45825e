"""Roots and powers, whole parts and digits of numbers.

https://www.postgresql.org/docs/15/functions-math.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from cdc.mapping.expression.runtime.errors import DIVISION_BY_ZERO, BadValue
from cdc.mapping.expression.runtime.numeric import _EXACT, _MAX_DISPLAY, _MIN_SIGNIFICANT, _scale, _unit

_NAN, _FACTORIAL, _EXPONENT = Decimal("NaN"), 32_177, 1_100


def float_sqrt(given: float) -> float:
    if given < 0:
        raise BadValue("cannot take square root of a negative number")
    return math.sqrt(given)


def float_power(base: float, exponent: float) -> float:
    """Only where the result is exact: the last digit of any other is the C library's choice."""
    if base == 0 and exponent < 0:
        raise BadValue("zero raised to a negative power is undefined")
    if base < 0 and math.isfinite(base) and math.isfinite(exponent) and exponent != math.floor(exponent):
        raise BadValue("a negative number raised to a non-integer power yields a complex result")
    if not (math.isfinite(base) and math.isfinite(exponent)) or base in (0, 1, -1):
        return math.pow(base, exponent)
    if exponent != math.floor(exponent) or abs(exponent) > _EXPONENT:
        raise _inexact()
    exact = Fraction(base) ** int(exponent)
    try:
        made = float(exact)
    except OverflowError:
        raise BadValue("value out of range: overflow") from None
    if made != exact:
        raise _inexact()
    return made


def _inexact() -> BadValue:
    return BadValue(
        "the power is not exact in double precision, its last digit would depend on the C library; multiply, divide or use sqrt"
    )


def float_trunc(given: float) -> float:
    return math.copysign(math.trunc(given), given) if math.isfinite(given) else given


def numeric_sqrt(given: Decimal) -> Decimal:
    """At least 16 significant digits; the scale is that of sqrt in PostgreSQL's numeric.c."""
    if given.is_nan():
        return given
    if given < 0:
        raise BadValue("cannot take square root of a negative number")
    if given.is_infinite():
        return given
    weight = given.adjusted() // 4 if given else 0
    scale = min(_MAX_DISPLAY, max(0, _MIN_SIGNIFICANT - ((weight + 1) * 2 - 1), _scale(given)))
    digits = int(_EXACT.scaleb(given, 2 * scale + 2).to_integral_value(ROUND_DOWN))
    return _EXACT.quantize(_EXACT.scaleb(Decimal(math.isqrt(digits)), -scale - 1), _unit(scale))


def numeric_trunc(given: Decimal, digits: int = 0) -> Decimal:
    if not given.is_finite():
        return given
    scale = max(-131_072, min(16_383, digits))
    return given.quantize(_unit(scale), ROUND_DOWN, _EXACT).quantize(_unit(max(0, scale)), ROUND_DOWN, _EXACT)


def numeric_div(a: Decimal, b: Decimal) -> Decimal:
    """The whole part of the quotient."""
    if not b and not a.is_nan():
        raise BadValue(DIVISION_BY_ZERO)
    if a.is_nan() or b.is_nan() or (a.is_infinite() and b.is_infinite()):
        return _NAN
    if a.is_infinite():
        return a.copy_sign(a if b > 0 else a.copy_negate())
    return Decimal(0) if b.is_infinite() else _EXACT.divide_int(a, b)


def scale(given: Decimal) -> int | None:
    return _scale(given) if given.is_finite() else None


def min_scale(given: Decimal) -> int | None:
    return max(0, _scale(given.normalize(_EXACT))) if given.is_finite() else None


def trim_scale(given: Decimal) -> Decimal:
    return given.quantize(_unit(max(0, _scale(given.normalize(_EXACT)))), context=_EXACT) if given.is_finite() else given


def factorial(given: int) -> Decimal:
    if given < 0:
        raise BadValue("factorial of a negative number is undefined")
    if given > _FACTORIAL:
        raise BadValue("value overflows numeric format")
    return _EXACT.create_decimal(_product(1, given) if given else 1)


def _product(low: int, high: int) -> int:
    if high - low < 16:
        return math.prod(range(low, high + 1))
    middle = (low + high) // 2
    return _product(low, middle) * _product(middle + 1, high)


def numeric_gcd(a: Decimal, b: Decimal) -> Decimal:
    return _of_integers(a, b, math.gcd)


def numeric_lcm(a: Decimal, b: Decimal) -> Decimal:
    return _of_integers(a, b, math.lcm)


def _of_integers(a: Decimal, b: Decimal, compute: Callable[[int, int], int]) -> Decimal:
    """Both numbers as multiples of the finer one's last digit."""
    if not (a.is_finite() and b.is_finite()):
        return _NAN
    digits = max(_scale(a), _scale(b))
    made = compute(int(_EXACT.scaleb(a, digits)), int(_EXACT.scaleb(b, digits)))
    return _EXACT.quantize(_EXACT.scaleb(Decimal(made), -digits), _unit(digits))


def width_bucket(operand: float, low: float, high: float, count: int) -> int:
    """Which of `count` equal parts between two bounds it falls in; 0 before, count + 1 behind."""
    if count <= 0:
        raise BadValue("count must be greater than zero")
    if math.isnan(operand) or math.isnan(low) or math.isnan(high):
        raise BadValue("operand, lower bound, and upper bound cannot be NaN")
    if math.isinf(low) or math.isinf(high):
        raise BadValue("lower and upper bounds must be finite")
    if low == high:
        raise BadValue("lower bound cannot equal upper bound")
    if (operand < low) if low < high else (operand > low):
        return 0
    if (operand >= high) if low < high else (operand <= high):
        return count + 1
    return int(count * ((operand - low) / (high - low))) + 1
