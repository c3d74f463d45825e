"""The commands that look at mappings, on real servers: PostgreSQL to MariaDB, and back."""

import json
import sys
from contextlib import closing
from pathlib import Path
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest

from demo.servers import PASSWORD
from tests import warm

ROOT = Path(__file__).parents[2]
CUSTOMERS = """\
version: 1
mapping: customers
source: public.customer
target: accounts
key: [id]
where: active
columns:
  id: stable_uuid('customer', id)
  code: ltrim(code, '0')
  name: trim(name)
  share: 100 / parts
  segment: {map: segments, from: kind}
  deleted: 0
deletes: soft
soft_delete: {deleted: 1}
maps:
  segments: {A: key, B: standard}
tests:
  - given: {id: 1, code: "0041", name: " Müller ", active: true, kind: A, parts: 3}
    expect: {code: "41", name: Müller, segment: key, share: 33}
  - given: {id: 1, active: false}
    expect: null
"""
BACK = """\
version: 1
mapping: notes
source: note
target: public.remark
key: [id]
columns: {id: id, body: upper(body)}
"""
TOTALS = """\
version: 1
mapping: totals
source: public.customer
target: totals
key: [id]
query: |
  select c.id, c.kind, sum(i.amount)::int as total from public.customer c join public.invoice i on i.customer = c.id
  where c.id in (:keys) group by c.id
depends_on:
  public.invoice: customer
columns:
  id: id
  total: total
  owner: {lookup: users, by: {login: kind}, take: id, missing: "null"}
  seen: {value: "'new'", write: insert}
tests:
  - given: {id: 1, kind: A, total: 7}
    expect: {total: 7}
"""
ERP = """
create table customer (
    id int primary key, code text not null unique, name text, active boolean not null, kind text not null, parts int not null);
create table remark (id int primary key, body text);
create table invoice (id int primary key, customer int not null references customer, amount int not null);
alter table invoice replica identity full;
insert into customer values
    (1, '0041', ' Müller AG ', true, 'A', 4), (2, '0042', 'Żak', true, 'B', 0), (3, '0043', 'Old', false, 'B', 1), (4, '0044', 'New', true, 'B', 2);
insert into invoice values (1, 1, 10), (2, 1, 5), (3, 2, 7);
"""
CRM = (
    "create table accounts (id char(36) primary key, code varchar(10), name varchar(40), share int, segment varchar(10), deleted tinyint default 0)",
    "create table note (id int primary key, body text)",
    "insert into note values (1, 'call'), (2, null)",
    "create table users (id int primary key, login varchar(20) unique)",
    "insert into users values (77, 'A')",
    "create table totals (id int primary key, total int, owner int, seen varchar(10))",
    "insert into totals values (1, 10, 77, 'old'), (3, 1, null, null)",
)


class Site:
    """A service file and two databases."""

    def __init__(self, folder, erp, crm, name):
        self.folder, self.erp, self.crm, self.name = folder, erp, crm, name
        for server in (erp, crm):
            server.create(name)
        self.on_erp(ERP)
        self.on_crm(*CRM)
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o600)
        for path, text in (("there/customers.yaml", CUSTOMERS), ("back/notes.yaml", BACK)):
            (folder / path).parent.mkdir()
            (folder / path).write_text(text)
        (folder / "cdc.yaml").write_text(
            f"version: 1\n"
            f"databases:\n"
            f'  erp: {{url: "{erp.url(name)}", password: "${{file:password}}"}}\n'
            f'  crm: {{url: "{crm.url(name)}", password: "${{file:password}}"}}\n'
            f"pipelines:\n"
            f"  there: {{source: erp, target: crm, mappings: there}}\n"
            f"  back: {{source: crm, target: erp, mappings: back}}\n"
        )

    def on_erp(self, text):
        with self.erp.connect(self.name) as connection:
            connection.execute(text)

    def on_crm(self, *statements):
        with closing(self.crm.connect(self.name)) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
            return cursor.fetchall()

    def cdc(self, *words, code=0):
        """Run a command; return what it printed."""
        done = warm.run([sys.executable, "-m", "cdc", "-c", str(self.folder / "cdc.yaml"), *words], cwd=self.folder)
        assert done.returncode == code, done.stdout + done.stderr
        self.said = done.stderr
        return done.stdout

    def json(self, *words, code=0):
        return json.loads(self.cdc(*words, "--format", "json", code=code))


