"""`cdc mapping explain` of what the log told: parked changes, and transactions at a place of it, on real servers."""

import json
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO

import pytest

from cdc.app.cli import invoke
from cdc.model.endpoint import Endpoint
from cdc.source.postgresql.walsender import Walsender
from demo.servers import PASSWORD
from tests.service import Service

CUSTOMERS = """\
version: 1
mapping: customers
source: customer
target: account
key: [id]
where: active = 1
columns:
  id: id
  name: trim(name)
  share: 100 / parts
  told: op() || ' ' || coalesce(old.name, '-')
"""
NOTES = """\
version: 1
mapping: notes
source: customer
target: note
key: [id]
query: select c.id, count(*) as pieces from customer c join piece p on p.customer = c.id where c.id in (:keys) group by c.id
depends_on: {piece: customer}
columns: {id: id, pieces: cast(pieces as int)}
"""
SOURCE = (
    "create table customer (id int primary key, name varchar(40), parts int not null, active int not null)",
    "create table piece (id int primary key, customer int not null)",
    "create table other (id int primary key)",
)
TARGET = (
    "create table account (id int primary key, name varchar(40), share int, told varchar(80))",
    "create table note (id int primary key, pieces int)",
)


@contextmanager
def serving(folder, source, target):
    made = Service(folder, {"erp": source, "crm": target}, {"there": ("erp", "crm", {"customers": CUSTOMERS, "notes": NOTES})})
    try:
        made.sql("erp", *SOURCE)
        if made.is_postgresql("erp"):
            made.sql("erp", "alter table customer replica identity full", "alter table piece replica identity full")
        made.sql("crm", *TARGET)
        made.sql("erp", "insert into customer values (11, 'Ann', 4, 1), (12, 'Bob', 1, 0), (21, 'Ann', 4, 1)")
        made.once()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def to_pg(tmp_path_factory, mariadb, postgresql):
    with serving(tmp_path_factory.mktemp("explain"), mariadb, postgresql) as made:
        yield made


@pytest.fixture(scope="module")
def from_pg(tmp_path_factory, mariadb, postgresql):
    with serving(tmp_path_factory.mktemp("explain"), postgresql, mariadb) as made:
        yield made


@pytest.fixture(params=["to_pg", "from_pg"])
def service(request):
    return request.getfixturevalue(request.param)


def explain(service, *words, code=0):
    """Run the command in this process, since there are many."""
    out, service.said = StringIO(), ""
    with redirect_stdout(out), redirect_stderr(StringIO()) as said:
        ended = invoke(["-c", str(service.folder / "cdc.yaml"), "mapping", "explain", *words])
    service.said = said.getvalue()
    assert ended == code, out.getvalue() + service.said
    return out.getvalue()


def told(service, *words):
    return json.loads(explain(service, *words, "--format", "json"))


def cells(row):
    return {cell["column"]: cell["result"] for cell in row["columns"]}


def committed(service, *statements):
    """Run statements as one transaction; return the place behind which it stands in the log."""
    before = end(service)
    service.sql("erp", "begin", *statements, "commit")
    return before


def end(service):
    """Return the end of the log."""
    if service.is_postgresql("erp"):
        return str(service.sql("erp", "select pg_current_wal_insert_lsn()::text")[0][0])
    what = "binary log" if service.servers["erp"].is_mysql else "master"
    return ":".join(map(str, service.sql("erp", f"show {what} status")[0][:2]))


def after(service, place):
    """A place in the transaction that follows: PostgreSQL's are those of commits, so behind the one that ended at a place."""
    if not service.is_postgresql("erp"):
        return place
    high, low = place.split("/")
    return f"{high}/{int(low, 16) + 1:X}"


