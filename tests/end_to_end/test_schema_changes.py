"""Tables that change under a running pipeline: what passes unnoticed, what stops before the first wrong row, and how it goes on by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from logging import CRITICAL
from typing import Any

import pytest
import structlog

from cdc.app.daemon import supervise
from cdc.app.monitor.footing import FootingLook
from cdc.app.monitor.watch import State
from cdc.source import feed
from demo.servers import MariaDB, PostgreSQL, Server
from tests.drift import Drifting
from tests.online import Application, gh_ost, pt_osc

PG, MY = "postgresql", "mariadb"
BOTH = (PG, MY)
COLUMNS = "{id: id, name: name, qty: qty}"
SOURCE = ("create table {t} (id int primary key, name varchar(40), qty int, note varchar(40))",)
TARGET = ("create table {t} (id int primary key, name varchar(40), qty int, own varchar(40) default 'own')",)
FIRST = ("insert into {t} (id, name, qty, note) values (1, 'a', 10, 'x')",)

QUERY = """query: select id, name, qty from v_{t} where id in (:keys)"""


@dataclass(frozen=True)
class Case:
    """What happens on the source, and what the target then has. `own` is the target's column that no mapping names."""

    name: str
    change: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    on: tuple[str, ...] = BOTH
    stops: str = ""
    """What the pipeline says when it stands; then `held` is what the target has until `mend` is done."""
    held: tuple[tuple[Any, ...], ...] = ((1, "a", 10, "own"),)
    mend: tuple[str, ...] = ()
    columns: str = ""
    """The mapping's columns from then on."""
    more: str = ""
    """The mapping's other keys from then on."""
    source: tuple[str, ...] = SOURCE
    target: tuple[str, ...] = TARGET
    first: tuple[str, ...] = FIRST
    begins: str = ""
    """The mapping's other keys at first."""
    crm: tuple[str, ...] = ()
    """What changes on the target, before `change`."""
    mend_crm: tuple[str, ...] = ()
    mapped: str = COLUMNS
    """The mapping's columns at first."""
    torture: str = ""
    table: str = "{t}"
    """The mapping's source from then on."""
    away: bool = False
    """It is seen to be undone only by who was away."""

    def __str__(self) -> str:
        return self.name


def row(key: int, name: str | None = "a", qty: int | None = 10, own: str | None = "own") -> tuple[Any, ...]:
    return key, name, qty, own


