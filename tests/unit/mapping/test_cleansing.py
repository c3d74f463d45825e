"""Texts as people type them, and what becomes of them: each function at its edges, and given back its own results."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import example_number, format_number
from phonenumbers.phonenumberutil import SUPPORTED_REGIONS, PhoneNumberFormat

from cdc.mapping.expression.runtime.charset import UNFIT, fit, fits_charset, replace_unfit
from cdc.mapping.expression.runtime.cleansing import clean_country, clean_email, clean_iban, clean_phone, clean_spaces, clean_vat
from cdc.mapping.expression.runtime.countries import COUNTRIES
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.spelling import digits, nfc, strip_accents, title_case
from cdc.model.table import Column
from tests.definitions import INT, TEXT, spec, table, varchar
from tests.definitions import compiled as mapped
from tests.expressions import compiled, refusal, value

ODD = " \t\n\u00a0\u2003\u3000\u200b\u200d\u200e\ufeff\u0301\u0323ß'’-.@/+İıǆｶﾞ1٣Aaéż漢각\u1112\u1161🇩🇪👍🏽"
TEXTS = st.text(st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"])), max_size=40)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("", ""),
        ("   ", ""),
        ("\u00a0\u200b\ufeff", ""),
        (" Müller  AG ", "Müller AG"),
        ("a\t\r\n b", "a b"),
        ("a\u00a0b\u202fc\u3000d\u2028e\x85f", "a b c d e f"),
        ("a\u200bb", "a b"),
        ("a\u2060b\ufeffc\u00add", "abcd"),
        ("\u202a+49 30\u202c", "+49 30"),
        ("\u200e \u200d a \u200d \u200f", "a"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u0000b", "a\u0000b"),
    ],
)
def test_clean_spaces(given_text, expected):
    assert clean_spaces(given_text) == expected


@pytest.mark.parametrize(
    ("number", "region", "expected"),
    [
        ("030 123456", "DE", "+4930123456"),
        ("(030) 12 34-56", "DE", "+4930123456"),
        ("+49 (0)30/123456", "US", "+4930123456"),
        ("+49 30 123456", None, "+4930123456"),
        ("0049 30 123456", "DE", "+4930123456"),
        ("01149 30 123456", "US", "+4930123456"),
        ("030 123456", "de", "+4930123456"),
        ("030 123456", " DE ", "+4930123456"),
        ("06 698 12345", "IT", "+390669812345"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("\u202a+49\u00a030\u00a0123456\u202c", "DE", "+4930123456"),
        ("０３０ １２３４５６", "DE", "+4930123456"),
        ("٠٣٠ ١٢٣٤٥٦", "DE", "+4930123456"),
        ("030 123456", None, None),
        ("030 123456", "", None),
        ("030 123456", "XX", None),
        ("030 123456 ext. 12", "DE", None),
        ("+1 650 253 0000 x12", "US", None),
        ("030 123456 / 0171 1234567", "DE", None),
        ("12", "DE", None),
        ("+49", "DE", None),
        ("unknown", "DE", None),
        ("", "DE", None),
        ("+" + "1" * 100_000, "DE", None),
        (None, "DE", None),
        (None, None, None),
    ],
)
def test_clean_phone(number, region, expected):
    assert clean_phone(number, region) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (" Anna.Muster@EXAMPLE.com ", "Anna.Muster@example.com"),
        ("a@b.co", "a@b.co"),
        ("\ufeffa@b.co\u200b", "a@b.co"),
        ("o'brien+tag@x-y.example", "o'brien+tag@x-y.example"),
        ("ä@MÜLLER.de", "ä@müller.de"),
        ("a@mu\u0308ller.de", "a@müller.de"),
        ("a@xn--mller-kva.de", "a@xn--mller-kva.de"),
        ("क@उदाहरण.भारत", "क@उदाहरण.भारत"),
        (f"{'a' * 64}@b.co", f"{'a' * 64}@b.co"),
        (f"{'a' * 65}@b.co", None),
        (f"a@{'b' * 63}.co", f"a@{'b' * 63}.co"),
        (f"a@{'b' * 64}.co", None),
        ("", None),
        ("a@b", None),
        ("a.b.co", None),
        ("@b.co", None),
        ("a@", None),
        ("a@b@c.co", None),
        ("a@b..co", None),
        ("a@.co", None),
        ("a@b.co.", None),
        ("a@-b.co", None),
        ("a@b-.co", None),
        ("a@b_c.co", None),
        ("a@127.0.0.1", None),
        ("a b@c.co", None),
        ("a@b.co, c@d.co", None),
        ("Anna <a@b.co>", None),
        ("mailto:a@b.co", None),
        ('"a"@b.co', None),
        ("a\u0000@b.co", None),
    ],
)
def test_clean_email(address, expected):
    assert clean_email(address) == expected


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        ("DE", "DE"),
        (" de ", "DE"),
        ("DEU", "DE"),
        ("276", "DE"),
        ("Germany", "DE"),
        ("DEUTSCHLAND", "DE"),
        ("Bundesrepublik Deutschland", "DE"),
        ("Österreich", "AT"),
        ("Oesterreich", "AT"),
        ("osterreich", "AT"),
        ("O\u0308sterreich", "AT"),
        ("UK", "GB"),
        ("U.S.A.", "US"),
        ("United States", "US"),
        ("NO", "NO"),
        ("Norge", "NO"),
        ("Suisse", "CH"),
        ("EL", "GR"),
        ("Ελλάδα", "GR"),
        ("Россия", "RU"),
        ("日本", "JP"),
        ("भारत", "IN"),
        ("Côte d’Ivoire", "CI"),
        ("Cote d'Ivoire", "CI"),
        ("Turkey", "TR"),
        ("Türkiye", "TR"),
        ("Congo", None),
        ("Korea", None),
        ("076", "BR"),
        ("76", None),
        ("Bavaria", None),
        ("XX", None),
        ("", None),
        ("--", None),
        ("a" * 1_000_000, None),
    ],
)
def test_clean_country(country, expected):
    assert clean_country(country) == expected


def test_every_country_is_found_by_each_of_its_names_and_no_name_is_that_of_two():
    owners = {}
    for line in COUNTRIES.splitlines():
        two, three, number, names = line.split(" ", 3)
        for name in (two, three, number, *names.split("|")):
            assert clean_country(name) == two, name
            assert owners.setdefault(name, two) == two
    assert len(set(owners.values())) == 249


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("de89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("GB82-WEST-1234-5698-7654-32", "GB82WEST12345698765432"),
        ("DE88370400440532013000", None),
        ("DE89", None),
        ("", None),
        ("ıe89370400440532013000", None),
        ("D" * 100_000, None),
    ],
)
def test_clean_iban(number, expected):
    assert clean_iban(number) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("de 123.456.789", "DE123456789"),
        ("ATU12345678", "ATU12345678"),
        ("CHE-123.456.789 MWST", "CHE123456789MWST"),
        ("EL123456789", "EL123456789"),
        ("IE1234567WA", "IE1234567WA"),
        ("123456789", None),
        ("none", None),
        ("DE", None),
        ("", None),
        ("DEß23456789", None),
    ],
)
def test_clean_vat(number, expected):
    assert clean_vat(number) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", ""),
        ("MÜLLER-LÜDENSCHEIDT", "Müller-Lüdenscheidt"),
        ("anna-maria o'neill", "Anna-Maria O'Neill"),
        ("O’BRIEN", "O’Brien"),
        ("PETER'S", "Peter's"),
        ("Ludwig van Beethoven", "Ludwig van Beethoven"),
        ("LUDWIG VAN BEETHOVEN", "Ludwig van Beethoven"),
        ("ludwig van beethoven", "Ludwig van Beethoven"),
        ("von der leyen", "von der Leyen"),
        ("VON DER LEYEN", "Von der Leyen"),
        ("Van Halen", "Van Halen"),
        ("Ronald McDonald", "Ronald McDonald"),
        ("Jeanne d'Arc", "Jeanne d'Arc"),
        ("MARIA E. LOPEZ", "Maria E. Lopez"),
        ("ortega y gasset", "Ortega y Gasset"),
        ("hans  MÜLLER", "Hans  Müller"),
        ("straße 5b", "Straße 5b"),
        ("3M B2B", "3M B2B"),
        ("e\u0301cole", "E\u0301cole"),
        ("ИВАН ПЕТРОВ", "Иван Петров"),
        ("山田", "山田"),
        (" a ", " A "),
    ],
)
def test_title_case(name, expected):
    assert title_case(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("abc", "abc"),
        ("Müller Straße", "Muller Strasse"),
        ("Łódź Ærø Þór Đorđe", "Lodz AEro THor Dorde"),
        ("e\u0301", "e"),
        ("ﬁn", "fin"),
        ("İı", "Ii"),
        ("10 m²", "10 m²"),
        ("각", "각"),
        ("שָׁלוֹם", nfc("שָׁלוֹם")),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_strip_accents(text, expected):
    assert strip_accents(text) == expected


def test_nfc_makes_equal_what_looks_equal():
    assert nfc("u\u0308") == "ü"
    assert nfc("²") == "²"


def test_digits():
    assert digits("+49 (0)30/12-ab٣４²") == "490301234"


@pytest.mark.parametrize(
    ("charset", "fitting", "unfit"),
    [
        ("ascii", "a~\x7f", "ü\x80"),
        ("latin1", "ü€Ÿ\x81ÿ", "ł\x80漢"),
        ("iso-8859-1", "ü\x80ÿ", "€Ā"),
        ("utf8mb3", "ü€漢\uffff", "🚀\U00010000"),
    ],
)
def test_character_sets(charset, fitting, unfit):
    pattern = UNFIT[charset]
    assert fits_charset(pattern, "")
    assert fits_charset(pattern, fitting)
    for character in unfit:
        assert not fits_charset(pattern, f"a{character}")
        assert replace_unfit(pattern, f"a{character}b", "?") == "a?b"
    assert replace_unfit(pattern, fitting + unfit, "") == fitting


def test_latin1_is_what_mysql_can_store_in_it():
    """One byte a character, and each of the 256."""
    fitting = [chr(code) for code in range(0x11000) if not 0xD800 <= code < 0xE000 and fits_charset(UNFIT["latin1"], chr(code))]
    assert len(fitting) == 256


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("abc", {0: "", 1: "a", 2: "ab", 3: "abc", 9: "abc"}),
        ("e\u0301a", {1: "", 2: "e\u0301"}),
        ("👨\u200d👩\u200d👧x", {4: "", 5: "👨\u200d👩\u200d👧"}),
        ("a👍🏽", {2: "a", 3: "a👍🏽"}),
        ("🇩🇪🇫🇷🇮🇹", {1: "", 2: "🇩🇪", 3: "🇩🇪", 4: "🇩🇪🇫🇷", 5: "🇩🇪🇫🇷"}),
        ("\u1112\u1161\u11ab", {1: "", 2: "", 3: "\u1112\u1161\u11ab"}),
        ("가\u11ab각각", {1: "", 2: "가\u11ab", 3: "가\u11ab각"}),
        ("a\r\nb", {2: "a", 3: "a\r\n"}),
        ("हिन", {1: "", 2: "हि"}),
    ],
)
def test_fit(text, lengths):
    assert {length: fit(text, length) for length in lengths} == lengths


def test_a_negative_length_is_an_error():
    with pytest.raises(BadValue, match="negative length"):
        fit("a", -1)


FUNCTIONS = [
    clean_spaces, clean_email, clean_country, clean_iban, clean_vat, title_case, strip_accents, nfc, digits,
    lambda text: clean_phone(text, "DE"), lambda text: fit(text, 7), lambda text: replace_unfit(UNFIT["latin1"], text, "?"),
]  # fmt: skip


@given(TEXTS)
def test_every_function_gives_its_own_results_back(text):
    for function in FUNCTIONS:
        once = function(text)
        assert once is None or function(once) == once


@given(
    st.sampled_from(sorted(SUPPORTED_REGIONS)),
    st.sampled_from([PhoneNumberFormat.__dict__[name] for name in ("E164", "INTERNATIONAL", "NATIONAL", "RFC3966")]),
)
def test_a_number_of_any_region_comes_out_in_one_form(region, form):
    number = example_number(region)
    expected = format_number(number, PhoneNumberFormat.E164)
    assert clean_phone(format_number(number, form), region) == expected
    assert clean_phone(expected, None) == expected


@given(TEXTS)
def test_a_clean_text_has_single_blanks_and_no_others(text):
    clean = clean_spaces(text)
    assert clean == clean.strip()
    assert "  " not in clean
    assert all(character == " " or not character.isspace() for character in clean)


@given(TEXTS, st.integers(0, 45))
def test_what_fits_is_a_beginning_and_no_longer(text, length):
    cut = fit(text, length)
    assert text.startswith(cut)
    assert len(cut) <= length


@given(TEXTS, TEXTS)
def test_texts_that_are_one_letter_for_letter_are_one_after_nfc(left, right):
    assert nfc(left + right) == nfc(nfc(left) + nfc(right))


@pytest.mark.parametrize("function", [nfc, strip_accents])
def test_a_pile_of_marks_is_refused_rather_than_sorted_for_hours(function):
    begun = perf_counter()
    with pytest.raises(BadValue, match="more than 1000 marks on one letter"):
        function("a" + "\u0300\u0323" * 500_000)
    assert perf_counter() - begun < 5


@pytest.mark.parametrize(
    "hostile",
    ["a" * 1_000_000, " " * 1_000_000, "a@" * 500_000, "a." * 500_000, "'a" * 500_000, "\u200d " * 500_000, "🇩" * 300_000, "1" * 1_000_000],
)
def test_every_function_takes_time_by_the_length_of_the_text(hostile):
    begun = perf_counter()
    for function in FUNCTIONS:
        function(hostile)
    assert perf_counter() - begun < 20


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("clean_phone(s, 'DE')", {"s": "030 123456"}, "+4930123456"),
        ("clean_phone(s, x)", {"s": "030 123456", "x": "DE"}, "+4930123456"),
        ("clean_phone(s, clean_country(x))", {"s": "030 123456", "x": "Deutschland"}, "+4930123456"),
        ("clean_phone(s, x)", {"s": "+49 30 123456"}, "+4930123456"),
        ("clean_phone(s)", {"s": "+49 30 123456"}, "+4930123456"),
        ("clean_phone(s, 'DE')", {}, None),
        ("coalesce(clean_phone(s, 'DE'), s)", {"s": "on request"}, "on request"),
        ("clean_phone('030 123456', 'DE')", {}, "+4930123456"),
        ("length(clean_phone('12', 'DE'))", {}, None),
        ("clean_email(coalesce(s, 'x')) is null", {}, "t"),
        ("upper(clean_email(coalesce(s, 'x')))", {}, None),
        ("clean_country(coalesce(s, '')) = 'DE'", {}, None),
        ("not clean_country(coalesce(s, '')) = 'DE'", {}, None),
        ("fits_charset(s, 'utf8mb3')", {"s": "🚀"}, "f"),
        ("fits_charset(s, 'utf8mb3')", {}, None),
        ("replace_unfit(s, 'utf8mb3', '?')", {"s": "to the 🚀"}, "to the ?"),
        ("replace_unfit(v, 'latin1', '')", {"v": "Łódź €"}, "ód €"),
        ("fit(s, i4)", {"s": "e\u0301", "i4": "1"}, ""),
        ("title_case(clean_spaces(s))", {"s": " ANNA   MUSTER "}, "Anna Muster"),
        ("nfc(strip_accents(s)) || digits(s)", {"s": "é1"}, "e11"),
        ("clean_iban(c)", {"c": "x"}, None),
    ],
)
def test_in_expressions(text, row, expected):
    assert value(text, **row) == expected


@pytest.mark.parametrize(
    ("text", "code", "message", "help_text"),
    [
        (
            "clean_phone(s, 'XX')",
            "bad-value",
            "there are no telephone numbers of a region 'XX'",
            "two capitals, as ISO 3166-1 has them: 'DE'",
        ),
        ("clean_phone(s, 'de')", "bad-value", "there are no telephone numbers of a region 'de'", "did you mean 'DE'?"),
        ("clean_phone(i4)", "type-mismatch", "text is needed here, this is integer", "write cast(… as text)"),
        ("clean_phone()", "no-function", "clean_phone does not take 0 values", "clean_phone(text[, region text]) → text"),
        ("fits_charset(s, 'utf8mb')", "bad-value", "this is no character set that is known here", "did you mean 'utf8mb3'?"),
        (
            "fits_charset(s, x)",
            "bad-value",
            "this is no character set that is known here",
            "there are ascii, latin1, iso-8859-1 or utf8mb3",
        ),
        ("replace_unfit(s, 'ascii', 'ü')", "bad-value", "the replacement is a text literal of the same character set", "write '?' or ''"),
        ("replace_unfit(s, 'ascii', x)", "bad-value", "the replacement is a text literal of the same character set", "write '?' or ''"),
        ("fit(s, -1)", "bad-value", "negative length not allowed", ""),
    ],
)
def test_what_is_wrong_is_said_when_the_mapping_is_compiled(text, code, message, help_text):
    problem = refusal(text)
    assert (problem.code, problem.message, problem.help) == (code, message, help_text)


def test_clean_phone_is_one_call_for_a_column():
    evaluate = compiled("clean_phone(s, 'DE')")
    begun = perf_counter()
    for at in range(1000):
        evaluate([None] * 9 + [f"030 {100_000 + at}", *[None] * 13])
    assert perf_counter() - begun < 5


@pytest.mark.parametrize(
    ("expression", "size"),
    [
        ("clean_phone(name, 'DE')", 16),
        ("clean_email(name)", 318),
        ("clean_country(name)", 2),
        ("clean_iban(name)", 34),
        ("clean_vat(name)", 16),
        ("fit(name, 20)", 20),
        ("hash_sha256(name, '')", 64),
    ],
)
def test_the_compiler_knows_how_long_a_result_is(expression, size):
    """A column that holds it needs no check of its length."""
    text = f"version: 1\nmapping: m\nsource: a\ntarget: b\nkey: [id]\ncolumns:\n  id: id\n  name: {expression}\n"
    source = table("a", [Column("id", INT), Column("name", TEXT)])
    for room, problems in ((size, []), (size - 1, ["may-not-fit"])):
        target = table("b", [Column("id", INT), Column("name", varchar(room))])
        assert [problem.code for problem in mapped([spec(text)], source, target)[1]] == problems
