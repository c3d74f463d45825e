"""Tryton at work, in a process and an interpreter of its own: makes a database with a small company in it, or does what it is told there.

Usage: `TRYTOND_DATABASE_URI=… tryton_office.py DATABASE build`, or `… serve`, which answers pickled (model, method, ids or None, arguments) one by one.
"""

import pickle
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

from trytond import backend
from trytond.model import ModelStorage
from trytond.pool import Pool
from trytond.transaction import Transaction, TransactionError
from trytond.worker import run_task

MODULES = ["sale"]
"""With what it depends on: parties, products, stock, accounts and invoices."""
ROOT = 0


def prepare(database):
    """Make Tryton's tables. Its modules' own records are taken as their authors tested them: validating them is half of the time."""
    backend.Database(database).connect().init()
    Pool.start()
    validate = ModelStorage.__dict__["_validate"]
    ModelStorage._validate = classmethod(lambda *_, **__: None)
    Pool(database).init(update=MODULES, lang=["en"], activatedeps=True, indexes=False)
    ModelStorage._validate = validate


def new(model, **values):
    (made,) = Pool().get(model).create([values])
    return made


def found(model, *domain):
    (one,) = Pool().get(model).search(list(domain), limit=1)
    return one


def transact(database, work, **context):
    """Run a piece of work in a transaction. Tryton asks for another one when it finds that it needs a lock from the beginning."""
    locks = {}
    while True:
        with Transaction().start(database, ROOT, context=context, **locks) as transaction:
            try:
                done = work()
            except TransactionError as wanted:
                transaction.rollback()
                wanted.fix(locks)
                continue
        while transaction.tasks:  # what it leaves to its worker, such as a sale whose invoice was posted
            run_task(database, transaction.tasks.pop())
        return done


def build(database):
    prepare(database)
    transact(database, currencies_and_countries)
    transact(database, open_for_business, company=transact(database, our_company))


def currencies_and_countries():
    for name, symbol, code, rate in (("Euro", "€", "EUR", 1), ("Dollar", "$", "USD", 2)):
        new("currency.currency", name=name, symbol=symbol, code=code, rates=[("create", [{"date": date.min, "rate": Decimal(rate)}])])
    for name, code in (("Germany", "DE"), ("France", "FR")):
        new("country.country", name=name, code=code)


def our_company():
    party = new("party.party", name="Our own company", addresses=[("create", [{}])])
    return new("company.company", party=party, currency=found("currency.currency", ("code", "=", "EUR"))).id


def open_for_business():
    """What a company needs before it can sell."""
    company = found("company.company")
    accounts(company)
    fiscal_year(company)
    new("account.invoice.payment_term", name="At once", lines=[("create", [{"type": "remainder"}])])
    revenue, expense = (found("account.account", (f"type.{kind}", "=", True), ("closed", "!=", True)) for kind in ("revenue", "expense"))
    new("product.category", name="Goods", accounting=True, account_revenue=revenue, account_expense=expense)
    new("party.category", name="Customer")
    cash, tax = (found("account.account", ("code", "=", code), ("company", "=", company.id)).id for code in ("1.1.1", "6.3.6"))
    journal = found("account.journal", ("type", "=", "cash"))
    new("account.invoice.payment.method", name="Cash", company=company, journal=journal, credit_account=cash, debit_account=cash)
    new("account.tax", name="VAT", description="VAT", type="percentage", rate=Decimal("0.2"), company=company,
        invoice_account=tax, credit_note_account=tax)  # fmt: skip


def accounts(company):
    """The chart of accounts that Tryton ships."""
    wizard_class = Pool().get("account.create_chart", type="wizard")
    wizard = wizard_class(wizard_class.create()[0])
    wizard.account.account_template = Pool().get("account.account.template")(
        Pool().get("ir.model.data").get_id("account", "account_template_root_en")
    )
    wizard.account.company = company
    wizard.transition_create_account()
    chart = [("party_required", "=", True), ("company", "=", company.id)]
    wizard.properties.company = company
    wizard.properties.account_receivable = found("account.account", ("type.receivable", "=", True), *chart)
    wizard.properties.account_payable = found("account.account", ("type.payable", "=", True), *chart)
    wizard.transition_create_properties()


def fiscal_year(company):
    def sequence(kind):
        kind = found("ir.sequence.type", ("name", "=", kind))
        return new("ir.sequence.strict", name=kind.name, sequence_type=kind, company=company).id

    year, numbers = datetime.now(UTC).year, sequence("Invoice")
    invoices = {f"{way}_{kind}_sequence": numbers for way in ("in", "out") for kind in ("invoice", "credit_note")}
    made = new(
        "account.fiscalyear",
        name=str(year),
        company=company,
        start_date=date(year, 1, 1),
        end_date=date(year, 12, 31),
        move_sequence=sequence("Account Move"),
        invoice_sequences=[("create", [{"company": company, **invoices}])],
    )
    Pool().get("account.fiscalyear").create_period([made])


def pay(number, day):
    """What the wizard behind the button "Pay" does with an invoice that is paid in full."""
    invoice = Pool().get("account.invoice")(number)
    amount = invoice.amount_to_pay
    lines, _ = invoice.get_reconcile_lines_for_amount(amount, invoice.currency, party=invoice.party)
    lines += invoice.pay_invoice(amount, found("account.invoice.payment.method"), day)
    Pool().get("account.move.line").reconcile(lines)


def merge(gone, stays):
    """The wizard that replaces a party by another."""
    wizard_class, party = Pool().get("party.replace", type="wizard"), Pool().get("party.party")
    wizard = wizard_class(wizard_class.create()[0])
    wizard.ask.source, wizard.ask.destination = party(gone), party(stays)
    wizard.transition_replace()


ERRANDS = {"pay": pay, "merge": merge}
"""What Tryton's users do by wizards."""


def do(model, method, ids, arguments):
    """One call in one transaction of Tryton's; records that come back do so as their ids."""
    if model == "errand":
        return ERRANDS[method](*arguments)
    asked = Pool().get(model)
    records = () if ids is None else (asked.browse(ids),)
    returned = getattr(asked, method)(*records, *arguments)
    return [each.id if isinstance(each, ModelStorage) else each for each in returned] if isinstance(returned, (list, tuple)) else returned


def serve(database):
    Pool.start()
    Pool(database).init()
    company = transact(database, lambda: found("company.company").id)
    while True:
        try:
            asked = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = (True, transact(database, partial(do, *asked), company=company))
        except Exception as error:  # noqa: BLE001 - whatever Tryton refuses, the test shall say
            answer = (False, f"{type(error).__name__}: {error}")
        pickle.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    {"build": build, "serve": serve}[sys.argv[2]](sys.argv[1])