A = row(1)
UNNOTICED = [
    Case("a column is added", ("alter table {t} add column c int default 7", "insert into {t} values (2, 'b', 20, 'y', 3)"), [A, row(2, "b", 20)], torture="F01"),
    Case("a column is added in front", ("alter table {t} add column c int default 7 first", "insert into {t} values (3, 2, 'b', 20, 'y')"), [A, row(2, "b", 20)], (MY,), torture="F01"),
    Case("a column that nobody maps is dropped", ("alter table {t} drop column note", "insert into {t} values (2, 'b', 20)"), [A, row(2, "b", 20)], torture="F02"),
    Case("one in the middle comes and goes", ("alter table {t} add column c int", "alter table {t} drop column note", "update {t} set qty = 11", "alter table {t} drop column c", "insert into {t} values (2, 'b', 20)"), [row(1, "a", 11), row(2, "b", 20)], torture="F02"),
    Case("a column that nobody maps gets another name", ("alter table {t} rename column note to remark", "insert into {t} values (2, 'b', 20, 'y')"), [A, row(2, "b", 20)], torture="F03"),
    Case("a column that nobody maps gets another type", ("alter table {t} drop column note", "alter table {t} add column note int", "insert into {t} values (2, 'b', 20, 5)"), [A, row(2, "b", 20)], torture="F04"),
    Case("columns change their order", ("alter table {t} modify column qty int first", "insert into {t} values (20, 2, 'b', 'y')"), [A, row(2, "b", 20)], (MY,), torture="F03, F10"),
    Case("a column goes and comes back at the end", ("alter table {t} drop column name", "alter table {t} add column name varchar(40)", "insert into {t} (id, name, qty) values (2, 'b', 20)"), [A, row(2, "b", 20)], torture="F03"),
    Case("a type gets wider", ("alter table {t} alter column name type varchar(39)", "insert into {t} values (2, 'b', 20, 'y')"), [A, row(2, "b", 20)], (PG,), torture="F04"),
    Case("a smaller type", ("alter table {t} modify column qty smallint", "insert into {t} values (2, 'b', 20, 'y')"), [A, row(2, "b", 20)], (MY,), torture="F04"),
    Case("a character set changes", ("alter table {t} convert to character set latin1", "insert into {t} values (2, 'ä', 20, 'y')"), [A, row(2, "ä", 20)], (MY,), torture="F04"),
    Case("not null, defaults, checks and comments", ("alter table {t} alter column qty set default 5", "alter table {t} add constraint positive check (qty > 0)", "insert into {t} (id, name) values (2, 'b')"), [A, row(2, "b", 5)], torture="F04"),
    Case("an index comes and goes", ("create index by_name_{t} on {t} (name)", "insert into {t} values (2, 'b', 20, 'y')", "drop index by_name_{t}"), [A, row(2, "b", 20)], (PG,), torture="F04"),
    Case("DDL and rows in one transaction", ("begin", "update {t} set qty = 11", "alter table {t} add column c int default 7", "insert into {t} values (2, 'b', 20, 'y', 3)", "alter table {t} drop column note", "insert into {t} values (3, 'c', 30, 4)", "commit"), [row(1, "a", 11), row(2, "b", 20), row(3, "c", 30)], (PG,), torture="F06"),
    Case("DDL that is rolled back", ("begin", "alter table {t} drop column name", "rollback", "insert into {t} values (2, 'b', 20, 'y')"), [A, row(2, "b", 20)], (PG,), torture="F06"),
    Case("a table is rewritten", ("alter table {t} alter column note type int using length(note)", "vacuum full {t}", "update {t} set qty = 11"), [row(1, "a", 11)], (PG,), torture="F06"),
    Case("a table is rebuilt", ("alter table {t} engine = InnoDB, force", "optimize table {t}", "update {t} set qty = 11"), [row(1, "a", 11)], (MY,), torture="F06"),
    Case("the replica identity gets wider", ("alter table {t} replica identity full", "update {t} set qty = 11"), [row(1, "a", 11)], (PG,), torture="F11"),
    Case("gh-ost", ("create table _{t}_gho like {t}", "alter table _{t}_gho add column c int default 7", "insert into _{t}_gho (id, name, qty, note) select id, name, qty, note from {t}", "rename table {t} to _{t}_del, _{t}_gho to {t}", "insert into {t} values (2, 'b', 20, 'y', 3)", "drop table _{t}_del"), [A, row(2, "b", 20)], (MY,), torture="F05"),
    Case("pt-online-schema-change", ("create table _{t}_new like {t}", "alter table _{t}_new drop column note", "insert into _{t}_new select id, name, qty from {t}", "rename table {t} to _{t}_old, _{t}_new to {t}", "insert into {t} values (2, 'b', 20)", "drop table _{t}_old"), [A, row(2, "b", 20)], (MY,), torture="F05"),
    Case("a table goes under another name and comes back", ("alter table {t} rename to {t}_x", "insert into {t}_x values (2, 'b', 20, 'y')", "alter table {t}_x rename to {t}", "insert into {t} values (3, 'c', 30, 'z')"), [A, row(2, "b", 20), row(3, "c", 30)], torture="F05", away=True),
    Case("other tables come, go and are truncated", ("create table {t}_o (id int primary key)", "insert into {t}_o values (1)", "truncate table {t}_o", "alter table {t}_o rename to {t}_p", "drop table {t}_p", "update {t} set qty = 11"), [row(1, "a", 11)], torture="F07"),
    Case("truncate that is to be ignored", ("truncate table {t}", "insert into {t} values (2, 'b', 20, 'y')"), [A, row(2, "b", 20)], begins="truncate: ignore", torture="F07"),
    Case("truncate with identity and cascade", ("create table {t}_c (id int references {t})", "truncate {t} restart identity cascade", "insert into {t} values (2, 'b', 20, 'y')"), [A, row(2, "b", 20)], (PG,), begins="truncate: ignore", torture="F07"),
    Case("truncate of several tables", ("create table {t}_c (id int)", "truncate {t}_c, {t}", "insert into {t} values (2, 'b', 20, 'y')"), [A, row(2, "b", 20)], (PG,), begins="truncate: ignore", torture="F07"),
    Case("dropped and made anew", ("drop table {t}", "create table {t} (qty int, id int primary key, name varchar(40))", "insert into {t} values (20, 2, 'b')"), [A, row(2, "b", 20)], (MY,), begins="truncate: ignore", torture="F05"),
    Case("replaced", ("create or replace table {t} (qty int, id int primary key, name varchar(40))", "insert into {t} values (20, 2, 'b')"), [A, row(2, "b", 20)], (MY,), begins="truncate: ignore", torture="F05"),
    Case("an enum gets a label", ("alter type e_{t} add value 'c'", "insert into {t} values (2, 'c')"), [(1, "a"), (2, "c")], (PG,), mapped='{id: id, v: "cast(v as text)"}',
         source=("create type e_{t} as enum ('a', 'b')", "create table {t} (id int primary key, v e_{t})"), target=("create table {t} (id int primary key, v varchar(40))",), first=("insert into {t} values (1, 'a')",), torture="F11"),
    Case("a domain changes", ("alter domain d_{t} drop constraint d_{t}_check", "alter domain d_{t} add check (value > -5)", "insert into {t} values (2, -1)"), [(1, 1), (2, -1)], (PG,), mapped="{id: id, v: v}",
         source=("create domain d_{t} as int check (value > 0)", "create table {t} (id int primary key, v d_{t})"), target=("create table {t} (id int primary key, v int)",), first=("insert into {t} values (1, 1)",), torture="F11"),
    Case("partitions come, with another order of columns, and go empty", ("create table {t}_b (qty int, name varchar(40), id int not null primary key)", "alter table {t} attach partition {t}_b for values from (10) to (20)", "insert into {t} values (12, 'b', 20)", "update {t} set qty = 21 where id = 12"), [A, row(12, "b", 21)], (PG,),
         source=("create table {t} (id int primary key, name varchar(40), qty int) partition by range (id)", "create table {t}_a partition of {t} for values from (0) to (10)"), first=("insert into {t} values (1, 'a', 10)",), torture="F08, F10"),
    Case("a row moves to another partition", ("create table {t}_b partition of {t} for values from (10) to (20)", "update {t} set id = 12"), [row(12)], (PG,),
         source=("create table {t} (id int primary key, name varchar(40), qty int) partition by range (id)", "create table {t}_a partition of {t} for values from (0) to (10)"), first=("insert into {t} values (1, 'a', 10)",), torture="F08"),
    Case("a partition is detached", ("alter table {t} detach partition {t}_a", "insert into {t} values (12, 'b', 20)"), [A, row(12, "b", 20)], (PG,),
         source=("create table {t} (id int primary key, name varchar(40), qty int) partition by range (id)", "create table {t}_a partition of {t} for values from (0) to (10)", "create table {t}_b partition of {t} for values from (10) to (20)"), first=("insert into {t} values (1, 'a', 10)",), begins="truncate: ignore", torture="F08"),
    Case("partitions are added", ("alter table {t} add partition (partition q values less than (20))", "insert into {t} values (12, 'b', 20)"), [A, row(12, "b", 20)], (MY,),
         source=("create table {t} (id int primary key, name varchar(40), qty int) partition by range (id) (partition p values less than (10))",), first=("insert into {t} values (1, 'a', 10)",), torture="F08"),
    Case("a generated column is added", ("alter table {t} add column g int generated always as (qty * 2) stored", "insert into {t} (id, name, qty) values (2, 'b', 20)"), [A, row(2, "b", 20)], torture="F04"),
    Case("the target gets columns and indexes", ("insert into {t} values (2, 'b', 20, 'y')",), [(*A, 3), (*row(2, "b", 20), 3)], crm=("alter table {t} add column c int default 3", "create index by_name_{t} on {t} (name)"), torture="F09"),
    Case("the target loses a column that nobody maps", ("insert into {t} values (2, 'b', 20, 'y')",), [A[:3], row(2, "b", 20)[:3]], crm=("alter table {t} drop column own",), torture="F09"),
    Case("the target's columns change their order", ("insert into {t} values (2, 'b', 20, 'y')",), [(1, "a", "own", 10), (2, "b", "own", 20)], (PG,), crm=("alter table {t} modify column own varchar(40) default 'own' after name",), torture="F10"),
]  # fmt: skip
"""`on` is the source's engine; the target is of the other."""

