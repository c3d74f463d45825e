"""Target rows made of several source tables by a query on the source, on the real process and every pair of engines."""

import itertools
import random
import threading
import time
from collections import Counter, defaultdict
from contextlib import closing

import pytest

from tests.series import series
from tests.service import Service

SOURCE = (
    "create table country_country (id int primary key, code varchar(2) not null, name varchar(80) not null)",
    "create table party_party (id int primary key, code varchar(20) not null, name varchar(80) not null, active {boolean} not null default true)",
    """create table party_address (id int primary key, party int not null, sequence int, city varchar(80), postal_code varchar(20),
        country int, invoice {boolean} not null default false, active {boolean} not null default true)""",
    "create table sale_sale (id int primary key, party int not null, state varchar(20) not null)",
    "create table sale_line (id int primary key, sale int not null, amount numeric(14,2) not null)",
    "create table category (id int primary key, name varchar(40) not null)",
    "create table party_category (party int not null, category int not null, primary key (party, category))",
    "create index on_party on party_address (party)",
    "create index on_country on party_address (country)",
    "create index on_sale_party on sale_sale (party)",
    "create index on_sale on sale_line (sale)",
)
FULL = tuple(f"alter table {table} replica identity full" for table in ("party_address", "sale_sale", "sale_line"))
TARGET = (
    "create table quotes_lines (id int primary key, amount numeric(26,6) not null)",
    """create table accounts (id char(36) primary key, name varchar(150) not null, city varchar(100), postal_code varchar(20),
        country varchar(2), open_total numeric(26,6) not null, categories varchar(200), remark varchar(40) default 'untouched')""",
)
PG_AUDIT = (
    "create table audit (seq bigint generated always as identity primary key, what varchar(20), id varchar(36), total numeric(26,6))",
    """create function account_audit() returns trigger language plpgsql as $$ begin
        insert into public.audit (what, id, total) values (lower(tg_op), new.id, new.open_total); return new; end $$""",
    """create function line_audit() returns trigger language plpgsql as $$ begin
        insert into public.audit (what, id, total) values ('line', new.id::text, new.amount); return new; end $$""",
    "create trigger audit after insert or update on accounts for each row execute function account_audit()",
    "create trigger audit after insert or update on quotes_lines for each row execute function line_audit()",
)
MY_AUDIT = (
    "create table audit (seq bigint auto_increment primary key, what varchar(20), id varchar(36), total numeric(26,6))",
    "create trigger a_i after insert on accounts for each row insert into audit (what, id, total) values ('insert', new.id, new.open_total)",
    "create trigger a_u after update on accounts for each row insert into audit (what, id, total) values ('update', new.id, new.open_total)",
    "create trigger l_i after insert on quotes_lines for each row insert into audit (what, id, total) values ('line', new.id, new.amount)",
    "create trigger l_u after update on quotes_lines for each row insert into audit (what, id, total) values ('line', new.id, new.amount)",
)
LINES = """\
version: 1
mapping: lines
source: sale_line
target: quotes_lines
key: [id]
columns: {same: [id, amount]}
"""
QUERY = {
    "postgresql": """
  select p.id, p.name, a.city, a.postal_code, c.code as country,
    (select coalesce(sum(l.amount), 0)::numeric(14,2) from sale_sale s join sale_line l on l.sale = s.id
      where s.party = p.id and s.state <> 'cancelled') as total,
    (select string_agg(k.name, ', ' order by k.name) from party_category pk join category k on k.id = pk.category where pk.party = p.id) as categories
  from party_party p
  left join lateral (select * from party_address a where a.party = p.id and a.active and a.invoice
                     order by a.sequence nulls first, a.id limit 1) a on true
  left join country_country c on c.id = a.country
  where p.active and p.id in (:keys) -- the parties: not ':keys' of anything else
""",
    "mysql": """
  select p.id, p.name, a.city, a.postal_code, c.code as country,
    (select coalesce(sum(l.amount), 0) from sale_sale s join sale_line l on l.sale = s.id
      where s.party = p.id and s.state <> 'cancelled') as total,
    (select group_concat(k.name order by k.name separator ', ') from party_category pk join category k on k.id = pk.category where pk.party = p.id)
      as categories
  from party_party p
  left join party_address a on a.id = (select b.id from party_address b where b.party = p.id and b.active and b.invoice
                                       order by b.sequence is not null, b.sequence, b.id limit 1)
  left join country_country c on c.id = a.country
  where p.active and p.id in (:keys) # the parties
""",
}
MAPPING = """\
version: 1
mapping: accounts
source: party_party
target: accounts
key: [id]
query: |{query}
depends_on:
  party_address: party
  country_country: {{query: "select distinct party from party_address where country = :id"}}
  sale_sale: party
  sale_line: {{query: "select party from sale_sale where id = :sale"}}
  party_category: party
  category: {{query: "select party from party_category where category = :id"}}
columns:
  id: stable_uuid('party', id)
  name: trim(name)
  open_total: total
  same: [city, postal_code, country, categories]
"""
PAIRS = [("postgresql", "mariadb"), ("mariadb", "postgresql"), ("postgresql", "postgresql"), ("mariadb", "mariadb")]


