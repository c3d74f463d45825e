from types import SimpleNamespace

import pytest

from cdc.app.daemon.observed import ObservedTarget
from cdc.app.monitor.measured_metrics import MEASURED
from cdc.app.monitor.metrics import FAMILIES, Meters, Metrics, error_classes, stage_of
from cdc.app.monitor.retention import Outlook
from cdc.app.monitor.watch import State
from cdc.model.change import Change, Op
from cdc.model.errors import BadRow, CdcError, Gap, Incomplete, ParkedChanged, Refused, Retry, Transient, Unreachable
from cdc.model.parked import Parked
from cdc.model.retention import Retention
from cdc.model.table import TableName
from cdc.model.write import Applied, Batch, Checkpoint, Phase
from cdc.pipeline.step import Done, Holding, Loading, Waiting


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def meters(metrics, watch):
    return Meters(metrics, watch, source="erp", target="crm", mappings=["customers"])


@pytest.fixture
def read(metrics, meters):
    """The value of a sample of this pipeline."""

    def value(name, **labels):
        return metrics.registry.get_sample_value(f"cdc_{name}", {"pipeline": "erp_to_crm", **labels})

    return value


def batch(**given):
    return Batch("1", "2", ("write", "write"), transactions=3, **given)


APPLIED = Applied({("customers", Op.UPDATE): 5}, {"customers": 2}, {"customers": 3}, {"customers": 4})


def test_what_is_known_is_there_before_anything_happens(read):
    assert read("rows_total", table="customers", op="delete") == 0
    assert read("rows_skipped_total", table="customers", reason="filter") == 0
    assert read("rows_adopted_total", table="customers") == read("rows_kept_newer_total", table="customers") == 0
    assert read("errors_total", stage="apply", **{"class": "gap"}) == 0
    assert read("retries_total", **{"class": "unreachable"}) == 0
    assert read("connection_reconnects_total", endpoint="crm", reason="transient") == 0
    assert read("batches_total", outcome="failed") == 0
    assert read("snapshot_running", table="customers") == 0
    assert read("end_to_end_latency_seconds_count") == 0


def test_every_family_has_samples_from_the_start(metrics, meters):
    named = {sample.name for family in metrics.registry.collect() for sample in family.samples}
    missing = [f.name for f in FAMILIES if f not in MEASURED and not any(name.startswith(f"cdc_{f.name}") for name in named)]
    assert missing == []


def test_what_is_not_known_is_absent_and_what_is_shows(metrics, meters, watch):
    def shown():
        return {(sample.name, *sample.labels.values()): sample.value for family in metrics.measured.collect() for sample in family.samples}

    assert {name for name, *_ in shown()} == {"cdc_pipeline_stalled", "cdc_connection_up"}
    measured = watch.measured
    measured.retention, measured.outlook, measured.written = Retention(1.0, 500, None, True, "extended", 7), Outlook(0.25, 90.0), 12.5
    measured.answers("source", -0.5)
    metrics.reloads(SimpleNamespace(successful=False, succeeded=3.0))
    found, name = shown(), watch.pipeline
    assert found["cdc_pg_slot_retained_wal_bytes", name, f"cdc_{name}"] == 500
    assert ("cdc_pg_slot_safe_wal_bytes", name, f"cdc_{name}") not in found
    assert found["cdc_pg_slot_spill_bytes_total", name, f"cdc_{name}"] == 7
    assert [found["cdc_pg_slot_wal_status", name, f"cdc_{name}", status] for status in ("reserved", "extended")] == [0, 1]
    assert (found["cdc_connection_up", name, "erp", "source"], found["cdc_connection_up", name, "crm", "target"]) == (1, 0)
    assert (found["cdc_log_budget_used_ratio", name], found["cdc_log_lost_seconds", name]) == (0.25, 90.0)
    assert (found["cdc_heartbeat_written_timestamp_seconds", name], found["cdc_clock_skew_seconds", name, "erp"]) == (12.5, -0.5)
    assert found["cdc_config_last_reload_successful",] == 0
    measured.retention = Retention(1.0, oldest=100.0, keeps=1000.0)
    found = shown()
    assert found["cdc_mysql_binlog_oldest_timestamp_seconds", name, "erp"] == 100
    assert ("cdc_pg_slot_active", name, f"cdc_{name}") not in found


def test_no_created_series_double_the_counters(metrics, meters):
    assert not [s.name for f in metrics.registry.collect() for s in f.samples if s.name.endswith("_created")]


