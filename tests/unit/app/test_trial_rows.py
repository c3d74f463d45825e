"""The rows that a caller names."""

import re
from types import SimpleNamespace

import click
import pytest

from cdc.app.trial.rows import by_key
from cdc.model.table import Column, Table, TableName
from tests.definitions import INT, char

TABLE = Table(TableName("s", "t"), (Column("firm", char(3), nullable=False), Column("number", INT, nullable=False)), (0, 1))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("2",), "1 --key given; the key of s.t is firm, number: give one --key for each"),
        (("firm=001,number=2",), "'firm' of s.t holds 3 characters"),
        (("0012", "2"), "'firm' of s.t holds 3 characters"),
        (("001", "x"), "'number' of s.t is "),
    ],
)
def test_what_can_be_no_key_is_not_asked_for(given, says):
    """A server would cut a text that is too long, and find other rows."""
    look = SimpleNamespace(root=TABLE.name, reader=SimpleNamespace(shape=lambda _: TABLE, fetch=None))
    with pytest.raises(click.UsageError, match=re.escape(says)):
        by_key(look, given)
