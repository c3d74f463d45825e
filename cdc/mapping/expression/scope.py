"""What an expression may refer to: a source table's columns, by PostgreSQL's rules of letter case."""

from __future__ import annotations

from collections.abc import Mapping

from cdc.mapping.expression.node import Column
from cdc.mapping.expression.refusal import Refused
from cdc.mapping.expression.sqltype import ANY, of_column
from cdc.mapping.problem import did_you_mean
from cdc.model.types import Type
from cdc.model.value import value


@value
class Scope:
    """The columns of a table, in the order of its rows. `columns` is None when the table is not known."""

    table: str
    columns: Mapping[str, Type] | None

    def column(self, name: str, *, quoted: bool, offset: int, width: int) -> Column:
        """Return the column that is meant. Raises `Refused`."""
        if self.columns is None:
            return Column(ANY, 0, name, None)
        names = list(self.columns)
        found = _found(name, names, quoted=quoted)
        if len(found) != 1:
            raise _ambiguous(name, found, offset, width) if found else self._unknown(name, names, offset, width)
        given = self.columns[found[0]]
        return Column(of_column(given), names.index(found[0]), found[0], given)

    def _unknown(self, name: str, names: list[str], offset: int, width: int) -> Refused:
        return Refused("unknown-column", f"column '{name}' does not exist in {self.table}", did_you_mean(name, names), offset, width)


def _found(name: str, names: list[str], *, quoted: bool) -> list[str]:
    """Unquoted names are folded to lower case; where that finds nothing, letter case does not count."""
    exact = name if quoted else name.lower()
    if exact in names:
        return [exact]
    return [] if quoted else [known for known in names if known.lower() == exact]


def _ambiguous(name: str, found: list[str], offset: int, width: int) -> Refused:
    quoted = " or ".join(f'"{known}"' for known in found)
    return Refused("ambiguous-column", f"column '{name}' may be {quoted}", "put the one that is meant in double quotes", offset, width)
