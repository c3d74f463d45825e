cast(i4 as smallint)
cast(i8 as integer)
i8::int
i2::bigint
i4::numeric
i4::numeric(5,2)
i4::numeric(20)
i4::real
i4::double precision
i8::float8
i8::real
i4::text
i4::varchar(2)
i4::char(3)
i4::char
i4::boolean
i2::boolean
i8::boolean
b::int
b::smallint
b::text
b::varchar(2)
n::int
n::bigint
n::smallint
n::numeric(10,2)
n::numeric(10)
n::numeric(3,3)
m::numeric(10,1)
m::numeric(6,2)
m::int
n::double precision
n::real
n::text
n::boolean
f8::int
f8::bigint
f8::smallint
f8::numeric
f8::numeric(20,3)
f8::real
f8::text
f4::text
f4::double precision
f4::numeric
f4::int
f8::boolean
s::int
s::numeric
s::double precision
s::real
s::boolean
s::date
s::timestamp
s::timestamptz
s::uuid
s::text
s::varchar(3)
s::char(3)
s::char(8)
x::int
x::numeric
x::date
x::boolean
x::double precision
v::int
v::bigint
v::smallint
v::numeric
v::numeric(5,1)
v::date
v::boolean
v::text
v::varchar(5)
v::varchar(50)
c::int
c::text
c::varchar
c::varchar(3)
c::char(3)
c::char(10)
c::boolean
d::text
d::timestamp
d::timestamptz
d::varchar(7)
d::int
ts::date
ts::text
ts::timestamptz
ts::timestamp(0)
ts::timestamp(3)
ts::timestamp(6)
tz::date
tz::text
tz::timestamp
tz::timestamptz(0)
tz::timestamptz(2)
tz::date::text
u::text
u::varchar(8)
j::text
mood::text
mood::varchar(2)
by::text
ti::text
ar::text
'5'::int
' 5 '::int
'5.5'::int
''::int
'99999999999'::int
'-2147483648'::int
'2147483648'::int
'+7'::smallint
'1e3'::numeric
' 1.50 '::numeric
'.5'::numeric
'5.'::numeric
'1e-5'::numeric
'1.5e1'::numeric
'inf'::numeric
'-Infinity'::numeric
'nan'::numeric
'1e200000'::numeric
'abc'::numeric
'1.'::double precision
'1e400'::double precision
'1e-400'::double precision
'1e-310'::double precision
'Infinity'::float8
'1e39'::real
'0.1'::real
'3.4028236e38'::real
'100000'::real
'1000000'::real
'1234567'::real
'123456'::real
'0.0001'::real
'0.00001'::real
'100000000000000'::float8
'1000000000000000'::float8
'123456789012345678'::float8
'0.0001'::float8
'0.00001'::float8
't'::boolean
'YES'::boolean
' off '::boolean
'o'::boolean
'2'::boolean
'2024-02-29'::date
'2023-02-29'::date
'2024-2-9'::date
'20240229'::date
'2024-02-29 23:59:59'::date
'2024-13-01'::date
'0000-00-00'::date
'0000-01-01'::date
'0001-01-01 BC'::date
'infinity'::date
'5874897-12-31'::date
'5874898-01-01'::date
'4714-11-24 BC'::date
'4714-11-23 BC'::date
'294276-12-31 23:59:59.999999'::timestamp
'294277-01-01'::timestamp
'294277-01-01'::date::timestamp
'-INFINITY'::date
'10000-01-01'::date
'2024-02-29 24:00:00'::timestamp
'2024-02-29 24:00:01'::timestamp
'2024-02-29 23:59:60'::timestamp
'2024-02-29T10:11:12'::timestamp
'2024-02-29 10:11'::timestamp
'2024-02-29 10:11:12.1234567'::timestamp
'2024-02-29 10:11:12.5+02'::timestamp
'2024-02-29'::timestamp
'2024-02-29 25:00:00'::timestamp
'2024-02-29 10:11:12'::timestamptz
'2024-02-29 10:11:12+02'::timestamptz
'2024-02-29 10:11:12 +0530'::timestamptz
'2024-02-29 10:11:12-03:30'::timestamptz
'2024-02-29 10:11:12Z'::timestamptz
'2024-02-29 10:11:12 UTC'::timestamptz
'2024-02-29 10:11:12+16'::timestamptz
'2024-02-29 10:11:12.987654+00'::timestamptz(3)
'1999-12-31 23:59:59.9999995'::timestamp
'1999-12-31 23:59:59.5'::timestamp(0)
'2000-01-01 00:00:00.5'::timestamp(0)
'0044-03-15 10:00:00 BC'::timestamp
'{550E8400-E29B-41D4-A716-446655440000}'::uuid
'550e8400e29b41d4a716446655440000'::uuid
'550e-8400-e29b-41d4-a716-4466-5544-0000'::uuid
'550e8400-e29b-41d4-a716-44665544000'::uuid
date '2024-02-29'
timestamp '2024-02-29 10:00'
timestamptz '2024-02-29 10:00+02'
int '5'
numeric(5,2) '1.236'
text 'x'
1.5::int
2.5::int
-2.5::int
2.5::float8::int
3.5::float8::int
1.235::numeric(5,2)
-1.235::numeric(5,2)
999.995::numeric(5,2)
999.994::numeric(5,2)
null::int
null::text
cast(null as numeric(5,2))
'abcdef'::varchar(3)
'abc'::char(5)
'abc'::char(5)::text
length('abc'::char(5))
'abc'::char(5) || '|'
'abc'::bpchar
'abc  '::bpchar
'x'::char(5) = 'x'
s::nosuchtype
i4::date
d::boolean
tz::bigint
u::int
(n % n)::double precision
(m * -0.0)::double precision
round(m * 0.001)::float8
