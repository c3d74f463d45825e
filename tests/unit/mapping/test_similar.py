"""Names and types of two databases to first mappings."""

from dataclasses import replace

import pytest

from cdc.mapping.compile import compile_plan
from cdc.mapping.files.problem import Level
from cdc.mapping.spec.read import read_mapping
from cdc.mapping.tools.first_file import text
from cdc.mapping.tools.propose import Look, proposals, unsure
from cdc.mapping.tools.similar import COLUMN, alike, tables, words
from cdc.model.table import Column, ForeignKey, Unique
from cdc.model.types import Kind, Type
from tests.definitions import INT, TEXT, TIMESTAMP, UUID, char, enum, table, varchar


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("customer", "accounts"), ("postal_code", "ZipCode"), ("code", "erp_code"), ("eMail", "email"), ("status", "state"),
        ("categories", "category"), ("phone", "telephone"), ("order", "sales_orders"), ("created_at", "date_entered"),
        ("cust_master", "companies"), ("cr_limit", "credit_limit"), ("cust_name1", "CustomerName"), ("e_mail", "email"), ("chg_ts", "date_modified"),
    ],
)  # fmt: skip
def test_names_that_mean_the_same(one, other):
    assert alike(one, other) >= COLUMN
    assert alike(one, other) == alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("name", "email"), ("customer", "invoice"), ("city", "country"), ("id", "name"), ("name2", "name")]
)
def test_names_that_do_not(one, other):
    assert alike(one, other) < COLUMN


def test_only_the_same_name_scores_one():
    assert alike("name", "name") == 1
    assert alike("Name", "name") < 1
    assert words("DateOfBirth") == ("of", "birth")


SERIAL = Column("id", INT, nullable=False, identity=True, default=True)
CUSTOMER = table(
    "customer",
    [
        SERIAL, Column("code", TEXT, nullable=False), Column("Name", TEXT), Column("kind", enum("COMPANY", "person", "ghost")),
        Column("changed_at", TIMESTAMP), Column("order", INT),
    ],
)  # fmt: skip
CONTACT = table("contact", [SERIAL, Column("customer_id", INT), Column("email", TEXT)], parents=["customer"])
ACCOUNTS = table(
    "accounts",
    [
        Column("id", char(36), nullable=False), Column("erp_code", varchar(8)), Column("name", varchar(150), nullable=False),
        Column("kind", enum("Company", "Person"), nullable=False), Column("deleted", INT, nullable=False, default=True),
        Column("industry", varchar(20), nullable=False), Column("owner", TEXT), Column("computed", TEXT, generated=True),
        Column("order", INT),
    ],
)  # fmt: skip
CONTACTS = table("contacts", [Column("id", UUID, nullable=False), Column("account_id", char(36)), Column("email", TEXT)])


def proposed(sources, targets):
    return {one.name: one for one in proposals(tables(sources, targets))}


def test_first_mappings_fit_the_tables_and_say_what_is_unsure():
    found = proposed([CUSTOMER, CONTACT], [CONTACTS, ACCOUNTS])
    assert set(found) == {"accounts", "contacts"}
    sql = {line.column: line.sql for line in found["accounts"].lines if line.used}
    assert sql == {
        "id": "stable_uuid('customer', id)", "erp_code": "code", "name": "Name", "kind": "kind", "deleted": "0", "industry": "''",
        "order": "order",
    }  # fmt: skip
    assert found["accounts"].maps == {"kind": {"COMPANY": "Company", "person": "Person"}}
    assert found["accounts"].soft_delete == ("deleted", "1")
    assert found["accounts"].key == ("id",)
    assert list(unsure(found["accounts"])) == ["erp_code", "kind", "industry"]
    assert {line.column: line.sql for line in found["contacts"].lines}["account_id"] == "stable_uuid('customer', customer_id)"


def test_the_files_pass_the_compiler():
    known = {one.name: one for one in (CUSTOMER, CONTACT, ACCOUNTS, CONTACTS)}
    specs = []
    for proposal in proposed([CUSTOMER, CONTACT], [CONTACTS, ACCOUNTS]).values():
        made, problems = read_mapping(f"{proposal.name}.yaml", text(proposal, ("public", "public")))
        assert [problem.message for problem in problems if problem.level is Level.ERROR] == []
        specs.append(made)
    plan, problems = compile_plan(specs, known, known, "public", "public")
    assert [problem.message for problem in problems if problem.level is Level.ERROR] == []
    assert plan is not None


