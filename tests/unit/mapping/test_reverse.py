"""What follows from `direction: both` for the other direction, word for word, and where its parts stand in the one file.

A case holds files, the mapping that follows as YAML, and the report. `UPDATE_CASES=1` writes both anew: read the difference before you keep it.
"""

import os
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.app.service.mapping_files import beside
from cdc.mapping.compile import check_expressions, compile_plan
from cdc.mapping.files.problem import Level, failed, render
from cdc.mapping.files.write import written
from cdc.mapping.files.yaml12 import read
from cdc.mapping.spec.mapping import Direction, Moment
from cdc.mapping.spec.pair import Pair, unowned
from cdc.mapping.spec.read import read_mapping
from cdc.mapping.spec.reverse import reverse
from cdc.mapping.tools.example import outcomes
from cdc.mapping.tools.round_trip import by_examples
from cdc.model.table import Column
from tests.definitions import INT, TEXT, table
from tests.unit.mapping.test_bad_specs import sections

CASES = sorted(Path(__file__).parents[2].joinpath("cases", "reversed").glob("*.txt"))
HEAD = "version: 1\nmapping: customers\ndirection: both\nsource: public.customer\ntarget: accounts\nkey: [id]\n"


def turned(text, folder="."):
    """Return the mapping that follows and all problems."""
    name = f"{folder}/customers.yaml"
    spec, problems = read_mapping(name, text, beside(name))
    assert not failed(problems)
    return reverse(spec, beside(name))


def codes(text):
    return [problem.code for problem in turned(HEAD + text)[1]]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_follows(path, tmp_path, monkeypatch):
    files = sections(path.read_text(encoding="utf-8"))
    expected = {name: files.pop(name) for name in ("reversed", "report")}
    monkeypatch.chdir(tmp_path)
    for name, text in files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    made, problems = turned(files["mappings/customers.yaml"], "mappings")
    found = {"reversed": written(made.document.data), "report": render(problems)}
    if os.environ.get("UPDATE_CASES"):
        path.write_text("".join(f"=== {name}\n{text}" for name, text in {**files, **found}.items()), encoding="utf-8")
    else:
        assert found == expected
    again, wrong = read_mapping("mappings/reversed.yaml", found["reversed"], beside("mappings/reversed.yaml"))
    assert wrong == [], "what is printed is a mapping file"
    assert (again.key, list(again.columns), again.deletes, again.soft_delete) == (
        made.key,
        list(made.columns),
        made.deletes,
        made.soft_delete,
    )
    assert again.document.data == made.document.data
    assert check_expressions(again) == check_expressions(made) == []
    assert (again.direction, made.direction) == (Direction.FORWARD, Direction.REVERSE)


def test_there_are_cases():
    assert len(CASES) >= 12


def test_the_parts_stand_where_they_come_from():
    text = (
        HEAD
        + "columns:\n  id: customer_id\n  name: {value: upper(name), reverse: {name: lower(nam)}}\n  kind: {map: kinds, from: k}\nmaps:\n  kinds: {A: key}\n"
    )
    made, _ = turned(text)
    lines = text.splitlines()

    def at(place):
        return lines[place.line - 1][place.column - 1 : place.column - 1 + place.width]

    document = made.document
    assert at(document.at(("source",))) == "accounts"
    assert at(document.at(("target",))) == "public.customer"
    assert at(document.at(("key", 0))) == "id"
    assert at(made.place("customer_id")) == "customer_id"
    assert at(document.at(("columns", "customer_id"))) == "id"
    assert at(made.place("name")) == "name"
    assert at(document.within(made.columns["name"].path, 6, 3)) == "nam"
    assert at(made.place("k")) == "k"
    assert at(document.at(("columns", "k", "map"))) == "kinds"
    (entry,) = made.columns["k"].entries
    assert (entry.texts, entry.value, at(entry.place)) == (("key",), "A", "A")
    assert at(document.at_key(("maps", "kinds_reversed", "key"))) == "key"


