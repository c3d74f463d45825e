"""What Tryton's own code does, seen in SuiteCRM's tables: every expectation is made of what the test typed in, not of Tryton's tables."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4, uuid5

import pytest

from tests.packs.conftest import DOLLARS, LOADED

pytestmark = [pytest.mark.packs, pytest.mark.timeout(900)]

_NAMESPACE = UUID("0b1f8e3a-6d0c-4c57-9c0e-4f3d5a7c2b91")
MARCH = date(datetime.now(UTC).year, 3, 1)
"""A day in the company's only fiscal year."""


def key(namespace, value):
    """What `stable_uuid` gives, from its definition."""
    return str(uuid5(uuid5(_NAMESPACE, namespace), str(value)))


def rows(service, table, columns, where="1 = 1"):
    return service.sql("crm", f"select {', '.join(columns)} from {table} where {where} order by 1, 2")


def becomes(service, table, columns, expected, where="1 = 1"):
    """Wait until these are the table's rows."""
    expected = sorted(expected, key=repr)
    service.until(lambda: sorted(rows(service, table, columns, where), key=repr) == expected, lambda: rows(service, table, columns, where))


def account(service, party, columns):
    found = rows(service, "accounts", [*columns, "1"], f"id = '{key('party', party)}'")
    return found[0][:-1] if found else None


def account_becomes(service, party, **expected):
    service.until(
        lambda: account(service, party, list(expected)) == tuple(expected.values()),
        lambda: (account(service, party, list(expected)), tuple(expected.values())),
    )


def address(street, city, **more):
    return {"street_unstructured": street, "city": city, **more}


def contact(kind, value, **more):
    return {"type": kind, "value": value, **more}


def test_servers_have_what_the_packs_need(service):
    done = service.command("check", "--connect")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "error[" not in done.stdout + done.stderr


def test_what_was_there_before_is_loaded(running):
    becomes(running, "accounts", ["name", "deleted"], [(LOADED, 0)], f"name = '{LOADED}'")
    (account_id,) = running.sql("crm", f"select id from accounts where name = '{LOADED}'")[0]
    joined = "email_addr_bean_rel r join email_addresses e on e.id = r.email_address_id"
    assert rows(running, joined, ["e.email_address", "r.primary_address"], f"r.bean_id = '{account_id}'") == [("before@x.example", 1)]
    assert rows(running, "accounts", ["id", "name"], "name = 'Our own company'") == [], "we are no customer of ours"


def test_a_party_becomes_an_account_with_its_code_addresses_and_ways_of_contact(running, tryton):
    germany = tryton.find("country.country", ("code", "=", "DE"))
    party = tryton.new(
        "party.party",
        name="  Müller & Söhne ",
        addresses=[
            (
                "create",
                [address("Lager 7", "Bonn", delivery=True), address("Ring 1", "Köln", postal_code="50667", country=germany, invoice=True)],
            )
        ],
        contact_mechanisms=[("create", [contact("phone", "+49 221 1234567"), contact("website", "https://mueller.example")])],
    )
    code = running.sql("erp", f"select code from party_party where id = {party}")[0][0]
    account_becomes(
        running, party, name="Müller & Söhne", deleted=0, account_type="Customer", assigned_user_id="1", phone_fax=None,
        billing_address_street="Ring 1", billing_address_city="Köln", billing_address_postalcode="50667", billing_address_country="Germany",
        shipping_address_street="Lager 7", shipping_address_city="Bonn", shipping_address_country=None,
        phone_office="+49 221 1234567", phone_alternate=None, website="https://mueller.example",
    )  # fmt: skip
    assert rows(running, "accounts_cstm", ["id_c", "erp_code_c"], f"id_c = '{key('party', party)}'") == [(key("party", party), code)]


