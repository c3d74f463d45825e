"""The scheduler: one seed decides who moves next, what the clock says, and what goes wrong at which border."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from random import Random

from cdc.mapping.plan import Now, Plan, Route, RowPlan
from cdc.model.change import ABSENT
from cdc.model.errors import BadRow, CdcError, Fenced, Held, Transient, Truncated, Unreachable
from cdc.model.parked import source_keys
from cdc.model.table import Column, Definition, ForeignKey, Table, TableName, Unique
from cdc.model.write import Deletes, TargetPlan, Truncates
from cdc.pipeline.batch import Limits
from cdc.pipeline.budget import Budget
from cdc.pipeline.loop import run
from cdc.pipeline.step import Done, Step, Waiting
from tests.plans import TEXT, upper
from tests.simulation.application import GATES, Application
from tests.simulation.judge import Fields, Spot, differences, unexplained
from tests.simulation.server import Killed, Reader, Server, Writer

REST = 150
"""Steps after which everything comes to rest and is judged."""
_PATIENCE = 4000
"""Steps within which it must come to rest."""


def _table(schema: str, name: str, columns: str, keys: tuple[ForeignKey, ...] = (), unique: str = "") -> Definition:
    uniques = (Unique(f"{name}_pkey", ("id",), primary=True, exact=True),)
    uniques += (Unique(f"{name}_{unique}", (unique,), primary=False, exact=True),) if unique else ()
    made = tuple(Column(column, TEXT, nullable=column != "id") for column in columns.split())
    return Definition(TableName(schema, name), made, uniques, keys, ("id",), triggers=False, estimate=0)


_PARENT = ForeignKey("to_customer", ("customer",), TableName("crm", "customer"), ("id",), cascades=False)
_GATE = ForeignKey("to_gate", ("gate",), TableName("crm", "gate"), ("id",), cascades=False)
ERP = (
    _table("erp", "customer", "id name note active ver"),
    _table("erp", "contact", "id customer code gate ver"),
    _table("erp", "bank", "id balance ver"),
    _table("erp", "shared", "id name ver"),
    _table("erp", "scrap", "id ver"),
)
CRM = (
    _table("crm", "customer", "id name note ver remark"),
    _table("crm", "contact", "id customer code gate ver", (_PARENT, _GATE), "code"),
    _table("crm", "bank", "id balance ver"),
    _table("crm", "shared", "id name ver"),
    _table("crm", "scrap", "id ver"),
    _table("crm", "gate", "id"),
)
MAPPED = {
    "customer": ("id", "name", "note", "ver"),
    "contact": ("id", "customer", "code", "gate", "ver"),
    "bank": ("id", "balance", "ver"),
    "shared": ("id", "name", "ver"),
    "scrap": ("id", "ver"),
}


class World:
    """Two databases and a daemon that replicates both ways: all of the ERP to the CRM, and the shared rows back."""

    def __init__(self, seed: int) -> None:
        self.seed, self.random = seed, Random(seed)
        self.now, self.rate = 1000.0, self.random.choice((0.002, 0.01, 0.05, 0.15))
        self.broken: set[str] = set()
        """Keys that the mapping can't do with."""
        self.halts = True
        """Whether a TRUNCATE halts the pipeline."""
        self.erp, self.crm = Server("erp", ERP), Server("crm", CRM)
        self.application = Application((self.erp, self.crm), self.random)
        for gate in GATES:
            self.crm.put("gate", gate, {"id": gate})
        self.pipelines = [Pipeline(self, "out", self.erp, self.crm, tuple(MAPPED)), Pipeline(self, "back", self.crm, self.erp, ("shared",))]
        self.steps = self.faults = self.rests = 0

    def clock(self) -> float:
        self.now += 0.0001
        return self.now

    def border(self, *errors: type[CdcError]) -> None:
        """What may happen whenever the loop leaves its process."""
        if self.rate and self.random.random() < self.rate:
            self.faults += 1
            raise self.random.choice((*errors, Killed))("as the seed wants it")

    def pauses(self) -> bool:
        return self.random.random() < 0.05

    def steps_on(self, count: int) -> None:
        """Raises `AssertionError` with the seed that repeats what was wrong."""
        try:
            for _ in range(count):
                self.step()
        except Exception as error:
            raise AssertionError(f"seed {self.seed}, step {self.steps}: {error!r}") from error

    def counts(self) -> dict[str, int]:
        """How often what happened."""
        judges = self.erp.judge, self.crm.judge
        return {
            "steps": self.steps,
            "source transactions": self.application.transactions,
            "target transactions": sum(judge.commits for judge in judges),
            "effects": sum(judge.effects for judge in judges),
            "faults": self.faults,
            "starts": sum(pipeline.runs for pipeline in self.pipelines),
            "locked out": sum(pipeline.fenced for pipeline in self.pipelines),
            "halts at a truncate": self.pipelines[0].halted,
            "changes parked": next(copy(self.crm.database.parked_ids)) - 1,
            "rests": self.rests,
        }

    def step(self) -> None:
        """Let somebody do something."""
        self.steps += 1
        chance = self.random.random()
        if chance < 0.25:
            self.application.transaction()
        elif chance < 0.95:
            self.random.choice(self.pipelines).step()
        elif chance < 0.98:
            self.now += self.random.choice((0.1, 1.5, 7.0, 70.0, 700.0))
        else:
            self.random.choice(
                (self._breaks, self._gate, self._remark, self.application.reshape, self._restarts, self._splits, self._asks)
            )()
        if self.steps % REST == 0:
            self.rest(mended=self.random.random() < 0.5)

    def _breaks(self) -> None:
        self.broken ^= {self.random.choice((f"c{self.random.randrange(8)}", f"p{self.random.randrange(8)}"))}

    def _gate(self) -> None:
        """The CRM's own table, that contacts refer to, loses a row that none refers to, or gets one back."""
        gate, there = self.random.choice(GATES), self.crm.table("gate")
        if gate not in there:
            self.crm.put("gate", gate, {"id": gate})
        elif gate not in {row["gate"] for row in self.crm.table("contact").values()}:
            self.crm.put("gate", gate, None)

    def _remark(self) -> None:
        for key, row in self.crm.table("customer").items():
            if self.random.random() < 0.3:
                self.crm.put("customer", key, {**row, "remark": f"r{self.random.random()}"})

    def _restarts(self) -> None:
        """A clean stop, and a start with mappings that were read again."""
        self.random.choice(self.pipelines).ends()

    def _splits(self) -> None:
        self.random.choice(self.pipelines).splits()

    def _asks(self) -> None:
        """An operator wants something tried again that waits, behind the daemon's back."""
        if parked := self.crm.database.parked.get("out"):
            number = self.random.choice(sorted(parked))
            parked[number] = replace(parked[number], asked=True)
            self.crm.database.parked_versions["out"] += 1

    def rest(self, *, mended: bool) -> None:
        """Let nobody write any more and nothing go wrong, wait until all is quiet, and judge. `mended`: nothing has to wait."""
        rate, self.rate = self.rate, 0.0
        if mended:
            self.broken.clear()
            for gate in GATES:
                self.crm.put("gate", gate, {"id": gate})
            self.application.detach()
        self._quiet(lambda: not self.waiting() if mended else True)
        waiting = self.waiting()
        there = {name: self.crm.table(name) for name in (*MAPPED, "gate")}
        found = differences(self.application.journal, there, waiting)
        found += [f"back: {said}" for said in self._back(waiting)]
        assert not found, f"{len(found)} differences: {'; '.join(found[:3])}"
        idle = unexplained(self.application.journal, there, self.broken, waiting)
        assert not idle, f"these wait without a cause: {idle}"
        self._restarted()
        if not waiting:
            for server in (self.erp, self.crm):
                server.judge.rests(self.application.version)
        self.application.shares = self.application.truncates = True
        self.rests += 1
        self.rate = rate

    def _back(self, waiting: dict[Spot, list[Fields]]) -> list[str]:
        """The shared rows are the journal's on both sides."""
        here, there = self.erp.table("shared"), self.application.journal["shared"]
        return [key for key in here.keys() | there.keys() if ("shared", key) not in waiting and here.get(key) != there.get(key)]

    def _quiet(self, true: Callable[[], bool]) -> None:
        """Wait until both have nothing left to do, tried again what waits, and written nothing for a while."""
        still = 0
        for _ in range(_PATIENCE):
            heads = self.erp.head, self.crm.head
            self.now += 200.0
            seen = [pipeline.step() for pipeline in self.pipelines]
            calm = all(
                isinstance(step, Waiting) and int(step.seen) == pipeline.source.head
                for step, pipeline in zip(seen, self.pipelines, strict=True)
            )
            still = still + 1 if calm and heads == (self.erp.head, self.crm.head) and true() else 0
            if still == 8:
                return
        raise AssertionError(f"it does not come to rest: {self.waiting()}")

    def _restarted(self) -> None:
        """A start without any change writes nothing."""
        heads = self.erp.judge.effects, self.crm.judge.effects
        for pipeline in self.pipelines:
            pipeline.ends()
        self._quiet(lambda: True)
        assert heads == (self.erp.judge.effects, self.crm.judge.effects), "a start without any change has written"

    def waiting(self) -> dict[Spot, list[Fields]]:
        """What is parked: each key that it is about, with the rows that wait there."""
        found: dict[Spot, list[Fields]] = {}
        for one in self.crm.database.parked.get("out", {}).values():
            names, change = [column.name for column in one.change.table.columns], one.change
            rows = [dict(zip(names, row, strict=True)) for row in (change.old, change.new) if row is not None]
            texts = [{name: text for name, text in row.items() if text is not ABSENT} for row in rows]
            for key in source_keys(change):
                found.setdefault((one.mapping, str(key[0])), []).extend(texts)
        return found


