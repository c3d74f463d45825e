"""Rows that can't be mapped or written: their keys wait, everything else goes on, and they go on by themselves once nothing keeps them.

Every row version that reaches the target is put down by triggers, so that effects can be counted.
"""

import json
from urllib.request import urlopen

import pytest

from cdc.sql.ledger import AUDIT
from tests.service import Service

CANARY = "canary-4711"
CUSTOMERS = """\
version: 1
mapping: customers
source: customer
target: account
key: [id]
columns:
  id: id
  name: name
  size: cast(size as integer)
"""
ORDERS = """\
version: 1
mapping: orders
source: sale
target: purchase
key: [id]
columns: {id: id, account_id: customer_id, note: note}
"""
ERP = (
    "create table customer (id int primary key, name varchar(40) not null, size varchar(40))",
    "create table sale (id int primary key, customer_id int not null, note varchar(40))",
)
CRM = (
    "create table account (id int primary key, name varchar(40) not null, size int, constraint named unique (name))",
    "create table purchase (id int primary key, account_id int not null references account (id), note varchar(40))",
    "create table seen (n {count}, what varchar(20), id int, text varchar(40))",
)
PG_SEEN = (
    """create function seen() returns trigger language plpgsql as $$ begin
        insert into public.seen (what, id, text) values (lower(tg_op) || ' ' || tg_argv[0], new.id, to_jsonb(new) ->> tg_argv[1]);
        return new; end $$""",
    "create trigger seen after insert or update on account for each row execute function seen('account', 'name')",
    "create trigger seen after insert or update on purchase for each row execute function seen('purchase', 'note')",
)
MY_SEEN = tuple(
    f"create trigger {table}_{op} after {op} on {table} for each row insert into seen (what, id, text) values ('{op} {table}', new.id, new.{text})"
    for table, text in (("account", "name"), ("purchase", "note"))
    for op in ("insert", "update")
)
PAIRS = [("postgresql", "mariadb"), ("mariadb", "postgresql")]


@pytest.fixture(params=PAIRS, ids="-to-".join)
def world(request, tmp_path):
    source, target = (request.getfixturevalue(engine) for engine in request.param)
    service = Service(tmp_path, {"erp": source, "crm": target}, {"flow": ("erp", "crm", {"customers": CUSTOMERS, "orders": ORDERS})})
    service.sql("erp", *ERP)
    count = "bigint generated always as identity" if service.is_postgresql("crm") else "bigint auto_increment primary key"
    service.sql("crm", *(statement.format(count=count) for statement in CRM))
    service.sql("crm", *(PG_SEEN if service.is_postgresql("crm") else MY_SEEN))
    yield service
    service.close()


def parked(service, *words):
    done = service.command("parked", "list", "--format", "json", *words)
    assert done.returncode == 0, done.stderr
    assert CANARY not in done.stdout
    return json.loads(done.stdout)


def act(service, *words):
    done = service.command("parked", *words)
    assert done.returncode == 0, done.stderr
    return done.stderr


def accounts(service):
    return service.sql("crm", "select id, name, size from account order by id")


def purchases(service):
    return service.sql("crm", "select id, account_id, note from purchase order by id")


def effects(service, what, number):
    return [text for (text,) in service.sql("crm", f"select text from seen where what like '% {what}' and id = {number} order by n")]


def waits(service, count):
    return lambda: service.state("flow") == "streaming" and service.metric("parked_rows", "flow") == count


def test_a_bad_row_waits_with_what_comes_behind_it_and_those_that_need_it(world):  # torture: C09, G11
    """A customer without a number for a size: its orders have no parent; other rows flow. Mended at the source, all go on by themselves."""
    world.sql("erp", "insert into customer values (1, 'Ann', '10'), (2, 'Bob', 'ten')", f"insert into sale values (20, 2, '{CANARY}')")
    world.start()
    world.until(waits(world, 2))
    assert accounts(world) == [(1, "Ann", 10)]
    world.sql("erp", "insert into sale values (10, 1, 'for Ann')", "update customer set name = 'Bobby' where id = 2")
    world.sql("erp", "update sale set note = 'again' where id = 20", "insert into customer values (3, 'Cid', '30')")
    world.until(waits(world, 4))
    world.until(lambda: purchases(world) == [(10, 1, "for Ann")] and len(accounts(world)) == 2)
    found = parked(world)
    assert [(one["mapping"], one["op"], one["behind"] and found[0]["id"] - one["behind"]) for one in found] == [
        ("customers", "insert", None), ("orders", "insert", None), ("customers", "update", 0), ("orders", "update", -1)
    ]  # fmt: skip
    assert "column 'size'" in found[0]["message"] and found[0]["hint"] and "purchase" in found[1]["message"]
    with urlopen(f"http://127.0.0.1:{world.port}/metrics", timeout=10) as answer:
        assert CANARY not in answer.read().decode()
    status = json.loads(world.command("status", "--format", "json").stdout)["pipelines"][world.names["flow"]]
    assert (status["state"], status["parked"], status["last_error"]) == ("streaming", 4, None)
    world.sql("erp", "update customer set size = '20' where id = 2")
    world.until(waits(world, 0))
    assert accounts(world) == [(1, "Ann", 10), (2, "Bobby", 20), (3, "Cid", 30)]
    assert purchases(world) == [(10, 1, "for Ann"), (20, 2, "again")]
    assert effects(world, "account", 2) == ["Bobby"]
    assert effects(world, "purchase", 20)[-1:] == ["again"] and len(effects(world, "purchase", 20)) <= 2
    assert world.metric("parked_total", "flow") == world.metric("parked_replayed_total", "flow") == 5
    world.stop()
    assert CANARY not in world.log()


