case when i4 > 5 then 'big' when i4 > 0 then 'small' else 'none' end
case when b then 1 end
case when b then 1 else 2.5 end
case when b then i4 else i8 end
case when b then i4 else n end
case when b then 'x' else s end
case when b then v else s end
case when b then v else c end
case when b then c else v end
case when b then c else 'lit' end
case when b then d else ts end
case when b then ts else tz end
case when b then null else i4 end
case when b then null else null end
case when b then f4 else n end
case when b then 1 else 'x' end
case when b then i4 else s end
case when b then '5' else i4 end
case when null then 1 else 2 end
case when i4 then 1 end
case i4 when 2 then 'two' when 7 then 'seven' else 'other' end
case s when 'abc' then 1 when '' then 0 end
case i4 when 2.0 then 'x' when i2 then 'y' end
case s when null then 1 else 2 end
case upper(s) when 'ABC' then 1 when 'NULL' then 2 end
case i4 + 1 when 3 then 'a' when 8 then 'b' when null then 'c' else 'd' end
case 'a' when 'a' then 1 else 2 end
case c when 'ab' then 1 else 0 end
case i4 when 's' then 1 end
case when i4 <> 0 then 100 / i4 end
case when i4 = 0 then 0 else 100 / i4 end
case when b is null then 'unknown' when b then 'yes' else 'no' end
coalesce(s, 'none')
coalesce(i4, 0)
coalesce(i4, i8)
coalesce(i4, n, 0.5)
coalesce(null, s)
coalesce(s, null)
coalesce(null, null)
coalesce(v, s, 'x')
coalesce(c, v)
coalesce(v, c)
coalesce(d, ts)
coalesce(b, false)
coalesce(i4, 'x')
coalesce(i4, '5')
coalesce(i4, s)
coalesce(j, '{}')
coalesce(mood, 'ok')
coalesce(u, '550e8400-e29b-41d4-a716-446655440000')
coalesce(nullif(trim(s), ''), v, '-')
coalesce(i4)
coalesce(1 / nullif(i4, 0), -1)
nullif(s, '')
nullif(s, x)
nullif(i4, 0)
nullif(i4, 7.0)
nullif(n, 'NaN')
nullif(m, 2.5)
nullif(c, 'ab')
nullif(v, c)
nullif(b, true)
nullif(d, '2000-01-01')
nullif(i4 + 1, 1)
nullif(null, 1)
nullif(1, null)
nullif('a', 'a')
nullif('a', 'b')
nullif(i4, 's')
greatest(i2, i4, i8)
least(i2, i4, i8)
greatest(i4, n)
least(i4, n)
greatest(f8, n)
greatest(f8, 1)
least(f8, 1)
greatest(n, 'NaN')
least(n, 'NaN')
greatest(s, x, v)
least(s, 'b')
greatest(d, ts, tz)
least(d, '2000-01-01')
greatest(b, false)
greatest(null, i4)
greatest(null, null)
greatest(i4)
least(i4, null, i2)
greatest(u, '12345678-1234-5678-1234-567812345678')
greatest(i4, s)
greatest(m, 3)
least(v, s)
- nullif(i2, i4)
- nullif(i2, 1)
nullif(d, ts)
nullif(i2, 1.5) / 2
nullif(f4, f8)
nullif(f4, n)