class Pipeline:
    """One direction of the daemon: started anew after whatever ends it, as its supervisor does."""

    def __init__(self, world: World, name: str, source: Server, target: Server, mappings: tuple[str, ...]) -> None:
        self.world, self.name, self.source, self.target, self.mappings = world, name, source, target, mappings
        self.runs = self.fenced = self.halted = 0
        self._writer: Writer | None = None
        self._reader: Reader | None = None
        self._steps: Iterator[Step] | None = None
        self._lost: list[Iterator[Step]] = []

    def step(self) -> Step | None:
        """One step of the loop, or of its start."""
        self._haunted()
        try:
            if self._steps is None:
                self._start()
            assert self._steps is not None
            step = next(self._steps)
        except Truncated:
            self.ends()
            self._mends()
        except (Unreachable, Transient, Held, Fenced, Killed):
            self.ends()
        else:
            self._adds_up(step)
            return step
        return None

    def _adds_up(self, step: Step) -> None:
        """Each row change that was read was written, was there already, waits, or is counted with the reason why it was left out."""
        assert self._reader is not None and self._writer is not None
        if isinstance(step, Done):
            self._told += sum(step.applied.rows.values()) + sum(step.applied.unchanged.values()) + sum((step.batch.skipped or {}).values())
        elif isinstance(step, Waiting):
            self._told += sum(step.skipped.values())
            told = self._told + self._writer.parks
            assert self._reader.given == told, f"{self._reader.given} row changes were read, and {told} are accounted for"

    def _start(self) -> None:
        self.runs += 1
        self._told = 0
        world, plan = self.world, self._plan()
        self._reader = Reader(self.source, self.target, world.border, world.pauses)
        self._writer = Writer(self.target, self.name, plan.targets, world.border)
        limits = Limits(world.random.randint(1, 12), parking=Budget(rows=10_000, share=1.0))
        self._steps = run(self._reader, plan, self._writer, node=self.source.name, limits=limits, clock=world.clock)

    def ends(self) -> None:
        if self._steps is not None and self._writer is not None:
            self._steps.close()  # type: ignore[attr-defined]
            self._writer.close()
        self._steps = None

    def splits(self) -> None:
        """The network breaks: the target gives the lock to the next one, and this one doesn't know."""
        if self._steps is not None and self._reader is not None:
            self._reader.lost = True
            self._lost.append(self._steps)
            self.target.database.holders.pop(self.name, None)
            self._steps = None

    def _haunted(self) -> None:
        """One that was locked out and doesn't know goes on now and then; when it writes, it is fenced."""
        if self._lost and self._steps is not None and self.world.random.random() < 0.2:
            lost = self._lost.pop()
            try:
                for _ in range(5):
                    assert not isinstance(next(lost), Done), "one that was locked out has written"
            except Fenced:
                self.fenced += 1
            except (CdcError, Killed):
                pass

    def _mends(self) -> None:
        """An operator makes the target right by hand, says so in the mapping until the place is behind, and takes it back."""
        self.halted += 1
        if self.world.halts:
            self.target.clear("scrap")
            self.world.halts = False

    def _plan(self) -> Plan:
        halts, self.world.halts = self.world.halts, True
        routes, plans = [], {}
        for rank, name in enumerate(self.mappings):
            target = self.target.database.tables[TableName(self.target.name, name)].definition
            columns = tuple(column for column in target.columns if column.name in MAPPED[name])
            plan = TargetPlan(name, target, columns, (0,), Deletes.HARD, (), rank)
            routes.append(Route(TableName(self.source.name, name), plan))
            plans[TableName(self.source.name, name)] = plan
        truncates = Truncates.HALT if halts else Truncates.IGNORE
        return Plan(tuple(routes), lambda shape: (self._bound(plans[shape.name], shape, truncates),) if shape.name in plans else ())

    def _bound(self, plan: TargetPlan, shape: Table, truncates: Truncates) -> RowPlan:
        """Compile a mapping for a shape, by its columns' names."""
        names = [column.name for column in shape.columns]
        places = [names.index(column.name) for column in plan.columns]
        key, active, broken = names.index("id"), names.index("active") if "active" in names else None, self.world.broken
        change = [upper if (plan.mapping, column.name) == ("customer", "name") else None for column in plan.columns]

        def map_row(row):
            if row[key] in broken:
                raise BadRow(f"mapping {plan.mapping}: the row is broken")
            if active is not None and row[active] != "t":
                return None
            return (row[key],), tuple(row[at] if how is None else how(row[at]) for at, how in zip(places, change, strict=True))

        def key_of(row):
            return None if active is not None and isinstance(row[active], str) and row[active] != "t" else (row[key],)

        now = self.source.shapes[shape.name.name]
        kept = {column.name: at for at, column in enumerate(shape.columns)}
        older = None if now is shape else Now(now, tuple(kept.get(column.name) for column in now.columns))
        return RowPlan(plan, map_row, key_of, truncates, "", now=older)
