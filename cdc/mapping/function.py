"""A mapping's checked expressions to the functions that the loop calls per row: Python text, generated once and compiled.

`map_row` takes whole rows at full speed. A row that lacks a column which an expression reads goes through `map_partial`, where each target
column asks for what it needs. Each line of the text belongs to one target column, so that an error's line number says which one failed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from cdc.mapping.column import Item
from cdc.mapping.expression.emit import Emitter, nullable
from cdc.mapping.expression.generated import build
from cdc.mapping.expression.node import And, Column, Node, Not, Or, Refer, columns_of, decisions
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.held import held, lines, variable
from cdc.mapping.plan import KeyOf, MapRow
from cdc.mapping.reference import emitted
from cdc.mapping.written import WHERE, named
from cdc.model.change import ABSENT
from cdc.model.errors import BadRow, Halted, Misconfigured
from cdc.model.reference import Ref, Reference
from cdc.model.value import value

_DATA_ERRORS = (BadValue, ValueError, ArithmeticError)


@value
class RowFunctions:
    """The functions and their text, for people."""

    map_row: MapRow
    key_of: KeyOf
    text: str


def row_functions(
    mapping: str,
    where: Node | None,
    items: Sequence[Item],
    key: Sequence[int],
    references: Mapping[str, Reference] = MappingProxyType({}),
    written: Mapping[str, str] = MappingProxyType({}),
) -> RowFunctions:
    """Generate one mapping's functions for one shape of its source table. `key` are positions among the items.

    `written`: what errors show of the file, by what they name.
    """
    writer = _Writer(where, items, key, references)
    writer.map_row()
    writer.map_partial()
    writer.key_of()
    text = "\n".join(writer.lines) + "\n"
    names = {
        "ABSENT": ABSENT,
        "Ref": Ref,
        "DATA_ERRORS": _DATA_ERRORS,
        "failed": _failed(mapping, writer.labels, written),
        "missing": _missing(mapping),
        "halted": _halted(mapping),
        **writer.emitter.names,
    }
    made = build(text, names, f"<mapping {mapping}>")
    return RowFunctions(made["map_row"], made["key_of"], text + _legend(writer.emitter))


class _Writer:
    """Collects the lines of the functions, and for each line what it makes."""

    def __init__(self, where: Node | None, items: Sequence[Item], key: Sequence[int], references: Mapping[str, Reference]) -> None:
        self.lines: list[str] = []
        self.labels: dict[int, str] = {}
        self.emitter = Emitter()
        self._where, self._items, self._key, self._references = where, items, key, references
        self._held = held(items)
        self._decided: set[str] = set()
        computed = [item.node for at, item in enumerate(items) if at in key or at in self._held or not _copied(item)]
        self._read = _columns([*computed, where])

    def map_row(self) -> None:
        """Whole rows: no column is asked twice whether it is there."""
        self._open("map_row", self._read)
        if self._read:
            self._line(f"if {_any_absent(self._read)}:", 2)
            self._line("return map_partial(r)", 3)
        if self._where:
            self._decide([self._where], partial=False)
            self._line(f"if not {self.emitter.test(self._where)}:", 2, WHERE)
            self._line("return None", 3)
        self._decide([item.node for item in self._items], partial=False)
        self._key_values("raise BadValue('the key is NULL')")
        self._hold(partial=False)
        self._line(f"return ({self._keys()}), (", 2)
        for at, item in enumerate(self._items):
            self._line(f"{variable(at) if at in self._held else self._value(at, item)},", 3, _column(item))
        self._line(")", 2)
        self._close()

    def map_partial(self) -> None:
        """Rows with absent columns. A row that `where` may leave out goes on only if it is partial: then the target asks for it whole."""
        self._open("map_partial", self._read)
        if self._where:
            self._decide([self._where], partial=True)
            self._line(f"if not {_bound(self.emitter, self._where, wanted=True, absent=True)}:", 2, WHERE)
            self._line("return None", 3)
        self._decide([item.node for item in self._items], partial=True)
        self._key_present()
        self._key_values("raise BadValue('the key is NULL')")
        self._hold(partial=True)
        self._line("image = (", 2)
        for at, item in enumerate(self._items):
            needed = [] if at in self._held or at in self._key else _needed(item)
            unless = f"ABSENT if {_any_absent(needed)} else " if needed else ""
            self._line(f"{unless}{variable(at) if at in self._held else self._value(at, item)},", 3, _column(item))
        self._line(")", 2)
        if self._where and (asked := _columns([self._where])):
            surely = _bound(self.emitter, self._where, wanted=True, absent=False)
            self._line(f"if ({_any_absent(asked)}) and ABSENT not in image and not {surely}:", 2, WHERE)
            self._line(f"raise missing({self.emitter.bind('k', WHERE)})", 3)
        self._line(f"return ({self._keys()}), image", 2)
        self._close()

    def key_of(self) -> None:
        """Old rows: None only when `where` surely left the row out, or its key was NULL and so never got to the target."""
        keys = [self._items[at].node for at in self._key]
        self._open("key_of", _columns([*keys, self._where]))
        if self._where:
            self._decide([self._where], partial=True)
            self._line(f"if not {_bound(self.emitter, self._where, wanted=True, absent=True)}:", 2, WHERE)
            self._line("return None", 3)
        self._decide(keys, partial=True)
        self._key_present()
        self._key_values("return None")
        self._line(f"return ({self._keys()})", 2)
        self._close()

    def _open(self, name: str, columns: Iterable[int]) -> None:
        self._decided.clear()
        self._line(f"def {name}(r):", 0)
        for column in columns:
            self._line(f"c{column} = r[{column}]", 1)
        self._line("try:", 1)

    def _close(self) -> None:
        self._line("except DATA_ERRORS as error:", 1)
        self._line("raise failed(error) from None", 2)
        self._line("", 0)

    def _decide(self, nodes: Iterable[Node], *, partial: bool) -> None:
        """Find out once which rules of the decision tables fit that these nodes ask, and none before them did."""
        for which in decisions(nodes):
            if which.label in self._decided:
                continue
            self._decided.add(which.label)
            needed = _columns([which]) if partial else []
            unless = f"None if {_any_absent(needed)} else " if needed else ""
            self._line(f"{self.emitter.native(which)} = {unless}{self.emitter.native(which.number)}", 2, f"decision '{which.label}'")

    def _line(self, text: str, level: int, label: str = "") -> None:
        self.lines.append("    " * level + text if text else "")
        if label:
            self.labels[len(self.lines)] = label

    def _key_present(self) -> None:
        for at in self._key:
            if needed := _columns([self._items[at].node]):
                self._line(f"if {_any_absent(needed)}:", 2)
                self._line(f"raise missing({self.emitter.bind('k', f'the key {_column(self._items[at])}')})", 3)

    def _key_values(self, otherwise: str) -> None:
        for at in self._key:
            item = self._items[at]
            self._line(f"key{at} = {self._converted(item)}", 2, _column(item))
            if nullable(item.node):
                self._line(f"if key{at} is None:", 2)
                self._line(otherwise, 3, _column(item))

    def _keys(self) -> str:
        return ", ".join(f"key{at}" for at in self._key) + ("," if len(self._key) == 1 else "")

    def _hold(self, *, partial: bool) -> None:
        values = {at: self._value(at, self._items[at]) for at in self._held}
        needed = {at: _needed(self._items[at]) for at in self._held if partial and at not in self._key}
        unless = {at: _any_absent(columns) for at, columns in needed.items() if columns}
        for line in lines(self.emitter, self._items, values, unless, partial=partial):
            self._line(*line)

    def _value(self, at: int, item: Item) -> str:
        if at in self._key:
            return f"key{at}"
        if isinstance(item.node, Column) and _copied(item) and item.node.index not in self._read:
            return f"r[{item.node.index}]"
        return self._converted(item)

    def _converted(self, item: Item) -> str:
        if isinstance(item.node, Refer):
            return emitted(self.emitter, item.node, self._references[item.column])
        text = self.emitter.text(item.node)
        if item.convert is None:
            return text
        test, name = self.emitter.operand(text, null=nullable(item.node))
        call = f"{self.emitter.bind('to', item.convert, f'what fits {_column(item)}')}({name})"
        return f"None if {test} else {call}" if test else call


def _bound(emitter: Emitter, node: Node, *, wanted: bool, absent: bool) -> str:
    """Return Python that says whether a condition may be (`absent` counts as yes) or surely is (as no) true, or false if so `wanted`."""
    if isinstance(node, Not):
        return _bound(emitter, node.inner, wanted=not wanted, absent=absent)
    if isinstance(node, (And, Or)):
        word = " and " if isinstance(node, And) is wanted else " or "
        return f"({word.join(_bound(emitter, part, wanted=wanted, absent=absent) for part in node.parts)})"
    test = emitter.test(node, wanted=wanted)
    if not (needed := _columns([node])):
        return f"({test})"
    return f"({_any_absent(needed)} or {test})" if absent else f"(not ({_any_absent(needed)}) and {test})"


def _needed(item: Item) -> list[int]:
    """The source columns without which the value is absent."""
    return [] if _copied(item) else _columns([item.node])


def _columns(nodes: Iterable[Node | None]) -> list[int]:
    """The source columns that any of them reads."""
    return sorted({column for node in nodes if node for column in columns_of(node)})


def _column(item: Item) -> str:
    return named(item.column)


def _copied(item: Item) -> bool:
    """Whether the value goes through untouched, absent or not."""
    return item.convert is None and isinstance(item.node, Column)


def _any_absent(columns: Iterable[int]) -> str:
    return " or ".join(f"c{column} is ABSENT" for column in columns)


def _failed(mapping: str, labels: Mapping[int, str], written: Mapping[str, str]) -> Callable[[Exception], BadRow]:
    """Return what names the column that failed, and its expression. The text is PostgreSQL's for the kind of error, without the value."""

    def failed(error: Exception) -> BadRow:
        trace = error.__traceback__
        where = labels.get(trace.tb_lineno, "") if trace else ""
        shown = f": {written[where]}" if where in written else ""
        said = str(error) if isinstance(error, BadValue) else "a value is not what its type says"
        return BadRow(f"mapping {mapping}: {where}: {said}", f"Mend the row on the source, or the mapping's expression{shown}.")

    return failed


