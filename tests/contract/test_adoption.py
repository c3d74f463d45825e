"""Rows of the target that are there already become source rows' own, over all targets: never a second row, never two into one."""

from collections import Counter
from dataclasses import replace

import pytest

from cdc.model.change import ABSENT, Op
from cdc.model.errors import BadRow, Incomplete, Unreachable
from cdc.model.reference import Lookup, Maker, Match, Missing, Ref, Xref
from cdc.model.types import Kind
from cdc.model.write import Deletes, Newest
from tests.contract.crosswalked import crosswalk, crosswalked, from_erp, opened
from tests.contract.targets import HARNESSES, batch, column, delete, plan, table, upsert
from tests.proxy import Proxy

ID = column("id", Kind.INT, identity=True, default=True)
COLUMNS = (ID, column("email"), column("tax_id"), column("name"), column("parent_id", Kind.INT), column("gone", Kind.INT), column("remark"))


@pytest.fixture(params=HARNESSES)
def harness(request):
    with crosswalked(request) as made:
        yield made


@pytest.fixture
def entity(harness):
    """A name of the test's own: all tests share one crosswalk."""
    return f"e{harness.pipeline}"


@pytest.fixture
def proxy(harness):
    if not harness.proxied:
        pytest.skip("has no connection")
    made = Proxy(harness.proxied)
    yield made
    made.close()


@pytest.fixture
def account(harness):
    return harness.create(table(harness, "account", *COLUMNS), audited=True)


class Accounts:
    """A mapping to the accounts; `by` are the ways in which rows are matched."""

    def __init__(self, definition, entity, *by, maker=Maker.DATABASE, name="accounts", **facts):
        of = definition.column
        marks = tuple((of(column), text) for column, text in facts.get("soft", {}).items())
        ways = tuple(Match(definition, tuple(map(of, columns)), of("id"), marks) for columns in by or (("email",),))
        self.own, self.parent = Xref("id", entity, None, maker, ways), Xref("parent_id", entity, None, None)
        made = plan(definition, "id", "email", "tax_id", "name", "parent_id", mapping=name, **facts)
        self.plan = replace(made, references=(self.own, self.parent))

    def row(self, source, email=None, tax_id=None, name=None, parent=None, moved=None):
        refers = parent if parent is None or parent is ABSENT else Ref(self.parent, (parent,))
        return upsert(self.plan, Ref(self.own, (source,)), email, tax_id, name, refers, moved=moved and (Ref(self.own, (moved,)),))

    def gone(self, source):
        return delete(self.plan, Ref(self.own, (source,)))


@pytest.fixture
def accounts(account, entity):
    return Accounts(account, entity)


def names(harness, account):
    return {row["id"]: row["name"] for row in harness.rows(account)}


def test_a_row_that_agrees_is_adopted_and_others_are_made(harness, account, accounts, entity):
    harness.insert(account, {"email": "a@x", "name": "theirs", "remark": "kept"}, {"email": "other@x", "name": "theirs"})
    target = opened(harness, accounts.plan)
    applied = target.apply(from_erp(accounts.row("500", "a@x", name="A"), accounts.row("501", "b@x", name="B")))
    assert applied.adopted == {"accounts": 1}
    assert applied.rows == {("accounts", Op.UPDATE): 1, ("accounts", Op.INSERT): 1}
    made = crosswalk(harness, entity)
    assert made["erp", "500"] == "1"
    assert names(harness, account) == {"1": "A", "2": "theirs", made["erp", "501"]: "B"}
    assert [row["remark"] for row in harness.rows(account)] == ["kept", None, None]
    again = target.apply(from_erp(accounts.row("500", "new@x", name="A"), accounts.row("501", "b@x", name="B"), upto="2"))
    assert (again.adopted, again.rows, again.unchanged) == ({}, {("accounts", Op.UPDATE): 1}, {"accounts": 1})
    assert crosswalk(harness, entity) == made


