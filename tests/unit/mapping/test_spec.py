"""What a right mapping file means, and that its models, schema and documentation agree."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cdc.mapping.compile import check_expressions
from cdc.mapping.files.mapping import ColumnFile, MappingFile, ReverseFile, TestFile
from cdc.mapping.files.problem import Level, failed, render
from cdc.mapping.files.schema import mapping_schema
from cdc.mapping.files.shape import quotes_taken
from cdc.mapping.spec.mapping import Entry, Mapped, Sql, table_name
from cdc.mapping.spec.read import read_mapping
from cdc.mapping.spec.rules import check_set
from cdc.model.change import ABSENT
from cdc.model.table import TableName
from cdc.model.write import Deletes, Truncates

HEAD = "version: 1\nmapping: customers\nsource: public.customer\ntarget: accounts\nkey: [id]\n"
WHOLE = (
    HEAD
    + """where: active and kind in ('company', 'person')
columns:
  id: stable_uuid('customer', id)
  name: {value: clean_spaces(name)}
  note: >-
    case when a
    then b end
  deleted: 0
  rate: 1.50
  flag: true
  nothing: null
  segment: {map: segments, from: type_code, default: prospect}
  kind: {map: kinds, from: kind, default: null}
  class: {map: kinds, from: class}
same: [email, "odd\\"name"]
deletes: soft
soft_delete: {deleted: 1}
truncate: ignore
on_error: halt
maps:
  segments: {0001: customer, "0002": prospect, NO: 7}
  kinds: {c: 1.10, p: true, q: null}
tests:
  - given: {id: 7, code: 000042, amount: 0.10, name: " Müller  AG ", active: true, kind: null}
    expect: {name: Müller AG, deleted: 0}
  - given: {id: 8, active: false}
    expect: null
"""
)


def spec(text):
    found, problems = read_mapping("m.yaml", text)
    assert problems == []
    return found


def codes(*texts, schema="public"):
    read = [read_mapping(f"{at}.yaml", text) for at, text in enumerate(texts)]
    assert [p for _, problems in read for p in problems] == []
    return [(p.file, p.line, p.column, p.code) for p in check_set([found for found, _ in read], schema)]


def test_a_whole_mapping():
    found = spec(WHOLE)
    assert (found.name, found.source, found.target, found.key) == ("customers", "public.customer", "accounts", ("id",))
    assert found.where == Sql("active and kind in ('company', 'person')", ("where",))

    def entries(name, given):
        return [Entry((text,), value, found.document.at(("maps", name, text))) for text, value in given.items()]

    kinds = entries("kinds", {"c": Decimal("1.10"), "p": True, "q": None})
    assert found.columns == {
        "id": Sql("stable_uuid('customer', id)", ("columns", "id")),
        "name": Sql("clean_spaces(name)", ("columns", "name", "value")),
        "note": Sql("case when a then b end", ("columns", "note")),
        "deleted": Sql("0", ("columns", "deleted")),
        "rate": Sql("1.50", ("columns", "rate")),
        "flag": Sql("true", ("columns", "flag")),
        "nothing": Sql("null", ("columns", "nothing")),
        "segment": Mapped(
            (Sql("type_code", ("columns", "segment", "from")),),
            "segments",
            entries("segments", {"0001": "customer", "0002": "prospect", "NO": 7}),
            "prospect",
            ("columns", "segment"),
        ),
        "kind": Mapped((Sql("kind", ("columns", "kind", "from")),), "kinds", kinds, None, ("columns", "kind")),
        "class": Mapped((Sql("class", ("columns", "class", "from")),), "kinds", kinds, ABSENT, ("columns", "class")),
        "email": Sql('"email"', ("same", 0)),
        'odd"name': Sql('"odd""name"', ("same", 1)),
    }
    assert (found.deletes, found.soft_delete, found.truncate, found.halts) == (Deletes.SOFT, {"deleted": 1}, Truncates.IGNORE, True)
    first, second = found.tests
    assert first.given == {"id": 7, "code": "000042", "amount": Decimal("0.10"), "name": " Müller  AG ", "active": True, "kind": None}
    assert str(first.given["amount"]) == "0.10"
    assert first.expect == {"name": "Müller AG", "deleted": 0}
    assert (second.given, second.expect, second.path) == ({"id": 8, "active": False}, None, ("tests", 1))


def test_what_is_not_written_has_a_default():
    found = spec(HEAD + "same: [id]\n")
    assert (found.where, found.deletes, found.soft_delete, found.truncate, found.halts, found.tests) == (
        None,
        Deletes.HARD,
        {},
        Truncates.HALT,
        False,
        (),
    )


def test_every_expression_knows_its_place():
    found = spec(WHOLE)
    place = found.document.within(found.columns["note"].path, 12, 4)
    assert (place.line, place.column, place.width) == (12, 5, 4)
    place = found.document.within(found.columns["name"].path, 13, 4)
    assert (place.line, place.excerpt[place.column - 1 :][: place.width]) == (9, "name")
    assert (found.place("email").line, found.place("email").column) == (20, 8)
    assert (found.place("segment").line, found.place("segment").column) == (17, 3)


def test_same_may_stand_inside_columns_and_a_column_may_be_called_same():
    assert spec(HEAD + "columns:\n  id: id\n  same: [city]\n").columns["city"] == Sql('"city"', ("columns", "same", 0))
    assert spec(HEAD + "columns:\n  id: id\n  same: upper(x)\n").columns["same"] == Sql("upper(x)", ("columns", "same"))


def test_an_aliased_expression_is_placed_where_it_is_written():
    found = spec(HEAD + "columns:\n  id: id\n  a: &trim {value: trim(name)}\n  b: *trim\n")
    assert found.columns["b"].text == "trim(name)"
    assert found.document.offset(found.columns["b"].path, 5) == (8, 25)


def test_expressions_of_a_faulty_file_can_still_be_checked():
    found, problems = read_mapping(
        "m.yaml", HEAD + "columns:\n  id: id\n  a: {value: b, kind: c}\n  d:\n  e: [f]\nkye: x\nwhere:\ndeletes: sft\n"
    )
    assert {p.code for p in problems} == {"unknown-key", "no-value", "wrong-type", "bad-value"}
    assert found.columns == {"id": Sql("id", ("columns", "id")), "a": Sql("b", ("columns", "a", "value"))}
    assert found.where is None


def test_a_file_without_its_main_keys_gives_no_spec():
    assert read_mapping("m.yaml", "version: 1\ncolumns: {id: id}\n")[0] is None
    assert read_mapping("m.yaml", "a: [\n")[0] is None


@pytest.mark.parametrize(
    ("given", "found"),
    [("true", "true"), ("no", "a text"), ("1.5", "the number 1.5"), ("", "nothing"), ("{a: b}", "`key: value` lines")],
)
def test_a_wrong_type_is_named(given, found):
    _, (problem,) = read_mapping("m.yaml", HEAD + f"same: [id]\ntests: {given}\n")
    assert problem.message == f"'tests' must be a list, found {found}"


def test_parking_is_the_default():
    assert [spec(HEAD + f"same: [id]\n{text}").halts for text in ("", "on_error: park\n", "on_error: halt\n")] == [False, False, True]


def test_a_mapping_that_parks_deletes_can_not_halt_at_its_first_failing_row():
    assert spec(HEAD + "same: [id]\ndeletes: park\n").deletes is Deletes.PARK
    _, (problem,) = read_mapping("m.yaml", HEAD + "same: [id]\ndeletes: park\non_error: halt\n")
    assert (problem.level, problem.code, problem.line) == (Level.ERROR, "conflict", 8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customer", ("public", "customer")),
        ("erp.customer", ("erp", "customer")),
        (" erp . customer ", ("erp", "customer")),
        ("tabSales Order Item", ("public", "tabSales Order Item")),
        ("my-shop.Order-Lines", ("my-shop", "Order-Lines")),
        ('"We.ird".tab', ("We.ird", "tab")),
        ('"We""ird"."a b"', ('We"ird', "a b")),
        ("`We.ird`.`t``b`", ("We.ird", "t`b")),
        ('" x "', ("public", " x ")),
        ("Müller.größe", ("Müller", "größe")),
        ('x"; drop table y; --', None),
        ("a.b.c", None),
        ("", None),
        (".", None),
        ("a.", None),
        (".a", None),
        ('""', None),
        ('"".a', None),
        ('"a', None),
        ("a`b", None),
        (" . a", None),
    ],
)
def test_table_names(text, expected):
    if expected is None:
        with pytest.raises(ValueError, match="not a table's name"):
            table_name(text, "public")
    else:
        assert table_name(text, "public") == TableName(*expected)


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20), st.sampled_from('"`'))
def test_any_table_can_be_named_in_quotes(schema, name, quote):
    text = ".".join(quote + part.replace(quote, quote * 2) + quote for part in (schema, name))
    assert table_name(text, "public") == TableName(schema, name)


# torture: O08
def test_mappings_of_one_pipeline_share_a_table_but_no_column():
    other = HEAD.replace("customers", "parties").replace("public.customer", "party")
    first = HEAD + "same: [id, name]\n"
    assert codes(first, other + "same: [id, city]\n") == []
    assert codes(first, other + "same: [id, name]\n") == [("1.yaml", 6, 12, "column-written-twice")]
    assert codes(first, other.replace("accounts", "public.accounts") + "same: [id, name]\n") == [("1.yaml", 6, 12, "column-written-twice")]
    assert codes(first, other.replace("accounts", '\'"public"."accounts"\'') + "same: [id, name]\n") == [
        ("1.yaml", 6, 12, "column-written-twice")
    ]
    assert codes(first, other.replace("accounts", "crm.accounts") + "same: [id, name]\n") == []
    assert codes(first, other.replace("accounts", "crm.accounts") + "same: [id, name]\n", schema="crm") == [
        ("1.yaml", 6, 12, "column-written-twice")
    ]


def test_a_column_is_shared_only_as_a_key_of_both():
    first, second = HEAD + "same: [id, code]\n", HEAD.replace("customers", "b").replace("[id]", "[code]") + "same: [code]\n"
    assert codes(first, second) == [("1.yaml", 6, 8, "column-written-twice")]


def test_a_soft_delete_writes_its_columns_too():
    first = HEAD + "columns: {id: id, deleted: 0}\ndeletes: soft\nsoft_delete: {deleted: 1}\n"
    second = HEAD.replace("customers", "b") + "columns: {id: id, deleted: 0}\n"
    assert codes(first, second) == [("1.yaml", 6, 19, "column-written-twice")]
    specs = [
        read_mapping(f"{n}.yaml", HEAD.replace("customers", n) + "same: [id]\ndeletes: soft\nsoft_delete: {deleted: 1}\n")[0] for n in "ab"
    ]
    assert [(p.line, p.column) for p in check_set(specs)] == [(8, 15)]


def test_the_report_of_a_shared_column_names_both_places():
    specs = [read_mapping(f"{n}.yaml", HEAD.replace("customers", n) + "same: [id, name]\n")[0] for n in "ab"]
    (problem,) = check_set(specs)
    assert problem.message == "column 'name' of accounts is also written by mapping 'a', a.yaml:6:12"


def test_mappings_of_one_pipeline_have_names_of_their_own():
    second = HEAD.replace("accounts", "contacts") + "same: [id]\n"
    assert codes(HEAD + "same: [id]\n", second) == [("1.yaml", 2, 10, "duplicate-mapping")]


def test_advice_for_an_sql_text_whose_quotes_yaml_took():
    found = spec(HEAD + "columns:\n  id: id\n  a: 'person'\n  b: person\n  c: \"'person'\"\n")
    assert quotes_taken(found.document, ("columns", "a")) == "YAML takes the outer quotes: for the text write \"'person'\""
    assert quotes_taken(found.document, ("columns", "b")) == ""
    assert quotes_taken(found.document, ("columns", "c")) == ""


KEYS = [
    "same",
    "id",
    "value",
    "map",
    "from",
    "file",
    "given",
    "expect",
    "d",
    "decision",
    "when",
    "then",
    "rules",
    "else",
    "check",
    "on_fail",
]
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "id", "a.b.c", "segments", "soft"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*MappingFile.model_fields, "other"]), DATA, min_size=1, max_size=3))
def test_no_value_makes_the_reader_fail(changes):
    whole = yaml.safe_load(WHOLE)
    found, problems = read_mapping("m.yaml", json.dumps({**whole, **changes}))
    assert found is not None or failed(problems)
    expressions = check_expressions(found) if found else []
    render([*problems, *expressions, *check_set([found, found] if found else [])])


# schema and documentation


def test_every_key_is_described():
    for model in (MappingFile, ColumnFile, ReverseFile, TestFile):
        assert model.__doc__
        for name, field in model.model_fields.items():
            assert field.description, name


def test_the_schema_is_one_and_accepts_what_the_reader_accepts():
    jsonschema = pytest.importorskip("jsonschema")
    schema = mapping_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    json.dumps(schema)
    valid = jsonschema.Draft202012Validator(schema).is_valid
    plain = yaml.safe_load(WHOLE.replace("NO: 7", '"NO": 7').replace("000042", '"000042"').replace("0001:", '"0001":'))
    assert valid(plain)
    assert valid({**plain, "columns": {**plain["columns"], "same": ["city"]}})
    for change in (
        {"where": {"decision": "d"}},
        {"maps": {"segments": [["a", None, 1]], "kinds": {"file": "kinds.csv", "separator": "tab"}}},
        {"columns": {"id": "id", "a": {"map": "segments", "from": ["a", "b"], "on_fail": None}}},
        {"decisions": {"d": {"when": {"a": "a"}, "then": ["b"], "rules": [[["x", None], 1]], "else": [True]}}},
        {"direction": "both", "reverse": {"where": "true", "key": ["id"], "columns": {"a": 1, "b": {"value": "b"}}}},
        {"columns": {"id": "id", "a": {"value": "a", "reverse": "a", "owner": "target"}}},
        {"columns": {"id": "id", "a": {"value": "a", "reverse": {"a": "a", "b": {"value": "b", "write": "insert"}}}}},
    ):
        assert valid({**plain, **change}), change
    for change in (
        {"colums": {}},
        {"deletes": "perhaps"},
        {"version": 2},
        {"key": "id"},
        {"mapping": "7 up"},
        {"columns": {"a": {"valuee": 1}}},
        {"columns": {"a": {"value": 1, "on_fail": "skip"}}},
        {"maps": {"segments": {"file": "a.csv", "form": "x"}}},
        {"decisions": {"d": {"when": [], "then": ["b"]}}},
        {"where": {"take": "x"}},
        {"direction": "back"},
        {"direction": "both", "reverse": {"same": ["id"]}},
        {"columns": {"id": "id", "a": {"value": "a", "reverse": {"a": {"owner": "source"}}}}},
        {"key": []},
    ):
        assert not valid({**plain, **change})
        assert read_mapping("m.yaml", json.dumps({**plain, **change}))[1]


def reference():
    return (Path(__file__).parents[3] / "docs/reference/mapping.md").read_text()


def test_the_reference_names_every_key():
    for model in (MappingFile, ColumnFile, ReverseFile, TestFile):
        for name, field in model.model_fields.items():
            assert f"`{field.alias or name}`" in reference(), name
        for word in model.later:
            assert f"`{word}`" in reference(), word


def test_the_examples_of_the_reference_are_right():
    examples = [part.partition("```")[0] for part in reference().split("```yaml\n")[1:]]
    whole = [example for example in examples if example.startswith("version: 1")]
    columns = [HEAD + "same: [id]\n" + example for example in examples if example.startswith("columns:")]
    assert whole and columns
    for example in whole + columns:
        assert read_mapping("docs.yaml", example)[1] == []


def test_the_report_of_the_reference_is_what_is_said():
    text = HEAD + "columns:\n  id: id\n" + "#\n" * 4 + "  name: {value: name, form: x}\n"
    assert f"```\n{render(read_mapping('mappings/customers.yaml', text)[1])}```" in reference()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("kind: \"'person'\"", "'person'"),
        ("name: \"'Mr ' || name\"", "'Mr ' || name"),
        ("name: {value: \"coalesce(name, 'none')\"}", "coalesce(name, 'none')"),
        ("note: \"'Nr: ' || code\"", "'Nr: ' || code"),
        ("name: \"replace(name, ' #', ' no. ')\"", "replace(name, ' #', ' no. ')"),
        (r"name: replace(name, '\', '/')", r"replace(name, '\', '/')"),
        (r'''name: "replace(name, '\\', '/')"''', r"replace(name, '\', '/')"),
        ("name: '\"Full Name\"'", '"Full Name"'),
    ],
)
def test_expressions_that_need_care_in_yaml(written, meant):
    (sql,) = spec(HEAD + f"same: [id]\ncolumns:\n  {written}\n").columns.keys() - {"id"}
    assert spec(HEAD + f"same: [id]\ncolumns:\n  {written}\n").columns[sql].text == meant
    assert written.partition(": ")[2].replace("|", r"\|") in reference() or "\\\\" in written
