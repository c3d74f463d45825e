"""Table maps to the shapes of wanted tables, each made once and kept for as long as the log announces the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from pymysql.constants import FIELD_TYPE as CODE

from cdc.model.errors import UnknownEvent
from cdc.model.table import Column, Definition, Table, TableName
from cdc.model.types import Type
from cdc.model.value import identity
from cdc.server.mysql_types import Logged, facts_of, type_of
from cdc.source.mysql import table_map, versioned
from cdc.source.mysql.charsets import Charsets
from cdc.source.mysql.log import Server
from cdc.source.mysql.partial_json import PartialUpdates
from cdc.source.mysql.pieces import piece
from cdc.source.mysql.position import DAMAGED
from cdc.source.mysql.renewed import Renewed
from cdc.source.mysql.rows import RowDecoder
from cdc.source.mysql.statement import Statement
from cdc.source.mysql.table_map import TableMap
from cdc.source.mysql.wanted import Wanted
from cdc.source.standing import retyped
from cdc.sql import ledger

MARKER = TableName(ledger.SCHEMA, ledger.CHECKPOINT)
HEARTBEAT = TableName(ledger.SCHEMA, ledger.HEARTBEAT)
_KNOWN = 10_000
_DUMMY = 0xFFFFFFFFFFFF
"""The table id of a row event that has no rows and only ends a statement."""

_BINARY_NATIVES: Mapping[str, int] = {"uuid": 16, "inet6": 16, "inet4": 4}
"""MariaDB's types that the log describes as a binary(n)."""


@identity
class Shape:
    """A wanted table as the log announced it, and how its rows are read."""

    table: Table
    decoder: RowDecoder
    marker: int | None
    """Position of `origin`, when this is the checkpoint's table."""
    beat: int | None
    """Position of `at`, when this is the heartbeats' table."""
    partial: PartialUpdates
    """How its updates are read where JSON columns are logged in part."""
    end: int | None = None
    """Position of a row's end, when the table keeps what its rows were."""


