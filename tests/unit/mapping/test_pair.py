"""Two mappings between the same two tables: who owns a column that both write, and what does not come back as it was."""

import pytest

from cdc.mapping.files.csv import nothing_beside
from cdc.mapping.files.problem import Level
from cdc.mapping.spec.pair import Pair, both_write, pairs, unowned
from cdc.mapping.spec.pair_clock import unlike_clocks
from cdc.mapping.spec.read import read_mapping
from cdc.mapping.spec.reverse import reverse
from cdc.mapping.tools.leg import connected
from cdc.mapping.tools.round_trip import by_examples, unsettled
from cdc.mapping.tools.single import Around
from cdc.model.table import Column, Definition, Table, TableName, Unique
from cdc.model.types import Kind, Type

THERE = "version: 1\nmapping: there\nsource: customer\ntarget: crm.account\nkey: [id]\n"
BACK = "version: 1\nmapping: back\nsource: account\ntarget: public.customer\nkey: [customer_id]\n"
BOTH = THERE + "direction: both\n"


def spec(text, name="there.yaml"):
    made, problems = read_mapping(name, text)
    assert problems == [], problems
    return made


def derived(text):
    there = spec(BOTH + text)
    back, problems = reverse(there, nothing_beside)
    assert back is not None, problems
    return Pair(there, back)


def written_by_hand(there, back):
    (pair,) = pairs([spec(THERE + there)], [spec(BACK + back, "back.yaml")], "public", "crm")
    return pair


def test_a_pair_leads_to_and_fro_between_two_tables():
    there, back, other = (
        spec(THERE + "same: [id]\n"),
        spec(BACK + "same: [customer_id]\n"),
        spec(THERE.replace("account", "lead") + "same: [id]\n"),
    )
    assert list(pairs([there, other], [back], "public", "crm")) == [Pair(there, back)]
    assert list(pairs([there], [back], "sales", "crm")) == []
    assert list(pairs([there], [back], "public", "other")) == []
    query = spec(THERE + "query: select id from customer where id in (:keys)\nsame: [id]\n")
    assert list(pairs([query], [back], "public", "crm")) == []


def test_of_a_pair_that_follows_from_one_file_the_file_is_the_forward_one():
    pair = derived("columns: {id: customer_id}\n")
    there, back = [pair.forward], [pair.back]
    assert list(pairs(there, back, "public", "crm")) == list(pairs(back, there, "crm", "public")) == [pair]


COLUMNS = "columns:\n  id: customer_id\n"


def test_columns_that_both_directions_write_have_an_owner():
    # torture: H04 H05, that nobody decides them is told
    text = (
        COLUMNS
        + "  a: a\n  b: {value: B, reverse: {B: upper(b)}}\n  c: {value: c, owner: source}\n  d: {value: d, owner: target}\n  e: trim(e)\n  f: 1\n"
    )
    pair = derived(text)
    assert both_write(pair) == [("a", "a"), ("b", "B")]
    (problem,) = unowned(pair)
    assert (problem.level, problem.code, problem.line) == (Level.WARNING, "no-owner", 9)
    assert problem.message.startswith("columns 'a', 'b' go both ways and nobody owns them")
    assert list(unowned(derived(COLUMNS + "  c: {value: c, owner: source}\n  d: {value: d, owner: target}\n"))) == []


@pytest.mark.parametrize(
    ("there", "back", "shared"),
    [
        ("name", "name", True),
        ("trim(name)", "upper(name)", True),
        ("{value: name, owner: source}", "{value: name, owner: target}", False),
        ("{value: name, owner: target}", "{value: name, owner: source}", False),
        ("{value: name, owner: target}", "{value: name, owner: target}", False),
        ("{value: name, owner: source}", "{value: name, owner: source}", True),
        ("{value: name, write: insert}", "name", False),
        ("name", "{value: name, write: update}", True),
        ("other", "name", False),
        ("name", "\"'x'\"", False),
        ("NAME", '"name"', True),
        ("{map: m, from: name}", "name", True),
    ],
)
def test_who_owns_a_column_is_seen_in_files_written_by_hand(there, back, shared):
    maps = "maps: {m: {A: B}}\n" if "map:" in there else ""
    pair = written_by_hand(COLUMNS + f"  name: {there}\n{maps}", f"columns: {{customer_id: id, name: {back}}}\n")
    found = list(unowned(pair))
    assert bool(found) is shared
    if shared:
        assert (found[0].file, found[0].line) == ("there.yaml", 8)
        assert "column 'name' (and back.yaml:6) goes both ways and nobody owns it" in found[0].message


EXAMPLES = "tests:\n  - given: {customer_id: 1, a: %s}\n    expect: {id: 1}\n"