STOPS = [
    Case("a mapped column is dropped, and the mapping mended", ("update {t} set qty = 11", "alter table {t} drop column name", "insert into {t} values (2, 20, 'y')"), [row(1, "a", 11), row(2, None, 20)], stops=r"mapping t\d+ no longer fits \S+: column 'name' does not exist.*t\d+\.yaml:6:\d+.*in the log before", held=(row(1, "a", 11),), columns="{id: id, qty: qty}", torture="F02, F13"),
    Case("a mapped column is dropped and made anew", ("alter table {t} drop column name", "insert into {t} values (2, 20, 'y')"), [A, row(2, None, 20), row(3, "c", 30)], stops=r"column 'name' does not exist", mend=("alter table {t} add column name varchar(40)", "insert into {t} values (3, 30, 'z', 'c')"), torture="F02, F03"),
    Case("a mapped column gets another name, and its own again", ("alter table {t} rename column name to title", "insert into {t} values (2, 'b', 20, 'y')"), [A, row(2, "b", 20)], stops=r"column 'name' does not exist", mend=("alter table {t} rename column title to name",), torture="F03"),
    Case("a mapped column gets another name, and the mapping too", ("alter table {t} rename column name to title", "insert into {t} values (2, 'b', 20, 'y')"), [A, row(2, "b", 20)], stops=r"column 'name' does not exist", columns="{id: id, name: title, qty: qty}", torture="F03"),
    Case("a column takes the name of a mapped one", ("alter table {t} rename column qty to old_qty", "alter table {t} add column extra int", "insert into {t} (id, name, old_qty) values (2, 'b', 20)"), [A, row(2, "b", 20)], stops=r"column 'qty' does not exist", mend=("alter table {t} rename column old_qty to qty",), torture="F03"),
    Case("a type that does not convert", ("alter table {t} drop column qty", "alter table {t} add column qty date", "insert into {t} values (2, 'b', 'y', '2026-01-01')"), [A, row(2, "b", 20260101)], stops=r"mapping t\d+ no longer fits", columns='{id: id, name: name, qty: "extract(year from qty)::int * 10000 + 101"}', torture="F04"),
    Case("a table gets another name, and its own again", ("alter table {t} rename to {t}_x", "insert into {t}_x values (2, 'b', 20, 'y')"), [row(1, "a", 11), row(2, "b", 20)], stops=r"was renamed to|does not exist", held=(row(1, "a", 11),), mend=("alter table {t}_x rename to {t}",), first=(*FIRST, "update {t} set qty = 11"), torture="F05"),
    Case("a table gets another name, and the mapping too", ("alter table {t} rename to {t}_x", "insert into {t}_x values (2, 'b', 20, 'y')"), [row(1, "a", 11), row(2, "b", 20)], stops=r"was renamed to|does not exist", held=(row(1, "a", 11),), table="{t}_x", first=(*FIRST, "update {t} set qty = 11"), torture="F05"),
    Case("RENAME TABLE", ("update {t} set qty = 11", "rename /* for now */ table `{t}` to {t}_x"), [row(1, "a", 11)], (MY,), stops=r"was renamed to", held=(row(1, "a", 11),), mend=("rename table {t}_x to {t}",), torture="F05"),
    Case("tables are swapped", ("create table {t}_s like {t}", "rename table {t} to {t}_b, {t}_s to {t}", "insert into {t} values (2, 'b', 20, 'y')"), [A, row(2, "b", 20)], (MY,), stops=r"another table took its name", more="truncate: ignore", torture="F05"),
    Case("dropped and made anew", ("drop table {t}", "create table {t} (qty int, id int primary key, name varchar(40))", "insert into {t} values (20, 2, 'b')"), [A, row(2, "b", 20)], (MY,), stops="was truncated, dropped", more="truncate: ignore", torture="F05"),
    Case("truncated", ("insert into {t} values (2, 'b', 20, 'y')", "truncate table {t}", "insert into {t} values (3, 'c', 30, 'y')"), [A, row(2, "b", 20), row(3, "c", 30)], stops="was truncated.*in the log before", held=(A, row(2, "b", 20)), more="truncate: ignore", torture="F07"),
    Case("a partition is truncated", ("alter table {t} truncate partition p", "insert into {t} values (2, 'c', 30)"), [A, row(2, "c", 30)], (MY,), stops="was truncated", more="truncate: ignore",
         source=("create table {t} (id int primary key, name varchar(40), qty int) partition by range (id) (partition p values less than (10))",), first=("insert into {t} values (1, 'a', 10)",), torture="F07"),
    Case("a partition is exchanged", ("create table {t}_x (id int primary key, name varchar(40), qty int)", "alter table {t} exchange partition p with table {t}_x", "insert into {t} values (2, 'c', 30)"), [A, row(2, "c", 30)], (MY,), stops="was truncated", more="truncate: ignore",
         source=("create table {t} (id int primary key, name varchar(40), qty int) partition by range (id) (partition p values less than (10))",), first=("insert into {t} values (1, 'a', 10)",), torture="F07, F08"),
    Case("a partition becomes a table", ("alter table {t} convert partition p to table {t}_x", "insert into {t} values (12, 'c', 30)"), [A, row(12, "c", 30)], (MY,), stops="was truncated", more="truncate: ignore",
         source=("create table {t} (id int primary key, name varchar(40), qty int) partition by range (id) (partition p values less than (10), partition q values less than (20))",), first=("insert into {t} values (1, 'a', 10)",), torture="F07, F08"),
    Case("the key is dropped", ("alter table {t} drop constraint {t}_pkey", "alter table {t} replica identity nothing", "alter table {t} add column c int", "insert into {t} values (2, 'b', 20, 'y')"), [A, row(2, "b", 20)], (PG,), stops="does not say which row", mend=("alter table {t} add primary key (id)", "alter table {t} replica identity default"), torture="F11"),
    Case("the key is dropped ", ("alter table {t} drop primary key", "insert into {t} values (2, 'b', 20, 'y')"), [A, row(2, "b", 20)], (MY,), stops="does not say which row|no key|primary key", mend=("alter table {t} add primary key (id)",), torture="F11"),
    Case("the replica identity carries less than the mapping needs", ("alter table {t} replica identity default", "update {t} set qty = 12"), [row(1, "old 12", 12)], (PG,), stops="needs the old (column )?'qty'", held=(row(1, "old 10", 11),), mend=("alter table {t} replica identity full", "update {t} set name = 'z'", "update {t} set qty = 12 where id = 1"), mapped="{id: id, name: \"'old ' || old.qty::text\", qty: qty}",
         source=("create table {t} (id int primary key, name varchar(40), qty int)", "alter table {t} replica identity full"), first=("insert into {t} values (1, 'a', 10)", "update {t} set qty = 11"), torture="F11"),
    Case("a view that a query reads gets a column of another type", ("drop view v_{t}", "create view v_{t} as select id, name, concat(qty, '') as qty from {t}", "insert into {t} values (2, 'b', 20, 'y')"), [A, row(2, "b", 20)], stops=r"what the query reads has changed|no longer fits|qty", begins=QUERY,
         source=(*SOURCE, "create view v_{t} as select id, name, qty from {t}"), mend=("drop view v_{t}", "create view v_{t} as select id, name, qty from {t}"), torture="F04"),
    Case("a view that a query reads goes", ("update {t} set qty = 11", "drop view v_{t}", "insert into {t} values (2, 'b', 20, 'y')"), [row(1, "a", 11), row(2, "b", 20)], stops=r"v_{t}", held=(), begins=QUERY,
         source=(*SOURCE, "create view v_{t} as select id, name, qty from {t}"), mend=("create view v_{t} as select id, name, qty from {t}",), torture="F02"),
    Case("the target's column is dropped", ("insert into {t} values (2, 'b', 20, 'y')",), [(1, 10, "own", None), (2, 20, "own", "b")], stops=r"name", held=((1, 10, "own"),), crm=("alter table {t} drop column name",), mend_crm=("alter table {t} add column name varchar(40)",), torture="F09"),
    Case("the target's column gets another name", ("insert into {t} values (2, 'b', 20, 'y')",), [A, row(2, "b", 20)], stops=r"name", crm=("alter table {t} rename column name to title",), mend_crm=("alter table {t} rename column title to name",), torture="F09"),
    Case("the target's column gets another type", ("insert into {t} values (2, 'b', 20, 'y')",), [row(1, "a", None), row(2, "b", 20)], stops=r"qty", held=(row(1, "a", None),), crm=("alter table {t} {small}",), mend_crm=("alter table {t} {big}",), torture="F09"),
    Case("the target's table gets another name", ("insert into {t} values (2, 'b', 20, 'y')",), [A, row(2, "b", 20)], stops=r"{t}", held=(), crm=("alter table {t} rename to {t}_x",), mend_crm=("alter table {t}_x rename to {t}",), torture="F09"),
    Case("the target's key is dropped", ("insert into {t} values (2, 'b', 20, 'y')",), [A, row(2, "b", 20)], (PG,), stops=r"PRIMARY|key|unique", crm=("alter table {t} drop primary key",), mend_crm=("alter table {t} add primary key (id)",), torture="F11"),
]  # fmt: skip

