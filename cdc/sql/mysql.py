"""Plans → the statements that write rows of MySQL and MariaDB: frames around tuples of literals, built once per plan and mask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cdc.model.change import Row, Value
from cdc.model.errors import BadRow
from cdc.model.table import Column, TableName, Unique
from cdc.model.types import Kind
from cdc.model.value import value
from cdc.model.write import TargetPlan
from cdc.sql.mysql_literals import TEXTS, Tuples, agrees, canonical, encoded, literals, tuples
from cdc.sql.mysql_newest import Newer, newer, settle
from cdc.sql.mysql_stamps import spared
from cdc.sql.names import my_name, my_table


@value
class Dialect:
    """What the servers of the family write differently."""

    delete: Callable[[TableName, str], str]
    """`delete from` a table by an index, and by nothing else."""
    alias: bool
    """`on duplicate key update` has `new.c` where others have `values(c)`."""
    returning: bool
    """`insert` can say which numbers AUTO_INCREMENT gave to its rows."""


def _safely(table: TableName, _index: str) -> str:
    return f"set statement sql_safe_updates = 1 for delete from {my_table(table)}"


def _hinted(table: TableName, index: str) -> str:
    hint = f"index({my_name(table.name)} {my_name(index)})"
    return f"delete{'' if '*/' in hint else f' /*+ {hint} */'} from {my_table(table)}"


MARIADB = Dialect(_safely, alias=False, returning=True)
MYSQL = Dialect(_hinted, alias=True, returning=False)
MYSQL_8_0_18 = Dialect(_hinted, alias=False, returning=False)


@value
class Frame:
    """A statement with a hole for tuples."""

    head: bytes
    tail: bytes
    keys: bool = False
    """The tuples are keys in a list: MariaDB looks up rows of columns for a list of two or more, and scans the table for one."""
    again: bytes = b""
    """What stands before the same tuples once more; without it they stand there once."""

    def around(self, rows: Sequence[bytes], limit: int) -> Iterator[bytes]:
        """Yield the statement over all rows; several where one would be longer than `limit`. Raises `BadRow` for a row that is too long."""
        room = limit - len(self.head) - len(self.tail)
        if self.again:
            room = (room - len(self.again)) // 2
        if sum(map(len, rows)) + len(rows) <= room:
            yield self._with(rows)
        else:
            yield from map(self._with, _fitting(rows, room))

    def _with(self, rows: Sequence[bytes]) -> bytes:
        listed = [*rows, *rows] if self.keys and len(rows) == 1 else rows
        joined = b",".join(listed)
        return b"%b%b%b%b%b" % (self.head, joined, self.again, joined if self.again else b"", self.tail)


def _fitting(rows: Sequence[bytes], room: int) -> Iterator[Sequence[bytes]]:
    start = size = 0
    for at, row in enumerate(rows):
        size += len(row) + 1
        if size > room and at > start:
            yield rows[start:at]
            start, size = at, len(row) + 1
        if size > room:
            raise too_long(len(row), room)
    yield rows[start:]


def too_long(size: int, room: int) -> BadRow:
    return BadRow(
        f"the row takes {size} bytes in a statement, and the server takes {room} at most",
        "Raise max_allowed_packet on the server and start the pipeline again.",
    )


def _rows(head: str, tail: str = "") -> Frame:
    return Frame(head.encode(), tail.encode())


def _keys(head: str, tail: str = "", exact: str = "") -> Frame:
    """Keys are looked up as the server compares them; `exact` is the row of columns that has to be the same letter by letter, too."""
    return Frame(f"{head} in (".encode(), f"){tail}".encode(), True, f") and {exact} in (".encode() if exact else b"")


@value
class Keys:
    """How a plan finds and deletes rows by their keys."""

    tuples: Tuples
    find: Frame
    """Locks the rows that exist and returns their keys."""
    living: Frame
    """Does so for those that no soft delete has marked."""
    canonical: Callable[[Sequence[Sequence[object]]], set[Row]]
    delete: Frame
    """Deletes by the key's index; MariaDB refuses it (error 1175) where its optimizer sees no way but a scan."""
    scan: Frame
    """Deletes in whatever way the server finds; a scan may wait for rows that an application holds."""
    soften: Frame
    """Sets what the plan's soft delete sets."""
    table: str
    columns: str
    """The key as a row of columns."""
    marked: str
    """The condition that a soft delete has marked a row."""
    exact: str = ""
    """The key as a row of expressions that are equal for the same text only, where other texts are other rows' keys."""

    def at(self, key: bytes) -> bytes:
        """Return the condition for the row at a key; twice the key, since MariaDB scans for a single row of columns."""
        return b" where %b in (%b, %b)" % (self.columns.encode(), key, key)

    def which(self, keys: Sequence[bytes], *, living: bool) -> bytes:
        """Return the query for the positions, among these keys, of those that the server holds equal to a row's.

        Where another text is another row's, that one counts only when it is marked as deleted: it is nobody's then.
        """
        table, columns, alive = self.table.encode(), self.columns.encode(), f" and not {self.marked}".encode() if living else b""
        found = (b"select %d from %b where %b = %b%b%b" % (at, table, columns, key, self._ours(key), alive) for at, key in enumerate(keys))
        return b" union all ".join(found)

    def _ours(self, key: bytes) -> bytes:
        return b" and (%b = %b or %b)" % (self.exact.encode(), key, self.marked.encode()) if self.exact else b""

    def either(self, old: bytes, new: bytes) -> bytes:
        """Return the query that locks the rows at two keys and says of each row: is it at the old one, at the new one, marked as deleted."""
        columns, same = self.columns.encode(), (self.exact or self.columns).encode()
        flags = b"select %b = %b, %b = %b, %b from %b" % (same, old, same, new, self.marked.encode(), self.table.encode())
        return b"%b where %b in (%b, %b%b" % (flags, columns, old, new, self.find.tail)


