"""What no expression may say, and what is said about it. Nothing here reaches the generator."""

import pytest

from cdc.mapping.expression.check import check_condition, check_value
from cdc.mapping.expression.scope import Scope
from cdc.model.types import Kind, Type
from tests.expressions import SCOPE, compiled, refusal


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        # torture: K03
        ("(select 1)", "not-allowed", 1),
        ("exists(select 1)", "not-allowed", 7),
        ("i4 in (select i4)", "not-allowed", 7),
        ("select 1", "not-allowed", 0),
        ("count(*)", "not-allowed", 0),
        ("max(i4)", "not-allowed", 0),
        ("row_number() over (order by i4)", "not-allowed", 0),
        ("sum(i4) over ()", "not-allowed", 0),
        ("s; drop table t", "not-allowed", 1),
        ("drop table t", "sql-syntax", 0),
        ("copy t to program 'id'", "sql-syntax", None),
        ("pg_read_file('/etc/passwd')", "not-allowed", 0),
        ("pg_sleep(10)", "not-allowed", 0),
        ("sleep(10)", "unknown-function", 0),
        ("load_file('/etc/passwd')", "unknown-function", 0),
        ("dblink('x', 'select 1')", "unknown-function", 0),
        ("current_setting('x')", "unknown-function", 0),
        ("now()", "not-allowed", 0),
        ("random()", "not-allowed", 0),
        ("current_user", "not-allowed", 0),
        ("s -- x", "comment", 2),
        ("s /* x */ || x", "comment", 2),
        ("/*! union */ s", "comment", 0),
        ("__import__('os')", "unknown-function", 0),
        ("s.__class__", "qualified-column", 0),
        ("t.s", "qualified-column", 0),
        ("pg_catalog.upper(s)", "not-allowed", 0),
        ("s as y", "sql-syntax", 2),
        ("s y", "sql-syntax", 2),
        ("upper(s y)", "sql-syntax", None),
        ("s, x", "sql-syntax", 1),
        ("(s, x)", "not-allowed", 1),
        ("*", "not-allowed", 0),
        ("$1", "not-allowed", 1),
        (":id", "not-allowed", 0),
        ("?", "not-allowed", 0),
        ("s ~ x", "not-allowed", 4),
        ("s ~ '(?=a)'", "bad-value", 4),
        ("s !~~ 'a'", "not-allowed", 2),
        ("s ! ~ 'a'", "not-allowed", 2),
        ("s ->> 'a'", "no-function", 0),
        ("'{}' ->> 'a'", "ambiguous-type", 0),
        ("ar[1:2]", "not-allowed", 0),
        ("s[1]", "type-mismatch", 0),
        ("s = any(x)", "not-allowed", 8),
        ("s = any(ar)", "type-mismatch", 0),
        ("any(ar)", "unknown-function", 0),
        ("i4 & 1", "not-allowed", 0),
        ("unnest(ar)", "unknown-function", 0),
        ("array[]", "ambiguous-type", 0),
        ("array[j]", "no-function", 6),
        ("power(n, 2)", "no-function", 0),
        ("n ^ 2", "no-function", 0),
        ("ln(n)", "unknown-function", 0),
        ("format(s, x)", "not-allowed", 7),
        ("format('%I', x)", "not-allowed", 7),
        ("convert_to(s, 'LATIN1')", "bad-value", None),
        ("jsonb_build_object('a')", "no-function", 0),
        ("to_jsonb('a')", "no-function", 0),
        ("interval '1 day' day", "bad-value", 9),
        ('s collate "C"', "not-allowed", 0),
        ("ts at time zone 'Mars/Base'", "bad-value", 16),
        ("upper(distinct s)", "not-allowed", 15),
        ("coalesce(all s)", "not-allowed", 9),
        ("upper(x => s)", "not-allowed", 11),
        ("E'a\\n'", "not-allowed", 0),
        ("'a' 'b'", "not-allowed", 0),
        ("{fn upper(s)}", "not-allowed", 0),
        ("i4 == 1", "not-allowed", 3),
        ("! b", "not-allowed", 0),
        ("b && b", "no-function", 0),
        ("cast(s as int format 'x')", "not-allowed", 5),
        ("try_cast(s as int)", "unknown-function", 0),
        ("i4::xml", "unknown-type", 0),
        ("i4::int[]", "no-cast", 0),
        ("i4::numeric(2000)", "bad-value", 0),
        ("s::varchar(0)", "bad-value", 0),
        ("i4::float(20)", "bad-value", 0),
        ("s::datetime", "unknown-type", 0),
    ],
)
def test_only_what_is_on_the_list_is_let_through(text, code, at):
    problem = _last(text)
    assert problem.code == code
    assert at is None or problem.offset == at


