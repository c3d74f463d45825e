"""Decision tables: what the cells ask, which rule speaks, what it gives, and what can be proven of a whole table."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.mapping.compile import check_expressions
from cdc.mapping.files.problem import Level, render
from cdc.mapping.spec.read import read_mapping
from cdc.model.change import ABSENT
from cdc.model.errors import BadRow, Misconfigured
from cdc.model.table import Column
from tests.definitions import BOOL, DATE, INT, TEXT, TINYINT_1, compiled, enum, numeric, shape, table

SALE = table(
    "sale",
    [
        Column("id", INT, nullable=False),
        Column("state", TEXT),
        Column("paid", BOOL),
        Column("amount", numeric(12, 2)),
        Column("kind", enum("a", "b"), nullable=False),
        Column("pieces", INT, nullable=False),
        Column("due", DATE),
        Column("old", TINYINT_1),
    ],
)
QUOTE = table(
    "quote",
    [
        Column("id", INT, nullable=False),
        Column("stage", TEXT),
        Column("chance", INT),
        Column("label", enum("x", "y")),
        Column("note", TEXT),
    ],
)
HEAD = "version: 1\nmapping: quotes\nsource: sale\ntarget: quote\nkey: [id]\n"
STAGES = """columns:
  id: id
  stage: {decision: stages}
  chance: {decision: stages, take: chance}
decisions:
  stages:
    when: [state, paid, amount]
    then: [stage, chance]
    rules:
      - [draft, any, any, Draft, 10]
      - [[quotation, sent], any, "< 1000", Quoted, 40]
      - [[quotation, sent], any, ">= 1000", Negotiation, "= pieces / 2"]
      - [done, true, any, Closed, 100]
      - ["like 'x%'", any, "is null", Odd, null]
    else: [Unknown, 0]