def test_a_full_target_is_adopted_in_bulk_and_loaded_again_without_a_second_row(harness, account, accounts, entity):
    harness.insert(account, *({"email": f"{at}@x", "name": "theirs"} for at in range(250)))
    target = opened(harness, accounts.plan)
    writes = [accounts.row(str(at), f"{at}@x", name=f"row {at}") for at in range(150, 400)]
    assert target.apply(from_erp(*writes)).adopted == {"accounts": 100}
    assert target.apply(from_erp(*writes, upto="2")).unchanged == {"accounts": 250}
    made = crosswalk(harness, entity)
    assert {at: made["erp", str(at)] for at in range(150, 250)} == {at: str(at + 1) for at in range(150, 250)}
    assert len(harness.rows(account)) == len(set(made.values())) + 150 == 400
    assert harness.effects(account) == Counter({Op.UPDATE: 100, Op.INSERT: 150})


@pytest.mark.parametrize("others", [0, 2])
def test_several_rows_that_agree_are_an_error_that_tells_no_value(harness, account, accounts, entity, others):
    harness.insert(account, {"email": "secret@x"}, {"email": "secret@x"})
    with pytest.raises(BadRow, match=r"mapping accounts: .*account \(key \w+\): several rows agree with it on email") as refused:
        opened(harness, accounts.plan).apply(
            from_erp(*(accounts.row(str(at), f"{at}@x") for at in range(others)), accounts.row("9", "secret@x"))
        )
    assert "secret" not in f"{refused.value}{refused.value.hint}"
    assert (len(harness.rows(account)), crosswalk(harness, entity)) == (2, {})


@pytest.mark.parametrize("there", [0, 1])
def test_two_source_rows_that_agree_are_never_one_row(harness, account, accounts, entity, there):
    """Whether the first of them was adopted or made, in one batch or in two."""
    harness.insert(account, *[{"email": "a@x"}] * there)
    first, second = accounts.row("1", "a@x"), accounts.row("2", "a@x")
    target = opened(harness, accounts.plan)
    with pytest.raises(BadRow, match="is another source row's already on email"):
        target.apply(from_erp(first, accounts.row("3", "c@x"), second))
    assert (len(harness.rows(account)), crosswalk(harness, entity)) == (there, {})
    target.apply(from_erp(first))
    with pytest.raises(BadRow, match="is another source row's already on email"):
        target.apply(from_erp(second, upto="2"))
    assert (len(harness.rows(account)), len(crosswalk(harness, entity))) == (1, 1)


def test_the_server_says_which_texts_are_equal(harness, entity):
    if harness.kind == "memory":
        pytest.skip("compares as Python does")
    native = {"mysql": "varchar(100) character set utf8mb4 collate utf8mb4_general_ci"}.get(harness.kind, "varchar(100)")
    email = replace(column("email"), type=replace(column("email").type, native=native))
    account = harness.create(table(harness, "account", ID, email, *COLUMNS[2:]))
    accounts = Accounts(account, entity)
    harness.insert(
        account, {"email": "Ann@X", "name": "theirs"}, {"email": "bob@x", "name": "theirs"}, {"email": "BOB@x", "name": "theirs"}
    )
    target = opened(harness, accounts.plan)
    if harness.kind == "postgresql":
        assert target.apply(from_erp(accounts.row("1", "ann@x"), accounts.row("2", "bob@x"))).adopted == {"accounts": 1}
        return
    assert target.apply(from_erp(accounts.row("1", "ann@x"))).adopted == {"accounts": 1}
    with pytest.raises(BadRow, match="several rows agree"):
        target.apply(from_erp(accounts.row("2", "bob@x"), upto="2"))
    with pytest.raises(BadRow, match="is another source row's already"):
        target.apply(from_erp(accounts.row("3", "Eve@x"), accounts.row("4", "eve@x"), upto="2"))
    assert len(harness.rows(account)) == 3


def test_null_agrees_with_nothing_and_all_columns_must_agree(harness, account, entity):
    accounts = Accounts(account, entity, ("email", "tax_id"))
    harness.insert(account, {"email": "a@x"}, {"tax_id": "T"}, {"email": "b@x", "tax_id": "T"}, {"email": "c@x", "tax_id": "U"})
    writes = [
        accounts.row("1", "a@x"), accounts.row("2", None, "T"), accounts.row("3", "b@x", "U"), accounts.row("4", "c@x", "U"),
    ]  # fmt: skip
    applied = opened(harness, accounts.plan).apply(from_erp(*writes))
    assert applied.adopted == {"accounts": 1}
    assert crosswalk(harness, entity)["erp", "4"] == "4"
    assert len(harness.rows(account)) == 7


