"""A transaction that is too large to be held: sources hand it on in parts, targets write the parts in one transaction."""

from collections import Counter
from contextlib import closing
from dataclasses import replace

import pytest

from cdc.model.change import ABSENT, Change, Idle, Op, Part, Position, Transaction
from cdc.model.endpoint import Endpoint
from cdc.model.errors import Incomplete, Refused, Unreachable
from cdc.model.parked import Cause, Parked
from cdc.model.table import ForeignKey, Table, TableName
from cdc.model.types import Kind
from cdc.source.feed import PART_ROWS, PART_SIZE
from cdc.source.mysql.source import MySQLSource
from cdc.source.postgresql.admin import PostgreSQLSourceAdmin
from cdc.source.postgresql.source import PostgreSQLSource
from demo.servers import PASSWORD
from tests.contract.targets import HARNESSES, batch, column, delete, plan, table, upsert
from tests.series import series

ID = column("id", Kind.INT)


@pytest.fixture(params=HARNESSES)
def harness(request):
    with HARNESSES[request.param](request) as made:
        yield made


@pytest.fixture
def account(harness):
    return harness.create(table(harness, "account", ID, column("name"), column("city")), audited=True)


@pytest.fixture
def mapped(account):
    return plan(account, mapping="accounts")


def opened(harness, *plans):
    target = harness.target(*plans)
    target.checkpoint()
    return target


def part(*writes, begins=False):
    return replace(batch(*writes, upto="inside"), after=Position("0"), transactions=0, begins=begins, ends=False)


def end(*writes, **facts):
    return replace(batch(*writes, upto="1", **facts), begins=False)


def several(mapped, numbers, name="a"):
    return [upsert(mapped, str(number), name, "x") for number in numbers]


def ids(harness, account):
    return [int(row["id"]) for row in harness.rows(account)]


def counted(applied):
    return sum(applied.rows.values())


# torture: J01


def test_parts_are_one_transaction(harness, account, mapped):
    """Staged rows and single ones; each part sees what the parts before it have done; all of it is counted at the end."""
    target = opened(harness, mapped)
    given = [
        part(*several(mapped, range(300)), begins=True),
        part(*several(mapped, range(200, 500), "b")),
        part(delete(mapped, "7"), upsert(mapped, "1000", "c", "x", moved=("8",))),
    ]
    assert [counted(target.apply(each)) for each in given] == [0, 0, 0]
    if harness.kind != "memory":  # it has no sessions that would not see it
        assert harness.rows(account) == []
        assert harness.effects(account) == Counter()
    applied = target.apply(end(*several(mapped, range(150), "a"), newest=5.0))
    assert applied.rows == {("accounts", Op.INSERT): 300 + 200 + 2, ("accounts", Op.UPDATE): 100 + 1, ("accounts", Op.DELETE): 1}
    assert applied.unchanged == {"accounts": 148}
    assert ids(harness, account) == [*range(500), 1000]
    target.close()
    stored = harness.target(mapped).checkpoint()
    assert (stored.position, stored.rows, stored.newest) == ("1", 300 + 300 + 2 + 150, 5.0)


def test_the_next_transaction_goes_on_behind_it(harness, account, mapped):
    target = opened(harness, mapped)
    for _ in range(2):
        target.apply(part(*several(mapped, range(120)), begins=True))
        target.apply(end(*several(mapped, range(120, 240))))
    assert counted(target.apply(batch(upsert(mapped, "999", "a", "x"), upto="2"))) == 1
    assert len(ids(harness, account)) == 241


def test_an_end_without_writes_moves_the_position(harness, account, mapped):
    target = opened(harness, mapped)
    target.apply(part(*several(mapped, range(3)), begins=True))
    assert counted(target.apply(end())) == 3
    target.close()
    assert (harness.target(mapped).checkpoint().position, ids(harness, account)) == ("1", [0, 1, 2])


@pytest.mark.parametrize("parts", [1, 2])
def test_given_up_in_between_nothing_is_there(harness, account, mapped, parts):
    target = opened(harness, mapped)
    for number in range(parts):
        target.apply(part(*several(mapped, range(number * 150, number * 150 + 150)), begins=not number))
    target.close()
    again = harness.target(mapped)
    assert (again.checkpoint().position, harness.rows(account), harness.effects(account)) == (None, [], Counter())


def test_a_session_that_is_lost_in_between_leaves_nothing(harness, account, mapped):
    if not harness.proxied:
        pytest.skip("has no connection")
    target = opened(harness, mapped)
    target.apply(part(*several(mapped, range(150)), begins=True))
    harness.sever(target)
    with pytest.raises(Unreachable):
        target.apply(end(*several(mapped, range(150, 300))))
    target.close()
    again = harness.target(mapped)
    assert (again.checkpoint().position, harness.rows(account)) == (None, [])
    again.apply(batch(upsert(mapped, "1", "a", "x")))
    assert ids(harness, account) == [1]


