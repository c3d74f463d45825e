"""Expressions compiled and evaluated outside of any mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.emit import Emitter
from cdc.mapping.expression.generated import build
from cdc.mapping.expression.node import Text, columns_of
from cdc.mapping.expression.refusal import Refused
from cdc.mapping.expression.scope import Scope
from cdc.model.types import Kind, Type

CASES = Path(__file__).parent / "cases" / "expressions"
COLUMNS: Mapping[str, Type] = {
    "id": Type(Kind.INT, "integer", 4),
    "i2": Type(Kind.INT, "smallint", 2),
    "i4": Type(Kind.INT, "integer", 4),
    "i8": Type(Kind.INT, "bigint", 8),
    "n": Type(Kind.NUMERIC, "numeric"),
    "m": Type(Kind.NUMERIC, "numeric(10,2)", precision=10, scale=2),
    "f4": Type(Kind.FLOAT, "real", 4),
    "f8": Type(Kind.FLOAT, "double precision", 8),
    "b": Type(Kind.BOOL, "boolean"),
    "s": Type(Kind.TEXT, "text"),
    "x": Type(Kind.TEXT, "text"),
    "v": Type(Kind.TEXT, "character varying(20)", 20),
    "c": Type(Kind.TEXT, "character(6)", 6, padded=True),
    "d": Type(Kind.DATE, "date"),
    "ts": Type(Kind.TIMESTAMP, "timestamp without time zone", precision=6),
    "tz": Type(Kind.INSTANT, "timestamp with time zone", precision=6),
    "u": Type(Kind.UUID, "uuid"),
    "j": Type(Kind.JSON, "jsonb"),
    "mood": Type(Kind.ENUM, "mood", labels=("sad", "ok", "happy")),
    "Order": Type(Kind.TEXT, "text"),
    "ti": Type(Kind.TIME, "time without time zone", precision=6),
    "by": Type(Kind.BYTES, "bytea"),
    "ar": Type(Kind.ARRAY, "integer[]"),
    "jo": Type(Kind.JSON, "jsonb"),
    "js": Type(Kind.JSON, "json"),
    "ta": Type(Kind.ARRAY, "text[]"),
    "na": Type(Kind.ARRAY, "numeric[]"),
    "rx": Type(Kind.TEXT, "text"),
    "iv": Type(Kind.INTERVAL, "interval"),
    "zone": Type(Kind.TEXT, "text"),
}
SCOPE = Scope("t", COLUMNS)

Row = Sequence[str | None]


def compiled(text: str, scope: Scope = SCOPE) -> Callable[[Row], str | None]:
    """Return a function of a row that gives the expression's canonical text. Raises `Refused`."""
    node, problems = check_value(text, scope)
    if problems:
        raise problems[0]
    emitter = Emitter()
    result = emitter.native(Text(node))
    unpacked = "".join(f" c{at} = r[{at}]\n" for at in sorted(columns_of(node)))
    return build(f"def evaluate(r):\n{unpacked} return {result}\n", emitter.names, "<test>")["evaluate"]


def refusal(text: str, scope: Scope = SCOPE) -> Refused:
    """Return what is wrong with an expression."""
    _, problems = check_value(text, scope)
    assert problems, f"{text} is accepted"
    return problems[0]


def value(text: str, scope: Scope = SCOPE, **row: str | None) -> str | None:
    """Evaluate an expression on a row; columns that are not named are NULL."""
    assert scope.columns is not None
    return compiled(text, scope)([row.get(name) for name in scope.columns])


def cases(path: Path) -> list[str]:
    """The expressions of a case file: one a line, `--` begins a comment line."""
    return [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("--")]