@pytest.fixture(scope="module")
def site(tmp_path_factory, postgresql, mariadb):
    """As the commands only look, all tests share it. Account 1 is there as mapped but for its name, and 3, which is no longer active."""
    made = Site(tmp_path_factory.mktemp("look"), postgresql, mariadb, f"look_{uuid4().hex[:8]}")
    rows = {row["key"]["id"]: row for row in made.json("mapping", "explain", "customers", "--key", "1")["rows"]}
    first = {cell["column"]: cell["result"] for cell in rows["1"]["columns"]}
    third = {c["column"]: c["result"] for c in made.json("mapping", "explain", "customers", "--key", "3")["rows"][0]["columns"]}
    for row, name in ((first, "Mueller"), (third, "Old")):
        made.on_crm(
            f"insert into accounts (id, code, name, share, segment) values ('{row['id']}', '{row['code']}', '{name}', {row['share']}, '{row['segment']}')"
        )
    before = made.on_crm("select * from accounts order by code")
    yield made
    assert made.on_crm("select * from accounts order by code") == before, "the commands write nothing"
    made.on_crm(f"drop database {made.name}")


def test_show_prints_the_function_the_lineage_and_the_statements(site):
    text = site.cdc("mapping", "show", "customers")
    compile(text, "shown", "exec")
    assert "# share   ← parts" in text
    assert "def map_row(r):" in text
    assert '# read: select t."id"' in text
    assert "# update: insert into" in text
    shown = site.json("mapping", "show", "notes")
    assert set(shown["write"]) == {"upsert", "change of key", "delete"}
    assert shown["lineage"] == [{"column": "id", "sql": "id", "reads": ["id"]}, {"column": "body", "sql": "upper(body)", "reads": ["body"]}]


def test_explain_shows_what_went_in_and_what_would_change(site):
    (row,) = site.json("mapping", "explain", "customers", "--key", "1")["rows"]
    cells = {cell["column"]: cell for cell in row["columns"]}
    assert (row["verdict"], row["target"]["name"]) == ("update", "Mueller")
    assert (cells["name"]["inputs"], cells["name"]["result"], cells["name"]["differs"]) == ({"name": " Müller AG "}, "Müller AG", True)
    assert [name for name, cell in cells.items() if cell["differs"]] == ["name"]
    assert row["condition"] == {"sql": "active", "inputs": {"active": "t"}, "result": "t", "error": None}
    text = site.cdc("mapping", "explain", "customers", "--key", "code=0041")
    assert "id = 1 → update name in" in text
    assert "ltrim(code, '0')" in text


def test_explain_of_a_row_that_the_condition_leaves_out(site):
    (row,) = site.json("mapping", "explain", "customers", "--key", "3")["rows"]
    assert (row["verdict"], row["condition"]["result"]) == ("delete", "f")
    assert {cell["column"]: cell["result"] for cell in row["columns"]}["name"] == "Old"
    assert "mark the row in" in site.cdc("mapping", "explain", "customers", "--key", "3")


def test_explain_of_a_row_that_fails(site):
    (row,) = site.json("mapping", "explain", "customers", "--key", "2")["rows"]
    cells = {cell["column"]: cell for cell in row["columns"]}
    assert row["verdict"] == "fails"
    assert "division by zero" in row["error"]
    assert "division by zero" in cells["share"]["error"]
    assert (cells["name"]["result"], cells["name"]["error"]) == ("Żak", None)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("customers", "--key", "99"), 1, "has no row with this id"),
        (("customers", "--key", "abc"), 2, "--key: 'id' of public.customer is integer: invalid input syntax for type integer"),
        (("customers", "--key", "1", "--key", "2"), 2, "the key of public.customer is id"),
        (("customers", "--key", "1", "--key", "code=2"), 2, "by position, or all as column=value"),
        (("customer", "--key", "1"), 2, "did you mean 'customers'?"),
    ],
)
def test_explain_refuses_what_names_no_row(site, words, code, said):
    assert site.cdc("mapping", "explain", *words, code=code) == ""
    assert said in site.said


def test_preview_of_all_mappings(site):
    there, back = site.json("mapping", "preview")["mappings"]
    assert [(row["key"]["id"], row["verdict"]) for row in there["rows"]] == [
        ("1", "update"),
        ("2", "fails"),
        ("3", "delete"),
        ("4", "insert"),
    ]
    assert [row["columns"][1]["result"] for row in back["rows"]] == ["CALL", None]
    text = site.cdc("mapping", "preview", "customers", "--limit", "1")
    assert "Mueller" in text
    assert "Żak" not in text
    assert "Żak" in site.cdc("mapping", "preview", "customers", "--key", "2")
    site.cdc("mapping", "preview", "--key", "2", code=2)


