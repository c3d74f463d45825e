"""A mapping's columns and condition to checked expressions, each with what turns its value into the target column's text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from cdc.mapping.computed import computed
from cdc.mapping.constant import fixed, settled
from cdc.mapping.convert import Convert, Unfit, converter
from cdc.mapping.decide import Table, check_apart, decided_column, decided_where, tables
from cdc.mapping.expression.cast import as_text
from cdc.mapping.expression.check import check_condition, check_value
from cdc.mapping.expression.node import Column as SourceColumn
from cdc.mapping.expression.node import Constant, Node, Refer, Several, Translate
from cdc.mapping.expression.refusal import Refused
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.scope import Scope
from cdc.mapping.expression.sqltype import TEXT, to_column
from cdc.mapping.files.document import Path
from cdc.mapping.files.problem import Place, Problem
from cdc.mapping.files.shape import Scalar, quotes_taken
from cdc.mapping.printed import keys
from cdc.mapping.spec.mapping import Computed, Decided, Mapped, MappingSpec, OnFail, Sought, Sql
from cdc.model.change import ABSENT
from cdc.model.reference import Lookup, Reference
from cdc.model.table import Column
from cdc.model.types import Zones
from cdc.model.value import value


@value
class Item:
    """What a target column is made of. `convert` is None when the expression's canonical text is the column's already."""

    column: str
    node: Node
    convert: Convert | None
    remedy: Remedy | None = None


@value
class Remedy:
    """What a value that can't be made, does not fit, or is not as it should be, becomes."""

    on_fail: OnFail
    check: Node | None
    """A condition over what is about to be written."""
    limit: int | None
    """Characters that the check allows, when it is about nothing else."""


def check_expressions(spec: MappingSpec) -> list[Problem]:
    """Check a spec's expressions and value maps without any server: syntax, functions, and types as far as literals have them."""
    scope = Scope(spec.source, None, spec.salt)
    checks = [options.check for options in spec.options.values() if options.check]
    wrong = [
        problem for sql in checks for problem in _placed(spec, sql, check_condition(sql.text, Scope("", None, row_alone="a check"))[1])
    ]
    return check_columns(spec, scope, {})[1] + check_where(spec, scope)[1] + check_apart(spec, scope) + wrong


def check_where(spec: MappingSpec, scope: Scope) -> tuple[Node | None, list[Problem]]:
    """Check the condition; None when there is none."""
    if spec.decided:
        return decided_where(spec, spec.decided, replace(scope, row_alone="`where`"))
    if spec.where is None or not spec.where.text.strip():  # an empty one is reported with the file's shape
        return None, []
    node, refused = check_condition(spec.where.text, replace(scope, row_alone="`where`"))
    return node, _placed(spec, spec.where, refused)


def check_columns(
    spec: MappingSpec, scope: Scope, targets: Mapping[str, Column], references: Mapping[str, Reference] = MappingProxyType({})
) -> tuple[list[Item], list[Problem]]:
    """Check every column; those that `targets` lacks are only checked as expressions. The items are whole when nothing is wrong.

    `references` are those of the columns that have one.
    """
    items: list[Item] = []
    problems: list[Problem] = []
    known, wrong = tables(spec, spec.columns.values(), scope)
    problems += wrong
    for name, given in spec.columns.items():
        if isinstance(given, Sought):
            made, found = _sought(spec, name, given, scope, references.get(name))
        elif isinstance(given, Decided):
            made, found = _decided(spec, given, scope, targets.get(name), known)
        elif isinstance(given, Computed):
            made, found = _computed(spec, name, given, scope, targets.get(name))
        elif isinstance(given, Mapped):
            made, found = _mapped(spec, name, given, scope, targets.get(name))
        else:
            made, found = _column(spec, name, given, scope, targets.get(name))
        items.extend(made)
        problems.extend(found)
    return items, problems


def constant(spec: MappingSpec, path: Path, given: Scalar, target: Column) -> tuple[str | None, list[Problem]]:
    """Return a value of the file as the column's text."""
    try:
        return fixed(given, target.type), []
    except BadValue as error:
        return None, [spec.document.at(path).problem("bad-value", f"column '{target.name}': {error}")]


def _column(spec: MappingSpec, name: str, sql: Sql, scope: Scope, target: Column | None) -> tuple[Sequence[Item], list[Problem]]:
    if not sql.text.strip():  # reported with the file's shape
        return (), []
    row_alone = f"the key '{name}'" if name in spec.key else scope.row_alone
    node, refused = check_value(sql.text, replace(scope, row_alone=row_alone))
    if refused or target is None:
        return (), _placed(spec, sql, refused)
    if isinstance(node, Refer):
        return (Item(name, node, None),), []
    try:
        return (_item(node, target, spec.zones),), []
    except _UnfitError as error:
        return (), [_at(spec, sql).problem("type-mismatch", f"column '{name}': {error.unfit.reason}", error.unfit.hint)]
    except BadValue as error:
        return (), [_at(spec, sql).problem("bad-value", f"column '{name}': {error}")]


