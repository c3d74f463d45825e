"""Our own transactions in a source's log → the tables whose rows are told all the same, since queries read them."""

from __future__ import annotations

from cdc.model.change import Origin
from cdc.model.table import TableName
from cdc.model.value import value


@value
class Told:
    """What a pipeline wants to hear of its echoes: rows of `tables`. `node` is the source database's own name."""

    node: str = ""
    tables: frozenset[TableName] = frozenset()

    def of(self, origin: Origin) -> frozenset[TableName]:
        """Return the tables of which rows are told. None where the change has been here before: the answer to it would come back for ever."""
        return frozenset() if self.node in origin else self.tables


NOTHING = Told()
