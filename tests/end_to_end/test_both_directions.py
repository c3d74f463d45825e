"""Two directions out of one folder: every mapping says `direction: both`, and what the opposite pipeline does follows from it."""

import json
from collections import Counter

import pytest

from cdc.app.cli import invoke
from tests.service import Service

TABLES = {
    "erp": """create table customer (customer_id int primary key, name varchar(40) not null, kind varchar(10), credit_cents bigint,
        rating int, remark varchar(40), active boolean not null default true)""",
    "crm": """create table account (id int primary key, name varchar(40) not null, segment varchar(10), credit decimal(14,2),
        rating int, remark varchar(40), deleted boolean not null default false)""",
}
LINES = {
    "erp": "create table line (doc int, pos int, text varchar(40), primary key (doc, pos))",
    "crm": "create table entry (document int, number int, words varchar(40), primary key (document, number))",
}
MAPPINGS = {
    "customers": """
version: 1
mapping: customers
direction: both
source: customer
target: account
key: [id]
where: active
columns:
  id: customer_id
  name: name
  segment: {map: segments, from: kind}
  credit: {value: "cast(credit_cents / 100.0 as numeric(14,2))", reverse: {credit_cents: cast(credit * 100 as bigint)}}
  rating: {value: rating, owner: target}
  remark: {value: remark, owner: source}
  deleted: false
deletes: soft
soft_delete: {deleted: true}
maps:
  segments: {A: key, B: standard}
tests:
  - given: {customer_id: 1, name: Ann, kind: A, credit_cents: 150, active: true}
    expect: {id: 1, name: Ann, segment: key, credit: 1.50}
  - direction: reverse
    given: {id: 1, name: Ann, segment: key, credit: 1.50, deleted: false}
    expect: {customer_id: 1, name: Ann, kind: A, credit_cents: 150, active: true}
  - direction: reverse
    given: {id: 1, name: Ann, deleted: true}
    expect: null
""",
    "lines": """
version: 1
mapping: lines
direction: both
source: line
target: entry
key: [document, number]
columns: {document: doc, number: pos, words: text}
""",
}
PAIRS = [("postgresql", "mariadb"), ("mariadb", "postgresql")]


def audit(given, name, table, key):
    """Count what is written to a table, by whomever."""
    given.sql(name, "create table written (op char(1), id int)")
    if given.is_postgresql(name):
        given.sql(
            name,
            f"""create function audit() returns trigger language plpgsql as $$ begin
                insert into public.written values (lower(left(tg_op, 1)), coalesce(new.{key}, old.{key})); return null; end $$""",
            f"create trigger audit after insert or update or delete on {table} for each row execute function audit()",
        )
        return
    for op, row in (("insert", "new"), ("update", "new"), ("delete", "old")):
        given.sql(
            name,
            f"create trigger audit_{op[0]} after {op} on {table} for each row insert into written values ('{op[0]}', {row}.{key})",
        )


@pytest.fixture
def service(request, tmp_path):
    made = []

    def make(erp, crm, **mappings):
        servers = {"erp": request.getfixturevalue(erp), "crm": request.getfixturevalue(crm)}
        links = {"there": ("erp", "crm", mappings or MAPPINGS), "back": ("crm", "erp", None)}
        given = Service(tmp_path, servers, links, 0.5)
        made.append(given)
        for name in servers:
            given.sql(name, TABLES[name], LINES[name])
        audit(given, "erp", "customer", "customer_id")
        audit(given, "crm", "account", "id")
        return given

    yield make
    for given in made:
        given.close()


def customers(given):
    """What both sides should say alike: id → name, kind, cents, rating; the rows that are there."""
    rows = given.sql("erp", "select customer_id, name, kind, credit_cents, rating from customer where active")
    return {row[0]: row[1:] for row in rows}


def accounts(given):
    kinds = {"key": "A", "standard": "B", None: None}
    rows = given.sql("crm", "select id, name, segment, credit, rating from account where not deleted")
    return {
        key: (name, kinds[segment], None if credit is None else int(credit * 100), rating) for key, name, segment, credit, rating in rows
    }


def lines(given):
    return [
        sorted(given.sql("erp", "select doc, pos, text from line")),
        sorted(given.sql("crm", "select document, number, words from entry")),
    ]


def agree(given):
    def equal():
        one, other = lines(given)
        return customers(given) == accounts(given) and one == other

    given.until(equal, lambda: f"{customers(given)}\n{accounts(given)}\n{lines(given)}")