def test_a_batch_is_counted(read, meters, watch, time):
    meters.applies(batch(oldest=time.wall - 2, newest=time.wall - 1, skipped={("customers", "filter"): 4, ("", "loop"): 6}), APPLIED, 0.5)
    assert (read("batches_total", outcome="applied"), read("apply_duration_seconds_sum")) == (1, 0.5)
    assert read("transactions_total", outcome="applied") == 3
    assert read("rows_total", table="customers", op="update") == 5
    assert read("rows_adopted_total", table="customers") == 3
    assert read("rows_kept_newer_total", table="customers") == 4
    assert read("rows_skipped_total", table="customers", reason="unchanged") == 2
    assert read("rows_skipped_total", table="customers", reason="filter") == 4
    assert read("rows_skipped_total", table="", reason="loop") is None
    assert read("loop_events_skipped_total", source="erp") == 6
    assert (read("batch_rows_count"), read("batch_rows_sum")) == (1, 2)
    assert (read("end_to_end_latency_seconds_count"), read("end_to_end_latency_seconds_sum")) == (1, 2)


def test_a_batch_that_only_moves_the_position_has_no_latency(read, meters):
    meters.applies(Batch("1", "2", ()), Applied({}, {}), 0.5)
    assert (read("end_to_end_latency_seconds_count"), read("batch_rows_count")) == (0, 0)


def test_the_chunks_of_a_load_are_counted_without_latency(read, meters):
    meters.applies(batch(phase=Phase.LOADING), APPLIED, 0.5)
    assert (read("rows_total", table="customers", op="update"), read("end_to_end_latency_seconds_count"), read("batch_rows_sum")) == (
        5,
        0,
        2,
    )


def test_what_was_left_out_without_a_batch_is_counted_too(read, meters):
    meters.step(Waiting("2", {("public.other", "not_mapped"): 7}))
    assert read("rows_skipped_total", table="public.other", reason="not_mapped") == 7


@pytest.mark.usefixtures("meters")
def test_a_load_shows_how_far_it_is(read, watch):
    def shown():
        return [read(f"snapshot_{name}", table="customers") for name in ("running", "rows", "rows_estimated")]

    watch.step(Loading("customers", TableName("public", "customer"), 10, 40, done=False))
    assert shown() == [1, 10, 40]
    watch.pauses(Unreachable("gone"))
    assert shown() == [0, 10, 40]
    watch.step(Loading("customers", TableName("public", "customer"), 41, 41, done=True))
    assert shown() == [0, 41, 41]


def test_gauges_are_computed_when_scraped(read, meters, watch, time):
    time.passes(3)
    assert (read("lag_seconds"), str(read("lag_bytes")), read("pipeline_up")) == (3, "nan", 0)
    assert (read("pipeline_state", state="starting"), read("pipeline_state", state="streaming")) == (1, 0)
    watch.applies(batch(newest=time.wall - 1), APPLIED)
    watch.step(Done(batch(), APPLIED))
    watch.ahead.answers(12)
    assert (read("lag_seconds"), read("lag_bytes"), read("pipeline_up")) == (1, 12, 1)
    assert (read("pipeline_state", state="starting"), read("pipeline_state", state="streaming")) == (0, 1)
    assert read("last_applied_commit_timestamp_seconds") == time.wall - 1
    assert sum(read("pipeline_state", state=state.value) for state in State) == 1


def raised_in(module, error):
    """The error as it comes out of a function of that module."""
    scope = {"__name__": module, "error": error}
    exec("def go():\n    raise error", scope)
    try:
        scope["go"]()
    except (CdcError, KeyError) as caught:
        return caught


@pytest.mark.parametrize(
    ("module", "stage"),
    [
        ("cdc.source.mysql.source", "read"),
        ("cdc.target.postgresql.session", "apply"),
        ("cdc.mapping.expression.generated", "map"),
        ("cdc.pipeline.translate", "map"),
        ("cdc.pipeline.loop", "start"),
        ("cdc.sourcery", "start"),
    ],
)
def test_the_stage_is_where_the_error_arose(module, stage):
    assert stage_of(raised_in(module, Gap("x"))) == stage


def test_a_fault_is_counted_by_class_and_place(read, meters):
    meters.fails(raised_in("cdc.target.mysql.target", Transient("deadlock")))
    assert read("errors_total", stage="apply", **{"class": "transient"}) == 1
    assert read("retries_total", **{"class": "transient"}) == 1
    assert read("connection_reconnects_total", endpoint="crm", reason="transient") == 1
    meters.fails(raised_in("cdc.source.mysql.source", Unreachable("gone")))
    assert read("connection_reconnects_total", endpoint="erp", reason="unreachable") == 1


