"""Specs to their lineage, and to diagrams of it."""

from cdc.mapping.lineage import condition, lineage
from cdc.mapping.tools.graph import Arrow, mermaid
from tests.definitions import INT, TEXT, spec

SPEC = spec("""\
version: 1
mapping: customers
source: customer
target: accounts
key: [id]
where: active and coalesce("Kind", kind) <> 'x'
columns:
  id: stable_uuid('customer', id)
  label: coalesce(name, code) || name
  segment: {map: segments, from: type}
  deleted: 0
same: [Odd]
maps:
  segments: {"1": a}
""")
ARROW = Arrow("p", "erp: public.customer", 'crm: db."acc"', SPEC)


def test_each_column_names_what_it_reads_once_in_order():
    assert [(made.column, made.reads) for made in lineage(SPEC)] == [
        ("id", ("id",)), ("label", ("name", "code")), ("segment", ("type",)), ("deleted", ()), ("Odd", ("Odd",)),
    ]  # fmt: skip
    assert lineage(SPEC)[2].sql == "map segments: type"
    made = condition(SPEC)
    assert made is not None
    assert made.reads == ("active", "Kind", "kind")


def test_the_catalogue_tells_how_a_name_is_spelled():
    small = spec("version: 1\nmapping: m\nsource: s\ntarget: t\nkey: [id]\ncolumns: {id: ID || name}\n")
    assert lineage(small, {"Id": TEXT, "name": TEXT, "n": INT})[0].reads == ("Id", "name")
    assert condition(small) is None


def test_a_diagram_of_tables():
    assert mermaid([ARROW, ARROW], columns=False) == (
        "flowchart LR\n"
        '  t1[("erp: public.customer")]\n'
        '  t2[("crm: db.#quot;acc#quot;")]\n'
        '  t1 --> m1["customers"] --> t2\n'
        '  t1 --> m2["customers"] --> t2\n'
    )


def test_a_diagram_of_columns():
    text = mermaid([ARROW], columns=True)
    assert '  subgraph t1["erp: public.customer"]\n    c1["id"]\n' in text
    assert text.count("-->") == 5
    assert text.count("  end\n") == 2


def test_lineage_as_data():
    given = ARROW.to_json()
    assert given["where"] == {"sql": SPEC.where.text, "reads": ("active", "Kind", "kind")}
    assert given["columns"][1] == {"column": "label", "sql": "coalesce(name, code) || name", "reads": ("name", "code")}