def test_what_happens_to_a_partys_children_reaches_its_account(running, tryton):
    party = tryton.new("party.party", name="Children", addresses=[("create", [address("First", "Aachen"), address("Second", "Berlin")])])
    first, second = tryton.call("party.address", "search", None, [("party", "=", party)], 0, None, [("id", "ASC")])
    account_becomes(running, party, billing_address_city="Aachen")
    tryton.write("party.address", second, invoice=True)
    account_becomes(running, party, billing_address_city="Berlin", shipping_address_city="Aachen")
    france = tryton.find("country.country", ("code", "=", "FR"))
    tryton.write("party.address", second, country=france, city="Brest")
    account_becomes(running, party, billing_address_city="Brest", billing_address_country="France")
    tryton.write("country.country", france, name="République française")
    account_becomes(running, party, billing_address_country="République française")
    tryton.write("party.address", second, active=False)
    account_becomes(running, party, billing_address_street="First", billing_address_country=None)
    tryton.write("party.address", first, active=False)
    account_becomes(running, party, billing_address_street=None, shipping_address_city=None)
    mobile = tryton.new("party.contact_mechanism", party=party, type="mobile", value="+49 170 1")
    account_becomes(running, party, phone_alternate="+49 170 1")
    tryton.delete("party.contact_mechanism", mobile)
    account_becomes(running, party, phone_alternate=None)


def test_email_addresses_hang_on_their_account_and_one_is_primary(running, tryton):
    party = tryton.new(
        "party.party", name="Mail", contact_mechanisms=[("create", [contact("email", "a@x.example"), contact("email", "B@x.example")])]
    )
    one, two = tryton.call("party.contact_mechanism", "search", None, [("party", "=", party)], 0, None, [("id", "ASC")])
    links = ["email_address_id", "bean_id", "bean_module", "primary_address", "deleted"]

    mine = f"bean_id = '{key('party', party)}'"

    def link(mechanism, primary, deleted=0):
        return (key("email", mechanism), key("party", party), "Accounts", primary, deleted)

    becomes(running, "email_addr_bean_rel", links, [link(one, 1), link(two, 0)], mine)
    these = f"id in ('{key('email', one)}', '{key('email', two)}')"
    addresses = ["id", "email_address", "email_address_caps", "deleted"]
    becomes(
        running,
        "email_addresses",
        addresses,
        [(key("email", one), "a@x.example", "A@X.EXAMPLE", 0), (key("email", two), "B@x.example", "B@X.EXAMPLE", 0)],
        these,
    )
    tryton.write("party.contact_mechanism", one, sequence=20)
    tryton.write("party.contact_mechanism", two, sequence=10)
    becomes(running, "email_addr_bean_rel", links, [link(one, 0), link(two, 1)], mine)
    running.sql("crm", f"update email_addresses set opt_out = 1 where id = '{key('email', one)}'")
    tryton.delete("party.contact_mechanism", two)
    becomes(running, "email_addr_bean_rel", links, [link(one, 1), link(two, 0, deleted=1)], mine)
    tryton.write("party.contact_mechanism", one, value="new@x.example")
    becomes(running, "email_addresses", ["email_address", "opt_out", "deleted"], [("new@x.example", 1, 0), ("B@x.example", 0, 1)], these)


def test_what_the_crm_keeps_for_itself_stays(running, tryton):
    own = "insert into accounts (id, name, industry, deleted) values ('of-the-crm', 'Prospect', 'Media', 0)"
    running.sql("crm", own)
    party = tryton.new("party.party", name="Kept")
    account_becomes(running, party, name="Kept")
    running.sql(
        "crm",
        "update accounts set industry = 'Banking', rating = 'A', description = 'ours', account_type = 'Partner', assigned_user_id = 'will'"
        f" where id = '{key('party', party)}'",
        f"update accounts_cstm set jjwg_maps_address_c = 'somewhere' where id_c = '{key('party', party)}'",
    )
    tryton.write("party.party", party, name="Kept, renamed")
    account_becomes(
        running,
        party,
        name="Kept, renamed",
        industry="Banking",
        rating="A",
        description="ours",
        account_type="Partner",
        assigned_user_id="will",
    )
    assert rows(running, "accounts_cstm", ["jjwg_maps_address_c", "id_c"], "jjwg_maps_address_c is not null") == [
        ("somewhere", key("party", party))
    ]
    assert rows(running, "accounts", ["name", "industry", "deleted"], "id = 'of-the-crm'") == [("Prospect", "Media", 0)]


def test_a_party_that_goes_is_marked_and_one_that_comes_back_is_there(running, tryton):
    party, gone = tryton.new("party.party", name="Comes back"), tryton.new("party.party", name="Goes")
    account_becomes(running, gone, deleted=0)
    tryton.write("party.party", party, active=False)
    tryton.delete("party.party", gone)
    account_becomes(running, party, name="Comes back", deleted=1)
    account_becomes(running, gone, name="Goes", deleted=1)
    tryton.write("party.party", party, active=True, name="Is back")
    account_becomes(running, party, name="Is back", deleted=0)