def seen(problems):
    return [(problem.code, problem.level, problem.message.partition(":")[0]) for problem in problems]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("a", "' x '", []),
        ("{value: trim(a), reverse: a}", "x", []),
        ("{value: trim(a), reverse: a}", "' x '", ["column 'a' does not come back as it was in 1 of 1 examples"]),
        ("{value: upper(a), reverse: lower(a)}", "Abc", ["column 'a' does not come back as it was in 1 of 1 examples"]),
        ("{value: 'cast(a / 100.0 as numeric(14,2))', reverse: cast(a * 100 as bigint)}", "150", []),
        (
            "{value: cast(a / 100 as bigint), reverse: cast(a * 100 as bigint)}",
            "150",
            ["column 'a' does not come back as it was in 1 of 1 examples"],
        ),
        ("{value: a + 1, reverse: a}", "7", ["column 'a' never settles"]),
        ("{value: a, reverse: a || 'x'}", "q", ["column 'a' never settles"]),
        (
            "{value: cast(a as text), reverse: 'cast(substring(a, 1, 1) || ''.'' as integer)'}",
            "7",
            ["column 'a' can't be made of what goes over, in 1 of 1 examples"],
        ),
        ("{value: trim(a), reverse: {a: {value: a, write: insert}}}", "' x '", []),
        ("{value: trim(a), owner: source}", "' x '", []),
        ("{value: trim(a), reverse: a, owner: target}", "' x '", []),
    ],
)
def test_the_examples_are_sent_to_and_fro(column, value, said):
    pair = derived(COLUMNS + f"  a: {column}\n" + EXAMPLES % value)
    found = list(by_examples(pair))
    assert [problem.message.partition(":")[0] for problem in found] == said
    for problem in found:
        assert problem.level is (Level.ERROR if "never" in problem.message else Level.WARNING)
        assert (problem.line, problem.file) == (9, "there.yaml")
        assert value.strip("'") not in problem.message, "no value of a row"


def test_both_expressions_and_both_files_are_named():
    pair = written_by_hand(
        COLUMNS + "  name: trim(label)\n" + EXAMPLES.replace("a:", "label:") % "' x'", "columns: {customer_id: id, label: name}\n"
    )
    (problem,) = by_examples(pair)
    assert (problem.file, problem.line) == ("back.yaml", 6)
    assert "`trim(label)` (there.yaml:8) there, `name` back" in problem.message


def test_what_follows_from_a_file_is_paired_with_that_file_alone():
    one, other = derived("where: a\ncolumns: {id: customer_id}\n"), derived("where: not a\ncolumns: {id: customer_id}\n")
    found = list(pairs([one.forward, other.forward], [one.back, other.back], "public", "crm"))
    assert [(pair.forward is one.forward, pair.back is one.back) for pair in found] == [(True, True), (False, False)]


def test_between_files_written_by_hand_it_only_warns():
    """They may be about different rows."""
    given = "tests: [{given: {customer_id: 1, a: 1}, expect: {id: 2}}]\n"
    pair = written_by_hand("columns: {id: customer_id + 1, a: a + 1}\n" + given, "columns: {customer_id: id, a: a}\n")
    assert [(problem.code, problem.level) for problem in by_examples(pair)] == [
        ("key-not-stable", Level.WARNING),
        ("never-settles", Level.WARNING),
    ]
    pair = written_by_hand("columns: {id: customer_id + 1, a: a + 1}\n" + given, "columns: {customer_id: id, b: a}\n")
    assert list(by_examples(pair)) == []


def test_a_key_that_comes_back_as_another_is_an_error():
    pair = derived("columns:\n  id: {value: upper(code), reverse: lower(id)}\ntests:\n  - {given: {code: aB}, expect: {id: AB}}\n")
    (problem,) = by_examples(pair)
    assert (problem.level, problem.code, problem.line) == (Level.ERROR, "key-not-stable", 8)


def test_examples_of_the_way_back_are_sent_from_there():
    text = COLUMNS + "  a: {value: a, reverse: trim(a)}\ntests:\n  - {direction: reverse, given: {id: 1, a: ' x '}, expect: {a: x}}\n"
    (problem,) = by_examples(derived(text))
    assert problem.message.startswith("column 'a' does not come back as it was in 1 of 1 examples: `trim(a)` there, `a` back")


def test_what_goes_by_the_clock_is_sent_without_it():
    text = clocked("at", COLUMNS + "  label: {value: trim(label), reverse: label, owner: newest}\n  at: version\n")
    pair = derived(text)
    ours = table(("public", "customer"), customer_id=INT, label=TEXT, version=INT)
    theirs = table(("crm", "account"), id=INT, label=TEXT, at=INT)
    legs = [
        connected(spec, source, Table(source.name, source.columns, (0,)), target, Around({}, target.name.schema))
        for spec, source, target in ((pair.forward, ours, theirs), (pair.back, theirs, ours))
    ]
    (problem,) = unsettled(legs[0], legs[1], [{"customer_id": "1", "label": " a", "version": "7"}], "rows")
    assert problem.message.startswith("column 'label' does not come back as it was in 1 of 1 rows")


def test_rows_that_are_left_out_are_not_sent():
    text = "where: a <> ' x '\nreverse: {where: 'true'}\n" + COLUMNS + "  a: {value: trim(a), reverse: a}\n"
    pair = derived(
        text + "tests:\n  - {given: {customer_id: 1, a: ' x '}, expect: null}\n  - {given: {customer_id: 1, a: y}, expect: {a: y}}\n"
    )
    assert list(by_examples(pair)) == []


