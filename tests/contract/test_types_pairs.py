"""Every pair of types that `docs/reference/types.md` says is taken, through two servers: the load and the stream give one and the same value.

The pairs are those of the page itself, so that no type gets onto it without a value here. What arrived is compared with what was sent by the
servers' own casts and the rules below, which know nothing of how values are converted.
"""

import json
import re
from decimal import Decimal

import pytest

from cdc.mapping.convert import Unfit, converter
from tests.contract.test_types_roundtrip import pair
from tests.house.test_types_page import MYSQL, POSTGRESQL

SIDES = {"pg": POSTGRESQL, "my": MYSQL}
UUID = "550e8400-e29b-41d4-a716-446655440000"
WHOLE = dict.fromkeys(
    ("smallint", "integer", "bigint", "oid", "numeric", "real", "double precision", "tinyint", "int", "year", "decimal", "float", "double"),
    "1",
)
SAMPLES = {
    **{name: ("number", value) for name, value in WHOLE.items()},
    "year": ("number", "2024"),
    "boolean": ("number", "true"),
    "bit": ("bits", "b'10101010'"),
    "bit varying": ("bits", "b'101'"),
    **dict.fromkeys(("text", "varchar", "char", "name", "citext", "longtext"), ("text", "'a é'")),
    **dict.fromkeys(("enum", "set", "an enum"), ("text", "'a'")),
    "bytea": ("bytes", "'\\x0001ff'"),
    **dict.fromkeys(("varbinary", "longblob"), ("bytes", "x'0001ff'")),
    "binary": ("bytes", f"x'{UUID.replace('-', '')}'"),
    "uuid": ("bytes", f"'{UUID}'"),
    "date": ("moment", "'2024-02-29'"),
    **dict.fromkeys(("time", "interval"), ("moment", "'12:34:56'")),
    "timetz": ("text", "'12:34:56+02'"),
    **dict.fromkeys(("timestamp", "timestamptz", "datetime"), ("moment", "'2024-02-29 12:34:56'")),
    **dict.fromkeys(("json", "jsonb"), ("json", '\'{"a": [1, null, "é"]}\'')),
    "integer[]": ("json", "'{1,NULL,3}'"),
    "inet": ("address", "'10.0.0.1'"),
    "inet4": ("address", "'10.0.0.1'"),
    "inet6": ("address", "'2001:db8::1'"),
    "cidr": ("address", "'10.0.0.0/8'"),
    "macaddr": ("text", "'08:00:2b:01:02:03'"),
    "money": ("text", "'12.34'"),
    "hstore": ("text", "'a=>1'"),
    "xml": ("text", "'<a/>'"),
    "tsvector": ("text", "'''a'' ''b'''"),
    "point": ("text", "'(1,2)'"),
    "int4range": ("text", "'[1,5)'"),
    "xid": ("text", "'7'"),
    "a composite type": ("text", "'(x)'"),
    "geometry": ("shape", "point(1, 2)"),
}
"""A source type → what its values are, and one of them."""
FITTING = {
    ("text", "uuid"): f"'{UUID}'", ("name", "uuid"): f"'{UUID}'", ("citext", "uuid"): f"'{UUID}'", ("longtext", "uuid"): f"'{UUID}'",
    ("bytea", "uuid"): f"'\\x{UUID.replace('-', '')}'", ("bytea", "binary"): f"'\\x{UUID.replace('-', '')}'",
    ("inet", "inet6"): "'2001:db8::1'", ("inet", "cidr"): "'10.0.0.0/8'",
    ("smallint", "year"): "2024", ("integer", "year"): "2024", ("bigint", "year"): "2024", ("oid", "year"): "2024", ("int", "year"): "2024", ("tinyint", "year"): "0",
    ("year", "tinyint"): "0", ("year", "boolean"): "0", ("json", "varchar"): "'[1]'", ("jsonb", "varchar"): "'[1]'", ("json", "char"): "'[1]'", ("jsonb", "char"): "'[1]'",
    ("varbinary", "binary"): f"x'{UUID.replace('-', '')}'", ("longblob", "binary"): f"x'{UUID.replace('-', '')}'", ("text", "year"): "'2024'",
}  # fmt: skip
"""A value for one pair, where the type's own does not fit it."""
SHORT = {"varchar", "char"}
"""Of 20 characters: they hold no UUID in any spelling, and no number with 30 digits after the point."""
LONG = {"uuid", "timestamp", "timestamptz", "datetime"}
"""Their texts have more than 20 characters."""
FOREIGN = {"geometry", "vector", "regclass", "a type of another extension"}
"""Of PostgreSQL: the tests' servers have no PostGIS and no pgvector; of the others only the text arrives, as of any type."""


def plain(native):
    short = native.replace("character varying", "varchar").replace("character(", "char(").replace("time with time zone", "timetz")
    short = short.replace(" without time zone", "").replace("timestamp with time zone", "timestamptz")
    return re.sub(r"\([^)]*\)| unsigned", "", short).strip('"')