def test_ways_are_tried_in_order(harness, account, entity):
    accounts = Accounts(account, entity, ("tax_id",), ("email", "name"))
    harness.insert(
        account,
        {"tax_id": "T1", "email": "old@x", "name": "n"},
        {"email": "b@x", "name": "B"},
        {"tax_id": "T3", "email": "c@x", "name": "C"},
        {"tax_id": "T9", "email": "a@x", "name": "A"},
    )
    writes = [
        accounts.row("1", "a@x", "T1", "A"),  # the tax number goes before what else agrees
        accounts.row("2", "b@x", "T2", "B"),
        accounts.row("3", "new@x", "T3", "N"),
        accounts.row("4", "b@x", None, "other"),
    ]
    target = opened(harness, accounts.plan)
    assert target.apply(from_erp(*writes)).adopted == {"accounts": 3}
    made = crosswalk(harness, entity)
    assert [made["erp", str(at)] for at in (1, 2, 3)] == ["1", "2", "3"]
    assert len(harness.rows(account)) == 5
    with pytest.raises(BadRow, match=r"another source row's already on email, name"):
        target.apply(from_erp(accounts.row("6", "b@x", "T6", "B"), upto="2"))


def test_rows_that_a_soft_delete_has_marked_are_not_there(harness, account, entity):
    accounts = Accounts(account, entity, deletes=Deletes.SOFT, soft={"gone": "1"})
    harness.insert(account, {"email": "a@x", "gone": "1"}, {"email": "a@x"}, {"email": "b@x", "gone": "1"}, {"email": "c@x", "gone": "0"})
    applied = opened(harness, accounts.plan).apply(from_erp(accounts.row("1", "a@x"), accounts.row("2", "b@x"), accounts.row("3", "c@x")))
    assert applied.adopted == {"accounts": 2}
    made = crosswalk(harness, entity)
    assert (made["erp", "1"], made["erp", "3"]) == ("2", "4")
    assert len(harness.rows(account)) == 5


def test_rows_refer_to_one_another_whoever_made_them(harness, account, entity):
    """Adopted and new rows in one batch, in rings as far as the engine can make them, and rows matched by what they refer to."""
    accounts = Accounts(account, entity, ("email",), ("parent_id", "name"))
    harness.insert(
        account, {"email": "a@x"}, {"email": "b@x"}, {"name": "child", "parent_id": "1"}, {"name": "grandchild", "parent_id": "3"}
    )
    writes = [
        accounts.row("4", "nobody@x", name="grandchild", parent="3"),
        accounts.row("3", None, name="child", parent="1"),
        accounts.row("1", "a@x", parent="2"),
        accounts.row("2", "b@x", parent=None if harness.kind == "memory" else "1"),  # it goes row by row, where a ring has no beginning
        accounts.row("5", "e@x", name="child", parent="6"),
        accounts.row("6", "f@x", name="new", parent="1"),
    ]
    assert opened(harness, accounts.plan).apply(from_erp(*writes)).adopted == {"accounts": 4}
    made = crosswalk(harness, entity)
    assert [made["erp", str(at)] for at in (1, 2, 3, 4)] == ["1", "2", "3", "4"]
    parents = {row["id"]: row["parent_id"] for row in harness.rows(account)}
    assert parents == {
        "1": "2",
        "2": None if harness.kind == "memory" else "1",
        "3": "1",
        "4": "3",
        made["erp", "5"]: made["erp", "6"],
        made["erp", "6"]: "1",
    }


def test_rows_are_matched_by_what_is_looked_up(harness, account, entity):
    users = harness.create(table(harness, "users", column("id", Kind.INT), column("login")))
    harness.insert(users, {"id": "7", "login": "ann"})
    accounts = Accounts(account, entity, ("parent_id",))
    lookup = Lookup("parent_id", users, (users.column("login"),), users.column("id"), Missing.KEEP, None)
    mapped = replace(accounts.plan, references=(accounts.own, lookup))
    harness.insert(account, {"parent_id": "7", "name": "theirs"})
    rows = [
        upsert(mapped, Ref(accounts.own, (key,)), None, None, login, Ref(lookup, (login,))) for key, login in (("1", "ann"), ("2", "eve"))
    ]
    assert opened(harness, mapped).apply(from_erp(*rows)).adopted == {"accounts": 1}
    assert sorted(row["name"] for row in harness.rows(account)) == ["ann", "eve"]