WORDS = {
    PG: {"{small}": "alter column qty type date using null", "{big}": "alter column qty type int using null"},
    MY: {"{small}": "drop column qty, add column qty date after name", "{big}": "modify column qty int"},
}  # fmt: skip


def spread(cases: list[Case]) -> list[Any]:
    return [pytest.param(engine, case, id=f"{engine}-{case.name}") for engine in BOTH for case in cases if engine in case.on]


def words(engine: str, statements: Sequence[str]) -> list[str]:
    """Fill in what the target's engine calls it."""
    for word, text in WORDS[MY if engine == PG else PG].items():
        statements = [statement.replace(word, text) for statement in statements]
    return list(statements)


def follow(given: Drifting, case: Case) -> str:
    return given.begins(case.source, case.target, case.mapped, case.begins)


def has_begun(given: Drifting, case: Case) -> None:
    given.until(lambda: len(given.rows()) == 1 and (len(case.first) == 1 or given.rows()[0][2] == 11), given.rows)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervise, "LOOK", 0.2)
        patch.setattr(feed, "_TICK", 0.05)
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(CRITICAL))
        yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def drifting(tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQL, mariadb: MariaDB) -> Iterator[Callable[[str], Drifting]]:
    servers: dict[str, Server] = {PG: postgresql, MY: mariadb}
    made: list[Drifting] = []

    def make(engine: str) -> Drifting:
        made.append(Drifting(tmp_path_factory.mktemp(engine), servers[engine], servers[MY if engine == PG else PG]))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def unnoticed(drifting: Callable[[str], Drifting]) -> Callable[[str, str], tuple[Drifting, dict[str, str]]]:
    """What is to pass unnoticed happens to all tables of one pipeline: while it runs, or while it does not."""

    @cache
    def pipeline(engine: str, when: str) -> tuple[Drifting, dict[str, str]]:
        given, cases = (
            drifting(engine),
            [case for case in UNNOTICED if engine in case.on and (not case.crm if when == "away" else not case.away)],
        )
        if getattr(given.servers["erp"], "is_mysql", False):
            cases = [case for case in cases if not case.change[0].startswith("create or replace table")]  # MariaDB alone has it
        tables = {case.name: follow(given, case) for case in cases}
        given.start()
        for case in cases:
            given.table = tables[case.name]
            given.sql("erp", *case.first)
        for case in cases:
            given.table = tables[case.name]
            has_begun(given, case)
        if when == "away":
            given.stop()
        for case in cases:
            given.table = tables[case.name]
            given.sql("crm", *words(engine, case.crm))
            given.sql("erp", *case.change)
        if when == "away":
            given.start()
        return given, tables

    return pipeline