def test_each_change_of_a_transaction(service):
    service.once()
    place = committed(
        service,
        "insert into customer values (13, ' Cid ', 2, 1)",
        "update customer set active = 1 where id = 12",
        "update customer set name = 'Anna' where id = 11",
        "update customer set active = 0 where id = 11",
        "delete from customer where id = 12",
        "insert into customer values (14, 'Dan', 0, 1)",
        "insert into customer values (15, 'Eve', 0, 0)",
        "insert into piece values (1, 11), (2, 11)",
        "insert into other values (1)",
    )
    ours = "from account where id between 11 and 19 order by id"
    rows = service.sql("crm", f"select * {ours}")
    account = told(service, "--position", after(service, place))
    assert told(service, "--position", "next")["changes"] == account["changes"], "the pipeline is just before it"
    of_rows = [one for one in account["changes"] if one["mapping"] == "customers"]
    assert [(one["op"], one["effect"]) for one in of_rows] == [
        ("insert", "insert"), ("update", "enters the condition"), ("update", "update"), ("update", "leaves the condition"), ("delete", "delete"),
        ("insert", "fails"), ("insert", "left out"),
    ]  # fmt: skip
    assert [one["rows"][0]["verdict"] for one in of_rows] == ["insert", "insert", "update", "delete", "left out", "fails", "left out"]
    assert cells(of_rows[0]["rows"][0]) == {"id": "13", "name": "Cid", "share": "50", "told": "insert -"}
    assert cells(of_rows[2]["rows"][0])["told"] == "update Ann", "the row before is known"
    assert (of_rows[2]["old"]["name"], of_rows[2]["new"]["name"]) == ("Ann", "Anna")
    assert of_rows[4]["new"] is None
    assert of_rows[5]["rows"][0]["error"].endswith("division by zero")
    asked = [one for one in account["changes"] if one["mapping"] == "notes" and one["table"].endswith("piece")]
    assert [one["rows"][0]["key"] for one in asked] == [{"id": "11"}] * 2
    assert cells(asked[0]["rows"][0]) == {"id": "11", "pieces": "2"}, "a query reads the present"
    assert (account["echo"], account["parked"], account["more"]) == (False, None, 0)
    assert service.sql("crm", f"select * {ours}") == rows, "nothing is written"
    service.once()
    assert service.sql("crm", f"select id {ours}") == [(13,)], "and no change was taken from the log"


def test_the_text_shows_both_images_and_the_way_of_the_row(service):
    place = committed(service, "update customer set name = 'Anna', parts = 5 where id = 21", "insert into customer values (23, 'C', 2, 1)")
    text = explain(service, "customers", "--position", after(service, place), "--limit", "1")
    assert "update  " in text
    assert "  before  name = Ann, parts = 4\n  after   name = Anna, parts = 5\n" in text
    assert "→ update name, share, told in" in text
    assert "100 / parts" in text
    assert "and 1 more: --limit shows more of them" in text


def test_a_parked_change_as_it_arrived(service):
    service.sql("erp", "insert into customer values (33, 'Cid', 0, 1)", "update customer set name = 'C' where id = 33")
    service.once()
    waits = json.loads(service.command("parked", "list", "--values", "--format", "json").stdout)
    first, second = (one["id"] for one in waits if "33" in json.dumps(one["key"]))
    account = told(service, "--parked", str(second))
    (change,) = account["changes"]
    assert (account["parked"]["id"], account["parked"]["behind"], change["effect"]) == (second, first, "fails")
    assert (change["old"]["name"], change["new"]["name"]) == ("Cid", "C")
    assert cells(change["rows"][0]) == {"id": "33", "name": "C", "share": None, "told": "update Cid"}
    service.sql("erp", "update customer set name = 'Z', parts = 1 where id = 33")
    text = explain(service, "customers", "--parked", str(first))
    assert f"parked {first}: mapping customers: column 'share': division by zero" in text
    assert "name = Cid" in text, "the row as it arrived, not as it is now"
    explain(service, "notes", "--parked", str(first), code=2)
    explain(service, "--parked", "999999", code=1)
    assert "no change with the id 999999 is parked" in service.said


