-- intervals: as they travel, literals, casts, order, arithmetic
iv
iv::text
iv is null
interval '1 day'
interval '1 day 2 hours'
interval '1 year 2 months 3 weeks 4 days 5 hours 6 minutes 7.891011 seconds'
interval '1 year -2 months +3 days'
interval '-1 day 2 hours'
interval '-1 year 2 days -3 hours'
interval '1 day ago'
interval '1 year 2 mons ago'
interval '@ 1 day 2 hours'
interval '1 day, 2 hours'
interval '1day2hours'
interval '04:05'
interval '04:05:06.7'
interval '-04:05:06.7'
interval '1 04:05:06'
interval '3 days 04:05:06'
interval '3 -04:05:06'
interval '04:05.5'
interval '100:00:00'
interval '1-2'
interval '-1-2'
interval '1-2 3 04:05:06'
interval '1-13'
interval '5'
interval '1.5'
interval '1.5 days'
interval '-1.5 days'
interval '1.5 months'
interval '1.5 years'
interval '1.25 years'
interval '1.04 years'
interval '1.5 weeks'
interval '.5 hours'
interval '-.5 hours'
interval '1.5 minutes'
interval '1.5 decades'
interval '1 century'
interval '1 millennium'
interval '2 mils'
interval '1 c'
interval '10 ms'
interval '10 us'
interval '1.5 ms'
interval '1.5 us'
interval '2.5 us'
interval '1 sec 10 ms'
interval '1 s 10 msecs 10 usecs'
interval '0.0000005 s'
interval '1.9999999 s'
interval '1 m'
interval '1 mon'
interval '1 y 1 m'
interval '1 h 1 h'
interval '1 day 1 day'
interval '1 fortnight'
interval 'day'
interval ''
interval ' '
interval '5 1 hour'
interval '5 1 day'
interval '1 hour 04:05'
interval '1 day 25:00'
interval '1 day 00:60'
interval '1 day 00:00:61'
interval 'P1Y2M3DT4H5M6S'
interval 'P1Y2M3DT4H5M6.789S'
interval 'P-1Y2M-3DT-4H5M-6.789S'
interval 'P1W'
interval 'P1.5W'
interval 'PT1.5H'
interval 'P0.5Y'
interval 'P0.5M'
interval 'PT36H'
interval 'P'
interval 'X'
interval '1 x'
interval '1 day x'
interval '1day 2hours'
interval '1d'
interval '1 DAY AGO'
interval '178000000 years'
interval '178956970 years 7 months'
interval '178956970 years 8 months'
interval '2147483647 days'
interval '2147483648 days'
interval '2562047788:00:54.775807'
interval '2562047788:00:54.775808'
interval '-2562047788:00:54.775807'
interval '1' year
interval '2' month
interval '3' day
interval '4' hour
interval '5' minute
interval '6' second
interval '6.5' second
interval '-3' day
interval '0'
interval '1 day -24:00:00'
interval '1 mon -30 days'
interval '-1 mon 1 day'
interval '-00:00:01'
interval '1 mon -00:00:01'
'1 day'::interval
cast('02:03' as interval)
x::interval
s::interval
v::interval
s::interval::text
ti::interval
ti::interval::text
iv::time
iv::time::text
iv::text::interval
iv::varchar(5)
interval '1.23456789 s'::interval(3)
interval '-1.2355 s'::interval(3)
interval '-1.2345 s'::interval(0)
iv::interval(0)
iv::interval(2)
cast('1.5 s' as interval(0))
iv = iv
iv = interval '30 days'
iv = '30 days'
iv = '720 hours'
iv <> '1 mon'
iv < '1 day'
iv <= '1 mon'
iv > interval '00:00:00'
iv >= '-1 day'
iv is distinct from '1 mon'
iv is not distinct from null
iv between '0' and '1 year'
iv in ('1 mon', '1 day')
iv in ('30 days', '1 day', null)
iv not in ('30 days', '1 day')
iv = ti
ti < iv
iv in (ti)
greatest(iv, '1 day')
least(iv, '1 day', '-1 day')
coalesce(iv, '0')
coalesce(iv, interval '1 day')
coalesce(iv, ti)
nullif(iv, '30 days')
nullif(iv, '1 day')
case when iv > '0' then iv else -iv end
case iv when '30 days' then 'month' else 'other' end
case when b then iv else ti end
'x' || iv
iv || 'x'
concat(iv, ' ', ti)
- iv
-interval '1 day'
- ti
iv + iv
iv - iv
iv + interval '1 day'
iv - interval '1 mon 1 day 00:00:01'
iv + '1 day'
'1 day' + iv
iv + ti
ti + iv
ti - iv
iv - ti
iv * 2
iv * i2
iv * i4
iv * i8
iv * f8
iv * n
iv * 1.5
iv * 0.1
iv * 0.333
iv * -1
2 * iv
1.5 * iv
f8 * iv
iv / 2
iv / 3
iv / 7
iv / -2
iv / 0
iv / i2
iv / 0.3
iv / 1e10
2 / iv
iv * '2'
'2' * iv
iv / '4'
iv * iv
iv % 2
iv * 'NaN'
iv * 'Infinity'::float8
iv / 'Infinity'::float8
interval '1 month' * 0.5
interval '1 month' * 1.3
interval '1 year' / 5
interval '1 mon -1 day 1 us' * 0.37
interval '1 day' * 1e7
interval '1 day' * 1e10
interval '10 days 10 hours' / 3.7
interval '1 second' / 3
interval '1 second' * 0.0000005
interval '0.000001 s' * 0.5
interval '0.000001 s' * 1.5
interval '1000000 hours' * 1.0000001
justify_days(iv)
justify_hours(iv)
justify_interval(iv)
justify_days(interval '35 days')
justify_days(interval '-35 days')
justify_days(interval '1 mon -35 days')
justify_days(interval '-1 mon 35 days')
justify_hours(interval '27 hours')
justify_hours(interval '-27 hours')
justify_hours(interval '1 day -27 hours')
justify_hours(interval '2 days -27 hours')
justify_hours(interval '-2 days 27 hours')
justify_interval(interval '1 mon -1 hour')
justify_interval(interval '-1 mon 1 hour')
justify_interval(interval '1 mon -1 day 25 hours')
justify_interval(interval '-1 mon -1 day 49 hours')
justify_interval(interval '29 days 24 hours')
justify_interval(interval '1 year 400 days -900 hours')
justify_days(ti)
justify_hours(ti)
isfinite(iv)
make_interval()
make_interval(1)
make_interval(1, 2)
make_interval(1, 2, 3)
make_interval(1, 2, 3, 4)
make_interval(1, 2, 3, 4, 5)
make_interval(1, 2, 3, 4, 5, 6)
make_interval(1, 2, 3, 4, 5, 6, 7.8)
make_interval(0, 0, 0, 0, 0, 0, -7.8)
make_interval(i2, i2)
make_interval(0, 0, 0, i2, i2)
make_interval(0, 0, 0, 0, 0, 0, m)
make_interval(0, 0, 0, 0, 0, 0, 'NaN')
make_interval(0, 0, 0, 0, 0, 0, 0.0000015)
extract(epoch from iv)
extract(millennium from iv)
extract(century from iv)
extract(decade from iv)
extract(year from iv)
extract(years from iv)
extract(quarter from iv)
extract(month from iv)
extract(day from iv)
extract(hour from iv)
extract(minute from iv)
extract(second from iv)
extract(milliseconds from iv)
extract(microseconds from iv)
extract('day' from iv)
extract(epoch from interval '1 year')
extract(epoch from interval '1 mon 1 day')
extract(epoch from ts - '2000-01-01')
extract(day from interval '40 days 25 hours')
date_part('epoch', iv)
date_part('second', iv)
date_part('milliseconds', iv)
date_part('microseconds', iv)
date_part('hour', iv)
date_part('month', iv)
date_part('quarter', iv)
date_part('year', iv)
date_part('decade', iv)
date_part('epoch', interval '1 year 1 mon 1.1 s')
date_part('second', interval '-1.1 s')
date_trunc('microseconds', iv)
date_trunc('milliseconds', iv)
date_trunc('second', iv)
date_trunc('minute', iv)
date_trunc('hour', iv)
date_trunc('day', iv)
date_trunc('month', iv)
date_trunc('quarter', iv)
date_trunc('year', iv)
date_trunc('decade', iv)
date_trunc('century', iv)
date_trunc('millennium', iv)
date_trunc('hour', ti)
interval 'c-1:2:3'
interval 'ago+2'
interval '104:05:06.70.1mons'
interval '1.5:02'
interval '02:00 1.5'
-- times of day
time '10:00'
time '10:00:00.5'
time '24:00'
time '24:00:01'
time '23:59:60'
time '23:59:61'
time '10:60'
time '25:00'
time '10:11 pm'
time '12:00 AM'
time '12:34:56.789 PM'
time '13:00 pm'
time '0:00 am'
time '1:2'
time '10'
time '101112'
time '04:05:06.0000005'
time '04:05:06.9999999'
'04:05:06'::time
s::time
x::time
c::time
v::time::text
ti::time(0)
ti::time(3)
time '23:59:59.9'::time(0)
cast('10:11:12.55' as time(1))
ts::time
tz::time
d::time
ts::time::text
coalesce(ts::time, '00:00')
coalesce(ts, '2024-01-01 10:00')::time
ti = '10:00'
ti <> time '10:00'
ti < '10:00:01'
ti <= ti
ti > '10:00'
ti >= '24:00'
ti between '10:00' and '12:00'
ti in ('10:00', '12:34:56.5')
ti is distinct from '10:00'
greatest(ti, '10:00')
least(ti, '10:00')
nullif(ti, '10:00')
coalesce(ti, '10:00')
case ti when '10:00' then 1 else 0 end
ti + interval '1 hour'
ti - interval '1 hour'
ti + interval '1 day 1 hour'
ti + interval '-25 hours'
interval '1 hour' + ti
ti - time '10:00'
ti - ti
ti + ti
ti + '1 hour'
ti - '01:00'
ti * 2
ti / 2
d + ti
ti + d
d - ti
ts + ti
ts - ti
tz + ti
extract(hour from ti)
extract(minute from ti)
extract(second from ti)
extract(milliseconds from ti)
extract(microseconds from ti)
extract(epoch from ti)
date_part('hour', ti)
date_part('second', ti)
date_part('epoch', ti)
date_part('milliseconds', ti)
make_time(1, 2, 3.5)
make_time(24, 0, 0)
make_time(24, 0, 1)
make_time(23, 59, 60)
make_time(23, 60, 0)
make_time(-1, 0, 0)
make_time(i2, i4, f8)
make_time(1, 2, 3.0000005)
