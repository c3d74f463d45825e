"""Cleansing and masking against what real servers make of the same texts."""

from hashlib import sha256

import pytest

from cdc.mapping.expression.runtime.charset import UNFIT, fits_charset
from cdc.mapping.expression.runtime.spelling import nfc
from cdc.mapping.expression.salt import Salt

TEXTS = ["", "a@b.co", "Müller  AG", "漢字 🚀", "e\u0301", "it's \\"]
CODES = [*range(1, 0x3000), 0xD7FF, 0xE000, 0xFB01, 0xFFFD, 0xFFFF, 0x10000, 0x1F680, 0x10FFFF]


@pytest.fixture(scope="module")
def theirs(postgresql):
    with postgresql.connect() as connection:
        yield connection.cursor()


@pytest.fixture(scope="module")
def ours(mariadb):
    connection = mariadb.connect()
    yield connection.cursor()
    connection.close()


@pytest.mark.parametrize("text", TEXTS)
def test_both_servers_make_the_same_hash(text, theirs, ours):
    expected = Salt("pepper").hashed(text)
    assert expected == sha256(f"pepper{text}".encode()).hexdigest()
    theirs.execute("select encode(sha256(convert_to('pepper' || %s::text, 'UTF8')), 'hex')", (text,))
    ours.execute("select sha2(concat('pepper', convert(%s using utf8mb4)), 256)", (text,))
    assert [theirs.fetchone()[0], ours.fetchone()[0]] == [expected, expected]


def test_nfc_is_postgresqls(theirs):
    """Of all letters that Unicode takes apart."""
    texts = [f"{chr(code)}{mark}" for code in range(0x20, 0x2000) for mark in ("", "\u0301", "\u0323\u0308") if not 0xD800 <= code < 0xE000]
    theirs.execute("select normalize(text, nfc) from unnest(%s::text[]) with ordinality as t (text, at) order by at", (texts,))
    assert [row[0] for row in theirs.fetchall()] == [nfc(text) for text in texts]


@pytest.mark.parametrize("charset", ["latin1", "utf8mb3", "ascii"])
def test_a_text_fits_where_mariadb_gives_it_back(charset, ours):
    fitting = []
    for start in range(0, len(CODES), 500):
        codes = CODES[start : start + 500]
        union = " union all ".join(f"select {code}, convert(%s using utf8mb4)" for code in codes)
        lossless = f"binary convert(convert(text using {charset}) using utf8mb4) = binary text"
        ours.execute(
            f"select code from (select 0 as code, '' as text union all {union}) as t where {lossless}", [chr(code) for code in codes]
        )
        fitting += [row[0] for row in ours.fetchall() if row[0]]
    assert sorted(fitting) == [code for code in CODES if fits_charset(UNFIT[charset], chr(code))]


def test_iso_8859_1_is_postgresqls_latin1(theirs):
    for code in (0x20, 0x7F, 0x80, 0xA4, 0xFF):
        theirs.execute("select convert_to(%s, 'LATIN1')", (chr(code),))
        assert fits_charset(UNFIT["iso-8859-1"], chr(code))
    for code in (0x100, 0x20AC):
        assert not fits_charset(UNFIT["iso-8859-1"], chr(code))
        with pytest.raises(Exception, match="has no equivalent in encoding"):
            theirs.execute("select convert_to(%s, 'LATIN1')", (chr(code),))
