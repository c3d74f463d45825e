"""Specs and catalogues to a plan: what is refused with which place, and what the generated functions do with rows."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.mapping.compile import check_expressions
from cdc.mapping.files.problem import Level, failed, render
from cdc.model.change import ABSENT
from cdc.model.errors import BadRow, Misconfigured
from cdc.model.table import Column, Table, Unique
from cdc.model.write import Deletes, Truncates
from tests.definitions import (
    BIGINT,
    BOOL,
    DATE,
    INT,
    TEXT,
    TIMESTAMP,
    TINYINT_1,
    UUID,
    char,
    compiled,
    enum,
    named,
    numeric,
    row_plan,
    shape,
    spec,
    table,
    varchar,
)

CUSTOMER = table(
    "customer",
    [
        Column("id", INT, nullable=False),
        Column("name", TEXT),
        Column("kind", varchar(20)),
        Column("credit", numeric(12, 2)),
        Column("active", BOOL),
        Column("note", TEXT),
        Column("changed", TIMESTAMP),
    ],
)
ACCOUNTS = table(
    "accounts",
    [
        Column("id", char(36), nullable=False),
        Column("name", varchar(30)),
        Column("segment", enum("customer", "prospect")),
        Column("limit", numeric(14, 2)),
        Column("active", TINYINT_1),
        Column("note", TEXT),
        Column("deleted", TINYINT_1, nullable=False, default=True),
        Column("total", INT, generated=True),
    ],
)
HEAD = "version: 1\nmapping: customers\nsource: customer\ntarget: accounts\nkey: [id]\n"
MAPPING = f"""{HEAD}where: active and kind <> 'internal'
columns:
  id: stable_uuid('customer', id)
  name: trim(name)
  segment: {{map: segments, from: kind, default: prospect}}
  limit: cast(credit * 1.5 as numeric(14,2))
  active: active
  note: note
deletes: soft
soft_delete: {{deleted: 1}}
truncate: ignore
maps:
  segments: {{A: customer, B: prospect, C: null}}