def table(name, **types):
    columns = tuple(Column(column, of) for column, of in types.items())
    unique = Unique("key", (columns[0].name,), primary=True, exact=True)
    return Definition(TableName(*name), columns, (unique,), (), (columns[0].name,), triggers=False, estimate=0)


INT, TEXT = Type(Kind.INT, "integer", 4), Type(Kind.TEXT, "text")
MONEY = Type(Kind.NUMERIC, "decimal(10,2)", precision=10, scale=2)
FLAG = Type(Kind.INT, "tinyint(1)", 1)


def trips(text, columns, made, rows, back=()):
    """Send rows as the tables have them to and fro."""
    pair = derived(text)
    ours, theirs = table(("public", "customer"), customer_id=INT, **columns), table(("crm", "account"), id=INT, **made)
    there = connected(pair.forward, ours, Table(ours.name, ours.columns, (0,)), theirs, Around({}, "crm"))
    again = connected(pair.back, theirs, Table(theirs.name, theirs.columns, (0,)), ours, Around({}, "public"))
    assert (len(there.columns), len(again.columns)) == (len(made) + 1, len(columns) + 1)
    return [*unsettled(there, again, rows, "rows"), *unsettled(again, there, back, "rows")]


def test_rows_are_sent_as_the_tables_have_them():
    rows = [{"customer_id": "1", "cents": "150"}, {"customer_id": "2", "cents": "1"}, {"customer_id": "3", "cents": None}]
    exact = "{value: 'cast(cents / 100.0 as numeric(10,2))', reverse: {cents: cast(money * 100 as integer)}}"
    assert trips(COLUMNS + f"  money: {exact}\n", {"cents": INT}, {"money": MONEY}, rows, [{"id": "1", "money": "9.99"}]) == []
    rounded = exact.replace("cents / 100.0", "cents / 100")
    (problem,) = trips(COLUMNS + f"  money: {rounded}\n", {"cents": INT}, {"money": MONEY}, rows)
    assert problem.message.startswith("column 'cents' does not come back as it was in 2 of 3 rows")


@pytest.mark.parametrize(
    ("of", "entries", "values"),
    [
        (MONEY, "{a: 2.5, b: 3}", ["a", "b"]),
        (FLAG, "{a: true, b: false}", ["a", "b"]),
        (FLAG, "{a: 1, b: 0}", ["a", "b"]),
        (Type(Kind.BOOL, "boolean"), "{a: true, b: false}", ["a", "b"]),
        (Type(Kind.BOOL, "boolean"), "{a: 1, b: 0}", ["a", "b"]),
        (TEXT, "{a: x, b: 'true', c: '2.50'}", ["a", "b", "c"]),
        (INT, "[[a, 1], [null, 0]]", ["a", None]),
    ],
)
def test_a_value_map_turned_round_knows_how_the_other_column_prints(of, entries, values):
    """2.5 comes back as 2.50 from a decimal(10,2), true as 1 from a tinyint(1)."""
    text = COLUMNS + f"  b: {{map: m, from: a}}\nmaps: {{m: {entries}}}\n"
    rows = [{"customer_id": str(number), "a": value} for number, value in enumerate(values)]
    assert trips(text, {"a": TEXT}, {"b": of}, rows) == []


TIMED = "  name: {value: name, owner: newest}\n"


def clocked(clock, columns):
    """A mapping's text after its head: the clock stands before the columns."""
    return f"clock: {clock}\n{columns}"


def test_a_pair_that_follows_from_one_file_chooses_the_same_row_on_a_tie():
    # torture: H03 H10, that the later change is chosen by both sides is decided before they run
    pair = derived(clocked("changed", COLUMNS + TIMED + "  changed: changed_at\n  b: b\n"))
    assert list(unlike_clocks(pair)) == []
    assert (pair.back.clock.column, pair.forward.clock.ties, pair.back.clock.ties) == ("changed_at", "source", "target")
    (problem,) = unowned(pair)
    assert problem.message.startswith("column 'b' goes both ways and nobody owns it")


HAND = "columns:\n  customer_id: id\n"


@pytest.mark.parametrize(
    ("clock", "columns", "code"),
    [
        ("{column: changed_at, ties: target}", TIMED + "  changed_at: changed\n", None),
        ("changed_at", TIMED + "  changed_at: changed\n", "same-ties"),
        ("{column: seen, ties: target}", TIMED + "  changed_at: changed\n  seen: seen\n", "unlike-clocks"),
        (
            "{column: changed_at, ties: target}",
            "  name: name\n  rest: {value: rest, owner: newest}\n  changed_at: changed\n",
            "newest-one-way",
        ),
    ],
)
def test_clocks_that_were_written_by_hand(clock, columns, code):
    there = clocked("changed", COLUMNS + TIMED + "  changed: changed_at\n")
    pair = written_by_hand(there, clocked(clock, HAND + columns))
    assert [problem.code for problem in unlike_clocks(pair)] == [code] * (code is not None)
    assert all(problem.level is Level.WARNING for problem in unlike_clocks(pair))
    assert not [problem for problem in unowned(pair) if "'name'" in problem.message]