def test_what_the_target_refuses_goes_on_when_its_cause_is_gone_and_an_operator_says_so(world):
    """Another row of the target has the name. The operator frees it, and asks for another try, twice, whether the daemon runs or not."""
    world.sql("crm", f"insert into account (id, name) values (99, '{CANARY}')")
    world.sql("erp", f"insert into customer values (1, '{CANARY}', '10'), (2, 'Bob', '20')")
    world.once()
    assert accounts(world) == [(2, "Bob", 20), (99, CANARY, None)]
    (found,) = parked(world)
    for _ in range(2):
        assert "1 to be tried again" in act(world, "replay", str(found["id"]))
    audit = world.sql(
        "crm", f"select what, detail from cdc.{AUDIT} where what like 'parked%' and pipeline = '{world.names['flow']}' order by id"
    )
    assert audit[0] == ("parked replay", f"ids {found['id']}") and CANARY not in str(audit)
    world.start()
    world.until(waits(world, 1))
    world.sql("crm", "update account set name = 'freed' where id = 99")
    act(world, "replay", "--mapping", "customers", "--yes")
    world.until(waits(world, 0))
    assert accounts(world) == [(1, CANARY, 10), (2, "Bob", 20), (99, "freed", None)]
    assert effects(world, "account", 1) == [CANARY]
    assert "nothing of that is parked" in act(world, "replay", str(found["id"]))
    world.stop()
    assert CANARY not in world.log()


def test_an_operator_mends_a_row_or_gives_it_up(world):
    world.sql("erp", "insert into customer values (1, 'Ann', 'ten'), (2, 'Bob', 'two'), (3, 'Cid', '30')")
    world.once()
    first, second = parked(world)
    world.sql("erp", "update customer set name = 'Bobby' where id = 2")
    world.once()
    assert accounts(world) == [(3, "Cid", 30)]
    shown = world.command("parked", "show", str(first["id"]), "--values", "--format", "json")
    assert json.loads(shown.stdout)[0]["new"] == {"id": "1", "name": "Ann", "size": "ten"}
    tests = world.command("parked", "show", str(first["id"]), "--to-test").stdout
    assert '"name": "Xxx"' in tests and "Ann" not in tests
    assert "no column 'sizes'" in world.command("parked", "edit", str(first["id"]), "--set", "sizes=1").stderr
    for _ in range(2):
        act(world, "edit", str(first["id"]), "--set", "size=11", "--null", "size", "--set", "size=12")
    refused = world.command("parked", "skip", "--cause", second["cause"])
    assert (refused.returncode, len(parked(world))) == (2, 3)
    assert "2 given up, 1 of them behind others" in act(world, "skip", str(second["id"]), "--yes")
    assert "nothing of that is parked" in act(world, "skip", str(second["id"]), "--yes")
    world.once()
    assert accounts(world) == [(1, "Ann", 12), (3, "Cid", 30)]
    assert parked(world) == []
    world.sql("erp", "update customer set size = '2' where id = 2")
    world.once()
    assert accounts(world)[1] == (2, "Bobby", 2)


@pytest.mark.parametrize("world", PAIRS[:1], indirect=True, ids="-to-".join)
def test_more_than_the_budget_ends_the_pipeline_and_applies_nothing_of_the_batch(world):
    config = world.folder / "cdc.yaml"
    config.write_text(config.read_text().replace("mappings: flow", "mappings: flow, parking: {rows: 2}"))
    world.sql("erp", "insert into customer values (1, 'Ann', '10')")
    world.once()
    world.sql("erp", "insert into customer values (2, 'Bob', '20'), (3, 'Cid', 'x'), (4, 'Dan', 'y'), (5, 'Eve', 'z')")
    done = world.command("run", "--once")
    assert done.returncode == 1 and "more than `parking: rows` (2)" in done.stderr and "cdc parked list" in done.stderr
    assert accounts(world) == [(1, "Ann", 10)] and parked(world) == []


@pytest.mark.soak
@pytest.mark.parametrize(("world", "point"), [(PAIRS[0], "parked.pre"), (PAIRS[1], "apply.post_commit")], indirect=["world"])
def test_a_kill_around_parking_or_releasing_loses_and_doubles_nothing(world, point):
    """Killed while it parks, and again while it releases. torture: A13"""
    world.sql("erp", "insert into customer values (1, 'Ann', '10')")
    world.once()
    world.sql("erp", "insert into customer values (2, 'Bob', 'two'), (3, 'Cid', '30')", "insert into sale values (20, 2, 'for Bob')")
    world.start({"CDC_FAILPOINTS": f"{point}:1:kill"})
    assert world.process.wait(60) == -9
    world.once()
    assert accounts(world) == [(1, "Ann", 10), (3, "Cid", 30)] and {one["mapping"] for one in parked(world)} == {"customers", "orders"}
    world.sql("erp", "update customer set size = '2' where id = 2")
    world.start({"CDC_FAILPOINTS": f"{point}:2:kill"})
    world.process.wait(60)
    world.once()
    assert accounts(world) == [(1, "Ann", 10), (2, "Bob", 2), (3, "Cid", 30)] and purchases(world) == [(20, 2, "for Bob")]
    assert parked(world) == []
    assert [effects(world, "account", number) for number in (1, 2, 3)] == [["Ann"], ["Bob"], ["Cid"]]
    assert effects(world, "purchase", 20) == ["for Bob"]