@pytest.mark.parametrize("when", ["running", "away"])
@pytest.mark.parametrize(("engine", "case"), spread(UNNOTICED))
def test_what_touches_no_mapped_column_passes_unnoticed(
    engine: str, case: Case, when: str, unnoticed: Callable[[str, str], tuple[Drifting, dict[str, str]]]
) -> None:
    """torture: F01, F02, F03, F04, F05, F06, F07, F08, F09, F10, F11, F12"""
    given, tables = unnoticed(engine, when)
    if case.name in tables:
        given.table = tables[case.name]
        given.arrives(case.rows)
        assert given.watch.error is None
        assert given.drift() == 0


@pytest.fixture(scope="module")
def stopping(drifting: Callable[[str], Drifting]) -> Callable[[str], Drifting]:
    return cache(drifting)


AUDITED = (
    *TARGET,
    "create table {t}_audit (op varchar(6), id int, qty int)",
    """create function {t}_audit() returns trigger language plpgsql as $$ begin
        insert into public.{t}_audit values (tg_op, new.id, new.qty); return new; end $$""",
    "create trigger audit after insert or update on {t} for each row execute function {t}_audit()",
)


@pytest.mark.parametrize(
    ("tool", "rows"),
    [(pt_osc, 0), (gh_ost, 0), pytest.param(pt_osc, 20_000, marks=pytest.mark.soak), pytest.param(gh_ost, 20_000, marks=pytest.mark.soak)],
)
def test_an_online_schema_change_under_load_loses_and_doubles_nothing(
    tool: Callable[..., None], rows: int, stopping: Callable[[str], Drifting], mariadb: MariaDB
) -> None:
    """A writer goes on while the shadow table is filled and takes the table's place. torture: F05, J03"""
    given = stopping(MY)
    given.stop()
    given.forgets()
    given.begins(SOURCE, AUDITED, COLUMNS)
    given.start()
    connect = partial(mariadb.connect, given.names["erp"])
    with Application(connect, given.table, seed=rows).writing() as application:
        application.writes(rows)
        tool(connect, given.table, application)
        application.writes(60)
    there = [(*each, "own") for each in given.sql("erp", "select id, name, qty from {t}")]
    assert len(there) > 20
    given.arrives(there)
    assert given.watch.error is None
    effects = given.sql("crm", "select id, qty, count(*) from {t}_audit group by id, qty having count(*) > 1")
    assert effects == [], "a version was written twice"
    assert given.sql("crm", "select count(*) from {t}_audit where op = 'INSERT' group by id having count(*) > 1") == []


