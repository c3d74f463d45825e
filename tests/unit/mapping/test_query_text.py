"""What of a query's text is code, where its parameters stand, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.mapping.query.query import Query, Question, Refusal, Takes, filled, read, sample, statement
from cdc.mapping.spec.query_text import ANSI, BACKSLASHED, Misread, cut, names, tables
from cdc.model.table import Column
from cdc.model.types import Kind, Type

BOTH = (ANSI, BACKSLASHED)
ID = Column("id", Type(Kind.INT, "integer", 4))
CODE = Column("code", Type(Kind.TEXT, "text"))


def literal(column, text):
    return "null" if text is None else f"<{text}>"


@pytest.mark.parametrize(
    ("text", "lexis"),
    [
        ("select ':a', x::int from t", BOTH),
        ("select 'it''s :a' from t -- :a\n", BOTH),
        ("select 1 /* :a '\" */ from t", BOTH),
        ('select ":a" from t', BOTH),
        ("select 1 /* /* :a */ :a */ from t", (ANSI,)),
        ("select $$ :a ' $$, $x$ $$ :a $x$ from t", (ANSI,)),
        ("select a$b$, :: c$b$ from t", (ANSI,)),
        ("select e'\\':a' , 'x\\' from t", (ANSI,)),
        ("select a[1:2], x#>'{a}' from t", (ANSI,)),
        ("select 1 --:a\n from t", (ANSI,)),
        ("select 'it\\':a', \"\\\":a\" , `:a` from t # :a\n", (BACKSLASHED,)),
        ("select @x := 1 from t -- :a", (BACKSLASHED,)),
    ],
)
def test_what_is_no_parameter(text, lexis):
    for one in lexis:
        assert cut(text, one)[1] == []


@pytest.mark.parametrize("lexis", BOTH)
def test_parameters_and_their_places(lexis):
    text = "select :b from t where a in (:keys) and ':x' <> ''and c=:c_1;\n"
    pieces, parameters = cut(text, lexis)
    assert [(name, text[at:].startswith(f":{name}")) for name, at in parameters] == [("b", True), ("keys", True), ("c_1", True)]
    assert pieces == ("select ", " from t where a in (", ") and ':x' <> ''and c=", " \n")


def test_a_double_minus_without_a_blank_is_no_comment_for_one_of_them():
    assert cut("select 1 --:a\n", ANSI)[1] == []
    assert cut("select 1--:a\n", BACKSLASHED)[1] == [("a", 10)]


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("", "empty", ""),
        (" -- nothing\n", "empty", ""),
        ("update t set a = 1", "not a SELECT", "update"),
        ("select 1; drop table t", "second statement", ";"),
        ("with x as (delete from t returning *) select * from x", "DELETE writes", "delete"),
        ("with x as (insert into t values (1) returning *) select 1", "INSERT writes", "insert"),
        ("select a into b from t", "SELECT INTO writes", "into"),
        ("select a from t for update", "locks", "for"),
        ("select a from t lock in share mode", "locks", "lock"),
        ("select 'a from t", "never closed", "'"),
        ("select 1 /* a", "never closed", "/*"),
        ("select 1 /*!50000 , sleep(9) */", "code on some servers", "/*!"),
        ("select 1 /*M!100100 , sleep(9) */", "code on some servers", "/*M!"),
    ],
)
def test_what_is_refused_and_where(text, message, at):
    for lexis in BOTH:
        with pytest.raises(Misread) as refused:
            cut(text, lexis)
        assert message in refused.value.message
        assert text[refused.value.offset :].startswith(at)


@pytest.mark.parametrize(
    "text",
    [
        "(select 1)",
        "with x as (select 1) select * from x;",
        "select substring(a from 1 for 2), insert(a, 1, 2, 'x'), replace(b, 'x', 'y'), \"into\" from t",
        "select a from t where b in (select insert(c, 1, 1, '') from t)",
    ],
)
def test_what_is_one_select(text):
    cut(text, ANSI)


PARTS = ("select ", " ", ":keys", "'':x'' ", "':keys'", '":keys"', "/* :keys */", "-- :keys\n", "::", "a", "(", ")", ",", "1", "\n", "ä")


@given(st.lists(st.sampled_from(PARTS), max_size=12), st.sampled_from(BOTH))
def test_the_pieces_and_parameters_are_the_text(parts, lexis):
    text = "select " + "".join(parts)
    try:
        pieces, parameters = cut(text, lexis)
    except Misread:
        return
    put = pieces[0] + "".join(f":{name}{piece}" for (name, _), piece in zip(parameters, pieces[1:], strict=True))
    assert put == text


@given(st.text(max_size=40), st.sampled_from(BOTH))
def test_any_text_is_read_or_refused(text, lexis):
    try:
        cut(text, lexis)
    except Misread as refused:
        assert 0 <= refused.offset <= len(text)


def query(text, takes=Takes.KEYS, columns=(ID,)):
    made = read(Question(text, takes, columns), ANSI)
    assert isinstance(made, Query), made
    return made


def test_keys_are_put_in_as_literals():
    assert statement(query("select 1 where id in (:keys) or 2 in (:keys)"), [("1",), ("2",)], literal) == (
        "select 1 where id in (<1>, <2>) or 2 in (<1>, <2>)"
    )
    several = query("select 1 where (id, code) in (:keys)", columns=(ID, CODE))
    assert statement(several, [("1", "a"), ("2", None)], literal) == "select 1 where (id, code) in ((<1>, <a>), (<2>, null))"


def test_named_values_are_asked_one_by_one_in_one_statement():
    asked = query("select a from t where c = :code -- so\n", Takes.NAMED, (ID, CODE))
    assert asked.given == (CODE,)
    assert statement(asked, [("x",), ("y",)], literal) == (
        "select * from (\nselect a from t where c = <x> -- so\n\n) q0\nunion all\nselect * from (\nselect a from t where c = <y> -- so\n\n) q1"
    )


@pytest.mark.parametrize(
    ("text", "takes", "message"),
    [
        ("select 1", Takes.KEYS, "does not ask for ':keys'"),
        ("select 1 where id in (:key)", Takes.KEYS, "unknown parameter ':key'"),
        ("select 1 where id = :nr", Takes.NAMED, "unknown parameter ':nr'"),
    ],
)
def test_a_query_asks_for_what_there_is(text, takes, message):
    refusal = read(Question(text, takes, (ID,)), ANSI)
    assert isinstance(refusal, Refusal)
    assert message in refusal.message
    assert refusal.offset is None or text[refusal.offset] == ":"


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ("(id, code) in (:keys)", True),
        ("(p.id, p.code) in (:keys)", True),
        ('(p."id", `code`) in (:keys)', True),
        ("(code, id) in (:keys)", False),
        ("(p.CODE, p.id) in (:keys)", False),
        ("(x.nr, x.c) in (:keys)", True),
    ],
)
def test_columns_of_a_composite_key_stand_in_its_order(condition, fits):
    made = read(Question(f"select 1 from t p where {condition}", Takes.KEYS, (ID, CODE)), BACKSLASHED if "`" in condition else ANSI)
    assert isinstance(made, Query) is fits
    if not fits:
        assert "(id, code)" in made.hint


def test_an_offset_in_the_statement_leads_back_to_the_text():
    text = "select a where id in (:keys) and b = 'x' and :keys"
    sent, back = sample(query(text), lambda _, __: "cast(null as integer)")
    for word in ("a where", "b =", "'x'", ") and b"):
        assert text[back(sent.index(word)) :].startswith(word)
    assert text[back(sent.index("null")) :].startswith(":keys) and b")
    assert text[back(sent.rindex("null")) :] == ":keys"
    assert filled(query("select :keys"), "")[1](len("select ")) == len("select :keys")


def test_names_are_found_in_code_alone():
    text = "select 'nam', t.Nam -- nam\n, \"nam\" from t"
    assert [text[at : at + width] for at, width in names(text, ANSI, "nam")] == ["Nam", '"nam"']


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select 1 from Party p join app.Address as a on true", [("", "party"), ("app", "address")]),
        ('select 1 from "Odd Name" where a in (select b from c)', [("", "Odd Name"), ("", "c")]),
        ("select 1 from a x, b as y, c where true", [("", "a"), ("", "b"), ("", "c")]),
        ("select 1 from a left join lateral (select 2 from b) q on true, d", [("", "a"), ("", "b")]),
        ("select 1 from generate_series(1, 2) s join unnest(x) on true", []),
        ("select 'from x' -- from y\n from z", [("", "z")]),
        ("select 1 from a,", [("", "a")]),
    ],
)
def test_tables_are_seen_behind_from_and_join(text, expected):
    found = list(tables(text, ANSI, str.lower))
    assert [(schema, name) for schema, name, *_ in found if name != "lateral"] == expected
    assert all(text[at : at + width].lower().strip('"').endswith(name.lower()) for _, name, at, width in found)
