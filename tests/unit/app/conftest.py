from types import SimpleNamespace

import pytest

from cdc.app.monitor.watch import Clock, Watch


class Time(SimpleNamespace):
    """Both clocks, set by hand."""

    def __init__(self):
        super().__init__(wall=1_000_000.0, monotonic=500.0)

    def passes(self, seconds):
        self.wall += seconds
        self.monotonic += seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def watch(time):
    return Watch("erp_to_crm", Clock(lambda: time.wall, lambda: time.monotonic))
