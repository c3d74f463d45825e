"""The demo's CRM: its schema on MariaDB, and the rows that it starts with, the same ones in every run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from pymysql.connections import Connection

from demo import names

APPLICATION = "crm"
"""Login of the CRM's own users; the daemon has another."""

USERS, ACCOUNTS, CONTACTS, LEADS, OPPORTUNITIES, CASES, QUOTES = 10, 200, 800, 1500, 1200, 1500, 300
SOURCES = ("web", "phone", "fair", "partner", "letter")
STAGES = ("Prospecting", "Qualification", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
STATUSES = ("Open_New", "Open_Assigned", "Open_Pending Input", "Closed_Closed", "Closed_Duplicate")


def create(connection: Connection[Any], database: str, password: str) -> None:
    """Make the tables and the application's login."""
    with connection.cursor() as cursor:
        for statement in Path(__file__).with_name("crm.sql").read_text().split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        cursor.execute(f"create user {APPLICATION}@'127.0.0.1' identified by '{password}'")
        cursor.execute(f"grant select, insert, update, delete on `{database}`.* to {APPLICATION}@'127.0.0.1'")


def seed(connection: Connection[Any]) -> dict[str, int]:
    """Fill the tables; return how many rows each holds."""
    random = Random(1876)
    users = _ids(random, USERS)
    accounts, leads, opportunities = _ids(random, ACCOUNTS), _ids(random, LEADS), _ids(random, OPPORTUNITIES)
    tables: dict[str, tuple[str, list[Sequence[Any]]]] = {
        "users": ("id user_name", [(key, f"user{number}") for number, key in enumerate(users)]),
        "accounts": ("id name account_type segment email phone owner_id rating notes", [_account(random, key, users) for key in accounts]),
        "contacts": ("id account_id first_name last_name email", [_contact(random, accounts) for _ in range(CONTACTS)]),
        "leads": ("id first_name last_name company email lead_source temperature description deleted date_entered date_modified",
                  [_lead(random, key) for key in leads]),
        "opportunities": ("id lead_id account_id name amount sales_stage date_closed next_step deleted",
                          [_opportunity(random, key, leads, accounts) for key in opportunities]),
        "cases": ("id account_id name status priority description deleted", [_case(random, accounts) for _ in range(CASES)]),
        "quotes": ("id opportunity_id name total", [_quote(random, opportunities) for _ in range(QUOTES)]),
    }  # fmt: skip
    connection.begin()
    counts = {table: _insert(connection, table, columns.split(), rows) for table, (columns, rows) in tables.items()}
    connection.commit()
    return counts


def _insert(connection: Connection[Any], table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    marks = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(f"insert into {table} ({', '.join(columns)}) values ({marks})", rows)
    return len(rows)


def _ids(random: Random, count: int) -> list[str]:
    return [names.uuid(random) for _ in range(count)]


def _account(random: Random, key: str, users: Sequence[str]) -> Sequence[Any]:
    name, rating, notes = names.company(random), random.choice(("hot", "warm", "cold")), random.choice((None, "met at the fair 🤝"))
    return key, name, "Company", "prospect", f"info@{key[:8]}.example.net", names.phone(random), random.choice(users), rating, notes


def _contact(random: Random, accounts: Sequence[str]) -> Sequence[Any]:
    first, last = names.person(random)
    return names.uuid(random), random.choice(accounts), first, last, f"{random.getrandbits(32):x}@example.net"


def _lead(random: Random, key: str) -> Sequence[Any]:
    first, last = names.person(random)
    entered = datetime(2026, 1, 5) + timedelta(seconds=random.randrange(20_000_000))  # noqa: DTZ001 - DATETIME has no zone
    return (
        key, random.choice((first, None)), last, random.choice((names.company(random), None)), f"{first}.{key[:4]}@Example.NET",
        random.choice(SOURCES), random.randrange(6), random.choice((None, "", "wants a quote 💶")), int(random.random() < 0.05), entered, entered,
    )  # fmt: skip


def _opportunity(random: Random, key: str, leads: Sequence[str], accounts: Sequence[str]) -> Sequence[Any]:
    name = f"{random.randrange(10, 900)} × {names.goods(random)} for {names.company(random)}"
    amount, closed = random.randrange(10_000_000) / 100, date(2026, 1, 5) + timedelta(days=random.randrange(400))
    return (
        key, random.choice((random.choice(leads), None)), random.choice(accounts), name, random.choice((amount, amount, None)),
        random.choice(STAGES), random.choice((closed, None)), random.choice((None, "call again")), int(random.random() < 0.05),
    )  # fmt: skip


def _case(random: Random, accounts: Sequence[str]) -> Sequence[Any]:
    name = f"{random.choice(names.GOODS)} {random.choice(names.TROUBLE)}"
    text = random.choice((None, "  ", f"“{name}”, says the customer 😠", names.long_text(random)))
    return (
        names.uuid(random), random.choice((*accounts[:50], None)), name, random.choice(STATUSES), random.choice(("P1", "P2", "P3")),
        text, int(random.random() < 0.05),
    )  # fmt: skip


def _quote(random: Random, opportunities: Sequence[str]) -> Sequence[Any]:
    return names.uuid(random), random.choice(opportunities), f"Quote {random.randrange(10_000)}", random.randrange(10_000_000) / 100