class Shapes:
    """All shapes of one stream."""

    def __init__(
        self, wanted: Iterable[TableName], server: Server, charsets: Charsets, describe: Callable[[TableName], Definition | None]
    ) -> None:
        """`describe` asks the catalogue as it is now. Our own database is never wanted, but its checkpoint is the marker."""
        self._mariadb = server.mariadb
        ours = [name for name in wanted if name.schema != ledger.SCHEMA]
        self._wanted = Wanted(ours, folds=server.folds_case, exists=lambda name: describe(name) is not None)
        self._charsets = charsets
        self._describe = describe
        self.renewed = Renewed(describe)
        self._known: dict[bytes, Shape | None] = {}
        self._latest: dict[TableName, Table] = {}
        self._logged: dict[TableName, Table] = {}
        self._announced: dict[int, tuple[bytes, Shape | None]] = {}

    def announce(self, data: bytes, at: int, end: int) -> None:
        """Take a TABLE_MAP event's body: the table's id, flags, and what `table_map` reads. It is nearly always the same as before."""
        number, body = int.from_bytes(data[at : at + 6], "little"), data[at + 8 : end]
        announced = self._announced.get(number)
        if announced is None or announced[0] != body:
            self._announced[number] = (body, self._shape(body))

    def of(self, data: bytes, at: int) -> Shape | None:
        """Return the shape of a row event's rows; None when the table is not wanted."""
        number = int.from_bytes(data[at : at + 6], "little")
        announced = self._announced.get(number)
        if announced is None:
            if number == _DUMMY:
                return None
            raise UnknownEvent("the binary log holds rows of a table that it did not announce", DAMAGED)
        return announced[1]

    def forget(self) -> None:
        """Forget the ids: they mean nothing in another file."""
        self._announced.clear()

    def latest(self, name: TableName) -> Table | None:
        """Return a wanted table in its newest shape, for a change that has no rows; None when it is not wanted."""
        wanted = self._wanted.get(name)
        if wanted is None:
            return None
        if wanted not in self._latest:
            definition = self._describe(wanted)
            self._latest[wanted] = table_of(definition) if definition else Table(wanted, (), ())
        return self._latest[wanted]

    def altered(self, name: TableName, statement: Statement) -> None:
        """Forget a table's shapes: what is announced next is another one, though it may look the same."""
        wanted = self._wanted.get(name)
        if wanted is not None:
            self._known = {body: shape for body, shape in self._known.items() if shape is None or shape.table.name != wanted}
            self._latest.pop(wanted, None)
            self.renewed.takes(wanted, statement)

    def renamed(self, pairs: Sequence[tuple[TableName, TableName]]) -> Sequence[TableName]:
        """Follow tables to their new names; return the wanted names that other tables have now. Raises as `Wanted.rename` does."""
        self._known.clear()
        self._announced.clear()
        return self._wanted.rename(pairs)

    def created(self, name: TableName) -> Sequence[TableName]:
        """Take a new table; return the wanted name that it has taken from one that was renamed."""
        return self._wanted.create(name)

    def in_schema(self, schema: str) -> Sequence[TableName]:
        """Return the wanted tables of a database."""
        return self._wanted.in_schema(schema)

    def _shape(self, body: bytes) -> Shape | None:
        if body in self._known:
            return self._known[body]
        if len(self._known) >= _KNOWN:
            self._known.clear()
        shape = self._known[body] = self._made(body)
        return shape

    def _made(self, body: bytes) -> Shape | None:
        name = table_map.name_of(body)
        wanted = name if name in (MARKER, HEARTBEAT) else self._wanted.get(name)
        if wanted is None:
            self._wanted.passes(name)
            return None
        announced = table_map.parse(body, self._charsets, self._mariadb)
        definition = self._describe(wanted) if self._is_vague(announced) else None
        end = versioned.end_of(announced, definition) if self._mariadb else None
        types = [_type(*each, definition) for each in zip(announced.names, announced.columns, strict=True)]
        columns = tuple(Column(*each) for each in zip(announced.names, types, announced.nullable, strict=True))
        key = tuple(at for at in announced.key if at != end) or _unique_key(announced.names, definition)
        needed = key if end is None else (*key, end)
        pieces = [piece(number, column, types[number], self._charsets) for number, column in enumerate(announced.columns)]
        table = self._latest[wanted] = Table(wanted, columns, key)
        self.renewed.remarks.extend(retyped(self._logged.get(wanted, table), table))
        self._logged[wanted] = table
        marker = announced.names.index("origin") if name == MARKER else None
        beat = announced.names.index("at") if name == HEARTBEAT else None
        return Shape(table, RowDecoder(table, pieces, needed), marker, beat, PartialUpdates(table, pieces), end)

    def _is_vague(self, announced: TableMap) -> bool:
        """Return whether the log leaves open what the catalogue knows: which unique key names a row, what a binary(16) means, which rows are history."""
        return not announced.key or (self._mariadb and (any(map(_is_disguised, announced.columns)) or versioned.may_be(announced)))


def table_of(definition: Definition) -> Table:
    """Return the shape that the log will announce for a table as the catalogue describes it."""
    names = [column.name for column in definition.columns]
    primary = next((unique for unique in definition.uniques if unique.primary), None)
    key = tuple(names.index(name) for name in primary.columns) if primary else _unique_key(names, definition)
    columns = tuple(Column(column.name, column.type, column.nullable) for column in definition.columns)
    return Table(definition.name, columns, key)


def _is_disguised(column: Logged) -> bool:
    return column.code == CODE.STRING and column.charset is None and column.length in _BINARY_NATIVES.values()


def _type(name: str, column: Logged, definition: Definition | None) -> Type:
    """Return a column's type; the catalogue is believed where the log can't tell."""
    known = definition.column(name) if definition and _is_disguised(column) else None
    if known and _BINARY_NATIVES.get(known.type.native.partition(" ")[0]) == column.length:
        return known.type
    return type_of(facts_of(column))


def _unique_key(names: Sequence[str], definition: Definition | None) -> tuple[int, ...]:
    """Return the first unique key that names every row, where there is no primary key."""
    for unique in definition.uniques if definition else ():
        if unique.exact and all(name in names for name in unique.columns):
            return tuple(names.index(name) for name in unique.columns)
    return ()