class Shop(Service):
    """An ERP with parties, and a CRM with accounts that are made of them."""

    def __init__(self, folder, erp, crm, mapping=None):
        files = mapping or {"accounts": MAPPING.format(query=QUERY[erp.engine]), "lines": LINES}
        super().__init__(folder, {"erp": erp, "crm": crm}, {"to_crm": ("erp", "crm", files)})
        boolean = "boolean" if self.is_postgresql("erp") else "tinyint(1)"
        self.sql("erp", *(statement.format(boolean=boolean) for statement in SOURCE), *(FULL if self.is_postgresql("erp") else ()))
        self.sql("crm", *TARGET)
        self.sql("erp", "insert into country_country values (1, 'DE', 'Germany'), (2, 'AT', 'Austria')")
        self.sql("erp", "insert into category values (1, 'retail'), (2, 'export')")

    def seq(self):
        """The number of the target transactions so far."""
        return self.sql("crm", f"select seq from cdc.checkpoint where pipeline = '{self.names['to_crm']}'")

    def accounts(self):
        """name → what is made of the other tables."""
        rows = self.sql("crm", "select name, city, country, open_total, categories from accounts order by name")
        return {name: (city, country, float(total), categories) for name, city, country, total, categories in rows}

    def follows(self, **expected):
        self.until(lambda: self.accounts() == expected, lambda: (self.accounts(), expected))


@pytest.fixture(params=PAIRS, ids="-".join)
def servers(request):
    return tuple(request.getfixturevalue(name) for name in request.param)


@pytest.fixture
def shop(request, servers, tmp_path):
    made = Shop(tmp_path, *servers, getattr(request, "param", None))
    try:
        yield made
    finally:
        made.close()


