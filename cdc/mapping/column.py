"""A mapping's columns and condition to checked expressions, each with what turns its value into the target column's text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdc.mapping.constant import fixed, settled
from cdc.mapping.convert import Convert, Unfit, converter
from cdc.mapping.document import Path
from cdc.mapping.expression.cast import as_text
from cdc.mapping.expression.check import check_condition, check_value
from cdc.mapping.expression.node import Column as SourceColumn
from cdc.mapping.expression.node import Constant, Node, Translate
from cdc.mapping.expression.refusal import Refused
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.scope import Scope
from cdc.mapping.expression.sqltype import TEXT, to_column
from cdc.mapping.problem import Place, Problem
from cdc.mapping.shape import Scalar
from cdc.mapping.spec import Mapped, MappingSpec, Sql
from cdc.model.change import ABSENT
from cdc.model.table import Column
from cdc.model.value import value


@value
class Item:
    """What a target column is made of. `convert` is None when the expression's canonical text is the column's already."""

    column: str
    node: Node
    convert: Convert | None


def check_expressions(spec: MappingSpec) -> list[Problem]:
    """Check a spec's expressions and value maps without any server: syntax, functions, and types as far as literals have them."""
    return check_columns(spec, Scope(spec.source, None), {})[1] + check_where(spec, Scope(spec.source, None))[1]


def check_where(spec: MappingSpec, scope: Scope) -> tuple[Node | None, list[Problem]]:
    """Check the condition; None when there is none."""
    if spec.where is None or not spec.where.text.strip():  # an empty one is reported with the file's shape
        return None, []
    node, refused = check_condition(spec.where.text, scope)
    return node, _placed(spec, spec.where, refused)


def check_columns(spec: MappingSpec, scope: Scope, targets: Mapping[str, Column]) -> tuple[list[Item], list[Problem]]:
    """Check every column; those that `targets` lacks are only checked as expressions. The items are whole when nothing is wrong."""
    items: list[Item] = []
    problems: list[Problem] = []
    for name, given in spec.columns.items():
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


def _column(spec: MappingSpec, name: str, given: Sql | Mapped, scope: Scope, target: Column | None) -> tuple[Sequence[Item], list[Problem]]:
    sql = given.source if isinstance(given, Mapped) else given
    if not sql.text.strip():  # reported with the file's shape
        return (), []
    node, refused = check_value(sql.text, scope)
    if refused or target is None:
        return (), _placed(spec, sql, refused)
    if isinstance(given, Mapped):
        return _translated(spec, given, node, target)
    try:
        return (_item(node, target),), []
    except _UnfitError as error:
        return (), [_at(spec, sql).problem("type-mismatch", f"column '{name}': {error.unfit.reason}", error.unfit.hint)]
    except BadValue as error:
        return (), [_at(spec, sql).problem("bad-value", f"column '{name}': {error}")]


class _UnfitError(Exception):
    def __init__(self, unfit: Unfit) -> None:
        super().__init__(unfit.reason)
        self.unfit = unfit


def _item(node: Node, target: Column) -> Item:
    if isinstance(node, Constant):
        return Item(target.name, Constant(TEXT, settled(node, target.type)), None)
    given = node.column if isinstance(node, SourceColumn) and node.column else to_column(node.type)
    convert = converter(given, target.type)
    if isinstance(convert, Unfit):
        raise _UnfitError(convert)
    return Item(target.name, node, convert)


def _translated(spec: MappingSpec, given: Mapped, node: Node, target: Column) -> tuple[Sequence[Item], list[Problem]]:
    """A value map's entries are the target's texts, so that nothing is left to convert."""
    problems: list[Problem] = []
    entries: dict[str, str | None] = {}
    for text, scalar in given.entries.items():
        entries[text], found = constant(spec, ("maps", given.map, text), scalar, target)
        problems += found
    default: Constant | None = None
    if given.default is not ABSENT:
        otherwise, found = constant(spec, (*given.path, "default"), given.default, target)
        default, problems = Constant(TEXT, otherwise), problems + found
    made = Translate(TEXT, given.map, as_text(node), entries, default)
    return (Item(target.name, made, None),), problems


def _placed(spec: MappingSpec, sql: Sql, refused: Sequence[Refused]) -> list[Problem]:
    within = spec.document.within
    return [within(sql.path, one.offset, one.width).problem(one.code, one.message, one.help) for one in refused]


def _at(spec: MappingSpec, sql: Sql) -> Place:
    return spec.document.within(sql.path, 0, len(sql.text))
