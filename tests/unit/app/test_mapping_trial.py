"""Source rows to what their mapping would do on the target, with a target of a few rows."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from cdc.app.preflight.plan_hash import plan_hash
from cdc.app.trial.forecast import forecast
from cdc.app.trial.look import Look
from cdc.app.trial.tried import Verdict, trials
from cdc.mapping.plan import RowPlan
from cdc.mapping.tools.single import Around
from cdc.model.change import ABSENT, Change, Op
from cdc.model.errors import BadRow
from cdc.model.reference import Lookup, Maker, Missing, Ref, Xref
from cdc.model.table import Column, Table
from cdc.model.types import Kind, Type
from cdc.model.write import Deletes, Truncates
from tests.definitions import TEXT, table
from tests.plans import COLUMNS, SOURCE, STATE, TARGET, key_of, map_row

USERS = table("crm.users", [Column("id", TEXT, nullable=False), Column("login", TEXT)])


class Rows:
    """A reader of tables that are lists of rows."""

    def __init__(self, **tables):
        self.tables = tables

    def fetch(self, asked, keys):
        names = self.tables.get(asked.name.name, [])
        return [row for row in names if tuple(row[at] for at in asked.key) in set(keys)]

    def shape(self, definition):
        return Table(definition.name, definition.columns, (0,))

    def rows(self, _table, limit, _size):
        yield self.tables["customer"][:limit]


def looking(target=TARGET, mapping=map_row, crosswalk=None, source=(), **tables):
    plan = RowPlan(target, mapping, key_of, Truncates.HALT, "text")
    line = SimpleNamespace(name="p", source=SimpleNamespace(name="erp"))
    root = SimpleNamespace(name=SOURCE.name, columns=SOURCE.columns)
    spec = SimpleNamespace(name="customers")
    return Look(
        line,
        spec,
        root,
        SOURCE,
        root,
        None,
        plan,
        Rows(customer=list(source)),
        Rows(**tables),
        Around({}, "crm"),
        crosswalk,
        "hash",
        lambda _: [plan],
    )


def tried(look, *rows):
    return list(trials(look, [Change(SOURCE, Op.UPDATE, None, row) for row in rows]))


def test_each_verdict():
    there = [("1", "ANN", None), ("2", "OLD", "n"), ("3", "GONE", None)]
    found = tried(
        looking(accounts=there),
        ("1", "ann", None, "t"),
        ("2", "bob", "n", "t"),
        ("3", "x", None, "f"),
        ("4", "y", None, "t"),
        ("5", "z", None, "f"),
    )
    assert [one.verdict for one in found] == [Verdict.NOTHING, Verdict.UPDATE, Verdict.DELETE, Verdict.INSERT, Verdict.FILTERED]
    assert found[1].differs == ("name",)
    assert (found[1].now["name"], found[1].mapped["name"]) == ("OLD", "BOB")
    assert found[3].now is None


def test_a_row_that_fails_is_alone_in_it():
    def mapping(row):
        if row[0] == "1":
            raise BadRow("mapping customers: column 'name': division by zero")
        return map_row(row)

    first, second = tried(looking(mapping=mapping, accounts=[]), ("1", "a", None, "t"), ("2", "b", None, "t"))
    assert (first.verdict, first.error) == (Verdict.FAILS, "mapping customers: column 'name': division by zero")
    assert second.verdict is Verdict.INSERT


@pytest.mark.parametrize(("state", "verdict"), [("here", Verdict.DELETE), ("gone", Verdict.FILTERED)])
def test_a_soft_delete_of_what_is_marked_already_is_nothing(state, verdict):
    target = replace(TARGET, deletes=Deletes.SOFT, soft_delete=((STATE, "gone"),))
    (one,) = tried(looking(target, accounts=[("1", "ANN", None, state)]), ("1", "ann", None, "f"))
    assert one.verdict is verdict
    assert one.differs == (("state",) if verdict is Verdict.DELETE else ())


def test_ignored_deletes_do_nothing():
    (one,) = tried(looking(replace(TARGET, deletes=Deletes.IGNORE), accounts=[("1", "ANN", None)]), ("1", "ann", None, "f"))
    assert one.verdict is Verdict.FILTERED


def test_columns_that_are_written_at_one_moment_only():
    target = replace(TARGET, once=frozenset({1}), later=frozenset({2}))
    there, missing = tried(looking(target, accounts=[("1", "X", "old")]), ("1", "ann", "new", "t"), ("2", "bob", "new", "t"))
    assert (there.differs, there.mapped["name"]) == (("note",), ABSENT)
    assert (missing.mapped["name"], missing.mapped["note"]) == ("BOB", ABSENT)


def test_a_key_in_another_spelling_is_found():
    class Folding(Rows):
        def fetch(self, asked, keys):
            return [row for row in self.tables[asked.name.name] if row[0].lower() in {key[0].lower() for key in keys}]

    look = replace(looking(), beside=Folding(accounts=[("ab", "ANN", None)]))
    assert tried(look, ("AB", "ann", None, "t"))[0].verdict is Verdict.NOTHING


def seeking(missing):
    lookup = Lookup("note", USERS, (USERS.columns[1],), USERS.columns[0], missing, None)
    return replace(TARGET, references=(lookup,)), lambda row: ((row[0],), (row[0], "N", Ref(lookup, (row[2],))))


@pytest.mark.parametrize(
    ("missing", "verdict", "note"),
    [(Missing.NULL, Verdict.UPDATE, None), (Missing.KEEP, Verdict.NOTHING, ABSENT), (Missing.PARK, Verdict.FAILS, "")],
)
def test_a_look_up(missing, verdict, note):
    target, mapping = seeking(missing)
    look = looking(target, mapping, accounts=[("1", "N", "77"), ("2", "N", "77")], users=[("77", "ann")])
    found, lacking = tried(look, ("1", "", "ann", "t"), ("2", "", "nobody", "t"))
    assert (found.verdict, found.mapped["note"]) == (Verdict.NOTHING, "77")
    assert (lacking.verdict, lacking.mapped.get("note", "")) == (verdict, note)
    nothing = tried(look, ("1", "", None, "t"))[0]
    assert nothing.verdict is verdict


def test_a_look_up_that_finds_several_rows_fails():
    target, mapping = seeking(Missing.NULL)
    look = looking(target, mapping, accounts=[], users=[("77", "ann"), ("78", "ann")])
    (one,) = tried(look, ("1", "", "ann", "t"))
    assert "several rows of crm.users agree" in one.error


def test_the_crosswalk_is_read_and_a_key_that_is_not_there_is_made_with_the_row():
    xref = Xref("id", "customer", None, Maker.DATABASE)
    target = replace(TARGET, references=(xref,))

    def mapping(row):
        return (Ref(xref, (row[0],)),), (Ref(xref, (row[0],)), "N", None)

    entries = [("customer", "erp", "1", "900")]
    look = looking(target, mapping, crosswalk=(), accounts=[("900", "N", None)], crosswalk_=[])
    look = replace(look, beside=Rows(accounts=[("900", "N", None)], crosswalk=entries))
    there, new = tried(look, ("1", "", "", "t"), ("2", "", "", "t"))
    assert (there.verdict, there.mapped["id"]) == (Verdict.NOTHING, "900")
    assert new.verdict is Verdict.INSERT
    refers = replace(xref, maker=None, column="note")
    look = replace(look, plan=replace(look.plan, map_row=lambda row: ((row[0],), (row[0], "N", Ref(refers, (row[0],))))))
    assert "the crosswalk has no entry of 'customer'" in tried(look, ("2", "", "", "t"))[0].error
    assert tried(look, ("1", "", "", "t"))[0].mapped["note"] == "900"


def test_a_forecast_counts_all_and_keeps_a_few():
    rows = [(str(n), "a", None, "t") for n in range(5)] + [("9", "a", None, "f")]
    seen = []
    made = forecast(looking(source=rows, accounts=[("0", "B", None)]), None, 2, lambda: seen.append(1))
    assert (made.rows, len(seen), made.differs) == (6, 6, True)
    assert made.verdicts == {Verdict.INSERT: 4, Verdict.UPDATE: 1, Verdict.FILTERED: 1}
    assert made.columns == {"name": 1}
    assert {verdict: len(kept) for verdict, kept in made.shown.items()} == {Verdict.UPDATE: 1, Verdict.INSERT: 2, Verdict.FILTERED: 0}
    assert forecast(looking(source=rows, accounts=[]), 3, 2, lambda: None).rows == 3


def test_a_plan_hash_tells_plans_apart_that_do_something_else():
    plan = looking().plan
    widened = replace(plan, target=replace(TARGET, columns=(*COLUMNS[:2], Column("note", Type(Kind.INT, "int", 4)))))
    plans = [
        plan,
        replace(plan, text="other"),
        widened,
        replace(plan, target=replace(TARGET, deletes=Deletes.IGNORE)),
        replace(plan, truncates=Truncates.IGNORE),
    ]
    assert len({plan_hash([one]) for one in plans}) == len(plans)
    assert plan_hash([plan, plans[1]]) == plan_hash([plans[1], plan])
    assert plan_hash([replace(plan)]) == plan_hash([plan])
