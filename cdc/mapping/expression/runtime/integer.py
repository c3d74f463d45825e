"""Whole numbers within the bounds of PostgreSQL's integer types."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from cdc.mapping.expression.runtime.errors import DIVISION_BY_ZERO, BadValue, invalid, out_of_range
from cdc.mapping.expression.runtime.numeric import numeric_round

_DIGITS = re.compile(r"[ \t\n\v\f\r]*([+-]?)0*([0-9]+)[ \t\n\v\f\r]*")
_LONGEST = 19
"""Digits of the largest bigint."""


def int2(given: int) -> int:
    if -0x8000 <= given < 0x8000:
        return given
    raise out_of_range("smallint")


def int4(given: int) -> int:
    if -0x80000000 <= given < 0x80000000:
        return given
    raise out_of_range("integer")


def int8(given: int) -> int:
    if -0x8000000000000000 <= given < 0x8000000000000000:
        return given
    raise out_of_range("bigint")


def quotient(a: int, b: int) -> int:
    """Truncated toward zero."""
    if b == 0:
        raise BadValue(DIVISION_BY_ZERO)
    return a // b if (a < 0) == (b < 0) else -(-a // b)


def remainder(a: int, b: int) -> int:
    """With the sign of the dividend."""
    if b == 0:
        raise BadValue(DIVISION_BY_ZERO)
    return abs(a) % abs(b) if a >= 0 else -(-a % abs(b))


def int_in(text: str, type_name: str) -> int:
    """cast(text as integer). The caller checks the bounds."""
    found = _DIGITS.fullmatch(text)
    if found is None:
        raise invalid(type_name)
    if len(found[2]) > _LONGEST:
        raise out_of_range(type_name)
    return int(found[1] + found[2])


def int_from_numeric(given: Decimal) -> int:
    """Half goes away from zero. The caller checks the bounds."""
    if not given.is_finite():
        raise BadValue(f"cannot convert {'NaN' if given.is_nan() else 'infinity'} to an integer")
    return int(numeric_round(given))


def int_from_float(given: float) -> int:
    """Half goes to the even neighbour. The caller checks the bounds."""
    if given - given != 0:
        raise BadValue("integer out of range")
    return round(given)


def gcd(a: int, b: int) -> int:
    return math.gcd(a, b)


def lcm(a: int, b: int) -> int:
    return math.lcm(a, b)