def test_what_earlier_writes_of_the_batch_have_done_counts(harness, account, accounts, entity):
    """Another mapping writes the same table; rows are deleted, renamed and made before the one that may adopt them comes."""
    plain = plan(account, "id", "email", mapping="plain")
    harness.insert(account, {"email": "old@x"}, {"email": "gone@x"}, {"email": "taken@x"})
    target = opened(harness, accounts.plan, plain)
    target.apply(from_erp(accounts.row("1", "taken@x")))
    writes = [
        upsert(plain, "1", "new@x"),
        accounts.row("2", "old@x"),  # nobody has it any more
        upsert(plain, "50", "made@x"),
        accounts.row("3", "made@x"),
        delete(plain, "2"),
        accounts.row("4", "gone@x"),
        accounts.row("1", "free@x"),
        accounts.row("5", "taken@x"),  # its owner has just let it go
        accounts.row("6", "new@x"),
    ]
    assert target.apply(from_erp(*writes, upto="2")).adopted == {"accounts": 2}
    made = crosswalk(harness, entity)
    assert (made["erp", "1"], made["erp", "3"], made["erp", "6"]) == ("3", "50", "1")
    emails = {row["id"]: row["email"] for row in harness.rows(account)}
    assert emails == {
        "1": "new@x", "3": "free@x", "50": "made@x", made["erp", "2"]: "old@x", made["erp", "4"]: "gone@x", made["erp", "5"]: "taken@x",
    }  # fmt: skip


def test_a_deleted_row_s_value_may_be_a_new_row_s(harness, account, accounts, entity):
    target = opened(harness, accounts.plan)
    target.apply(from_erp(accounts.row("1", "a@x")))
    applied = target.apply(from_erp(accounts.gone("1"), accounts.row("2", "a@x"), accounts.row("2", "a@x", name="again"), upto="2"))
    assert applied.adopted == {}
    assert list(names(harness, account).values()) == ["again"]
    assert crosswalk(harness, entity).keys() == {("erp", "1"), ("erp", "2")}


def test_a_changed_source_key_adopts_nothing_but_what_it_has(harness, account, accounts, entity):
    harness.insert(account, {"email": "a@x"}, {"email": "b@x"})
    target = opened(harness, accounts.plan)
    target.apply(from_erp(accounts.row("1", "a@x")))
    assert target.apply(from_erp(accounts.row("2", "a@x", moved="1"), upto="2")).adopted == {}
    assert target.apply(from_erp(accounts.row("4", "b@x", moved="3"), upto="3")).adopted == {"accounts": 1}
    assert crosswalk(harness, entity) == {("erp", "2"): "1", ("erp", "4"): "2"}


def test_partial_rows_are_asked_for_whole(harness, account, accounts, entity):
    harness.insert(account, {"email": "a@x"})
    partial = [accounts.row(str(at), ABSENT, name="n") for at in range(2)]
    target = opened(harness, accounts.plan)
    with pytest.raises(Incomplete) as lacking:
        target.apply(from_erp(*partial))
    assert {id(write) for write in lacking.value.writes} <= set(map(id, partial))
    assert (len(harness.rows(account)), crosswalk(harness, entity)) == (1, {})


def test_each_source_has_its_own_entry_of_one_row(harness, account, accounts, entity):
    harness.insert(account, {"email": "a@x"})
    target = opened(harness, accounts.plan)
    target.apply(from_erp(accounts.row("1", "a@x")))
    assert target.apply(batch(accounts.row("77", "a@x"), upto="2", origin=("erp", "shop"))).adopted == {"accounts": 1}
    assert crosswalk(harness, entity) == {("erp", "1"): "1", ("shop", "77"): "1"}


def test_a_row_of_another_entity_of_the_table_is_taken(harness, account, accounts, entity):
    people = Accounts(account, f"{entity}p", name="people")
    harness.insert(account, {"email": "a@x"})
    target = opened(harness, accounts.plan, people.plan)
    target.apply(from_erp(accounts.row("1", "a@x")))
    with pytest.raises(BadRow, match=r"mapping people: .* is another source row's already"):
        target.apply(from_erp(people.row("1", "a@x"), upto="2"))


