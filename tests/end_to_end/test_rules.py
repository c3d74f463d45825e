"""Sales of an ERP and offers of a CRM, by rules that people wrote in tables: maps, decisions, checks, and columns for new rows only."""

import pytest

from tests.service import Service

MAPPING = """\
version: 1
mapping: offers
source: sale
target: offer
key: [id]
where: {decision: wanted}
columns:
  id: id
  stage: {map: stages, from: [state, invoice]}
  class: {decision: class}
  chance: {decision: class}
  name: {value: name, on_fail: truncate}
  phone: {value: phone, check: "length(phone) <= 6", on_fail: null}
  owner: {value: "'nobody'", write: insert}
  touched: {value: state, write: update}
  deleted: 0
deletes: soft
soft_delete: {deleted: 1}
maps:
  stages: {file: tables/stages.csv, from: [state, invoice], to: stage}
decisions:
  wanted: {when: [state, gone], then: [wanted], file: tables/wanted.csv, separator: semicolon}
  class:
    when: [amount]
    then: [class, chance]
    rules:
      - ["< 1000", small, 10]
      - [">= 1000", large, "= 100 - id"]
    else: ["?", null]
"""
REMARKS = """\
version: 1
mapping: remarks
source: remark
target: offer
key: [id]
columns:
  id: sale
  remark: text
  stage: {value: "'new'", write: insert}
deletes: ignore
"""
"""Fills a column of the same rows, and may come first."""
SALE = (
    "create table sale (id int primary key, state varchar(20), invoice varchar(20), amount numeric(10,2), name varchar(80), phone varchar(80),"
    " gone {} not null default false)"
)
OFFER = (
    "create table offer (id int primary key, stage varchar(20) not null, class varchar(9), chance int, name varchar(5), phone varchar(20),"
    " owner varchar(20) default 'app', touched varchar(20), deleted int not null default 0, remark varchar(20))"
)


@pytest.mark.parametrize("backwards", [False, True], ids=["postgresql-mariadb", "mariadb-postgresql"])
def test_rules_in_tables_all_the_way(tmp_path, postgresql, mariadb, backwards):
    servers = dict(zip(("erp", "crm"), (mariadb, postgresql) if backwards else (postgresql, mariadb), strict=True))
    service = Service(tmp_path, servers, {"sales": ("erp", "crm", {"offers": MAPPING, "remarks": REMARKS})})
    tables = tmp_path / "sales" / "tables"
    tables.mkdir()
    (tables / "stages.csv").write_bytes(
        '\ufeffstage,state,invoice\r\nDraft,draft,\r\nOpen,done,none\r\n"Closed, paid",done,paid\r\n'.encode()
    )
    (tables / "wanted.csv").write_text("#why;state;gone;wanted\ninternal;in ('internal', 'test');;false\nmarked;;true;false\n;;;true\n")
    service.sql(
        "erp", SALE.format("tinyint(1)" if backwards else "boolean"), "create table remark (sale int primary key, text varchar(20))"
    )
    if service.is_postgresql("erp"):
        service.sql("erp", "alter table sale replica identity full")
    service.sql("crm", OFFER)
    try:
        service.sql(
            "erp",
            "insert into sale values (1, 'draft', null, 5, 'Meier & Sons', '12345', false), (2, 'internal', null, 5, 'x', '1', false)",
        )
        service.once()
        columns = "id, stage, class, chance, name, phone, owner, touched, deleted, remark"
        assert service.sql("crm", f"select {columns} from offer order by id") == [
            (1, "Draft", "small", 10, "Meier", "12345", "nobody", None, 0, None)
        ]
        service.sql("crm", "update offer set owner = 'alice'")
        service.sql(
            "erp",
            "update sale set state = 'done', invoice = 'paid', amount = 1000, phone = '1234567' where id = 1",
            "insert into sale values (3, 'draft', null, null, 'c', null, true), (4, 'done', 'none', null, 'd', null, false)",
            "insert into remark values (4, 'hello'), (5, 'early')",
            "update sale set name = 'dd' where id = 4",
        )
        service.once()
        assert service.sql("crm", f"select {columns} from offer order by id") == [
            (1, "Closed, paid", "large", 99, "Meier", None, "alice", "done", 0, None),
            (4, "Open", "?", None, "dd", None, "nobody", "done", 0, "hello"),
            (5, "new", None, None, None, None, "app", None, 0, "early"),
        ]
        service.sql("erp", "update sale set gone = true where id = 1", "insert into sale values (5, 'draft', null, 1, 'e', null, false)")
        service.once()
        rows = service.sql("crm", "select id, stage, owner, touched, deleted, remark from offer order by id")
        assert rows[0] == (1, "Closed, paid", "alice", "done", 1, None)
        assert rows[2] == (5, "Draft", "app", "draft", 0, "early")
        service.sql("erp", "insert into sale values (6, 'lost', 'none', 1, 'f', null, false)")
        service.once()
        assert service.sql("crm", "select id from offer where id = 6") == []
        assert "column 'stage': the value map 'stages' has no entry" in service.command("parked", "list", "--format", "json").stdout
        checked = service.command("check")
        assert checked.returncode == 0, checked.stdout
        (tables / "wanted.csv").write_text("state;gone;wanted\ndraft;any;perhaps\n")
        checked = service.command("check")
        assert checked.returncode == 78
        assert "wanted.csv:2:11: error[bad-value]: `where` needs true or false" in checked.stdout
    finally:
        service.close()
