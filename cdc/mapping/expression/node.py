"""A checked expression: a tree of typed nodes, in which nothing is left to look up, to guess or to refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeAlias, get_args

from cdc.mapping.expression.sqltype import BOOL, TEXT, Sql, SqlType
from cdc.model.types import Type
from cdc.model.value import value


@value
class Column:
    """The value of a source column. `column` is its own type, `type` the one that it has in expressions."""

    type: SqlType
    index: int
    name: str
    column: Type | None


@value
class Constant:
    """A value that is known. `native` is its Python value; None is NULL. `said`: what it is, where the value itself tells nobody."""

    type: SqlType
    native: Any
    said: str = ""


@value
class Local:
    """The value that the nearest `Let` of this number bound."""

    type: SqlType
    number: int
    nullable: bool


@value
class Let:
    """Evaluate `bound` once, then `body`, which reads it as a `Local`."""

    type: SqlType
    number: int
    bound: Node
    body: Node


@value
class Call:
    """A function or operator of the runtime: a name, or a template with one `{}` an argument. A strict one is NULL where an argument is.

    `maybe_null`: it may be NULL though no argument is.
    """

    type: SqlType
    call: str
    arguments: tuple[Node, ...]
    strict: bool = True
    maybe_null: bool = False


@value
class Cast:
    """A change of type. `call` changes the Python value (None: it stays); `keeps_text`: the canonical text stays as it is."""

    type: SqlType
    call: str | None
    inner: Node
    keeps_text: bool = False


@value
class Text:
    """The canonical text of a value."""

    inner: Node
    type: SqlType = TEXT


@value
class And:
    parts: tuple[Node, ...]
    type: SqlType = BOOL


@value
class Or:
    parts: tuple[Node, ...]
    type: SqlType = BOOL


@value
class Not:
    inner: Node
    type: SqlType = BOOL


@value
class IsNull:
    inner: Node
    type: SqlType = BOOL


@value
class IsTruth:
    """`is true`, `is false`."""

    inner: Node
    truth: bool
    type: SqlType = BOOL


@value
class Distinct:
    """`is distinct from`; `equal` is the call that compares two values that are not NULL."""

    equal: str
    left: Node
    right: Node
    type: SqlType = BOOL


@value
class Among:
    """`in` a list of constants, as they are compared; `has_null`: NULL was one of them."""

    inner: Node
    constants: frozenset[Any]
    has_null: bool
    type: SqlType = BOOL


@value
class Case:
    type: SqlType
    whens: tuple[tuple[Node, Node], ...]
    default: Node


@value
class Coalesce:
    type: SqlType
    parts: tuple[Node, ...]


@value
class Translate:
    """A value map: text, or a tuple of texts → the target's canonical text. `default` is None when what is missing is the row's error."""

    type: SqlType
    name: str
    inner: Node
    entries: Mapping[str | tuple[str | None, ...] | None, str | None]
    default: Constant | None


@value
class Several:
    """The texts of several values, for a value map."""

    parts: tuple[Node, ...]
    type: SqlType = TEXT


@value
class First:
    """The number of the first condition that is true; their count when none is."""

    conditions: tuple[Node, ...]
    type: SqlType = SqlType(Sql.INT4)


@value
class Which:
    """Which rule of a decision table fits: the value of `number`, found once a row for all that ask by the same label."""

    label: str
    number: Node
    type: SqlType = SqlType(Sql.INT4)


@value
class Choose:
    """What the rule that fits gives. A rule more than there are values is an error of the decision `name`."""

    type: SqlType
    name: str
    which: Which
    values: tuple[Node, ...]
    otherwise: bool
    """The last value is for rows that no rule fits."""


@value
class Fitted:
    """A value's text as its target column has it."""

    inner: Node
    convert: Callable[[str], str]
    type: SqlType = TEXT


@value
class Apply:
    """What a function of the service's own modules makes of the parts' texts: the target column's text."""

    name: str
    function: Callable[..., str | None]
    parts: tuple[Node, ...]
    type: SqlType = TEXT


@value
class Refer:
    """What only the target can find, from the texts of the parts; a whole column, never a part of an expression.

    `entity` is the crosswalk's, or empty for a look-up; `fits` makes each part the text of the column that it is compared with.
    """

    entity: str
    parts: tuple[Node, ...]
    fits: tuple[Callable[[str], str] | None, ...]
    type: SqlType = TEXT


Node: TypeAlias = (
    Column
    | Constant
    | Local
    | Let
    | Call
    | Cast
    | Text
    | And
    | Or
    | Not
    | IsNull
    | IsTruth
    | Distinct
    | Among
    | Case
    | Coalesce
    | Translate
    | Several
    | First
    | Which
    | Choose
    | Fitted
    | Apply
    | Refer
)
NULL = Constant(SqlType(TEXT.sql), None)


_KINDS = frozenset(get_args(Node))


def children(node: Node) -> Iterator[Node]:
    """Yield the nodes right below, left to right."""
    for field in fields(node):
        given = getattr(node, field.name)
        for part in given if isinstance(given, tuple) else (given,):
            for inner in part if isinstance(part, tuple) else (part,):
                if type(inner) in _KINDS:
                    yield inner


def columns_of(node: Node) -> frozenset[int]:
    """Return the indexes of the source columns that the expression reads."""
    if isinstance(node, Column):
        return frozenset({node.index})
    return frozenset().union(*(columns_of(inner) for inner in children(node)))


def decisions(nodes: Iterable[Node]) -> Iterator[Which]:
    """Yield what the nodes ask of decision tables."""
    for node in nodes:
        if isinstance(node, Which):
            yield node
        else:
            yield from decisions(children(node))


def is_null(node: Node) -> bool:
    """Whether the node is the constant NULL."""
    return isinstance(node, Constant) and node.native is None
