"""The page about types says what the table of pairs does: it is printed by asking it. UPDATE_DOCS=1 writes it."""

import os
import re
from collections import defaultdict
from pathlib import Path

from cdc.mapping.convert import PAIRS, Unfit, converter
from cdc.model.types import Kind, Type
from cdc.server import mysql_types, postgresql_types

PAGE = Path("docs/reference/types.md")
_MARKS = re.compile(r"(<!-- made of cdc/mapping/convert.py: begin -->\n).*(<!-- end -->)", re.DOTALL)


def _pg(oid, modifier=-1):
    return postgresql_types.type_of(oid, modifier, {})


def _made(kind, native, **facts):
    return Type(Kind[kind], native, **facts)


POSTGRESQL = {
    "Numbers": [_pg(21), _pg(23), _pg(20), _pg(26), _pg(1700), _pg(1700, ((10 << 16) | 2) + 4), _pg(700), _pg(701)],
    "Truth values and bits": [_pg(16), _pg(1560, 8), _pg(1562)],
    "Texts and labels": [_pg(25), _pg(1043, 24), _pg(1042, 24), _pg(19), _made("TEXT", "citext"), _made("ENUM", "an enum", labels=("a", "b"))],
    "Bytes and UUIDs": [_pg(17), _pg(2950)],
    "Dates and times": [_pg(1082), _pg(1083), _pg(1114), _pg(1184), _pg(1186), _made("OTHER", "time with time zone")],
    "Documents and arrays": [_pg(114), _pg(3802), _made("ARRAY", "integer[]", element=_pg(23))],
    "Networks": [_pg(869), _pg(650), _made("OTHER", "macaddr")],
    "Others": [
        _made("OTHER", name)
        for name in ("money", "hstore", "xml", "tsvector", "point", "int4range", "geometry", "vector", "xid", "regclass")
    ] + [_made("OTHER", "a composite type", labels=("street text",)), _made("OTHER", "a type of another extension")],
}  # fmt: skip


def _my(data_type, native="", **facts):
    unsigned = " unsigned" in native
    return mysql_types.type_of(mysql_types.Facts(data_type, native or data_type, unsigned, **facts))


_UTF8 = {"charset": "utf8mb4"}
MYSQL = {
    "Numbers": [
        _my("tinyint", "tinyint(1)"), _my("smallint"), _my("int"), _my("int", "int unsigned"), _my("bigint"), _my("bigint", "bigint unsigned"),
        _my("year"), _my("decimal", "decimal(10,2)", precision=10, scale=2), _my("decimal", "decimal(65,30)", precision=65, scale=30),
        _my("float"), _my("double"),
    ],
    "Bits": [_my("bit", "bit(1)", precision=1), _my("bit", "bit(8)", precision=8)],
    "Texts and labels": [
        _my("varchar", "varchar(20)", length=20, **_UTF8), _my("char", "char(20)", length=20, **_UTF8), _my("longtext", length=2**32 - 1, **_UTF8),
        _my("enum", labels=("a", "b"), **_UTF8), _my("set", labels=("a", "b"), **_UTF8),
    ],
    "Bytes and UUIDs": [
        _my("varbinary", "varbinary(20)", length=20), _my("binary", "binary(16)", length=16), _my("longblob", length=2**32 - 1), _my("uuid"),
    ],
    "Dates and times": [
        _my("date"), _my("time", "time(6)", fraction=6), _my("datetime", "datetime(6)", fraction=6), _my("datetime", fraction=0),
        _my("timestamp", "timestamp(6)", fraction=6),
    ],
    "Documents": [_my("json")],
    "Networks": [_my("inet4"), _my("inet6")],
    "Others": [_my("geometry")],
}  # fmt: skip
_ONLY = {"json": "MySQL", "uuid": "MariaDB", "inet4": "MariaDB", "inet6": "MariaDB"}
DIRECTIONS = {
    "PostgreSQL to PostgreSQL": (POSTGRESQL, POSTGRESQL),
    "PostgreSQL to MySQL and MariaDB": (POSTGRESQL, MYSQL),
    "MySQL and MariaDB to PostgreSQL": (MYSQL, POSTGRESQL),
    "MySQL and MariaDB to MySQL and MariaDB": (MYSQL, MYSQL),
}


def _named(given, side):
    """The type as its server writes it, and which of two servers has it."""
    short = given.native.replace("character varying", "varchar").replace("character(", "char(").replace(" without time zone", "").strip('"')
    only = _ONLY.get(given.native) if side is MYSQL else None
    return f"`{short}`" + (f" ({only})" if only else "") if not short.startswith("a ") and not short.startswith("an ") else short


def _row(source, sides):
    """One source type: what takes it as it is, what looks at each value, what is refused but for a cast."""
    exact, checked, refused = [], defaultdict(list), defaultdict(list)
    for target in (given for family in sides[1].values() for given in family):
        name, answer = _named(target, sides[1]), converter(source, target)
        if answer is None:
            exact.append(name)
        elif isinstance(answer, Unfit):
            hint = (
                answer.hint.replace("write cast(… as ", "`cast(… as ").replace(")", ")`", 1) if "write cast" in answer.hint else answer.hint
            )
            if hint:
                refused[_zoned(hint)].append(name)
        else:
            checked[PAIRS[source.kind, target.kind].how].append(name)
    cells = [", ".join(exact), _grouped(checked), _grouped(refused)]
    return f"| {_named(source, sides[0])} | {' | '.join(cell.replace('|', ' ') or '–' for cell in cells)} |"


def _zoned(hint):
    return "by `time_zone`, see above" if "`time_zone`" in hint else hint


def _grouped(answers):
    return "; ".join(f"{', '.join(names)}: {why}" for why, names in answers.items())


def page():
    lines = []
    for title, sides in DIRECTIONS.items():
        lines += [f"## {title}", ""]
        for family, types in sides[0].items():
            lines += [f"### {family}", "", "| from | arrives as it is in | value by value | refused, unless |", "|---|---|---|---|"]
            lines += [_row(source, sides) for source in types] + [""]
    return "\n".join(lines)


def test_the_page_is_what_the_table_does():
    text = PAGE.read_text()
    made = _MARKS.sub(lambda found: f"{found[1]}\n{page()}{found[2]}", text)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(made)
        text = made
    assert text == made
    assert "<!-- end -->" in text


def test_every_pair_says_how():
    """A pair whose rule may change or refuse a value says what it does with it."""
    types = [given for side in (POSTGRESQL, MYSQL) for family in side.values() for given in family]
    silent = {
        (source.kind, target.kind)
        for source in types
        for target in types
        if callable(converter(source, target)) and not PAIRS[source.kind, target.kind].how
    }
    assert silent == set()
    assert {given.kind for given in types} == set(Kind), "the page leaves a kind out"
