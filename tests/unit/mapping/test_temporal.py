"""Dates, times and intervals where PostgreSQL can't be asked: MySQL's times, refusals, round trips, laws of arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.runtime.clock import time_in
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.format_moment import stamp_format
from cdc.mapping.expression.runtime.format_number import integer_format
from cdc.mapping.expression.runtime.format_number_read import number_reader
from cdc.mapping.expression.runtime.format_read import stamp_reader
from cdc.mapping.expression.runtime.interval import Interval, clock_out, interval_out, justify_interval
from cdc.mapping.expression.runtime.interval_text import interval_in
from cdc.mapping.expression.runtime.moment import age, stamp_add, stamp_difference, stamp_subtract
from cdc.mapping.expression.runtime.temporal import DAY, instant_out, timestamp_in, timestamp_out
from cdc.mapping.expression.runtime.timezone import stamp_of_wall, wall_of_stamp, zone_named, zone_names
from cdc.mapping.expression.runtime.truncate import TRUNCATED, truncated_in_zone
from cdc.mapping.expression.scope import Scope
from cdc.model.table import Column
from cdc.model.types import Kind, Type
from tests.definitions import DATE, INT, TIMESTAMP, row_plan, spec, table, varchar
from tests.definitions import compiled as compiled_specs
from tests.expressions import SCOPE, refusal, value

MYSQL = Scope("shift", {"worked": Type(Kind.TIME, "time(6)", precision=6), "day": Type(Kind.DATE, "date")})

INTERVALS = st.builds(Interval, st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(-(10**15), 10**15))
STAMPS = st.integers(-211_813_488_000_000_000, 9_223_371_331_199_999_999)
"""All timestamps that PostgreSQL has."""
MODERN = st.integers(timestamp_in("1850-01-01 00:00:00"), timestamp_in("2200-01-01 00:00:00"))
ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Europe/Dublin"]
)


class TestTimesOfMysql:
    """TIME is a duration there: up to 838 hours, and negative."""

    @pytest.mark.parametrize("text", ["-838:59:59", "838:59:59.000001", "25:00:00", "10:00:00"])
    def test_is_copied_as_it_is(self, text):
        assert value("worked", MYSQL, worked=text) == text
        assert value("coalesce(worked, '10:00')", MYSQL, worked=text) == text
        assert value("worked::text", MYSQL, worked=text) == text

    def test_is_no_time_of_day_beyond_one(self):
        with pytest.raises(BadValue, match="not within a day"):
            value("worked + interval '1 hour'", MYSQL, worked="25:00:00")

    @pytest.mark.parametrize(("text", "expected"), [("25:00:00", "50:00:00"), ("-838:59:59", "-1677:59:58"), ("01:00:00", "02:00:00")])
    def test_counts_as_an_interval_after_a_cast(self, text, expected):
        assert value("worked::interval * 2", MYSQL, worked=text) == expected
        assert value("worked::interval", MYSQL, worked=text) == text

    def test_is_added_to_a_day_as_a_duration(self):
        assert value("day + worked::interval", MYSQL, day="2024-01-01", worked="-01:00:00") == "2023-12-31 23:00:00"


class TestIntoColumns:
    SOURCE = table("visit", [Column("id", INT), Column("at", TIMESTAMP), Column("worked", Type(Kind.TIME, "time(6)", precision=6))])
    TARGET = table(
        "call",
        [
            Column("id", INT),
            Column("day", DATE),
            Column("clock", Type(Kind.TIME, "time", precision=0)),
            Column("lasted", Type(Kind.INTERVAL, "interval")),
            Column("month", varchar(7)),
        ],
    )
    MAPPING = """
version: 1
mapping: calls
source: public.visit
target: public.call
key: [id]
columns:
  id: id
  day: (at + interval '1 month')::date
  clock: at::time(0)
  lasted: justify_hours(worked * 2)
  month: to_char(at, 'YYYY-MM')
