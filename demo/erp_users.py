"""What the ERP's users do all day: each function is one transaction, some of many tables, some with a trap for a replication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from demo import names
from demo.erp import EMPLOYEES, PRODUCTS, WAREHOUSES
from demo.own import Edit
from demo.workload import Action, ChangedMindError, Cursor, some

_TODAY = date(2026, 11, 2)
NOTHING: Sequence[Edit] = ()


def place_order(cursor: Cursor, random: Random) -> Sequence[Edit]:
    (customer,) = some(cursor, random, "select id from customer where status = 'active' and kind <> 'branch' and id %% 40 = %s limit 40",
                       random.randrange(40))  # fmt: skip
    _order(cursor, random, customer)
    return NOTHING


def welcome_customer(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """A prospect, unknown to the CRM, becomes a customer and orders, all in one transaction."""
    (customer,) = some(cursor, random, "select id from customer where status = 'prospect' and kind <> 'branch' limit 20")
    cursor.execute("update customer set status = 'active', keeper_id = %s where id = %s", (random.randrange(1, EMPLOYEES + 1), customer))
    _order(cursor, random, customer)
    return NOTHING


def enter_prospect(cursor: Cursor, random: Random) -> Sequence[Edit]:
    first, last = names.person(random)
    code = f"N{random.getrandbits(40):x}"
    cursor.execute(
        """insert into customer (code, name, kind, status, "group", email, phone)
           values (%s, %s, 'person', 'prospect', 'C', %s, %s) returning id""",
        (code, f"{first} {last}", f"{code}@Example.com", names.phone(random)),
    )
    (customer,) = cursor.fetchone()
    city, postal_code, country = random.choice(names.CITY)
    cursor.execute("insert into address (customer_id, kind, street, postal_code, city, country) values (%s, 'shipping', %s, %s, %s, %s)",
                   (customer, random.choice(names.STREET), postal_code, city, country))  # fmt: skip
    return NOTHING


def confirm_or_ship(cursor: Cursor, random: Random) -> Sequence[Edit]:
    order, state = some(cursor, random, """select id, state from "order" where state in ('draft', 'confirmed') order by id desc limit 60""")
    following = "confirmed" if state == "draft" else "shipped"
    cursor.execute('update "order" set state = %s, ship_after = clock_timestamp() where id = %s', (following, order))
    if following == "shipped":
        cursor.execute("""update stock s set on_hand = on_hand - l.quantity from "order-line" l
                          where l.order_id = %s and l.product_id = s.product_id and s.warehouse = 'HAM'""", (order,))  # fmt: skip
    return NOTHING


def draft_invoice(cursor: Cursor, random: Random) -> Sequence[Edit]:
    order, customer, total = some(cursor, random, """select id, customer_id, total from "order" o where state = 'shipped'
        and not exists (select from invoice where order_id = o.id) order by id desc limit 40""")  # fmt: skip
    cursor.execute("insert into invoice (order_id, customer_id, state, total) values (%s, %s, 'draft', %s)", (order, customer, total))
    return NOTHING


def post_invoice(cursor: Cursor, random: Random) -> Sequence[Edit]:
    (invoice,) = some(cursor, random, "select id from invoice where state = 'draft' order by id desc limit 40")
    cursor.execute("update invoice set state = 'posted', number = %s, issued_on = %s, due_on = %s where id = %s",
                   (f"INV{random.getrandbits(40):x}", _TODAY, _TODAY + timedelta(days=30), invoice))  # fmt: skip
    return NOTHING


def receive_payment(cursor: Cursor, random: Random) -> Sequence[Edit]:
    invoice, still_open = some(cursor, random, "select id, total - paid from invoice where state = 'posted' order by id desc limit 80")
    amount = still_open if random.random() < 0.7 else round(still_open / 3, 2)
    cursor.execute("insert into payment (invoice_id, reference, amount) values (%s, %s, %s)",
                   (invoice, f"{random.getrandbits(64):x}", amount))  # fmt: skip
    cursor.execute("update invoice set paid = paid + %s, state = case when paid + %s >= total then 'paid' else state end where id = %s",
                   (amount, amount, invoice))  # fmt: skip
    return NOTHING


def cancel_invoice(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """It leaves the mapping's filter; now and then it is posted again, and comes back."""
    (invoice,) = some(cursor, random, "select id from invoice where state in ('posted', 'cancelled') and number is not null limit 60")
    cursor.execute("update invoice set state = case state when 'posted' then 'cancelled' else 'posted' end where id = %s", (invoice,))
    return NOTHING