"""


def problems_of(text, *definitions):
    _, problems = compiled([spec(text)], *(definitions or (CUSTOMER, ACCOUNTS)))
    return problems


def errors_of(text, *definitions):
    return [problem for problem in problems_of(text, *definitions) if problem.level is Level.ERROR]


def only(text, *definitions):
    (problem,) = errors_of(text, *definitions)
    return problem


def row(**given):
    """A source row; columns that are not named are NULL."""
    values = {"id": "7", "active": "t", "kind": "A", **given}
    return tuple(values.get(column.name) for column in CUSTOMER.columns)


class TestProblems:
    def test_a_right_mapping_has_a_warning_about_old_rows_and_a_note(self):
        plan, problems = compiled([spec(MAPPING)], CUSTOMER, ACCOUNTS)
        assert plan is not None
        found = [(problem.level, problem.code) for problem in problems]
        assert found == [(Level.WARNING, "where-not-logged"), (Level.NOTE, "may-not-fit")]

    def test_the_report_shows_line_caret_and_suggestion(self):
        assert render([only(f"{HEAD}columns:\n  id: id\n  name: trim(nam1)\n")]) == (
            "mappings/test.yaml:8:14: error[unknown-column]: column 'nam1' does not exist in public.customer\n"
            "    8 |   name: trim(nam1)\n"
            "      |              ^^^^\n"
            "      = help: did you mean 'name'?\n"
        )

    @pytest.mark.parametrize(
        ("written", "advice"),
        [
            ("'person'", "YAML takes the outer quotes: for the text write \"'person'\""),
            ("'nam'", "did you mean 'name'? Or a text? YAML takes the outer quotes: for the text write \"'nam'\""),
            ("person", ""),
            ("'trim(person)'", ""),
        ],
    )
    def test_a_text_whose_quotes_yaml_took_is_told_apart_from_a_column(self, written, advice):
        assert only(f"{HEAD}columns:\n  id: id\n  name: {written}\n").help == advice

    def test_a_place_is_found_in_a_folded_block(self):
        text = f"{HEAD}columns:\n  id: id\n  name: >-\n    case when active\n      then upr(name) else kind end\n"
        problem = only(text)
        assert (problem.line, problem.column, problem.code) == (10, 12, "unknown-function")

    def test_all_problems_of_all_mappings_come_at_once(self):
        one = spec(f"{HEAD}where: aktiv\ncolumns:\n  id: foo(id)\n  naam: name\n")
        two = spec(HEAD.replace("customers", "second").replace("source: customer", "source: custmer") + "columns:\n  id: bar(id)\n")
        plan, problems = compiled([one, two], CUSTOMER, ACCOUNTS)
        assert plan is None
        assert {problem.code for problem in problems} == {"unknown-function", "unknown-column", "unknown-table"}
        assert sorted(problem.code for problem in problems if problem.level is Level.ERROR) == [
            "unknown-column", "unknown-column", "unknown-function", "unknown-function", "unknown-table",
        ]  # fmt: skip

    def test_unknown_tables_on_both_sides(self):
        text = MAPPING.replace("source: customer", "source: custmer").replace("target: accounts", "target: accnts")
        problems = errors_of(text)
        assert [(problem.line, problem.code, problem.help) for problem in problems] == [
            (3, "unknown-table", "did you mean 'public.customer'?"),
            (4, "unknown-table", "did you mean 'public.accounts'?"),
        ]

    def test_unknown_and_computed_target_columns(self):
        problems = errors_of(f"{HEAD}columns:\n  id: id\n  segmnt: kind\n  total: id\n")
        assert [(problem.line, problem.code) for problem in problems] == [(8, "unknown-column"), (9, "generated-column")]
        assert problems[0].help == "did you mean 'segment'?"

    def test_key_without_a_unique_index_lists_what_there_is(self):
        unique = Unique("accounts_name", ("name", "segment"), primary=False, exact=True)
        target = replace(ACCOUNTS, uniques=(*ACCOUNTS.uniques, unique))
        problem = only(
            f"{HEAD.replace('[id]', '[name]')}columns:\n  name: name\n  id: id\n", replace(CUSTOMER, identity=("id", "name")), target
        )
        assert (problem.line, problem.code) == (5, "key-not-unique")
        assert problem.help == "unique indexes there: accounts_pkey (id); accounts_name (name, segment)"

    def test_key_on_an_index_that_can_not_name_a_row(self):
        # torture: G08 G09 G14
        target = replace(ACCOUNTS, uniques=(Unique("accounts_partial", ("id",), primary=False, exact=False),))
        problem = only(f"{HEAD}columns:\n  id: id\n", CUSTOMER, target)
        assert "accounts_partial on (id) can't name a row" in problem.message

    def test_key_of_several_columns_in_any_order(self):
        target = table("accounts", [Column("a", INT), Column("b", INT)], key=("b", "a"))
        source = replace(CUSTOMER, identity=("id", "kind"))
        made = row_plan(f"{HEAD.replace('[id]', '[a, b]')}columns:\n  b: id\n  a: length(kind)\n", source, target)
        assert made.map_row(row(kind="four")) == (("4", "7"), ("7", "4"))

    def test_required_column_that_no_mapping_names(self):
        target = replace(ACCOUNTS, columns=(*ACCOUNTS.columns, Column("owner", INT, nullable=False)))
        problem = only(f"{HEAD}columns:\n  id: id\n", CUSTOMER, target)
        assert (problem.line, problem.code) == (4, "column-required")
        other = spec(f"{HEAD.replace('customers', 'owners')}columns:\n  id: id\n  owner: id\n")
        plan, _ = compiled([spec(f"{HEAD}columns:\n  id: id\n"), other], CUSTOMER, target)
        assert plan is not None

    def test_required_columns_that_the_server_fills(self):
        filled = [Column("a", INT, nullable=False, default=True), Column("b", INT, nullable=False, identity=True)]
        assert not errors_of(f"{HEAD}columns:\n  id: id\n", CUSTOMER, replace(ACCOUNTS, columns=(*ACCOUNTS.columns, *filled)))

    def test_a_source_without_identity(self):
        # torture: G09
        problem = only(f"{HEAD}columns:\n  id: id\n", replace(CUSTOMER, identity=None), ACCOUNTS)
        assert (problem.line, problem.code) == (3, "no-identity")
        assert "alter table public.customer replica identity full" in problem.help

    def test_a_key_of_columns_that_old_rows_lack(self):
        problem = only(f"{HEAD}columns:\n  id: kind || id\n")
        assert (problem.line, problem.code) == (7, "key-not-logged")
        assert "'kind'" in problem.message
        assert "alter table public.customer replica identity full" in problem.help
        assert not errors_of(f"{HEAD}columns:\n  id: kind || id\n", replace(CUSTOMER, identity=("id", "kind")), ACCOUNTS)

    def test_where_of_columns_that_old_rows_lack_is_a_warning(self):
        (problem,) = problems_of(f"{HEAD}where: active\ncolumns:\n  id: id\n")
        assert (problem.line, problem.code, problem.level) == (6, "where-not-logged", Level.WARNING)
        assert not problems_of(f"{HEAD}where: id > 5\ncolumns:\n  id: id\n")

    def test_where_must_be_a_condition(self):
        assert only(f"{HEAD}where: kind\ncolumns:\n  id: id\n").code == "type-mismatch"

    def test_types_that_do_not_fit_name_the_cast(self):
        problem = only(f"{HEAD}columns:\n  id: id\n  limit: name\n")
        assert (problem.line, problem.code, problem.help) == (8, "type-mismatch", "write cast(… as numeric)")
        assert problem.message == "column 'limit': text does not go into numeric(14,2)"
        assert (problem.column, problem.width) == (10, 4)

    @pytest.mark.parametrize(
        ("column", "said"),
        [
            ("segment: \"'client'\"", "is no label"),
            ("active: 3000", "out of range"),
            ("limit: 1.234", "more than 2 digits"),
            ("name: \"'" + "x" * 31 + "'\"", "longer than the 30"),
            ("limit: \"'abc'\"", "invalid input syntax for type numeric"),
        ],
    )  # fmt: skip
    def test_constants_that_do_not_fit_are_found_before_start(self, column, said):
        problem = only(f"{HEAD}columns:\n  id: id\n  {column}\n")
        assert (problem.line, problem.code) == (8, "bad-value")
        assert said in problem.message

    def test_entries_of_value_maps_are_checked_against_the_target(self):
        problems = errors_of(MAPPING.replace("B: prospect", "B: prospct").replace("default: prospect", "default: other"))
        assert [(problem.line, problem.column, problem.code) for problem in problems] == [(18, 30, "bad-value"), (10, 49, "bad-value")]

    def test_soft_delete_columns_exist_and_fit(self):
        assert only(MAPPING.replace("deleted: 1", "dletd: 1")).help == "did you mean 'deleted'?"
        assert "out of range" in only(MAPPING.replace("deleted: 1", "deleted: 1000")).message

    def test_expressions_alone_are_checked_without_a_server(self):
        problems = check_expressions(
            spec(
                f"{HEAD}where: upr(x) = 1\ncolumns:\n  id: id +\n  name: anything\n  note: {{map: m, from: 'lngth(x)'}}\nmaps: {{m: {{a: b}}}}\n"
            )
        )
        assert sorted((problem.line, problem.code) for problem in problems) == [
            (6, "unknown-function"),
            (8, "sql-syntax"),
            (10, "unknown-function"),
        ]

    def test_a_problem_shows_no_plan(self):
        plan, problems = compiled([spec(f"{HEAD}columns:\n  id: nope\n")], CUSTOMER, ACCOUNTS)
        assert plan is None
        assert failed(problems)


class TestPlan:
    def test_target_plan_says_what_is_written(self):
        plan, _ = compiled([spec(MAPPING)], CUSTOMER, ACCOUNTS)
        target = plan.targets[0]
        assert [column.name for column in target.columns] == ["id", "name", "segment", "limit", "active", "note"]
        assert (target.mapping, target.table, target.key, target.deletes) == ("customers", ACCOUNTS, (0,), Deletes.SOFT)
        assert [(column.name, text) for column, text in target.soft_delete] == [("deleted", "1")]
        assert plan.bind(shape(CUSTOMER))[0].truncates is Truncates.IGNORE

    def test_a_table_that_no_mapping_reads_binds_to_nothing(self):
        plan, _ = compiled([spec(MAPPING)], CUSTOMER, ACCOUNTS)
        assert plan.bind(Table(named("other"), CUSTOMER.columns, (0,))) == ()

    def test_qualified_names_and_default_schemas(self):
        source, target = replace(CUSTOMER, name=named("erp.customer")), replace(ACCOUNTS, name=named("crm.accounts"))
        text = MAPPING.replace("source: customer", "source: erp.customer").replace("target: accounts", 'target: "`crm`.accounts"')
        plan, problems = compiled([spec(text)], source, target)
        assert plan is not None, problems
        assert plan.sources == (named("erp.customer"),)

    def test_parents_are_loaded_first(self):
        columns = [Column("id", INT), Column("company_id", INT), Column("order_id", INT)]
        tables = [
            table("line", columns, parents=["order", "line"]),
            table("order", columns, parents=["company"]),
            table("company", columns),
        ]
        specs = [
            spec(f"version: 1\nmapping: {name}\nsource: customer\ntarget: {name}\nkey: [id]\ncolumns: {{id: id}}\n")
            for name in ("line", "order", "company")
        ]
        plan, _ = compiled(specs, CUSTOMER, *tables)
        assert [(route.target.mapping, route.target.rank) for route in plan.routes] == [("company", 0), ("order", 1), ("line", 2)]
        assert plan.sources == (named("customer"),)

    def test_a_ring_of_tables_is_cut_the_same_way_every_time(self):
        columns = [Column("id", INT), Column("a_id", INT), Column("b_id", INT), Column("c_id", INT)]
        ring = [table("a", columns, parents=["b", "c"]), table("b", columns, parents=["c"]), table("c", columns, parents=["a"])]
        specs = [spec(f"version: 1\nmapping: {name}\nsource: customer\ntarget: {name}\nkey: [id]\ncolumns: {{id: id}}\n") for name in "abc"]
        for order in (specs, specs[::-1]):
            plan, _ = compiled(order, CUSTOMER, *ring)
            assert [(route.target.mapping, route.target.rank) for route in plan.routes] == [("c", 0), ("b", 1), ("a", 2)]

    def test_two_mappings_of_one_source(self):
        second = spec(f"{HEAD.replace('customers', 'second')}columns:\n  id: id\n")
        plan, _ = compiled([spec(MAPPING), second], CUSTOMER, ACCOUNTS)
        assert [made.target.mapping for made in plan.bind(shape(CUSTOMER))] == ["customers", "second"]

    def test_another_shape_of_the_source_is_bound_anew(self):
        plan, _ = compiled([spec(MAPPING)], CUSTOMER, ACCOUNTS)
        turned = Table(CUSTOMER.name, (Column("new", TEXT), *CUSTOMER.columns[::-1]), ())
        (made,) = plan.bind(turned)
        assert made.map_row((None, *row(name=" x ")[::-1]))[1][1] == "x"

    def test_a_shape_without_a_needed_column_is_refused_with_its_place(self):
        plan, _ = compiled([spec(MAPPING)], CUSTOMER, ACCOUNTS)
        with pytest.raises(
            Misconfigured, match=r"mapping customers no longer fits public.customer: column 'note' .*mappings/test.yaml:13:9"
        ):
            plan.bind(Table(CUSTOMER.name, tuple(column for column in CUSTOMER.columns if column.name != "note"), (0,)))

    def test_a_column_that_no_mapping_needs_may_go(self):
        plan, _ = compiled([spec(MAPPING)], CUSTOMER, ACCOUNTS)
        assert plan.bind(Table(CUSTOMER.name, tuple(column for column in CUSTOMER.columns if column.name != "changed"), (0,)))

    def test_the_catalogue_knows_which_integers_were_declared_boolean(self):
        """A binary log says only that a column has one byte."""
        source = table("customer", [Column("id", INT), Column("active", TINYINT_1)])
        plan, problems = compiled([spec(f"{HEAD}where: active\ncolumns:\n  id: id\n")], source, ACCOUNTS)
        assert plan is not None, problems
        logged = Table(source.name, (source.columns[0], replace(source.columns[1], type=replace(TINYINT_1, native="tinyint"))), (0,))
        (made,) = plan.bind(logged)
        assert made.map_row(("1", "1")) == (("1",), ("1",))
        assert made.map_row(("1", "0")) is None


class TestRows:
    def test_a_row_is_mapped(self):
        made = row_plan(MAPPING, CUSTOMER, ACCOUNTS)
        key, image = made.map_row(row(name=" Müller ", credit="10.01", note="n"))
        assert key == ("59ab2c74-b97c-57ef-b219-a07c772caf1f",)
        assert image == (key[0], "Müller", "customer", "15.02", "1", "n")

    @pytest.mark.parametrize(
        ("given", "passes"),
        [
            ({"active": "f"}, False),
            ({"active": None}, False),
            ({"kind": "internal"}, False),
            ({"kind": None}, False),
            ({"kind": "X"}, True),
        ],
    )
    def test_where_lets_through_only_what_is_true(self, given, passes):
        made = row_plan(MAPPING, CUSTOMER, ACCOUNTS)
        assert (made.map_row(row(**given)) is not None) is passes
        assert (made.key_of(row(**given)) is not None) is passes

    @pytest.mark.parametrize(("kind", "segment"), [("A", "customer"), ("B", "prospect"), ("C", None), ("zzz", "prospect")])
    def test_value_map(self, kind, segment):
        assert row_plan(MAPPING, CUSTOMER, ACCOUNTS).map_row(row(kind=kind))[1][2] == segment

    def test_null_goes_through_a_value_map_as_null(self):
        made = row_plan(MAPPING.replace("where: active and kind <> 'internal'\n", ""), CUSTOMER, ACCOUNTS)
        assert made.map_row(row(kind=None))[1][2] is None

    def test_a_text_without_entry_and_default_is_an_error_of_the_row(self):
        made = row_plan(MAPPING.replace(", default: prospect", ""), CUSTOMER, ACCOUNTS)
        with pytest.raises(BadRow, match="mapping customers: column 'segment': the value map 'segments' has no entry"):
            made.map_row(row(kind="secret"))

    def test_a_value_map_reads_the_text_of_any_type(self):
        text = f"{HEAD}columns:\n  id: id\n  name: {{map: m, from: active}}\nmaps:\n  m: {{true: yes, false: no}}\n"
        assert row_plan(text, CUSTOMER, ACCOUNTS).map_row(row())[1] == ("7", "yes")

    def test_a_default_may_be_null(self):
        made = row_plan(MAPPING.replace("default: prospect", "default: null"), CUSTOMER, ACCOUNTS)
        assert made.map_row(row(kind="zzz"))[1][2] is None

    def test_constants_become_the_targets_text(self):
        text = f"{HEAD}columns:\n  id: id\n  active: true\n  limit: 5\n  name: null\n  segment: \"'prospect'\"\n  note: 1.50\n"
        assert row_plan(text, CUSTOMER, ACCOUNTS).map_row(row())[1] == ("7", "1", "5", None, "prospect", "1.50")

    def test_null_key_is_an_error_of_the_row(self):
        # torture: G09
        made = row_plan(f"{HEAD}columns:\n  id: nullif(id, 0)\n  name: name\n", CUSTOMER, ACCOUNTS)
        with pytest.raises(BadRow, match="mapping customers: column 'id': the key is NULL"):
            made.map_row(row(id="0"))
        assert made.key_of(row(id="0")) is None  # so it never got to the target

    @pytest.mark.parametrize(
        ("column", "given", "said"),
        [
            ("limit: 1 / credit", {"credit": "0.00"}, "column 'limit': division by zero"),
            ("name: name", {"name": "x" * 31}, "column 'name': text is longer than the 30 characters of varchar(30)"),
            ("limit: cast(note as numeric)", {"note": "4711x"}, "column 'limit': invalid input syntax for type numeric"),
            ("active: id", {"id": "4711"}, "column 'active': value out of range for tinyint(1)"),
            ("segment: note", {"note": "4711"}, "column 'segment': text is no label of enum(customer,prospect)"),
            ("limit: credit * 1.005", {"credit": "0.01"}, "column 'limit': value has more than 2 digits after the point"),
        ],
    )
    def test_an_error_names_mapping_and_column_and_no_value(self, column, given, said):
        text = f"{HEAD}columns:\n  id: 1 + 1\n  deleted: 0\n  {column}\n"
        made = row_plan(text, CUSTOMER, ACCOUNTS)
        for given_row in (row(**given), row(**{"changed": ABSENT, **given})):
            with pytest.raises(BadRow) as error:
                made.map_row(given_row)
            assert str(error.value).startswith(f"mapping customers: {said}")
            assert "4711" not in str(error.value)
            assert f"expression: `{column.partition(': ')[2]}` (mappings/test.yaml:9)." in error.value.hint
            assert error.value.__cause__ is None
            assert error.value.__suppress_context__

    def test_an_error_in_where_says_so(self):
        made = row_plan(f"{HEAD}where: 1 / id > 0\ncolumns:\n  id: id\n", CUSTOMER, ACCOUNTS)
        with pytest.raises(BadRow, match="mapping customers: `where`: division by zero") as error:
            made.map_row(row(id="0"))
        assert "expression: `1 / id > 0` (mappings/test.yaml:6)." in error.value.hint
        with pytest.raises(BadRow, match="`where`: division by zero"):
            made.key_of(row(id="0"))

    def test_a_text_that_is_not_what_its_type_says(self):
        made = row_plan(f"{HEAD}columns:\n  id: id\n  limit: credit + 1\n", CUSTOMER, ACCOUNTS)
        with pytest.raises(BadRow, match="column 'limit': a value is not what its type says"):
            made.map_row(row(credit="12,50"))


class TestAbsent:
    """torture: E01, E02"""

    def test_only_columns_that_need_the_absent_one_are_absent(self):
        made = row_plan(MAPPING, CUSTOMER, ACCOUNTS)
        _, image = made.map_row(row(name=ABSENT, credit="1.00", note="n"))
        assert image[1:] == (ABSENT, "customer", "1.50", "1", "n")

    def test_a_copied_column_stays_absent_at_full_speed(self):
        made = row_plan(MAPPING, CUSTOMER, ACCOUNTS)
        assert made.map_row(row(name="x", note=ABSENT))[1][-1] is ABSENT

    @pytest.mark.parametrize(
        "expression",
        [
            "coalesce(note, name)",
            "case when active then name else note end",
            "concat(note, 'x')",
            "nullif(name, note)",
            "note is null",
            "greatest(name, note)",
        ],
    )
    def test_absent_is_never_null(self, expression):
        made = row_plan(f"{HEAD}columns:\n  id: id\n  note: cast({expression} as text)\n", CUSTOMER, ACCOUNTS)
        assert made.map_row(row(name="a", note=ABSENT))[1] == ("7", ABSENT)

    def test_converted_columns_stay_absent(self):
        made = row_plan(f"{HEAD}columns:\n  id: id\n  active: active\n  name: name\n", CUSTOMER, ACCOUNTS)
        assert made.map_row(row(active=ABSENT, name=ABSENT))[1] == ("7", ABSENT, ABSENT)

    def test_an_absent_key_is_a_matter_of_the_servers_setting(self):
        made = row_plan(f"{HEAD}columns:\n  id: id\n", CUSTOMER, ACCOUNTS)
        for function in (made.map_row, made.key_of):
            with pytest.raises(
                Misconfigured, match="mapping customers: the log did not carry a column that the key column 'id' needs"
            ) as error:
                function(row(id=ABSENT))
            assert "replica identity full" in error.value.hint

    @pytest.mark.parametrize(
        ("where", "given", "may_be"),
        [
            ("active and kind = 'A'", {"active": ABSENT, "kind": "A"}, True),
            ("active and kind = 'A'", {"active": ABSENT, "kind": "B"}, False),
            ("active and kind = 'A'", {"active": ABSENT, "kind": None}, False),
            ("active or kind = 'A'", {"active": ABSENT, "kind": "B"}, True),
            ("active or kind = 'A'", {"active": "f", "kind": ABSENT}, True),
            ("not (active and kind = 'A')", {"active": "t", "kind": ABSENT}, True),
            ("not (active or kind = 'A')", {"active": "t", "kind": ABSENT}, False),
            ("not (active or kind = 'A')", {"active": None, "kind": ABSENT}, False),
            ("not active", {"active": ABSENT}, True),
            ("kind is null", {"kind": ABSENT}, True),
            ("kind in ('A', 'B') and active", {"kind": "C", "active": ABSENT}, False),
        ],
    )
    def test_an_old_row_is_left_out_only_when_that_is_sure(self, where, given, may_be):
        made = row_plan(f"{HEAD}where: {where}\ncolumns:\n  id: id\n  note: note\n", CUSTOMER, ACCOUNTS)
        assert (made.key_of(row(**given)) == ("7",)) is may_be

    def test_a_new_row_that_where_may_leave_out_goes_on_when_it_is_partial(self):
        """The target updates the row if it has it, else it asks for the whole row."""
        made = row_plan(f"{HEAD}where: note <> 'x'\ncolumns:\n  id: id\n  note: note\n  name: name\n", CUSTOMER, ACCOUNTS)
        assert made.map_row(row(note=ABSENT, name="a")) == (("7",), ("7", ABSENT, "a"))

    def test_a_whole_image_that_where_may_leave_out_is_not_guessed(self):
        made = row_plan(f"{HEAD}where: note <> 'x' or kind = 'A'\ncolumns:\n  id: id\n  name: name\n", CUSTOMER, ACCOUNTS)
        assert made.map_row(row(note=ABSENT, name="a")) == (("7",), ("7", "a"))  # kind decides
        with pytest.raises(Misconfigured, match="a column that `where` needs"):
            made.map_row(row(note=ABSENT, name="a", kind="B"))


PARTS = (
    "active",
    "kind = 'A'",
    "kind in ('B', 'C')",
    "note is null",
    "id > 5",
    "credit between 1 and 2",
    "name = note",
    "not active",
    "name like 'a%'",
)
WHERES = st.recursive(
    st.sampled_from(PARTS),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(("and", "or")), inner) | inner.map("(not {})".format),
    max_leaves=5,
)
VALUES = {
    "id": ("7", "3"),
    "name": (None, "a", "b"),
    "kind": (None, "A", "B"),
    "credit": (None, "1.50", "9.00"),
    "active": (None, "t", "f"),
    "note": (None, "a", "n"),
    "changed": (None, "2024-01-01 00:00:00"),
}
ROWS = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()})
ANY = f"""{HEAD}where: WHERE
columns:
  id: id
  name: coalesce(name, kind)
  segment: {{map: m, from: kind}}
  limit: credit * 2
  active: active or note = 'n'
  note: note