@pytest.mark.parametrize("tool", [pt_osc, gh_ost])
def test_an_online_schema_change_of_the_target_under_load_loses_and_doubles_nothing(
    tool: Callable[..., None], stopping: Callable[[str], Drifting], mariadb: MariaDB, postgresql: PostgreSQL
) -> None:
    """The pipeline is the writer; the tool swaps the table under its batches. torture: F09"""
    given = stopping(PG)
    given.stop()
    given.forgets()
    given.begins(SOURCE, ("create table {t} (id int primary key, name varchar(40), qty int, note varchar(40))",), COLUMNS)
    given.start()
    with Application(partial(postgresql.connect, given.names["erp"]), f"public.{given.table}", seed=5).writing() as application:
        tool(partial(mariadb.connect, given.names["crm"]), given.table, application)
        application.writes(60)
    there = sorted(given.sql("erp", "select id, name, qty from {t}"))
    assert len(there) > 20
    given.until(lambda: sorted(given.sql("crm", "select id, name, qty from {t}")) == there, lambda: given.sql("crm", "select * from {t}"))
    assert given.watch.error is None
    assert given.sql("crm", "select count(*) from {t} where more = 7") == [(len(there),)]


class Told:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def bind(self, **_: Any) -> Told:
        return self

    def __getattr__(self, _: str) -> Callable[..., None]:
        return lambda message, **facts: self.said.append(f"{message}; {facts.get('hint')}")