def test_texts_that_suitecrm_would_spoil_are_fitted(running, tryton):
    long = tryton.new("party.party", name="é" * 170)
    rocket = tryton.new("party.party", name="Rocket 🚀 Ltd", addresses=[("create", [address("Launch 🚀", "Kourou")])])
    nameless = tryton.new("party.party")
    code = running.sql("erp", f"select code from party_party where id = {nameless}")[0][0]
    account_becomes(running, long, name="é" * 150)
    account_becomes(running, rocket, name="Rocket ? Ltd", billing_address_street="Launch ?")
    account_becomes(running, nameless, name=f"Party {code}")


@pytest.fixture
def goods(tryton):
    """A product that can be sold: its template, itself, its unit and its code."""
    code = uuid4().hex[:6].upper()
    unit = tryton.find("product.uom", ("name", "=", "Unit"))
    template = tryton.new(
        "product.template", name="Anvil", code=code, type="goods", default_uom=unit, salable=True, sale_uom=unit, list_price=Decimal("12.3456"),
        account_category=tryton.find("product.category", ("name", "=", "Goods")), products=[("create", [{"suffix_code": "-1"}])],
    )  # fmt: skip
    return template, tryton.find("product.product", ("template", "=", template)), unit, f"{code}-1"


def test_products_carry_the_names_of_their_templates_and_their_prices(running, tryton, goods):
    template, product, _, code = goods
    columns = ["id", "name", "part_number", "type", "price", "currency_id", "maincode", "deleted"]

    these = f"id = '{key('product', product)}'"

    def row(name, number, price, deleted=0):
        return (key("product", product), name, number, "Good", Decimal(price), "-99", "XXXX", deleted)

    becomes(running, "aos_products", columns, [row("Anvil", code, "12.345600")], these)
    tryton.write("product.template", template, name="Anvil, heavy", list_price=Decimal(20))
    becomes(running, "aos_products", columns, [row("Anvil, heavy", code, "20.000000")], these)
    tryton.write("product.template", template, code="A" * 30)
    becomes(running, "aos_products", columns, [row("Anvil, heavy", "A" * 24 + "…", "20.000000")], these)
    tryton.write("product.template", template, salable=False)
    becomes(running, "aos_products", columns, [row("Anvil, heavy", "A" * 24 + "…", "20.000000", deleted=1)], these)


@pytest.fixture
def sale(tryton, goods):
    """A draft with a line that sells and one that tells."""
    _, product, unit, _ = goods
    party = tryton.new("party.party", name="Buyer", addresses=[("create", [address("Way 1", "Ulm")])])
    lives = tryton.find("party.address", ("party", "=", party))
    lines = [
        {"type": "line", "product": product, "quantity": 3, "unit": unit, "unit_price": Decimal("10.5"), "sequence": 1},
        {"type": "line", "product": product, "quantity": 1, "unit": unit, "unit_price": Decimal("3.5"), "sequence": 2},
        {"type": "comment", "description": "thank you", "sequence": 3},
    ]
    made = tryton.new(
        "sale.sale", party=party, invoice_address=lives, shipment_address=lives, invoice_method="order", reference="PO 9",
        payment_term=tryton.find("account.invoice.payment_term", ("name", "=", "At once")), lines=[("create", lines)],
    )  # fmt: skip
    return made, party


QUOTE = [
    "id",
    "name",
    "billing_account_id",
    "billing_address_city",
    "stage",
    "invoice_status",
    "total_amount",
    "total_amount_usdollar",
    "deleted",
]
LINE = ["parent_type", "parent_id", "group_id", "product_id", "product_qty", "product_unit_price", "product_total_price", "vat", "deleted"]