def test_a_row_follows_all_tables_that_it_is_made_of(shop):
    shop.sql("erp", "insert into party_party values (1, 'A', ' Ada ', true), (2, 'B', 'Bob', true), (3, 'C', 'Cid', false)")
    shop.sql(
        "erp", "insert into party_address values (10, 1, 2, 'Bonn', '53111', 1, true, true), (11, 1, null, 'Graz', '8010', 2, true, true)"
    )
    shop.once()
    assert shop.accounts() == {"Ada": ("Graz", "AT", 0.0, None), "Bob": (None, None, 0.0, None)}
    shop.start()
    shop.until(lambda: shop.state("to_crm") == "streaming")

    shop.sql("erp", "update party_address set active = false where id = 11")  # the choice rule falls on the other one
    shop.follows(Ada=("Bonn", "DE", 0.0, None), Bob=(None, None, 0.0, None))
    shop.sql("erp", "update party_address set party = 2 where id = 10")  # a child moves: both are touched
    shop.follows(Ada=(None, None, 0.0, None), Bob=("Bonn", "DE", 0.0, None))
    shop.sql("erp", "update country_country set code = 'D' where id = 1")  # two tables away
    shop.follows(Ada=(None, None, 0.0, None), Bob=("Bonn", "D", 0.0, None))
    shop.sql("erp", "insert into sale_sale values (7, 1, 'draft')", "insert into sale_line values (70, 7, 12.50), (71, 7, 0.25)")
    shop.follows(Ada=(None, None, 12.75, None), Bob=("Bonn", "D", 0.0, None))
    shop.sql("erp", "delete from sale_line where id = 71", "insert into party_category values (1, 1), (1, 2)")
    shop.follows(Ada=(None, None, 12.5, "export, retail"), Bob=("Bonn", "D", 0.0, None))
    shop.sql("erp", "update category set name = 'abroad' where id = 2", "delete from party_category where category = 1")
    shop.follows(Ada=(None, None, 12.5, "abroad"), Bob=("Bonn", "D", 0.0, None))
    shop.sql("erp", "delete from party_address where id = 10", "update sale_sale set state = 'cancelled' where id = 7")
    shop.follows(Ada=(None, None, 0.0, "abroad"), Bob=(None, None, 0.0, None))
    shop.sql("erp", "update party_party set active = true where id = 3", "update party_party set active = false where id = 2")
    shop.follows(Ada=(None, None, 0.0, "abroad"), Cid=(None, None, 0.0, None))
    shop.sql("erp", "delete from party_party where id = 1")
    shop.follows(Cid=(None, None, 0.0, None))
    assert shop.sql("crm", "select count(*) from accounts where remark <> 'untouched'") == [(0,)]
    shop.stop()


def test_killed_in_the_middle_no_effect_is_doubled(shop):
    """Lines are only ever added, so each effect on an account must raise its total; and each line arrives once."""
    shop.sql("crm", *(PG_AUDIT if shop.is_postgresql("crm") else MY_AUDIT))
    shop.sql("erp", *(f"insert into party_party values ({n}, 'C{n}', 'party {n:02}', true)" for n in range(1, 21)))
    shop.sql("erp", *(f"insert into sale_sale values ({n}, {n}, 'draft')" for n in range(1, 21)))
    added, stop, more = {}, threading.Event(), random.Random(7)

    def write():
        with closing(shop.servers["erp"].connect(shop.names["erp"])) as connection:
            cursor = connection.cursor()
            for number in itertools.count(1):
                if stop.is_set():
                    return
                cursor.execute("begin")
                for line in range(number * 10, number * 10 + more.choice((1, 1, 3, 9))):
                    sale = more.randrange(1, 21)
                    cursor.execute(f"insert into sale_line values ({line}, {sale}, 1.25)")
                    added[line] = sale
                cursor.execute("commit")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for pause in (1.2, 0.9, 1.5, 1.1):
            shop.start()
            time.sleep(pause)  # at any moment
            shop.kill()
    finally:
        stop.set()
        writer.join()
    shop.start()
    totals = Counter(added.values())
    expected = {f"party {n:02}": (None, None, totals[n] * 1.25, None) for n in range(1, 21)}
    shop.follows(**expected)
    shop.until(lambda: shop.sql("crm", "select count(*) from quotes_lines") == [(len(added),)])
    shop.stop()
    effects = defaultdict(list)
    for what, key, total in shop.sql("crm", "select what, id, total from audit order by seq"):
        effects["line" if what == "line" else "account", key].append(total)
    assert all(len(seen) == 1 for (what, _), seen in effects.items() if what == "line"), "a line was written twice"
    totals_seen = [seen for (what, _), seen in effects.items() if what == "account"]
    assert len(totals_seen) == 20
    assert all(seen == sorted(set(seen)) for seen in totals_seen), "an account was written without a change, or went back"


