-- dates and timestamps: arithmetic
d + 1
d - 1
d + i2
d + i4
i4 + d
i2 + d
d + i8
d + n
d + 1.5
i4 - d
d + 2147483647
d - 2147483647
d - d
d - '2024-01-01'
d - date '2000-03-01'
date '2000-03-01' - d
d + '1'
d - ts
ts - d
d - tz
tz - d
ts - ts
ts - tz
tz - ts
ts - '2024-01-01 10:00'
ts - timestamp '2000-02-29 23:59:59.999999'
tz - timestamptz '2000-02-29 23:59:59.999999+01'
ts + ts
d + d
d + interval '1 day'
d + interval '1 month'
d - interval '1 month'
d + interval '1 year'
d - interval '4 years'
d + interval '1 mon -1 day 12 hours'
interval '1 month' + d
d + iv
d - iv
iv + d
ts + interval '1 day'
ts - interval '1 day'
ts + interval '1 month'
ts - interval '1 month'
ts + interval '1 month' * 12
ts + interval '4 years'
ts + interval '100 years'
ts - interval '6800 years'
ts + interval '300000 years'
ts - interval '0.000001 s'
ts + interval '0.000001 s'
ts + '1 day'
ts - '1 day'
'1 day' + ts
ts + iv
ts - iv
iv + ts
iv - ts
tz + iv
tz - iv
tz + interval '1 month 1 day 1 hour'
iv + tz
ts + i4 * interval '1 day'
d + i4 * interval '1 month'
ts + '1 day'::interval > '2024-01-01'
(ts + interval '1 month')::date
(d + interval '1 month')::date - d
d + time '10:00'
time '10:00' + d
date '2024-01-31' + interval '1 month'
date '2023-01-31' + interval '1 month'
date '2024-03-31' - interval '1 month'
date '2024-02-29' + interval '1 year'
date '2024-02-29' - interval '1 year'
date '2024-02-29' + interval '4 years'
date '0001-01-01' - interval '1 day'
date '0004-02-29 BC' + interval '1 month'
date '0001-12-31 BC' + 1
date '4714-11-24 BC' - 1
date '4714-11-24 BC' - interval '1 day'
date '5874897-12-31' + 1
date '5874897-12-31' + 0
date '5874897-12-31' + interval '1 day'
date '294276-12-31' + time '23:59:59.999999'
date 'infinity' + 1
date 'infinity' - date '2024-01-01'
date 'infinity' + interval '1 day'
date 'infinity' + time '10:00'
timestamp 'infinity' - interval '1 day'
timestamp 'infinity' - timestamp '2024-01-01'
timestamp '294276-12-31 23:59:59.999999' + interval '0.000001 s'
timestamp '294276-12-31 23:59:59.999999' + interval '1 mon -1 mon'
timestamp '4714-11-24 00:00:00 BC' - interval '0.000001 s'
timestamp '2024-02-29 10:00' + interval '1 year -1 day'
timestamp '2024-12-31 23:59:59.9' + interval '0.1 s'
timestamp '287000-01-01' - timestamp '4714-11-24 BC'
timestamptz '2024-03-31 00:30:00+00' + interval '1 day'
-- fields
extract(millennium from d)
extract(century from d)
extract(decade from d)
extract(year from d)
extract(quarter from d)
extract(month from d)
extract(week from d)
extract(day from d)
extract(dow from d)
extract(isodow from d)
extract(doy from d)
extract(isoyear from d)
extract(julian from d)
extract(epoch from d)
extract(millennium from ts)
extract(century from ts)
extract(decade from ts)
extract(year from ts)
extract(quarter from ts)
extract(month from ts)
extract(week from ts)
extract(day from ts)
extract(hour from ts)
extract(minute from ts)
extract(second from ts)
extract(milliseconds from ts)
extract(microseconds from ts)
extract(dow from ts)
extract(isodow from ts)
extract(doy from ts)
extract(isoyear from ts)
extract(julian from ts)
extract(epoch from ts)
extract(year from tz)
extract(hour from tz)
extract(second from tz)
extract(epoch from tz)
extract(week from tz)
extract(isoyear from tz)
extract(timezone from tz)
extract(timezone_hour from tz)
extract(timezone_minute from tz)
extract('year' from ts)
extract(YEARS from ts)
extract(mons from ts)
extract(msec from ts)
extract(us from ts)
extract(epoch from ts)::bigint
extract(year from ts)::int + 1
extract(year from d) * 100 + extract(month from d)
extract(epoch from ts - d)
extract(epoch from '2024-01-01')
extract(week from date '2020-12-31')
extract(week from date '2021-01-03')
extract(isoyear from date '2021-01-03')
extract(week from date '2024-12-30')
extract(isoyear from date '2024-12-30')
extract(dow from date '2024-03-03')
extract(isodow from date '2024-03-03')
extract(century from date '2000-12-31')
extract(century from date '2001-01-01')
extract(century from date '0100-12-31 BC')
extract(decade from date '0001-01-01 BC')
extract(decade from date '0011-01-01 BC')
extract(millennium from date '1001-01-01 BC')
extract(isoyear from date '0001-01-01 BC')
extract(isoyear from date '0001-01-01')
extract(julian from timestamp '2024-02-29 12:00')
extract(julian from timestamp '2024-02-29 00:00:00.000001')
date_part('year', d)
date_part('hour', d)
date_part('epoch', d)
date_part('julian', d)
date_part('isodow', d)
date_part('second', ts)
date_part('milliseconds', ts)
date_part('microseconds', ts)
date_part('epoch', ts)
date_part('julian', ts)
date_part('year', ts)
date_part('doy', ts)
date_part('century', ts)
date_part('week', ts)
date_part('epoch', tz)
date_part('second', tz)
date_part('timezone', tz)
date_part('isoyear', tz)
date_part('epoch', timestamp '9999-12-31 23:59:59.999999')
date_part('epoch', timestamp '2024-02-29 12:34:56.789012')
date_part('second', timestamp '2024-02-29 12:34:56.789012')
date_part('day', ts) + 1
-- to the beginning
date_trunc('microseconds', ts)
date_trunc('milliseconds', ts)
date_trunc('second', ts)
date_trunc('minute', ts)
date_trunc('hour', ts)
date_trunc('day', ts)
date_trunc('week', ts)
date_trunc('month', ts)
date_trunc('quarter', ts)
date_trunc('year', ts)
date_trunc('decade', ts)
date_trunc('century', ts)
date_trunc('millennium', ts)
date_trunc('day', tz)
date_trunc('month', tz)
date_trunc('year', d)
date_trunc('week', d)
date_trunc('MONTH', d)::date
date_trunc('months', ts)
date_trunc('day', '2024-01-01')
date_trunc('day', ts)::date = ts::date
date_trunc('week', date '2024-01-01')
date_trunc('week', date '2023-01-01')
date_trunc('decade', date '0005-01-01 BC')
date_trunc('century', date '0005-01-01 BC')
date_trunc('century', date '2000-01-01')
date_trunc('millennium', date '1000-01-01')
date_trunc('year', timestamp '4714-12-01 BC')
date_trunc('day', tz, 'Europe/Berlin')
date_trunc('hour', tz, 'Asia/Kolkata')
date_trunc('month', tz, 'America/New_York')
date_trunc('week', tz, 'Australia/Lord_Howe')
date_trunc('day', timestamptz '2024-03-31 12:00+00', 'Europe/Berlin')
date_trunc('day', timestamptz '2024-10-27 12:00+00', 'Europe/Berlin')
date_trunc('hour', timestamptz '2024-10-27 00:30+00', 'Europe/Berlin')
date_trunc('hour', timestamptz '2024-10-27 01:30+00', 'Europe/Berlin')
date_trunc('hour', timestamptz '2024-04-06 15:10+00', 'Australia/Lord_Howe')
date_trunc('day', timestamptz '2018-11-04 12:00+00', 'America/Sao_Paulo')
date_trunc('minute', timestamptz '1890-01-01 12:00:30+00', 'Europe/Berlin')
date_trunc('day', ts, 'Europe/Berlin')
date_bin('15 minutes', ts, '2000-01-01')
date_bin('15 minutes', tz, timestamptz '2000-01-01')
date_bin('1 day', ts, timestamp '2001-01-01 12:00')
date_bin(interval '1 day 01:00', ts, timestamp '2020-01-01')
date_bin('15 minutes', timestamp '2024-01-01 10:15', timestamp '2025-01-01')
date_bin('15 minutes', timestamp '2024-01-01 10:16', timestamp '2025-01-01')
date_bin('1 month', ts, timestamp '2000-01-01')
date_bin('0', ts, timestamp '2000-01-01')
date_bin('-1 day', ts, timestamp '2000-01-01')
date_bin('1 day', ts, timestamp 'infinity')
date_bin(iv, timestamp '2024-01-01', timestamp '2000-01-01')
age(nullif(ts, 'infinity'), timestamp '2000-01-01')
age(nullif(ts, 'infinity'), timestamp '2024-02-29 13:00')
age(timestamp '2024-02-29 13:00', nullif(ts, 'infinity'))
age(nullif(tz, 'infinity'), timestamptz '1999-12-31 23:59:59+00')
age(nullif(d, 'infinity'), '2001-02-28')
age(nullif(d, 'infinity'), d)
age(nullif(ts, 'infinity'), tz)
age(date '2024-03-31', date '2024-02-29')
age(date '2024-03-01', date '2024-01-31')
age(date '2024-01-31', date '2024-03-01')
age(date '2023-03-01', date '2023-01-31')
age(date '2023-02-28', date '2024-02-29')
age(timestamp '2024-03-01 00:00', timestamp '2024-02-29 00:00:00.000001')
age(timestamp '2024-02-29 00:00:00.000001', timestamp '2024-03-01 00:00')
age(date '2001-04-10', date '1957-06-13')
age(date '0001-01-01', date '0001-12-31 BC')
isfinite(d)
isfinite(ts)
isfinite(tz)
isfinite(d + 1)
isfinite(date 'infinity')
-- made of numbers
make_date(2024, 2, 29)
make_date(2023, 2, 29)
make_date(-44, 3, 15)
make_date(0, 1, 1)
make_date(2024, 13, 1)
make_date(i2, 1, 1)
make_date(i4, i2, 1)
make_date(2000 + id, id, id)
make_date(5874898, 1, 1)
make_timestamp(2024, 2, 29, 12, 34, 56.789)
make_timestamp(2024, 2, 29, 24, 0, 0)
make_timestamp(2024, 2, 29, 23, 59, 60)
make_timestamp(2024, 2, 29, 23, 59, 61)
make_timestamp(2024, 2, 30, 0, 0, 0)
make_timestamp(-1, 1, 1, 0, 0, 0)
make_timestamp(2024, 1, 1, 1, 1, f8)
make_timestamp(294277, 1, 1, 0, 0, 0)
to_timestamp(0)
to_timestamp(1709210096.789)
to_timestamp(-1.5)
to_timestamp(i8)
to_timestamp(f8)
to_timestamp(n)
to_timestamp(i4 / 1000.0)
to_timestamp(1e12)
to_timestamp(1e13)
to_timestamp('NaN'::float8)
to_timestamp('Infinity'::float8)
to_timestamp(253402300799.999999)
to_timestamp('5')
-- time zones
ts at time zone 'UTC'
tz at time zone 'UTC'
d at time zone 'UTC'
ts at time zone 'Europe/Berlin'
tz at time zone 'Europe/Berlin'
d at time zone 'Europe/Berlin'
ts at time zone 'America/New_York'
tz at time zone 'America/New_York'
ts at time zone 'Asia/Kolkata'
tz at time zone 'Asia/Kathmandu'
ts at time zone 'Australia/Lord_Howe'
tz at time zone 'Australia/Lord_Howe'
ts at time zone 'Pacific/Apia'
tz at time zone 'Pacific/Apia'
tz at time zone 'Europe/Dublin'
tz at time zone 'Africa/Casablanca'
tz at time zone 'Antarctica/Troll'
tz at time zone 'europe/berlin'
tz at time zone 'Etc/GMT+5'
ts at time zone 'Etc/GMT-14'
tz at time zone 'Zulu'
tz at time zone 'GMT'
tz at time zone 'Japan'
tz at time zone 'EST5EDT'
tz at time zone null
ts at time zone 'UTC' at time zone 'Europe/Berlin'
tz at time zone 'Europe/Berlin' at time zone 'UTC'
(tz at time zone 'Europe/Berlin')::date
tz::timestamp at time zone 'Europe/Berlin'
ts + interval '1 hour' at time zone 'UTC'
ts at time zone interval '2 hours'
tz at time zone interval '2 hours'
tz at time zone interval '-05:30'
tz at time zone interval '05:30:15.9'
case when isfinite(tz) then tz at time zone iv end
timezone('Europe/Berlin', ts)
timezone('Europe/Berlin', tz)
timezone(interval '1 hour', ts)
case when isfinite(tz) then timezone(zone, tz) end
case when isfinite(ts) then timezone(zone, ts) end
case when isfinite(tz) then tz at time zone zone end
case when zone like '%/%' and zone <> 'No/Where' then ts at time zone zone end
timestamp '2024-03-31 01:59:59' at time zone 'Europe/Berlin'
timestamp '2024-03-31 02:00' at time zone 'Europe/Berlin'
timestamp '2024-03-31 02:30' at time zone 'Europe/Berlin'
timestamp '2024-03-31 02:59:59.999999' at time zone 'Europe/Berlin'
timestamp '2024-03-31 03:00' at time zone 'Europe/Berlin'
timestamp '2024-10-27 01:59:59' at time zone 'Europe/Berlin'
timestamp '2024-10-27 02:00' at time zone 'Europe/Berlin'
timestamp '2024-10-27 02:30' at time zone 'Europe/Berlin'
timestamp '2024-10-27 02:59:59.999999' at time zone 'Europe/Berlin'
timestamp '2024-10-27 03:00' at time zone 'Europe/Berlin'
timestamp '2024-03-10 02:30' at time zone 'America/New_York'
timestamp '2024-11-03 01:30' at time zone 'America/New_York'
timestamp '2024-04-07 01:45' at time zone 'Australia/Lord_Howe'
timestamp '2024-10-06 02:15' at time zone 'Australia/Lord_Howe'
timestamp '2011-12-30 12:00' at time zone 'Pacific/Apia'
timestamp '2011-12-31 00:00' at time zone 'Pacific/Apia'
timestamp '2018-11-04 00:30' at time zone 'America/Sao_Paulo'
timestamp '2014-10-26 01:30' at time zone 'Europe/Moscow'
timestamp '1893-04-01 00:03' at time zone 'Europe/Berlin'
timestamp '1800-01-01 00:00' at time zone 'Europe/Berlin'
timestamp '0100-01-01 00:00 BC' at time zone 'Europe/Berlin'
timestamp '0001-01-01 00:00' at time zone 'Europe/Berlin'
timestamp '2100-07-01 00:00' at time zone 'Europe/Berlin'
timestamp '9999-07-01 00:00' at time zone 'Europe/Berlin'
timestamp '50000-07-01 00:00' at time zone 'Europe/Berlin'
timestamp '50000-01-01 00:00' at time zone 'Europe/Berlin'
timestamp '294276-12-31 23:59:59' at time zone 'America/New_York'
timestamp '2024-05-05 12:00' at time zone 'Europe/Dublin'
timestamp '2024-04-14 02:30' at time zone 'Africa/Casablanca'
timestamptz '2024-03-31 00:59:59.999999+00' at time zone 'Europe/Berlin'
timestamptz '2024-03-31 01:00+00' at time zone 'Europe/Berlin'
timestamptz '2024-10-27 00:59:59+00' at time zone 'Europe/Berlin'
timestamptz '2024-10-27 01:00+00' at time zone 'Europe/Berlin'
timestamptz '50000-07-01 00:00+00' at time zone 'America/New_York'
timestamptz '0500-07-01 00:00+00 BC' at time zone 'America/New_York'
timestamptz 'infinity' at time zone 'Europe/Berlin'
timestamptz '4714-11-24 00:00+00 BC' at time zone 'America/New_York'
extract(hour from tz at time zone 'Asia/Tokyo')
date_trunc('day', tz at time zone 'America/Los_Angeles')
-- dates beside timestamps are compared even where they are none
d + 100 > ts
ts <= d + 100
tz = d + 100
d + 100 <> tz
d = ts
d < tz
ts is distinct from d
d between ts and tz
nullif(d, ts)
date '5874897-12-31' > ts