def heard(engine: str, stopping: Callable[[str], Drifting], monkeypatch: pytest.MonkeyPatch) -> tuple[Told, Drifting]:
    """A pipeline that has brought its first row, and what it says."""
    told, given = Told(), stopping(engine)
    monkeypatch.setattr(structlog, "get_logger", lambda: told)
    given.stop()
    given.forgets()
    follow(given, Case("", (), []))
    given.start()
    given.sql("erp", *FIRST)
    given.until(lambda: given.rows() == [A], given.rows)
    return told, given


@pytest.mark.parametrize("when", ["running", "away"])
@pytest.mark.parametrize("engine", BOTH)
def test_a_mapped_column_that_is_made_anew_is_told_with_what_brings_its_values(
    engine: str, when: str, stopping: Callable[[str], Drifting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its rows hold then is in no log; what changes afterwards is followed, past rows from when the column was of another type.

    torture: F02, F03, F04, F12
    """
    (told, given), away = heard(engine, stopping, monkeypatch), when == "away"
    kind = "int" if away else "varchar(40)"
    if away:
        given.stop()
        given.sql("crm", "alter table {t} drop column name", f"alter table {{t}} add column name {kind}")
    given.sql(
        "erp", "update {t} set name = 'was', qty = 11", "insert into {t} values (2, 'was', 20, 'y')", "alter table {t} drop column name"
    )
    given.sql("erp", f"alter table {{t}} add column name {kind}", "insert into {t} (id, name, qty) values (3, '8', 30), (4, '7', 40)")
    given.sql("erp", "update {t} set name = '9' where id = 4")
    if away:
        given.start()
        given.arrives([(1, 11, "own", None), (2, 20, "own", None), (3, 30, "own", 8), (4, 40, "own", 9)])
    else:
        given.arrives([row(1, "was", 11), row(2, "was", 20), row(3, "8", 30), row(4, "9", 40)])
    assert given.worker is not None
    if engine == PG:
        look = FootingLook(given.watch, told)
        look.look(given.worker.line)
        look.close()
    given.until(lambda: any("the column 'name' was dropped and made anew" in said for said in told.said), lambda: told.said)
    (said,) = [said for said in told.said if "made anew" in said]
    assert f"cdc resync {given.name} " in said


@pytest.mark.parametrize("engine", BOTH)
def test_a_column_of_another_type_is_told_since_its_rows_may_have_other_values(
    engine: str, stopping: Callable[[str], Drifting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ALTER writes all rows, and logs none. torture: F04, F06"""
    told, given = heard(engine, stopping, monkeypatch)
    given.sql("erp", "update {t} set qty = 11")  # the first row may have come by the load, which says nothing of the log's shapes
    given.arrives([row(1, "a", 11)])
    made = "alter column qty type bigint using qty * 100" if engine == PG else "modify qty bigint"
    given.sql(
        "erp", f"alter table {{t}} {made}", "alter table {t} add column more int", "insert into {t} (id, name, qty) values (2, 'b', 20)"
    )
    given.until(lambda: any("the column 'qty' was int" in said for said in told.said), lambda: told.said)
    (said,) = [said for said in told.said if "rows that have not changed since" in said]
    assert "is bigint now" in said
    assert f"cdc resync {given.name} " in said
    given.arrives([row(1, "a", 11), row(2, "b", 20)])


@pytest.mark.parametrize(("engine", "case"), spread(STOPS))
def test_what_no_longer_fits_stops_before_the_first_wrong_row_and_goes_on_once_it_is_mended(
    engine: str, case: Case, stopping: Callable[[str], Drifting]
) -> None:
    """torture: F02, F03, F04, F05, F07, F08, F09, F11, F13, C10, C12"""
    given = stopping(engine)
    given.stop()
    given.forgets()
    follow(given, case)
    given.start()
    given.until(lambda: given.watch.state is State.STREAMING, lambda: "what the load finds is no change")
    given.sql("erp", *case.first)
    has_begun(given, case)
    given.sql("crm", *words(engine, case.crm))
    given.sql("erp", *case.change)
    given.waits(case.stops.replace("{t}", given.table))
    assert given.sql("crm", f"select count(*) from cdc.parked where pipeline = '{given.name}'") == [(0,)]
    if case.held:
        given.arrives(list(case.held))
    assert given.watch.error is not None
    assert given.watch.error.hint
    given.sql("crm", *words(engine, case.mend_crm))
    given.sql("erp", *case.mend)
    if case.columns or case.more or case.table != "{t}":
        given.mapping(case.columns or case.mapped, case.more or case.begins, case.table)
    given.arrives(case.rows)