@pytest.mark.parametrize("late", [False, True])
def test_a_part_that_is_refused_leaves_the_others_as_they_were(harness, late):
    """It is named, and without it the part goes; in the first part and in a later one, in few rows and in many."""
    strict = harness.create(table(harness, "strict", ID, column("code"), unique={"strict_code": ("code",)}), audited=True)
    mapped = plan(strict)
    target = opened(harness, mapped)
    target.apply(part(*(upsert(mapped, str(n), f"c{n}") for n in range(150)), begins=True))
    good = [upsert(mapped, str(n), f"c{n}") for n in range(150, 300)]
    bad = upsert(mapped, "900", "c3")
    makes = end if late else part
    with pytest.raises(Refused) as told:
        target.apply(makes(*good, bad))
    assert [write for write, _ in told.value.refused] == [bad]
    target.apply(makes(*good))
    if not late:
        target.apply(end(upsert(mapped, "901", "c901")))
    assert ids(harness, strict) == [*range(300), *([] if late else [901])]
    assert harness.effects(strict) == Counter({Op.INSERT: 300 + (not late)})


def test_a_missing_row_with_a_partial_image_in_a_later_part(harness, account, mapped):
    target = opened(harness, mapped)
    target.apply(part(upsert(mapped, "1", "a", "x"), begins=True))
    lacking = upsert(mapped, "2", "b", ABSENT)
    with pytest.raises(Incomplete) as told:
        target.apply(part(upsert(mapped, "3", "c", "x"), upsert(mapped, "1", "A", ABSENT), lacking))
    assert told.value.writes == [lacking]
    target.apply(end(upsert(mapped, "2", "b", "y")))
    assert [(row["id"], row["name"]) for row in harness.rows(account)] == [("1", "a"), ("2", "b")]


def test_what_is_parked_comes_with_the_end(harness, account, mapped):
    lost = Change(Table(TableName("erp", "t"), (column("id"),), (0,)), Op.INSERT, None, ("1",))
    waits = Parked("accounts", lost, None, Position("inside"), (), Cause("f", "m", "h", waits=False))
    target = opened(harness, mapped)
    target.parked.keys()
    target.apply(replace(part(upsert(mapped, "1", "a", "x"), begins=True), parked=[waits]))
    target.apply(end(parked=[waits]))
    assert len(target.parked.keys()) == 1


def test_children_and_parents_over_parts(harness):
    """What a foreign key does not let go is refused in its part, and goes with the rest."""
    parent = harness.create(table(harness, "parent", ID, column("name")))
    key = ForeignKey("child_parent", ("parent",), parent.name, ("id",), cascades=False)
    child = harness.create(table(harness, "child", ID, column("parent", Kind.INT), foreign=(key,)))
    up, down = plan(parent, rank=0), plan(child, rank=1)
    target = opened(harness, up, down)
    target.apply(batch(upsert(up, "1", "a"), upsert(down, "1", "1")))
    with pytest.raises(Refused) as told:
        target.apply(part(delete(up, "1"), begins=True))
    assert told.value.waits
    target.apply(part(upsert(up, "2", "b"), begins=True))
    target.apply(end(delete(up, "1"), delete(down, "1")))
    assert (ids(harness, parent), ids(harness, child)) == ([2], [])


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_deferred_constraint_is_looked_at_in_its_part(request, kind):
    """COMMIT would find it when the part's rows are gone; a circle within a part stays legal."""
    with HARNESSES[kind](request) as harness:
        harness.execute(
            f"create table {harness.schema}.ring (id bigint primary key,"
            f" up bigint constraint ring_up references {harness.schema}.ring deferrable initially deferred)"
        )
        described = table(harness, "ring", ID, column("up", Kind.INT))
        made = replace(described, columns=tuple(replace(c, type=replace(c.type, native="bigint")) for c in described.columns))
        ring = plan(made)
        target = opened(harness, ring)
        target.apply(part(upsert(ring, "1", "2"), upsert(ring, "2", "1"), begins=True))
        lost = upsert(ring, "3", "4")
        with pytest.raises(Refused) as told:
            target.apply(part(upsert(ring, "5", "1"), lost))
        assert [write for write, _ in told.value.refused] == [lost]
        target.apply(part(upsert(ring, "5", "1")))
        target.apply(end(lost, upsert(ring, "4", "3")))
        assert ids(harness, made) == [1, 2, 3, 4, 5]


# sources


