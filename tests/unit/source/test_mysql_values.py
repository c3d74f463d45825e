"""Packed values to text, against arithmetic of another kind."""

import struct
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymysql.constants import FIELD_TYPE as CODE

from cdc.model.change import ABSENT
from cdc.model.errors import Misconfigured
from cdc.model.table import Column, Table, TableName
from cdc.server.mysql_types import DATETIME2, TIME2, TIMESTAMP2, Charset, Logged, facts_of, type_of
from cdc.source.mysql import rows, values
from cdc.source.mysql.charsets import Charsets
from cdc.source.mysql.generated import any_pattern, one_pattern
from cdc.source.mysql.pieces import piece

LATIN = Charset("latin1", 1)
UTF8 = Charset("utf8mb4", 4)
CHARSETS = Charsets({}, {"latin1": bytes(range(256)).decode("latin-1")})


def pieces(*columns):
    return [piece(number, column, type_of(facts_of(column)), CHARSETS) for number, column in enumerate(columns)]


def read(column, data):
    """Read one value both ways: by the function for its pattern and by the one for any."""
    one, end = one_pattern(pieces(column), 0)(data, 0)
    other, other_end = any_pattern(pieces(column))(b"\x00" + data, 1)
    assert (one, end) == (other, other_end - 1)
    assert end == len(data)
    return one[0]


