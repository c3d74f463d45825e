-- operators
s ~ 'b'
s ~ '^[[:alpha:]]+$'
s ~* 'müller'
s ~* 'MÜLLER|HELLO'
v ~* 'STRASSE|STRAßE'
s !~ '[0-9]'
s !~* 'A'
rx ~ '^\d{4}-\d\d-\d\d'
rx ~ '^[^@\s]+@[^@\s]+\.[a-z]{2,}$'
rx ~ '\s'
rx ~ '\S'
rx ~ '^\w+$'
rx ~ '^\W'
rx ~ '\D'
rx ~ '[[:space:]]'
rx ~ '[[:upper:]]'
rx ~ '[[:lower:]]'
rx ~* '[[:upper:]]'
rx ~ '[[:xdigit:]]{3}'
rx ~ '[^[:digit:][:space:]]'
rx ~ '[\d\s]'
rx ~ '[]]'
rx ~ '[^]a]'
rx ~ '[a-]'
rx ~ '[-a]'
rx ~ '\.'
rx ~ '\$\*'
rx ~ '\u0066oo'
rx ~ '\t|\n'
rx ~ '^$'
rx ~ ''
rx ~ 'a{3}'
rx ~ '^a{2,}$'
rx ~ '^(a|aa)(a|aa)$'
rx ~ 'a{'
rx ~ 'a{,3}'
rx ~ '{'
rx ~ '\A\d'
rx ~ 'x\Z'
rx ~ 'line$'
rx ~ '^line'
rx ~ 'one.line'
rx ~ '(foo|bar|baz)+'
rx ~ '(?:foo|bar|).baz'
rx ~ '^[^\n]*$'
rx ~* 'äÄ'
rx ~* 'SS|ß'
rx ~ null
null ~ 'a'
c ~ '^ab *$'
c ~ 'b $'
v ~ '^Hello'
x ~ '[а-я]' or x ~ '[ς]'
s ~* '[α-ω]'
s ~* 'ΣΊΣΥΦΟΣ'
x ~ '🙂'
v ~ '🙂$'
v ~ '^é.'
s ~ 'ß$'
not rx ~ 'a'
coalesce(rx, 'none') ~ 'one'
rx ~ 'a' and rx ~ 'b'
case when rx ~ '@' then 'mail' when rx ~ '^\+' then 'phone' end
-- precedence
rx || 'a' ~ 'aa$'
'x' || rx ~ '^xa'
rx ~ 'a' = true
-- similar to
rx similar to '%(foo|Ab)%'
rx similar to 'aaa'
rx similar to 'a{3}'
rx similar to '[a-z]+@%.com'
rx similar to '%\.%'
rx similar to '%!+%' escape '!'
rx not similar to '%a%'
rx similar to '_{3}'
rx similar to '%^%'
rx similar to '%$%'
rx similar to ''
rx similar to null
rx similar to '(a|b)*'
s similar to '%(ü|b)%'
s similar to 'a%' escape ''
-- regexp_like
regexp_like(rx, 'A')
regexp_like(rx, 'A', 'i')
regexp_like(rx, '^line two$', 'n')
regexp_like(rx, '^line two$')
regexp_like(rx, '^line two$', 'w')
regexp_like(rx, 'one.line', 'n')
regexp_like(rx, 'one.line', 'p')
regexp_like(rx, 'one[^x]line', 'p')
regexp_like(rx, 'one\Wline', 'n')
regexp_like(rx, 'one\sline', 'n')
regexp_like(rx, 'a.b+c', 'q')
regexp_like(rx, 'foo.bar+', 'q')
regexp_like(rx, 'A', 'ic')
regexp_like(rx, 'A', 'ci')
regexp_like(rx, 'A', null)
regexp_like('a', 'a', 'g')
regexp_like('a', 'a', 'z')
regexp_like(rx, 'FOO.BAR', 'iq')
-- regexp_replace
regexp_replace(rx, 'a', 'X')
regexp_replace(rx, 'a', 'X', 'g')
regexp_replace(rx, 'A', 'X', 'gi')
regexp_replace(rx, '\s+', ' ', 'g')
regexp_replace(rx, '[^0-9]', '', 'g')
regexp_replace(rx, '[^0-9+]', '', 'g')
regexp_replace(rx, '(\d+)-(\d+)-(\d+)', '\3.\2.\1')
regexp_replace(rx, '(\w)(\d+)', '\2\1', 'g')
regexp_replace(rx, '\w+', '<\&>', 'g')
regexp_replace(rx, 'a', '\\', 'g')
regexp_replace(rx, 'a', '\x', 'g')
regexp_replace(rx, 'a', '\9', 'g')
regexp_replace(rx, 'a', 'x\', 'g')
regexp_replace(rx, '', '-', 'g')
regexp_replace(rx, 'x*', '-', 'g')
regexp_replace(rx, '$', '!', 'g')
regexp_replace(rx, '^', '> ', 'ng')
regexp_replace(rx, '$', ';', 'ng')
regexp_replace(rx, '(a)|(b)', '[\1|\2]', 'g')
regexp_replace(rx, '(a+)(b*)', '\2\1', 'g')
regexp_replace(rx, '((\w)\w*)\s+(\w+)', '\3 \2 \1')
regexp_replace(rx, '^(.*)@(.*)$', '\2 at \1')
regexp_replace(rx, '(.*)(a)', '\1-\2')
regexp_replace(rx, '(foo|foobar)(.*)', '\2/\1')
regexp_replace(rx, '(a|ab)(c|bcd)?', '(\1,\2)', 'gi')
regexp_replace(rx, '^((\+49)|0)', '0')
regexp_replace(rx, 'ä', 'ae', 'gi')
regexp_replace(s, '[ÄÖÜäöü]', '?', 'g')
regexp_replace(s, '(.)', '\1\1', 'g')
regexp_replace(v, '(.)(.)', '\2\1', 'g')
regexp_replace(rx, 'a', x, 'g')
regexp_replace(rx, 'a', null)
regexp_replace(rx, null, 'x')
regexp_replace(rx, 'a', 'X', null)
regexp_replace(rx, 'a', 'X', 2)
regexp_replace(rx, 'a', 'X', 1, 2)
regexp_replace(rx, 'a', 'X', 1, 0)
regexp_replace(rx, 'A', 'X', 2, 1, 'i')
regexp_replace(rx, 'a', 'X', 1, 2, 'g')
regexp_replace(rx, 'a', 'X', 0)
regexp_replace(rx, 'a', 'X', 1, -1)
regexp_replace(rx, 'a', 'X', 100)
regexp_replace(rx, '(\d)(\d)?', '<\1\2>', 3, 0)
regexp_replace(rx, 'ä', 'X', i4 % 5 + 6)
regexp_replace(c, ' +$', '')
regexp_replace(rx, '\A\s+|\s+\Z', '', 'g')
regexp_replace(rx, '(\w+)\s*', '\1,', 'g')
regexp_replace(rx, '([aeiou])', upper('x'), 'g')
-- regexp_match
regexp_match(rx, 'a')
regexp_match(rx, '(a)(b)?')
regexp_match(rx, '(\d+)-(\d+)')
regexp_match(rx, '(\w+)@(\w+)\.(\w+)')
regexp_match(rx, '(a*)(a*)')
regexp_match(rx, '(\w+)+')
regexp_match(rx, '((a|b)+)')
regexp_match(rx, '(a)|(b)')
regexp_match(rx, '(?:a|(b))c', 'i')
regexp_match(rx, '')
regexp_match(rx, '(\w)\w*(\w)')
regexp_match(rx, '(a?)(ab)?(b?)', 'i')
regexp_match(rx, '^\s*(\S+)')
regexp_match('a', '([^@]+)@', 'g')
(regexp_match(rx, '(\w+)\s+(\w+)'))[2]
(regexp_match(rx, '\d+'))[1]::int
coalesce((regexp_match(rx, '@(.*)'))[1], 'no mail')
array_to_string(regexp_match(rx, '(\d+)\D+(\d+)'), '/')
-- substring
substring(rx from '\d+')
substring(rx from '@(.*)$')
substring(rx from '(a)?b')
substring(rx from '(\d+)(\d)')
substring(rx, '^\w+')
substring(rx from null)
substring(rx from 'o.')
substring(s from '[A-Z]\w*')
substring(x from '.$')
-- regexp_substr
regexp_substr(rx, '\w+')
regexp_substr(rx, '\w+', 2)
regexp_substr(rx, '\w+', 1, 2)
regexp_substr(rx, '\w+', 1, 3)
regexp_substr(rx, 'A\w*', 1, 1, 'i')
regexp_substr(rx, '(\w)(\w)', 1, 1, '', 2)
regexp_substr(rx, '(\w)(\w)', 1, 1, '', 3)
regexp_substr(rx, 'a', 0)
regexp_substr(rx, 'a', 1, 0)
regexp_substr(rx, '(x)|(a)', 1, 1, 'i', 1)
-- regexp_count
regexp_count(rx, 'a')
regexp_count(rx, 'a', 3)
regexp_count(rx, 'A', 1, 'i')
regexp_count(rx, '')
regexp_count(rx, '^', 1, 'n')
regexp_count(rx, '\w+')
regexp_count(rx, 'aa')
regexp_count(s, '[^ ]')
regexp_count(rx, 'a', 50)
regexp_count(rx, 'a', -1)
-- regexp_instr
regexp_instr(rx, 'a')
regexp_instr(rx, '\d+', 1, 2)
regexp_instr(rx, '\d+', 1, 1, 1)
regexp_instr(rx, 'B', 1, 1, 0, 'i')
regexp_instr(rx, '(\w)(\d)', 1, 1, 0, '', 2)
regexp_instr(rx, '(\w)(\d)', 1, 1, 1, '', 1)
regexp_instr(rx, 'a', 1, 1, 2)
regexp_instr(s, 'ü|ß')
regexp_instr(v, '🙂')
-- regexp_split_to_array
regexp_split_to_array(rx, '\s+')
regexp_split_to_array(rx, '')
regexp_split_to_array(rx, 'a')
regexp_split_to_array(rx, ',')
regexp_split_to_array(rx, 'A', 'i')
regexp_split_to_array(rx, '[^[:alnum:]]+')
regexp_split_to_array(rx, 'x*')
regexp_split_to_array(v, ',')
regexp_split_to_array(v, '\s*')
cardinality(regexp_split_to_array(rx, '\W'))
(regexp_split_to_array(rx, '@'))[2]
-- wrong patterns
'a' ~ '('
'a' ~ ')'
'a' ~ '['
'a' ~ '[b-a]'
'a' ~ 'a**'
'a' ~ '*a'
'a' ~ 'a{2'
'a' ~ 'a{2,1}'
'a' ~ 'a{256}'
'a' ~ '\'
'a' ~ '[[:foo:]]'
'a' ~ '(*a)'
'a' ~ 'a|*b'
'a' ~ '^*'
-- more precedence
rx~'a'
rx!~'a'
rx !~* 'A' and true
rx ~ 'a' is true
rx !~ 'a' is not false
rx like 'a%' or rx ~ 'b'
rx ~ 'a' in (true)
not rx ~ 'a' = false
1 + 1 = 2 and rx ~ 'a' or false
