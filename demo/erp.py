"""The demo's ERP: its schema on PostgreSQL, and the rows that it starts with, the same ones in every run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from demo import names

APPLICATION = "erp"
"""Login of the ERP's own users; the daemon has another."""

CUSTOMERS, PRODUCTS, ORDERS, EMPLOYEES = 1500, 500, 3000, 12
WAREHOUSES = ("HAM", "LYO", "GDN")
_DAY = date(2026, 1, 5)
_MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)


def create(connection: psycopg.Connection, password: str) -> None:
    """Make the tables and the application's login."""
    connection.execute(Path(__file__).with_name("erp.sql").read_text())
    role = sql.Identifier(APPLICATION)
    connection.execute(sql.SQL("create role {} login password {}").format(role, sql.Literal(password)))
    connection.execute(sql.SQL("grant select, insert, update, delete on all tables in schema public to {}").format(role))


def seed(connection: psycopg.Connection) -> dict[str, int]:
    """Fill the tables; return how many rows each holds."""
    random = Random(1851)
    lines = [line for order in range(1, ORDERS + 1) for line in _lines(random, order)]
    totals = _totals(lines)
    tables: dict[str, tuple[str, Iterable[Sequence[Any]]]] = {
        "employee": ("name", ((" ".join(names.person(random)),) for _ in range(EMPLOYEES))),
        "customer": ("code name kind status group email phone vat_id credit_limit newsletter preferences keeper_id created_at changed_at",
                     (_customer(random, n) for n in range(1, CUSTOMERS + 1))),
        "address": ("customer_id kind street postal_code city country", (_address(random, n) for n in range(1, CUSTOMERS + 1))),
        "product": ("sku name price weight sellable attributes datasheet changed_at", (_product(random, n) for n in range(1, PRODUCTS + 1))),
        "stock": ("product_id warehouse on_hand reserved", _stock(random)),
        "order": ("number customer_id state ordered_on ship_after total note", (_order(random, n, totals[n]) for n in range(1, ORDERS + 1))),
        "order-line": ("order_id position kind product_id description quantity unit_price discount", lines),
        "invoice": ("number order_id customer_id state issued_on due_on total paid", _invoices(totals)),
    }  # fmt: skip
    return {table: _copy(connection, table, columns.split(), rows) for table, (columns, rows) in tables.items()}


def _copy(connection: psycopg.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)))
    count = 0
    with connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def customer_code(number: int) -> str:
    return f"{number:06d}"


def customer_of(order: int) -> int:
    """Return who placed an order: nobody orders who is a prospect or one of our own branches."""
    return _BUYERS[order * 7 % len(_BUYERS)]


def _is_branch(customer: int) -> bool:
    return customer % 50 == 1


def _is_prospect(customer: int) -> bool:
    return customer % 10 == 0


_BUYERS = [number for number in range(1, CUSTOMERS + 1) if not _is_branch(number) and not _is_prospect(number)]


def _customer(random: Random, number: int) -> Sequence[Any]:
    kind = "branch" if _is_branch(number) else random.choice(("company", "company", "person"))
    status = "prospect" if _is_prospect(number) else random.choice(("active",) * 8 + ("blocked", "closed"))
    first, last = names.person(random)
    name = f"{first} {last}" if kind == "person" else names.company(random)
    mail = f"{'Office' if number % 3 else 'office'}.{number}@{random.choice(('example.com', 'example.org'))}" if number % 8 else None
    created = _MIDNIGHT - timedelta(minutes=random.randrange(2_000_000), microseconds=random.randrange(1_000_000))
    preferences = json.dumps({"language": random.choice(("de", "fr", "pl")), "notices": [random.randrange(9), None], "schöner Name": name})
    return (
        customer_code(number), f" {name}" if number % 40 == 0 else name, kind, status, random.choice(("A", "B", "C", None)), mail,
        names.phone(random) if number % 5 else "", f"DE{random.randrange(10**9):09d}" if kind == "company" else None,
        Decimal(random.randrange(10_000_000)) / 100 if number % 4 else None, number % 2 == 0, preferences,
        random.randrange(1, EMPLOYEES + 1), created, created,
    )  # fmt: skip


def _address(random: Random, customer: int) -> Sequence[Any]:
    city, postal_code, country = random.choice(names.CITY)
    return customer, "billing", f"{random.choice(names.STREET)} {random.randrange(1, 120)}", postal_code, city, country


def _product(random: Random, number: int) -> Sequence[Any]:
    datasheet = names.long_text(random) if number % 5 == 0 else (f"Sheet {number}" if number % 3 else None)
    return (
        f"SKU-{number:05d}", names.goods(random), Decimal(random.randrange(1, 5_000_000)) / 10_000, random.random() * 50 if number % 4 else None,
        number % 7 != 0, json.dumps({"shelf": number % 90, "hazard": number % 11 == 0}), datasheet, _MIDNIGHT + timedelta(microseconds=number),
    )  # fmt: skip


def _stock(random: Random) -> Iterable[Sequence[Any]]:
    for product in range(1, PRODUCTS + 1):
        for warehouse in WAREHOUSES[: 1 + product % 2]:
            yield product, warehouse, Decimal(random.randrange(5_000_000)) / 1000, Decimal(random.randrange(9_000)) / 1000


def _order(random: Random, number: int, total: Decimal) -> Sequence[Any]:
    state = random.choice(("draft", "confirmed", "shipped", "shipped", "cancelled"))
    ordered = _DAY + timedelta(days=number % 300)
    ship_after = _MIDNIGHT + timedelta(days=number % 320, microseconds=random.randrange(10**11)) if number % 3 else None
    note = random.choice((None, "", "leave at the gate", "call first ☎", "„dringend“"))
    return f"SO{number:06d}", customer_of(number), state, ordered, ship_after, total, note


def _lines(random: Random, order: int) -> Iterable[Sequence[Any]]:
    for position in range(1, random.randrange(2, 5)):
        if position > 1 and random.random() < 0.1:
            yield order, position, "comment", None, "as agreed by telephone", 0, 0, None
        else:
            product, discount = random.randrange(1, PRODUCTS + 1), random.choice((None, None, Decimal("2.50"), Decimal(10)))
            quantity, price = Decimal(random.randrange(1, 90_000)) / 1000, Decimal(random.randrange(1, 5_000_000)) / 10_000
            yield order, position, "item", product, f"  {names.goods(random)}", quantity, price, discount


def _totals(lines: Iterable[Sequence[Any]]) -> dict[int, Decimal]:
    totals: dict[int, Decimal] = {}
    for order, _, _, _, _, quantity, price, discount in lines:
        net = quantity * price * (1 - (discount or 0) / Decimal(100))
        totals[order] = totals.get(order, Decimal(0)) + net
    return {order: total.quantize(Decimal("0.01")) for order, total in totals.items()}


def _invoices(totals: dict[int, Decimal]) -> Iterable[Sequence[Any]]:
    """Two orders of three have one; drafts have no number yet, and cancelled ones lost theirs."""
    for order in (n for n in totals if n % 3):
        state = ("posted", "paid", "paid", "draft", "cancelled")[order % 5]
        public, issued = state in ("posted", "paid"), _DAY + timedelta(days=order % 300)
        paid = totals[order] if state == "paid" else Decimal(0)
        yield (f"INV{order:06d}" if public else None, order, customer_of(order), state, issued if public else None,
               issued + timedelta(days=14) if public and order % 4 else None, totals[order], paid)  # fmt: skip
