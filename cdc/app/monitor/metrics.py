"""What Prometheus scrapes: every family as data, and one pipeline's children of them, bound when the daemon starts."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from cdc.app.monitor.family import Family
from cdc.app.monitor.family import P as _P
from cdc.app.monitor.family import T as _T
from cdc.app.monitor.measured_metrics import MEASURED, MeasuredCollector, Reloaded, Watched
from cdc.app.monitor.watch import State, Watch
from cdc.app.version import current
from cdc.model.change import Op
from cdc.model.errors import CdcError, Retry
from cdc.model.write import Applied, Batch
from cdc.pipeline.batch import LOOP
from cdc.pipeline.step import Holding, Step, Waiting
from cdc.pipeline.translate import DELETE_IGNORED, FILTER, TRUNCATE_IGNORED

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
ROWS = (1, 5, 10, 50, 100, 500, 1000, 2000, 5000, 10_000, 50_000)


FAMILIES: Sequence[Family] = (
    Family("build", "info", (), "The running program: version and Python."),
    Family("pipeline_up", "gauge", _P, "1 while the pipeline streams or is caught up, else 0."),
    Family("pipeline_state", "gauge", (*_P, "state"), "1 for the state that the pipeline is in, 0 for the others."),
    Family("connection_reconnects_total", "counter", (*_P, "endpoint", "reason"), "Connections made anew after a fault of this database."),
    Family("lag_seconds", "gauge", _P, "Age of the oldest source transaction that is not yet committed on the target; 0: there is none."),
    Family("lag_bytes", "gauge", _P, "Bytes of the source's log after the point up to which all is done; NaN: not known yet."),
    Family("last_received_commit_timestamp_seconds", "gauge", _P, "Source's commit time of the last transaction that was read; 0: none."),
    Family("last_applied_commit_timestamp_seconds", "gauge", _P, "Source's commit time of the last transaction applied; 0: none."),
    Family("end_to_end_latency_seconds", "histogram", _P, "Commit on the source to commit on the target: each batch's oldest.", SECONDS),
    Family("transactions_total", "counter", (*_P, "outcome"), "Source transactions with rows for the target."),
    Family("rows_total", "counter", (*_T, "op"), "Row changes that took effect on the target. `table` is the mapping."),
    Family("rows_adopted_total", "counter", _T, "Rows of the target that `match` has made a source row's own. `table` is the mapping."),
    Family(
        "rows_kept_newer_total",
        "counter",
        _T,
        "Rows of the target that kept newer values than a write's (`owner: newest`). `table` is the mapping.",
    ),
    Family("rows_skipped_total", "counter", (*_T, "reason"), "Row changes that wrote nothing. `table` is the mapping or the source table."),
    Family("loop_events_skipped_total", "counter", (*_P, "source"), "Row changes that were our own writes coming back."),
    Family("batches_total", "counter", (*_P, "outcome"), "Target transactions: `applied` or `failed`."),
    Family("batch_rows", "histogram", _P, "Rows that a batch asked the target to write.", ROWS),
    Family("queue_rows", "gauge", _P, "Row changes that have been read and wait to be applied."),
    Family("apply_duration_seconds", "histogram", _P, "One target transaction, its commit included.", SECONDS),
    Family("errors_total", "counter", (*_P, "class", "stage"), "Errors that ended a run, by who must act and by where they arose."),
    Family("retries_total", "counter", (*_P, "class"), "Faults that go away by themselves, each followed by another try."),
    Family("schema_drift", "gauge", (*_P, "mapping"), "1 while the pipeline waits because this mapping no longer fits its tables."),
    Family("snapshot_running", "gauge", _T, "1 while this mapping's initial load runs."),
    Family("snapshot_rows", "gauge", _T, "Rows of the source table that the initial load has read."),
    Family("snapshot_rows_estimated", "gauge", _T, "Rows of the source table, roughly, when its initial load began."),
    Family(
        "heartbeat_latency_seconds", "histogram", _P, "From a heartbeat's writing to all before it being durable on the target.", SECONDS
    ),
    Family("parked_rows", "gauge", _T, "Row changes that wait since they, or an earlier one of their key, can't be mapped or written."),
    Family("parked_oldest_timestamp_seconds", "gauge", _P, "When the first row change that waits now was parked; 0: none waits."),
    Family("parked_total", "counter", _T, "Row changes that were parked."),
    Family("parked_replayed_total", "counter", _T, "Parked row changes that were applied after all, or had nothing left to do."),
    Family("parked_skipped_total", "counter", _T, "Parked row changes that an operator has given up."),
    *MEASURED,
)

OPS = (Op.INSERT, Op.UPDATE, Op.DELETE)
SKIPPED = (FILTER, DELETE_IGNORED, TRUNCATE_IGNORED, "unchanged")
STAGES: Mapping[str, str] = {"cdc.source": "read", "cdc.target": "apply", "cdc.mapping": "map", "cdc.pipeline.translate": "map"}
"""Floor → the stage that an error raised there belongs to."""
START = "start"
UNEXPECTED = "unexpected"


def error_classes() -> Mapping[str, Retry]:
    """Return the name of each class of error, and whether it goes away by itself."""
    return {kind.name: kind.retry for kind in _kinds(CdcError)} | {UNEXPECTED: Retry.NEVER}


def _kinds(kind: type[CdcError]) -> Iterator[type[CdcError]]:
    yield kind
    for more in kind.__subclasses__():
        yield from _kinds(more)


def stage_of(error: BaseException) -> str:
    """Return the stage of the deepest of our floors that the error passed through."""
    trace, found = error.__traceback__, START
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        found = next((stage for floor, stage in STAGES.items() if module == floor or module.startswith(f"{floor}.")), found)
        trace = trace.tb_next
    return found


class Metrics:
    """The registry and its families."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        own = [family for family in FAMILIES if family not in MEASURED]
        self._families: Mapping[str, Any] = {family.name: _make(family, self.registry) for family in own}
        self.measured = MeasuredCollector()
        self.registry.register(self.measured)
        self["build"].info({"version": current(), "python": platform.python_version()})
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def reloads(self, reloads: Reloaded) -> None:
        """Show how reloads go."""
        self.measured.reloads = reloads

    def __getitem__(self, name: str) -> Any:
        return self._families[name]


