"""Functions of dates, times and intervals."""

from __future__ import annotations

from cdc.mapping.expression.sqltype import Sql
from cdc.mapping.expression.vocabulary.signature import BOOL, FLOAT8, INT4, TEXT, Function, Signature
from cdc.mapping.expression.vocabulary.temporal_operators import DATE, INSTANT, INTERVAL, MOMENTS, TIME, TIMESTAMP

_PARTS = "date | timestamp | timestamptz | time | interval"


def _temporal(name: str, doc: str, *signatures: Signature, forms: tuple[str, ...] = ()) -> Function:
    return Function(name, "dates and times", doc, signatures, forms)


def _of(arguments: tuple[Sql, ...], result: Sql, call: str) -> Signature:
    return Signature(arguments, result, call)


FUNCTIONS = (
    _temporal(
        "extract",
        "A field as numeric. The field is a word: millennium, century, decade, year, quarter, month, week, day, hour, minute, second, "
        "milliseconds, microseconds, epoch, dow, isodow, doy, isoyear, julian.",
        *(_of((sql,), Sql.NUMERIC, "") for sql in (DATE, TIMESTAMP, INSTANT, TIME, INTERVAL)),
        forms=(f"extract(field from {_PARTS}) → numeric",),
    ),
    _temporal(
        "date_part",
        "The same as double precision. The field is a text literal.",
        *(_of((TEXT, sql), FLOAT8, "") for sql in (DATE, TIMESTAMP, INSTANT, TIME, INTERVAL)),
        forms=(f"date_part('field', {_PARTS}) → double precision",),
    ),
    _temporal(
        "date_trunc",
        "The beginning of the second, minute, hour, day, week (Monday), month, quarter, year, decade, century or millennium; with a zone, by its clock.",
        *(_of((TEXT, sql), sql, "") for sql in (TIMESTAMP, INSTANT, INTERVAL)),
        _of((TEXT, INSTANT, TEXT), INSTANT, ""),
        forms=(
            "date_trunc('unit', timestamp | timestamptz | interval)",
            "date_trunc('unit', timestamptz, 'zone') → timestamp with time zone",
        ),
    ),
    _temporal(
        "date_bin",
        "The beginning of the stride that a timestamp falls into, counted from an origin.",
        *(_of((INTERVAL, sql, sql), sql, "date_bin") for sql in MOMENTS),
    ),
    _temporal(
        "timezone",
        "A timestamp as the clock of a zone shows it becomes a timestamptz; a timestamptz becomes what that clock shows. The zone is a name like "
        "'Europe/Berlin', or an interval to the east of UTC.",
        _of((TEXT, TIMESTAMP), INSTANT, "stamp_of_wall(zone_named({}), {})"),
        _of((TEXT, INSTANT), TIMESTAMP, "wall_of_stamp(zone_named({}), {})"),
        _of((INTERVAL, TIMESTAMP), INSTANT, "stamp_of_wall(zone_at({}), {})"),
        _of((INTERVAL, INSTANT), TIMESTAMP, "wall_of_stamp(zone_at({}), {})"),
        forms=("timestamp | timestamptz at time zone zone", "timezone(zone, timestamp | timestamptz)"),
    ),
    _temporal(
        "age",
        "Years, months, days and time from the second to the first, by the calendar.",
        *(_of((sql, sql), INTERVAL, "age") for sql in MOMENTS),
    ),
    _temporal("make_date", "Of year, month and day; a negative year is BC.", _of((INT4,) * 3, DATE, "make_date")),
    _temporal("make_time", "Of hour, minute and seconds.", _of((INT4, INT4, FLOAT8), TIME, "make_time")),
    _temporal(
        "make_timestamp",
        "Of year, month, day, hour, minute and seconds.",
        _of((INT4, INT4, INT4, INT4, INT4, FLOAT8), TIMESTAMP, "make_timestamp"),
    ),
    _temporal(
        "make_interval",
        "Of years, months, weeks, days, hours, minutes and seconds; what is left out counts as 0.",
        _of((*(INT4,) * 6, FLOAT8), INTERVAL, "make_interval"),
        forms=("make_interval([years[, months[, weeks[, days[, hours[, minutes[, seconds]]]]]]]) → interval",),
    ),
    _temporal(
        "to_timestamp",
        "The moment so many seconds after 1970-01-01 00:00 UTC; or a text read by a pattern, which is a text literal.",
        _of((FLOAT8,), INSTANT, "stamp_of_seconds"),
        _of((TEXT, TEXT), INSTANT, ""),
        forms=("to_timestamp(double precision) → timestamp with time zone", "to_timestamp(text, 'pattern') → timestamp with time zone"),
    ),
    _temporal(
        "to_date",
        "A text read by a pattern, which is a text literal.",
        _of((TEXT, TEXT), DATE, ""),
        forms=("to_date(text, 'pattern') → date",),
    ),
    _temporal(
        "to_char",
        "A text by a pattern, which is a text literal.",
        *(_of((sql, TEXT), TEXT, "") for sql in (*MOMENTS, INTERVAL, INT4, Sql.INT8, Sql.NUMERIC, Sql.FLOAT4, FLOAT8)),
        forms=("to_char(date | timestamp | timestamptz | time | interval | number, 'pattern') → text",),
    ),
    _temporal(
        "to_number",
        "A text read by a pattern, which is a text literal.",
        _of((TEXT, TEXT), Sql.NUMERIC, ""),
        forms=("to_number(text, 'pattern') → numeric",),
    ),
    _temporal("justify_days", "Every 30 days become a month.", _of((INTERVAL,), INTERVAL, "justify_days")),
    _temporal("justify_hours", "Every 24 hours become a day.", _of((INTERVAL,), INTERVAL, "justify_hours")),
    _temporal("justify_interval", "Both, and all parts get one sign.", _of((INTERVAL,), INTERVAL, "justify_interval")),
    _temporal(
        "isfinite",
        "False for infinity.",
        *(_of((sql,), BOOL, "is_finite") for sql in (DATE, *MOMENTS)),
        _of((INTERVAL,), BOOL, "interval_isfinite"),
    ),
)