def test_keys_that_are_texts_are_adopted_too(harness, entity):
    columns = (column("id"), column("email"), column("tax_id"), column("name"), column("parent_id"))
    account = harness.create(table(harness, "account", *columns))
    harness.insert(account, {"id": "key 'of' theirs", "email": "a@x"})
    accounts = Accounts(account, entity, maker=Maker.UUID)
    target = opened(harness, accounts.plan)
    assert target.apply(from_erp(accounts.row("2", "b@x", parent="1"), accounts.row("1", "a@x"))).adopted == {"accounts": 1}
    made = crosswalk(harness, entity)
    assert {row["id"]: row["parent_id"] for row in harness.rows(account)} == {"key 'of' theirs": None, made["erp", "2"]: "key 'of' theirs"}
    assert target.apply(from_erp(accounts.row("1", "a@x"), upto="2")).unchanged == {"accounts": 1}


def test_what_only_a_new_row_gets_stays_as_it_is_in_an_adopted_one(harness, account, entity):
    accounts = Accounts(account, entity, once=["name"])
    harness.insert(account, {"email": "a@x", "name": "theirs"})
    opened(harness, accounts.plan).apply(from_erp(accounts.row("1", "a@x", name="ours"), accounts.row("2", "b@x", name="ours")))
    assert list(names(harness, account).values()) == ["theirs", "ours"]


def test_an_adopted_row_keeps_what_is_newer(harness, account, entity):
    timed = Accounts(account, entity)
    timed.plan = replace(timed.plan, newest=Newest(2, frozenset({2, 3}), ties=False))
    harness.insert(account, {"email": "a@x", "tax_id": "20", "name": "newer"}, {"email": "b@x", "tax_id": "10", "name": "older"})
    target = opened(harness, timed.plan)
    applied = target.apply(
        from_erp(timed.row("1", "a@x", "15", "ours"), timed.row("2", "b@x", "15", "ours"), timed.row("3", "c@x", "15", "ours"))
    )
    assert list(names(harness, account).values()) == ["newer", "ours", "ours"]
    assert (applied.adopted, applied.kept) == ({"accounts": 2}, {"accounts": 1})


def test_a_row_that_an_application_inserts_meanwhile_is_adopted_where_an_index_is_unique(harness, entity, monkeypatch):
    """It comes between our question and our insert. Without a unique index, nobody can know of it before our commit."""
    if harness.kind == "memory":
        pytest.skip("has no others")
    account = harness.create(table(harness, "account", *COLUMNS, unique={"email_once": ("email",)}))
    accounts = Accounts(account, entity)
    target = opened(harness, accounts.plan)
    asked = target._store.agreeing
    calls = iter([True])

    def meanwhile(match, keys):
        found = asked(match, keys)
        if next(calls, False):
            harness.insert(account, {"email": "a@x", "name": "theirs", "remark": "kept"})
        return found

    monkeypatch.setattr(target._store, "agreeing", meanwhile)
    applied = target.apply(from_erp(accounts.row("1", "a@x", name="ours"), accounts.row("2", "b@x", name="ours")))
    assert applied.adopted == {"accounts": 1}
    rows = {row["email"]: (row["name"], row["remark"]) for row in harness.rows(account)}
    assert rows == {"a@x": ("ours", "kept"), "b@x": ("ours", None)}


@pytest.mark.parametrize("text", [b"cdc.crosswalk (", b"commit"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_connection_that_is_cut_adopts_nothing_and_the_next_does_so_once(harness, account, accounts, entity, proxy, text, count):
    harness.insert(account, *({"email": f"{at}@x", "name": "theirs"} for at in range(count)))
    target = harness.target(accounts.plan, port=proxy.port)
    target.checkpoint()
    proxy.lose_request(text)
    writes = [accounts.row(str(at), f"{at}@x", name="ours") for at in range(count + 1)]
    with pytest.raises(Unreachable):
        target.apply(from_erp(*writes))
    assert proxy.cut.wait(10)
    target.close()
    again = opened(harness, accounts.plan)
    assert (set(names(harness, account).values()), crosswalk(harness, entity)) == ({"theirs"}, {})
    assert again.apply(from_erp(*writes)).adopted == {"accounts": count}
    assert len(harness.rows(account)) == len(crosswalk(harness, entity)) == count + 1
    assert harness.effects(account) == Counter({Op.UPDATE: count, Op.INSERT: 1})