def test_a_generated_text_has_no_place_within():
    made, _ = turned(HEAD + "columns: {id: customer_id}\n")
    assert made.document.within(made.columns["customer_id"].path, 1) == made.document.at(("columns", "customer_id"))


def test_an_owner_says_when_each_direction_writes():
    spec, _ = read_mapping("m.yaml", HEAD + "same: [id]\ncolumns: {a: {value: a, owner: target}, b: {value: b, owner: source}, c: c}\n")
    assert {name: options.write for name, options in spec.options.items()} == {"a": Moment.INSERT, "b": Moment.ALWAYS}
    made, _ = turned(spec.document.text.content)
    assert list(made.columns) == ["a", "c", "id"]
    assert made.options == {}


@pytest.mark.parametrize(
    ("entries", "wrong"),
    [
        ("{A: x, B: y}", ""),
        ("{A: x, B: x}", "'A' and 'B' both become 'x'"),
        ("{A: 1, B: '1'}", "'A' and 'B' both become '1'"),
        ("{A: null}", "NULL and 'A' both become NULL"),
        ("[[A, null], [null, N]]", ""),
        ("[[A, x], [null, x]]", "'A' and NULL both become 'x'"),
        ("{A: 1.5, B: 1.50}", "'A' and 'B' both become '1.50'"),
        ("{A: 2, B: 2.0}", "'A' and 'B' both become '2.0'"),
        ("{A: true, B: 'true'}", "'A' and 'B' both become 'true'"),
    ],
)
def test_only_a_map_of_one_to_one_turns_round(entries, wrong):
    made, problems = turned(HEAD + f"same: [id]\ncolumns: {{a: {{map: m, from: a}}}}\nmaps: {{m: {entries}}}\n")
    assert [problem.message.partition("round: ")[2] for problem in problems] == ([wrong] if wrong else [])
    assert (made is None) is bool(wrong)


@pytest.mark.parametrize(
    ("column", "code"),
    [
        ("trim(a)", "one-way"),
        ("old.a", "one-way"),
        ("1", None),
        ("'x'", None),
        ("a", None),
        ("(a)", None),
        ("{value: trim(a), owner: source}", None),
        ("{value: trim(a), owner: target}", "not-reversible"),
        ("{value: a || b, reverse: a}", "reverse-unclear"),
        ("{value: 1, reverse: a}", "reverse-unclear"),
        ("{map: m, from: a, default: z}", "not-one-to-one"),
        ("{map: m, from: upper(a)}", "not-one-to-one"),
        ("id", "reversed-twice"),
        ("{map: m, from: id}", "reversed-twice"),
        ("{value: 1, reverse: {id: a}}", "reversed-twice"),
    ],
)
def test_what_turns_round_by_itself(column, code):
    text = column.replace("'x'", "\"'x'\"")
    used = "" if "map" in column else "  other: {map: m, from: zz}\n"
    assert codes(f"columns:\n  id: id\n  a: {text}\n{used}maps: {{m: {{A: x}}}}\n") == ([code] if code else [])


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("columns: {id: \"xref('customer', id)\"}\n", "xref-two-way"),
        ("columns: {id: \"xref('customer', id)\", code: code}\nreverse: {key: [code]}\n", "xref-two-way"),
        ("columns: {id: \"stable_uuid('customer', id)\"}\n", "key-not-reversible"),
        ("columns: {id: trim(id)}\n", "key-not-reversible"),
        ("columns: {id: id}\nwhere: kind = 'x'\n", "where-not-reversible"),
        ("columns: {id: id}\nreverse: {where: }\n", "no-value"),
        ("columns: {id: id, deleted: 0}\ndeletes: soft\nsoft_delete: {deleted: 1}\nreverse: {where: , deletes: hard}\n", "no-value"),
        (
            "columns: {id: id, deleted: 0}\ndeletes: soft\nsoft_delete: {deleted: 1}\nreverse: {where: {decision: d}, deletes: hard}\ndecisions: {d: {when: [x], then: [y], rules: [[1, true]], else: false}}\n",
            "marks-not-asked",
        ),
        ("columns: {id: id}\nwhere: active\ndeletes: ignore\n", "where-not-reversible"),
        ("columns: {id: id}\nwhere: active\n", None),
        (
            "columns: {id: id}\nwhere: active and kind = 'x'\ndeletes: soft\nsoft_delete: {deleted: 1}\nreverse: {deletes: hard}\n",
            "where-not-reversible",
        ),
        ("columns: {id: id, deleted: 0}\ndeletes: soft\nsoft_delete: {deleted: 1}\n", "deletes-not-reversible"),
        ("columns: {id: id, deleted: 0}\ndeletes: soft\nsoft_delete: {deleted: 1}\nreverse: {deletes: ignore}\n", None),
    ],
)
def test_what_must_be_said(rest, code):
    assert codes(rest) == ([code] if code else [])


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.decimals(allow_nan=False, allow_infinity=False, places=2)
    | st.text(max_size=12)
)
TEXTS = SCALARS.map(lambda one: Decimal(int(one)) if isinstance(one, Decimal) and one == int(one) else one)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=8
)


