"""`cdc schema`: dumped, compared, and a migration checked before it runs, against real catalogues."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.servers import MariaDB, PostgreSQL
from tests.service import Service

MAPPING = """\
version: 1
mapping: items
source: item
target: item
key: [id]
columns: {id: id, name: name}
"""


@pytest.fixture
def service(tmp_path: Path, postgresql: PostgreSQL, mariadb: MariaDB) -> Iterator[Service]:
    made = Service(tmp_path, {"erp": postgresql, "crm": mariadb}, {"go": ("erp", "crm", MAPPING)})
    made.sql("erp", "create table public.item (id int primary key, name varchar(40), note text)")
    made.sql("crm", "create table item (id int primary key, name varchar(40), own varchar(9) default 'x')")
    yield made
    made.close()


def test_a_dump_is_the_same_again_and_a_difference_names_the_mapping(service: Service) -> None:
    """torture: F02, F09"""
    first = service.command("schema", "dump")
    assert (first.returncode, first.stdout.startswith("2 tables written")) == (0, True), first.stderr
    folder = service.folder / ".cdc" / "schema"
    texts = {file: file.read_text() for file in folder.rglob("*.json")}
    assert [column["name"] for column in json.loads(texts[folder / "erp" / "public.item.json"])["columns"]] == ["id", "name", "note"]
    assert service.command("schema", "dump").returncode == 0
    assert {file: file.read_text() for file in folder.rglob("*.json")} == texts
    assert (service.command("schema", "diff").returncode, service.command("schema", "diff").stdout) == (0, "")

    service.sql("erp", "alter table public.item drop column name", "alter table public.item add column c int")
    service.sql("crm", "alter table item modify own varchar(10)")
    found = service.command("schema", "diff", "--format", "json")
    assert found.returncode == 3
    said = json.loads(found.stdout)
    assert {(one["database"], one["what"].partition(":")[0]) for one in said["differences"]} == {
        ("crm", "column 'own'"),
        ("erp", "column 'c' is new"),
        ("erp", "column 'name' is gone"),
    }
    assert {tuple(one["mappings"]) for one in said["differences"]} == {("items",)}
    assert [problem["code"] for problem in said["problems"]] == ["unknown-column"]
    text = service.command("schema", "diff").stdout
    assert "erp: public.item: column 'name' is gone (mapping items)" in text
    missing = service.command("schema", "diff", str(service.folder / "nothing"))
    assert (missing.returncode, "cdc schema dump --out" in missing.stderr) == (78, True)


def test_a_migration_is_checked_in_the_databases_own_words_and_runs_nothing(service: Service) -> None:
    """torture: F02, F04, F09, F13"""
    file = service.folder / "migration.sql"
    file.write_text("alter table item add column c int;\nalter table item\n  drop column name;\nmove mountains;\n")
    found = service.command("schema", "check", str(file), "--database", "erp")
    assert found.returncode == 3
    assert f"{file}:1: alter table item add column c int\n    no mapping is hit\n" in found.stdout
    assert f"{file}:2: alter table item drop column name\n    stops mapping items: column 'name' does not exist" in found.stdout
    assert "cdc reload" in found.stdout
    assert "not understood: " in found.stdout
    assert service.sql("erp", "select name from public.item") == []

    file.write_text("alter table item modify name varchar(30), add column c int not null")
    found = service.command("schema", "check", str(file), "--database", "crm", "--format", "json")
    assert found.returncode == 3
    ((hit,),) = [one["hits"] for one in json.loads(found.stdout)["statements"]]
    assert (hit["mapping"], "'c'" in hit["message"], "with a default" in hit["steps"]) == ("items", True, True)

    file.write_text("alter table item add column d int; create index i on item (note)")
    assert service.command("schema", "check", str(file), "--database", "erp").returncode == 0
    assert service.command("schema", "check", str(file)).returncode == 2