def keys(plan: TargetPlan, dialect: Dialect) -> Keys:
    """Build what works by key.

    In a small table the server would rather scan than look up many keys, and a scan waits for rows that are none of ours. A hint keeps
    it to the key's index; for a select it takes also a column that the index does not hold.
    """
    columns = [plan.columns[i] for i in plan.key]
    names = f"({', '.join(my_name(column.name) for column in columns)})"
    table, index = my_table(plan.table.name), _index(plan)
    forced = f"{table} force index ({my_name(index.name)})" if index else table
    soft = [(column, literals(column)([text])[0]) for column, text in plan.soft_delete]
    marked, softened = marks(plan.soft_delete), {column.name for column, _ in plan.soft_delete}
    exact = f"({', '.join(_letters(column) for column in columns)})" if plan.exact else ""
    read, beside = f"select {names[1:-1]} from {forced} where {names}", _read_beside(plan, index)
    return Keys(
        tuples(columns),
        _keys(read, f"{beside} for update"),
        _keys(read, f"{beside} and not {marked} for update"),
        canonical(columns),
        _keys(f"{dialect.delete(plan.table.name, index.name) if index else f'delete from {table}'} where {names}", "", exact),
        _keys(f"delete from {table} where {names}", "", exact),
        _keys(
            f"update {forced} set {', '.join([*(f'{my_name(column.name)} = {literal}' for column, literal in soft), *spared(plan, softened)])}"
            f" where {names}",
            f" and not {marked}",
            exact,
        ),
        forced,
        names,
        marked,
        exact,
    )


def _letters(column: Column) -> str:
    name = my_name(column.name)
    return f"cast(convert({name} using utf8mb4) as binary)" if column.type.kind is Kind.TEXT else name


def marks(soft_delete: Sequence[tuple[Column, Value]]) -> str:
    """Return the condition that a soft delete has marked a row."""
    return f"({' and '.join(agrees(column, literals(column)([text])[0]) for column, text in soft_delete)})" if soft_delete else "false"


def held(plan: TargetPlan, most: int) -> str:
    """Return the query for the keys of the rows that have what `plan.scope` says, less those that a soft delete has marked."""
    names = ", ".join(my_name(plan.columns[at].name) for at in plan.key)
    scope = f" and {marks(plan.scope)}" if plan.scope else ""
    return f"select {names} from {my_table(plan.table.name)} where not {marks(plan.soft_delete)}{scope} limit {most}"


def _read_beside(plan: TargetPlan, index: Unique | None) -> str:
    """Return a condition that is always true and needs a column beside the index, which holds the primary key's columns too."""
    held = {name for unique in plan.table.uniques if unique.primary or unique is index for name in unique.columns}
    others = [column for column in plan.table.columns if column.name not in held and not column.generated]
    beside = min(others, key=lambda column: column.type.kind in _LARGE, default=None)
    return f" and ({my_name(beside.name)} is null) in (0, 1)" if beside else ""


_LARGE = (Kind.TEXT, Kind.BYTES, Kind.JSON, Kind.OTHER)


def _index(plan: TargetPlan) -> Unique | None:
    """Return the unique index that is the plan's key, the primary key before others."""
    names = {plan.columns[i].name for i in plan.key}
    fitting = [unique for unique in plan.table.uniques if unique.exact and set(unique.columns) == names]
    return min(fitting, key=lambda unique: not unique.primary, default=None)


@value
class Stage:
    """A temporary table of the same column types, for what `on duplicate key update` can't do. It is empty between batches."""

    create: str
    fill: Frame
    settle: str
    """Gives the staged rows what newer rows are to keep; nothing where no row is newer than a write."""
    update: str
    clear: str


