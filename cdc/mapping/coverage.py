"""Decision tables to what can be proven of them: rows that no rule fits, and rules that never get their turn.

Each input's values are cut into the classes that its cells tell apart: the constants themselves, what lies between and beyond them, any
other text, NULL. One sample of a class stands for all. A cell that asks more than comparisons with constants proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeAlias

from cdc.mapping.decide import Table, local, table
from cdc.mapping.expression.emit import Emitter, nullable
from cdc.mapping.expression.fold import fold
from cdc.mapping.expression.generated import build
from cdc.mapping.expression.node import (
    Among,
    And,
    Call,
    Cast,
    Column,
    Constant,
    Distinct,
    IsNull,
    IsTruth,
    Local,
    Node,
    Not,
    Or,
    Text,
    children,
)
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.scope import Scope
from cdc.mapping.expression.sqltype import BOOL, INTEGERS, TEXTS, TIMES, Sql, SqlType
from cdc.mapping.expression.vocabulary import FUNCTIONS
from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.mapping import Decision, MappingSpec

_STEPS = 100_000
"""Where a table has more combinations than this, nothing is said."""
_EQUALITIES = frozenset(signature.call for name in ("=", "<>") for signature in FUNCTIONS[name].signatures)
_COMPARISONS = frozenset(signature.call for name in ("=", "<>", "<", "<=", ">", ">=") for signature in FUNCTIONS[name].signatures)
_OTHER = "\x00another"
_ORDERED = frozenset({*INTEGERS, Sql.FLAG, Sql.NUMERIC, Sql.FLOAT4, Sql.FLOAT8, Sql.DATE, Sql.TIMESTAMP, Sql.INSTANT})
_CLOSED = frozenset({*TEXTS, Sql.UUID, Sql.BYTES})
Fits: TypeAlias = Sequence[frozenset[int] | None]
"""For each input the samples that a rule's cell fits; None: nobody knows."""


def check_coverage(spec: MappingSpec, scope: Scope, not_null: frozenset[str]) -> Iterator[Problem]:
    """Find what is wrong with the tables as a whole; `not_null` are the source's columns that are never NULL."""
    for decision in spec.decisions.values():
        checked, problems = table(spec.document, decision, scope)
        if not problems:
            yield from _Proof(checked, not_null).problems(spec, decision)


class _TooManyError(Exception):
    """There are more combinations than anyone would look through."""


class _Proof:
    """The samples of a table's inputs, and which of them each rule fits."""

    def __init__(self, checked: Table, not_null: frozenset[str]) -> None:
        self._inputs = checked.inputs
        columns = [[row[at] for row in checked.cells] for at in range(len(checked.inputs))]
        locals_ = [local(at, node) for at, node in enumerate(checked.inputs)]
        provable = [[cell for cell in cells if cell and _provable(cell, given)] for given, cells in zip(locals_, columns, strict=True)]
        self._samples = [_samples(node, cells, not_null) for node, cells in zip(checked.inputs, provable, strict=True)]
        by_input = [
            [_fits(given, samples, cell) for cell in cells] for given, samples, cells in zip(locals_, self._samples, columns, strict=True)
        ]
        self._rules: Sequence[Fits] = list(zip(*by_input, strict=True))
        self._steps = 0

    def problems(self, spec: MappingSpec, decision: Decision) -> Iterator[Problem]:
        try:
            if not decision.every:
                yield from self._unreachable(decision)
            if decision.otherwise is None and not decision.every:
                yield from self._incomplete(spec, decision, self._rules, "no rule is sure to fit")
            for at, result in enumerate(decision.then if decision.otherwise is None and decision.every else ()):
                speaking = [rule for rule, written in zip(self._rules, decision.rules, strict=True) if not written.results[at].empty]
                yield from self._incomplete(spec, decision, speaking, f"no rule with a '{result}' is sure to fit")
        except _TooManyError:
            return

    def _unreachable(self, decision: Decision) -> Iterator[Problem]:
        for at, rule in enumerate(self._rules):
            room = [range(len(samples)) if fits is None else sorted(fits) for samples, fits in zip(self._samples, rule, strict=True)]
            place = decision.rules[at].place
            if not all(room):
                yield place.problem("unreachable-rule", "this rule fits no row at all", "mend the condition, or remove the rule")
            elif self._uncovered(room, self._rules[:at]) is None:
                covering = [str(decision.rules[i].place.line) for i, other in enumerate(self._rules[:at]) if _overlap(other, rule)]
                lines = f"line{'s' if len(covering) > 1 else ''} {', '.join(covering[:5])}"
                yield place.problem("unreachable-rule", f"this rule never gets its turn: {lines} fit first", "move it up, or remove it")

    def _incomplete(self, spec: MappingSpec, decision: Decision, rules: Sequence[Fits], what: str) -> Iterator[Problem]:
        room = [range(len(samples)) for samples in self._samples]
        if (hole := self._uncovered(room, rules)) is not None:
            said = " and ".join(self._said(decision, at, sample) for at, sample in enumerate(hole) if sample is not None)
            message = f"{what} {said or 'every row'}: such a row is an error"
            yield spec.document.at_key(decision.path).warning(
                "incomplete-decision", message, "add a rule, or `else:` with the results of all others"
            )

    def _uncovered(self, room: Sequence[Sequence[int]], rules: Sequence[Fits]) -> Sequence[int | None] | None:
        """Return a combination of samples that no rule is known to fit; None in it: any of the input's."""
        return self._hole(room, [rule for rule in rules if None not in rule], 0)

    def _hole(self, room: Sequence[Sequence[int]], rules: Sequence[Fits], at: int) -> list[int | None] | None:
        self._steps += 1
        if self._steps > _STEPS:
            raise _TooManyError
        if not rules:
            return [None] * (len(room) - at)
        if at == len(room) or any(all(_covers(rule[i], room[i]) for i in range(at, len(room))) for rule in rules):
            return None
        for sample in room[at]:
            rest = self._hole(room, [rule for rule in rules if sample in (rule[at] or ())], at + 1)
            if rest is not None:
                return [sample, *rest]
        return None

    def _said(self, decision: Decision, at: int, sample: int) -> str:
        native, kind = self._samples[at][sample], self._inputs[at].type
        if native is None:
            return f"{decision.whens[at]} is null"
        if native == _OTHER:
            return f"another {decision.whens[at]}"
        text = fold(Text(Constant(kind, native)))
        return f"{decision.whens[at]} = {text.native if isinstance(text, Constant) else native}"


