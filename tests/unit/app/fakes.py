"""A source and a target server in memory, as engines of a line, with faults on demand."""

import re
import threading
import time
from contextlib import suppress

from cdc.app.build import Engine, Line
from cdc.app.daemon.worker import Worker
from cdc.app.monitor.metrics import Meters, Metrics
from cdc.app.monitor.watch import Clock, Watch
from cdc.app.preflight.examined import Examined, Side
from cdc.model.change import Change, Op
from cdc.model.endpoint import Endpoint
from cdc.model.retention import Retention
from cdc.model.write import Applied, Checkpoint, Phase
from cdc.source.memory import MemorySource
from cdc.sql.crosswalk_admin import POSTGRESQL
from cdc.sql.parked import POSTGRESQL as PARKED
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
        self.laid_out = False
        self.findings = {"erp": [], "crm": []}
        self.faults = {}
        """What is asked (`source`, `apply`, `lag`, `erp`, `crm`) → errors, one for each time."""
        self.moved = threading.Condition()
        self.row = {"paused_at": None, "paused_for": "", "deletes_allowed": 0, "mappings": None, "request": None, "answer": None}
        self.row["resync"] = None
        self.audit = []
        self.beats, self.beating, self.retention, self.given_up = [], True, None, 0
        self.footings = {}

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

    def certificate(self, endpoint):
        self.fails(f"certificate of {endpoint.name}")
        return {"erp": 4102444800.0}.get(endpoint.name)

    def line(self):
        engine = Engine(
            lambda endpoint, pipeline, tables, target, told: LiveSource(self),
            lambda endpoint, pipeline: FakeAdmin(self, "erp"),
            lambda endpoint, pipeline, plans: FakeTarget(self),
            lambda endpoint, pipeline: FakeAdmin(self, "crm"),
            lambda endpoint: FakeReader(),
            lambda endpoint, plan: {},
            lambda endpoint, pipeline: FakeProbe(self),
            lambda endpoint, pipeline, tables, where, *, behind=False: None,
            self.certificate,
        )
        erp, crm = (Endpoint(name, "memory", "h", 1, "u", "p", name, {}) for name in ("erp", "crm"))
        return Line(self.name, erp, crm, (), 100, engine, engine)

    def worker(self, *, once=False, **more):
        watch = Watch(self.name, Clock())
        return Worker(self.line(), watch, Meters(Metrics(), watch, source="erp", target="crm", mappings=["customers"]), once=once, **more)


class FakeProbe:
    """A source's server beside its log."""

    def __init__(self, servers):
        self.servers = servers

    def setup(self):
        return ()

    def teardown(self):
        return ()

    def findings(self):
        return ()

    def beat(self, at):
        self.servers.beats.append(at)
        return self.servers.beating

    def retention(self):
        self.servers.fails("retention")
        return self.servers.retention or Retention(time.time())

    def footings(self, names, known):
        return self.servers.footings

    def give_up(self):
        self.servers.given_up += 1

    def close(self):
        pass


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

    def remarks(self):
        return ()

    def close(self):
        self.servers.closed += 1


class NothingParked:
    def keys(self, after=0):
        return ()

    def entries(self, ids):
        return ()


class FakeTarget:
    parked = NothingParked()

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
        if self.servers.checkpoint or self.servers.laid_out:
            return []
        done = {text for database, text in self.servers.executed if database == self.database}
        return [text for text in (f"create a in {self.database}", f"create b in {self.database}") if text not in done]

    def teardown(self, *, crosswalk=False):
        return [f"drop in {self.database}"]

    words, parked = POSTGRESQL, PARKED

    def ask(self, statement):
        """The row beside the position, and the server's clock."""
        self.servers.fails("ask")
        if "cdc.parked" in statement:
            return []
        return [(*self.servers.row.values(), time.time())]

    def execute(self, statement):
        """What is written into the row is; nothing of it counts as executed."""
        self.servers.fails("execute")
        if found := re.match(r"update cdc\.checkpoint set (.*) where pipeline", statement, re.DOTALL):
            for pair in re.split(r", (?=[a-z_]+ = )", found[1]):
                column, _, text = pair.partition(" = ")
                self.servers.row[column] = None if text == "null" else text.strip("'").replace("''", "'")
            return
        if statement.startswith("insert into cdc.audit_trail"):
            self.servers.audit.append(statement)
        if statement in {"begin", "commit"} or "cdc.audit_trail" in statement:
            return
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
        sides.append(Side(database, dict.fromkeys(plan().sources), given.findings([]), None, checkpoint=given.checkpoint()))
    return Examined(line, *sides, plan(), problems)
