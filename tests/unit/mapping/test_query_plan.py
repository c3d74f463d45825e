"""A query mapping against its tables and what the server said: what it needs of the log, and which changes touch which keys."""

from dataclasses import replace

import pytest

from cdc.mapping.compile import compile_plan
from cdc.mapping.query.prepare import questions, wanted_tables
from cdc.mapping.query.query import Query, Read, Refusal, Takes
from cdc.model.change import ABSENT
from cdc.model.errors import Misconfigured
from cdc.model.table import Column, TableName, Unique
from cdc.model.write import Newest
from tests.definitions import BIGINT, BOOL, INT, TEXT, UUID, char, numeric, shape, spec, table, varchar

PARTY = table("party", [Column("id", INT, nullable=False), Column("name", TEXT)])
ADDRESS = table(
    "address",
    [Column("id", INT), Column("party", INT), Column("country", INT), Column("b", BOOL)],
    identity=("id", "party", "country", "b"),
)
COUNTRY = table("country", [Column("id", INT), Column("code", TEXT)])
ACCOUNTS = table("accounts", [Column("id", UUID, nullable=False), Column("name", TEXT), Column("city", TEXT)])
SPEC = """\
version: 1
mapping: accounts
source: party
target: accounts
key: [id]
query: |
  select p.id, p.name, a.city
  from party p where p.id in (:keys)
depends_on:
  address: party
  country: {query: "select party from address where country = :id"}
settle: 500ms
columns:
  id: stable_uuid('party', id)
  same: [name, city]
"""
RESULT = (Column("id", INT), Column("name", TEXT), Column("city", TEXT))


PARTIES = (Column("party", INT),)


def answers(result=RESULT, leading=PARTIES):
    asked = Query(Takes.KEYS, (PARTY.columns[0],), ("", ""), ("keys",), result)
    lead = Query(Takes.NAMED, (COUNTRY.columns[0],), ("", ""), ("id",), leading)
    return {("accounts", ("query",)): asked, ("accounts", ("depends_on", "country", "query")): lead}


def compiled(text=SPEC, tables=(PARTY, ADDRESS, COUNTRY), given=None):
    sources = {each.name: each for each in tables}
    return compile_plan([spec(text)], sources, {ACCOUNTS.name: ACCOUNTS}, "public", "public", answers=answers() if given is None else given)


def query_plan(*given, **more):
    plan, problems = compiled(*given, **more)
    assert plan is not None, [problem.message for problem in problems]
    return plan.queries[0]


def problem(*given, **more):
    plan, problems = compiled(*given, **more)
    assert plan is None
    (found,) = problems
    return found


def keys(plan, definition, row):
    return [key_of(row) for key_of in plan.touches(shape(definition)).keys]


def test_all_tables_that_the_query_reads_are_wanted():
    assert [str(name) for name in wanted_tables(spec(SPEC), "public")] == ["public.party", "public.address", "public.country"]
    plan, _ = compiled()
    assert plan.sources == (PARTY.name, ADDRESS.name, COUNTRY.name)
    (route,) = plan.routes
    assert (route.source, route.query.settle, route.query.root_key) == (PARTY.name, 0.5, ["id"])


def test_the_server_is_asked_with_the_roots_key_and_the_dependencys_columns():
    asked = questions(spec(SPEC), {each.name: each for each in (PARTY, ADDRESS, COUNTRY)}, "public")
    assert {path: (question.takes, [c.name for c in question.given], of.name.name) for path, (question, of) in asked.items()} == {
        ("query",): (Takes.KEYS, ["id"], "party"),
        ("depends_on", "country", "query"): (Takes.NAMED, ["id", "code"], "country"),
    }


def test_rows_of_the_result_are_mapped_like_a_tables():
    plan, _ = compiled()
    query = plan.queries[0]
    (made,) = plan.bind(query.result)
    assert made.target is query.target
    key, image = made.map_row(("7", "Ada", None))
    assert image == (*key, "Ada", None)
    assert made.key_of(("7", ABSENT, ABSENT)) == key
    assert plan.bind(shape(PARTY)) == ()