def test_plan_counts_what_would_change(site):
    (pipeline,) = site.json("plan", "there", code=3)["pipelines"]
    (made,) = pipeline["mappings"]
    counts = {word: made[word] for word in ("rows", "insert", "update", "delete", "left_out", "nothing", "fails")}
    assert counts == {"rows": 4, "insert": 1, "update": 1, "delete": 1, "left_out": 0, "nothing": 0, "fails": 1}
    assert made["columns"] == {"name": 1}
    changes = {one["key"]["id"]: one["changes"] for one in made["examples"]}
    assert changes["1"] == {"name": ["Mueller", "Müller AG"]}
    assert changes["3"] == {"deleted": ["0", "1"]}
    text = site.cdc("plan", "there", "customers", "--limit", "1", code=3)
    assert "the first 1 row" in text
    assert pipeline["plan_hash"] in text


def test_run_refuses_another_plan_than_the_one_that_was_looked_at(site):
    site.cdc("run", "there", "--once", "--plan", "0123456789abcdef", code=78)
    assert "0123456789abcdef is asked for" in site.said
    site.cdc("run", "--once", "--plan", "0123456789abcdef", code=2)


def test_plan_ends_with_0_when_nothing_would_change(site):
    site.on_erp("insert into remark values (1, 'CALL'), (2, null)")
    (pipeline,) = site.json("plan", "back", "--all")["pipelines"]
    assert pipeline["mappings"][0]["nothing"] == 2
    file = site.folder / "back/notes.yaml"
    file.write_text(BACK.replace("upper", "lower"))
    (changed,) = site.json("plan", "back", code=3)["pipelines"]
    file.write_text(BACK)
    assert changed["mappings"][0]["columns"] == {"body": 1}
    assert changed["plan_hash"] != pipeline["plan_hash"]


def test_looking_writes_nothing_and_leaves_nothing_behind(site):
    before = site.on_crm("select * from accounts order by code")
    for words in (("mapping", "preview"), ("plan", "--all"), ("mapping", "show", "customers"), ("init", "--dry-run")):
        site.cdc(*words, code=3 if words[0] == "plan" else 0)
    assert site.on_crm("select * from accounts order by code") == before
    with site.erp.connect(site.name) as connection:
        slots = connection.execute("select slot_name from pg_replication_slots where database = %s", (site.name,)).fetchall()
        made = connection.execute(
            "select pubname from pg_publication union select nspname from pg_namespace where nspname = 'cdc'"
        ).fetchall()
    assert (slots, made) == ([], [])


@pytest.mark.parametrize("connect", [(), ("--connect",)], ids=["by values", "by tables"])
def test_examples_of_the_mappings(site, connect):
    assert site.cdc("mapping", "test", *connect) == ""
    assert site.said == "2 examples, 0 failures\nwithout an example: back/notes\n"


def test_examples_that_fail(site):
    file = site.folder / "there/customers.yaml"
    file.write_text(CUSTOMERS.replace("share: 33", "share: 34"))
    report = site.folder / "junit.xml"
    text = site.cdc("mapping", "test", "customers", "--junit", str(report), code=3)
    assert text.endswith("customers.yaml:20:54: example 1: share: expected '34', got '33'\n")
    examples = site.json("mapping", "test", code=3)["examples"]
    file.write_text(CUSTOMERS)
    assert [example["ok"] for example in examples] == [False, True]
    suite = ET.parse(report).getroot()[0]
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("there/customers", "2", "1")
    assert "expected '34', got '33'" in suite[0][0].text


def test_a_diagram_needs_no_server(site):
    text = site.cdc("mapping", "graph", "--columns")
    assert text.startswith('flowchart LR\n  subgraph t1["erp: public.customer"]')
    (arrow,) = site.json("mapping", "graph", "notes")["mappings"]
    assert (arrow["source"], arrow["target"]) == (f"crm: {site.name}.note", "erp: public.remark")


def test_a_query_mapping_with_a_look_up(site):
    (site.folder / "wide").mkdir()
    (site.folder / "wide/totals.yaml").write_text(TOTALS)
    config = site.folder / "wide.yaml"
    config.write_text((site.folder / "cdc.yaml").read_text().replace("mappings: there", "mappings: wide"))
    (made,) = site.json("-c", str(config), "plan", "there", code=3)["pipelines"][0]["mappings"]
    counts = {word: made[word] for word in ("insert", "update", "delete", "left_out")}
    assert counts == {"insert": 1, "update": 1, "delete": 1, "left_out": 1}
    changes = {one["key"]["id"]: one["changes"] for one in made["examples"]}
    assert changes["1"] == {"total": ["10", "15"]}, "the owner is found, and `seen` is set only with the row"
    (row,) = site.json("-c", str(config), "mapping", "explain", "totals", "--key", "2")["rows"]
    assert {cell["column"]: cell["result"] for cell in row["columns"]} == {"id": "2", "total": "7", "owner": None, "seen": "new"}
    assert "(kept)" in site.cdc("-c", str(config), "mapping", "explain", "totals", "--key", "1")
    assert "public.customer" in site.cdc("-c", str(config), "mapping", "show", "totals")
    site.cdc("-c", str(config), "mapping", "test", "totals")
    site.cdc("-c", str(config), "mapping", "test", "totals", "--connect")
    graph = site.json("-c", str(config), "mapping", "graph", "totals")
    assert graph["mappings"][0]["depends_on"] == ["erp: public.invoice"]


