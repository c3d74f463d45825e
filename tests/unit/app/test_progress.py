import io

import pytest
import structlog
from structlog.testing import capture_logs

from cdc.app.monitor import progress
from cdc.app.monitor.progress import LOADING_EVERY, STREAMING_EVERY, Bars, Lines
from cdc.model.change import Op
from cdc.model.table import TableName
from cdc.model.write import Applied, Batch
from cdc.pipeline.step import Loading, Waiting

CUSTOMER = TableName("public", "customer")


@pytest.fixture(autouse=True)
def fresh():
    yield
    structlog.reset_defaults()


def load(rows, mapping="customers", *, done=False):
    return Loading(mapping, CUSTOMER, rows, 1000, done=done)


def test_a_load_is_a_line_every_ten_seconds(watch, time):
    lines = Lines([watch])
    watch.step(load(100))
    with capture_logs() as logs:
        lines.show()
        time.passes(LOADING_EVERY)
        watch.step(load(500))
        lines.show()
        lines.show()
    assert logs == [
        {
            "event": "loading",
            "log_level": "info",
            "pipeline": "erp_to_crm",
            "mapping": "customers",
            "rows": 500,
            "estimate": 1000,
            "rows_per_second": 50,
        }
    ]


def test_what_is_loaded_is_not_said_again(watch, time):
    lines = Lines([watch])
    watch.step(load(500, "accounts", done=True))
    watch.step(load(20))
    time.passes(LOADING_EVERY)
    with capture_logs() as logs:
        lines.show()
    assert [log["mapping"] for log in logs] == ["customers"]


def test_a_stream_is_a_line_a_minute_when_something_moved(watch, time):
    lines = Lines([watch])
    watch.applies(Batch("1", "2", (), newest=time.wall), Applied({("customers", Op.INSERT): 120}, {}))
    watch.step(Waiting("2", {}))
    with capture_logs() as logs:
        for _ in range(3):
            time.passes(STREAMING_EVERY)
            watch.step(Waiting("2", {}))
            lines.show()
    assert [(log["event"], log["rows_applied"], log["rows_per_second"], log["lag_seconds"]) for log in logs] == [
        ("streaming", 120, 2.0, 0.0)
    ]


def test_a_bar_is_there_from_the_first_load_to_the_last(watch, monkeypatch):
    from rich.console import Console
    from rich.progress import Progress

    out = io.StringIO()
    monkeypatch.setattr(progress, "_display", lambda: Progress(console=Console(file=out, force_terminal=True, width=100)))
    bars = Bars([watch])
    bars.show()
    assert bars._progress is None
    watch.step(load(250))
    bars.show()
    task = bars._progress.tasks[0]
    assert (task.description, task.completed, task.total) == ("erp_to_crm customers", 250, 1000)
    watch.step(load(1200))
    bars.show()
    assert (task.completed, task.total) == (1200, 1200)
    watch.step(Waiting("1", {}))
    bars.show()
    assert bars._progress is None
    assert "erp_to_crm customers" in out.getvalue()


def test_bars_are_for_terminals(watch):
    with progress.progress([watch], terminal=False) as show:
        watch.step(load(1))
        show()
    with progress.progress([watch], terminal=True) as show:
        show()
