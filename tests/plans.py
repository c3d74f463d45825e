"""A small mapped table for tests of the loop: source (id, name, note, active) → target (id, NAME, note) where active."""

from __future__ import annotations

from dataclasses import replace

from cdc.mapping.plan import Plan, Route, RowPlan
from cdc.model.change import ABSENT
from cdc.model.table import Column, Definition, Table, TableName, Unique
from cdc.model.types import Kind, Type
from cdc.model.write import Deletes, TargetPlan, Truncates

TEXT = Type(Kind.TEXT, "text")
INT = Type(Kind.INT, "integer", size=4)
CUSTOMER = TableName("public", "customer")
ACCOUNTS = TableName("crm", "accounts")

SOURCE = Table(CUSTOMER, tuple(Column(name, TEXT) for name in ("id", "name", "note", "active")), (0,))
COLUMNS = (Column("id", TEXT, nullable=False), Column("name", TEXT), Column("note", TEXT))
DEFINITION = Definition(
    ACCOUNTS, COLUMNS, (Unique("accounts_pkey", ("id",), primary=True, exact=True),), (), ("id",), triggers=False, estimate=0
)
STATE = Column("state", TEXT)
MARKED = replace(DEFINITION, columns=(*COLUMNS, STATE))
"""The target with a column that tells whether the row is `here` or `gone`."""
TARGET = TargetPlan("customers", DEFINITION, COLUMNS, (0,), Deletes.HARD, (), 0)


def upper(text):
    return text.upper() if isinstance(text, str) else text


def map_row(row):
    key, name, note, active = row
    return ((key,), (key, upper(name), note)) if active == "t" else None


def key_of(row):
    return None if row[3] is not ABSENT and row[3] != "t" else (row[0],)


def plan(target: TargetPlan = TARGET, truncates: Truncates = Truncates.HALT) -> Plan:
    row_plan = RowPlan(target, map_row, key_of, truncates, "")
    return Plan((Route(CUSTOMER, target),), lambda table: (row_plan,) if table.name == CUSTOMER else ())


def marking(deletes: Deletes) -> Plan:
    """The mapping to the table that has `state`, too."""
    gone = ((STATE, "gone"),) if deletes is Deletes.SOFT else ()
    target = TargetPlan("customers", MARKED, MARKED.columns, (0,), deletes, gone, 0)

    def map_here(row):
        mapped = map_row(row)
        return mapped and (mapped[0], (*mapped[1], "here"))

    row_plan = RowPlan(target, map_here, key_of, Truncates.HALT, "")
    return Plan((Route(CUSTOMER, target),), lambda table: (row_plan,) if table.name == CUSTOMER else ())