def effects(given, name):
    return Counter(given.sql(name, "select op, id from written"))


TURNS = [
    ("erp", "insert into customer values (1, 'Ann', 'A', 150, 1, 'of the ERP', true), (2, 'Bob', 'B', null, 2, null, true)"),
    ("crm", "insert into account values (1001, 'Cyd', 'standard', 7.25, 3, 'of the CRM', false)"),
    ("crm", "update account set name = 'Anna', segment = 'standard', credit = 99.99 where id = 1"),
    ("erp", "update customer set credit_cents = -1, kind = null where customer_id = 1001"),
    ("erp", "insert into line values (1, 1, 'a'), (1, 2, 'b'), (2, 1, null)"),
    ("crm", "update entry set words = 'c', number = 3 where document = 1 and number = 2"),
    ("crm", "delete from entry where document = 1 and number = 1"),
    ("erp", "update customer set active = false where customer_id = 2"),
    ("crm", "update account set deleted = true where id = 1001"),
    ("crm", "update account set deleted = true where id = 1"),
    ("crm", "update account set deleted = false where id = 1"),
    ("erp", "update customer set active = true where customer_id = 2"),
    ("erp", "update customer set active = false where customer_id = 2"),
]
"""Whose turn it is, and what it does."""
WRITTEN = Counter({("i", 1): 1, ("i", 2): 1, ("i", 1001): 1, ("u", 1): 3, ("u", 1001): 2, ("u", 2): 3})
"""What each side has seen by then: everything once, whoever did it."""


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_changes_of_both_sides_cross_once_and_nothing_comes_back(service, pair):  # torture: H01
    given = service(*pair)
    given.once()
    given.start()
    for name, statement in TURNS:
        given.sql(name, statement)
        agree(given)
    given.quiet(1.5)
    assert effects(given, "erp") == effects(given, "crm") == WRITTEN
    assert given.sql("crm", "select deleted from account where id = 2") in ([(1,)], [(True,)])
    assert given.sql("erp", "select active from customer where customer_id = 1001") in ([(0,)], [(False,)])
    given.stop()


@pytest.mark.parametrize("pair", PAIRS[:1], ids="-".join)
def test_a_column_follows_its_owner(service, pair):  # torture: H03, where columns have owners
    """What the source owns never comes back; what the target owns is written there in new rows only. Both sides may change both at once."""
    given = service(*pair)
    given.once()
    given.start()
    given.sql("erp", TURNS[0][1])
    agree(given)
    assert given.sql("crm", "select rating, remark from account where id = 1") == [(1, "of the ERP")]
    given.sql("crm", "update account set rating = 10, remark = 'mine' where id = 1")
    given.until(lambda: given.sql("erp", "select rating, remark from customer where customer_id = 1") == [(10, "of the ERP")])
    given.sql("erp", "update customer set rating = 5, name = 'Anne' where customer_id = 1")
    given.until(lambda: given.sql("crm", "select name, rating, remark from account where id = 1") == [("Anne", 10, "of the ERP")])
    given.sql("crm", "insert into account (id, name, rating, remark) values (1001, 'Cyd', 3, 'of the CRM')")
    given.until(lambda: given.sql("erp", "select name, rating, remark from customer where customer_id = 1001") == [("Cyd", 3, None)])
    given.stop()
    given.sql("erp", "update customer set rating = 50, remark = 'of the ERP again' where customer_id = 2")
    given.sql("crm", "update account set rating = 60, remark = 'of the CRM again' where id = 2")
    given.start()
    for name, row in (("erp", "customer where customer_id = 2"), ("crm", "account where id = 2")):
        given.until(lambda: given.sql(name, f"select rating, remark from {row}") == [(60, "of the ERP again")])  # noqa: B023
    given.quiet(1.5)
    assert given.sql("erp", "select rating from customer where customer_id = 2") == given.sql(
        "crm", "select rating from account where id = 2"
    )
    given.stop()


def test_both_directions_go_on_after_a_kill(service):
    # torture: H09, of rows that each side changes alone
    given = service(*PAIRS[0])
    given.once()
    given.start()
    given.sql("erp", TURNS[0][1])
    agree(given)
    for number in range(20):
        given.sql("erp", f"update customer set name = 'erp {number}' where customer_id = 1")
        given.sql("crm", f"update account set name = 'crm {number}' where id = 2")
        if number == 10:
            given.kill()
            given.start()
    agree(given)
    given.quiet(1.5)
    assert (customers(given)[1][0], customers(given)[2][0]) == ("erp 19", "crm 19")
    assert effects(given, "erp")["u", 1] == effects(given, "crm")["u", 2] == 20
    assert effects(given, "erp")["u", 2] <= 20
    assert effects(given, "crm")["u", 1] <= 20
    given.stop()