def test_init_proposes_mappings_that_pass_and_touches_nothing(site):
    printed = site.cdc("init", "--dry-run")
    assert "id: stable_uuid('customer', id)" in printed
    files = site.cdc("init", "--dir", str(site.folder / "first")).splitlines()
    assert [Path(file).name for file in files] == ["note.yaml", "accounts.yaml"]
    config = (site.folder / "cdc.yaml").read_text()
    (site.folder / "first.yaml").write_text(config.replace("mappings: there", "mappings: first"))
    config = site.folder / "first.yaml"
    assert "code: code" in Path(files[1]).read_text()
    site.cdc("-c", str(config), "check")
    (mapping,) = site.json("-c", str(config), "mapping", "preview", "accounts", "--limit", "1")["mappings"]
    assert mapping["rows"][0]["verdict"] == "update"
    site.cdc("init", "--dir", str(site.folder / "first"), code=78)
    assert "nothing was written" in site.said


def test_init_writes_a_first_service_file(site):
    config = site.folder / "new" / "cdc.yaml"
    urls = ("--from-url", site.erp.url(site.name), "--to-url", site.crm.url(site.name))
    assert site.cdc("-c", str(config), "init", *urls) == f"{config}\n"
    for name in ("erp.password", "crm.password"):
        (config.parent / name).write_text(PASSWORD)
        (config.parent / name).chmod(0o600)
    assert "accounts.yaml" in site.cdc("-c", str(config), "init")
    site.cdc("-c", str(config), "check")
    site.cdc("-c", str(config), "init", *urls, code=78)
    site.cdc("init", "--from-url", "postgresql://cdc@h/erp", code=2)
    site.cdc("init", "--from-url", "postgresql://cdc:secret@h/erp", "--to-url", "mysql://cdc@h/crm", code=2)


def test_plan_counts_rows_that_only_the_target_has(site):
    """They stay, so the plan is empty all the same; where the source was not read to its end nothing is known of them."""
    site.on_erp("delete from remark; insert into remark values (1, 'CALL'), (2, null), (7, 'OWN'), (8, 'OWN')")
    (left,) = site.json("plan", "back")["pipelines"][0]["only_on_target"]
    assert left == {
        "table": "public.remark", "count": 2, "compared": 4, "complete": True, "doubtful": False, "examples": [{"id": "7"}, {"id": "8"}],
    }  # fmt: skip
    text = site.cdc("plan", "back", "--limit", "3", "--examples", "1")
    assert (
        "public.remark: 1 row of its first 3 that no row of the source makes: they stay; `cdc resync` can delete them\n    id = 7\n" in text
    )
    (left,) = site.json("plan", "back", "--limit", "2")["pipelines"][0]["only_on_target"]
    assert left == {"table": "public.remark", "not_looked_for": "the source has more rows than were looked at: --all"}
    site.on_erp("delete from remark")
    site.on_crm("insert into accounts (id, code, deleted) values ('x', 'x', 0), ('y', 'y', 1)")
    (left,) = site.json("plan", "there", "--all", code=3)["pipelines"][0]["only_on_target"]
    site.on_crm("delete from accounts where id in ('x', 'y')")
    assert (left["count"], left["examples"], left["doubtful"]) == (1, [{"id": "x"}], True), "what is marked as deleted is none"


def test_one_mapping_is_explained_while_another_has_mistakes(site):
    """The plan of all needs all; what it says is what is wrong, without notes."""
    file = site.folder / "there/broken.yaml"
    file.write_text("version: 1\nmapping: broken\nsource: invoice\ntarget: totals\nkey: [id]\ncolumns: {id: id, total: nowhere}\n")
    try:
        (row,) = site.json("mapping", "explain", "customers", "--key", "1")["rows"]
        site.cdc("plan", "there", code=78)
    finally:
        file.unlink()
    assert row["verdict"] == "update"
    assert "broken.yaml:6:" in site.said
    assert "note[" not in site.said