def test_a_key_that_the_log_can_tell_is_preferred():
    by_code = Unique("by_code", ("code",), primary=False, exact=True)
    source = table("thing", [SERIAL, Column("code", TEXT, nullable=False)], identity=("code",))
    target = table("things", [SERIAL, Column("code", TEXT, nullable=False)], uniques=[by_code])
    assert proposed([source], [target])["things"].key == ("code",)
    assert proposed([source], [table("things", target.columns)])["things"].remarks[0].startswith("the key needs columns")


def test_without_a_key_there_is_no_file():
    target = table("things", [Column("rank", INT, nullable=False), Column("code", TEXT)], key=("rank",))
    source = table("thing", [SERIAL, Column("code", TEXT)])
    made = proposed([source], [target])["things"]
    assert made.key == ()
    assert made.remarks[0].startswith("no key: ")


def test_types_that_do_not_fit_are_left_as_a_remark():
    source = table("thing", [SERIAL, Column("attributes", Type(Kind.BYTES, "bytea"))])
    target = table("things", [Column("id", INT, nullable=False), Column("attributes", Type(Kind.DATE, "date"))])
    made = proposed([source], [target])["things"]
    assert [line.column for line in made.lines if line.used] == ["id"]
    assert "attributes:" in text(made, ("public", "public")).partition("  # ")[2]


def test_odd_names_are_written_so_that_they_are_read_again():
    odd = 'We "ird: #x'
    source = table(odd, [SERIAL, Column(odd, TEXT), Column("null", TEXT), Column("same", TEXT)])
    target = table(odd, [Column("id", INT, nullable=False), Column(odd, TEXT), Column("null", TEXT), Column("same", TEXT)])
    (made,) = proposed([source], [target]).values()
    spec, problems = read_mapping("x.yaml", text(made, ("public", "other")))
    assert [problem.message for problem in problems] == []
    known = {source.name: source}
    plan, problems = compile_plan([spec], known, known, "public", "public")
    assert plan, problems
    assert list(spec.columns) == ["id", odd, "null", "same"]


def keyed(name, *columns):
    return Unique(name, columns, primary=False, exact=True)


SKU = Column("sku", TEXT, nullable=False)
ARTICLE = table("articles", [SKU, Column("title", TEXT)], key=("sku",))
ITEM = replace(
    table("order_items", [SERIAL, Column("order_no", INT), Column("pos", INT), Column("sku", TEXT, nullable=False)]),
    foreign_keys=(ForeignKey("to_article", ("sku",), ARTICLE.name, ("sku",), cascades=False),),
)
PRODUCTS = table("products", [SERIAL, Column("code", varchar(20), nullable=False), Column("name", TEXT)], uniques=[keyed("u", "code")])
LINES = table(
    "order_lines",
    [Column("id", INT, nullable=False), Column("product_id", INT, nullable=False), Column("line_no", INT)],
    uniques=[keyed("u", "product_id", "line_no")],
)


def test_a_reference_is_looked_up_where_the_target_makes_its_keys():
    """By a foreign key of the target, or by the column's name where it has none."""
    declared = replace(LINES, foreign_keys=(ForeignKey("to_product", ("product_id",), PRODUCTS.name, ("id",), cascades=False),))
    for lines in (LINES, declared):
        made = proposed([ARTICLE, ITEM], [PRODUCTS, lines])["order_lines"]
        assert {line.column: line.lookup for line in made.lines if line.lookup} == {
            "product_id": Look("products", (("code", "sku"),), "id")
        }
        spec, problems = read_mapping("x.yaml", text(made, ("public", "public")))
        assert problems == []
        assert spec.columns["product_id"].table == "products"
        assert made.key == ("id",), "a key is not looked up"
    elsewhere = replace(LINES, foreign_keys=(ForeignKey("to_other", ("product_id",), ARTICLE.name, ("sku",), cascades=False),))
    assert not any(line.lookup for line in proposed([ARTICLE, ITEM], [PRODUCTS, elsewhere])["order_lines"].lines)


def test_a_columns_name_loses_the_words_of_its_table():
    orders = table("sales_orders", [Column("order_no", INT, nullable=False), Column("client_no", INT)], key=("order_no",))
    target = table("orders", [Column("number", varchar(20), nullable=False)], key=("number",))
    (line,) = proposed([orders], [target])["orders"].lines
    assert line.sql == "order_no"


