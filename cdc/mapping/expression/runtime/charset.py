"""Whether a text has room in a column: in its character set, and in its length."""

from __future__ import annotations

import re
from collections.abc import Mapping
from unicodedata import category

from cdc.mapping.expression.runtime.errors import BadValue


def _windows() -> str:
    """MySQL's latin1 is Windows' code page, with the five bytes that this leaves open."""
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))


UNFIT: Mapping[str, re.Pattern[str]] = {
    "ascii": re.compile("[^\x00-\x7f]"),
    "latin1": re.compile(f"[^{re.escape(_windows())}]"),
    "iso-8859-1": re.compile("[^\x00-\xff]"),
    "utf8mb3": re.compile("[^\x00-\uffff]"),
}
"""Character set → the characters that it lacks."""
WHOLE = frozenset({"utf8mb4", "utf16", "utf32", "utf16le"})
"""Character sets that lack none."""


def fits_charset(unfit: re.Pattern[str], text: str) -> bool:
    return unfit.search(text) is None


def replace_unfit(unfit: re.Pattern[str], text: str, replacement: str) -> str:
    return unfit.sub(lambda _: replacement, text)


def fit(text: str, length: int) -> str:
    """Cut where a reader sees the end of a character: an accent goes with its letter, an emoji with all of its parts.

    https://unicode.org/reports/tr29/, without the rules for conjuncts of Indian scripts and letters that go with what follows.
    """
    if length < 0:
        raise BadValue("negative length not allowed")
    if len(text) <= length:
        return text
    while length and _inside(text, length):
        length -= 1
    return text[:length]


_ZWJ = "\u200d"
_EXTENDING = re.compile("[\u200c\u200d\uff9e\uff9f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
"""What goes with the character before it besides marks: joiners, shades of skin, the letters of regions' flags."""
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_HANGUL = (
    re.compile("[\u1100-\u115f\ua960-\ua97c][\u1100-\u11a7\ua960-\ua97c\ud7b0-\ud7c6\uac00-\ud7a3]"),
    re.compile("[\u1160-\u11a7\ud7b0-\ud7c6][\u1160-\u11ff\ud7b0-\ud7fb]"),
    re.compile("[\u11a8-\u11ff\ud7cb-\ud7fb][\u11a8-\u11ff\ud7cb-\ud7fb]"),
    re.compile("[\uac00-\ud7a3][\u1160-\u11ff\ud7b0-\ud7fb]"),
)
"""Pairs of Korean letters that share a syllable."""


def _inside(text: str, at: int) -> bool:
    """Whether a cut before the character at `at` would tear something apart."""
    pair, after = text[at - 1 : at + 1], text[at]
    if category(after)[0] == "M" or _EXTENDING.match(after) or pair[0] == _ZWJ or pair == "\r\n":
        return True
    if _FLAG.match(after):
        return _letters_of_flags(text, at) % 2 == 1
    return any(pattern.match(pair) for pattern in _HANGUL)


def _letters_of_flags(text: str, at: int) -> int:
    start = at
    while start and _FLAG.match(text[start - 1]):
        start -= 1
    return at - start