def test_a_column_of_the_result_may_be_the_clock():
    target = replace(ACCOUNTS, columns=(*ACCOUNTS.columns, Column("version", BIGINT)))
    text = SPEC.replace("same: [name, city]", "name: {value: name, owner: newest}\n  same: [city, version]") + "clock: version\n"
    sources = {each.name: each for each in (PARTY, ADDRESS, COUNTRY)}
    given = answers((*RESULT, Column("version", BIGINT)))
    plan, problems = compile_plan([spec(text)], sources, {ACCOUNTS.name: target}, "public", "public", answers=given)
    assert plan is not None, problems
    assert plan.targets[0].newest == Newest(3, frozenset({1, 3}), ties=True)


def test_changes_of_the_root_and_of_dependencies_touch_root_keys():
    query = query_plan()
    assert keys(query, PARTY, ("7", ABSENT)) == [("7",)]
    assert keys(query, ADDRESS, ("1", "7", "2", "t")) == [("7",)]
    assert keys(query, ADDRESS, ("1", None, "2", "t")) == [None]
    touches = query.touches(shape(COUNTRY))
    ((place, values_of),) = touches.asked
    assert (touches.keys, place, values_of(("3", "DE"))) == ((), 0, ("3",))
    assert query.asking[0].key_of(("9",)) == ("9",)


def test_an_expression_may_lead_to_the_root_and_a_table_may_be_its_own_dependency():
    text = SPEC.replace("address: party", "address: case when b then party end\n  party: {key: [id + 1]}")
    query = query_plan(text)
    assert keys(query, ADDRESS, ("1", "7", "2", "f")) == [None]
    assert keys(query, ADDRESS, ("1", "7", "2", "t")) == [("7",)]
    assert keys(query, PARTY, ("7", "x")) == [("7",), ("8",)]


def test_a_composite_key_has_an_expression_for_each_column():
    root = table("party", [Column("a", INT), Column("id", INT), Column("name", TEXT)], key=("a", "id"))
    text = SPEC.replace("address: party", "address: [country, party]").replace("('party', id)", "('party', a, id)")
    result = (Column("a", INT), *RESULT)
    given = answers(result, (Column("x", INT), Column("y", INT)))
    query = query_plan(text, (root, ADDRESS, COUNTRY), given)
    assert keys(query, ADDRESS, ("1", "7", "2", "t")) == [("2", "7")]
    assert query.result.key == (0, 1)
    found = problem(SPEC.replace("('party', id)", "('party', a, id)"), (root, ADDRESS, COUNTRY), given)
    assert "has 2 columns, 'address' leads to 1" in found.message


def test_a_row_that_lacks_what_leads_to_the_root_stops_with_the_setting_that_mends_it():
    query = query_plan()
    for definition, row in ((ADDRESS, ("1", ABSENT, "2", "t")), (PARTY, (ABSENT, "x"))):
        with pytest.raises(Misconfigured) as refused:
            keys(query, definition, row)
        assert "binlog_row_image = FULL" in refused.value.hint


def test_a_column_that_is_gone_stops_with_its_name():
    query = query_plan()
    with pytest.raises(Misconfigured, match=r"no longer fits public\.address.*'party'"):
        query.touches(shape(replace(ADDRESS, columns=ADDRESS.columns[:1])))
    with pytest.raises(Misconfigured, match=r"no longer fits public\.party.*'id'"):
        query.touches(shape(replace(PARTY, columns=PARTY.columns[1:])))


def test_what_led_to_the_root_must_be_in_the_log():
    found = problem(tables=(PARTY, replace(ADDRESS, identity=("id",)), COUNTRY))
    assert (found.code, found.help) == ("key-not-logged", "on PostgreSQL: alter table public.address replica identity full")
    assert "'party'" in found.message
    assert problem(tables=(PARTY, ADDRESS, replace(COUNTRY, identity=None))).code == "key-not-logged"
    assert problem(tables=(replace(PARTY, identity=("name",)), ADDRESS, COUNTRY)).code == "key-not-logged"


