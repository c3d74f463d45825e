"""Checked nodes to Python expressions. Constants are bound by name; columns and shared values are local variables.

A value has two forms: its Python value (`native`) and its canonical text (`text`). A column travels as text and is converted only where a
function wants its value. A condition is often asked for its truth alone (`test`), which needs no third value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from cdc.mapping.expression.node import (
    Among,
    And,
    Apply,
    Call,
    Case,
    Cast,
    Choose,
    Coalesce,
    Column,
    Constant,
    Distinct,
    First,
    Fitted,
    IsNull,
    IsTruth,
    Let,
    Local,
    Node,
    Not,
    Or,
    Several,
    Text,
    Translate,
    Which,
    children,
)  # fmt: skip
from cdc.mapping.expression.sqltype import Sql, SqlType, element

_WHOLE = (Sql.FLAG, Sql.INT2, Sql.INT4, Sql.INT8)
_LOAD: Mapping[Sql, str] = {
    Sql.BOOL: "{} == 't'", **dict.fromkeys(_WHOLE, "int"), Sql.NUMERIC: "Decimal", Sql.FLOAT4: "real(float({}))", Sql.FLOAT8: "float",
    Sql.DATE: "date_in", Sql.TIMESTAMP: "timestamp_in", Sql.INSTANT: "instant_in", Sql.TIME: "time_in", Sql.INTERVAL: "interval_in",
    Sql.JSONB: "jsonb_in",
}  # fmt: skip
"""Canonical text → Python value. The value of a type that is not named here is its text."""
_DUMP: Mapping[Sql, str] = {
    Sql.BOOL: "'t' if {} else 'f'", **dict.fromkeys(_WHOLE, "str"), Sql.NUMERIC: "numeric_out", Sql.FLOAT4: "real_out",
    Sql.FLOAT8: "double_out", Sql.DATE: "date_out", Sql.TIMESTAMP: "timestamp_out", Sql.INSTANT: "instant_out",
    Sql.TIME: "clock_out", Sql.INTERVAL: "interval_out", Sql.JSONB: "jsonb_out",
}  # fmt: skip
Form: TypeAlias = Callable[[Node], str]


class Emitter:
    """Collects the constants of one generated function."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self.said: dict[str, str] = {}
        """What those are, for people, whose values tell nobody."""
        self.decisions: dict[str, str] = {}
        """Which rule of a decision table fits, by its label: the variable that has it."""
        self._bound: dict[int, str] = {}
        self._temporaries = 0

    def bind(self, prefix: str, given: object, said: str = "") -> str:
        """Give a constant a name; the same object keeps the one that it has. `said`: what it is, for people."""
        name = self._bound.setdefault(id(given), f"{prefix}{len(self.names)}")
        self.names[name] = given
        if said:
            self.said.setdefault(name, said)
        return name

    def native(self, node: Node) -> str:
        """Return Python for the node's value."""
        return _NATIVE[type(node)](self, node)

    def text(self, node: Node) -> str:
        """Return Python for the node's canonical text."""
        match node:
            case Column():
                return f"c{node.index}"
            case Cast(keeps_text=True):
                return self.text(node.inner)
            case Case() | Coalesce() | Let():
                return _FORKED[type(node)](self, node, self.text)
        dump = _DUMP.get(node.type.sql) or _of_items("array_out", node.type)
        return self.strict(dump, (node,)) if dump else self.native(node)

    def test(self, node: Node, *, wanted: bool = True) -> str:
        """Return Python that is true exactly when the condition is `wanted`: never for NULL."""
        match node:
            case Not():
                return self.test(node.inner, wanted=not wanted)
            case And() | Or():
                word = " and " if isinstance(node, And) is wanted else " or "
                return f"({word.join(self.test(part, wanted=wanted) for part in node.parts)})"
            case Column():
                return f"c{node.index} == '{'t' if wanted else 'f'}'"
            case Let():
                return _let(self, node, lambda body: self.test(body, wanted=wanted))
        if wanted:
            return self._true(node)
        return f"{self.native(node)} is False" if nullable(node) else f"not {self.native(node)}"

    def strict(self, call: str, arguments: Sequence[Node]) -> str:
        """Return the call, or NULL when an argument is. All arguments are evaluated, so that each may fail."""
        several = len(arguments) > 1
        operands = [self.operand(self.native(node), null=nullable(node) or (several and not _simple(node))) for node in arguments]
        body = applied(call, [name for _, name in operands])
        if tests := [test for test, _ in operands if test]:
            lazy = len(tests) == 1 or all(map(_simple, arguments[1:]))
            none = " or ".join(tests) if lazy else f"({') | ('.join(tests)})"
            return f"(None if {none} else {body})"
        return f"({body})" if "{" in call else body

    def operand(self, code: str, *, null: bool) -> tuple[str, str]:
        """Return a test for NULL, empty when there is nothing to test, and what then stands for the value."""
        if not null:
            return "", code
        if code.isidentifier():
            return f"{code} is None", code
        self._temporaries += 1
        name = f"t{self._temporaries}"
        return f"({name} := {code}) is None", name

    def _true(self, node: Node) -> str:
        """NULL is equal to nothing but NULL in Python, and in no set: often there is nothing to ask."""
        match node:
            case Among():
                return f"{self.native(node.inner)} in {self.bind('k', node.constants)}"
            case Call(call="{} == {}", arguments=(left, right)) if not nullable(left) or not nullable(right):
                return f"{self.native(left)} == {self.native(right)}"
            case Call(call="{} == {}", arguments=(left, right)) if _simple(right):
                test, name = self.operand(self.native(left), null=True)
                return f"({test.removesuffix('None')}not None and {name} == {self.native(right)})"
        return self.native(node)


