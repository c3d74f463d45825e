"""What an expression may refer to: a source table's columns, by PostgreSQL's rules of letter case, and the change that made the row."""

from __future__ import annotations

from collections.abc import Mapping

from cdc.mapping.expression.node import Column, Node, columns_of
from cdc.mapping.expression.refusal import Refused
from cdc.mapping.expression.salt import Salt
from cdc.mapping.expression.sqltype import ANY, Sql, SqlType, of_column
from cdc.mapping.files.problem import did_you_mean
from cdc.model.types import Type
from cdc.model.value import value

CELL = "\x01"
"""No column's name."""


@value
class Scope:
    """The columns of a table, in the order of its rows. `columns` is None when the table is not known."""

    table: str
    columns: Mapping[str, Type] | None
    salt: Salt | None = None
    """What `hash_sha256` adds to each text; None: nobody has said."""
    row_alone: str = ""
    """What the expression is for, when it must follow from the row alone and so can't ask about the change: `where`, a key."""
    cell: Node | None = None
    """What a cell of a decision table is about; there its name is `CELL`."""
    first: int = 0
    """Where the columns begin, when they are not those of a source's row."""

    def column(self, name: str, *, quoted: bool, offset: int, width: int) -> Column:
        """Return the column that is meant. Raises `Refused`."""
        if self.columns is None:
            return Column(ANY, 0, name, None)
        names = list(self.columns)
        found = _found(name, names, quoted=quoted)
        if len(found) != 1:
            raise _ambiguous(name, found, offset, width) if found else self._unknown(name, names, offset, width)
        given = self.columns[found[0]]
        return Column(of_column(given), self.first + names.index(found[0]), found[0], given)

    def old(self, name: str, *, quoted: bool, offset: int, width: int) -> Column:
        """Return the column as it was before the change. Raises `Refused`. `change_row.with_change` puts it behind those of the row."""
        found = self.column(name, quoted=quoted, offset=offset, width=width)
        return Column(found.type, len(self.columns or ()) + found.index, found.name, found.column)

    def op(self) -> Column:
        """Return what the change did: behind the row and the one before it."""
        return Column(SqlType(Sql.VARCHAR, len("insert")), 2 * len(self.columns or ()), "op()", None)

    def commit_time(self) -> Column:
        return Column(SqlType(Sql.INSTANT, 6), 2 * len(self.columns or ()) + 1, "commit_time()", None)

    def _unknown(self, name: str, names: list[str], offset: int, width: int) -> Refused:
        return Refused("unknown-column", f"column '{name}' does not exist in {self.table}", did_you_mean(name, names), offset, width)


def asks_about_change(node: Node, width: int) -> bool:
    """Whether the expression reads anything behind the columns of a row of this width."""
    return max(columns_of(node), default=0) >= width


def _found(name: str, names: list[str], *, quoted: bool) -> list[str]:
    """Unquoted names are folded to lower case; where that finds nothing, letter case does not count."""
    exact = name if quoted else name.lower()
    if exact in names:
        return [exact]
    return [] if quoted else [known for known in names if known.lower() == exact]


def _ambiguous(name: str, found: list[str], offset: int, width: int) -> Refused:
    quoted = " or ".join(f'"{known}"' for known in found)
    return Refused("ambiguous-column", f"column '{name}' may be {quoted}", "put the one that is meant in double quotes", offset, width)
