"""Rows that the source only marks as deleted, records that it merges, and several mappings of one row: what the reference's examples do."""

import pytest

from cdc.mapping.files.problem import Level
from cdc.model.change import Change, Op
from cdc.model.table import Column
from cdc.model.write import Deletes
from cdc.pipeline.translate import FILTER, translator
from tests.definitions import BOOL, INT, TINYINT_1, char, compiled, shape, spec, table, varchar

PARTY = table(
    "party",
    [
        Column("id", INT, nullable=False),
        Column("name", varchar(40)),
        Column("active", BOOL),
        Column("deleted", INT),
        Column("replaced_by", INT),
    ],
    identity=("id", "name", "active", "deleted", "replaced_by"),
)
ACCOUNTS = table(
    "accounts",
    [Column("id", char(36), nullable=False), Column("name", varchar(40)), Column("deleted", TINYINT_1), Column("merged_into", char(36))],
)
HEAD = "version: 1\nmapping: accounts\nsource: party\ntarget: accounts\nkey: [id]\n"
SOFT = "deletes: soft\nsoft_delete: {deleted: 1}\n"
COLUMNS = "columns:\n  id: stable_uuid('party', id)\n  name: name\n  deleted: 0\n"


def translate(text):
    plan, problems = compiled([spec(HEAD + text)], PARTY, ACCOUNTS)
    assert plan is not None
    assert not [problem for problem in problems if problem.level is not Level.NOTE]
    logged = shape(PARTY)
    (row_plan,) = plan.bind(logged)
    made = translator(row_plan, logged)
    return lambda op, old, new: made(Change(logged, op, *(given if given is None else party(**given) for given in (old, new))))


def party(**given):
    values = {"id": "7", "name": "a", "active": "t", "deleted": "0", **given}
    return tuple(values.get(column.name) for column in PARTY.columns)


@pytest.mark.parametrize(("where", "mark"), [("deleted = 0", {"deleted": "1"}), ("active", {"active": "f"})])
def test_a_row_that_is_marked_on_the_source_is_deleted_by_the_rule_and_comes_back(where, mark):
    change = translate(f"where: {where}\n{COLUMNS}{SOFT}")
    there = change(Op.INSERT, None, {})
    gone, back = change(Op.UPDATE, {}, mark), change(Op.UPDATE, mark, {})
    assert (gone.key, gone.image, gone.plan.deletes) == (there.key, None, Deletes.SOFT)
    assert back.image == there.image == (*there.key, "a", "0")
    assert change(Op.INSERT, None, mark) == FILTER
    assert change(Op.DELETE, mark, None) == FILTER
    assert change(Op.DELETE, {}, None).image is None


def test_the_mark_may_be_copied_instead():
    change = translate("columns: {id: \"stable_uuid('party', id)\", name: name, deleted: deleted}\n" + SOFT)
    assert change(Op.INSERT, None, {"deleted": "1"}).image[2] == "1"
    assert change(Op.UPDATE, {}, {"deleted": "1"}).image[2] == "1"
    assert change(Op.DELETE, {}, None).image is None


def test_a_record_that_is_merged_into_another_leaves():
    change = translate(f"where: active and replaced_by is null\n{COLUMNS}{SOFT}")
    loser = change(Op.UPDATE, {}, {"replaced_by": "8", "active": "f"})
    assert loser.image is None
    assert loser.key == change(Op.INSERT, None, {}).key


def test_or_takes_its_winner_along():
    text = COLUMNS.replace("deleted: 0", "deleted: replaced_by is not null") + "  merged_into: stable_uuid('party', replaced_by)\n" + SOFT
    change = translate(text)
    winner = change(Op.INSERT, None, {"id": "8"})
    loser = change(Op.UPDATE, {}, {"replaced_by": "8"})
    assert loser.image[2:] == ("1", *winner.key)
    assert winner.image[2:] == ("0", None)


def test_three_tables_fill_one_row_and_each_may_come_first():
    """Values for new rows only stand in for what another mapping owns."""
    target = table(
        "accounts",
        [
            Column("id", INT, nullable=False),
            Column("name", varchar(40), nullable=False),
            Column("phone", varchar(40)),
            Column("city", varchar(40)),
        ],
    )
    sources = [table(name, [Column("id", INT, nullable=False), Column(column, varchar(40), nullable=False)]) for name, column in
               (("party", "name"), ("mechanism", "phone"), ("address", "city"))]  # fmt: skip
    seed = "  name: {value: \"''\", write: insert}\n"
    specs = [
        spec(
            f"version: 1\nmapping: {name}\nsource: {name}\ntarget: accounts\nkey: [id]\ncolumns:\n  id: id\n  {column}: {column}\n{more}",
            f"{name}.yaml",
        )
        for name, column, more in (("party", "name", ""), ("mechanism", "phone", seed + "deletes: ignore\n"), ("address", "city", seed))
    ]
    plan, problems = compiled(specs, *sources, target)
    assert plan is not None
    assert not [problem for problem in problems if problem.level is not Level.NOTE]
    assert [([target.columns[at].name for at in target.once], target.deletes) for target in plan.targets] == [
        ([], Deletes.HARD),
        (["name"], Deletes.IGNORE),
        (["name"], Deletes.HARD),
    ]