def _of_items(call: str, given: SqlType) -> str | None:
    """What reads or writes an array whose items have a known type."""
    item = element(given)
    return f"{call}({{}}, {item.value!r})" if item else None


def applied(call: str, names: Sequence[str]) -> str:
    """Return a call of a function by its name, or a template that is filled in."""
    return call.format(*names) if "{" in call else f"{call}({', '.join(names)})"


def nullable(node: Node) -> bool:
    """Whether the value may be NULL."""
    match node:
        case Constant() | Local():
            return node.native is None if isinstance(node, Constant) else node.nullable
        case Call(maybe_null=True) | Cast(call="time_of_stamp"):
            return True
        case IsNull() | IsTruth() | Distinct() | Call(call="concat"):
            return False
        case Coalesce():
            return all(map(nullable, node.parts))
        case Choose() | Case():
            outcomes = node.values if isinstance(node, Choose) else (node.default, *(given for _, given in node.whens))
            return any(map(nullable, outcomes))
    return isinstance(node, (Column, Among, Translate, Apply)) or any(map(nullable, children(node)))


def _simple(node: Node) -> bool:
    """Whether evaluating it can't fail."""
    return isinstance(node, (Column, Constant, Local)) or (isinstance(node, Text) and _simple(node.inner))


def _column(_emitter: Emitter, node: Column) -> str:
    load = _LOAD.get(node.type.sql) or _of_items("array_in", node.type)
    return f"c{node.index}" if load is None else f"(None if c{node.index} is None else {applied(load, [f'c{node.index}'])})"


def _constant(emitter: Emitter, node: Constant) -> str:
    given = node.native
    return repr(given) if given is None or isinstance(given, (bool, int)) else emitter.bind("k", given, node.said)


def _call(emitter: Emitter, node: Call) -> str:
    if node.strict:
        return emitter.strict(node.call, node.arguments)
    return applied(node.call, [emitter.native(part) for part in node.arguments])


def _cast(emitter: Emitter, node: Cast) -> str:
    if node.call is None:
        return emitter.native(node.inner)
    if node.keeps_text and isinstance(node.inner, Column):  # the text is read at once as what it shall be
        return _column(emitter, Column(node.type, node.inner.index, node.inner.name, None))
    return emitter.strict(node.call, (node.inner,))


def _logic(absorbing: bool, word: str) -> Callable[[Emitter, And | Or], str]:
    """`and`: one false is enough. `or`: one true is enough. Else one NULL makes NULL."""

    def emit(emitter: Emitter, node: And | Or) -> str:
        if not nullable(node):
            return f"({f' {word} '.join(map(emitter.native, node.parts))})"
        operands = [emitter.operand(emitter.native(part), null=nullable(part)) for part in node.parts]
        absorbs = [f"{test.removesuffix(' is None') or name} is {absorbing}" for test, name in operands]
        nulls = [f"{name} is None" for test, name in operands if test]
        return f"({absorbing} if {' or '.join(absorbs)} else None if {' or '.join(nulls)} else {not absorbing})"

    return emit


def _is_null(emitter: Emitter, node: IsNull) -> str:
    inner = node.inner
    if isinstance(inner, Constant):
        return str(inner.native is None)
    test, _ = emitter.operand(emitter.text(inner) if isinstance(inner, Column) else emitter.native(inner), null=True)
    return f"({test})"