def test_an_error_that_stays_is_no_retry(read, meters):
    meters.fails(raised_in("cdc.mapping.x", BadRow("cast")))
    assert read("errors_total", stage="map", **{"class": "bad_row"}) == 1
    assert read("retries_total", **{"class": "bad_row"}) is None


def test_a_bug_is_an_error_too(read, meters):
    meters.fails(raised_in("cdc.pipeline.loop", KeyError("x")))
    assert read("errors_total", stage="start", **{"class": "unexpected"}) == 1


def test_every_class_of_error_is_known():
    def all_of(kind):
        return {kind.name} | {name for sub in kind.__subclasses__() for name in all_of(sub)}

    assert set(error_classes()) == all_of(CdcError) | {"unexpected"}
    assert error_classes()["unreachable"] is Retry.SOON


class Target:
    """Takes 3 seconds for a batch, or fails."""

    def __init__(self, time, watch, error=None):
        self.time, self.watch, self.error, self.seen = time, watch, error, []

    def checkpoint(self):
        return Checkpoint(None, Phase.STREAMING, 0, 0.0)

    def apply(self, batch):
        self.seen.append(self.watch.lag_seconds())
        self.time.passes(3)
        if self.error:
            raise self.error
        return APPLIED

    def close(self):
        self.seen.append("closed")


def test_an_observed_target_shows_its_batch_while_it_is_open(read, meters, watch, time):
    watch.step(Waiting("1", {}))
    target = Target(time, watch)
    observed = ObservedTarget(target, watch, meters)
    assert observed.checkpoint().rows == 0
    assert observed.apply(batch(oldest=time.wall - 9, newest=time.wall - 8)) is APPLIED
    assert (target.seen, read("apply_duration_seconds_sum"), read("batches_total", outcome="applied")) == ([9], 3, 1)
    assert (watch.lag_seconds(), watch.rows, watch.position, watch.applied) == (0.0, 5, "2", time.wall - 11)
    observed.close()
    assert target.seen[-1] == "closed"


def test_an_observed_target_that_fails_has_no_batch_open(read, meters, watch, time):
    watch.step(Waiting("1", {}))
    with pytest.raises(BadRow):
        ObservedTarget(Target(time, watch, BadRow("x")), watch, meters).apply(Batch("1", "2", (), oldest=time.wall - 9))
    assert (watch.lag_seconds(), read("batches_total", outcome="applied"), read("batches_total", outcome="failed")) == (0.0, 0, 1)


def test_a_batch_that_is_completed_and_applied_again_has_not_failed(read, meters, watch, time):
    with pytest.raises(Incomplete):
        ObservedTarget(Target(time, watch, Incomplete([])), watch, meters).apply(Batch("1", "2", ()))
    assert (read("batches_total", outcome="applied"), read("batches_total", outcome="failed")) == (0, 0)


def test_what_is_parked_and_what_becomes_of_it_is_counted(read, meters, watch):
    """A row change that only gets another cause was counted when it was parked."""
    change = Change(None, Op.INSERT, None, ("1",))
    new, known = (Parked("customers", change, None, "1", (), None, number) for number in (0, 7))
    meters.applies(batch(parked=[new, new, known], released={1: "customers"}), APPLIED, 0.1)
    step = Holding({"customers": 3}, 17.5, {}, {"customers": 1}, {"customers": 2})
    watch.step(step)
    meters.step(step)
    assert [read(f"parked_{name}", table="customers") for name in ("total", "replayed_total", "skipped_total", "rows")] == [2, 1, 2, 3]
    assert read("parked_oldest_timestamp_seconds") == 17.5
    assert watch.state is State.STARTING, "that something waits says nothing of what the pipeline does"
    watch.starts(None)
    assert (read("parked_rows", table="customers"), read("parked_oldest_timestamp_seconds")) == (0, 0)


@pytest.mark.parametrize("error", [Refused([(None, BadRow("x"))]), ParkedChanged()])
def test_a_batch_that_is_applied_again_without_what_is_parked_has_not_failed(read, meters, watch, time, error):
    with pytest.raises(type(error)):
        ObservedTarget(Target(time, watch, error), watch, meters).apply(Batch("1", "2", ()))
    assert read("batches_total", outcome="failed") == 0