@pytest.fixture
def cdc(service, capsys):
    """A service and its commands, in this process."""

    def make(**mappings):
        given = service(*PAIRS[0], **mappings)

        def run(*words):
            code = invoke(["-c", str(given.folder / "cdc.yaml"), *words])
            return code, capsys.readouterr().out

        return given, run

    return make


def test_what_every_command_says_of_the_mapping_that_follows(cdc):
    given, run = cdc()
    there, back = given.names["there"], given.names["back"]
    given.sql("erp", TURNS[0][1])
    given.sql("crm", TURNS[1][1])
    code, said = run("check", "--connect")
    assert code == 0, said
    assert "columns 'name', 'segment', 'credit' go both ways and nobody owns them" in said
    assert "not-stable" not in said
    _, shown = run("mapping", "show", "customers", "--reverse")
    assert shown.startswith(f"# {back}: customers, which follows from ")
    assert "where: deleted is distinct from true\n" in shown
    assert "  kind: {map: segments_reversed, from: segment}\n" in shown
    _, shown = run("mapping", "show", "customers", "--reverse", "--pipeline", there, "--format", "json")
    assert json.loads(shown)["pipeline"] == back
    _, whole = run("mapping", "show", "customers", "--pipeline", back)
    assert "#   where: deleted is distinct from true\n" in whole
    assert "def map_row" in whole
    _, graph = run("mapping", "graph", "--format", "json")
    assert [(one["pipeline"], one["mapping"]) for one in json.loads(graph)["mappings"]] == [
        (way, one) for way in (there, back) for one in MAPPINGS
    ]
    _, tested = run("mapping", "test", "--connect", "--format", "json")
    assert [(one["mapping"], one["ok"]) for one in json.loads(tested)["examples"]] == [
        (f"{way}/customers", True) for way in (there, back, back)
    ]
    _, plan = run("plan", back, "customers", "--format", "json")
    assert [(one["rows"], one["insert"]) for one in json.loads(plan)["pipelines"][0]["mappings"]] == [(1, 1)]
    _, preview = run("mapping", "preview", "customers", "--pipeline", back, "--format", "json")
    (row,) = json.loads(preview)["mappings"][0]["rows"]
    assert {cell["column"]: cell["result"] for cell in row["columns"]}["credit_cents"] == "725"


ALTERED = MAPPINGS["customers"].replace("  name: name\n", "  name: {value: trim(name), reverse: name}\n").partition("tests:")[0]


def test_what_does_not_come_back_as_it_was_is_found_before_the_start(cdc):  # torture: H06
    """By real rows, of which none is written; without a server by the mapping's own examples."""
    given, run = cdc(customers=ALTERED)
    file = given.folder / "there" / "customers.yaml"
    assert "not-stable" not in run("check")[1]
    given.sql("erp", "insert into customer (customer_id, name) values (1, ' Ann '), (2, 'Bob')")
    given.sql("crm", "insert into account (id, name) values (1001, 'Cyd ')")
    code, said = run("check", "--connect")
    assert code == 0, said
    there = "column 'name' does not come back as it was in 1 of 2 rows: `trim(name)` there, `name` back"
    back = "column 'name' does not come back as it was in 1 of 1 rows: `name` there, `trim(name)` back"
    found = [line.partition("[not-stable]: ")[2].partition(";")[0] for line in said.splitlines() if "[not-stable]" in line]
    assert sorted(found) == sorted([there, back])
    assert (customers(given)[1][0], accounts(given)[1001][0], len(accounts(given))) == (" Ann ", "Cyd ", 1)
    file.write_text(ALTERED.replace("trim(name)", "name || '.'"))
    code, said = run("check", "--connect")
    assert code == 78
    assert "error[never-settles]: column 'name' never settles" in said
    file.write_text(ALTERED + "tests:\n  - {given: {customer_id: 1, name: ' Ann ', active: true}, expect: {name: Ann}}\n")
    assert "column 'name' does not come back as it was in 1 of 1 examples" in run("check")[1]