@given(st.dictionaries(st.text(min_size=1, max_size=8), DATA, min_size=1, max_size=4))
def test_what_is_written_is_read_back(data):
    document, problems = read("m.yaml", written(data))
    assert problems == []
    assert document.data == data


def test_what_does_not_fit_the_tables_on_the_way_back_is_shown_in_the_one_file():
    """`customer` and `accounts` change their places, and so do the places of what is said of them."""
    text = HEAD + "columns:\n  id: id\n  name: nam\n  size: {value: cast(size as text), reverse: size}\n  note: note\nsame: [city]\n"
    made, _ = turned(text)
    ours = table(
        "customer",
        [Column("id", INT), Column("name", TEXT), Column("size", INT), Column("city", TEXT), Column("must", TEXT, nullable=False)],
    )
    theirs = table("crm.accounts", [Column(name, INT if name == "id" else TEXT) for name in ("id", "name", "size", "note", "city")])
    _, problems = compile_plan([made], {theirs.name: theirs}, {ours.name: ours}, "crm", "public")
    lines = text.splitlines()
    found = {
        (problem.code, lines[problem.line - 1][problem.column - 1 :][: problem.width])
        for problem in problems
        if problem.level is Level.ERROR
    }
    assert found == {
        ("unknown-column", "nam"),
        ("unknown-column", "note"),
        ("type-mismatch", "size"),
        ("column-required", "public.customer"),
    }


def test_the_page_about_two_ways_shows_what_follows():
    page = (Path(__file__).parents[3] / "docs/howto/two-way.md").read_text()
    file, follows = (part.partition("```")[0] for part in page.split("```yaml\n")[1:])
    spec, _ = read_mapping("m.yaml", file)
    made, problems = reverse(spec, beside("m.yaml"))
    assert problems == []
    assert written(made.document.data) == follows
    assert [outcome.differences for one in (spec, made) for outcome in outcomes(one)] == [(), (), ()]
    assert list(by_examples(Pair(spec, made))) == []
    (unsaid,) = unowned(Pair(spec, made))
    assert unsaid.message.startswith("columns 'name', 'segment', 'credit_limit' go both ways and nobody owns them")


def maybe(**parts):
    return st.fixed_dictionaries({}, optional=parts)


