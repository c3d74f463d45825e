"""What a trial would adopt: the row that is there, each once, and never the one that several agree on or that is another's."""

from types import SimpleNamespace

import pytest

from cdc.app.preflight.match_index import unindexed
from cdc.app.trial.adopted import Adopting
from cdc.model.endpoint import Endpoint
from cdc.model.errors import BadRow
from cdc.model.reference import Maker, Match, Xref
from cdc.model.table import Column, TableName
from cdc.sql.crosswalk_admin import MYSQL, POSTGRESQL
from tests.definitions import BIGINT, TEXT, spec, table

TARGET = table(
    "crm.account",
    [Column("id", BIGINT, nullable=False, identity=True), Column("email", TEXT), Column("name", TEXT), Column("gone", TEXT)],
)
MAPPING = (
    "version: 1\nmapping: {name}\nsource: customer\ntarget: crm.account\nkey: [id]\nmatch: [email]\n"
    "columns:\n  id: xref('{entity}', id)\n  email: mail\n  name: name\n"
)


class Beside:
    """The target's rows, by the columns that are asked for."""

    def __init__(self, rows, entries):
        self.rows, self.entries = rows, entries

    def fetch(self, asked, keys):
        known = self.entries if asked.name.name == "crosswalk" else self.rows
        for row in known:
            if tuple(row[asked.columns[at].name] for at in asked.key) in set(keys):
                yield tuple(row[column.name] for column in asked.columns)


def adopting(*rows, entries=(), crosswalk=()):
    made = [{"id": str(at), "email": None, "name": None, "gone": None, **row} for at, row in enumerate(rows, start=1)]
    known = [{"entity": entity, "node": node, "target_key": key} for entity, node, key in entries]
    specs = [spec(MAPPING.format(name="customers", entity="customer")), spec(MAPPING.format(name="people", entity="person"))]
    line = SimpleNamespace(source=SimpleNamespace(name="erp"), target=Endpoint("crm", "postgresql", "", 1, "", "", "crm", {}), specs=specs)
    plan = SimpleNamespace(target=SimpleNamespace(columns=TARGET.columns, table=TARGET))
    look = SimpleNamespace(line=line, plan=plan, spec=specs[0], beside=Beside(made, known), crosswalk=crosswalk)
    return Adopting(look)


def owner(*ways, marks=()):
    of = TARGET.column
    return Xref(
        "id", "customer", None, Maker.DATABASE, tuple(Match(TARGET, tuple(map(of, way)), of("id"), marks) for way in ways or [("email",)])
    )


def image(email, name=None):
    return ("new", email, name, None)


def test_the_row_that_agrees_is_found_and_others_are_new():
    one = adopting({"email": "a"}, {"email": "b"})
    assert [one.key(owner(), image(email)) for email in ("b", "c", None)] == ["2", None, None]


def test_ways_are_tried_in_order():
    one = adopting({"email": "a", "name": "A"}, {"email": "b", "name": "B"})
    assert one.key(owner(("email",), ("name",)), image("b", "A")) == "2"
    assert one.key(owner(("email",), ("name",)), image("x", "A")) == "1"


def test_several_rows_and_another_s_row_fail():
    one = adopting(
        {"email": "a"},
        {"email": "a"},
        {"email": "b"},
        {"email": "c"},
        {"email": "d"},
        entries=[("person", "erp", "4"), ("person", "shop", "5")],
    )
    with pytest.raises(BadRow, match=r"mapping customers: crm.account: several rows agree with it on email"):
        one.key(owner(), image("a"))
    assert one.key(owner(), image("b")) == "3"
    for email in ("b", "c"):
        with pytest.raises(BadRow, match="is another source row's already on email"):
            one.key(owner(), image(email))
    assert one.key(owner(), image("d")) == "5"


def test_marked_rows_are_not_there_and_without_a_crosswalk_nobody_has_any():
    marks = ((TARGET.column("gone"), "1"),)
    one = adopting({"email": "a", "gone": "1"}, {"email": "a", "gone": "0"}, entries=[("customer", "erp", "2")], crosswalk=None)
    assert one.key(owner(marks=marks), image("a")) == "2"


@pytest.mark.parametrize(
    ("words", "statement"),
    [
        (POSTGRESQL, 'create index "account_email" on "crm"."account" ("email");'),
        (MYSQL, "create index `account_email` on `crm`.`account` (`email`);"),
    ],
)
@pytest.mark.parametrize(("leading", "found"), [([("id",)], 1), ([("id",), ("email",)], 0), ([], 1)])
def test_a_way_that_no_index_serves_is_told_of_with_the_statement(words, statement, leading, found):
    asked = []
    admin = SimpleNamespace(words=words, ask=lambda text: asked.append(text) or leading)
    made = list(unindexed([spec(MAPPING.format(name="customers", entity="c"))], admin, {TableName("crm", "account"): TARGET}, "crm"))
    assert [(one.code, one.hint, int(one.exit)) for one in made] == [("match-index", statement, 0)] * found
    assert "'crm'" in asked[0]
    assert "'account'" in asked[0]


def test_nothing_is_asked_where_nothing_is_matched():
    plain = spec(MAPPING.format(name="customers", entity="c").replace("match: [email]\n", ""))
    assert list(unindexed([plain], None, {TableName("crm", "account"): TARGET}, "crm")) == []
    assert list(unindexed([spec(MAPPING.format(name="customers", entity="c"))], None, {}, "crm")) == []
