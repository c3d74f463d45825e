"""A column's `check` and `on_fail`, with the target's types, to what generated code does with a value that can't be written as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cdc.mapping.column import Item, Remedy
from cdc.mapping.convert import Convert, cutter
from cdc.mapping.expression.check import check_condition
from cdc.mapping.expression.node import Apply, Call, Constant, Node, Refer, columns_of
from cdc.mapping.expression.node import Column as Read
from cdc.mapping.expression.runtime.charset import UNFIT, WHOLE, replace_unfit
from cdc.mapping.expression.scope import Scope
from cdc.mapping.expression.sqltype import to_column
from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.mapping import MappingSpec, OnFail, Options, Sql
from cdc.model.table import Column
from cdc.model.types import Kind, Type

WRITTEN = 10_000
"""Checks read what is about to be written: the image's columns stand here, behind any table's."""


def with_remedies(spec: MappingSpec, items: Sequence[Item], targets: Mapping[str, Column]) -> tuple[list[Item], list[Problem]]:
    """Give each item the remedy that its options ask for."""
    made: list[Item] = []
    problems: list[Problem] = []
    for item in items:
        options, target = spec.options.get(item.column), targets.get(item.column)
        found = _problems(spec, item, options, target) if options and target else []
        if options and target and not found and (options.check or options.on_fail is not OnFail.PARK):
            item, found = _with_remedy(spec, item, items, options, targets)  # noqa: PLW2901 - the item, whole now
        made.append(item)
        problems += found
    return made, problems


def _problems(spec: MappingSpec, item: Item, options: Options, target: Column) -> list[Problem]:
    """What `on_fail` asks for must be possible."""
    place = spec.document.at(("columns", item.column, "on_fail"))
    if isinstance(item.node, Refer) and (options.check or options.on_fail is not OnFail.PARK):
        return [place.problem("not-allowed", f"column '{item.column}': only the target knows the value, so it can't be checked here")]
    if options.on_fail is OnFail.NULL and not target.nullable:
        message = f"column '{item.column}' is not null: it can't become NULL"
        return [place.problem("not-nullable", message, "write `on_fail: park`, or give the value a default: coalesce(…, 'none')")]
    if options.on_fail is OnFail.REPLACE and (found := _irreplaceable(item.column, target.type)):
        return [place.problem("bad-replace", *found)]
    if options.on_fail is OnFail.TRUNCATE and (found := _uncut(item, options, target)):
        return [place.problem("bad-truncate", *found)]
    return []


def _uncut(item: Item, options: Options, target: Column) -> tuple[str, str] | None:
    """Return why nothing can be cut (message, help)."""
    if isinstance(item.node, Apply):
        return f"column '{item.column}': what a function returns is not cut", "cut it in the function, or write `on_fail: null`"
    if target.type.kind is not Kind.TEXT or _given(item).kind is not Kind.TEXT:
        said = target.type.native if target.type.kind is not Kind.TEXT else _given(item).native
        return f"column '{item.column}': only texts can be cut, this is {said}", "write `on_fail: null`"
    if target.type.size is None and options.check is None:
        message = f"column '{item.column}': {target.type.native} has no limit, so there is nothing to cut"
        return message, f'write `check: "length({item.column}) <= 100"`'
    return None


def _irreplaceable(column: str, target: Type) -> tuple[str, str] | None:
    """Return why no character can be replaced (message, help)."""
    if target.kind is not Kind.TEXT:
        return f"column '{column}': only characters of texts can be replaced, this is {target.native}", "write `on_fail: null`"
    if target.charset is None or target.charset in WHOLE:
        return f"column '{column}' holds every character, so there is nothing to replace", "remove `on_fail`"
    if _charset(target) not in UNFIT:
        advice = "write `on_fail: park`, or replace_unfit(…, 'ascii', '?')"
        return f"column '{column}': which characters {target.charset} has is not known here", advice
    return None


def _charset(target: Type) -> str:
    return {"utf8": "utf8mb3"}.get(target.charset or "", target.charset or "")


def _replacing(unfit: re.Pattern[str], convert: Convert | None) -> Convert:
    """Replace first: what is then converted or measured is what will be written."""
    if convert is None:
        return lambda text: replace_unfit(unfit, text, "?")
    return lambda text: convert(replace_unfit(unfit, text, "?"))


def _with_remedy(
    spec: MappingSpec, item: Item, items: Sequence[Item], options: Options, targets: Mapping[str, Column]
) -> tuple[Item, list[Problem]]:
    target, limit, check = targets[item.column], None, None
    if options.check:
        types = {name: targets[name].type for name in spec.columns if name in targets}
        check, problems = _condition(spec, options.check, types)
        if problems:
            return item, problems
        limit = _longest(check, WRITTEN + list(types).index(item.column))
        if found := _unfit(spec, items, check, options, limit):
            return item, [found]
    if options.on_fail is OnFail.REPLACE:
        item = replace(item, convert=_replacing(UNFIT[_charset(target.type)], item.convert))
        return (replace(item, remedy=Remedy(OnFail.PARK, check, limit)) if check else item), []
    if options.on_fail is OnFail.TRUNCATE:
        item = replace(item, convert=cutter(_given(item), target.type) if item.convert else None)
    return replace(item, remedy=Remedy(options.on_fail, check, limit)), []


def _unfit(spec: MappingSpec, items: Sequence[Item], check: Node, options: Options, limit: int | None) -> Problem | None:
    assert options.check
    place = spec.document.within(options.check.path, 0, len(options.check.text))
    unknown = [item.column for at, item in enumerate(items) if isinstance(item.node, Refer) and WRITTEN + at in columns_of(check)]
    if unknown:
        return place.problem("not-allowed", f"a check can't see '{unknown[0]}': only the target knows its value")
    if options.on_fail is OnFail.TRUNCATE and limit is None:
        column = options.check.path[1]
        return place.problem(
            "bad-truncate", "cutting mends nothing but a length", f'write `check: "length({column}) <= 100"`, or `on_fail: null`'
        )
    return None


def _condition(spec: MappingSpec, sql: Sql, types: Mapping[str, Type]) -> tuple[Node, list[Problem]]:
    node, refused = check_condition(
        sql.text, Scope(f"the columns of mapping '{spec.name}'", types, spec.salt, row_alone="a check", first=WRITTEN)
    )
    within = spec.document.within
    return node, [within(sql.path, one.offset, one.width).problem(one.code, one.message, one.help) for one in refused]


def _given(item: Item) -> Type:
    node = item.node
    return node.column if isinstance(node, Read) and node.column else to_column(node.type)


_MIRRORED = {"{} >= {}": "{} <= {}", "{} > {}": "{} < {}"}


def _longest(check: Node, column: int) -> int | None:
    """Return the greatest length that a check allows which says nothing else."""
    if not isinstance(check, Call) or len(check.arguments) != 2:
        return None
    call, (left, right) = check.call, check.arguments
    if isinstance(left, Constant):
        call, left, right = _MIRRORED.get(call, ""), right, left
    length = isinstance(left, Call) and left.call == "len" and columns_of(left) == {column}
    if not length or not isinstance(right, Constant) or not isinstance(right.native, int) or call not in _MIRRORED.values():
        return None
    return max(0, right.native - (call == "{} < {}"))
