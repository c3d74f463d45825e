"""Floating point with PostgreSQL's checks and spelling. `real` is kept as a float that four bytes hold exactly."""

from __future__ import annotations

import math
from decimal import Decimal
from struct import Struct

from cdc.mapping.expression.runtime.errors import DIVISION_BY_ZERO, BadValue
from cdc.mapping.expression.runtime.numeric import number, numeric_in

_REAL = Struct("<f")
_FIXED_DIGITS_DOUBLE, _FIXED_DIGITS_REAL = 15, 6
_SPECIAL = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}


def double_in(text: str) -> float:
    """cast(text as double precision)."""
    digits = number(text, "double precision")
    given = float(digits)
    if (math.isinf(given) or not given) and any(digit in "123456789" for digit in digits.lower().partition("e")[0]):
        raise BadValue("value is out of range for type double precision")
    return given


def real(given: float) -> float:
    """Round to four bytes."""
    try:
        (rounded,) = _REAL.unpack(_REAL.pack(given))
    except OverflowError:
        raise _overflow() from None
    if not rounded and given:
        raise _underflow()
    return float(rounded)


def real_in(text: str) -> float:
    """cast(text as real)."""
    digits = number(text, "real")
    try:
        return real(double_in(digits))
    except BadValue:
        raise BadValue("value is out of range for type real") from None


def double_out(given: float) -> str:
    if 1e-4 <= abs(given) < 1e15:
        return repr(given).removesuffix(".0")
    return _spelled(repr(given), _FIXED_DIGITS_DOUBLE)


def real_out(given: float) -> str:
    """The shortest digits that four bytes tell apart."""
    candidates = (float(f"{given:.{digits}g}") for digits in range(1, 10))
    shortest = next((near for near in candidates if near == given or _four_bytes(near) == _four_bytes(given)), given)
    return _spelled(repr(shortest), _FIXED_DIGITS_REAL)


def float_add(a: float, b: float) -> float:
    return _checked(a + b, a, b)


def float_subtract(a: float, b: float) -> float:
    return _checked(a - b, a, b)


def float_multiply(a: float, b: float) -> float:
    product = _checked(a * b, a, b)
    if not product and a and b:
        raise _underflow()
    return product


def float_divide(a: float, b: float) -> float:
    if not b:
        if math.isnan(a):
            return a
        raise BadValue(DIVISION_BY_ZERO)
    quotient = _checked(a / b, a, b)
    if not quotient and a and not math.isinf(b):
        raise _underflow()
    return quotient


def float_round(given: float) -> float:
    """Half goes to the even neighbour."""
    return math.copysign(round(given), given) if math.isfinite(given) else given


def float_ceil(given: float) -> float:
    return math.copysign(math.ceil(given), given) if math.isfinite(given) else given


def float_floor(given: float) -> float:
    return math.copysign(math.floor(given), given) if math.isfinite(given) else given


def float_sign(given: float) -> float:
    """0 for NaN."""
    return float((given > 0) - (given < 0))


def numeric_from_double(given: float) -> Decimal:
    """Fifteen significant digits, as PostgreSQL's cast keeps them."""
    return numeric_in(f"{given:.15g}")


def numeric_from_real(given: float) -> Decimal:
    return numeric_in(f"{given:.6g}")


def double_from_numeric(given: Decimal) -> float:
    nearest = float(given) or 0.0  # numeric has no -0
    if given.is_finite() and (math.isinf(nearest) or (given and not nearest)):
        raise BadValue("value is out of range for type double precision")
    return nearest


def _four_bytes(given: float) -> bytes:
    try:
        return _REAL.pack(given)
    except OverflowError:
        return b""


def _checked(result: float, a: float, b: float) -> float:
    if math.isinf(result) and not math.isinf(a) and not math.isinf(b):
        raise _overflow()
    return result


def _spelled(text: str, fixed: int) -> str:
    """Python's shortest digits the way PostgreSQL writes them: `1e+15`, `1e-05`, `100`."""
    if text in _SPECIAL:
        return _SPECIAL[text]
    mantissa, _, power = text.partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
    before, _, after = mantissa.partition(".")
    digits = (before + after).lstrip("0")
    exponent = int(power or 0) + len(before) - 1 - (len(before + after) - len(digits))
    digits = digits.rstrip("0")
    if not digits:
        return sign + "0"
    if -4 <= exponent < fixed:
        return sign + _plain(digits, exponent)
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"


def _plain(digits: str, exponent: int) -> str:
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return f"{whole}.{digits[exponent + 1 :]}" if digits[exponent + 1 :] else whole


def _overflow() -> BadValue:
    return BadValue("value out of range: overflow")


def _underflow() -> BadValue:
    return BadValue("value out of range: underflow")