class Log:
    """A database with a table that a source follows."""

    def __init__(self, server, name):
        self.server, self.engine, self.name = server, server.engine, name
        self.table = TableName("public" if self.engine == "postgresql" else name, "t")
        self.sql = server.connect(name)
        self.run(f"create table t (id int primary key, note {'text' if self.engine == 'postgresql' else 'longtext'})")
        self.pipeline = f"p_{name}"
        self.endpoint = Endpoint("erp", self.engine, "127.0.0.1", server.port, "cdc", PASSWORD, name, {})
        if self.engine == "postgresql":
            with closing(PostgreSQLSourceAdmin(self.endpoint, self.pipeline)) as admin:
                for statement in admin.setup([self.table]):
                    admin.execute(statement)

    def run(self, *statements):
        cursor = self.sql.cursor()
        for statement in statements:
            cursor.execute(statement)

    def fill(self, first, count, note="'x'"):
        numbers = f"generate_series(1, {count}) s(seq)" if self.engine == "postgresql" else series(count)
        return f"insert into t select seq + {first - 1}, {note} from {numbers} order by seq"

    def source(self):
        kind = PostgreSQLSource if self.engine == "postgresql" else MySQLSource
        return closing(kind(self.endpoint, self.pipeline, [self.table], "crm"))

    def head(self):
        with self.source() as source:
            return source.head()

    def items(self, after):
        with self.source() as source:
            return list(source.read(after, source.head()))

    def close(self):
        if self.engine == "postgresql":
            with closing(PostgreSQLSourceAdmin(self.endpoint, self.pipeline)) as admin:
                for statement in admin.teardown():
                    admin.execute(statement)
        self.sql.close()


@pytest.fixture(params=["postgresql", "mariadb"])
def log(request, database):
    server = request.getfixturevalue(request.param)
    made = Log(server, database(server))
    yield made
    made.close()


def taken(items):
    """The transactions with their parts."""
    groups = [[]]
    for item in items:
        if not isinstance(item, Idle):
            groups[-1].append(item)
        if isinstance(item, Transaction):
            groups.append([])
    return groups[:-1]


def test_a_large_transaction_comes_in_parts(log):
    after = log.head()
    log.run("insert into t values (1, 'before')")
    log.run("begin", log.fill(2, 12_000), "update t set note = 'y' where id <= 3", "commit", "insert into t values (20000, 'behind')")
    small, (*parts, last), behind = taken(log.items(after))
    assert (len(small), len(behind)) == (1, 1)
    assert parts
    assert all(isinstance(each, Part) for each in parts)
    assert max(len(each.changes) for each in (*parts, last)) < 2 * PART_ROWS
    ids = [c.new[0] for each in (*parts, last) for c in each.changes]
    assert ids == [*map(str, range(2, 12_002)), "1", "2", "3"]
    assert {each.committed_at for each in parts} == {last.committed_at}
    assert [taken(log.items(one.upto)) != [] for one in (small[0], last, behind[0])] == [True, True, False]
    assert [c.new[0] for c in taken(log.items(last.upto))[0][0].changes] == ["20000"]


def test_what_was_rolled_back_to_a_savepoint_does_not_come(log):
    after = log.head()
    log.run(
        "begin", log.fill(1, 6_000), "savepoint a", log.fill(10_001, 6_000), "rollback to savepoint a", log.fill(20_001, 6_000), "commit"
    )
    log.run("begin", log.fill(30_001, 6_000), "rollback")
    ((*parts, last),) = taken(log.items(after))
    assert parts
    ids = [int(c.new[0]) for each in (*parts, last) for c in each.changes]
    assert ids == [*range(1, 6_001), *range(20_001, 26_001)]


def test_a_few_large_rows_are_a_part_and_a_place_inside_sees_the_transaction(log):
    """The source is asked from a place inside; what it answers is not older than the transaction."""
    after = log.head()
    log.run("begin", log.fill(1, 30, "repeat('x', 1000000)"), "insert into t values (99, 'last')", "commit")
    ((*parts, _),) = taken(log.items(after))
    assert parts
    assert max(each.size for each in parts) < 2 * PART_SIZE + 10_000_000
    assert [len(c.new[1]) for each in parts for c in each.changes if c.new[0] != "99"][:3] == [1_000_000] * 3
    with log.source() as source:
        items = source.read(after, source.head())
        first = next(item for item in items if isinstance(item, Part))
        assert list(source.fetch(first.changes[0].table, [("99",)], first.at)) == [("99", "last")]


def test_an_own_transaction_of_any_size_is_only_counted(log):
    after = log.head()
    if log.engine == "postgresql":
        log.run("begin", "select pg_logical_emit_message(true, 'cdc', 'crm')", log.fill(1, 12_000), "commit")
        ((echo,),) = taken(log.items(after))
        assert (echo.changes, echo.echoes) == ([], 12_000)
    else:
        pytest.skip("its marker is a row of our own table: the two-way tests have that")