def _last(text):
    return check_value(text, SCOPE)[1][-1]


# torture: O09
@pytest.mark.parametrize(
    ("text", "code", "spot", "help_text"),
    [
        ("upper(nam)", "unknown-column", "nam", "did you mean 'name'?"),
        ("uppr(name)", "unknown-function", "uppr", "did you mean 'upper'?"),
        ("max(id)", "not-allowed", "max", "an expression sees one row"),
        ("create name", "sql-syntax", "create", "only expressions over the row's columns, no statements"),
        ("with name", "sql-syntax", "with", "only expressions over the row's columns, no statements"),
        ("update name set id = 1", "sql-syntax", "name", "only expressions over the row's columns, no statements"),
        ("delete from name", "sql-syntax", "from", "only expressions over the row's columns, no statements"),
        ("update || name name", "sql-syntax", "name", ""),
        ("name as x", "sql-syntax", "as", "an alias has no place here"),
        ("trim(name) || lngth(name)", "unknown-function", "lngth", "did you mean 'length'?"),
        ("name || (city", "sql-syntax", "city", ""),
        ("name ||", "sql-syntax", "||", ""),
        ("upper('x", "sql-syntax", "'", ""),
        ('upper("x', "sql-syntax", '"', ""),
        ("id + name", "no-function", "id + name", "write a cast"),
        ("length(id)", "no-function", "length", "write a cast; length(text) → integer"),
        ("name = 1", "no-function", "name = 1", "write a cast"),
        ("id = 'x'", "bad-value", "'x'", ""),
        ("day < '2024-02-30'", "bad-value", "'2024-02-30'", ""),
        ("1 / 0", "bad-value", "1 / 0", ""),
        ("state = 'opn'", "unknown-label", "'opn'", "did you mean 'open'?"),
        ("state in ('open', 'shut')", "unknown-label", "'shut'", ""),
        ("case when id then 1 end", "type-mismatch", "id", "write a comparison"),
        ("coalesce(id, name)", "type-mismatch", "id", "write a cast"),
        ("id < 2 < 3", "sql-syntax", "id < 2 < 3", "join them by `and`"),
        ("name like 'a\\'", "bad-value", "name like 'a\\'", ""),
        ("name is 1", "not-allowed", "name is 1", "write `=`"),
        ("-'5'", "ambiguous-type", "'5'", "write a cast that says which type is meant"),
        ('"Name"', "unknown-column", '"Name"', "did you mean 'name'?"),
        ("stable_uuid(name, id)", "bad-value", "name", "write stable_uuid('customer', id)"),
        ("greatest(doc, doc)", "no-function", "greatest", "write a cast"),
        ("id || id", "no-function", "id || id", "write cast(… as text)"),
        ("doc || name", "no-function", "doc", "write cast(… as text)"),
        ("day::int", "no-cast", "day", "cast it to text first"),
    ],
)
def test_a_problem_stands_where_it_is_and_says_the_way_out(text, code, spot, help_text):
    columns = {
        "id": Type(Kind.INT, "integer", 4),
        "name": Type(Kind.TEXT, "text"),
        "city": Type(Kind.TEXT, "text"),
        "day": Type(Kind.DATE, "date"),
        "state": Type(Kind.ENUM, "state", labels=("open", "closed")),
        "doc": Type(Kind.JSON, "jsonb"),
    }
    problem = refusal(text, Scope("public.customer", columns))
    assert problem.code == code
    assert text[problem.offset : problem.offset + problem.width].startswith(spot)
    assert problem.help.startswith(help_text)


