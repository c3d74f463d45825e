"""to_char of numbers: a pattern becomes a function when the expression is compiled, which writes as PostgreSQL's formatting.c does.

`D` and `G` are point and comma, as in the C locale.
https://www.postgresql.org/docs/15/functions-formatting.html#FUNCTIONS-FORMATTING-NUMERIC-TABLE
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.floating import double_out
from cdc.mapping.expression.runtime.format_moment import ordinal_suffix
from cdc.mapping.expression.runtime.format_pattern import Role, number_parts
from cdc.mapping.expression.runtime.numeric import numeric_out, numeric_round

_DOUBLE_DIGITS, _REAL_DIGITS = 15, 6
_SIGNS = frozenset({"MI", "PL", "SG"})
_KNOWN = frozenset({"9", "0", ".", "D", ",", "G", "FM", "S", *_SIGNS, "PR", "TH"})


class Shape:
    """What a pattern says as a whole."""

    def __init__(self, pattern: str) -> None:
        self.parts = number_parts(pattern)
        self.before = self.after = 0
        self.first_zero: int | None = None
        """How many digits stand before the first 0."""
        self.last_zero = 0
        """How many digits stand up to the last 0."""
        self.fills = self.decimal = self.plus = self.minus = self.brackets = False
        self.anchored = ""
        """Where S writes the sign: `before` or `after` the number."""
        self.anchored_at = 0
        for part in self.parts:
            if part.role is Role.KEYWORD:
                self._add(part.text.upper())
        if self.anchored == "before" and self.before == self.anchored_at:
            self.anchored = "after"
        self.words = tuple((part.text.upper() if part.role is Role.KEYWORD else "", part.text) for part in self.parts)

    def _add(self, word: str) -> None:
        if word not in _KNOWN:
            raise BadValue(f"pattern: {word} is not available")
        if word in {"9", "0"}:
            self._digit(zero=word == "0")
        elif word in {".", "D"}:
            if self.decimal:
                raise BadValue("pattern: multiple decimal points")
            self.decimal = True
        elif word == "S":
            self._sign()
        elif word in {*_SIGNS, "PR"}:
            self._other_sign(word)
        self.fills = self.fills or word == "FM"

    def _digit(self, *, zero: bool) -> None:
        if self.brackets:
            raise BadValue("pattern: digits must be ahead of PR")
        if zero and self.first_zero is None and not self.decimal:
            self.first_zero = self.before
        if self.decimal:
            self.after += 1
        else:
            self.before += 1
        if zero:
            self.last_zero = self.before + self.after

    def _sign(self) -> None:
        if self.anchored:
            raise BadValue("pattern: S can't be used twice")
        if self.plus or self.minus or self.brackets:
            raise BadValue("pattern: S, PR and the other signs can't be used together")
        self.anchored, self.anchored_at = ("after" if self.decimal else "before"), self.before

    def _other_sign(self, word: str) -> None:
        if self.anchored or (self.brackets if word != "PR" else self.plus or self.minus):
            raise BadValue("pattern: S, PR and the other signs can't be used together")
        self.plus = self.plus or word in {"PL", "SG"}
        self.minus = self.minus or word in {"MI", "SG"}
        self.brackets = self.brackets or word == "PR"


class _Writer:
    """One number while it is written: NUM_processor of PostgreSQL's formatting.c."""

    def __init__(self, shape: Shape, digits: str, *, negative: bool, after: int) -> None:
        whole = len(digits.partition(".")[0])
        if whole > shape.before:
            digits = "#" * shape.before + "." + "#" * after
        self.shape, self.digits, self.negative, self.after = shape, digits, negative, after
        self.blanks = max(0, shape.before - whole)
        """Places of the pattern before the number."""
        self.brackets = shape.brackets and (negative or not shape.fills)
        self.signed = shape.minus if shape.plus or shape.minus else not negative and shape.fills and not shape.anchored
        """Whether no sign is to be written any more."""
        self.relevant = self._last_relevant()
        self.count = shape.before + after - 1 + (not self.signed and not self.blanks)
        self.place = self.at = 0
        """In the pattern's digits, and in the number's."""
        self.begun = False
        self.out: list[str] = []

    def _last_relevant(self) -> int | None:
        """FM takes zeros at the end of the fraction away, except those that the pattern asks for."""
        shape, point = self.shape, self.digits.find(".")
        if not shape.fills or not shape.decimal or point < 0:
            return None
        last = max(point, len(self.digits.rstrip("0")) - 1)
        if shape.last_zero > self.blanks:
            last = max(last, min(len(self.digits) - 1, shape.last_zero - self.blanks))
        return last

    def write(self) -> str:
        for word, text in self.shape.words:
            if word in {"9", "0", ".", "D"}:
                self._digit(asked=word == "0")
            elif word:
                self._mark(word, text)
            else:
                self.out.append(text)
        return "".join(self.out).partition("\0")[0]

    def _mark(self, word: str, text: str) -> None:
        fills = self.shape.fills
        if word in {",", "G"}:
            self.out.append("," if self.begun else "" if fills else " ")
        elif word == "SG":
            self.out.append("-" if self.negative else "+")
        elif word in {"MI", "PL"}:
            wanted = self.negative is (word == "MI")
            self.out.append({"MI": "-", "PL": "+"}[word] if wanted else "" if fills else " ")
        elif word == "TH" and not (self.digits[0] == "#" or self.negative or self.shape.decimal):
            suffix = ordinal_suffix(self.digits)
            self.out.append(suffix if text == "TH" else suffix.lower())

    def _leading_zero(self) -> bool:
        """The 0 of 0.1, which a pattern of 9 leaves out."""
        return self.shape.first_zero is None and self.at == 0 and self.digits[0] == "0" and self.after != 0

    def _at_point(self) -> bool:
        return self.relevant is not None and self.digits[self.relevant] == "."

    def _sign(self) -> None:
        begins = self.place >= self.blanks or self.shape.first_zero == self.place
        if self.signed or not begins or (self._leading_zero() and not self._at_point()):
            return
        if self.shape.anchored:
            if self.shape.anchored == "before":
                self.out.append("-" if self.negative else "+")
                self.signed = True
            return
        if self.brackets:
            self.out.append("<" if self.negative else " ")
        else:
            self.out.append("-" if self.negative else "" if self.shape.fills else " ")
        self.signed = True

    def _digit(self, *, asked: bool) -> None:
        """One place of the pattern: a blank, a zero, the point, or a digit."""
        self.begun = False
        self._sign()
        zero = self.shape.first_zero
        if self.place < self.blanks and (zero is None or zero > self.place):
            self.out.append("" if self.shape.fills else " ")
        elif self.place < self.blanks:
            self.out.append("0")
            self.begun = True
        else:
            self._character(asked=asked)
        self._after_last()
        self.place += 1

    def _character(self, *, asked: bool) -> None:
        found = self.digits[self.at] if self.at < len(self.digits) else "\0"
        if found == ".":
            self.out.append(found)
        elif self.relevant is not None and self.at > self.relevant and not asked:
            pass
        elif self._leading_zero():
            self.out.append(" " if not self.shape.fills else "0" if self._at_point() else "")
        else:
            self.out.append(found)
            self.begun = True
        self.at += self.at < len(self.digits)

    def _after_last(self) -> None:
        end = self.count + (self.blanks > 0) + self.shape.decimal
        if self.relevant is not None and self.relevant == self.at:
            end = self.place
        if self.place + 1 != end:
            return
        if self.signed and self.brackets:
            self.out.append(">" if self.negative else " ")
        elif self.shape.anchored == "after":
            self.out.append("-" if self.negative else "+")