maps:
  m: {{A: customer, B: prospect}}
"""


@given(where=WHERES, given=ROWS, gone=st.sets(st.sampled_from([name for name in VALUES if name != "id"])))
def test_a_partial_row_agrees_with_the_whole_one(where, given, gone):
    # torture: E01, E02
    made = row_plan(ANY.replace("WHERE", f'"{where}"'), CUSTOMER, ACCOUNTS)
    whole, partial = row(**given), row(**{**given, **dict.fromkeys(gone, ABSENT)})
    mapped, key = made.map_row(whole), made.key_of(partial)
    assert made.key_of(whole) == (mapped[0] if mapped else None)
    if mapped is None:
        assert key in (None, (given["id"],))
        return
    assert key == mapped[0]  # what is on the target is never thought to be not
    needs = [(), ("name", "kind"), ("kind",), ("credit",), ("active", "note"), ("note",)]
    expected = tuple(ABSENT if gone & set(needed) else text for text, needed in zip(mapped[1], needs, strict=True))
    try:
        assert made.map_row(partial) == (mapped[0], expected)
    except Misconfigured:
        assert ABSENT not in expected  # nothing would tell the target to ask


@given(where=WHERES, given=ROWS, gone=st.sets(st.sampled_from([name for name in VALUES if name != "id"])))
def test_a_row_is_left_out_for_sure_only_when_no_values_of_the_absent_columns_let_it_in(where, given, gone):
    made = row_plan(ANY.replace("WHERE", f'"{where}"'), CUSTOMER, ACCOUNTS)
    if made.key_of(row(**{**given, **dict.fromkeys(gone, ABSENT)})) is None:
        for values in product(*(VALUES[name] for name in sorted(gone))):
            assert made.key_of(row(**{**given, **dict(zip(sorted(gone), values, strict=True))})) is None


def test_types_of_keys_do_not_matter_to_uuids():
    text = f"{HEAD}columns:\n  id: stable_uuid('c', id)\n"
    wide = replace(CUSTOMER, columns=(replace(CUSTOMER.columns[0], type=BIGINT), *CUSTOMER.columns[1:]))
    target = replace(ACCOUNTS, columns=(Column("id", UUID), *ACCOUNTS.columns[1:]))
    assert row_plan(text, CUSTOMER, ACCOUNTS).map_row(row())[0] == row_plan(text, wide, target).map_row(row())[0]


def test_a_fraction_of_the_second_is_not_cut_silently():
    target = table("accounts", [Column("id", INT), Column("at", replace(TIMESTAMP, native="datetime", precision=0)), Column("day", DATE)])
    problem = only(f"{HEAD}columns:\n  id: id\n  at: changed\n", CUSTOMER, target)
    assert problem.help == "write cast(… as timestamp(0))"
    made = row_plan(f"{HEAD}columns:\n  id: id\n  at: cast(changed as timestamp(0))\n  day: changed::date\n", CUSTOMER, target)
    assert made.map_row(row(changed="2024-01-01 10:00:00.500001"))[1] == ("7", "2024-01-01 10:00:01", "2024-01-01")
