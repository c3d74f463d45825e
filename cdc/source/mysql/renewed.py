"""ALTERs in the log to columns that were dropped and made anew: what rows hold in these since is in no log, and people have to hear of it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence

from cdc.model.table import Definition, TableName
from cdc.source.mysql.statement import Statement
from cdc.source.standing import anew


class Renewed:
    """Columns by name, whose letter case makes no other. What is found waits in `remarks` for another thread."""

    def __init__(self, describe: Callable[[TableName], Definition | None]) -> None:
        self._describe = describe
        self._gone: dict[TableName, set[str]] = defaultdict(set)
        self.remarks: deque[str] = deque(maxlen=1_000)

    def takes(self, table: TableName, statement: Statement) -> None:
        """Take an ALTER of a wanted table. Of a column that is there again by now, this log's end has the rest: it is told at once."""
        if not statement.dropped and not self._gone[table]:
            return
        dropped, added = _folded(statement.dropped), _folded(statement.added)
        gone = self._gone[table] | set(dropped)
        back = {name for name in added if name in gone}
        if rest := set(dropped) - back:
            known = self._describe(table)
            back |= rest & set(_folded([column.name for column in known.columns] if known else ()))
        self._gone[table] = gone - back
        self.remarks.extend(anew(table, name) for name in sorted(back))


def _folded(names: Sequence[str]) -> Sequence[str]:
    return [name.lower() for name in names]
