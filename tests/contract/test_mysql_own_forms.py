"""What only MySQL writes: compressed transactions, changes of JSON documents, GTIDs with tags. `make test-matrix` has such a server."""

import json
import random

import pytest

from cdc.model.change import Op
from tests.contract.test_mysql_source import simple, world

__all__ = ["world"]


@pytest.fixture
def shop(world):
    made = world()
    if "maria" in made.ask("select version()")[0][0].lower():
        pytest.skip("MySQL alone has it")
    made.run("create table t (id int primary key, v varchar(500), doc json, other json)")
    return made


def test_transactions_that_the_server_packs(shop):
    """torture: 27, 57"""
    start = shop.head()
    shop.run("set session binlog_transaction_compression = on", "insert into t (id, v) values (1, repeat('ä', 100)), (2, null)")
    shop.run(
        "begin",
        "update t set v = 'x' where id = 1",
        "savepoint s",
        "delete from t",
        "rollback to s",
        "delete from t where id = 2",
        "commit",
    )
    shop.run("set session binlog_transaction_compression = off", "insert into t (id, v) values (3, 'plain')")
    found = shop.read(start)
    assert [[(change.op, change.old and change.old[:2], change.new and change.new[:2]) for change in each.changes] for each in found] == [
        [(Op.INSERT, None, ("1", "ä" * 100)), (Op.INSERT, None, ("2", None))],
        [(Op.UPDATE, ("1", "ä" * 100), ("1", "x")), (Op.DELETE, ("2", None), None)],
        [(Op.INSERT, None, ("3", "plain"))],
    ]
    assert [len(shop.read(each.upto)) for each in found] == [2, 1, 0]


def test_a_large_transaction_that_the_server_packs(shop):
    """torture: 57"""
    start = shop.head()
    shop.run("set session binlog_transaction_compression = on", "set session cte_max_recursion_depth = 30000")
    shop.run(
        "insert into t (id, v) with recursive n as (select 1 i union all select i + 1 from n where i < 20000) select i, repeat('x', 400) from n"
    )
    (found,) = shop.read(start)
    assert [change.new[0] for change in found.changes] == [str(number) for number in range(1, 20_001)]


def test_gtids_with_tags(shop):
    """torture: B06"""
    start = shop.head()
    for number, tag in enumerate(("automatic", "automatic:cdc", "automatic:other", "automatic:cdc", "automatic")):
        shop.run(f"set gtid_next = '{tag}'", f"insert into t (id) values ({number})")
    found = shop.read(start)
    assert [each.changes[0].new[0] for each in found] == ["0", "1", "2", "3", "4"]
    assert [len(shop.read(each.upto)) for each in found] == [4, 3, 2, 1, 0]
    assert ":cdc:" in (head := shop.head())
    assert found[-1].upto == head


def value(rng, depth=0):
    kind = rng.randrange(8 if depth < 2 else 5)
    if kind < 5:
        return (rng.randrange(-(10**9), 10**9), rng.random() * 10 ** rng.randrange(-9, 18), rng.choice([True, False, None]),
                rng.choice(["x", "äö", 'q"uo\\te', ""]), "long " * rng.randrange(40))[kind]  # fmt: skip
    if kind == 5:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(["a", "b", "cc", "k y", "ü", '"q', "$", "a.b"]): value(rng, depth + 1) for _ in range(rng.randrange(5))}


def paths(document, path="$"):
    found = [f"{path}[0]"] if path != "$" else []
    members = list(document.items() if isinstance(document, dict) else enumerate(document if isinstance(document, list) else ()))
    for name, inner in members:
        leg = f"[{name}]" if isinstance(document, list) else f".{json.dumps(name, ensure_ascii=False)}"
        found += [path + leg, *paths(inner, path + leg)]
    return [*found, f"{path}.new", f"{path}[{len(members)}]"]


@pytest.mark.parametrize("image", ["full", "noblob"])
def test_changes_of_documents_make_the_document_that_the_server_has(shop, image):
    """torture: 27, 45"""
    rng = random.Random(image)
    documents = {number: {"a": value(rng), "list": [value(rng) for _ in range(3)]} for number in range(20)}
    with shop.session.cursor() as cursor:
        cursor.executemany("insert into t values (%s, 'v', %s, '[1]')", [(number, json.dumps(each)) for number, each in documents.items()])
        cursor.execute(f"set session binlog_row_value_options = PARTIAL_JSON, binlog_row_image = {image}")
        start, expected = shop.head(), []
        for _ in range(120):
            number = rng.randrange(20)
            function, path = rng.choice(["json_set", "json_replace", "json_remove"]), rng.choice(paths(documents[number]))
            given = (path,) if function == "json_remove" else (path, json.dumps(value(rng, 1)))
            new = f"{function}(doc, %s{'' if function == 'json_remove' else ', cast(%s as json)'})"
            if cursor.execute(
                f"update t set doc = {new}, other = json_set(other, '$[0]', %s) where id = %s", (*given, rng.random(), number)
            ):
                cursor.execute("select id, doc, other from t where id = %s", (number,))
                expected.append(tuple(map(str, cursor.fetchone())))
    found = shop.changes(start)
    assert [(change.new[0], change.new[2], change.new[3]) for change in found] == expected
    assert len(found) > 100


def test_columns_of_other_tables_that_nobody_wants(shop):
    shop.run("create table n (id int primary key, e vector(3))")
    start = shop.head()
    shop.run("insert into n values (1, string_to_vector('[1,2,3]'))", "insert into t (id) values (1)")
    assert [change.new[0] for change in shop.changes(start)] == ["1"]


def test_a_mapped_vector_is_bytes(world, shop):
    mapped = simple(world)
    mapped.run("alter table t add column e vector(2)")
    start = mapped.head()
    mapped.run("insert into t values (1, 'a', string_to_vector('[1,2]'))")
    (found,) = mapped.changes(start)
    assert found.new == ("1", "a", "\\x0000803f00000040")