def decimal_bytes(unscaled, precision, scale):
    """As the manual describes it: groups of nine digits, leading digits first, sign bit turned."""
    sizes = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
    whole, fraction = precision - scale, scale
    digits = f"{abs(unscaled):0{precision}d}"
    groups = [whole % 9, *[9] * (whole // 9), *[9] * (fraction // 9), fraction % 9]
    out, at = b"", 0
    for group in groups:
        out += int(digits[at : at + group] or 0).to_bytes(sizes[group], "big") if group else b""
        at += group
    if unscaled < 0:
        out = bytes(byte ^ 0xFF for byte in out)
    return bytes([out[0] ^ 0x80]) + out[1:]


@st.composite
def decimals(draw):
    precision = draw(st.integers(1, 65))
    scale = draw(st.integers(0, min(30, precision)))
    unscaled = draw(st.integers(-(10**precision) + 1, 10**precision - 1))
    return precision, scale, unscaled


@given(decimals())
def test_decimals(drawn):
    precision, scale, unscaled = drawn
    sign, digits = "-" if unscaled < 0 else "", f"{abs(unscaled):0{scale + 1}d}"
    expected = sign + (f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits)
    assert read(Logged(CODE.NEWDECIMAL, precision, scale), decimal_bytes(unscaled, precision, scale)) == expected


@given(st.sampled_from([(CODE.TINY, "b"), (CODE.SHORT, "h"), (CODE.LONG, "i"), (CODE.LONGLONG, "q")]), st.booleans(), st.data())
def test_integers(kind, unsigned, data):
    code, letter = kind
    bits = struct.calcsize(letter) * 8
    number = data.draw(st.integers(0, 2**bits - 1) if unsigned else st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    packed = struct.pack("<" + (letter.upper() if unsigned else letter), number)
    assert read(Logged(code, unsigned=unsigned), packed) == str(number)


@given(st.integers(-(2**23), 2**24 - 1))
def test_mediumints(number):
    raw = (number & 0xFFFFFF).to_bytes(3, "little")
    signed = number if number < 2**23 else number - 2**24
    assert read(Logged(CODE.INT24), raw) == str(signed)
    assert read(Logged(CODE.INT24, unsigned=True), raw) == str(number & 0xFFFFFF)


FRACTION = st.integers(0, 6).flatmap(lambda digits: st.tuples(st.just(digits), st.integers(0, 10**digits - 1)))


def fraction_bytes(digits, number):
    """An odd number of digits is stored with a zero behind it."""
    size = (digits + 1) // 2
    return (number * 10 ** (2 * size - digits)).to_bytes(size, "big") if digits else b""


def shown(digits, number):
    return f".{number:0{digits}d}" if digits else ""


@given(st.datetimes(), FRACTION)
def test_datetimes(moment, fraction):
    packed = ((moment.year * 13 + moment.month) << 5 | moment.day) << 17 | moment.hour << 12 | moment.minute << 6 | moment.second
    raw = (packed + 0x8000000000).to_bytes(5, "big") + fraction_bytes(*fraction)
    expected = moment.replace(microsecond=0).isoformat(sep=" ") + shown(*fraction)
    assert read(Logged(DATETIME2, fraction[0]), raw) == expected


def test_zero_and_impossible_dates():
    """torture: E05"""
    assert read(Logged(DATETIME2, 0), (0x8000000000).to_bytes(5, "big")) == "0000-00-00 00:00:00"
    assert read(Logged(DATETIME2, 3), (0x8000000000).to_bytes(5, "big") + b"\0\0") == "0000-00-00 00:00:00.000"
    assert read(Logged(CODE.DATE), b"\0\0\0") == "0000-00-00"
    assert read(Logged(CODE.DATE), (2024 << 9 | 2 << 5 | 31).to_bytes(3, "little")) == "2024-02-31"
    assert read(Logged(CODE.DATE), (9999 << 9 | 12 << 5 | 31).to_bytes(3, "little")) == "9999-12-31"
    assert read(Logged(TIMESTAMP2, 0), bytes(4)) == "0000-00-00 00:00:00+00"
    assert read(Logged(TIMESTAMP2, 2), bytes(5)) == "0000-00-00 00:00:00.00+00"


@given(st.integers(1, 2**32 - 1), FRACTION)
def test_timestamps_up_to_2106(second, fraction):
    raw = second.to_bytes(4, "big") + fraction_bytes(*fraction)
    expected = (datetime(1970, 1, 1) + timedelta(seconds=second)).isoformat(sep=" ") + shown(*fraction) + "+00"  # noqa: DTZ001
    assert read(Logged(TIMESTAMP2, fraction[0]), raw) == expected


@given(st.booleans(), st.integers(0, 838), st.integers(0, 59), st.integers(0, 59), FRACTION)
def test_times_of_either_sign(negative, hour, minute, second, fraction):
    digits, number = fraction
    size = (digits + 1) // 2
    packed = (hour << 12 | minute << 6 | second) << 8 * size | int.from_bytes(fraction_bytes(*fraction), "big")
    raw = ((-packed if negative else packed) + (0x800000 << 8 * size)).to_bytes(3 + size, "big")
    sign = "-" if negative and packed else ""
    assert read(Logged(TIME2, digits), raw) == f"{sign}{hour:02d}:{minute:02d}:{second:02d}{shown(digits, number)}"


@given(st.dates())
def test_dates(day):
    assert read(Logged(CODE.DATE), (day.year << 9 | day.month << 5 | day.day).to_bytes(3, "little")) == day.isoformat()


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_floats_have_the_fewest_digits(number):
    text = read(Logged(CODE.FLOAT, 4), struct.pack("<f", number))
    assert struct.pack("<f", float(text)) == struct.pack("<f", number)
    digits = Decimal(text).normalize().as_tuple().digits
    for fewer in range(1, len(digits)):
        with suppress(OverflowError):
            assert struct.pack("<f", float(f"{number:.{fewer}g}")) != struct.pack("<f", number)


@example(3.4025001647762064e38)
@example(3.4028234663852886e38)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_names_itself_again(number):
    assert values.single_text(float(values.single_text(number))) == values.single_text(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles(number):
    text = read(Logged(CODE.DOUBLE, 8), struct.pack("<d", number))
    assert struct.pack("<d", float(text)) == struct.pack("<d", number)
    assert not text.endswith(".0")


@pytest.mark.parametrize(
    ("column", "raw", "text"),
    [
        (Logged(CODE.YEAR), b"\x00", "0"),
        (Logged(CODE.YEAR), b"\xff", "2155"),
        (Logged(CODE.BIT, 5), b"\x15", "10101"),
        (Logged(CODE.BIT, 12), b"\x00\x03", "000000000011"),
        (Logged(CODE.ENUM, 1, labels=("a", "b")), b"\x00", ""),
        (Logged(CODE.ENUM, 2, labels=("a", "b")), b"\x02\x00", "b"),
        (Logged(CODE.SET, 1, labels=("a", "b", "c")), b"\x05", "a,c"),
        (Logged(CODE.SET, 3, labels=tuple("abcdefghijklmnopqrstuvw")), b"\x01\x00\x40", "a,w"),
        (Logged(CODE.SET, 8, labels=tuple(map(str, range(64)))), b"\x00" * 7 + b"\x80", "63"),
        (Logged(CODE.STRING, 4), b"\x01\x61", "\\x61000000"),
        (Logged(CODE.STRING, 1020, charset=UTF8), b"\x02\x00\xc3\xa4", "ä"),
        (Logged(CODE.VARCHAR, 300), b"\x01\x00\x00", "\\x00"),
        (Logged(CODE.VARCHAR, 255, charset=LATIN), b"\x02\xe4\x81", "ä\x81"),
        (Logged(CODE.VARCHAR, 255, charset=Charset("utf16", 4)), b"\x04\xd8\x34\xdd\x1e", "𝄞"),
        (Logged(CODE.BLOB, 1), b"\x00", "\\x"),
        (Logged(CODE.BLOB, 3, charset=UTF8), b"\x02\x00\x00ab", "ab"),
        (Logged(CODE.BLOB, 4), b"\x01\x00\x00\x00\xff", "\\xff"),
        (Logged(CODE.GEOMETRY, 4), b"\x02\x00\x00\x00\x01\x02", "\\x0102"),
        (Logged(CODE.JSON, 4), b"\x02\x00\x00\x00\x04\x01", "true"),
        (Logged(CODE.JSON, 4), b"\x00\x00\x00\x00", "null"),
    ],
)
def test_other_types(column, raw, text):
    """torture: E03, E10, E12"""
    assert read(column, raw) == text


@pytest.mark.parametrize(("stored", "text"), [
    (b"\x12\x3e\x45\x67\xe8\x9b\x12\xd3\xa4\x56\x42\x66\x14\x17\x40", "123e4567-e89b-12d3-a456-426614174000"), (b"", "00000000-0000-0000-0000-000000000000"),
])  # fmt: skip
def test_uuids(stored, text):
    assert values.uuid_text(stored) == text


@pytest.mark.parametrize(
    ("groups", "text"),
    [
        ("0 0 0 0 0 0 0 0", "::0.0.0.0"), ("0 0 0 0 0 ffff 102 304", "::ffff:1.2.3.4"), ("0 0 0 0 0 0 0 1", "::1"), ("2001 db8 0 0 1 0 0 1", "2001:db8::1:0:0:1"),
        ("1 2 3 4 5 6 7 8", "1:2:3:4:5:6:7:8"), ("1 0 3 4 5 6 7 8", "1::3:4:5:6:7:8"), ("1 2 3 4 5 6 7 0", "1:2:3:4:5:6:7::"), ("fe80 0 0 0 0 0 0 0", "fe80::"),
    ],
)  # fmt: skip
def test_inet6(groups, text):
    raw = b"".join(int(group, 16).to_bytes(2, "big") for group in groups.split())
    expected = {"::0.0.0.0": "::", "::1": "::1"}.get(text, text)
    assert values.inet6_text(raw.rstrip(b"\0")) == expected


def test_inet4():
    assert values.inet4_text(b"\x0a") == "10.0.0.0"


def test_remembered_texts_are_bounded():
    texts = values.Texts(str)
    for number in range(120_000):
        assert texts[number] == str(number)
    assert len(texts) <= 50_000


COLUMNS = [
    Logged(CODE.LONG),
    Logged(DATETIME2, 0),
    Logged(CODE.VARCHAR, 50, charset=UTF8),
    Logged(CODE.TINY),
    Logged(CODE.NEWDECIMAL, 9, 2),
]
WIRE = [struct.pack("<i", 7), (0x8000000000).to_bytes(5, "big"), b"\x01x", b"\x05", decimal_bytes(-150, 9, 2)]
TEXT = ["7", "0000-00-00 00:00:00", "x", "5", "-1.50"]


def decoder_of(*columns, key=()):
    table = Table(TableName("shop", "t"), tuple(Column(f"c{at}", type_of(facts_of(column))) for at, column in enumerate(columns)), key)
    return rows.RowDecoder(table, pieces(*columns), table.key)


@given(st.lists(st.tuples(st.integers(0, 31), st.integers(0, 31)), min_size=1, max_size=40))
def test_any_columns_present_and_any_of_them_null(patterns):
    decoder = decoder_of(*COLUMNS)
    for present, nulls in patterns * 3:
        there = [place for place in range(5) if present >> place & 1]
        bitmap = sum(1 << order for order, place in enumerate(there) if nulls >> place & 1)
        data = bytes([bitmap] if there else []) + b"".join(WIRE[place] for place in there if not nulls >> place & 1)
        expected = tuple(ABSENT if place not in there else None if nulls >> place & 1 else TEXT[place] for place in range(5))
        found = decoder.images(b"head" + data * 2, 4, 4 + 2 * len(data), bytes([present])) if data else [expected] * 2
        assert found == [expected] * 2


def test_an_update_keeps_what_only_its_old_image_carries():
    """torture: E02, rule 5"""
    decoder = decoder_of(COLUMNS[0], COLUMNS[2], COLUMNS[3])
    data = b"\x00" + WIRE[0] + WIRE[2] + b"\x00" + WIRE[3]
    ((old, new),) = decoder.pairs(data, 0, len(data), b"\x03", b"\x04")
    assert old == ("7", "x", ABSENT)
    assert new == ("7", "x", "5")


@pytest.mark.parametrize(("columns", "key"), [(b"\x06", (0,)), (b"\x01", (0, 2)), (b"\x00", ())])
def test_a_row_without_its_key_stops(columns, key):
    """torture: E02"""
    decoder = decoder_of(*[Logged(CODE.TINY)] * 3, key=key)
    with pytest.raises(Misconfigured, match=r"shop\.t: .*without its key") as stopped:
        decoder.images(b"\x00\x01\x01", 0, 3, columns)
    assert "binlog_row_image = FULL" in stopped.value.hint
    with pytest.raises(Misconfigured):
        decoder.pairs(b"\x00\x01\x01\x00\x01\x01", 0, 6, columns, b"\x07")


def test_an_updates_new_image_may_lack_the_key():
    decoder = decoder_of(*[Logged(CODE.TINY)] * 2, key=(0,))
    assert decoder.pairs(b"\x00\x01\x00\x05", 0, 4, b"\x01", b"\x02") == [(("1", ABSENT), ("1", "5"))]


def test_bits_behind_the_last_column_mean_nothing():
    decoder = decoder_of(*[Logged(CODE.TINY)] * 9)
    assert decoder.images(b"\x00\x01\x02", 0, 3, b"\x01\xff") == [("1", *[ABSENT] * 7, "2")]


def test_bitmaps_are_bounded(monkeypatch):
    monkeypatch.setattr(rows, "_BITMAPS", 4)
    decoder = decoder_of(*[Logged(CODE.TINY)] * 6)
    for columns in range(1, 64):
        decoder.images(b"\x00" + b"\x01" * columns.bit_count(), 0, 1 + columns.bit_count(), bytes([columns]))
    assert len(decoder._named) <= 4


def test_a_row_that_ends_behind_its_event():
    decoder = decoder_of(COLUMNS[2])
    with pytest.raises(ValueError, match="behind its event"):
        decoder.images(b"\x00\x05abcdefgh", 0, 4, b"\x01")
    with pytest.raises(ValueError, match="behind its event"):
        decoder.pairs(b"\x00\x01a\x00\x05bcdefgh", 0, 6, b"\x01", b"\x01")


def test_functions_are_bounded(monkeypatch):
    monkeypatch.setattr(rows, "_FUNCTIONS", 3)
    monkeypatch.setattr(rows, "_COUNTED", 5)
    decoder = decoder_of(*[Logged(CODE.TINY)] * 8)
    for _ in range(12):
        for nulls in range(256):
            count = 8 - nulls.bit_count()
            (row,) = decoder.images(bytes([nulls]) + b"\x01" * count, 0, 1 + count, b"\xff")
            assert row == tuple(None if nulls >> place & 1 else "1" for place in range(8))
    decoder.images(b"\x00" + b"\x01" * 8, 0, 9, b"\xff")
    for _ in range(20):
        decoder.images(b"\x00" + b"\x01" * 8, 0, 9, b"\xff")
    assert len(decoder.named(b"\xff")) <= 3


def test_no_name_and_no_label_enters_generated_code(monkeypatch):
    """torture: K01"""
    seen = []
    monkeypatch.setitem(one_pattern.__globals__, "exec", lambda text, scope: (seen.append(text), exec(text, scope)))
    column = Logged(CODE.ENUM, 1, charset=UTF8, labels=("__import__('os')", "'''\n"))
    function = one_pattern(pieces(column), 0)
    assert function(b"\x02", 0) == (("'''\n",), 1)
    assert seen
    assert "__import__" not in seen[0]
    assert "'''" not in seen[0]


def test_day_zero_is_the_epoch():
    assert values.EPOCH_DAYS[0] == "1970-01-01 "
    assert values.EPOCH_DAYS[(date(2106, 2, 7) - date(1970, 1, 1)).days] == "2106-02-07 "
