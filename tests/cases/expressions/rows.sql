create type mood as enum ('sad', 'ok', 'happy');
create table t (
    id int primary key, i2 smallint, i4 int, i8 bigint, n numeric, m numeric(10,2), f4 real, f8 double precision, b boolean,
    s text, x text, v varchar(20), c char(6), d date, ts timestamp, tz timestamptz, u uuid, j jsonb, mood mood, "Order" text,
    ti time, by bytea, ar int[]
);
insert into t (id) values (1);
insert into t values
    (2, 0, 0, 0, 0, 0, 0, 0, false, '', '', '', '', '2000-01-01', '2000-01-01 00:00:00', '2000-01-01 00:00:00+00', '00000000-0000-0000-0000-000000000000', '{}', 'sad', '', '00:00', '', '{}'),
    (3, 1, 2, 3, 1.5, 2.50, 0.5, 0.1, true, 'abc', 'b', 'Hello World', 'ab', '2024-02-29', '2024-02-29 12:34:56.789', '2024-02-29 12:34:56.789+02', '550e8400-e29b-41d4-a716-446655440000', '{"a": 1}', 'ok', 'one', '12:34:56.5', '\x00ff', '{1,2}'),
    (4, -7, -7, -7, -7.25, -7.25, -2.5, -2.5, true, '  Müller  AG ', 'ü', 'Straße', 'äöü', '1999-12-31', '1999-12-31 23:59:59.5', '1999-12-31 23:59:59.5+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '[1, null]', 'happy', 'Zwei', '23:59:59.999999', '\x61', '{-1}'),
    (5, 32767, 2147483647, 9223372036854775807, 99999999999999999999.99999, 99999999.99, 3.4028235e38, 1.7976931348623157e308, false, '000042', '0', '000042', '000042', '9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999+00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '"text"', 'sad', '3', '24:00:00', '\x', '{1}'),
    (6, -32768, -2147483648, -9223372036854775808, -99999999999999999999.99999, -99999999.99, -3.4028235e38, -1.7976931348623157e308, false, 'a%b_c\d', '%', 'a_b', 'a%', '0001-01-01', '0001-01-01 00:00:00', '0001-01-01 00:00:00+00', 'a0eebc999c0b4ef8bb6d6bb9bd380a12', 'null', 'ok', '', '01:02:03', '\x00', '{NULL}'),
    (7, 3, 10, 1000000, 'NaN', 'NaN', 'NaN', 'NaN', null, 'NULL', 'null', 'one,two,,four', ',', 'infinity', 'infinity', 'infinity', null, '1.50', null, null, null, null, null),
    (8, -3, 7, -1000000, 0.005, 0.01, 1e-45, 5e-324, true, 'İstanbul ǅ Σίσυφος ß ŉ', 'ς', 'éÉ 𝒳🙂', 'ß', '0044-03-15 BC', '0044-03-15 10:00:00 BC', '0044-03-15 10:00:00+00 BC', '00000000-0000-4000-8000-000000000001', '[]', 'happy', 'x', '00:00:00.000001', '\xdeadbeef', '{{1},{2}}'),
    (9, 2, 3, 2, 2.5, 2.55, 2.5, 2.5, false, 'two words here', 'wo', 'aXbXc', 'X', '2024-01-31', '2024-01-31 00:00:00.0000005', '2024-01-31 23:59:59.999999-14', '12345678-1234-5678-1234-567812345678', '{"b": [1, 2]}', 'ok', 'y', '10:00', '\x0a', '{3}'),
    (10, 5, -1, 4294967296, 'Infinity', 1, 'Infinity', 'Infinity', true, '-12.50', '1e3', ' 42 ', '  7', '-infinity', '-infinity', '-infinity', '12345678-1234-5678-1234-567812345679', 'true', 'sad', 'z', '10:00:01', '\x01', '{4}'),
    (11, 10, 100, -4294967297, '-Infinity', 1234567.89, 123456.7, 123456789012345.6, false, 'tRuE', 't', 'on', 'f', '294276-12-31', '294276-12-31 23:59:59', '294276-12-31 23:59:59+00', '12345678-1234-5678-1234-56781234567a', 'false', 'ok', 'Z', '10:00:01.5', '\x02', '{5}'),
    (12, 12, 12, 12, 0.000000000000000000001, 0.10, 1e15, 1e15, true, '2024-02-29 10:11:12.5+02:00', '2024-02-29', '2024-02-30', '12:00', '0005-02-29 BC', '2024-12-31 23:59:59.999999', '2024-06-30 23:59:59+00', '12345678-1234-5678-1234-56781234567b', '0', 'happy', e'a\nb', '10:00:02', '\x03', '{6}'),
    (13, -1, 46341, 3037000500, 123456789.123456789, 12.35, 16777217, 123456.5, null, e'tab\there\nline', e'\n', e'\t x', 'a b', '1970-01-01', '1970-01-01 00:00:00.000001', '1970-01-01 00:00:00.000001+00', null, '"é"', 'sad', 'É', null, null, null);
alter table t add column iv interval, add column zone text;
update t set iv = given.iv, zone = given.zone from (values
    (2, interval '0', 'UTC'), (3, '1 day 02:03:04.5', 'Europe/Berlin'), (4, '-1 day -02:03:04.5', 'america/new_york'),
    (5, '178000000 years', 'Asia/Kolkata'), (6, '-178000000 years', 'Pacific/Apia'), (7, '1 year 2 mons 3 days 04:05:06.000007', 'No/Where'),
    (8, '-1 year +2 mons -3 days +04:05:06', 'Australia/Lord_Howe'), (9, '30 days', 'Etc/GMT+5'), (10, '1 mon', 'America/Sao_Paulo'),
    (11, '00:00:00.000001', 'Europe/Dublin'), (12, '40 days -25:00:00', 'Africa/Casablanca'), (13, '-2147483648 days', '')
) given (id, iv, zone) where given.id = t.id;
alter table t add jo jsonb, add js json, add ta text[], add na numeric[], add rx text;
update t set jo = new.jo::jsonb, js = new.js::json, ta = new.ta::text[], na = new.na::numeric[], rx = new.rx from (values
    (2, '{}', ' {} ', '{}', '{}', ''),
    (3, '{"name": "Anna", "age": 42, "tags": ["x", "y", null], "address": {"city": "Ulm", "zip": "89073"}}', '{ "name" : "Anna",  "age":42.0, "tags" : [ "x" , "y",null ], "address":{"city":"Ulm"} }', '{a,b,c}', '{1,2,3}', 'anna@example.com'),
    (4, '{"name": null, "age": 1.50, "tags": [], "b": true, "aa": 1, "é": "ü"}', '{"name":null,"name":"twice","age":1.50E1}', '{"with space","with,comma","quo\"te","back\\slash",NULL,"NULL",""}', '{1.0,1.00,NULL}', '+49 (0) 711 / 123-45'),
    (5, '[1, "two", [3, {"four": 4}], null, true, 5e2, -0.0]', '[1 , "two",  [3,{"four":4 }], null,true , 5e2, -0.0 ]', '{{a,b},{c,d}}', '{NaN,Infinity,-Infinity,0}', '2024-02-29T10:11:12'),
    (6, '"text with \" quote \\ and \u00fc\n\u0001"', '"text with \" quote \\ and \u00fc\n\u0001"', '{ü,🙂,"a\nb"}', '{-1.5,99999999999999999999.99}', 'foo.bar+baz_qux^$*?'),
    (7, 'null', ' null', '{NULL}', '{NULL}', 'AbCabcABC äÄ ßẞ'),
    (8, '1e3', '1e3', '{" lead","trail "}', '{0.10}', E'line one\nline two\n\nlast'),
    (9, 'true', 'true ', '{x}', '{1e3}', '  many   blanks  '),
    (10, '{"a": {"b": {"c": [10, 20, 30]}}, "name": "b", "age": "7"}', '{"a":{"b":{"c":[10, 20,30]}},"a":{"b":{"c":[ 1]}}}', '{y,x,y}', '{3,2,1}', 'aaa'),
    (11, '123456789012345678901234567890.12345', '123456789012345678901234567890.12345', '{1,2}', '{2147483648}', 'x1y22z333'),
    (12, '[]', '[ ]', '{a}', '{5}', 'The quick brown fox'),
    (13, '{"age": 1e400, "name": "\ud83d\ude00", "": 0, "tags": "no list"}', '{"age":1e400,"name":"\ud83d\ude00","":0}', null, null, null)
) as new (id, jo, js, ta, na, rx) where t.id = new.id;
