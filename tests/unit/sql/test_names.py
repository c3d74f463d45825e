"""Names in the statements that reports tell people to run."""

import pytest

from cdc.model.table import TableName
from cdc.sql.names import pg_written


@pytest.mark.parametrize(
    ("schema", "name", "written"),
    [
        ("public", "customer", "public.customer"),
        ("public", "order", "public.order"),
        ("public", "account_invoice_line-account_tax", '"public"."account_invoice_line-account_tax"'),
        ("Sales", "customer", '"Sales"."customer"'),
        ("public", 'a"b', '"public"."a""b"'),
        ("public", "1st", '"public"."1st"'),
        ("public", "größe", '"public"."größe"'),
    ],
)
def test_a_table_is_quoted_where_it_must_be(schema, name, written):
    assert pg_written(TableName(schema, name)) == written