def _covers(fits: frozenset[int] | None, room: Sequence[int]) -> bool:
    return fits is not None and fits.issuperset(room)


def _overlap(one: Fits, other: Fits) -> bool:
    return all(left is None or right is None or left & right for left, right in zip(one, other, strict=True))


def _samples(node: Node, cells: Sequence[Node], not_null: frozenset[str]) -> list[Any]:
    known = {constant for cell in cells for constant in _constants(cell)}
    null = [] if not nullable(node) or (isinstance(node, Column) and node.name in not_null) else [None]
    kind = node.type.sql
    if kind is Sql.BOOL:
        return [True, False, *null]
    if kind is Sql.FLAG and not known:
        return [1, 0, *null]
    if kind is Sql.ENUM:
        return [*node.type.labels, *null]
    if kind in _ORDERED:
        return [*_around(node.type, known), *null]
    return [*sorted(given for given in known if isinstance(given, str)), _OTHER, *null]


def _around(kind: SqlType, known: set[Any]) -> list[Any]:
    """The constants, and a value below, between and above them: whole where the type is."""
    numbers = sorted({given for given in known if isinstance(given, (int, float, Decimal)) and given == given})  # noqa: PLR0124 - NaN
    if not numbers:
        return [_like(kind, 0)]
    if kind.sql in (Sql.NUMERIC, Sql.FLOAT4, Sql.FLOAT8):
        between = [(_like(kind, low) + _like(kind, high)) / 2 for low, high in pairwise(numbers)]
        return sorted({_like(kind, numbers[0] - 1), *(_like(kind, number) for number in numbers), *between, _like(kind, numbers[-1] + 1)})
    return sorted({int(number) + step for number in numbers for step in (-1, 0, 1)})


def _like(kind: SqlType, number: Any) -> Any:
    return Decimal(number) if kind.sql is Sql.NUMERIC else float(number) if kind.sql in (Sql.FLOAT4, Sql.FLOAT8) else int(number)


def _constants(node: Node) -> Iterator[Any]:
    if isinstance(node, Constant) and node.native is not None:
        yield node.native
    if isinstance(node, Among):
        yield from node.constants
    for inner in children(node):
        yield from _constants(inner)


def _fits(given: Local, samples: Sequence[Any], cell: Node | None) -> frozenset[int] | None:
    if cell is None:
        return frozenset(range(len(samples)))
    if not _provable(cell, given):
        return None
    holds = _tested(cell, given)
    try:
        return frozenset(at for at, sample in enumerate(samples) if holds(sample))
    except (BadValue, ValueError, ArithmeticError):
        return None


def _tested(cell: Node, given: Local) -> Callable[[Any], bool]:
    emitter = Emitter()
    made: Mapping[str, Any] = build(f"def holds(v{given.number}):\n    return {emitter.test(cell)}\n", emitter.names, "<decision>")
    holds: Callable[[Any], bool] = made["holds"]
    return holds


def _provable(node: Node, given: Local) -> bool:
    """Whether it compares the input with constants, and nothing else. Of texts, only equality cuts them into classes."""
    match node:
        case And() | Or():
            return all(_provable(part, given) for part in node.parts)
        case Not():
            return _provable(node.inner, given)
        case IsTruth():
            return _provable(node.inner, given) or _is(node.inner, given)
        case IsNull() | Among():
            return _is(node.inner, given)
        case Call(call=call, arguments=(left, right)) | Distinct(equal=call, left=left, right=right):
            allowed = _EQUALITIES if given.type.sql in _CLOSED else _COMPARISONS
            return call in allowed and _is(left, given) and isinstance(right, Constant)
    return isinstance(node, (Constant, Local)) and node.type == BOOL


def _is(node: Node, given: Local) -> bool:
    """Whether it is the input as it is, or in a wider type. A date is none of a timestamp's values, as we count both."""
    while isinstance(node, (Cast, Text)):
        if isinstance(node, Cast) and node.call is not None and given.type.sql in TIMES:
            return False
        node = node.inner
    return isinstance(node, Local) and node.number == given.number