def test_a_sale_is_a_quote_from_draft_to_paid_for_and_its_invoice_appears_when_posted(running, tryton, goods, sale):
    (_, product, _, _), (sold, party) = goods, sale
    this, its = f"id = '{key('sale', sold)}'", f"parent_id = '{key('sale', sold)}'"

    def quote(name, stage, invoicing="Not Invoiced", total="35.000000", deleted=0):
        return (key("sale", sold), name, key("party", party), "Ulm", stage, invoicing, Decimal(total), Decimal(total), deleted)

    def line(kind, namespace, parent, quantity, price, total, deleted=0):
        group = key(f"{namespace} group", parent)
        numbers = (Decimal(quantity), Decimal(price), Decimal(total))
        return (kind, key(namespace, parent), group, key("product", product), *numbers, "0.0", deleted)

    becomes(running, "aos_quotes", QUOTE, [quote(f"Sale (draft {sold}) PO 9", "Draft")], this)
    lines = [line("AOS_Quotes", "sale", sold, "3", "10.5", "31.5"), line("AOS_Quotes", "sale", sold, "1", "3.5", "3.5")]
    becomes(running, "aos_products_quotes", LINE, lines, its)
    becomes(
        running,
        "aos_line_item_groups",
        ["id", "parent_id", "total_amount"],
        [(key("sale group", sold), key("sale", sold), Decimal(35))],
        its,
    )
    first, *_ = tryton.call("sale.line", "search", None, [("sale", "=", sold)], 0, None, [("sequence", "ASC")])
    tryton.write("sale.line", first, quantity=2)
    becomes(running, "aos_quotes", QUOTE, [quote(f"Sale (draft {sold}) PO 9", "Draft", total="24.500000")], this)
    tryton.call("sale.sale", "quote", [sold])
    number = running.sql("erp", f"select number from sale_sale where id = {sold}")[0][0]
    becomes(running, "aos_quotes", QUOTE, [quote(f"Sale {number} PO 9", "Delivered", total="24.500000")], this)
    running.sql("crm", f"update aos_quotes set opportunity_id = 'theirs', number = 4711 where id = '{key('sale', sold)}'")
    tryton.call("sale.sale", "confirm", [sold])
    tryton.call("sale.sale", "process", [sold])
    becomes(running, "aos_quotes", QUOTE, [quote(f"Sale {number} PO 9", "Confirmed", total="24.500000")], this)
    invoice = tryton.find("account.invoice", ("party", "=", party))
    tryton.write("account.invoice", invoice, invoice_date=MARCH)
    running.quiet(1)
    assert rows(running, "aos_invoices", ["id", "name"], f"id = '{key('invoice', invoice)}'") == [], "a draft stays in Tryton"
    tryton.call("account.invoice", "post", [invoice])
    issued = running.sql("erp", f"select number from account_invoice where id = {invoice}")[0][0]
    wanted = (
        key("invoice", invoice),
        f"Invoice {issued}",
        "Unpaid",
        MARCH,
        Decimal("24.500000"),
        key("party", party),
    )
    becomes(
        running,
        "aos_invoices",
        ["id", "name", "status", "invoice_date", "total_amount", "billing_account_id"],
        [wanted],
        f"id = '{key('invoice', invoice)}'",
    )
    of_sale = [line("AOS_Quotes", "sale", sold, "2", "10.5", "21"), line("AOS_Quotes", "sale", sold, "1", "3.5", "3.5")]
    of_invoice = [line("AOS_Invoices", "invoice", invoice, "2", "10.5", "21"), line("AOS_Invoices", "invoice", invoice, "1", "3.5", "3.5")]
    becomes(
        running, "aos_products_quotes", LINE, of_sale + of_invoice, f"parent_id in ('{key('sale', sold)}', '{key('invoice', invoice)}')"
    )
    becomes(running, "aos_quotes", [*QUOTE, "opportunity_id", "number"],
            [(*quote(f"Sale {number} PO 9", "Confirmed", "Invoiced", "24.500000"), "theirs", 4711)], this)  # fmt: skip


def test_what_leaves_a_draft_is_marked(running, tryton, sale):
    sold, _ = sale
    this, its = f"id = '{key('sale', sold)}'", f"parent_id = '{key('sale', sold)}'"
    becomes(running, "aos_products_quotes", ["product_qty", "deleted"], [(Decimal("3.0000"), 0), (Decimal("1.0000"), 0)], its)
    first, *_ = tryton.call("sale.line", "search", None, [("sale", "=", sold)], 0, None, [("sequence", "ASC")])
    tryton.delete("sale.line", first)
    becomes(running, "aos_products_quotes", ["product_qty", "deleted"], [(Decimal("3.0000"), 1), (Decimal("1.0000"), 0)], its)
    becomes(running, "aos_quotes", ["stage", "total_amount"], [("Draft", Decimal("3.500000"))], this)
    tryton.call("sale.sale", "cancel", [sold])
    becomes(running, "aos_quotes", ["stage", "deleted"], [("Closed Lost", 0)], this)
    tryton.delete("sale.sale", sold)
    becomes(running, "aos_quotes", ["stage", "deleted"], [("Closed Lost", 1)], this)
    becomes(running, "aos_products_quotes", ["product_qty", "deleted"], [(Decimal("3.0000"), 1), (Decimal("1.0000"), 1)], its)