def _halted(mapping: str) -> Callable[[str, Exception], Halted]:
    def halted(column: str, error: Exception) -> Halted:
        said = str(error) if isinstance(error, BadValue) else "a value is not what its type says"
        return Halted(
            f"mapping {mapping}: {column}: {said}", "Mend the row on the source; `on_fail` in the mapping says that it halts the pipeline."
        )

    return halted


def _missing(mapping: str) -> Callable[[str], Misconfigured]:
    def missing(what: str) -> Misconfigured:
        return Misconfigured(
            f"mapping {mapping}: the log did not carry a column that {what} needs",
            "Let the log carry whole rows: `alter table … replica identity full` on PostgreSQL, binlog_row_image = FULL on MySQL and MariaDB.",
        )

    return missing


def _legend(emitter: Emitter) -> str:
    """What the names in the functions stand for, as comments behind them."""
    lines = [f"# {name} = {said}\n" for name, given in emitter.names.items() if (said := emitter.said.get(name) or _shown(given))]
    return "\n" + "".join(lines) if lines else ""


def _shown(given: object) -> str:
    """Return a constant; nothing for what no one is to see, like the salt."""
    if isinstance(given, frozenset):
        return f"{{{', '.join(sorted(map(repr, given)))}}}"
    if isinstance(given, re.Pattern):
        return f"the pattern {given.pattern!r}"
    return repr(given) if isinstance(given, (str, bytes, float, Decimal, dict, tuple)) else ""
