"""Values that must not be seen."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.masking import mask, mask_email
from cdc.mapping.expression.salt import Salt
from cdc.mapping.expression.scope import Scope
from tests.expressions import COLUMNS, compiled, refusal, value

SALTED = Scope("t", COLUMNS, Salt("pepper and salt"))


@pytest.mark.parametrize(
    ("text", "left", "right", "expected"),
    [
        ("4111111111111111", 0, 4, "************1111"),
        ("DE89370400440532013000", 4, 2, "DE89****************00"),
        ("abc", 1, 1, "a*c"),
        ("abc", 0, 0, "***"),
        ("abc", 3, 0, "***"),
        ("abc", 2, 2, "***"),
        ("abc", 0, 9, "***"),
        ("", 1, 1, ""),
        ("äöü", 1, 0, "ä**"),
    ],
)
def test_mask(text, left, right, expected):
    assert mask(text, left, right) == expected


def test_mask_with_another_character():
    assert mask("abcd", 1, 1, "·") == "a··d"


@pytest.mark.parametrize("arguments", [("a", -1, 0), ("a", 0, -1), ("a", 0, 0, ""), ("a", 0, 0, "**")])
def test_what_makes_no_mask(arguments):
    with pytest.raises(BadValue):
        mask(*arguments)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("anna.muster@example.com", "a***@example.com"),
        ("a@example.com", "a***@example.com"),
        ('"a@b"@example.com', '"***@example.com'),
        ("@example.com", "***"),
        ("anna@", "***"),
        ("anna", "***"),
        ("", "***"),
    ],
)
def test_mask_email(address, expected):
    assert mask_email(address) == expected


@given(st.text(), st.integers(0, 5), st.integers(0, 5))
def test_a_mask_keeps_the_length_and_no_more_than_both_ends(text, left, right):
    masked = mask(text, left, right)
    assert len(masked) == len(text)
    assert mask(masked, left, right) == masked
    seen = sum(one != "*" for one in masked)
    assert seen <= left + right
    assert seen == 0 or seen < len(text)


@given(st.text())
def test_a_masked_address_is_masked(text):
    assert mask_email(mask_email(text)) == mask_email(text)


def test_a_hash_is_that_of_the_salt_and_the_text():
    expected = sha256(b"pepper and salta@b.co").hexdigest()
    assert value("hash_sha256(s)", SALTED, s="a@b.co") == expected
    assert value("hash_sha256('a@b.co')", SALTED) == expected
    assert value("hash_sha256(lower(s))", SALTED, s="A@B.CO") == expected
    assert value("hash_sha256(s)", SALTED) is None
    assert value("hash_sha256('')", SALTED) == sha256(b"pepper and salt").hexdigest()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_equal_texts_have_equal_hashes_and_a_row_before_leaves_no_trace(text):
    evaluate = compiled("hash_sha256(s)", SALTED)
    row = [text if name == "s" else None for name in COLUMNS]
    assert evaluate(row) == evaluate(row) == sha256(b"pepper and salt" + text.encode()).hexdigest()


def test_no_salt_only_where_it_says_so():
    assert value("hash_sha256(s, '')", s="abc") == sha256(b"abc").hexdigest()
    assert value("hash_sha256(s, '')", SALTED, s="abc") == sha256(b"abc").hexdigest()


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("hash_sha256(s)", "no-salt", "hash_sha256 needs a salt: without one, who hashes all telephone numbers can read them back"),
        ("hash_sha256(s, 'pepper')", "bad-value", "the second value of hash_sha256 can only be '': without any salt"),
        ("hash_sha256(s, x)", "bad-value", "the second value of hash_sha256 can only be '': without any salt"),
        ("hash_sha256(s, null)", "bad-value", "the second value of hash_sha256 can only be '': without any salt"),
        ("hash_sha256()", "no-function", "hash_sha256 does not take 0 values"),
        ("hash_sha256(i4, '')", "type-mismatch", "text is needed here, this is integer"),
        ("mask(s, 1)", "no-function", "mask(text, integer) does not exist"),
        ("mask(s, -1, 0)", "bad-value", "negative number of characters to keep"),
        ("mask(s, 1, 0, '')", "bad-value", "what masks is one character"),
    ],
)
def test_slips(text, code, message):
    problem = refusal(text)
    assert (problem.code, problem.message) == (code, message)


def test_a_salt_shows_nowhere():
    salt = Salt("CANARY-salt")
    assert "CANARY" not in repr(salt)
    assert "CANARY" not in repr(Scope("t", COLUMNS, salt))


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("mask(s, 2, 1)", {"s": "abcdef"}, "ab***f"),
        ("mask(s, 0, i4, '#')", {"s": "abcdef", "i4": "2"}, "####ef"),
        ("mask(s, 0, i4)", {"s": "abcdef"}, None),
        ("mask(v, 1, 0) || mask_email(x)", {"v": "ab", "x": "b@c"}, "a*b***@c"),
        ("mask_email(s)", {}, None),
    ],
)
def test_in_expressions(text, row, expected):
    assert value(text, **row) == expected
