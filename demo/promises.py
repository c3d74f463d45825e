"""What the shipped mappings promise, said once more in plain Python: for each of them, a source row → the target row to be found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeAlias
from uuid import UUID, uuid5

Row: TypeAlias = dict[str, Any]
_ROOT = UUID("0b1f8e3a-6d0c-4c57-9c0e-4f3d5a7c2b91")
"""As the mapping language's reference gives it."""


@dataclass(frozen=True)
class Promise:
    mapping: str
    to: str
    """`crm` or `erp`."""
    query: str
    """All rows of the source table."""
    target: str
    key: tuple[str, ...]
    row: Callable[[Row], Row | None]
    """A source row → the mapped columns of its target row; None when the row stays where it is."""
    mark: tuple[str, Any] | None = None
    """Column and value of a row that is deleted but kept; None where rows go."""
    not_ours: Mapping[str, Any] = field(default_factory=dict)
    """Columns that no mapping names, with the values that the table gives them."""
    by_the_server: frozenset[str] = frozenset()
    """Columns that the target's server fills as it likes."""


def stable(entity: str, value: Any) -> str:
    """The name-based uuid by which both sides know a row: the entity is a namespace, and the value a name in it."""
    return str(uuid5(uuid5(_ROOT, entity), str(value)))


def _text(value: str | None) -> str | None:
    """Blanks around are cut off; nothing is left of an empty text."""
    return (value or "").strip(" ") or None


def customer(row: Row) -> Row | None:
    if row["kind"] == "branch" or row["status"] == "prospect":
        return None
    mail, phone = _text(row["email"]), row["phone"]
    return {
        "id": stable("customer", row["id"]),
        "erp_code": row["code"],
        "name": row["name"].strip(" "),
        "account_type": "Company" if row["kind"] == "company" else "Person",
        "segment": {"A": "key account", "B": "standard", "C": "small"}.get(row["group"], "standard"),
        "email": mail.lower() if mail else None,
        "phone": phone.replace("/", "").replace(" ", "") or None if phone else None,
        "vat_id": row["vat_id"],
        "newsletter": int(row["newsletter"]),
        "credit_limit": row["credit_limit"] or Decimal(0),
        "blocked": int(row["status"] in ("blocked", "closed")),
        "customer_since": row["created_at"].date(),
        "erp_changed": row["changed_at"],
        "erp_version": row["version"],
        "deleted": 0,
    }


def product(row: Row) -> Row | None:
    if not row["sellable"]:
        return None
    return {
        "id": stable("product", row["id"]),
        "part_number": row["sku"],
        "description": row["datasheet"],
        "erp_changed": row["changed_at"],
        "erp_version": row["version"],
        "deleted": 0,
        **{name: row[name] for name in ("name", "price", "currency", "weight", "attributes")},
    }


def stock(row: Row) -> Row:
    return {
        "product_id": stable("product", row["product_id"]),
        "warehouse": row["warehouse"],
        "on_hand": row["on_hand"],
        "available": row["on_hand"] - row["reserved"],
        "erp_version": row["version"],
    }


def order(row: Row) -> Row:
    return {
        "id": stable("order", row["id"]),
        "account_id": stable("customer", row["customer_id"]),
        "stage": {"draft": "Quoted", "confirmed": "Ordered", "shipped": "Delivered", "cancelled": "Lost"}[row["state"]],
        "note": _text(row["note"]),
        "erp_version": row["version"],
        **{name: row[name] for name in ("number", "ordered_on", "ship_after", "currency", "total")},
    }


def order_line(row: Row) -> Row | None:
    if row["kind"] != "item":
        return None
    net = row["quantity"] * row["unit_price"] * (1 - (row["discount"] or Decimal(0)) / 100)
    return {
        "id": stable("order line", row["id"]),
        "order_id": stable("order", row["order_id"]),
        "product_id": stable("product", row["product_id"]),
        "name": row["description"].strip(" ")[:255],
        "net": net.quantize(Decimal("0.000001"), ROUND_HALF_UP),
        "erp_version": row["version"],
        **{name: row[name] for name in ("position", "quantity", "unit_price")},
    }