def test_what_the_own_target_wrote_is_an_echo(tmp_path, postgresql, mariadb):
    there = {"customers": CUSTOMERS}
    back = {
        "accounts": "version: 1\nmapping: accounts\nsource: account\ntarget: customer\nkey: [id]\ncolumns: {id: id, name: name, parts: 1, active: 1}\n"
    }
    made = Service(tmp_path, {"erp": mariadb, "crm": postgresql}, {"there": ("erp", "crm", there), "back": ("crm", "erp", back)})
    try:
        made.sql("erp", SOURCE[0])
        made.sql("crm", TARGET[0])
        made.once()
        file, offset = end(made).split(":")
        made.sql("crm", "insert into account values (7, 'Gus')")
        made.once()
        events = made.sql("erp", f"show binlog events in '{file}' from {offset}")
        place = next(f"{file}:{event[1]}" for event in events if event[2] == "Table_map" and ".customer)" in event[5])
        account = told(made, "--pipeline", made.names["there"], "--position", place)
        assert (account["echo"], [one["effect"] for one in account["changes"]]) == (True, ["insert"])
        assert "skipped: the pipeline's own target wrote it" in explain(made, "customers", "--position", place)
        explain(made, "--position", place, code=2)
        assert "choose" in made.said
    finally:
        made.close()


def test_all_names_of_a_place_in_a_binary_log(to_pg):
    place = committed(to_pg, "insert into customer values (43, 'Cid', 2, 1)")
    if to_pg.servers["erp"].is_mysql:
        (gtid,) = to_pg.sql("erp", "select concat(@@server_uuid, ':', regexp_substr(@@gtid_executed, '[0-9]+$'))")[0]
    else:
        (gtid,) = to_pg.sql("erp", "select @@last_gtid")[0]
    to_pg.once()
    stands = to_pg.command("position", "show", to_pg.names["there"]).stdout.strip()
    file, offset = place.split(":")
    inside = f"{file}:{int(offset) + 60}"
    to_pg.sql("erp", "flush binary logs", "insert into customer values (44, 'Dan', 2, 1)")
    found = [told(to_pg, "customers", "--position", name) for name in (place, inside, gtid, stands)]
    assert [one["changes"][0]["new"]["id"] for one in found] == ["43"] * 4
    assert len({one["position"].partition("file=")[2] for one in found}) == 1
    for wrong, why in (
        ("nonsense", "is no place in this server's binary log"),
        ("binlog.999999:4", "has no binary log 'binlog.999999'"),
        (f"{file}:999999999999", "no transaction is there yet"),
        (f"{gtid}999", "has no transaction"),
        (stands.rpartition("=")[0] + "=77", "another server's log"),
    ):
        explain(to_pg, "--position", wrong, code=1)
        assert why in to_pg.said
    place = committed(to_pg, "insert into other values (2)")
    explain(to_pg, "--position", place, code=1)
    assert "no transaction there changes a row of" in to_pg.said


def test_a_slot_that_is_read_and_what_it_no_longer_has(from_pg):
    place = committed(from_pg, "insert into customer values (53, 'Cid', 2, 1)")
    for wrong, why in (
        ("nonsense", "is no place in this server's log"),
        ("FF/0", "is not there yet"),
        ("1/1/0/1", "another cluster's log"),
    ):
        explain(from_pg, "--position", wrong, code=1)
        assert why in from_pg.said
    database, slot = from_pg.names["erp"], f"cdc_{from_pg.names['there']}"
    endpoint = Endpoint("erp", "postgresql", "127.0.0.1", from_pg.servers["erp"].port, "cdc", PASSWORD, database, {})
    with closing(Walsender(endpoint, "the pipeline")) as held:
        held.send(f"START_REPLICATION SLOT \"{slot}\" LOGICAL 0/0 (proto_version '1', publication_names '{slot}')")
        held.answer()
        explain(from_pg, "--position", after(from_pg, place), code=75)
        assert "Stop the pipeline first" in from_pg.said
    from_pg.until(lambda: from_pg.sql("erp", "select active from pg_replication_slots where slot_name = '" + slot + "'") == [(False,)])
    assert told(from_pg, "--position", after(from_pg, place))["changes"][0]["new"]["id"] == "53"
    from_pg.once()
    explain(from_pg, "--position", place, code=1)
    assert "the pipeline is past" in from_pg.said


def test_exactly_one_way_to_name_a_row(from_pg):
    for words in ((), ("customers",), ("customers", "--key", "1", "--parked", "1"), ("--key", "1")):
        explain(from_pg, *words, code=2)
