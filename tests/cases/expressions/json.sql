-- ->
jo -> 'name'
jo -> 'age'
jo -> 'missing'
jo -> 'tags' -> 0
jo -> 'tags' -> -1
jo -> 'tags' -> -2
jo -> 'tags' -> 99
jo -> 'address' -> 'city'
jo -> ''
jo -> 0
jo -> 1
jo -> -1
jo -> 2 -> 1 -> 'four'
jo -> '0'
jo -> x
jo -> i4
jo -> null
jo -> 'a' -> 'b' -> 'c' -> 1
js -> 'name'
js -> 'age'
js -> 'tags'
js -> 'tags' -> 1
js -> 'address'
js -> 0
js -> 2
js -> -1
js -> 4
js -> 99
js -> ''
js -> '0'
js -> 'a' -> 'b' -> 'c'
js -> null
j -> 'a'
j -> 'b' -> 0
j -> 0
-- ->>
jo ->> 'name'
jo ->> 'age'
jo ->> 'tags'
jo ->> 'missing'
jo ->> 'b'
jo ->> 0
jo ->> 1
jo ->> 3
jo ->> 6
jo -> 'address' ->> 'city'
js ->> 'name'
js ->> 'age'
js ->> 'tags'
js ->> 0
js ->> 1
js ->> 3
js ->> -2
js -> 'address' ->> 'city'
(jo ->> 'age')::numeric * 2
(jo ->> 'age')::numeric(10,2)
coalesce(jo ->> 'name', 'nobody')
upper(jo ->> 'name')
jo ->> 'name' || '!'
'<' || (jo ->> 'name') || '>'
length(jo ->> 'name')
jo ->> 'name' = 'Anna'
jo ->> 'name' is null
jo -> 'name' is null
jo ->> 'name' like 'A%'
jo ->> 'name' in ('Anna', 'b')
case when jo ->> 'age' = '42' then 'right' else 'wrong' end
-- paths
jo #> '{address,city}'
jo #> '{tags,0}'
jo #> '{tags,-1}'
jo #> '{a,b,c,2}'
jo #> '{2,1,four}'
jo #> '{}'
jo #> '{null}'
jo #> '{age,x}'
jo #> '{tags,one}'
jo #>> '{address,city}'
jo #>> '{tags,0}'
jo #>> '{tags}'
jo #>> '{tags,2}'
jo #>> '{name}'
jo #>> array['a','b']
jo #>> '{}'
js #> '{address,city}'
js #> '{tags,1}'
js #> '{a,b,c}'
js #> '{a,b,c,0}'
js #>> '{name}'
js #>> '{2,1,four}'
js #>> '{tags,-2}'
js #>> '{age}'
case when id <> 5 then jo #>> ta end
jsonb_extract_path(jo, 'a', 'b')
jsonb_extract_path(jo, 'tags', '1')
jsonb_extract_path_text(jo, 'address', 'zip')
jsonb_extract_path_text(jo, '1')
jsonb_extract_path_text(jo, x)
json_extract_path(js, 'tags', '0')
json_extract_path_text(js, 'address', 'city')
json_extract_path_text(js, 'name')
-- contains and exists
jo @> '{"name": "Anna"}'
jo @> '{"age": 42.0}'
jo @> '{"tags": ["y"]}'
jo @> '{"tags": []}'
jo @> '{"address": {"city": "Ulm"}}'
jo @> '{}'
jo @> '[]'
jo @> '1'
jo @> '[1, "two"]'
jo @> '[3]'
jo @> '[[3]]'
jo @> '[[{"four": 4}]]'
jo @> '[1, 1, 1]'
jo @> '"two"'
jo @> 'null'
jo @> 'true'
jo @> '1000'
jo @> '{"a": {"b": {"c": [30]}}}'
jo @> '{"a": {}}'
jo @> jo
jo @> j
'{"name": "Anna", "age": 42, "tags": ["x", "y", null], "address": {"city": "Ulm", "zip": "89073"}, "more": 1}' @> jo
jo <@ '{"name": null, "age": 1.5, "tags": [], "b": true, "aa": 1, "é": "ü", "z": 1}'
jo <@ '[1, 2]'
j <@ jo
jo ? 'name'
jo ? 'two'
jo ? 'é'
jo ? ''
jo ? x
jo ?| '{nix,tags}'
jo ?| array['two', 'nix']
jo ?| '{}'
jo ?| '{NULL}'
jo ?& '{name,age}'
jo ?& array['name', 'nix']
jo ?& '{}'
-- what it is
jsonb_typeof(jo)
jsonb_typeof(jo -> 'age')
jsonb_typeof(jo -> 4)
jsonb_typeof(j)
json_typeof(js)
json_typeof(js -> 'age')
json_typeof(js -> 4)
jsonb_array_length(jo)
jsonb_array_length(jo -> 'tags')
json_array_length(js)
json_array_length(js -> 'tags')
-- casts
jo::text
js::text
js::jsonb
js::jsonb::text
jo::json
jo::json::text
jo::json -> 'tags'
s::jsonb
s::json
x::jsonb
x::json
v::jsonb
(jo -> 'age')::numeric
(jo -> 'age')::int
(jo -> 'age')::bigint
(jo -> 'age')::smallint
(jo -> 'age')::double precision
(jo -> 'age')::real
(jo -> 'age')::boolean
jo::numeric
jo::boolean
jo::int
(jo -> 'b')::boolean
(jo -> 6)::numeric
(jo -> 5)::int
(jo -> 'name')::text
'{"b": 1, "a": 2, "b": 3}'::jsonb
'{"b": 1, "a": 2, "b": 3}'::json
'{"bb":1,"a":2,"é":3,"ccc":4,"Z":5}'::jsonb
'[1.0, 1e2, 1E-5, -0, 0.0, 12345678901234567890123, 1e20]'::jsonb
'"\u00e9\ud83d\ude00\\\"\/\b\f\n\r\t\u0001\u007f"'::jsonb
'"\u0000"'::jsonb
'"\u0000"'::json
'"\\u0000"'::jsonb
'"\ud800"'::jsonb
'"\ud800"'::json
'"\udc00\ud800"'::jsonb
'"\\ud800"'::jsonb
'["\u0000"]'::json -> 0
'{"a":"\ud800"}'::json ->> 'a'
'{"a":1,"b":"\u0000"}'::json -> 'a'
'nul'::jsonb
'NaN'::jsonb
'Infinity'::json
'-'::json
'01'::json
'1.'::json
'.5'::json
'+1'::json
'1e'::json
'1e5'::json
'"a'::json
'{a: 1}'::json
'{"a": 1,}'::json
'[1,]'::json
'[1 2]'::json
'{"a" 1}'::json
'{1: 1}'::json
''::json
' '::json
'[]]'::json
'{} x'::json
e'"a\tb"'::json is null
'True'::json
'"tab	tab"'::json
'1e131073'::jsonb
'1e-16384'::jsonb
'[1,[2,[3,[4]]]]'::jsonb #> '{1,1,1,0}'
-- equality
jo = jo
jo = j
jo <> j
jo = '[]'
jo = 'null'
jo -> 'age' = '42.00'
jo -> 3 = 'null'
jo -> 0 = 'true'
'[1, true]'::jsonb = '[true, 1]'
'{"a": 1, "b": 2}'::jsonb = '{"b": 2.0, "a": 1.00}'
jo is distinct from j
jo in ('{}', '[]')
nullif(jo, '{}')
coalesce(jo, '{"default": true}')
coalesce(js, '{"default":true}')
case when id % 2 = 0 then jo else '[]' end
-- making
to_jsonb(s)
to_jsonb(i4)
to_jsonb(i8)
to_jsonb(n)
to_jsonb(m)
to_jsonb(f4)
to_jsonb(f8)
to_jsonb(b)
to_jsonb(d)
to_jsonb(ts)
to_jsonb(tz)
to_jsonb(u)
to_jsonb(c)
to_jsonb(v)
to_jsonb(mood)
to_jsonb(jo)
to_jsonb(js)
to_jsonb(ar)
to_jsonb(ta)
to_jsonb(na)
to_jsonb(by)
to_json(s)
to_json(i4)
to_json(n)
to_json(f8)
to_json(b)
to_json(ts)
to_json(tz)
to_json(c)
to_json(jo)
to_json(js)
jsonb_build_object()
jsonb_build_object('id', id, 's', s, 'n', n)
jsonb_build_object('b', b, 'd', d, 'js', js, 'jo', jo)
jsonb_build_object('x', null)
jsonb_build_object('a', 1, 'a', 2)
jsonb_build_object(s, x)
jsonb_build_object(id, 'v')
jsonb_build_object(i4, f8)
jsonb_build_object('long key', 1, 'k', 'text', 'kk', true)
jsonb_build_object('a')
jsonb_build_object(null, 1)
jsonb_build_object('nested', jsonb_build_object('list', jsonb_build_array(1, 'two', null)))
json_build_object('id', id, 's', s, 'n', n)
json_build_object('b', b, 'd', d, 'js', js, 'jo', jo)
json_build_object('x', null)
json_build_object('a', 1, 'a', 2)
json_build_object(s, x)
json_build_object()
jsonb_build_array()
jsonb_build_array(id, s, b, null, n)
jsonb_build_array(jo, js)
json_build_array(id, s, b, null, n)
json_build_array(jo, js, ts)
json_build_array()
-- changing
jo || '{"age": 0}'
jo || '[1]'
jo || '1'
jo || jo
j || jo
jo || j || '{"z": null}'
jo - 'name'
jo - 'two'
jo - 0
jo - -1
jo - 99
jo #- '{address,city}'
jo #- '{tags,0}'
jo #- '{tags,-1}'
jo #- '{missing}'
jo #- '{}'
jsonb_strip_nulls(jo)
jsonb_strip_nulls('{"a": null, "b": [null, {"c": null}]}')
jsonb_set(jo, '{age}', '0')
jsonb_set(jo, '{new}', '"x"')
jsonb_set(jo, '{new}', '"x"', false)
jsonb_set(jo, '{address,city}', '"Bonn"')
jsonb_set(jo, '{tags,0}', 'null')
jsonb_set(jo, '{tags,99}', '1')
jsonb_set(jo, '{tags,-99}', '1')
jsonb_set(jo, '{tags,-1}', '1')
jsonb_set(jo, '{a,b,d}', '1')
jsonb_set(jo, '{0}', '1')
jsonb_set(jo, '{}', '1')
jsonb_set(jo, '{name,x}', '1')
jsonb_set(jo, '{tags,x}', '1')
jsonb_set(jo, '{n}', to_jsonb(n))
-- precedence
jo -> 'tags' -> 0 + 1
jo ->> 'name' || 'x' || i4
s || jo ->> 'name'
not jo ? 'name'
jo ? 'name' = true
jo ->> 'age' is not null and (jo ->> 'age') ~ '^[0-9]+$'
jo->>'name'
jo->'tags'->>0
jo->-1
jo ->> 'name' between 'A' and 'C'
case jo ->> 'name' when 'Anna' then 1 else 0 end
jo ->> 'name' = 'Anna' or jo @> '[]' and not jo ? 'x'
jo - 'name' - 'age' || '{"new": 1}' ->> 'new'
coalesce(jo ->> 'name', js ->> 'name', 'none')
upper(jo ->> 'name') like '%N%'
