"""New rows go into a PostgreSQL table by COPY, unstaged. What is done by it is the contract's; these show when it is done, and when not."""

import pytest

from cdc.model.change import Op
from cdc.model.errors import Drifted, Unreachable
from cdc.model.table import ForeignKey
from cdc.model.types import Kind
from cdc.model.write import TargetPlan
from cdc.target.postgresql import direct
from tests.contract.targets import batch, change, column, delete, plan, postgresql_harness, table, upsert

ID, MANY = column("id", Kind.INT), direct.MANY + 1


@pytest.fixture
def harness(request):
    with postgresql_harness(request) as made:
        yield made


def watched(harness, name="t", *columns, **facts):
    """A table that keeps, for each statement that inserts into it, whether that is a COPY of its own."""
    made = harness.create(table(harness, name, ID, column("code"), *columns, **facts))
    log, function = f"{harness.schema}.{name}_log", f"{harness.schema}.{name}_watch"
    harness.execute(f"create table {log} (copied boolean)")
    harness.execute(
        f"create function {function}() returns trigger language plpgsql as $$begin insert into {log} values"
        " (current_query() like 'copy%'); return null; end$$"
    )
    harness.execute(f"create trigger watch after insert on {harness.schema}.{name} for each statement execute function {function}()")
    return made


def copies(harness, name="t"):
    return [copied for (copied,) in harness.connection.execute(f"select copied from {harness.schema}.{name}_log").fetchall()]


def opened(harness, *plans):
    target = harness.target(*plans)
    target.checkpoint()
    return target


def new(mapped: TargetPlan, *image: str | None, op: Op = Op.INSERT):
    made = upsert(mapped, *image)
    return type(made)(made.plan, made.key, made.image, None, change(op))


def rows(mapped, first, count=MANY, **facts):
    return [new(mapped, str(first + i), f"c{first + i}", **facts) for i in range(count)]


def test_new_rows_are_copied(harness):
    mapped = plan(watched(harness))
    target = opened(harness, mapped)
    applied = target.apply(batch(*rows(mapped, 1)))
    assert (applied.rows, applied.unchanged) == ({(mapped.mapping, Op.INSERT): MANY}, {})
    assert copies(harness) == [True]
    assert [row["code"] for row in harness.rows(mapped.table)] == [f"c{i}" for i in range(1, MANY + 1)]


@pytest.mark.parametrize("few", [True, False])
def test_few_rows_and_rows_that_an_update_brought_are_not(harness, few):
    mapped = plan(watched(harness))
    target = opened(harness, mapped)
    target.apply(batch(*(rows(mapped, 1, direct.MANY) if few else [*rows(mapped, 1), new(mapped, "0", "x", op=Op.UPDATE)])))
    assert copies(harness) == [False]


def test_a_row_that_is_updated_behind_its_insert_is_copied_as_it_was_last(harness):
    mapped = plan(watched(harness))
    target = opened(harness, mapped)
    applied = target.apply(batch(*rows(mapped, 1), new(mapped, "3", "later", op=Op.UPDATE)))
    assert applied.rows == {(mapped.mapping, Op.INSERT): MANY, (mapped.mapping, Op.UPDATE): 1}
    assert copies(harness) == [True]
    assert harness.rows(mapped.table)[2]["code"] == "later"


def test_one_row_that_is_there_sends_all_of_them_the_staged_way_and_the_next_batches_too(harness, monkeypatch):
    monkeypatch.setattr(direct, "_REST", 2)
    mapped = plan(watched(harness))
    harness.insert(mapped.table, {"id": "5", "code": "own"}, {"id": "6", "code": "c6"})
    harness.execute(f"truncate {harness.schema}.t_log")
    target = opened(harness, mapped)
    applied = target.apply(batch(*rows(mapped, 1)))
    assert applied.rows == {(mapped.mapping, Op.INSERT): MANY - 2, (mapped.mapping, Op.UPDATE): 1}
    assert applied.unchanged == {mapped.mapping: 1}
    for start in (1, 2, 3):
        assert target.apply(batch(*rows(mapped, 1000 * start), upto=str(start + 1))).rows == {(mapped.mapping, Op.INSERT): MANY}
    assert copies(harness) == [False, False, False, True]
    assert len(harness.rows(mapped.table)) == 4 * MANY


def test_what_comes_behind_another_step_is_not_copied_before_it(harness):
    """The deleted row has the unique value that a new one takes."""
    mapped = plan(watched(harness, unique={"code": ["code"]}))
    harness.insert(mapped.table, {"id": "500", "code": "c1"})
    harness.execute(f"truncate {harness.schema}.t_log")
    target = opened(harness, mapped)
    target._singly = None
    applied = target.apply(batch(delete(mapped, "500"), *rows(mapped, 1)))
    assert applied.rows == {(mapped.mapping, Op.DELETE): 1, (mapped.mapping, Op.INSERT): MANY}
    assert copies(harness) == [False]