def test_a_change_that_touches_many_rows_is_written_by_and_by(shop):
    """A country's code behind 12,000 parties: in transactions of bounded size, the position moving with the last."""
    numbers = "generate_series(1, 12000) s (seq)" if shop.is_postgresql("erp") else series(12000)
    name = "seq::text" if shop.is_postgresql("erp") else "seq"
    shop.sql("erp", f"insert into party_party select seq, {name}, {name}, true from {numbers}")
    shop.sql("erp", f"insert into party_address select seq, seq, 1, 'Bonn', '53111', 1, true, true from {numbers}")
    shop.once()
    assert shop.sql("crm", "select country, count(*) from accounts group by country") == [("DE", 12000)]
    before = shop.seq()
    shop.sql("erp", "update country_country set code = 'D' where id = 1")
    done = shop.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert "a change touches many rows" in done.stderr
    assert shop.sql("crm", "select country, count(*) from accounts group by country") == [("D", 12000)]
    ((after,),), ((start,),) = shop.seq(), before
    assert after - start >= 3


SETTLING = """\
version: 1
mapping: accounts
source: party_party
target: accounts
key: [id]
query: |
  select p.id, p.name, (select coalesce(sum(l.amount), 0) from sale_sale s join sale_line l on l.sale = s.id where s.party = p.id) as total
  from party_party p where p.id in (:keys)
depends_on:
  sale_sale: party
  sale_line: {query: "select party from sale_sale where id = :sale"}
settle: 700ms
columns:
  id: stable_uuid('party', id)
  name: name
  open_total: cast(total as numeric(14,2))
"""


@pytest.mark.parametrize("shop", [SETTLING], indirect=True)
def test_an_aggregate_that_is_written_row_by_row_arrives_when_it_is_quiet(shop):
    """Each row in a transaction of its own, as some applications save: the target sees the whole, and not its parts."""
    shop.sql("crm", *(PG_AUDIT if shop.is_postgresql("crm") else MY_AUDIT))
    shop.start()
    shop.until(lambda: shop.state("to_crm") == "streaming")
    shop.sql("erp", "insert into party_party values (1, 'A', 'Ada', true)", "insert into sale_sale values (7, 1, 'draft')")
    for number in range(8):
        shop.sql("erp", f"insert into sale_line values ({number}, 7, 1.25)")
        time.sleep(0.2)
    shop.follows(Ada=(None, None, 10.0, None))
    effects = shop.sql("crm", "select what, total from audit where what <> 'line' order by seq")
    assert [(what, float(total)) for what, total in effects] == [("insert", 10.0)]
    shop.stop()


@pytest.fixture
def checked(tmp_path, mariadb, postgresql):
    made = []

    def check(mapping, *statements):
        shop = Shop(tmp_path, postgresql, mariadb, mapping)
        made.append(shop)
        if statements:
            shop.sql("erp", *statements)
        return shop.command("check", "--connect")

    yield check
    for each in made:
        each.close()


def test_check_places_what_the_server_says_of_a_query(checked):
    done = checked(MAPPING.format(query=QUERY["postgresql"].replace("a.postal_code", "a.postcode")))
    assert done.returncode == 78
    line = next(line for line in done.stdout.splitlines() if "bad-query" in line)
    assert "mapping.yaml:7:32: error[bad-query]: column a.postcode does not exist" in line
    assert "\n      |                                ^" in done.stdout


def test_check_says_which_replica_identity_is_needed_and_which_table_would_be_read_whole(checked):
    done = checked(
        MAPPING.format(query=QUERY["postgresql"]),
        "alter table party_address replica identity default",
        "drop index on_sale",
        "insert into party_party select n, n::text, n::text, true from generate_series(1, 10) n",
        "insert into sale_sale select n, n, 'draft' from generate_series(1, 10) n",
        "insert into sale_line select n, 1, 1.25 from generate_series(1, 20000) n",
        "analyze",
    )
    assert done.returncode == 78
    assert "alter table public.party_address replica identity full" in done.stdout
    assert "warning[query-scan]: mapping accounts:" in done.stdout
    assert "public.sale_line (20,000 rows)" in done.stdout
