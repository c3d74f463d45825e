array[1, 2, 3]
array[i2, i4, i8]
array[s, x]
array[s, null, 'lit']
array[i4, n]
array[n, f8]
array[b, true]
array[d, '2024-01-01']
array[u]
array[f4, f4]
array[null, null]
array[s, i4]
array['a']
ar[1]
ar[2]
ar[0]
ar[-1]
ar[i4]
ar[null]
ta[1]
ta[2]
ta[7]
na[1]
na[2]
ta[1] || '!'
ar[1] + 1
upper(ta[1])
(array[s, x])[2]
(array[10, 20, 30])[i2]
cardinality(ar)
cardinality(ta)
cardinality(na)
cardinality(array[1])
array_length(ar, 1)
array_length(ta, 1)
array_length(ta, 2)
array_length(ta, 0)
array_length(ta, 3)
array_length(ar, null)
array_length(array[1, 2], 1)
1 = any(ar)
i4 = any(ar)
2 = any(array[1, 2, null])
3 = any(array[1, 2, null])
s = any(ta)
'a' = any(ta)
'NULL' = any(ta)
1 = any(na)
1.0 = any(na)
'NaN'::numeric = any(na)
s = any('{abc,000042}')
i4 = any('{1,2,3}')
i4 = any('{1,x}')
null = any(array[1])
id = any(null)
x = any(string_to_array(v, ','))
x = any(array['b', 'ü', s])
not (i4 = any(array[2, 7]))
array_position(array['a', 'b', 'a'], 'a')
array_position(array['a', 'b', 'a'], 'a', 2)
array_position(array['a', 'b', 'a'], 'z')
array_position(array[1, null, 3], null)
array_position(array[s, x, v], 'b')
array_position(string_to_array(v, ','), 'two')
array_position(array[1, 2, 3], 3, 0)
array_position(array[1, 2, 3], 1, 2)
case when id not in (5, 8) then array_position(ta, 'c') end
array_append(array[1, 2], i4)
array_append(string_to_array(v, ','), s)
case when id not in (5, 8) then array_append(ar, 9) end
case when id not in (5, 8) then array_append(ta, null) end
case when id not in (5, 8) then array_prepend('z', ta) end
array_prepend(i4, array[1, 2])
array_cat(array[1], array[2, 3])
array_cat(ar, null)
array_cat(string_to_array(x, ','), string_to_array(v, ','))
array[1] || array[2]
array[1] || 2
0 || array[1]
array[1] || '{2,3}'
array[s] || x
string_to_array(v, ',') || s || x
case when id not in (5, 8) then ta || 'end'::text end
case when id not in (5, 8) then ar || ar end
array_remove(array[1, 2, 1], 1)
array_remove(array[1, null, 1], null)
array_remove(string_to_array(v, 'X'), 'b')
array_replace(array[1, 2, 1], 1, 9)
array_replace(array[1, null], null, 0)
array_to_string(ar, ',')
array_to_string(ta, ',')
array_to_string(ta, ',', '*')
array_to_string(na, ' / ')
array_to_string(array[b, not b], ',')
array_to_string(array[d], ',')
array_to_string(array[f8], ',')
array_to_string(ta, null)
array_to_string(ta, '')
string_to_array(v, ',')
string_to_array(s, ' ')
string_to_array(s, '')
string_to_array(s, null)
string_to_array(x, null)
string_to_array(v, ',', '')
string_to_array('a,b,', ',')
string_to_array('', ',')
string_to_array(null, ',')
string_to_array(s, x)
(string_to_array(v, ','))[2]
array_to_string(string_to_array(s, ' '), '_')
array[1, 2] @> array[1]
array[1, 2] @> array[3]
array[1, 2] @> '{2,2}'
array[1, null] @> array[null::int]
ar @> '{}'
ar @> array[1]
ta @> array['a']
ta @> '{d}'
ar <@ array[1, 2, 3]
ta <@ array['x', 'y']
array[i4] <@ array[1, 2, 7]
ar && array[2, -1]
ta && '{x,b}'
array[s] && array[x]
string_to_array(v, ',') && array['one', 'X']
ar is null
coalesce(ar, '{}')
coalesce(ta, array['none'])
coalesce(ta[1], 'none')
case when b then ar end
ar::text
ta::text
na::text
array['a"b', 'c\d', 'e,f', '', 'null', null, ' g', 'ü']
array['{', '}', ']', '(', ')', '"', '\']
ar @> ta
1 = any(ta)
array_append(ar, 'x')
ta || 1
-- casts
'{1,2,3}'::int[]
'{1,NULL,"3"}'::bigint[]
'{a,"b c",NULL}'::text[]
'{1.50,NaN}'::numeric[]
'{t,f,true}'::boolean[]
'{2024-02-29}'::date[]
'{1e3,-0}'::double precision[]
'{1,x}'::int[]
'{1'::int[]
'{ 1 , 2 }'::int[]
'{{1,2},{3,4}}'::int[]
'{}'::text[]
null::int[]
s::text[]
x::int[]
cast('{' || x || '}' as text[])
cardinality('{a,b}'::text[])
array_append('{}'::int[], i4)
array_cat('{1}'::int[], null)
'{a,b}'::text[] || x
cast(ta as text[])
