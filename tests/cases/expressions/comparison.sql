i4 = 7
i4 <> 7
i4 != 7
i4 < 7
i4 <= 7
i4 > 7
i4 >= 7
i4 = i2
i2 < i8
i4 = '7'
i4 = 7.0
i4 < 2.5
n = n
n < n
n = 'NaN'
n > 1
n >= 'Infinity'
n = 1.50
m = 2.5
m < n
f8 = f8
f8 < 1
f8 >= f8
f8 = 0.1
f4 = 0.5
f4 = 0.1::real
f4 < f8
f8 = 'NaN'
f4 = n
n = f8
s = 'abc'
s <> 'abc'
s < 'b'
s >= 'a'
s = v
s > x
v = 'Hello World'
v < s
c = 'ab'
c = 'ab   '
c = v
c = s
c <> 'ab'
c < 'b'
b = true
b <> false
b = 't'
b < true
not b
d = '2024-02-29'
d < '2000-01-01'
d >= date '1999-12-31'
d = ts
d < tz
ts = '2024-02-29 12:34:56.789'
ts < tz
ts > d
tz >= '2024-02-29 10:34:56.789+00'
tz = ts
u = '550E8400E29B41D4A716446655440000'
u < '12345678-1234-5678-1234-567812345679'
u = s
mood = 'ok'
mood <> 'sad'
mood = 'glad'
by = by
j = 'x'
i4 = s
i4 = true
s = 1
s = null
null = null
'a' = 'b'
'a' < 'B'
'' = null
i4 = i4 = true
i4 < 5 < 6
(i4 < 5) = true
i4 is null
i4 is not null
s is null
s isnull
s notnull
null is null
'x' is null
5 is null
(i4 + 1) is null
b is true
b is not true
b is false
b is not false
b is unknown
b is not unknown
(i4 > 3) is true
i4 is true
i4 is distinct from 7
i4 is not distinct from 7
i4 is distinct from null
null is distinct from null
1 is distinct from 2
n is distinct from 'NaN'
f8 is not distinct from f8
s is distinct from x
c is distinct from 'ab'
d is distinct from ts
i4 is distinct from i8 + 1
(s = 'abc') is distinct from null
b and true
b and false
b and null
b or true
b or false
b or null
not (b and null)
not (b or null)
not null
true and null
false and null
true or null
b and i4 > 3
b or i4 > 3 or s = 'abc'
b and i4 > 3 and s <> ''
not b and not i4 > 3
not not b
b and 'true'
b and 'maybe'
b and 1
(b or null) is unknown
(b and null) is not false
i4 > 3 and n > 1 or b
coalesce(b, i4 > 3) and s is not null
i4 between 2 and 10
i4 not between 2 and 10
i4 between 10 and 2
i4 between symmetric 10 and 2
i4 not between symmetric 10 and 2
i4 between null and 10
i4 between i2 and i8
i4 + 1 between i2 and i8 - 1
n between 0 and 10
s between 'a' and 'c'
d between '2000-01-01' and '2024-12-31'
ts between d and tz
i4 between 1.5 and 2.5
i4 in (2, 7, 10)
i4 not in (2, 7, 10)
i4 in (2, null)
i4 not in (2, null)
i4 in (null)
i4 in (7)
i4 in ('7')
i4 in ('7', '2')
i4 in (2, 2.5)
i4 in (i2, 7)
i4 in (i2, 7, 10)
i4 in (i2)
i4 + 1 in (i2, 8, 11)
n in (1.5, 2.5)
n in ('NaN', 1)
m in (2.5, 7)
s in ('abc', '')
s not in ('abc', '')
s in ('abc', x)
v in ('Hello World', 'on')
c in ('ab', 'X')
c in ('ab')
d in ('2024-02-29', '1999-12-31')
b in (true)
b in (true, null)
f8 in (0.1, 2.5)
u in ('550e8400-e29b-41d4-a716-446655440000', '00000000000000000000000000000000')
mood in ('ok', 'sad')
i4 in ('x', '2')
i4 in (1, true)
null in (1, 2)
1 in (1, 2)
3 in (1, null)