@value
class Upsert:
    """How a plan writes rows that carry certain columns."""

    tuples: Tuples
    new: Tuples
    """The same rows, as `insert` takes them: without what only rows that are there get."""
    insert: Frame
    overwrite: Frame | None
    """Updates rows that surely exist; None where its insert part could fail, or would do anything at all, and where rows may be newer."""
    stage: Stage
    assign: Callable[[Row], bytes]
    """A row → `update … set …`, all columns, the key's too; where goes behind it."""
    newer: Newer | None
    """Set where the row that is there may be newer."""
    payload: bool
    """The mask has something to update besides the key."""


def upsert(plan: TargetPlan, mask: Sequence[int], number: int, dialect: Dialect, *, triggers: bool) -> Upsert:
    """Build what writes rows of this mask. `number` names the stage."""
    columns = [plan.columns[i] for i in mask]
    payload = [my_name(plan.columns[i].name) for i in mask if i not in plan.key and i not in plan.once]
    unnamed = spared(plan, {column.name for column in columns}, f"{my_table(plan.table.name)}.")
    inserted = [place for place, i in enumerate(mask) if i not in plan.later]
    given = [f"{name} = `new`.{name}" if dialect.alias else f"{name} = values({name})" for name in payload]
    overwriting = f"{' as `new`' if dialect.alias else ''} on duplicate key update {', '.join([*given, *unnamed])}"
    return Upsert(
        tuples(columns),
        _picked(columns, inserted),
        _rows(_insert(plan, [columns[place] for place in inserted])),
        _rows(_insert(plan, columns), overwriting) if not triggers and _overwritable(plan, {column.name for column in columns}) else None,
        _stage(plan, mask, f"`cdc_stage_{number}`", triggers=triggers),
        _assign(plan, mask),
        newer(plan, mask),
        bool(payload),
    )


def _insert(plan: TargetPlan, columns: Sequence[Column]) -> str:
    return f"insert into {my_table(plan.table.name)} ({', '.join(my_name(column.name) for column in columns)}) values "


def _picked(columns: Sequence[Column], places: Sequence[int]) -> Tuples:
    """Tuples of some of the columns; the rows have all of them."""
    if len(places) == len(columns):
        return tuples(columns)
    write = tuples([columns[place] for place in places])
    return lambda rows: write([tuple(row[place] for place in places) for row in rows])


def _overwritable(plan: TargetPlan, named: set[str]) -> bool:
    """`on duplicate key update` first tries to insert. It is right for a row known to exist only if the primary key is what matches,
    so that a clash on another index is an error, and if the columns that it does not name need no value and use up no number. It can't tell how many rows kept what is newer.
    """
    index = _index(plan)
    return (
        plan.newest is None
        and index is not None
        and index.primary
        and all(_spared(column) for column in plan.table.columns if column.name not in named)
    )


def _spared(column: Column) -> bool:
    return column.generated or ((column.nullable or column.default) and not column.identity)


def _stage(plan: TargetPlan, mask: Sequence[int], stage: str, *, triggers: bool) -> Stage:
    """Triggers fire for every row that an update meets, so with triggers it meets only the rows that differ."""
    table, columns = my_table(plan.table.name), [plan.columns[i] for i in mask]
    key = [plan.columns[i] for i in plan.key]
    payload = [plan.columns[i] for i in mask if i not in plan.key and i not in plan.once]
    index = _index(plan)
    forced = f" force index ({my_name(index.name)})" if index else ""
    on = " and ".join(f"t.{my_name(column.name)} = s.{my_name(column.name)}" for column in key)
    joined = f"{stage} s straight_join {table} t{forced} on {on}"
    differ = f" where not ({' and '.join(_same(column) for column in payload)})" if triggers else ""
    assigned = [f"t.{my_name(column.name)} = s.{my_name(column.name)}" for column in payload]
    assigned += spared(plan, {column.name for column in columns}, "t.")
    names = ", ".join(my_name(column.name) for column in columns)
    primary = f" (primary key ({', '.join(my_name(column.name) for column in key)}))" if index else ""
    return Stage(
        f"create temporary table {stage}{primary} engine=InnoDB as select {names} from {table} limit 0",
        _rows(f"insert into {stage} ({names}) values "),
        settle(plan, mask, joined),
        f"update {joined} set {', '.join(assigned)}{differ}",
        f"delete from {stage}",
    )


def _same(column: Column) -> str:
    name = my_name(column.name)
    if column.type.kind in TEXTS:
        return f"cast(t.{name} as binary) <=> cast(s.{name} as binary)"
    return f"t.{name} <=> s.{name}"


def _assign(plan: TargetPlan, mask: Sequence[int]) -> Callable[[Row], bytes]:
    head = f"update {my_table(plan.table.name)} set "
    updated = [(place, plan.columns[i]) for place, i in enumerate(mask) if i not in plan.once]
    makers = [(place, my_name(column.name), literals(column)) for place, column in updated]
    unnamed = spared(plan, {plan.columns[i].name for i in mask})

    def assign(row: Row) -> bytes:
        return encoded(head + ", ".join([*(f"{name} = {make([row[place]])[0]}" for place, name, make in makers), *unnamed]))

    return assign