def _written(shape: Shape, text: str, after: int) -> str:
    negative = text.startswith("-")
    return _Writer(shape, text[1:] if negative else text, negative=negative, after=after).write()


def numeric_format(pattern: str) -> Callable[[Decimal], str]:
    """Return to_char() of numeric by a pattern. Raises `BadValue`."""
    shape = Shape(pattern)
    return lambda given: _written(shape, numeric_out(numeric_round(given, shape.after)), shape.after)


def integer_format(pattern: str) -> Callable[[int], str]:
    shape = Shape(pattern)
    zeros = f".{'0' * shape.after}" if shape.after else ""
    return lambda given: _written(shape, f"{given}{zeros}", shape.after)


def double_format(pattern: str) -> Callable[[float], str]:
    return _floating(Shape(pattern), _DOUBLE_DIGITS)


def real_format(pattern: str) -> Callable[[float], str]:
    return _floating(Shape(pattern), _REAL_DIGITS)


def _fixed(given: float, after: int) -> str:
    return f"{given:.{after}f}" if math.isfinite(given) else double_out(given)


def _floating(shape: Shape, most: int) -> Callable[[float], str]:
    """A fraction has no more digits than the type can tell apart."""

    def form(given: float) -> str:
        whole = len(_fixed(abs(given), 0))
        after = 0 if whole >= most else min(shape.after, most - whole)
        return _written(shape, _fixed(given, after), after)

    return form
