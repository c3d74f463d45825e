"""A mapping's checked expressions to the functions that the loop calls per row: Python text, generated once and compiled.

`map_row` takes whole rows at full speed. A row that lacks a column which an expression reads goes through `map_partial`, where each target
column asks for what it needs. Each line of the text belongs to one target column, so that an error's line number says which one failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from cdc.mapping.column import Item
from cdc.mapping.expression.emit import Emitter, nullable
from cdc.mapping.expression.generated import build
from cdc.mapping.expression.node import And, Column, Node, Not, Or, columns_of
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.plan import KeyOf, MapRow
from cdc.model.change import ABSENT
from cdc.model.errors import BadRow, Misconfigured
from cdc.model.value import value

_WHERE = "`where`"
_DATA_ERRORS = (BadValue, ValueError, ArithmeticError)


@value
class RowFunctions:
    """The functions and their text, for people."""

    map_row: MapRow
    key_of: KeyOf
    text: str


def row_functions(mapping: str, where: Node | None, items: Sequence[Item], key: Sequence[int]) -> RowFunctions:
    """Generate one mapping's functions for one shape of its source table. `key` are positions among the items."""
    writer = _Writer(where, items, key)
    writer.map_row()
    writer.map_partial()
    writer.key_of()
    text = "\n".join(writer.lines) + "\n"
    names = {
        "ABSENT": ABSENT,
        "DATA_ERRORS": _DATA_ERRORS,
        "failed": _failed(mapping, writer.labels),
        "missing": _missing(mapping),
        **writer.emitter.names,
    }
    made = build(text, names, f"<mapping {mapping}>")
    return RowFunctions(made["map_row"], made["key_of"], text + _legend(writer.emitter.names))


class _Writer:
    """Collects the lines of the functions, and for each line what it makes."""

    def __init__(self, where: Node | None, items: Sequence[Item], key: Sequence[int]) -> None:
        self.lines: list[str] = []
        self.labels: dict[int, str] = {}
        self.emitter = Emitter()
        self._where, self._items, self._key = where, items, key
        computed = [item.node for at, item in enumerate(items) if at in key or not _copied(item)]
        self._read = _columns([*computed, where])

    def map_row(self) -> None:
        """Whole rows: no column is asked twice whether it is there."""
        self._open("map_row", self._read)
        if self._read:
            self._line(f"if {_any_absent(self._read)}:", 2)
            self._line("return map_partial(r)", 3)
        if self._where:
            self._line(f"if not {self.emitter.test(self._where)}:", 2, _WHERE)
            self._line("return None", 3)
        self._key_values("raise BadValue('the key is NULL')")
        self._line(f"return ({self._keys()}), (", 2)
        for at, item in enumerate(self._items):
            self._line(f"{self._value(at, item)},", 3, _column(item))
        self._line(")", 2)
        self._close()

    def map_partial(self) -> None:
        """Rows with absent columns. A row that `where` may leave out goes on only if it is partial: then the target asks for it whole."""
        self._open("map_partial", self._read)
        if self._where:
            self._line(f"if not {self._bound(self._where, wanted=True, absent=True)}:", 2, _WHERE)
            self._line("return None", 3)
        self._key_present()
        self._key_values("raise BadValue('the key is NULL')")
        self._line("image = (", 2)
        for at, item in enumerate(self._items):
            needed = [] if at in self._key or _copied(item) else _columns([item.node])
            unless = f"ABSENT if {_any_absent(needed)} else " if needed else ""
            self._line(f"{unless}{self._value(at, item)},", 3, _column(item))
        self._line(")", 2)
        if self._where and (asked := _columns([self._where])):
            surely = self._bound(self._where, wanted=True, absent=False)
            self._line(f"if ({_any_absent(asked)}) and ABSENT not in image and not {surely}:", 2, _WHERE)
            self._line(f"raise missing({self.emitter.bind('k', _WHERE)})", 3)
        self._line(f"return ({self._keys()}), image", 2)
        self._close()

    def key_of(self) -> None:
        """Old rows: None only when `where` surely left the row out, or its key was NULL and so never got to the target."""
        keys = [self._items[at].node for at in self._key]
        self._open("key_of", _columns([*keys, self._where]))
        if self._where:
            self._line(f"if not {self._bound(self._where, wanted=True, absent=True)}:", 2, _WHERE)
            self._line("return None", 3)
        self._key_present()
        self._key_values("return None")
        self._line(f"return ({self._keys()})", 2)
        self._close()

    def _open(self, name: str, columns: Iterable[int]) -> None:
        self._line(f"def {name}(r):", 0)
        for column in columns:
            self._line(f"c{column} = r[{column}]", 1)
        self._line("try:", 1)

    def _close(self) -> None:
        self._line("except DATA_ERRORS as error:", 1)
        self._line("raise failed(error) from None", 2)
        self._line("", 0)

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

    def _value(self, at: int, item: Item) -> str:
        if at in self._key:
            return f"key{at}"
        if isinstance(item.node, Column) and _copied(item) and item.node.index not in self._read:
            return f"r[{item.node.index}]"
        return self._converted(item)

    def _converted(self, item: Item) -> str:
        text = self.emitter.text(item.node)
        if item.convert is None:
            return text
        test, name = self.emitter.operand(text, null=nullable(item.node))
        call = f"{self.emitter.bind('to', item.convert)}({name})"
        return f"None if {test} else {call}" if test else call

    def _bound(self, node: Node, *, wanted: bool, absent: bool) -> str:
        """Return Python that says whether a condition may be (`absent` counts as yes) or surely is (as no) true, or false if so `wanted`."""
        if isinstance(node, Not):
            return self._bound(node.inner, wanted=not wanted, absent=absent)
        if isinstance(node, (And, Or)):
            word = " and " if isinstance(node, And) is wanted else " or "
            return f"({word.join(self._bound(part, wanted=wanted, absent=absent) for part in node.parts)})"
        test = self.emitter.test(node, wanted=wanted)
        if not (needed := _columns([node])):
            return f"({test})"
        return f"({_any_absent(needed)} or {test})" if absent else f"(not ({_any_absent(needed)}) and {test})"


