"""Names as real schemas have them, and worse: from the mapping file through both servers, all the way, in every pair of engines."""

import json

import pytest

from cdc.sql.names import my_name, pg_name
from tests.service import Service

NAMES = (
    "account_invoice_line-account_tax",
    "Order",
    "group",
    "tab Sales Order",
    "it's",
    'say "hi"',
    "back`tick`",
    "100%",
    "%s {0} {} %(x)s",
    "a.b",
    "semi;colon -- no comment /* nor this */",
    "back\\slash",
    "$dollar$ :colon @at #hash ?",
    "größe 単価",
    "new\nline",
    "x" * 63,
)
"""Of tables and of columns. Reserved words of either engine, what SQL, Python's templates and drivers give a meaning, and the longest of all."""
RESERVED = ("to", "key", "user", "select", "Id")
PAIRS = [(source, target) for source in ("postgresql", "mariadb") for target in ("postgresql", "mariadb")]


class Odd(Service):
    """Databases, and on PostgreSQL a schema, with odd names."""

    suffix = " My-Db% {x} 'ä"

    def quoted(self, name, column):
        return pg_name(column) if self.is_postgresql(name) else my_name(column)

    def table(self, name, table):
        return f'"odd ""Schema"" %".{pg_name(table)}' if self.is_postgresql(name) else my_name(table)

    def spelled(self, name, table):
        """The table as a mapping file names it: quotes where there is a dot or a quote."""
        return f'"odd ""Schema"" %".{pg_name(table)}' if self.is_postgresql(name) else my_name(table)


def mapping(service, at):
    """One table after another: the target's names are those of the table beside it."""
    table, beside = NAMES[at], NAMES[at - 1]
    return json.dumps({
        "version": 1,
        "mapping": f"m{at}",
        "source": service.spelled("erp", table),
        "target": service.spelled("crm", beside),
        "key": [table],
        "where": f'{pg_name("to")} is distinct from {pg_name("user")}',
        "same": [table, *RESERVED],
        "columns": {beside: f"upper({pg_name(beside)})"},
    }, ensure_ascii=False)  # fmt: skip


def rows(service, name, at):
    """The rows of a table's twin, by what the mapping calls its columns."""
    table, beside = NAMES[at], NAMES[at - 1]
    columns = ", ".join(service.quoted(name, column) for column in (table, *RESERVED, beside))
    return service.sql(name, f"select {columns} from {service.table(name, table if name == 'erp' else beside)} order by 1")


@pytest.fixture(params=PAIRS, ids="-to-".join)
def odd(request, tmp_path):
    source, target = (request.getfixturevalue(engine) for engine in request.param)
    made = Odd(tmp_path, {"erp": source, "crm": target}, {"names": ("erp", "crm", {})})
    for name in ("erp", "crm"):
        if made.is_postgresql(name):
            made.sql(name, 'create schema "odd ""Schema"" %"')
    for at, table in enumerate(NAMES):
        columns = [made.quoted("erp", column) + " varchar(40)" for column in (*RESERVED, NAMES[at - 1])]
        key = f"{made.quoted('erp', table)} int primary key"
        made.sql("erp", f"create table {made.table('erp', table)} ({key}, {', '.join(columns)})")
        columns = [made.quoted("crm", column) + " varchar(40)" for column in (*RESERVED, NAMES[at - 1], "the rest's %")]
        key = f"{made.quoted('crm', table)} int primary key"
        made.sql("crm", f"create table {made.table('crm', NAMES[at - 1])} ({key}, {', '.join(columns)})")
        (tmp_path / "names" / f"m{at}.yaml").write_text(mapping(made, at))
    yield made
    made.close()


def test_names_are_only_names(odd):
    insert = ["t", "k", "u", "s", "i", "ab"]
    for table in NAMES:
        odd.sql(
            "erp", f"insert into {odd.table('erp', table)} values (1, 't', 'k', 'u', 's', 'i', 'ab'), (2, 't', 'k', 'u', 's', 'i', 'b')"
        )
    checked = odd.command("check", "--connect")
    assert checked.returncode == 0, checked.stdout
    assert odd.command("setup").returncode == 0
    odd.once()
    for at in range(len(NAMES)):
        assert rows(odd, "crm", at) == [(1, *insert[:-1], "AB"), (2, *insert[:-1], "B")]

    for at, table in enumerate(NAMES):
        key, to, beside = (odd.quoted("erp", column) for column in (table, "to", NAMES[at - 1]))
        erp = odd.table("erp", table)
        odd.sql(
            "erp", f"insert into {erp} values (3, 't', 'k', 'u', 's', 'i', 'c')", f"update {erp} set {beside} = 'it''s' where {key} = 1"
        )
        odd.sql("erp", f"update {erp} set {key} = 4 where {key} = 3", f"update {erp} set {to} = 'u' where {key} = 2")
    odd.start()
    for at in range(len(NAMES)):
        expected = [(1, *insert[:-1], "IT'S"), (4, *insert[:-1], "C")]
        odd.until(lambda at=at, expected=expected: rows(odd, "crm", at) == expected, lambda at=at: rows(odd, "crm", at))
    for at, table in enumerate(NAMES):
        odd.sql("erp", f"delete from {odd.table('erp', table)} where {odd.quoted('erp', table)} > 1")
        odd.until(lambda at=at: [row[0] for row in rows(odd, "crm", at)] == [1], lambda at=at: rows(odd, "crm", at))
    odd.stop()
    status = odd.command("status")
    assert (status.returncode, odd.names["names"] in status.stdout) == (0, True)