def edit_customer(cursor: Cursor, random: Random) -> Sequence[Edit]:
    (customer,) = some(cursor, random, "select id from customer where code <> 'PROBE' and id %% 50 = %s", random.randrange(50))
    column, value = random.choice((
        ("name", f"{names.company(random)} ☃"), ("phone", names.phone(random)), ("phone", None), ("credit_limit", Decimal(random.randrange(10**8)) / 100),
        ("credit_limit", None), ("newsletter", random.random() < 0.5), ("vat_id", None), ('"group"', random.choice(("A", "B", "C", "Z", None))),
        ("preferences", '{"language": "el", "γλώσσα": true}'),
    ))  # fmt: skip
    cursor.execute(f"update customer set {column} = %s where id = %s", (value, customer))
    return NOTHING


def swap_mail_addresses(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """Two rows exchange a unique value: only the order of the three statements makes it possible."""
    rows = "select id, email from customer where status = 'active' and email is not null and id %% 30 = %s"
    one, mail = some(cursor, random, rows, random.randrange(30))
    other, other_mail = some(cursor, random, rows, random.randrange(30))
    if one == other:
        return NOTHING
    cursor.execute("update customer set email = null where id = %s", (one,))
    cursor.execute("update customer set email = %s where id = %s", (mail, other))
    cursor.execute("update customer set email = %s where id = %s", (other_mail, one))
    return NOTHING


def lose_customer(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """A customer without orders: gone, or a prospect again."""
    (customer,) = some(
        cursor,
        random,
        """select id from customer c where kind <> 'branch' and code <> 'PROBE'
        and not exists (select from "order" where customer_id = c.id) and not exists (select from invoice where customer_id = c.id) limit 30""",
    )
    if random.random() < 0.5:
        cursor.execute("delete from customer where id = %s", (customer,))
    else:
        cursor.execute(
            "update customer set status = case status when 'prospect' then 'active' else 'prospect' end where id = %s", (customer,)
        )
    return NOTHING


def change_price(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """The datasheet of such a product may be long: then the log does not carry it."""
    cursor.execute("update product set price = price + 0.01 where id = %s", (random.randrange(1, PRODUCTS + 1),))
    return NOTHING


def raise_all_prices(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """One statement, a few hundred rows."""
    cursor.execute("update product set price = round(price * 1.01, 4) where id %% 2 = %s", (random.randrange(2),))
    return NOTHING


def change_range(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """A product enters or leaves the range; one that enters has to be whole, long datasheet and all, though the log is silent about it."""
    cursor.execute("update product set sellable = not sellable where id = %s", (random.randrange(1, PRODUCTS + 1),))
    return NOTHING


def rewrite_datasheet(cursor: Cursor, random: Random) -> Sequence[Edit]:
    text = random.choice((names.long_text(random), "short again", None))
    cursor.execute("update product set datasheet = %s where id = %s", (text, random.randrange(1, PRODUCTS + 1)))
    return NOTHING


def count_stock(cursor: Cursor, random: Random) -> Sequence[Edit]:
    for _ in range(random.randrange(1, 12)):
        cursor.execute("update stock set on_hand = %s where product_id = %s",
                       (Decimal(random.randrange(5_000_000)) / 1000, random.randrange(1, PRODUCTS + 1)))  # fmt: skip
    return NOTHING


def move_stock(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """The primary key changes."""
    product, warehouse = some(cursor, random, "select product_id, warehouse from stock where product_id %% 25 = %s", random.randrange(25))
    other = random.choice([name for name in (*WAREHOUSES, "ÅRH") if name != warehouse])
    cursor.execute("delete from stock where product_id = %s and warehouse = %s", (product, other))
    cursor.execute("update stock set warehouse = %s where product_id = %s and warehouse = %s", (other, product, warehouse))
    return NOTHING


def rework_lines(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """Lines change places under a unique position, become a comment or an item again, or go."""
    (order,) = some(
        cursor, random, """select order_id from "order-line" group by order_id having count(*) > 1 order by order_id desc limit 60"""
    )
    cursor.execute("""select id, position from "order-line" where order_id = %s order by position""", (order,))
    (first, at), *_, (last, end) = cursor.fetchall()
    match random.randrange(3):
        case 0:
            for line, position in ((first, -1), (last, at), (first, end)):
                cursor.execute('update "order-line" set position = %s where id = %s', (position, line))
        case 1:
            cursor.execute("""update "order-line" set kind = case kind when 'item' then 'comment' else 'item' end
                              where id = %s and product_id is not null""", (last,))  # fmt: skip
        case _:
            cursor.execute('delete from "order-line" where id = %s', (last,))
    return NOTHING


def delete_draft(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """The database deletes the lines."""
    (order,) = some(cursor, random, """select id from "order" o where state = 'draft'
        and not exists (select from invoice where order_id = o.id) order by id limit 40""")  # fmt: skip
    cursor.execute('delete from "order" where id = %s', (order,))
    return NOTHING


def think_better_of_it(cursor: Cursor, random: Random) -> Sequence[Edit]:
    cursor.execute("update customer set name = 'this must never be seen' where id %% 100 = %s", (random.randrange(100),))
    raise ChangedMindError


def undo_a_part(cursor: Cursor, random: Random) -> Sequence[Edit]:
    product = random.randrange(1, PRODUCTS + 1)
    cursor.execute("savepoint part")
    cursor.execute("update product set name = 'this must never be seen' where id = %s", (product,))
    cursor.execute("rollback to savepoint part")
    cursor.execute("update product set name = %s where id = %s", (names.goods(random), product))
    return NOTHING


def follow_up_opportunity(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """The ERP's own columns of a row that came from the CRM."""
    (key,) = some(cursor, random, "select crm_id from sales_opportunity limit 200")
    keeper, day = random.randrange(1, EMPLOYEES + 1), _TODAY + timedelta(days=random.randrange(90))
    cursor.execute("update sales_opportunity set keeper_id = %s, follow_up_on = %s where crm_id = %s", (keeper, day, key))
    return (Edit("sales_opportunity", (str(key),), {"keeper_id": keeper, "follow_up_on": day}),)


def _order(cursor: Cursor, random: Random, customer: int) -> None:
    cursor.execute("""insert into "order" (number, customer_id, state, ordered_on, note) values (%s, %s, 'draft', %s, %s) returning id""",
                   (f"WEB{random.getrandbits(40):x}", customer, _TODAY, random.choice(("", "brauche ich 昨日", None))))  # fmt: skip
    (order,) = cursor.fetchone()
    total = Decimal(0)
    for position in range(1, random.randrange(2, 7)):
        quantity, product = random.randrange(1, 20), random.randrange(1, PRODUCTS + 1)
        cursor.execute("""insert into "order-line" (order_id, position, kind, product_id, description, quantity, unit_price)
                          select %s, %s, 'item', id, name, %s, price from product where id = %s returning quantity * unit_price""",
                       (order, position, quantity, product))  # fmt: skip
        total += cursor.fetchone()[0]
        cursor.execute("update stock set reserved = reserved + %s where product_id = %s and warehouse = 'HAM'", (quantity, product))
    cursor.execute('update "order" set total = %s where id = %s', (round(total, 2), order))


ACTIONS: Mapping[Action, int] = {
    place_order: 20, welcome_customer: 4, enter_prospect: 6, confirm_or_ship: 15, draft_invoice: 8, post_invoice: 8, receive_payment: 8,
    cancel_invoice: 4, edit_customer: 15, swap_mail_addresses: 3, lose_customer: 3, change_price: 8, raise_all_prices: 1, change_range: 5,
    rewrite_datasheet: 3, count_stock: 8, move_stock: 5, rework_lines: 8, delete_draft: 3, think_better_of_it: 3, undo_a_part: 3,
    follow_up_opportunity: 6,
}  # fmt: skip
"""What they do, and how often."""