def test_the_root_needs_a_key():
    bare = replace(PARTY, uniques=(Unique("some", ("name",), primary=False, exact=False),))
    assert "no-root-key" in {found.code for found in compiled(tables=(bare, ADDRESS, COUNTRY))[1]}


def test_the_targets_key_follows_from_the_roots():
    found = problem(SPEC.replace("stable_uuid('party', id)", "stable_uuid('party', name)"))
    assert (found.code, found.line) == ("key-not-rooted", 14)


def test_the_result_has_the_roots_key_in_its_own_texts():
    assert problem(given=answers(RESULT[1:])).code == "no-root-key"
    assert "is text, the key of public.party is integer" in problem(given=answers((Column("id", TEXT), *RESULT[1:]))).message
    assert query_plan(given=answers((Column("ID", BIGINT), *RESULT[1:]))).result.key == (0,)
    assert problem(given=answers((*RESULT, Column("name", TEXT)))).code == "column-twice"
    root = replace(PARTY, columns=(Column("id", numeric(9, 2)), PARTY.columns[1]))
    assert problem(tables=(root, ADDRESS, COUNTRY)).code == "type-mismatch"


def test_texts_lead_to_texts_of_any_length():
    root = replace(PARTY, columns=(Column("id", char(36)), PARTY.columns[1]))
    address = replace(ADDRESS, columns=(ADDRESS.columns[0], Column("party", varchar(255)), *ADDRESS.columns[2:]))
    given = answers((Column("id", char(36)), *RESULT[1:]), (Column("party", varchar(255)),))
    query = query_plan(tables=(root, address, COUNTRY), given=given)
    assert keys(query, address, ("1", "x" * 200, "2", "t")) == [("x" * 200,)]


def test_what_leads_to_the_root_has_its_type():
    assert problem(SPEC.replace("address: party", "address: cast(party as text)")).code == "type-mismatch"
    assert "comes from the row" in problem(SPEC.replace("address: party", "address: 7")).message.replace("must come", "comes")
    assert problem(given=answers(leading=(Column("party", TEXT),))).code == "type-mismatch"
    assert problem(given=answers(leading=(Column("party", INT), Column("id", INT)))).code == "bad-value"


def test_an_answer_of_the_server_is_placed_in_the_file():
    refusal = Refusal("column a.city does not exist", "did you mean b.city?", SPEC.splitlines()[6].index("a.city") - 2, 6)
    found = problem(given={**answers(), ("accounts", ("query",)): refusal})
    assert (found.line, found.column, found.width, found.help) == (7, 24, 6, "did you mean b.city?")
    nowhere = problem(given={**answers(), ("accounts", ("query",)): replace(refusal, offset=None)})
    assert nowhere.line == 6


def test_tables_and_columns_that_do_not_exist_are_found():
    assert problem(tables=(PARTY, COUNTRY), given={}).code == "unknown-table"
    assert {found.code for found in compiled(given={})[1]} == {"not-asked"}
    found = problem(SPEC.replace("address: party", "address: partyy"))
    assert (found.code, found.help) == ("unknown-column", "did you mean 'party'?")
    found = problem(SPEC.replace("same: [name, city]", "same: [name]\n  city: town"))
    assert found.message == "column 'town' does not exist in the query's result"


@pytest.mark.parametrize("expression", ["op()", "old.name", "commit_time()::text"])
def test_a_query_mapping_knows_no_change(expression):
    assert "a query mapping" in problem(SPEC.replace("same: [name, city]", f"same: [name]\n  city: {expression}")).message


def test_a_table_that_is_read_and_not_followed_is_warned_of():
    text = "select p.id, p.name, a.city\nfrom party p where p.id in (:keys)\n"
    reads = tuple(Read(TableName("public", name), text.index("party p"), 5) for name in ("party", "address", "city"))
    given = answers()
    given["accounts", ("query",)] = replace(given["accounts", ("query",)], reads=reads)
    plan, (warning,) = compiled(given=given)
    assert plan is not None
    assert (warning.code, warning.level.value, warning.line, warning.column, warning.width) == ("not-followed", "warning", 8, 8, 5)
    assert "public.city" in warning.message
