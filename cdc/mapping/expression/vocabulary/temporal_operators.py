"""What `+`, `-`, `*` and `/` do with dates, times and intervals."""

from __future__ import annotations

from cdc.mapping.expression.sqltype import Sql
from cdc.mapping.expression.vocabulary.signature import FLOAT8, INT4, Signature

DATE, TIME, TIMESTAMP, INSTANT, INTERVAL = Sql.DATE, Sql.TIME, Sql.TIMESTAMP, Sql.INSTANT, Sql.INTERVAL
MOMENTS = (TIMESTAMP, INSTANT)

SUMS = (
    Signature((DATE, INT4), DATE, "date_add"),
    Signature((INT4, DATE), DATE, "date_add({1}, {0})"),
    Signature((DATE, INTERVAL), TIMESTAMP, "stamp_add(stamp_of_date({}), {})"),
    Signature((INTERVAL, DATE), TIMESTAMP, "stamp_add(stamp_of_date({1}), {0})"),
    Signature((DATE, TIME), TIMESTAMP, "date_and_time"),
    Signature((TIME, DATE), TIMESTAMP, "date_and_time({1}, {0})"),
    *(Signature((sql, INTERVAL), sql, "stamp_add") for sql in MOMENTS),
    *(Signature((INTERVAL, sql), sql, "stamp_add({1}, {0})") for sql in MOMENTS),
    Signature((TIME, INTERVAL), TIME, "time_add"),
    Signature((INTERVAL, TIME), TIME, "time_add({1}, {0})"),
    Signature((INTERVAL, INTERVAL), INTERVAL, "interval_add"),
)
DIFFERENCES = (
    Signature((DATE, DATE), INT4, "date_difference"),
    Signature((DATE, INT4), DATE, "date_subtract"),
    Signature((DATE, INTERVAL), TIMESTAMP, "stamp_subtract(stamp_of_date({}), {})"),
    *(Signature((sql, sql), INTERVAL, "stamp_difference") for sql in MOMENTS),
    *(Signature((sql, INTERVAL), sql, "stamp_subtract") for sql in MOMENTS),
    Signature((TIME, TIME), INTERVAL, "time_difference"),
    Signature((TIME, INTERVAL), TIME, "time_subtract"),
    Signature((INTERVAL, INTERVAL), INTERVAL, "interval_subtract"),
    Signature((INTERVAL,), INTERVAL, "interval_negate"),
)
PRODUCTS = (
    Signature((INTERVAL, FLOAT8), INTERVAL, "interval_multiply"),
    Signature((FLOAT8, INTERVAL), INTERVAL, "interval_multiply({1}, {0})"),
)
QUOTIENTS = (Signature((INTERVAL, FLOAT8), INTERVAL, "interval_divide"),)