"""


def read(text, **files):
    contents = {f"{name}.csv": content.encode() for name, content in files.items()}
    return read_mapping("m.yaml", HEAD + text, lambda name: (name, contents.get(name), "No such file or directory"))


def problems(text, **files):
    spec, found = read(text, **files)
    found = found or compiled([spec], SALE, QUOTE)[1]
    return [problem for problem in found if problem.level is not Level.NOTE and problem.code != "where-not-logged"]


def only(text, **files):
    (problem,) = problems(text, **files)
    return problem


def one(rules, *, when="[state]", then="[note]", more=""):
    lines = "".join(f"      - {rule}\n" for rule in rules)
    return f"columns: {{id: id, note: {{decision: d}}}}\ndecisions:\n  d:\n    when: {when}\n    then: {then}\n    rules:\n{lines}{more}"


def bound(text, **files):
    spec, found = read(text, **files)
    assert not [problem for problem in found if problem.level is Level.ERROR], render(found)
    plan, found = compiled([spec], SALE, QUOTE)
    assert plan is not None, render(found)
    (row_plan,) = plan.bind(shape(SALE))
    return row_plan


def row(**given):
    values = {"id": "1", "kind": "a", "pieces": "9", **given}
    return tuple(values.get(column.name) for column in SALE.columns)


def decided(text, **given):
    _, image = bound(text).map_row(row(**given))
    return image[1:]


class TestRules:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({"state": "draft"}, ("Draft", "10")),
            ({"state": "sent", "amount": "999.99"}, ("Quoted", "40")),
            ({"state": "quotation", "amount": "1000.00"}, ("Negotiation", "4")),
            ({"state": "done", "paid": "t"}, ("Closed", "100")),
            ({"state": "done", "paid": "f"}, ("Unknown", "0")),
            ({"state": "xyz"}, ("Odd", None)),
            ({"state": "sent"}, ("Unknown", "0")),
            ({}, ("Unknown", "0")),
        ],
    )
    def test_the_first_that_fits_speaks(self, given, expected):
        assert decided(STAGES, **given) == expected

    def test_without_else_a_row_that_no_rule_fits_is_an_error(self):
        with pytest.raises(BadRow, match="mapping quotes: column 'note': no rule of the decision 'd' fits, and it has no `else`"):
            decided(one(["[draft, x]"]), state="open")
        assert decided(one(["[draft, x]"]).replace("decision: d", "decision: d, on_fail: null"), state="open") == (None,)
        assert decided(one(["[draft, '= state']"]), state="draft") == ("draft",)
        with pytest.raises(BadRow, match="no rule of the decision 'd' fits"):
            decided(one(["[draft, '= state']"]), state="open")

    def test_a_condition_that_can_not_be_computed_is_the_row_s_error(self):
        with pytest.raises(BadRow, match="mapping quotes: decision 'd': division by zero"):
            decided(one(["['> 1 / pieces', x]"], when="[id]").replace("decision: d", "decision: d, on_fail: null"), pieces="0")

    def test_absent_makes_the_results_absent(self):
        assert decided(STAGES, state="draft", amount=ABSENT) == (ABSENT, ABSENT)
        assert decided(STAGES, state="draft", pieces=ABSENT) == ("Draft", ABSENT)

    @pytest.mark.parametrize(
        ("cell", "fitting"),
        [
            ("10", ["10.00"]),
            ("'10.00'", ["10.00"]),
            ('"between 5 and 10"', ["5.00", "10.00"]),
            ('"not between 5 and 10"', ["4.99", "10.01"]),
            ('"in (5, 10)"', ["5.00", "10.00"]),
            ('"<> 5"', ["4.99", "10.00", "10.01"]),
            ('"> pieces"', ["10.00", "10.01"]),
            ('"is null"', [None]),
            ("null", [None]),
            ("[5, null]", ["5.00", None]),
            ('"is not null"', ["4.99", "5.00", "10.00", "10.01"]),
            ('"is distinct from 5"', ["4.99", "10.00", "10.01", None]),
            ("any", ["4.99", "5.00", "10.00", "10.01", None]),
        ],
    )
    def test_what_a_cell_may_ask(self, cell, fitting):
        text = one([f"[{cell}, yes]"], when="[amount]", more="    else: no\n").replace("else: no", "else: 'no'")
        plan = bound(text)
        given = ["4.99", "5.00", "10.00", "10.01", None]
        assert [amount for amount in given if plan.map_row(row(amount=amount))[1][1] == "yes"] == fitting

    @pytest.mark.parametrize("state", ["in progress", "between jobs", "is open", "not paid", "O'Brien", "a, b", "likely"])
    def test_a_text_that_looks_like_a_condition_is_a_text(self, state):
        assert decided(one([f'["{state}", yes]'], more="    else: none\n"), state=state) == ("yes",)

    def test_a_flag_is_true_or_false_or_a_number(self):
        text = one(["[true, yes]", "[false, no]", "[null, '?']"], when="[old]")
        assert problems(text) == []
        assert [decided(text, old=old) for old in ("1", "2", "0", None)] == [("yes",), ("yes",), ("no",), ("?",)]
        assert decided(one(["[1, yes]"], when="[old]", more="    else: z\n"), old="1") == ("yes",)

    def test_the_word_any_in_quotes_is_a_text(self):
        text = one(["['any', yes]"], more="    else: none\n")
        assert decided(text, state="any") == ("yes",)
        assert decided(text, state="other") == ("none",)

    def test_inputs_are_expressions_and_may_have_names(self):
        text = one(["[HUGE, 9, yes]"], when='{how: "upper(state)", many: pieces * 1}', more="    else: none\n")
        assert decided(text, state="huge") == ("yes",)
        assert decided(text, state="huge", pieces="8") == ("none",)

    def test_a_result_goes_into_the_column_it_is_for(self):
        text = one(["[a, x]"], more="    else: y\n").replace("note: {decision: d}", "label: {decision: d}")
        assert decided(text, state="a") == ("x",)
        problem = only(text.replace("[a, x]", "[a, z]"))
        assert (problem.code, problem.line, problem.column) == ("bad-value", 12, 13)

    def test_all_that_fit_may_speak(self):
        text = (
            "columns: {id: id, stage: {decision: d, take: stage}, note: {decision: d, take: note}}\ndecisions:\n  d:\n    match: all\n"
            "    when: [state, pieces]\n    then: [stage, note]\n    rules:\n      - [draft, any, Draft, null]\n      - [any, '> 5', null, many]\n"
            "      - [any, any, Open, '= null']\n"
        )
        assert decided(text, state="draft", pieces="9") == ("Draft", "many")
        assert decided(text, state="draft", pieces="1") == ("Draft", None)
        assert decided(text, state="done", pieces="9") == ("Open", "many")

    def test_it_is_asked_once_a_row(self):
        text = bound(STAGES).text
        assert text.count("d0 = ") == 2  # map_row and map_partial
        assert "d1" not in text


class TestWhere:
    TABLE = '  d:\n    when: [state, paid]\n    then: [take]\n    rules:\n      - [draft, any, false]\n      - [any, true, true]\n    else: "= pieces > 5"\n'

    def test_a_table_says_which_rows_are_taken(self):
        plan = bound(f"where: {{decision: d}}\ncolumns: {{id: id}}\ndecisions:\n{self.TABLE}")
        assert plan.map_row(row(state="draft", paid="t")) is None
        assert plan.map_row(row(state="done", paid="t")) == (("1",), ("1",))
        assert plan.map_row(row(state="done", pieces="5")) is None
        assert plan.map_row(row(state="done", pieces="6")) is not None
        assert plan.key_of(row(state="draft")) is None
        assert plan.key_of(row(state="draft", paid=ABSENT)) == ("1",)
        assert plan.key_of(row(state="done", paid="t")) == ("1",)

    def test_rows_that_it_leaves_out_are_not_decided_further(self):
        plan = bound(
            f"where: {{decision: d, take: take}}\ncolumns: {{id: id, note: {{decision: e}}}}\ndecisions:\n{self.TABLE}"
            "  e: {when: [state], then: [note], rules: [[done, Done]]}\n"
        )
        assert plan.map_row(row(state="draft", paid="t")) is None
        assert plan.map_row(row(state="done", paid="t"))[1] == ("1", "Done")
        with pytest.raises(BadRow, match="column 'note': no rule of the decision 'e'"):
            plan.map_row(row(state="open", paid="t"))

    def test_it_must_give_true_or_false(self):
        problem = only(f"where: {{decision: d}}\ncolumns: {{id: id}}\ndecisions:\n{self.TABLE}".replace("any, false", "any, never"))
        assert (problem.code, problem.line, problem.column) == ("bad-value", 13, 22)

    def test_it_depends_on_the_row_alone(self):
        text = f"where: {{decision: d}}\ncolumns: {{id: id}}\ndecisions:\n{self.TABLE}".replace("[state, paid]", '["op()", paid]')
        assert [problem.code for problem in problems(text)] == ["not-allowed"]
        text = one(["[draft, 1]"], when='["op()"]', more="    else: 2\n").replace("{id: id, note: ", "{note: note, id: ")
        assert "not-allowed" in [problem.code for problem in problems(text)]

    def test_a_shape_without_what_a_table_asks_is_refused(self):
        spec, _ = read(f"where: {{decision: d}}\ncolumns: {{id: id}}\ndecisions:\n{self.TABLE}")
        other, _ = read(one(["[draft, x]"]).replace("mapping: quotes", "mapping: other"))
        for made in (spec, other):
            plan, _ = compiled([made], SALE, QUOTE)
            with pytest.raises(Misconfigured, match="column 'state' does not exist"):
                plan.bind(replace(shape(SALE), columns=tuple(c for c in SALE.columns if c.name != "state")))


class TestFiles:
    TEXT = "columns: {id: id, stage: {decision: d, take: stage}, chance: {decision: d, take: chance}}\ndecisions:\n  d: {when: [state, amount], then: [stage, chance], file: d.csv}\n"

    def test_rules_in_a_file(self):
        content = "#why,stage,chance,state,amount\nnew,Draft,10,draft,\nold,Won,,done,>= 1000\n,Open,5,,\n"
        plan = bound(self.TEXT, d=content)
        assert plan.map_row(row(state="draft"))[1][1:] == ("Draft", "10")
        assert plan.map_row(row(state="done", amount="1000"))[1][1:] == ("Won", None)
        assert plan.map_row(row(state="done", amount="1"))[1][1:] == ("Open", "5")

    def test_mistakes_have_their_place_in_the_file(self):
        content = "state,amount,stage,chance\ndraft,>= ten,Draft,10\ndone,any,Won,lots\n"
        found = problems(self.TEXT, d=content)
        assert [(problem.file, problem.line, problem.column, problem.code) for problem in found] == [("d.csv", 2, 10, "unknown-column")]
        found = problems(self.TEXT, d=content.replace("ten", "10"))
        assert [(p.file, p.line, p.column, p.code) for p in found if p.level is Level.ERROR] == [("d.csv", 3, 14, "bad-value")]

    def test_columns_must_be_the_table_s(self):
        found = problems(self.TEXT, d="state,amont,stage,chance,remark\n")
        assert [(problem.column, problem.message, problem.help) for problem in found] == [
            (1, "the first line names no column 'amount'", "did you mean 'amont'?"),
            (7, "'amont' is neither in `when` nor in `then`", "did you mean 'amount'?"),
            (26, "'remark' is neither in `when` nor in `then`", "a column of remarks begins with #: `#remark`"),
        ]


class TestCells:
    @pytest.mark.parametrize(
        ("cell", "when", "code"),
        [
            ("ten", "pieces", "bad-value"),
            ('"> \'x"', "state", "sql-syntax"),
            ('"> 5 5"', "state", "sql-syntax"),
            ('"> 5"', "state", "no-function"),
            ("c", "kind", "unknown-label"),
            ('"> lenght(state)"', "pieces", "unknown-function"),
            ("maybe", "paid", "bad-value"),
        ],
    )
    def test_what_is_wrong_is_told_in_its_place(self, cell, when, code):
        found = [problem for problem in problems(one([f"[{cell}, yes]"], when=f"[{when}]")) if problem.level is Level.ERROR]
        assert [(problem.code, problem.line) for problem in found] == [(code, 12)]
        assert found[0].column >= 10

    def test_expressions_are_checked_without_a_server(self):
        spec, _ = read(one(["[\"> lenght('a')\", \"= upr('a')\"]"], when="[uper(state)]"))
        assert [(problem.code, problem.line) for problem in check_expressions(spec)] == [("unknown-function", 9), ("unknown-function", 12)]


class TestCoverage:
    def told(self, text):
        return [(problem.code, problem.line, problem.message) for problem in problems(text)]

    def test_a_whole_table_draws_no_word(self):
        assert self.told(STAGES) == []
        assert self.told(one(["[a, A]", "[b, B]"], when="[kind]")) == []
        assert self.told(one(["['< 5', A]", "['between 5 and 9', B]", "['> 9', C]"], when="[pieces]")) == []
        assert self.told(one(["[true, A]", "[false, B]", "[null, C]"], when="[paid]")) == []
        assert self.told(one(["['< 5', A]", "['>= 5', B]"], when='["coalesce(amount, 0)"]')) == []

    @pytest.mark.parametrize(
        ("rules", "when", "hole"),
        [
            (["[a, A]"], "[kind]", "kind = b"),
            (["['< 5', A]", "['> 5', B]"], "[pieces]", "pieces = 5"),
            (["['<= 5', A]", "['>= 7', B]"], "[pieces]", "pieces = 6"),
            (["['<= 5', A]", "['>= 5.5', B]", "[null, C]"], "[amount]", "amount = 5.25"),
            (["['< 5', A]", "['>= 5', B]"], "[amount]", "amount is null"),
            (["[true, A]", "[false, B]"], "[paid]", "paid is null"),
            (["[draft, A]", "[null, B]"], "[state]", "another state"),
            (["[draft, any, A]", "[any, a, B]"], "[state, kind]", "another state and kind = b"),
            (["[a, true, A]", "[a, false, A]", "[b, any, B]"], "[kind, paid]", "kind = a and paid is null"),
            (["[\"like '%'\", A]", "[null, B]"], "[state]", "another state"),
            (["[\"< '2026-01-01'\", A]", "[\"> '2026-01-01'\", B]", "[null, C]"], "[due]", "due = 2026-01-01"),
        ],
    )
    def test_rows_that_no_rule_is_sure_to_fit(self, rules, when, hole):
        problem = only(one(rules, when=when))
        assert (problem.level, problem.code, problem.line) == (Level.WARNING, "incomplete-decision", 8)
        assert problem.message == f"no rule is sure to fit {hole}: such a row is an error"

    @pytest.mark.parametrize(
        ("rules", "when", "line"),
        [
            (["[a, A]", "[a, B]"], "[state]", 13),
            (["['< 10', A]", "['< 5', B]"], "[pieces]", 13),
            (["['< 10', A]", "['>= 10', B]", "['between 5 and 20', C]"], "[pieces]", 14),
            (["[[a, b], any, A]", "[b, true, B]"], "[state, paid]", 13),
            (["[any, A]", "[a, B]"], "[state]", 13),
            (["['> 5 and 1 > 2', A]"], "[pieces]", 12),
            (["[true, A]", "[false, A]", "[1, B]"], "[old]", 14),
        ],
    )
    def test_a_rule_that_never_gets_its_turn(self, rules, when, line):
        found = problems(one(rules, when=when, more="    else: z\n"))
        assert [(problem.level, problem.code, problem.line) for problem in found] == [(Level.ERROR, "unreachable-rule", line)]
        assert ("fits no row at all" in found[0].message) == any("> 5 and 1 > 2" in rule for rule in rules)

    def test_what_can_not_be_proven_is_not_claimed(self):
        rules = ["[\"like 'a%'\", A]", "[abc, B]", "[\"> 'b'\", C]", "[\"> 'c'\", D]", "['> note', E]"]
        assert self.told(one(rules[:-1], more="    else: z\n")) == []

    def test_where_all_rules_speak_each_result_needs_one_that_does(self):
        text = one(["[a, x, null]", "[any, null, y]"], then="[note, label]").replace("  d:\n", "  d:\n    match: all\n")
        problem = only(text)
        assert problem.message == "no rule with a 'note' is sure to fit another state: such a row is an error"
        with pytest.raises(BadRow, match="column 'note': no rule of the decision 'd' fits"):
            decided(text, state="b")
        silent = one(["[any, null, y]"], then="[note, label]").replace("  d:\n", "  d:\n    match: all\n")
        (problem,) = [problem for problem in problems(silent) if problem.level is Level.ERROR]
        assert (problem.code, problem.message) == ("no-rules", "no rule of the decision 'd' says anything of 'note'")

    def test_where_all_rules_speak_none_is_in_the_way(self):
        assert self.told(one(["[any, A]", "[a, B]"]).replace("  d:\n", "  d:\n    match: all\n")) == []

    def test_a_table_with_too_many_combinations_is_left_alone(self):
        names = [column.name for column in SALE.columns[:6]]
        rules = [
            f"[{', '.join(['any'] * at + [f'{n}' if names[at] not in ('paid', 'kind') else 'any'] + ['any'] * (5 - at))}, r]"
            for n in range(20)
            for at in (0, 1, 3, 5)
        ]
        told = problems(one(rules, when=f"[{', '.join(names)}]"))
        assert all(problem.code == "incomplete-decision" for problem in told)


CELLS = {
    "kind": [("any", lambda _: True), ("a", "a".__eq__), ("b", "b".__eq__), ("[a, b]", lambda _: True), ("\"<> 'a'\"", "b".__eq__)],
    "paid": [("any", lambda _: True), ("true", lambda p: p == "t"), ("false", lambda p: p == "f"), ("null", lambda p: p is None), ("'is not true'", lambda p: p != "t")],
    "pieces": [
        ("any", lambda _: True),
        *((f"{n}", lambda p, n=n: int(p) == n) for n in (1, 3, 5)),
        *((f"'< {n}'", lambda p, n=n: int(p) < n) for n in (1, 3, 5)),
        *((f"'>= {n}'", lambda p, n=n: int(p) >= n) for n in (1, 3, 5)),
        ("'between 1 and 3'", lambda p: 1 <= int(p) <= 3),
        ("'not in (1, 5)'", lambda p: p not in ("1", "5")),
    ],
}  # fmt: skip
EVERYTHING = [dict(zip(CELLS, values, strict=True)) for values in product("ab", ("t", "f", None), map(str, range(7)))]


@given(st.lists(st.tuples(*(st.sampled_from(cells) for cells in CELLS.values())), min_size=1, max_size=6))
def test_what_is_proven_is_so_and_what_runs_is_what_is_written(rules):
    """The classes that the constants make have all of their members among these rows."""
    text = one([f"[{', '.join(cell for cell, _ in rule)}, r{n}]" for n, rule in enumerate(rules)], when=f"[{', '.join(CELLS)}]")

    def meant(given):
        fitting = (n for n, rule in enumerate(rules) if all(fits(value) for (_, fits), value in zip(rule, given.values(), strict=True)))
        return next(fitting, None)

    expected = {tuple(given.values()): meant(given) for given in EVERYTHING}
    told = problems(text)
    unreachable = {problem.line - 12 for problem in told if problem.code == "unreachable-rule"}
    assert unreachable == set(range(len(rules))) - set(expected.values())
    assert (None in expected.values()) == any(problem.code == "incomplete-decision" for problem in told)
    if not unreachable:
        plan = bound(text + "    else: z\n")
        for given in EVERYTHING:
            rule = expected[tuple(given.values())]
            assert plan.map_row(row(**given))[1][1] == ("z" if rule is None else f"r{rule}")
