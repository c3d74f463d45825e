"""Texts as people type them to the one form that machines compare. What can't be brought into it becomes NULL, never a guess.

Each function gives its own results back unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from unicodedata import category, normalize

from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_valid_number, parse

from cdc.mapping.expression.runtime.countries import COUNTRIES

_JOINERS = "\u200c\u200d"
"""They shape the letters beside them and make one emoji of several: they vanish at the ends only, where nothing is to join."""
_UNSEEN = re.compile("[\u00ad\u061c\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Soft hyphens, marks of direction, word joiners and byte order marks."""
_BLANKS = re.compile("[\\s\u180e\u200b\u2800\u3164]+")
"""White space of all scripts, the zero-width space, and what looks like a blank."""
_EMAIL = re.compile(r"""([^\s\x00-\x1f\x7f-\x9f@"(),:;<>\[\\\]]{1,64})@([^\s@]{1,253})""")
"""As the e-mail field of a browser takes it, and letters beyond ASCII."""
_LONGEST = 200
"""No country's name has so many characters."""
_SEPARATORS = re.compile(r"[\s./_-]+")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}")
_VAT = re.compile(r"[A-Z]{2}(?=[A-Z+*]*[0-9])[0-9A-Z+*]{2,14}")


def clean_spaces(text: str) -> str:
    return _BLANKS.sub(" ", _UNSEEN.sub("", text)).strip(" " + _JOINERS)


def clean_phone(text: str | None, region: str | None) -> str | None:
    """E.164. Either may be None: without a region, the number has to begin with `+`."""
    if text is None:
        return None
    try:
        number = parse(_UNSEEN.sub("", text), region and region.strip().upper())
    except NumberParseException:
        return None
    if number.extension or not is_valid_number(number):  # E.164 has no extensions, and dropping one would lose it
        return None
    return format_number(number, PhoneNumberFormat.E164)


def clean_email(text: str) -> str | None:
    found = _EMAIL.fullmatch(clean_spaces(text))
    if found is None:
        return None
    domain = normalize("NFC", normalize("NFC", found[2]).lower())
    *others, last = domain.split(".")
    if not others or last.isdecimal() or not all(map(_is_label, (*others, last))):
        return None
    return f"{found[1]}@{domain}"


def _is_label(text: str) -> bool:
    """A part of a domain's name."""
    inside = all(character.isalnum() or character == "-" or category(character)[0] == "M" for character in text)
    return 0 < len(text) < 64 and text[0] != "-" != text[-1] and inside


def clean_country(text: str) -> str | None:
    """ISO 3166-1, two letters."""
    return _countries().get(_folded(text)) if len(text) < _LONGEST else None


@cache
def _countries() -> Mapping[str, str]:
    return {key: line[:2] for line in COUNTRIES.splitlines() for key in _spellings(line)}


def _spellings(line: str) -> Iterator[str]:
    two, three, digits, names = line.split(" ", 3)
    for name in (two, three, digits, *names.split("|")):
        yield _folded(name)
        yield _folded(name.translate(_UMLAUTS))


_UMLAUTS = str.maketrans({letter: f"{plain}e" for letter, plain in zip("äöüÄÖÜ", "aouAOU", strict=True)})


def _folded(name: str) -> str:
    """What a name is looked up by: neither capitals nor accents nor anything between the letters count."""
    letters = normalize("NFKD", name.casefold())
    return "".join(one for one in letters if one.isalnum() or (category(one)[0] == "M" and not "\u0300" <= one <= "\u036f"))


def clean_iban(text: str) -> str | None:
    compact = _compact(text)
    if not _IBAN.fullmatch(compact):
        return None
    moved = compact[4:] + compact[:4]
    return compact if int("".join(str(int(one, 36)) for one in moved)) % 97 == 1 else None


def clean_vat(text: str) -> str | None:
    compact = _compact(text)
    return compact if _VAT.fullmatch(compact) else None


def _compact(text: str) -> str:
    """Capitals without anything between them; empty where there is more than ASCII, whose capitals may be ASCII."""
    compact = _SEPARATORS.sub("", clean_spaces(text))
    return compact.upper() if compact.isascii() else ""
