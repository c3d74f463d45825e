"""Recorded streams: a server's own bytes, what they mean, and what an assembler must know to read them. `record.py` makes them.

`<name>.bin` holds the events or frames, each behind its length (four bytes, little-endian); `<name>.json` the rest.
"""

import json
from pathlib import Path

from cdc.model.change import ABSENT, Part, Transaction
from cdc.model.table import TableName
from cdc.server.mysql_types import Charset
from cdc.source.mysql import assembler as mysql
from cdc.source.mysql.charsets import Charsets
from cdc.source.mysql.log import Server
from cdc.source.mysql.position import parse as log_position
from cdc.source.mysql.progress import Progress
from cdc.source.mysql.shapes import Shapes as LogShapes
from cdc.source.postgresql import assembler as postgresql
from cdc.source.postgresql.position import place
from cdc.source.postgresql.shapes import Shapes as WalShapes
from tests.unit.source.test_pgoutput_assembler import Catalogue

FOLDER = Path(__file__).parents[1] / "cases" / "wire"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.bin")))


class Recording:
    def __init__(self, name, facts, events):
        self.name, self.facts, self.events = name, facts, events
        self.wanted = [TableName(*table) for table in facts["wanted"]]
        self.is_log = facts["kind"] == "mysql"

    def transactions(self, events=None):
        """Read events, or all that were recorded. Raises what an assembler raises."""
        events = self.events if events is None else events
        return [transaction for transaction in (self._log(events) if self.is_log else self._wal(events)) if transaction]

    @property
    def preamble(self):
        """What comes before the first transaction."""
        return self.events[: self._beginnings()[0]]

    def groups(self):
        """Split into transactions. A frame or a table map that they rest on comes first."""
        begins = self._beginnings()
        groups = [self.events[at:end] for at, end in zip(begins, [*begins[1:], len(self.events)], strict=True)]
        return (
            groups if self.is_log else [groups[0], *(self._announced(at) + group for at, group in zip(begins[1:], groups[1:], strict=True))]
        )

    def _announced(self, until):
        """PostgreSQL announces a relation once."""
        return [event for event in self.events[:until] if event[25:26] in (b"R", b"Y")]

    def _beginnings(self):
        return [at for at, event in enumerate(self.events) if self._begins(event)]

    def _begins(self, event):
        return event[4] in (33, 34, 42, 162) if self.is_log else event[25:26] == b"B"

    def _log(self, events):
        charsets = Charsets({int(number): Charset(*each) for number, each in self.facts["collations"].items()}, self.facts["tables"])
        *server, gtids, folds = self.facts["server"]
        server = Server(server[0], tuple(server[1]), server[2], gtids, folds)
        after = log_position(self.facts["after"])
        shapes = LogShapes(self.wanted, server, charsets, lambda _: None)
        reader = mysql.Assembler(Progress(after, server.identity), shapes, "crm", self.facts["checksum"])
        for event in events:
            found = reader.event(b"\0" + event + b"behind it", 1, 1 + len(event))
            if isinstance(found, Transaction | Part | None):
                yield found
            else:
                yield from found

    def _wal(self, events):
        shapes = WalShapes(self.wanted, Catalogue(keys=dict.fromkeys(self.wanted, ("id",))))
        reader = postgresql.Assembler(shapes, "crm", place(self.facts["after"]))
        for event in events:
            reader.decode(event)
            yield from reader.taken()


def load(name):
    facts = json.loads((FOLDER / f"{name}.json").read_text())
    return Recording(name, facts, unpacked((FOLDER / f"{name}.bin").read_bytes()))


def unpacked(data):
    events, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        events.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return events


def shown(transactions):
    """Return transactions as JSON can hold them: 0 stands for a value that is absent."""
    return [
        [
            transaction.upto, round(transaction.committed_at, 6), transaction.echoes,
            [[*change.table.name, change.op.value, _row(change.old), _row(change.new)] for change in transaction.changes],
        ]
        for transaction in transactions
    ]  # fmt: skip


def _row(row):
    return row and [0 if value is ABSENT else value for value in row]
