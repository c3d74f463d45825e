"""What a database in memory holds of a mapping, for tests that compare."""


class MemoryHeld:
    """Rows by the mapping's key."""

    def __init__(self, database, plan):
        self._database, self._plan = database, plan
        self._there = set()

    def found(self, keys):
        self._there.update(keys)

    def rest(self):
        names = [self._plan.columns[at].name for at in self._plan.key]
        for row in list(self._database.rows(self._plan.table.name)):
            if (key := tuple(row[name] for name in names)) not in self._there:
                yield key