EXPRESSION = st.sampled_from(
    ["a", "b", "id", "c", "(a)", "1", "true", "upper(a)", "a || b", "xref('x', a)", "stable_uuid('x', a)", "old.a", '"A b"', "a +"]
)
CONDITION = st.sampled_from(["a", "not a", "a = 1", "(not (a))", "true", "a and b"])
VALUE = st.sampled_from(["x", "y", 1, True, None])
FORM = EXPRESSION | st.fixed_dictionaries({"value": EXPRESSION}, optional={"write": st.sampled_from(["insert", "update"])})
NAMES = st.sampled_from(["a", "b", "c", "id", "A b"])
COLUMN = (
    EXPRESSION
    | st.fixed_dictionaries(
        {"value": EXPRESSION},
        optional={
            "owner": st.sampled_from(["source", "target", "newest"]),
            "reverse": EXPRESSION | st.dictionaries(NAMES, FORM, min_size=1, max_size=2),
        },
    )
    | st.fixed_dictionaries({"map": st.just("m"), "from": EXPRESSION}, optional={"default": VALUE})
)
MAP = st.dictionaries(st.sampled_from(["p", "q", "null text"]), VALUE, min_size=1) | st.lists(
    st.tuples(st.sampled_from(["p", "q", None]), VALUE).map(list), min_size=1, max_size=3
)
MARKS = st.dictionaries(NAMES, VALUE, min_size=1, max_size=2)
FILE = maybe(
    where=CONDITION,
    deletes=st.sampled_from(["hard", "soft", "ignore"]),
    soft_delete=MARKS,
    truncate=st.just("ignore"),
    same=st.lists(NAMES, max_size=2, unique=True),
    reverse=maybe(
        where=CONDITION,
        key=st.lists(NAMES, min_size=1, max_size=2, unique=True),
        columns=st.dictionaries(NAMES, FORM, max_size=2),
        deletes=st.sampled_from(["hard", "ignore"]),
        soft_delete=MARKS,
        mapping=st.just("back"),
    ),
    tests=st.lists(
        st.fixed_dictionaries(
            {"given": MARKS, "expect": st.none() | MARKS}, optional={"direction": st.sampled_from(["forward", "reverse"])}
        ),
        max_size=2,
    ),
)


@given(FILE, st.dictionaries(st.sampled_from(["a", "b", "id"]), COLUMN, max_size=3), MAP)
def test_whatever_a_file_says_it_turns_round_or_says_why_not(sections, columns, entries):
    head = {"version": 1, "mapping": "m", "direction": "both", "source": "s", "target": "t", "key": ["id"], "maps": {"m": entries}}
    if any(isinstance(one, dict) and one.get("owner") == "newest" for one in columns.values()):
        head, columns = {**head, "clock": "at"}, {**columns, "at": "at"}
    spec, problems = read_mapping("m.yaml", written({**head, "columns": {"id": "id", **columns}, **sections}))
    if spec is None or failed(problems):
        return
    made, found = reverse(spec, beside("m.yaml"))
    if made is None:
        assert failed(found) or failed(check_expressions(spec))
        return
    again, wrong = read_mapping("m.yaml", written(made.document.data))
    assert again is not None
    assert failed(wrong) == failed(found), "what is printed is as right or wrong as what runs"
    assert (list(again.columns), again.key, again.soft_delete) == (list(made.columns), made.key, made.soft_delete)
    assert (again.newest(), again.clock is None) == (made.newest(), made.clock is None)
    render([*check_expressions(made), *found])
    for path in made.document.values:
        made.document.at(path)
        made.document.within(path, 3)


def test_what_goes_by_the_clock_needs_its_way_back():
    text = "clock: {column: changed, ties: target}\ncolumns:\n  id: id\n  name: {value: name, owner: newest}\n  changed: changed_at\n"
    back, problems = turned(HEAD + text)
    assert (back.clock.column, back.clock.ties, back.newest(), problems) == ("changed_at", "source", ["name", "changed_at"], [])
    assert "clock-not-reversible" in codes(text.replace(" changed_at", " coalesce(changed_at, made_at)"))
    assert codes(text.replace("{value: name,", "{value: trim(name),")) == ["not-reversible"]
    seldom = "{value: trim(name), owner: newest, reverse: {name: {value: name, write: insert}}}"
    back, problems = turned(HEAD + text.replace("{value: name, owner: newest}", seldom))
    assert (back.clock, back.newest(), problems) == (None, [], [])
