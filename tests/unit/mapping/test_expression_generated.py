"""The Python that is generated for whole mappings, as files that people can read. `GOLDEN=write pytest …` writes them anew."""

import os
from pathlib import Path

import pytest

from cdc.model.table import Column
from cdc.model.types import Kind, Type
from tests.definitions import BIGINT, BOOL, INT, TEXT, TIMESTAMP, TINYINT_1, UUID, enum, numeric, row_plan, table, varchar

CASES = Path(__file__).parents[2] / "cases" / "generated"
TABLES = (
    table(
        "customer",
        [
            Column("id", INT),
            Column("name", TEXT),
            Column("email", varchar(80)),
            Column("kind", varchar(20)),
            Column("credit", numeric(12, 2)),
            Column("active", BOOL),
            Column("blocked", BOOL),
            Column("note", TEXT),
        ],
    ),
    table(
        "accounts",
        [
            Column("id", UUID),
            Column("name", varchar(50)),
            Column("segment", enum("customer", "prospect")),
            Column("gross", numeric(14, 2)),
            Column("status", varchar(10)),
            Column("note", TEXT),
        ],
    ),
    table(
        "order_line",
        [Column("order_id", BIGINT), Column("position", INT), Column("quantity", INT), Column("price", numeric(10, 2))],
        key=("order_id", "position"),
    ),
    table(
        "lines",
        [
            Column("order_id", INT),
            Column("position", INT),
            Column("amount", numeric(12, 2)),
            Column("label", TEXT),
            Column("free", TINYINT_1),
        ],
        key=("order_id", "position"),
    ),
    table(
        "crm_contact",
        [
            Column("id", BIGINT),
            Column("email", varchar(80)),
            Column("opt_out", TINYINT_1),
            Column("modified", Type(Kind.INSTANT, "timestamp", precision=0)),
            Column("score", INT),
            Column("deleted", TINYINT_1),
        ],
    ),
    table(
        "contact",
        [Column("id", BIGINT), Column("email", TEXT), Column("opted_out", BOOL), Column("changed", TIMESTAMP), Column("rank", BOOL)],
    ),
)


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.yaml")))
def test_generated_python_is_the_golden_one(name):
    golden = CASES / f"{name}.golden"
    text = row_plan((CASES / f"{name}.yaml").read_text(), *TABLES).text
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(text)
    assert text == golden.read_text()
