"""Keys whose texts the target holds equal: whether the source tells them apart, decided when the mapping is compiled."""

from dataclasses import replace

import pytest

from cdc.model.table import Column
from cdc.model.types import Kind, Type
from tests.definitions import INT, TEXT, UUID, compiled, spec, table

SOURCE = table(
    "s",
    [Column("id", TEXT, nullable=False), Column("n", INT, nullable=False), Column("u", UUID, nullable=False), Column("name", TEXT)],
    identity=("id", "n", "u", "name"),
)
TARGET = table("t", [Column("id", Type(Kind.TEXT, "varchar(90)", 90), nullable=False), Column("name", TEXT)])
FOLDED = {"id": "utf8mb4_general_ci"}


@pytest.mark.parametrize(
    ("key", "source", "target", "decided"),
    [
        ("id", {}, {}, (False, False)),
        ("id", {}, {"name": "utf8mb4_general_ci"}, (False, False)),
        ("id", {}, FOLDED, (True, True)),
        ("id", FOLDED, FOLDED, (True, False)),
        ("id", {"id": "utf8mb4_unicode_ci"}, FOLDED, (True, True)),
        ("lower(id)", FOLDED, FOLDED, (True, True)),
        ("n", {}, FOLDED, (True, False)),
        ("u", {}, FOLDED, (True, False)),
        ("id || n", {}, FOLDED, (True, True)),
    ],
)
def test_whether_another_spelling_is_another_row(key, source, target, decided):
    text = f'version: 1\nmapping: m\nsource: s\ntarget: t\nkey: [id]\ncolumns: {{id: "{key}", name: name}}\n'
    plan, problems = compiled([spec(text)], replace(SOURCE, loose=source), replace(TARGET, loose=target))
    assert plan is not None, [problem.message for problem in problems]
    (made,) = plan.targets
    assert (made.loose, made.exact) == decided
