"""One table on each engine, and its rows: 12 columns as an order table of an ERP has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from demo.servers import PostgreSQL, Server

TABLE = "sales_order"
COLUMNS = ("id", "number", "customer", "status", "quantity", "price", "total", "paid", "note", "reference", "ordered_at", "due_on")

_PG = f"""create table {TABLE} (id integer primary key, number text not null, customer integer not null, status text not null,
    quantity integer, price numeric(12,2), total numeric(14,2), paid boolean, note text, reference uuid, ordered_at timestamp, due_on date)"""
_MY = f"""create table {TABLE} (id int primary key, number varchar(40) not null, customer int not null, status varchar(20) not null,
    quantity int, price decimal(12,2), total decimal(14,2), paid tinyint(1), note text, reference char(36), ordered_at datetime(6), due_on date)"""


def create(server: Server, database: str) -> None:
    """Make the database with the empty table."""
    server.create(database)
    execute(server, database, _PG if isinstance(server, PostgreSQL) else _MY)


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


def transactions(first: int, rows: int, size: int) -> Iterator[list[str]]:
    """Yield the statements of transactions of `size` single-row inserts."""
    for start in range(first, first + rows, size):
        yield [f"insert into {TABLE} values {values(key)}" for key in range(start, start + size)]


def write(server: Server, database: str, first: int, rows: int, size: int) -> None:
    """Commit `rows` rows in transactions of `size` single-row statements."""
    connection: Any = server.connect(database)
    try:
        cursor = connection.cursor()
        for statements in transactions(first, rows, size):
            cursor.execute("begin")
            for statement in statements:
                cursor.execute(statement)
            cursor.execute("commit")
    finally:
        connection.close()


def arrived(server: Server, database: str) -> int:
    """Return the highest key of the table, 0 when it is empty: rows come in the order of their keys, and counting them would cost CPU."""
    return int(execute(server, database, f"select coalesce(max(id), 0) from {TABLE}")[0][0])