def _distinct(emitter: Emitter, node: Distinct) -> str:
    (left_null, left), (right_null, right) = (
        emitter.operand(emitter.native(part), null=nullable(part)) for part in (node.left, node.right)
    )
    both = f"{left} is not None and " if left_null else ""
    return f"(({left_null or False}) != ({right_null or False}) or {both}not ({applied(node.equal, [left, right])}))"


def _among(emitter: Emitter, node: Among) -> str:
    test, name = emitter.operand(emitter.native(node.inner), null=nullable(node.inner))
    found = f"{name} in {emitter.bind('k', node.constants)}"
    found = f"True if {found} else None" if node.has_null else found
    return f"(None if {test} else {found})" if test else f"({found})"


def _case(emitter: Emitter, node: Case, form: Form) -> str:
    whens = [f"{form(value)} if {emitter.test(condition)} else " for condition, value in node.whens]
    return f"({''.join(whens)}{form(node.default)})"


def _coalesce(emitter: Emitter, node: Coalesce, form: Form) -> str:
    made = ""
    for part in node.parts[:-1]:
        if not nullable(part):
            return f"({made}{form(part)})"
        test, name = emitter.operand(form(part), null=True)
        made += f"{name} if {test.removesuffix('None')}not None else "
    return f"({made}{form(node.parts[-1])})"


def _let(emitter: Emitter, node: Let, form: Form) -> str:
    """Python evaluates a tuple from left to right."""
    return f"((v{node.number} := {emitter.native(node.bound)}), {form(node.body)})[1]"


def _translate(emitter: Emitter, node: Translate) -> str:
    entries, inner = emitter.bind("map", node.entries), emitter.native(node.inner)
    if node.default is not None:
        return f"{entries}.get({inner}, {emitter.native(node.default)})"
    test, name = emitter.operand(inner, null=True)
    asked = name if name == inner else test.removesuffix(" is None")
    return f"({entries}[{name}] if {asked} in {entries} else unmapped({emitter.bind('k', node.name)}))"


def _first(emitter: Emitter, node: First) -> str:
    found = "".join(f"{at} if {emitter.test(condition)} else " for at, condition in enumerate(node.conditions))
    return f"({found}{len(node.conditions)})"


def _choose(emitter: Emitter, node: Choose) -> str:
    which, several = emitter.native(node.which), enumerate(node.values[:-1] if node.otherwise else node.values)
    last = emitter.native(node.values[-1]) if node.otherwise else f"undecided({emitter.bind('k', node.name)})"
    constants = tuple(value.native for value in node.values if isinstance(value, Constant))
    if len(constants) < len(node.values):
        return f"({''.join(f'{emitter.native(value)} if {which} == {at} else ' for at, value in several)}{last})"
    chosen = f"{emitter.bind('k', constants)}[{which}]"
    return chosen if node.otherwise else f"({chosen} if {which} < {len(constants)} else {last})"


def _fitted(emitter: Emitter, node: Fitted) -> str:
    test, name = emitter.operand(emitter.text(node.inner), null=nullable(node.inner))
    call = f"{emitter.bind('to', node.convert)}({name})"
    return f"(None if {test} else {call})" if test else call


def _apply(emitter: Emitter, node: Apply) -> str:
    return f"{emitter.bind('call', node.function, node.name)}({', '.join(map(emitter.text, node.parts))})"


def _several(emitter: Emitter, node: Several) -> str:
    return f"({', '.join(map(emitter.text, node.parts))})"


def _forked(emitter: Emitter, node: Node) -> str:
    return _FORKED[type(node)](emitter, node, emitter.native)


_FORKED: Mapping[type, Callable[[Emitter, Any, Form], str]] = {Case: _case, Coalesce: _coalesce, Let: _let}
"""Nodes whose text is the text of one of their branches."""
_NATIVE: Mapping[type, Callable[[Emitter, Any], str]] = {
    Column: _column,
    Constant: _constant,
    Local: lambda _, node: f"v{node.number}",
    Call: _call,
    Cast: _cast,
    Text: lambda emitter, node: emitter.text(node.inner),
    And: _logic(absorbing=False, word="and"),
    Or: _logic(absorbing=True, word="or"),
    Not: lambda emitter, node: emitter.strict("not {}", (node.inner,)),
    IsNull: _is_null,
    IsTruth: lambda emitter, node: f"({emitter.native(node.inner)} is {node.truth})",
    Distinct: _distinct,
    Among: _among,
    Translate: _translate,
    Several: _several,
    First: _first,
    Which: lambda emitter, node: emitter.decisions.setdefault(node.label, f"d{len(emitter.decisions)}"),
    Choose: _choose,
    Fitted: _fitted,
    Apply: _apply,
    **dict.fromkeys(_FORKED, _forked),
}