def _make(family: Family, registry: CollectorRegistry) -> Counter | Gauge | Histogram | Info:
    name = f"cdc_{family.name}"
    if family.kind == "histogram":
        return Histogram(name, family.help, family.labels, registry=registry, buckets=family.buckets)
    kinds: Mapping[str, type[Counter | Gauge | Info]] = {"counter": Counter, "gauge": Gauge, "info": Info}
    return kinds[family.kind](name, family.help, family.labels, registry=registry)


class Meters:
    """One pipeline's children. Called a few times per batch, never per row; label sets that are known are there from the start."""

    def __init__(self, metrics: Metrics, watch: Watch, *, source: str, target: str, mappings: Iterable[str]) -> None:
        self._metrics, self._pipeline, self._watch = metrics, watch.pipeline, watch
        self._endpoints = {"read": source, "apply": target}
        self._apply_duration = self._child("apply_duration_seconds")
        self._latency = self._child("end_to_end_latency_seconds")
        self._batch_rows = self._child("batch_rows")
        self._transactions = self._child("transactions_total", outcome="applied")
        self._applied = self._child("batches_total", outcome="applied")
        self._heartbeat = self._child("heartbeat_latency_seconds")
        metrics.measured.watched.append(Watched(watch, source, target))
        self.failed = self._child("batches_total", outcome="failed")
        self._looped = self._child("loop_events_skipped_total", source=source)
        self._initialise(mappings)
        self._gauges()

    def _child(self, family: str, **labels: str) -> Any:
        return self._metrics[family].labels(pipeline=self._pipeline, **labels)

    def _initialise(self, mappings: Iterable[str]) -> None:
        classes = error_classes()
        passing = [name for name, retry in classes.items() if retry is Retry.SOON]
        for name, stage in product(classes, (START, *dict.fromkeys(STAGES.values()))):
            self._child("errors_total", **{"class": name, "stage": stage})
        for name in passing:
            self._child("retries_total", **{"class": name})
        for endpoint, reason in product(self._endpoints.values(), passing):
            self._child("connection_reconnects_total", endpoint=endpoint, reason=reason)
        for mapping in mappings:
            for op in OPS:
                self._child("rows_total", table=mapping, op=op.value)
            for reason in SKIPPED:
                self._child("rows_skipped_total", table=mapping, reason=reason)
            self._child("rows_adopted_total", table=mapping)
            self._child("rows_kept_newer_total", table=mapping)
            self._loads(mapping)
            self._child("parked_rows", table=mapping).set_function(lambda mapping=mapping: self._watch.parked.get(mapping, 0))
            for family in ("parked_total", "parked_replayed_total", "parked_skipped_total"):
                self._child(family, table=mapping)

    def _gauges(self) -> None:
        """What is computed when it is scraped."""
        watch = self._watch
        computed: Mapping[str, Callable[[], float]] = {
            "pipeline_up": lambda: watch.state is State.STREAMING,
            "lag_seconds": watch.lag_seconds,
            "lag_bytes": lambda: float("nan") if watch.ahead.bytes is None else watch.ahead.bytes,
            "queue_rows": lambda: float(watch.queued()),
            "last_received_commit_timestamp_seconds": lambda: watch.received,
            "last_applied_commit_timestamp_seconds": lambda: watch.applied,
            "parked_oldest_timestamp_seconds": lambda: watch.parked_oldest,
        }
        for family, function in computed.items():
            self._child(family).set_function(function)
        for state in State:
            self._child("pipeline_state", state=state.value).set_function(lambda state=state: watch.state is state)

    def _loads(self, mapping: str) -> None:
        watch = self._watch

        def running() -> bool:
            return watch.state is State.SNAPSHOT and mapping in watch.loads and not watch.loads[mapping].done

        self._child("schema_drift", mapping=mapping).set_function(lambda: watch.drifts(mapping))
        self._child("snapshot_running", table=mapping).set_function(running)
        self._child("snapshot_rows", table=mapping).set_function(lambda: watch.loads[mapping].rows if mapping in watch.loads else 0)
        self._child("snapshot_rows_estimated", table=mapping).set_function(
            lambda: watch.loads[mapping].estimate if mapping in watch.loads else 0
        )

    def step(self, step: Step) -> None:
        """Count what the loop left out beside its batches."""
        if isinstance(step, Waiting):
            self._skipped(step.skipped)
            self._beats(step.beat)
        if isinstance(step, Holding):
            for mapping, rows in step.skipped.items():
                self._child("parked_skipped_total", table=mapping).inc(rows)

    def applies(self, batch: Batch, applied: Applied, seconds: float) -> None:
        """Count a batch that is durable."""
        self._applied.inc()
        self._apply_duration.observe(seconds)
        self._transactions.inc(batch.transactions)
        for (mapping, op), rows in applied.rows.items():
            self._child("rows_total", table=mapping, op=op.value).inc(rows)
        for mapping, rows in applied.adopted.items():
            self._child("rows_adopted_total", table=mapping).inc(rows)
        for mapping, rows in applied.kept.items():
            self._child("rows_kept_newer_total", table=mapping).inc(rows)
        self._skipped({(mapping, "unchanged"): rows for mapping, rows in applied.unchanged.items()})
        self._skipped(batch.skipped or {})
        for one in batch.parked:
            self._child("parked_total", table=one.mapping).inc(not one.id)
        for mapping in batch.released.values():
            self._child("parked_replayed_total", table=mapping).inc()
        if batch.writes:
            self._batch_rows.observe(len(batch.writes))
        if batch.oldest:
            self._latency.observe(max(0.0, self._watch.clock.wall() - batch.oldest))
        self._beats(batch.beat)

    def _beats(self, written: float) -> None:
        if written:
            self._heartbeat.observe(max(0.0, self._watch.clock.wall() - written))

    def _skipped(self, skipped: Mapping[tuple[str, str], int]) -> None:
        for (table, reason), rows in skipped.items():
            if reason == LOOP:
                self._looped.inc(rows)
            else:
                self._child("rows_skipped_total", table=table, reason=reason).inc(rows)

    def fails(self, error: BaseException) -> None:
        """An error ended a run."""
        name, stage = error.name if isinstance(error, CdcError) else UNEXPECTED, stage_of(error)
        self._child("errors_total", **{"class": name, "stage": stage}).inc()
        if isinstance(error, CdcError) and error.retry is Retry.SOON:
            self._child("retries_total", **{"class": name}).inc()
            if stage in self._endpoints:
                self._child("connection_reconnects_total", endpoint=self._endpoints[stage], reason=name).inc()
