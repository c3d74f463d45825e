"""Target tables that change between two transactions: seen once in each, before anything can commit."""

import pytest

from cdc.model.errors import Drifted
from cdc.target.guard import Guard, columns_of
from tests.plans import plan


def test_a_table_is_looked_at_once_in_a_transaction_and_only_the_written_columns():
    """torture: F09"""
    (target,) = plan().targets
    table, asked = target.table.name, []

    def see(name, columns):
        asked.append((name, tuple(columns)))
        return [(column, 23) for column in columns]

    guard = Guard([target, target], see)
    assert asked == [(table, columns_of([target])[table])]
    guard.begins()
    assert [guard.unseen(table), guard.unseen(table)] == [True, False]
    guard.begins()
    assert guard.unseen(table)
    guard.prove(table, see(table, guard.columns[table]))
    changed = [(column, 20 if at == 1 else 23) for at, column in enumerate(guard.columns[table])]
    with pytest.raises(Drifted, match=guard.columns[table][1]) as stopped:
        guard.prove(table, changed)
    assert stopped.value.mappings == (target.mapping,)
