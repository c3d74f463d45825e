"""to_number: a text to a numeric by a pattern, as PostgreSQL's formatting.c reads it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from cdc.mapping.expression.runtime.format_number import Shape
from cdc.mapping.expression.runtime.numeric import numeric_fit, numeric_in

_DATA = "0123456789.,+-"
_PRECISION = 1000


class _Reader:
    """One text while it is read: NUM_processor of PostgreSQL's formatting.c, the other way."""

    def __init__(self, shape: Shape, text: str) -> None:
        self.shape, self.text, self.at = shape, text, 0
        self.sign = ""
        self.digits: list[str] = []
        self.before = self.after = 0
        self.decimal = False

    @property
    def here(self) -> str:
        """The character that is next, or nothing."""
        return self.text[self.at : self.at + 1]

    def read(self) -> Decimal:
        for word, _ in self.shape.words:
            if not self.here:
                break
            if word in {"9", "0", ".", "D"}:
                self._place(digit=word in {"9", "0"})
                self.at += 1
            elif word:
                self._mark(word)
            else:
                self.at += 1
        number = "".join(self.digits).removesuffix(".")
        given = numeric_in(f"{'-' if self.sign == '-' else ''}{number}")
        return numeric_fit(given, min(_PRECISION, self.shape.before + self.after), self.after)

    def _mark(self, word: str) -> None:
        if word in {",", "G"}:
            self.at += self.here == "," and not self.shape.fills
        elif word in {"MI", "PL", "SG"}:
            if self.here in {"MI": "-", "PL": "+", "SG": "+-"}[word]:
                self.sign = self.here
                self.at += 1
            else:
                self._skip(1)
        elif word == "TH" and not self.shape.decimal:
            self._skip(2)

    def _skip(self, most: int) -> None:
        """Pass over what can't be part of a number."""
        for _ in range(most):
            if self.here and self.here not in _DATA:
                self.at += 1

    def _place(self, *, digit: bool) -> None:
        self.at += self.here == " "
        if not self.here:
            return
        if not self.sign and digit and not self.before + self.after:
            self._sign_before()
        if not self.here:
            return
        if self.here.isdecimal() and self.here.isascii():
            if self.decimal and self.after == self.shape.after:
                return
            self.digits.append(self.here)
            self.after += self.decimal
            self.before += not self.decimal
            found = True
        else:
            found = self._point()
        if not self.sign and self.before + self.after:
            self._sign_behind(found=found)

    def _point(self) -> bool:
        if not self.shape.decimal or self.decimal or self.here != ".":
            return False
        self.digits.append(".")
        self.decimal = True
        return True

    def _sign_before(self) -> None:
        if self.here in {"-", "+"} or (self.here == "<" and self.shape.brackets):
            self.sign = "+" if self.here == "+" else "-"
            self.at += 1

    def _sign_behind(self, *, found: bool) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if self.shape.anchored and found:
            if following in {"-", "+"} and following:
                self.sign = following
                self.at += 1
        elif not found and not self.shape.anchored and (self.shape.plus or self.shape.minus) and self.here in {"-", "+"}:
            self.sign = self.here


def number_reader(pattern: str) -> Callable[[str], Decimal]:
    """Return to_number() by a pattern. Raises `BadValue`."""
    shape = Shape(pattern)
    return lambda text: _Reader(shape, text).read()
