"""The letters of a text: composed, without accents, as names are written."""

from __future__ import annotations

import re
from unicodedata import combining, decimal, normalize

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.text import lower, upper

_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\ufe20-\ufe2f]+")
"""Marks on letters; the vowel signs of Arabic, Hebrew and the scripts of India are not among them."""
_PLAIN = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
        "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ħ": "h", "Ħ": "H", "ı": "i", "ŋ": "n", "Ŋ": "N", "ŧ": "t", "Ŧ": "T", "ſ": "s",
        "ƀ": "b", "Ƀ": "B", "ɨ": "i", "Ɨ": "I", "ĳ": "ij", "Ĳ": "IJ", "ŀ": "l", "Ŀ": "L", "ĸ": "q", "ŉ": "'n",
        "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st",
    }
)  # fmt: skip
"""Latin letters that Unicode does not take apart."""
_MARKS = 1000
_WORD = re.compile("(?:[^\\W_]|[\u0300-\u036f])+(?:['’](?:[^\\W_]|[\u0300-\u036f])+)*")
"""Letters, digits and accents, with apostrophes inside."""
_APOSTROPHE = re.compile("(['’])")
_PARTICLES = frozenset(
    "al bin d da das de dei del della den der des di do dos du e el ibn la las le les los of ter the ten und van vom von y zu zum zur".split()  # noqa: SIM905
)
"""Small words between the parts of a name."""


def nfc(text: str) -> str:
    return text if text.isascii() else normalize("NFC", _bounded(text))


def strip_accents(text: str) -> str:
    if text.isascii():
        return text
    return normalize("NFC", _ACCENTS.sub("", normalize("NFD", _bounded(text))).translate(_PLAIN))


def _bounded(text: str) -> str:
    """Putting the marks of one letter in order takes time by the square of their number: people set two or three."""
    marks = 0
    for one in text if len(text) > _MARKS else ():
        marks = marks + 1 if combining(one) else 0
        if marks > _MARKS:
            raise BadValue(f"more than {_MARKS} marks on one letter")
    return text


def digits(text: str) -> str:
    return "".join(str(decimal(one)) for one in text if one.isdecimal())


def title_case(text: str) -> str:
    """Words that are all small or all capitals; what is written in both has been written with care and stays."""
    first = len(text) - len(text.lstrip())

    def titled(found: re.Match[str]) -> str:
        word = found[0]
        small, capital = lower(word) == word, upper(word) == word
        if not (small or capital) or any(map(str.isdecimal, word)):
            return word
        if lower(word) in _PARTICLES and (small or (len(word) > 1 and found.start() > first)) and _stands_alone(text, found):
            return lower(word)
        return "".join(part if part in "'’" else _capitalised(part, at) for at, part in enumerate(_APOSTROPHE.split(word)))

    return _WORD.sub(titled, text)


def _stands_alone(text: str, found: re.Match[str]) -> bool:
    around = text[max(0, found.start() - 1) : found.start()] + text[found.end() : found.end() + 1]
    return not around.strip()


def _capitalised(part: str, at: int) -> str:
    """The s of `Peter's` stays small, the B of `O'Brien` does not."""
    return lower(part) if at and len(part) == 1 else upper(part[:1]) + lower(part[1:])