"""

    def test_values_arrive_in_the_columns_text(self):
        made = row_plan(self.MAPPING, self.SOURCE, self.TARGET)
        assert made.map_row(("7", "2024-01-31 23:59:59.25", "13:00:00.5")) == (
            ("7",),
            ("7", "2024-02-29", "23:59:59", "1 day 02:00:01", "2024-01"),
        )

    def test_null_stays_null(self):
        assert row_plan(self.MAPPING, self.SOURCE, self.TARGET).map_row(("7", None, None)) == (("7",), ("7", None, None, None, None))

    @pytest.mark.parametrize(
        ("column", "expression", "fits"),
        [
            ("clock", "worked::interval", True),
            ("clock", "at", False),
            ("lasted", "at", False),
            ("lasted", "worked", True),
            ("day", "at", False),
            ("month", "worked::interval", True),
        ],
    )
    def test_only_a_text_takes_everything(self, column, expression, fits):
        lines = [f"  {column}: {expression}" if line.startswith(f"  {column}:") else line for line in self.MAPPING.splitlines()]
        _, problems = compiled_specs([spec("\n".join(lines))], self.SOURCE, self.TARGET)
        assert ("type-mismatch" not in {problem.code for problem in problems}) is fits


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("text", "code", "spot", "words"),
        [
            ("age(ts)", "not-allowed", "age", "depends on the clock"),
            ("ts + now()", "not-allowed", "now", "not a function of the row"),
            ("current_date - d", "not-allowed", "current_date", "not a function of the row"),
            ("ts at time zone 'Europe/Berln'", "bad-value", "'Europe/Berln'", "not a name of the IANA database"),
            ("ts at time zone 'CET'", "bad-value", "'CET'", "not a name of the IANA database"),
            ("ts at time zone '+02'", "bad-value", "'+02'", "not a name of the IANA database"),
            ("ts at time zone 'UTC+2'", "bad-value", "'UTC+2'", "not a name of the IANA database"),
            ("timezone('', ts)", "bad-value", "''", "not a name of the IANA database"),
            ("ts at time zone interval '1 month'", "bad-value", "ts", "must not include months or days"),
            ("date_trunc('day', tz, 'Nowhere')", "bad-value", "'Nowhere'", "not a name of the IANA database"),
            ("ti at time zone 'UTC'", "no-function", "ti", "does not exist"),
            ("extract(yaer from ts)", "bad-value", "ts", "'YAER' is no field"),
            ("extract(hour from d)", "bad-value", "d", "date has no field 'hour'"),
            ("extract(dow from iv)", "bad-value", "iv", "interval has no field 'dow'"),
            ("extract(timezone from ts)", "bad-value", "ts", "timestamp has no field 'timezone'"),
            ("date_part(s, ts)", "bad-value", "s", "the field is a text literal"),
            ("date_trunc(s, ts)", "bad-value", "s", "the unit is a text literal"),
            ("date_trunc('dayz', ts)", "bad-value", "'dayz'", "'dayz' is no unit"),
            ("date_trunc('week', iv)", "bad-value", "'week'", "interval can't be cut to week"),
            ("to_char(ts, s)", "bad-value", "s", "the pattern is a text literal"),
            ("to_char(ts, 'TMMonth')", "bad-value", "'TMMonth'", "depends on the server's language"),
            ("to_char(ts, 'DDSP')", "bad-value", "'DDSP'", "SP"),
            ("to_char(ts, '')", "bad-value", "''", "a pattern has 1 to"),
            ("to_char(iv, 'Month')", "bad-value", "'Month'", "Month has no meaning for an interval"),
            ("to_char(n, 'L999')", "bad-value", "'L999'", "L is not available"),
            ("to_char(n, '9.9EEEE')", "bad-value", "'9.9EEEE'", "EEEE is not available"),
            ("to_char(n, 'RN')", "bad-value", "'RN'", "RN is not available"),
            ("to_char(n, '99V9')", "bad-value", "'99V9'", "V is not available"),
            ("to_char(n, '9.9.9')", "bad-value", "'9.9.9'", "multiple decimal points"),
            ("to_char(n, 'S9S')", "bad-value", "'S9S'", "can't be used twice"),
            ("to_char(n, 'MI9S')", "bad-value", "'MI9S'", "can't be used together"),
            ("to_char(n, 'S9MI')", "bad-value", "'S9MI'", "can't be used together"),
            ("to_char(n, 'MI9PR')", "bad-value", "'MI9PR'", "can't be used together"),
            ("to_char(n, 'PR9')", "bad-value", "'PR9'", "ahead of PR"),
            ("to_date(s, 'IYYY-IW')", "bad-value", "'IYYY-IW'", "IYYY is not available for reading"),
            ("to_date(s, 'YYYY YY')", "bad-value", "'YYYY YY'", "the year stands in it twice"),
            ("to_date(s, 'J DD')", "bad-value", "'J DD'", "J and DD can't be used together"),
            ("to_date(s, 'MonDDD')", "bad-value", "'MonDDD'", "DDD and MON can't be used together"),
            ("to_timestamp(s, 'SSSS HH24')", "bad-value", "'SSSS HH24'", "SSSS and HH can't be used together"),
            ("to_char(n, '9PRSG')", "bad-value", "'9PRSG'", "can't be used together"),
            ("to_date(s, 'DDth')", "bad-value", "'DDth'", "TH is not available for reading"),
            ("to_date(s, 'FXYYYY')", "bad-value", "'FXYYYY'", "FX is not available for reading"),
            ("to_timestamp(s, 'YYYY TZ')", "bad-value", "'YYYY TZ'", "TZ is not available for reading"),
            ("interval '1-2' day", "bad-value", "'1-2'", "a number stands before DAY"),
            ("interval '1 fortnight'", "bad-value", "'1 fortnight'", "invalid input syntax for type interval"),
            ("coalesce(ti, iv)", "type-mismatch", "ti", "do not go together"),
            ("s::timetz", "unknown-type", "s", "timetz"),
            ("s::interval day to second", "unknown-type", "s", "not available"),
        ],
    )
    def test_where_and_why(self, text, code, spot, words):
        problem = refusal(text, SCOPE)
        assert problem.code == code
        assert words in problem.message
        assert text[problem.offset :].startswith(spot)

    @pytest.mark.parametrize(
        ("text", "help_text"),
        [
            ("ts at time zone 'Europe/Berln'", "did you mean 'Europe/Berlin'?"),
            ("ts at time zone '+02'", "write a name like 'Europe/Berlin', or interval '2 hours' for what lies east of UTC"),
            ("ts at time zone 'CEST'", "write a name like 'Europe/Berlin'"),
            ("to_char(ts, 'TMMonth')", "the reference of expressions lists"),
            ("extract(yaer from ts)", "did you mean 'year'?"),
            ("date_trunc('mont', ts)", "did you mean 'mon"),
            ("age(ts)", "write age(later, earlier)"),
            ("to_char(ts, s)", "write to_char(…, 'YYYY-MM-DD')"),
            ("to_char(n, s)", "write to_char(…, 'FM999990.00')"),
        ],
    )
    def test_the_way_out(self, text, help_text):
        assert refusal(text, SCOPE).help.startswith(help_text)

    def test_nothing_is_said_where_the_table_is_not_known(self):
        for text in ("extract(year from a)", "date_trunc('day', a)", "to_char(a, 'YYYY')", "a at time zone 'UTC'", "a + interval '1 day'"):
            assert check_value(text, Scope("any", None))[1] == []

    def test_a_zone_in_a_row_that_is_none_is_the_rows_error(self):
        with pytest.raises(BadValue, match="not a name"):
            value("ts at time zone zone", ts="2024-01-01 00:00:00", zone="+02")


def test_a_difference_too_long_for_an_interval_is_an_error():
    """PostgreSQL 15 gives a negative one."""
    with pytest.raises(BadValue, match="interval out of range"):
        value("ts - timestamp '4714-11-24 BC'", ts="294276-01-01 00:00:00")


def test_age_of_infinity_is_an_error():
    """PostgreSQL 15 gives some 292,000 years for one of them."""
    with pytest.raises(BadValue, match="timestamp out of range"):
        value("age(ts, timestamp '2000-01-01')", ts="infinity")


class TestIntervals:
    @given(INTERVALS)
    def test_text_reads_back_part_by_part(self, given_interval):
        assert tuple(interval_in(interval_out(given_interval))) == tuple(given_interval)

    @given(INTERVALS, INTERVALS)
    def test_order_and_hash_agree_with_equality(self, a, b):
        assert (a < b) + (a == b) + (a > b) == 1
        assert (a <= b) is not (a > b)
        assert (a != b) is not (a == b)
        if a == b:
            assert hash(a) == hash(b)

    def test_equal_intervals_are_one_in_a_set(self):
        assert len({interval_in(text) for text in ("1 mon", "30 days", "720:00:00", "29 days 24:00:00")}) == 1

    @given(INTERVALS)
    def test_justified_is_as_long_as_before_and_of_one_sign(self, given_interval):
        justified = justify_interval(given_interval)
        assert justified == given_interval
        assert abs(justified.days) < 30
        assert abs(justified.microseconds) < DAY
        assert not (min(justified) < 0 < max(justified))

    @given(st.text("0123456789 -+.:,@Pymdhsago", max_size=25))
    def test_any_text_is_an_interval_or_an_error(self, text):
        try:
            found = interval_in(text)
        except BadValue:
            return
        assert tuple(interval_in(interval_out(found))) == tuple(found)


def test_years_have_as_many_digits_as_their_pattern_and_the_calendars_are_two():
    assert value("to_char(ts, 'YYYY YYY YY Y IYYY IYY IY I')", ts="2005-01-01 00:00:00") == "2005 005 05 5 2004 004 04 4"


class TestMoments:
    @given(st.integers(0, DAY))
    def test_time_reads_back(self, time):
        assert time_in(clock_out(time)) == time

    @given(STAMPS, STAMPS)
    def test_the_difference_added_leads_back(self, a, b):
        try:
            difference = stamp_difference(a, b)
        except BadValue:
            return
        assert stamp_add(b, difference) == a
        assert stamp_subtract(a, difference) == b

    @given(MODERN, MODERN)
    def test_age_added_leads_back(self, a, b):
        later, earlier = max(a, b), min(a, b)
        missed = stamp_add(earlier, age(later, earlier)) - later
        assert abs(missed) < 4 * DAY  # a month that is borrowed may be shorter than the one it pays for
        assert missed % DAY == 0
        assert age(later, later) == Interval(0, 0, 0)

    @given(STAMPS, st.sampled_from(sorted(TRUNCATED)))
    def test_a_beginning_is_before_and_stays(self, stamp, unit):
        try:
            begun = TRUNCATED[unit](stamp)
        except BadValue:
            assert stamp < timestamp_in("3001-01-01 00:00:00") - 6000 * 365 * DAY
            return
        assert begun <= stamp
        assert TRUNCATED[unit](begun) == begun

    @given(STAMPS)
    def test_a_pattern_reads_what_it_wrote(self, stamp):
        """Reading knows no year beyond four digits unless something stands behind it, and no BC without it."""
        pattern = "YYYY-MM-DD HH24:MI:SS.US BC"
        text = stamp_format(pattern, "")(stamp)
        assert text is not None
        assert stamp_reader(pattern)(text) == stamp


class TestZones:
    def test_there_are_all_but_the_abbreviations(self):
        names = zone_names()
        assert len(names) > 500
        assert names["europe/berlin"] == "Europe/Berlin"
        assert not {"cet", "est", "localtime", "factory"} & set(names)

    @given(MODERN, ZONES)
    def test_the_clock_leads_back_but_for_the_hour_that_comes_twice(self, stamp, name):
        zone = zone_named(name)
        back = stamp_of_wall(zone, wall_of_stamp(zone, stamp))
        assert back >= stamp
        assert wall_of_stamp(zone, back) == wall_of_stamp(zone, stamp)

    @given(STAMPS, ZONES)
    def test_every_moment_has_a_clock_within_a_day_of_utc(self, stamp, name):
        zone = zone_named(name)
        try:
            assert abs(wall_of_stamp(zone, stamp) - stamp) < DAY
            assert abs(stamp_of_wall(zone, stamp) - stamp) < DAY
        except BadValue:
            assert not timestamp_in("4714-11-26 00:00:00 BC") < stamp < timestamp_in("294276-12-30 00:00:00")

    @given(MODERN, ZONES, st.sampled_from(["hour", "day", "month", "year"]))
    def test_a_beginning_in_a_zone_is_before(self, stamp, name, unit):
        zone = zone_named(name)
        begun = truncated_in_zone(unit)(zone, stamp)
        assert begun <= stamp, instant_out(stamp)
        assert timestamp_out(wall_of_stamp(zone, begun)) <= timestamp_out(wall_of_stamp(zone, stamp))


@given(st.integers(-(10**9), 10**9))
def test_a_number_reads_back_from_its_pattern(number):
    pattern = "S9,999,999,990"
    assert number_reader(pattern)(integer_format(pattern)(number)) == number