@pytest.mark.parametrize(
    ("of", "sql"),
    [
        (Type(Kind.INSTANT, "timestamp with time zone", precision=6), "cast(changed as timestamp(0))"),
        (TIMESTAMP, "cast(changed as timestamp(0))"),
        (Type(Kind.TIMESTAMP, "timestamp(0)", precision=0), "changed"),
    ],
)
def test_a_moment_that_the_target_holds_in_part_is_cast(of, sql):
    source = table("thing", [SERIAL, Column("changed", of)])
    target = table("things", [Column("id", INT, nullable=False), Column("modified_on", Type(Kind.TIMESTAMP, "datetime", precision=0))])
    made = proposed([source], [target])["things"]
    (line,) = (line for line in made.lines if line.column == "modified_on")
    assert line.sql == sql
    if of.kind is Kind.INSTANT:
        assert line.remark.endswith("; to copy it, give the target database its `time_zone` in the service file")
    spec, problems = read_mapping("x.yaml", text(made, ("public", "public")))
    assert problems == []
    plan, problems = compile_plan([spec], {source.name: source}, {target.name: target}, "public", "public")
    assert plan, problems


def test_a_reference_to_another_column_than_the_key_is_no_hash_of_it():
    clients = table("clients", [SERIAL, Column("code", TEXT, nullable=False)], uniques=[keyed("u", "code")])
    orders = replace(
        table("orders", [SERIAL, Column("client", TEXT, nullable=False)]),
        foreign_keys=(ForeignKey("to_client", ("client",), clients.name, ("code",), cascades=False),),
    )
    accounts = table(
        "accounts", [Column("id", char(36), nullable=False), Column("code", TEXT, nullable=False)], uniques=[keyed("u", "code")]
    )
    sales = table("sales_orders", [Column("id", INT, nullable=False), Column("account_id", char(36))])
    made = proposed([clients, orders], [accounts, sales])["sales_orders"]
    assert {line.column: line.lookup for line in made.lines if line.lookup} == {"account_id": Look("accounts", (("code", "client"),), "id")}


BRANCH = table(
    "cust_master", [Column("company_cd", varchar(3)), Column("cust_no", INT), Column("cust_name1", TEXT)], key=("company_cd", "cust_no")
)
VISIT = replace(
    table("visit", [SERIAL, Column("cust", INT), Column("firm", varchar(3)), Column("day_no", INT)]),
    foreign_keys=(ForeignKey("to_branch", ("cust", "firm"), BRANCH.name, ("cust_no", "company_cd"), cascades=False),),
)


def test_a_key_of_several_columns_becomes_one_uuid_and_so_do_references_to_it():
    companies = table("companies", [Column("id", char(36), nullable=False), Column("name", TEXT)])
    visits = table("visits", [Column("id", INT, nullable=False), Column("company_id", char(36))])
    made = proposed([BRANCH, VISIT], [companies, visits])
    assert made["companies"].key == ("id",)
    lines = {line.column: line for each in made.values() for line in each.lines if line.sql.startswith("stable_uuid")}
    assert lines["id"].sql == "stable_uuid('cust_master', company_cd, cust_no)"
    assert lines["company_id"].sql == "stable_uuid('cust_master', firm, cust)", "in the order of the key that it refers to"
    for proposal in made.values():
        assert read_mapping("x.yaml", text(proposal, ("public", "public")))[1] == []


def test_a_reference_of_several_columns_is_looked_up_by_all_of_them_even_for_a_key():
    """The target's key has nothing else, and the source's log says of a deleted row what the look-up asks for."""
    parts = replace(
        table("visit_part", [Column("firm", varchar(3)), Column("cust", INT), Column("part_no", INT)], key=("firm", "cust", "part_no")),
        foreign_keys=(ForeignKey("to_branch", ("firm", "cust"), BRANCH.name, ("company_cd", "cust_no"), cascades=False),),
    )
    known = keyed("known", "number", "code")
    companies = table("companies", [SERIAL, Column("code", varchar(3)), Column("number", INT), Column("name", TEXT)], uniques=[known])
    theirs = table("visit_parts", [Column("company_id", INT, nullable=False), Column("part_no", INT)], key=("company_id", "part_no"))
    made = proposed([BRANCH, parts], [companies, theirs])["visit_parts"]
    assert made.key == ("company_id", "part_no")
    (line,) = (line for line in made.lines if line.lookup)
    assert line.lookup == Look("companies", (("code", "firm"), ("number", "cust")), "id")
    spec, problems = read_mapping("x.yaml", text(made, ("public", "public")))
    assert problems == []
    assert dict(spec.columns["company_id"].by).keys() == {"code", "number"}


def test_an_articles_number_may_be_a_key_that_is_called_otherwise():
    articles = table("item", [Column("number", varchar(20), nullable=False), Column("price", INT)], key=("number",))
    products = table("products", [Column("ean", varchar(20), nullable=False), Column("price", INT)], key=("ean",))
    made = proposed([articles], [products])["products"]
    assert (made.key, made.lines[0].sql, made.lines[0].remark) == (("ean",), "number", "unsure: both are the primary key")