def test_parents_are_copied_before_their_children(harness):
    parents = plan(watched(harness, "parent"))
    key = ForeignKey("fk", ("up",), parents.table.name, ("id",), cascades=False)
    children = plan(watched(harness, "child", column("up", Kind.INT), foreign=[key]), rank=1)
    target = opened(harness, parents, children)
    target._singly = None
    wanted = [write for i in range(1, MANY + 1) for write in (new(children, str(i), "x", str(i)), new(parents, str(i), "x"))]
    applied = target.apply(batch(*wanted))
    assert applied.rows == {("parent", Op.INSERT): MANY, ("child", Op.INSERT): MANY}
    assert copies(harness, "parent") == copies(harness, "child") == [True]


def test_children_that_are_refused_leave_no_parents_behind_that_count_twice(harness):
    parents = plan(watched(harness, "parent"))
    children = plan(watched(harness, "child"), rank=1)
    harness.insert(children.table, {"id": "7", "code": "own"})
    harness.execute(f"truncate {harness.schema}.child_log")
    target = opened(harness, parents, children)
    applied = target.apply(batch(*rows(parents, 1), *rows(children, 1)))
    counted = {("parent", Op.INSERT): MANY, ("child", Op.INSERT): MANY - 1, ("child", Op.UPDATE): 1}
    assert applied.rows == counted
    assert (copies(harness, "parent"), copies(harness, "child")) == ([False], [False])


@pytest.mark.parametrize(
    "differs",
    [
        "create rule more as on delete to {t} do also notify gone",
        "alter table {t} enable row level security; create policy all_of_it on {t} using (true)",
        "alter table {t} drop constraint t_pkey; create index t_pkey on {t} (id)",
        "alter table {t} drop constraint t_pkey; alter table {t} add constraint t_pkey primary key (id) deferrable",
    ],
)
def test_a_table_that_copy_would_treat_otherwise_or_that_lets_a_row_stand_twice_is_not_copied_to(harness, differs):
    made = watched(harness)
    harness.execute(differs.replace("{t}", f"{harness.schema}.t"))
    admin = harness.admin()
    mapped = plan(admin.definitions([made.name])[made.name])
    admin.close()
    target = opened(harness, mapped)
    target.apply(batch(*rows(mapped, 1)))
    assert True not in copies(harness)
    assert len(harness.rows(made)) == MANY


def test_a_table_of_two_mappings_is_not_copied_to(harness):
    made = watched(harness)
    one, other = plan(made, "id", "code", mapping="one"), plan(made, "id", mapping="other")
    target = opened(harness, one, other)
    target.apply(batch(*rows(one, 1)))
    assert copies(harness) == [False]


def test_columns_for_rows_that_are_there_alone_are_not_copied(harness):
    mapped = plan(watched(harness), later=["code"])
    target = opened(harness, mapped)
    target.apply(batch(*rows(mapped, 1)))
    assert copies(harness) == [False]
    assert {row["code"] for row in harness.rows(mapped.table)} == {None}


def test_rows_that_a_trigger_swallows_count_as_unchanged(harness):
    mapped = plan(watched(harness))
    harness.execute(
        f"create function {harness.schema}.odd() returns trigger language plpgsql as $$begin"
        " if new.id % 2 = 1 then return null; end if; return new; end$$"
    )
    harness.execute(f"create trigger odd before insert on {harness.schema}.t for each row execute function {harness.schema}.odd()")
    target = opened(harness, mapped)
    applied = target.apply(batch(*rows(mapped, 1, 200)))
    assert copies(harness) == [True]
    assert (applied.rows, applied.unchanged) == ({(mapped.mapping, Op.INSERT): 100}, {mapped.mapping: 100})


def test_a_column_that_changed_is_told_before_its_rows_are_copied(harness):
    mapped = plan(watched(harness))
    target = opened(harness, mapped)
    target.apply(batch(*rows(mapped, 1)))
    harness.execute(f"alter table {harness.schema}.t alter column code type text")
    with pytest.raises(Drifted, match="a column of the target"):
        target.apply(batch(*rows(mapped, 1000), upto="2"))
    assert len(harness.rows(mapped.table)) == MANY


def test_a_lost_connection_is_not_taken_for_a_refusal(harness):
    mapped = plan(watched(harness))
    target = opened(harness, mapped)
    harness.execute(
        f"create function {harness.schema}.dies() returns trigger language plpgsql as $$begin"
        " perform pg_terminate_backend(pg_backend_pid()); return null; end$$"
    )
    harness.execute(f"create trigger dies after insert on {harness.schema}.t for each statement execute function {harness.schema}.dies()")
    with pytest.raises(Unreachable):
        target.apply(batch(*rows(mapped, 1)))
    assert copies(harness) == []
    assert harness.rows(mapped.table) == []
