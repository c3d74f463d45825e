"""The mapping alone, in memory: rows per second through one generated function, and how long many mappings take to compile."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Sequence

from cdc.mapping.compile import compile_plan
from cdc.mapping.files.problem import failed, render
from cdc.mapping.plan import MapRow
from cdc.mapping.spec.mapping import MappingSpec
from cdc.mapping.spec.read import read_mapping
from cdc.model.table import Column, Definition, Table, TableName, Unique
from cdc.model.types import Kind, Type

_INT = Type(Kind.INT, "bigint", size=8)
_TEXT = Type(Kind.TEXT, "text")
_MONEY = Type(Kind.NUMERIC, "numeric(14,2)", precision=14, scale=2)
_BOOL = Type(Kind.BOOL, "boolean")
_TIME = Type(Kind.TIMESTAMP, "timestamp without time zone", precision=6)
_UUID = Type(Kind.UUID, "uuid")
_SOURCE = {
    "id": _INT, "code": _TEXT, "name": _TEXT, "name2": _TEXT, "email": _TEXT, "kind": _TEXT, "credit_cents": _INT, "price": _MONEY,
    "active": _BOOL, "changed_at": _TIME,
}  # fmt: skip
_EXPRESSIONS = {
    "id": ("stable_uuid('customer', id)", _UUID),
    "erp_code": ("ltrim(code, '0')", _TEXT),
    "name": ("coalesce(nullif(trim(name2), ''), trim(name))", _TEXT),
    "email": ("lower(nullif(trim(email), ''))", _TEXT),
    "segment": ("case when kind in ('A', 'B') then 'customer' when kind = 'P' then 'prospect' else 'other' end", _TEXT),
    "credit_limit": ("cast(credit_cents / 100.0 as numeric(14,2))", _MONEY),
    "gross": ("cast(price * 1.19 as numeric(14,2))", _MONEY),
    "label": ("code || ' ' || upper(left(name, 20))", _TEXT),
}
_COPIED = ("kind", "active", "changed_at")
_ROW = ("4711", "0004711", " Müller & Söhne ", None, "Info@Example.COM ", "A", "1250050", "199.90", "t", "2026-03-04 05:06:07")
_ROUNDS = 5


def rows_per_second(rows: int) -> float:
    """Return the median rate of one mapping of eight expressions and three copied columns, filtered by a condition."""
    map_row = _compiled([_spec("customers", list(_EXPRESSIONS.items()))])[0]
    given = [(str(number), *_ROW[1:]) for number in range(rows)]
    return statistics.median(_rate(map_row, given) for _ in range(_ROUNDS))


def seconds_to_compile(mappings: int, columns: int) -> float:
    """Return the time from the files' text to the functions, for so many mappings of so many columns of which every other is an expression."""
    expressions = [given for name, given in _EXPRESSIONS.items() if name != "id"]
    wide = [(f"c{n}", expressions[n % len(expressions)] if n % 2 else ("kind", _TEXT)) for n in range(columns - len(_COPIED) - 1)]
    began = time.perf_counter()
    made = _compiled([_spec(f"m{number}", [("id", _EXPRESSIONS["id"]), *wide]) for number in range(mappings)])
    assert len(made) == mappings
    return time.perf_counter() - began


def _rate(map_row: MapRow, rows: Sequence[tuple[str | None, ...]]) -> float:
    began = time.perf_counter()
    mapped = sum(map_row(row) is not None for row in rows)
    taken = time.perf_counter() - began
    assert mapped == len(rows)
    return mapped / taken


def _spec(name: str, columns: Sequence[tuple[str, tuple[str, Type]]]) -> tuple[MappingSpec, Definition]:
    lines = [f'  {column}: "{sql}"' for column, (sql, _) in columns]
    head = f"version: 1\nmapping: {name}\nsource: customer\ntarget: {name}\nkey: [id]\nwhere: active and kind <> 'X'\n"
    spec, problems = read_mapping(f"{name}.yaml", head + "columns:\n" + "\n".join(lines) + f"\nsame: [{', '.join(_COPIED)}]\n")
    assert spec is not None, render(problems)
    types = {column: of for column, (_, of) in columns} | {column: _SOURCE[column] for column in _COPIED}
    return spec, _table(name, types)


def _compiled(given: Sequence[tuple[MappingSpec, Definition]]) -> list[MapRow]:
    source = _table("customer", _SOURCE)
    targets = {definition.name: definition for _, definition in given}
    plan, problems = compile_plan([spec for spec, _ in given], {source.name: source}, targets, "s", "s")
    assert not failed(problems), render(problems)
    assert plan is not None
    return [bound.map_row for bound in plan.bind(Table(source.name, source.columns, (0,)))]


def _table(name: str, columns: dict[str, Type]) -> Definition:
    made = tuple(_columns(columns.items()))
    key = Unique(f"{name}_pkey", ("id",), primary=True, exact=True)
    return Definition(TableName("s", name), made, (key,), (), ("id",), triggers=False, estimate=0)


def _columns(columns: Iterable[tuple[str, Type]]) -> Iterable[Column]:
    return (Column(name, of, nullable=name != "id") for name, of in columns)