def invoice(row: Row) -> Row | None:
    if row["state"] not in ("posted", "paid"):
        return None
    return {
        "id": stable("invoice", row["id"]),
        "order_id": stable("order", row["order_id"]),
        "account_id": stable("customer", row["customer_id"]),
        "status": "Paid" if row["state"] == "paid" or row["paid"] >= row["total"] else "Unpaid",
        "still_open": row["total"] - row["paid"],
        "erp_version": row["version"],
        "deleted": 0,
        **{name: row[name] for name in ("number", "issued_on", "due_on", "total")},
    }


def lead(row: Row) -> Row:
    return {
        "crm_id": row["id"],
        "person": f"{row['first_name'] or ''} {row['last_name']}".strip(" "),
        "company": _text(row["company"]),
        "email": row["email"] and row["email"].lower(),
        "source": {"web": "Web", "phone": "Telephone", "fair": "Trade fair", "partner": "Partner"}.get(row["lead_source"], "Other"),
        "hot": row["temperature"] >= 4,
        "active": row["deleted"] == 0,
        "crm_changed": row["date_modified"],
        "crm_revision": row["revision"],
    }


_STAGES = {"Proposal": "offered", "Negotiation": "offered", "Closed Won": "won", "Closed Lost": "lost"}


def opportunity(row: Row) -> Row | None:
    if row["deleted"]:
        return None
    title, amount = row["name"].strip(" "), row["amount"]
    return {
        "crm_id": row["id"],
        "crm_lead": row["lead_id"],
        "crm_account": row["account_id"],
        "title": title if len(title) <= 60 else f"{title[:59]}…",
        "stage": _STAGES.get(row["sales_stage"], "open"),
        "amount": None if amount is None else Decimal(repr(amount)).quantize(Decimal("0.01"), ROUND_HALF_UP),
        "currency": row["currency"],
        "closes_on": row["date_closed"],
        "active": True,
        "crm_revision": row["revision"],
    }


def case(row: Row) -> Row | None:
    if row["deleted"]:
        return None
    return {
        "crm_id": row["id"],
        "case_number": row["case_number"],
        "crm_account": row["account_id"],
        "subject": row["name"],
        "state": row["status"].split("_")[0].lower(),
        "urgent": row["priority"] == "P1",
        "text": _text(row["description"]),
        "crm_revision": row["revision"],
    }


DELETED, INACTIVE = ("deleted", 1), ("active", False)
_DATES = frozenset({"date_entered", "date_modified"})
_NUMBER = frozenset({"id"})

PROMISES = (
    Promise("customers", "crm", "select * from customer", "accounts", ("id",), customer, DELETED,
            {"owner_id": None, "rating": None, "notes": None}, _DATES),
    Promise("products", "crm", "select * from product", "products", ("id",), product, DELETED, {"colour": "unknown"}),
    Promise("stock", "crm", "select * from stock", "stock_levels", ("product_id", "warehouse"), stock),
    Promise("orders", "crm", 'select * from "order"', "sales_orders", ("id",), order, None, {"followed_by": None}),
    Promise("order_lines", "crm", 'select * from "order-line"', "sales_order_lines", ("id",), order_line),
    Promise("invoices", "crm", "select * from invoice", "invoices", ("id",), invoice, DELETED, {"reminder": None}),
    Promise("leads", "erp", "select * from leads", "sales_lead", ("crm_id",), lead, INACTIVE, {"keeper_id": None}, _NUMBER),
    Promise("opportunities", "erp", "select * from opportunities", "sales_opportunity", ("crm_id",), opportunity, INACTIVE,
            {"keeper_id": None, "follow_up_on": None}, _NUMBER),
    Promise("cases", "erp", "select * from cases", "support_case", ("crm_id",), case, None, {"billable": False, "internal_note": None}, _NUMBER),
)  # fmt: skip