def test_all_problems_of_an_expression_are_said_at_once():
    _, problems = check_value("upper(nope) || foo(s) || (i4 + s) || neither", SCOPE)
    assert [problem.code for problem in problems] == ["unknown-column", "unknown-function", "no-function", "unknown-column"]


def test_one_mistake_is_said_once():
    _, problems = check_value("case when nope = 1 then upper(nope2) else trim(nope3, 'x') end = 'x'", SCOPE)
    assert [problem.code for problem in problems] == ["unknown-column"] * 3


@pytest.mark.parametrize(
    "text",
    [
        # torture: K03, K04
        "(" * 5000 + "s" + ")" * 5000,
        "upper(" * 26 + "s" + ")" * 26,
        "not " * 500 + "b",
        "- " * 500 + "i4",
        "case when b then " * 40 + "s" + " end" * 40,
        " + ".join(["i4"] * 100),
        " || ".join(["s"] * 5000),
        "coalesce(" + ", ".join(["s"] * 600) + ")",
        "case " + " ".join(f"when i4 = {at} then {at}" for at in range(600)) + " end",
        "'" + "x" * 40_000 + "'",
    ],
)
def test_depth_and_size_have_bounds(text):
    assert refusal(text).code in {"too-deep", "too-large"}


def test_what_people_write_is_far_below_the_bounds():
    whens = " ".join(f"when '{at:04}' then 'name {at}'" for at in range(400))
    assert compiled(f"case s {whens} end")
    assert compiled(" and ".join(f"s <> '{at}'" for at in range(500)))
    assert compiled(f"i4 in ({', '.join(map(str, range(3000)))})")
    assert compiled(" || ' ' || ".join(["s"] * 200))
    assert compiled("coalesce(" * 20 + "s" + ", '')" * 20)


@pytest.mark.parametrize("text", ["i4", "s", "n + 1", "'x' || s", "d"])
def test_a_condition_is_boolean(text):
    _, problems = check_condition(text, SCOPE)
    assert [problem.code for problem in problems] == ["type-mismatch"]


def test_without_a_table_expressions_are_checked_as_far_as_they_go():
    unknown = Scope("anything", None)
    for text in ("upper(a) || b", "left(a, b + c)", "case a when 1 then b end", "coalesce(a, 1, b)", "a + b > c and not d", "-a"):
        assert check_value(text, unknown)[1] == []
    for text, code in (
        ("uppr(a)", "unknown-function"),
        ("1 + 'x'", "bad-value"),
        ("length(a) || length(b)", "no-function"),
        ("a +", "sql-syntax"),
        ("upper(1)", "no-function"),
        ("a <> any(b)", "unknown-function"),
    ):
        assert [problem.code for problem in check_value(text, unknown)[1]] == [code]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("name", "name"),
        ("NAME", "name"),
        ('"name"', "name"),
        ("dateentered", "dateEntered"),
        ("dateEntered", "dateEntered"),
        ('"Name"', None),
        ("order", "order"),
    ],
)
def test_letter_case_of_columns_is_postgresqls_and_forgiving(written, found):
    scope = Scope("t", dict.fromkeys(("name", "dateEntered", "order", "Twin", "tWin"), Type(Kind.TEXT, "text")))
    node, problems = check_value(written, scope)
    assert (None if problems else node.name) == found


def test_two_columns_that_differ_in_case_alone_want_quotes():
    scope = Scope("t", dict.fromkeys(("Twin", "tWin"), Type(Kind.TEXT, "text")))
    assert refusal("twin", scope).code == "ambiguous-column"
    assert check_value('"tWin"', scope)[1] == []