def _columns(nodes: Iterable[Node | None]) -> list[int]:
    """The source columns that any of them reads."""
    return sorted({column for node in nodes if node for column in columns_of(node)})


def _column(item: Item) -> str:
    return f"column '{item.column}'"


def _copied(item: Item) -> bool:
    """Whether the value goes through untouched, absent or not."""
    return item.convert is None and isinstance(item.node, Column)


def _any_absent(columns: Iterable[int]) -> str:
    return " or ".join(f"c{column} is ABSENT" for column in columns)


def _failed(mapping: str, labels: Mapping[int, str]) -> Callable[[Exception], BadRow]:
    """Return what names the column that failed. The text is PostgreSQL's for the kind of error, without the value."""

    def failed(error: Exception) -> BadRow:
        trace = error.__traceback__
        where = labels.get(trace.tb_lineno) if trace else None
        said = str(error) if isinstance(error, BadValue) else "a value is not what its type says"
        return BadRow(f"mapping {mapping}: {where}: {said}", "Mend the row on the source, or the mapping's expression.")

    return failed


def _missing(mapping: str) -> Callable[[str], Misconfigured]:
    def missing(what: str) -> Misconfigured:
        return Misconfigured(
            f"mapping {mapping}: the log did not carry a column that {what} needs",
            "Let the log carry whole rows: `alter table … replica identity full` on PostgreSQL, binlog_row_image = FULL on MySQL and MariaDB.",
        )

    return missing


def _legend(names: Mapping[str, object]) -> str:
    """The constants, as comments behind the functions."""
    shown = {name: given for name, given in names.items() if isinstance(given, (str, bytes, float, Decimal, frozenset, dict))}
    lines = [f"# {name} = {_shown(given)}\n" for name, given in shown.items()]
    return "\n" + "".join(lines) if lines else ""


def _shown(given: object) -> str:
    return f"{{{', '.join(sorted(map(repr, given)))}}}" if isinstance(given, frozenset) else repr(given)
