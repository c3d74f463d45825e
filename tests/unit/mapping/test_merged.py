"""Mappings whose key does not tell all source rows apart: `check` says so."""

import pytest

from cdc.mapping.files.problem import Level
from cdc.model.table import Column, Unique
from tests.definitions import INT, TEXT, compiled, spec, table

SOURCE = table(
    "s",
    [Column("id", INT, nullable=False), Column("code", TEXT, nullable=False), Column("mail", TEXT)],
    uniques=(Unique("s_code", ("code",), primary=False, exact=True), Unique("s_mail", ("mail",), primary=False, exact=False)),
    identity=("id", "code", "mail"),
)
TARGET = table("t", [Column("key", TEXT, nullable=False), Column("mail", TEXT)], key=("key",))


@pytest.mark.parametrize(
    ("key", "warned"),
    [
        ("cast(id as text)", False),
        ("code", False),
        ("'s-' || code", False),
        ("id || coalesce(mail, '')", False),
        ("mail", True),
        ("'one'", True),
    ],
)
def test_a_key_that_several_source_rows_have(key, warned):  # torture: G09 G10
    text = f'version: 1\nmapping: m\nsource: s\ntarget: t\nkey: [key]\ncolumns: {{key: "{key}", mail: mail}}\n'
    plan, problems = compiled([spec(text)], SOURCE, TARGET)
    found = [problem for problem in problems if problem.code == "key-merges-rows"]
    assert [(one.level, one.line, one.help) for one in found] == (
        [(Level.WARNING, 5, "what names a row there: id; code")] if warned else []
    )
    assert plan is not None
