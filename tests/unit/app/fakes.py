"""A source and a target server in memory, as engines of a line, with faults on demand."""

import threading
import time
from contextlib import suppress

from cdc.app.build import Engine, Line
from cdc.app.metrics import Meters, Metrics
from cdc.app.preflight import Examined, Side
from cdc.app.watch import Clock, Watch
from cdc.app.worker import Worker
from cdc.model.change import Change, Op
from cdc.model.endpoint import Endpoint
from cdc.model.write import Applied, Checkpoint, Phase
from cdc.source.memory import MemorySource
from tests.plans import SOURCE, plan


class Servers:
    """Both servers of a pipeline: the log, the checkpoint, what was executed, and errors that come when something is asked."""

    def __init__(self, name="erp_to_crm"):
        self.name = name
        self.log = []
        self.checkpoint = None
        self.applied = []
        self.executed = []
        self.opened = self.closed = 0
        self.holder = None
        self.findings = {"erp": [], "crm": []}
        self.faults = {}
        """What is asked (`source`, `apply`, `lag`, `erp`, `crm`) → errors, one for each time."""
        self.moved = threading.Condition()

    def commit(self, key, at=None):
        MemorySource.commit(self.source(), Change(SOURCE, Op.INSERT, None, (key, "a", None, "t")), committed_at=at or time.time())

    def source(self):
        source = MemorySource()
        source.log = self.log
        return source

    def fails(self, what):
        if self.faults.get(what):
            raise self.faults[what].pop(0)

    def wait(self, true, seconds=10):
        """Wait until something is true of the servers."""
        with self.moved:
            assert self.moved.wait_for(lambda: true(self), seconds), "it did not come true in time"

    def line(self):
        engine = Engine(
            lambda endpoint, pipeline, tables, target: LiveSource(self),
            lambda endpoint, pipeline: FakeAdmin(self, "erp"),
            lambda endpoint, pipeline, plans: FakeTarget(self),
            lambda endpoint, pipeline: FakeAdmin(self, "crm"),
            lambda endpoint: FakeReader(),
            lambda endpoint, plan: {},
        )
        erp, crm = (Endpoint(name, "memory", "h", 1, "u", "p", name, {}) for name in ("erp", "crm"))
        return Line(self.name, erp, crm, (), 100, engine, engine)

    def worker(self, *, once=False, **more):
        watch = Watch(self.name, Clock())
        return Worker(self.line(), watch, Meters(Metrics(), watch, source="erp", target="crm", mappings=["customers"]), once=once, **more)


class FakeReader:
    def shape(self, definition):
        return SOURCE

    def close(self):
        pass


class LiveSource:
    """Reads on until it is closed."""

    def __init__(self, servers):
        self.servers, self.memory, self.open = servers, servers.source(), True
        servers.fails("source")
        servers.opened += 1
        self.head, self.confirm, self.fetch, self.snapshot = self.memory.head, self.memory.confirm, self.memory.fetch, self.memory.snapshot

    def read(self, after, until=None):
        while True:
            for item in self.memory.read(after, until):
                after = item.upto
                yield item
            if until is not None:
                return
            self.servers.fails("read")
            time.sleep(0.002)

    def lag_bytes(self, after):
        self.servers.fails("lag")
        return self.memory.lag_bytes(after) * 100

    def queued(self):
        return 3

    def close(self):
        self.servers.closed += 1


class FakeTarget:
    def __init__(self, servers):
        servers.fails("target")
        servers.opened += 1
        self.servers = servers

    def checkpoint(self):
        self.servers.fails("held")
        return self.servers.checkpoint or Checkpoint(None, Phase.LOADING, 0, 0.0)

    def apply(self, batch):
        servers = self.servers
        servers.fails("apply")
        before = servers.checkpoint or Checkpoint(None, Phase.LOADING, 0, 0.0)
        servers.checkpoint = Checkpoint(batch.upto, batch.phase, before.rows + len(batch.writes), batch.newest or before.newest)
        with servers.moved:
            servers.applied += [write.key[0] for write in batch.writes]
            servers.moved.notify_all()
        return Applied({("customers", Op.INSERT): len(batch.writes)}, {})

    def ping(self):
        return

    def close(self):
        self.servers.closed += 1


class FakeAdmin:
    def __init__(self, servers, database):
        servers.fails(database)
        self.servers, self.database = servers, database

    def definitions(self, names):
        return {}

    def hidden(self, names):
        return {}

    def tables(self):
        return []

    def prove(self, after):
        self.servers.fails("prove")

    def findings(self, tables):
        return self.servers.findings[self.database]

    def setup(self, tables=None, *, crosswalk=False):
        done = {text for database, text in self.servers.executed if database == self.database}
        return [text for text in (f"create a in {self.database}", f"create b in {self.database}") if text not in done]

    def teardown(self, *, crosswalk=False):
        return [f"drop in {self.database}"]

    def execute(self, statement):
        self.servers.fails("execute")
        self.servers.executed.append((self.database, statement))

    def checkpoint(self):
        return self.servers.checkpoint

    def holder(self):
        return self.servers.holder

    def close(self):
        with suppress(AttributeError):
            self.servers.executed_last = self.database


def examined(line, problems=()):
    """What the preflight says when the mappings fit."""
    sides = []
    for admin, database in ((line.source_admin, "erp"), (line.target_admin, "crm")):
        given = admin()
        sides.append(Side(database, {}, given.findings([]), None, checkpoint=given.checkpoint()))
    return Examined(line, *sides, plan(), problems)
