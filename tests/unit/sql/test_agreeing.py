"""The questions for rows that are there already: the server's own `=`, two rows at most, none that a soft delete has marked."""

from dataclasses import replace

from cdc.model.endpoint import Endpoint
from cdc.model.reference import Maker, Match, Xref
from cdc.model.table import Column
from cdc.model.types import Kind, Type
from cdc.sql.reference import my_agreeing, pg_agreeing
from cdc.target.plans import ways
from cdc.target.postgresql.statements import statements
from tests.definitions import BIGINT, table, varchar
from tests.plans import TARGET

CITEXT = Type(Kind.TEXT, "extensions.citext")
ACCOUNT = table("crm.account", [Column("id", BIGINT), Column("e%mail", varchar(20)), Column("code", CITEXT), Column("gone", BIGINT)])
ID, MAIL, CODE, GONE = ACCOUNT.columns


def test_postgresql_asks_for_all_at_once_each_by_itself():
    assert pg_agreeing(Match(ACCOUNT, (MAIL, CODE), ID)) == (
        "select k.n, f.v from unnest($1::varchar[], $2::extensions.citext[]) with ordinality k (c0, c1, n) cross join lateral "
        '(select t."id"::text as v from "crm"."account" t where t."e%mail" = k.c0 and t."code" operator(extensions.=) k.c1 limit 2) f'
    )
    assert ' = k.c0 and (t."gone") is distinct from (' in pg_agreeing(Match(ACCOUNT, (MAIL,), ID, ((GONE, "1"),)))


def test_mysql_asks_for_each_in_a_part_of_a_union():
    ask = my_agreeing(Match(ACCOUNT, (MAIL, CODE), ID))
    assert ask(7, [b"'a%b'", b"'x'"]) == b"(select 7, `id` from `crm`.`account` where `e%mail` = 'a%b' and `code` = 'x' limit 2)"
    marked = my_agreeing(Match(ACCOUNT, (MAIL,), ID, ((GONE, "1"),)))
    assert marked(0, [b"'a'"]) == b"(select 0, `id` from `crm`.`account` where `e%mail` = 'a' and not (`gone` <=> 1) limit 2)"


def test_what_is_asked_is_shown_with_the_other_statements():
    match = Match(ACCOUNT, (MAIL, CODE), ID)
    owner = Xref("id", "customer", None, Maker.DATABASE, (match, Match(ACCOUNT, (CODE,), ID)))
    plan = replace(TARGET, references=(owner,))
    assert [name for name, _ in ways(plan)] == ["e%mail, code", "code"]
    shown = statements(Endpoint("crm", "postgresql", "", 1, "", "", "", {}), plan)
    assert shown["match e%mail, code"] == pg_agreeing(match)
    assert not [name for name in statements(Endpoint("crm", "postgresql", "", 1, "", "", "", {}), TARGET) if name.startswith("match")]
