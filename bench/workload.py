"""The source's table as an ERP has it, what is done to it, and how far a target has come with that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

from pymysql.constants import CLIENT

from demo.servers import PostgreSQL, Server

TABLE = "sales_order"
COLUMNS = ("id", "number", "customer", "status", "quantity", "price", "total", "paid", "note", "reference", "ordered_at", "due_on")
SIZE = 10
"""Row changes of a transaction, but for those of one large one."""
MARK = 1_000_000
"""An update adds it to `quantity`, so that a target's row tells whether it has come."""

_PG = f"""create table {TABLE} (id integer primary key, number text not null, customer integer not null, status text not null,
    quantity integer, price numeric(12,2), total numeric(14,2), paid boolean, note text, reference uuid, ordered_at timestamp, due_on date)"""
_MY = f"""create table {TABLE} (id int primary key, number varchar(40) not null, customer int not null, status varchar(20) not null,
    quantity int, price decimal(12,2), total decimal(14,2), paid tinyint(1), note text, reference char(36), ordered_at datetime(6), due_on date)"""
_PG_ROWS = (
    "select g, 'SO-' || lpad(g::text, 8, '0'), g % 997, 'confirmed', g % 50, g % 1000 + 0.25, g % 100000 + 0.75, g % 2 = 1,"
    " 'Deliver to the back door, order ' || g, ('6f1c2f3e-0000-4000-8000-' || lpad(g::text, 12, '0'))::uuid,"
    " timestamp '2026-03-04 05:06:07', date '2026-04-05' from generate_series({first}, {last}) g"
)
_MY_ROWS = (
    "select seq, concat('SO-', lpad(seq, 8, '0')), seq % 997, 'confirmed', seq % 50, seq % 1000 + 0.25, seq % 100000 + 0.75, seq % 2,"
    " concat('Deliver to the back door, order ', seq), concat('6f1c2f3e-0000-4000-8000-', lpad(seq, 12, '0')),"
    " '2026-03-04 05:06:07', '2026-04-05' from seq_{first}_to_{last}"
)


@dataclass(frozen=True)
class Load:
    """Row changes of the source, numbered from 1: those of a transaction follow each other, and a later one never shows before an earlier one."""

    changes: str
    """`insert`, `update`, or `mixed`: of ten, six inserts, two updates, a delete and a change of key."""
    shape: str
    """`single`: transactions of ten statements of a row; `several`: of one statement of ten rows; `one`: one transaction of all."""
    rows: int

    @property
    def prefilled(self) -> int:
        """How many rows are there before."""
        return 0 if self.changes == "insert" else self.rows

    def transactions(self, server: Server) -> Iterator[list[str]]:
        """Yield the statements of each."""
        if self.shape == "one":
            yield [_UPDATE if self.changes == "update" else f"insert into {TABLE} {series(server, 1, self.rows)}"]
            return
        for first in range(1, self.rows, SIZE):
            last = first + SIZE - 1
            yield self._together(first, last) if self.shape == "several" else self._singly(first, last)

    def seen(self, number: int, probe: str) -> str:
        """Return the condition on a target's row that it shows change `number`, the last one of a transaction. `probe` is its column with the source's key."""
        if self.changes == "insert":
            return f"{probe} = {number}"
        if self.changes == "update":
            return f"{probe} = {number} and quantity >= {MARK}"
        return f"{probe} = {self.rows + number}"

    def _singly(self, first: int, last: int) -> list[str]:
        if self.changes == "insert":
            return [f"insert into {TABLE} values {values(key)}" for key in range(first, last + 1)]
        if self.changes == "update":
            return [f"{_UPDATE} where id = {key}" for key in range(first, last + 1)]
        return [
            *(f"{_UPDATE} where id = {key}" for key in (first, first + 1)),
            f"delete from {TABLE} where id = {first + 2}",
            f"update {TABLE} set id = {3 * self.rows + first} where id = {first + 3}",
            *(f"insert into {TABLE} values {values(self.rows + key)}" for key in range(first + 4, last + 1)),
        ]

    def _together(self, first: int, last: int) -> list[str]:
        if self.changes == "insert":
            return [f"insert into {TABLE} values {', '.join(map(values, range(first, last + 1)))}"]
        if self.changes == "update":
            return [f"{_UPDATE} where id between {first} and {last}"]
        raise ValueError(f"{self.changes} changes have no shape {self.shape}")


_UPDATE = f"update {TABLE} set quantity = quantity + {MARK}, status = 'shipped'"


def create(server: Server, database: str) -> None:
    """Make the database with the empty table."""
    server.create(database)
    execute(server, database, _PG if isinstance(server, PostgreSQL) else _MY)


def fill(server: Server, database: str, first: int, last: int) -> None:
    """Insert the rows in one transaction."""
    if last >= first:
        execute(server, database, f"insert into {TABLE} {series(server, first, last)}", "commit")


def series(server: Server, first: int, last: int) -> str:
    """Return the query of the rows."""
    return (_PG_ROWS if isinstance(server, PostgreSQL) else _MY_ROWS).format(first=first, last=last)


def write(server: Server, database: str, load: Load) -> None:
    """Do all of a load."""
    several = {} if isinstance(server, PostgreSQL) else {"client_flag": CLIENT.MULTI_STATEMENTS}
    with closing(server.connect(database, **several)) as connection:
        cursor: Any = connection.cursor()
        for statements in load.transactions(server):
            cursor.execute("; ".join(["begin", *statements, "commit"]))
            while cursor.nextset():
                pass


def execute(server: Server, database: str | None, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements on a connection of their own; return the last one's rows."""
    rows: list[tuple[Any, ...]] = []
    connection: Any = server.connect(database) if database else server.connect()
    try:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
            rows = []
            with suppress(Exception):  # drivers differ in what a statement without rows gives
                rows = list(cursor.fetchall())
    finally:
        connection.close()
    return rows


def values(key: int) -> str:
    """Return a row as a SQL literal that both engines read."""
    return (
        f"({key}, 'SO-{key:08d}', {key % 997}, 'confirmed', {key % 50}, {key % 1000}.25, {key % 100000}.75, {'true' if key % 2 else 'false'}, "
        f"'Deliver to the back door, order {key}', '6f1c2f3e-0000-4000-8000-{key:012d}', '2026-03-04 05:06:07.{key % 1000000:06d}', '2026-04-05')"
    )