def value(source, target):
    """Return the kind of comparison and the literal for a pair; None: nothing that the source can hold fits the target."""
    scale, (source, target) = source.scale, (plain(source.native), plain(target.native))
    kind, given = SAMPLES[source]
    if target in SHORT and (scale == 30 or source in LONG):
        return kind, None
    if target == "uuid" and source in SHORT:
        return kind, None
    if target == "json" or target == "jsonb":
        kind = "json"
        given = "'[1]'" if source in ("text", "varchar", "char", "name", "citext", "longtext") else given
    if target in ("enum", "set", "an enum"):
        given = "'a'"
    if (target == "uuid" or target == "binary") and kind == "text":
        kind = "bytes"
    return kind, FITTING.get((source, target), given)


def pairs(name):
    """All pairs of a direction that are taken, as (source type, target type)."""
    source, target = ([given for family in SIDES[side].values() for given in family] for side in name.split("-"))
    return [
        (one, other)
        for one in source
        for other in target
        if not isinstance(converter(one, other), Unfit) and not (name.startswith("pg") and plain(one.native) in FOREIGN)
    ]


def declared(side, given):
    native = {"an enum": "mood", "a composite type": "simple"}.get(given.native, given.native)
    if native in ("enum", "set"):
        native += "('a','b')"
    return native if side.postgresql or native == "timestamp" else f"{native} null"


def meant(kind, text):
    """What a server's output of a value means; of the two sides it has to be the same."""
    if text is None:
        return None
    if isinstance(text, bytes):
        text = text.hex() if kind in ("bytes", "shape") else text.decode() if kind != "bits" else text
    if kind == "number":
        return Decimal({"true": "1", "false": "0", "\x01": "1"}.get(str(text), str(text)))
    if kind == "bits":
        return int.from_bytes(text, "big") if isinstance(text, bytes) else int({"true": "1", "false": "0"}.get(text, text), 2)
    if kind == "bytes":
        return text.removeprefix("\\x").replace("-", "").lower()
    if kind == "moment":
        return re.sub(r" 00:00:00$", "", re.sub(r"\.0+$", "", str(text).removesuffix("+00")))
    if kind == "json":
        return json.loads(text.replace("{", "[").replace("}", "]").replace("NULL", "null") if re.match(r"\{\d", text) else text)
    if kind == "address":
        return text.removesuffix("/32").removesuffix("/128")
    return text


def held(side, kinds):
    listed = [side.quoted(name) for name in kinds]
    wanted = ", ".join(f"{name}::text" if side.postgresql else _cast(kind, name) for name, kind in zip(listed, kinds.values(), strict=True))
    return {
        key: {name: meant(kind, text) for (name, kind), text in zip(kinds.items(), row, strict=True)}
        for key, *row in side.run(f"select id, {wanted} from t order by id")
    }


def _cast(kind, name):
    return name if kind in ("bytes", "bits", "shape") else f"cast({name} as char)"


@pytest.mark.parametrize("name", ["pg-pg", "pg-my", "my-pg", "my-my"])
def test_every_pair_of_the_page_arrives_the_same_by_load_and_stream(name, request, database, endpoint):
    # torture: E03 E05 E07 E10 E12
    with pair(request, database, endpoint, name) as flow:
        for side in (flow.source, flow.target):
            if side.postgresql:
                side.run("create type simple as (street text)", "drop type mood cascade", "create type mood as enum ('a', 'b')")
        taken = [(one, other) for one, other in pairs(name) if flow.source.has(one.native) and flow.target.has(other.native)]
        if not flow.target.mysql:  # an array goes into MariaDB's json as into the text that it is, which its check refuses
            taken = [(one, other) for one, other in taken if (plain(one.native), other.native) != ("integer[]", "json")]
        values = {f"c{at}": value(one, other) for at, (one, other) in enumerate(taken)}
        for side, at in ((flow.source, 0), (flow.target, 1)):
            made = ", ".join(f"{column} {declared(side, both[at])}" for column, both in zip(values, taken, strict=True))
            side.run(f"create table t (id integer primary key, {made})")
        flow.follow(f"version: 1\nmapping: m\nsource: t\ntarget: t\nkey: [id]\nsame: [id, {', '.join(values)}]\n")
        literals = ", ".join("null" if literal is None else literal for _, literal in values.values())
        flow.source.run(f"insert into t values (1, {literals})", f"insert into t values (2, {', '.join(['null'] * len(values))})")
        assert flow.load() == {"changed": 2, "unchanged": 0}, flow.refused
        flow.source.run(f"insert into t values (3, {literals})")
        assert flow.stream() == {"changed": 1, "unchanged": 0}, flow.refused
        kinds = {column: kind for column, (kind, _) in values.items()}
        sent, arrived = held(flow.source, kinds), held(flow.target, kinds)
        assert sent[1] == sent[3]
        named = {column: (one.native, other.native) for column, (one, other) in zip(values, taken, strict=True)}
        for row in sent:
            assert [(named[c], sent[row][c], arrived[row][c]) for c in values if sent[row][c] != arrived[row][c]] == []
