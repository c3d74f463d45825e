"""What is measured beside a pipeline's own work, as Prometheus scrapes it: what is not known, or not to be had, is absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from cdc.app.monitor.family import Family
from cdc.app.monitor.family import P as _P
from cdc.app.monitor.watch import Watch, stalled
from cdc.model.value import value

_S = (*_P, "slot")
MEASURED: Sequence[Family] = (
    Family("pipeline_stalled", "gauge", _P, "1 while the position stands still, with work to do, for longer than `stall` says."),
    Family("connection_up", "gauge", (*_P, "endpoint", "role"), "1 when the database has answered the last question that was put to it beside the pipeline's own work."),
    Family("clock_skew_seconds", "gauge", (*_P, "endpoint"), "The database's clock less the daemon's."),
    Family("certificate_expiry_timestamp_seconds", "gauge", (*_P, "endpoint"), "When the database server's TLS certificate ends; absent: no TLS."),
    Family("heartbeat_written_timestamp_seconds", "gauge", _P, "When the last heartbeat was written to the source; absent: it may not be."),
    Family("heartbeat_applied_timestamp_seconds", "gauge", _P, "When that heartbeat was written before which all is durable on the target."),
    Family("log_budget_used_ratio", "gauge", _P, "Share of the log that the source may keep for the pipeline, by size or by age; absent: no bound."),
    Family("log_lost_seconds", "gauge", _P, "Seconds until the log is lost, at the rate of the last ten minutes; absent: it is not in sight."),
    Family("pg_slot_retained_wal_bytes", "gauge", _S, "Log that the server keeps because of the slot."),
    Family("pg_slot_safe_wal_bytes", "gauge", _S, "Log that may still be written before the slot is lost; absent: any."),
    Family("pg_slot_active", "gauge", _S, "1 while somebody reads the slot."),
    Family("pg_slot_wal_status", "gauge", (*_S, "status"), "1 for the state of the log that the slot needs, 0 for the others."),
    Family("pg_slot_spill_bytes_total", "counter", _S, "What the server has written to disk of transactions too large for its memory."),
    Family("mysql_binlog_position_timestamp_seconds", "gauge", (*_P, "source"), "How far the log is dealt with, in the source's commit times."),
    Family("mysql_binlog_oldest_timestamp_seconds", "gauge", (*_P, "source"), "When the oldest log file was begun that the server keeps."),
    Family("config_last_reload_successful", "gauge", (), "1 when the files were taken over the last time that they were read, else 0."),
    Family("config_last_reload_success_timestamp_seconds", "gauge", (), "When the files were last taken over."),
)  # fmt: skip
_STATUSES = ("reserved", "extended", "unreserved", "lost")


class Reloaded(Protocol):
    successful: bool
    succeeded: float


@value
class Watched:
    watch: Watch
    source: str
    target: str


Samples = Iterator[tuple[str, tuple[str, ...], float | None]]
"""(family, values of its labels behind the pipeline, the sample's; None: absent)."""


class MeasuredCollector:
    """A collector of prometheus_client, for all pipelines: a family must not come from two."""

    def __init__(self) -> None:
        self.watched: list[Watched] = []
        self.reloads: Reloaded | None = None

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Called at each scrape."""
        found: Mapping[str, GaugeMetricFamily | CounterMetricFamily] = {family.name: _made(family) for family in MEASURED}
        for each in self.watched:
            for name, labels, sample in _samples(each):
                if sample is not None:
                    found[name].add_metric([each.watch.pipeline, *labels], sample)
        if self.reloads is not None:
            found["config_last_reload_successful"].add_metric([], float(self.reloads.successful))
            found["config_last_reload_success_timestamp_seconds"].add_metric([], self.reloads.succeeded)
        yield from found.values()


def _made(family: Family) -> GaugeMetricFamily | CounterMetricFamily:
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    return kind(f"cdc_{family.name}", family.help, labels=family.labels)


def _samples(each: Watched) -> Samples:
    watch, measured = each.watch, each.watch.measured
    yield "pipeline_stalled", (), float(stalled(watch))
    for role, endpoint in (("source", each.source), ("target", each.target)):
        yield "connection_up", (endpoint, role), float(measured.up[role])
        yield "clock_skew_seconds", (endpoint,), measured.skew.get(role)
        yield "certificate_expiry_timestamp_seconds", (endpoint,), measured.certificates.get(role)
    yield "heartbeat_written_timestamp_seconds", (), measured.written
    yield "heartbeat_applied_timestamp_seconds", (), measured.applied
    yield "log_budget_used_ratio", (), measured.outlook.share
    yield "log_lost_seconds", (), measured.outlook.seconds
    if measured.retention is not None and measured.retention.active is not None:
        yield from _slot(watch)
    elif measured.retention is not None and measured.retention.oldest is not None:
        yield "mysql_binlog_position_timestamp_seconds", (each.source,), watch.clock.wall() - watch.lag_seconds()
        yield "mysql_binlog_oldest_timestamp_seconds", (each.source,), measured.retention.oldest


def _slot(watch: Watch) -> Samples:
    retention = watch.measured.retention
    assert retention is not None
    slot = (f"cdc_{watch.pipeline}",)
    yield "pg_slot_retained_wal_bytes", slot, retention.retained
    yield "pg_slot_safe_wal_bytes", slot, retention.safe
    yield "pg_slot_active", slot, float(bool(retention.active))
    yield "pg_slot_spill_bytes_total", slot, retention.spilled
    for status in _STATUSES:
        yield "pg_slot_wal_status", (*slot, status), float(retention.status == status)