def invoiced(tryton, sold, party):
    """Quote, confirm and invoice a sale; return the posted invoice."""
    for step in ("quote", "confirm", "process"):
        tryton.call("sale.sale", step, [sold])
    invoice = tryton.find("account.invoice", ("party", "=", party))
    tryton.write("account.invoice", invoice, invoice_date=MARCH)
    tryton.call("account.invoice", "post", [invoice])
    return invoice


def test_an_invoice_that_is_paid_says_so_and_so_does_its_quote(running, tryton, sale):
    sold, party = sale
    invoice = invoiced(tryton, sold, party)
    this = f"id = '{key('invoice', invoice)}'"
    becomes(running, "aos_invoices", ["status", "total_amount"], [("Unpaid", Decimal("35.000000"))], this)
    tryton.call("errand", "pay", None, invoice, MARCH)
    becomes(running, "aos_invoices", ["status", "total_amount"], [("Paid", Decimal("35.000000"))], this)
    becomes(running, "aos_quotes", ["invoice_status", "deleted"], [("Invoiced", 0)], f"id = '{key('sale', sold)}'")


def test_taxes_are_a_rate_on_the_line_and_an_amount_on_the_papers(running, tryton, sale):
    sold, party = sale
    first, *_ = tryton.call("sale.line", "search", None, [("sale", "=", sold)], 0, None, [("sequence", "ASC")])
    tryton.write("sale.line", first, taxes=[("add", [tryton.find("account.tax", ("name", "=", "VAT"))])])
    becomes(running, "aos_products_quotes", ["vat", "vat_amt"], [("20.0", Decimal("6.300000")), ("0.0", Decimal("0.000000"))],
            f"parent_id = '{key('sale', sold)}'")  # fmt: skip
    invoice = invoiced(tryton, sold, party)
    amounts = [(Decimal("35.000000"), Decimal("6.300000"), Decimal("41.300000"))]
    columns = ["total_amt", "tax_amount", "total_amount"]
    becomes(running, "aos_quotes", columns, amounts, f"id = '{key('sale', sold)}'")
    becomes(running, "aos_invoices", columns, amounts, f"id = '{key('invoice', invoice)}'")
    becomes(running, "aos_products_quotes", ["vat", "vat_amt"], [("20.0", Decimal("6.300000")), ("0.0", Decimal("0.000000"))],
            f"parent_id = '{key('invoice', invoice)}'")  # fmt: skip


def test_papers_in_another_currency_have_their_amounts_in_both(running, tryton, sale):
    sold, party = sale
    tryton.write("sale.sale", sold, currency=tryton.find("currency.currency", ("code", "=", "USD")))
    columns, amounts = ["currency_id", "total_amount", "total_amount_usdollar"], [(DOLLARS, Decimal("35.000000"), Decimal("17.500000"))]
    becomes(running, "aos_quotes", columns, amounts, f"id = '{key('sale', sold)}'")
    invoice = invoiced(tryton, sold, party)
    becomes(running, "aos_invoices", columns, amounts, f"id = '{key('invoice', invoice)}'")


def test_a_party_that_is_merged_is_marked_and_its_papers_follow_the_other(running, tryton, sale):
    sold, party = sale
    stays = tryton.new("party.party", name="Buyer")
    becomes(running, "aos_quotes", ["billing_account_id", "deleted"], [(key("party", party), 0)], f"id = '{key('sale', sold)}'")
    account_becomes(running, stays, name="Buyer", deleted=0)
    tryton.call("errand", "merge", None, party, stays)
    account_becomes(running, party, name="Buyer", deleted=1)
    account_becomes(running, stays, name="Buyer", deleted=0)
    becomes(running, "aos_quotes", ["billing_account_id", "deleted"], [(key("party", stays), 0)], f"id = '{key('sale', sold)}'")