def _decided(
    spec: MappingSpec, given: Decided, scope: Scope, target: Column | None, known: Mapping[str, Table]
) -> tuple[Sequence[Item], list[Problem]]:
    if target is None:
        return (), []
    wrong: list[Problem] = []
    if (alone := _alone(spec, target.name, scope)) is not scope:
        known, wrong = tables(spec, [given], alone)
    node, problems = decided_column(spec, given, alone, target, known)
    return ([Item(target.name, node, None)] if node else ()), wrong + problems


def _computed(spec: MappingSpec, name: str, given: Computed, scope: Scope, target: Column | None) -> tuple[Sequence[Item], list[Problem]]:
    node, problems = computed(spec, given, scope, target)
    return ((Item(name, node, None),) if node else ()), problems


def _alone(spec: MappingSpec, name: str, scope: Scope) -> Scope:
    """A key must follow from the row alone."""
    return replace(scope, row_alone=f"the key '{name}'") if name in spec.key else scope


def _mapped(spec: MappingSpec, name: str, given: Mapped, scope: Scope, target: Column | None) -> tuple[Sequence[Item], list[Problem]]:
    """A value map's entries are the target's texts, so that nothing is left to convert."""
    nodes: list[Node] = []
    problems: list[Problem] = []
    for sql in given.sources:
        node, refused = check_value(sql.text, _alone(spec, name, scope))
        nodes.append(node)
        problems += _placed(spec, sql, refused)
        if isinstance(node, Refer):
            problems.append(
                _at(spec, sql).problem("not-allowed", f"column '{name}': a value map can't translate what only the target knows")
            )
    if problems or target is None:
        return (), problems
    return _translated(spec, given, nodes, target)


def _sought(spec: MappingSpec, name: str, given: Sought, scope: Scope, reference: Reference | None) -> tuple[Sequence[Item], list[Problem]]:
    """A look-up's texts become those of the columns that they are compared with. Without the tables, they are only checked."""
    columns = {column.name: column for column in reference.by} if isinstance(reference, Lookup) else {}
    items: list[Item] = []
    problems: list[Problem] = []
    for by, sql in given.by.items():
        made, found = _column(spec, f"{name}.{by}", sql, scope, columns.get(by))
        items.extend(made)
        problems.extend(found)
        if any(isinstance(item.node, Refer) for item in made):
            problems.append(_at(spec, sql).problem("not-allowed", "a look-up can't go by what only the target knows"))
    if problems or len(items) < len(given.by) or not columns:
        return (), problems
    return (Item(name, Refer("", tuple(item.node for item in items), tuple(item.convert for item in items)), None),), []


class _UnfitError(Exception):
    def __init__(self, unfit: Unfit) -> None:
        super().__init__(unfit.reason)
        self.unfit = unfit


def _item(node: Node, target: Column, zones: Zones) -> Item:
    if isinstance(node, Constant):
        return Item(target.name, Constant(TEXT, settled(node, target.type)), None)
    given = node.column if isinstance(node, SourceColumn) and node.column else to_column(node.type)
    convert = converter(given, target.type, zones)
    if isinstance(convert, Unfit):
        raise _UnfitError(convert)
    return Item(target.name, node, convert)


def _translated(spec: MappingSpec, given: Mapped, nodes: Sequence[Node], target: Column) -> tuple[Sequence[Item], list[Problem]]:
    """NULL is translated only where an entry says so; rows of nothing but NULL stay NULL."""
    problems: list[Problem] = []
    one = len(nodes) == 1
    entries: dict[str | tuple[str | None, ...] | None, str | None] = {None if one else (None,) * len(nodes): None}
    for entry, texts in keys(spec, given, nodes):
        try:
            entries[texts[0] if one else texts] = fixed(entry.value, target.type)
        except BadValue as error:
            problems.append(entry.place.problem("bad-value", f"column '{target.name}': {error}"))
    default: Constant | None = None
    if given.default is not ABSENT:
        otherwise, found = constant(spec, (*given.path, "default"), given.default, target)
        default, problems = Constant(TEXT, otherwise), problems + found
    asked = [as_text(node) for node in nodes]
    made = Translate(TEXT, given.map, asked[0] if one else Several(tuple(asked)), entries, default)
    return (Item(target.name, made, None),), problems


def _placed(spec: MappingSpec, sql: Sql, refused: Sequence[Refused]) -> list[Problem]:
    within = spec.document.within
    return [within(sql.path, one.offset, one.width).problem(one.code, one.message, _advice(spec, sql, one)) for one in refused]


def _advice(spec: MappingSpec, sql: Sql, one: Refused) -> str:
    """What is no column may have been meant as a text."""
    meant = quotes_taken(spec.document, sql.path) if one.code == "unknown-column" else ""
    return f"{one.help} Or a text? {meant}" if one.help and meant else one.help or meant


def _at(spec: MappingSpec, sql: Sql) -> Place:
    return spec.document.within(sql.path, 0, len(sql.text))
