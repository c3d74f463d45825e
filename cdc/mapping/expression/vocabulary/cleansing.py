"""Functions that bring texts into the form that others compare, and into what a column has room for."""

from __future__ import annotations

from cdc.mapping.expression.vocabulary.signature import INT4, TEXT, Function, Signature


def _text(name: str, doc: str, *, null: bool = False) -> Function:
    return Function(name, "cleansing", doc, (Signature((TEXT,), TEXT, name, null),))


def _form(name: str, doc: str, form: str) -> Function:
    return Function(name, "cleansing", doc, forms=(form,))


FUNCTIONS = (
    _text(
        "clean_spaces",
        "One blank for any white space of any script, none at the ends; characters that can't be seen vanish. An empty text stays empty.",
    ),
    _form(
        "clean_phone",
        "A telephone number as E.164 has it (`+4930123456`), read as in the region (ISO 3166-1, two letters) unless it begins with `+`."
        " NULL when it is no valid number, or has an extension. With an unknown region or NULL, only `+…` is read.",
        "clean_phone(text[, region text]) → text",
    ),
    _text(
        "clean_email",
        "One address without blanks around it, its domain in small letters; what stands before the `@` is kept. NULL when it is none.",
        null=True,
    ),
    _text(
        "clean_country",
        "ISO 3166-1 with two letters, from two letters, three, three digits, or a name in English, German or one of the country's own"
        " languages; capitals, accents and punctuation don't count. NULL when it is none.",
        null=True,
    ),
    _text("clean_iban", "Capitals without blanks. NULL when form or check digits are wrong.", null=True),
    _text(
        "clean_vat",
        "A VAT number with its country, in capitals without blanks, dots and hyphens. NULL when it has another form; check digits are not checked.",
        null=True,
    ),
    _text(
        "title_case",
        "Names: words all in capitals or all in small letters get one capital, also behind hyphen and apostrophe (`O'Brien`). Words in both"
        " (`McDonald`), words with digits, and particles in small letters (`von`, `de`, `of`) stay.",
    ),
    _text(
        "strip_accents",
        "Letters without their accents: `é` becomes `e`, `ü` becomes `u`, `ß` becomes `ss`, `ø` becomes `o`, `ł` becomes `l`.",
    ),
    _text("nfc", "Letters and accents composed (Unicode's form NFC), so that texts are equal that look equal."),
    _text("digits", "The decimal digits of all scripts as 0 to 9, nothing else."),
    _form(
        "fits_charset",
        "Whether the character set has all characters of the text: `utf8mb3`, `latin1` (MySQL's, which is Windows-1252), `iso-8859-1`, `ascii`.",
        "fits_charset(text, 'charset') → boolean",
    ),
    _form(
        "replace_unfit",
        "Each character that the character set lacks becomes the third text, which may be empty.",
        "replace_unfit(text, 'charset', 'text') → text",
    ),
    Function(
        "fit",
        "cleansing",
        "The first characters, as many as fit, without tearing apart what readers see as one: a letter and its accent, an emoji of several parts.",
        (Signature((TEXT, INT4), TEXT, "fit"),),
        ("fit(text, characters integer) → text",),
    ),
)
