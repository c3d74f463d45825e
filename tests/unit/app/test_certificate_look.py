"""When the servers' certificates are looked at, and what an error leaves of that."""

from cdc.app.monitor.certificates import EVERY, CertificateLook
from cdc.model.errors import Unreachable
from tests.unit.app.fakes import Servers

END = 4102444800.0


def test_they_are_looked_at_once_an_hour_and_an_error_keeps_what_was_seen(watch, time):
    servers = Servers()
    look, measured = CertificateLook(watch), watch.measured
    servers.faults["certificate of erp"] = [Unreachable("erp: not now")]
    look.turn(servers.line())
    assert measured.certificates == {"target": None}
    look.turn(servers.line())
    assert "source" not in measured.certificates
    time.monotonic += EVERY
    look.turn(servers.line())
    assert measured.certificates == {"source": END, "target": None}
    servers.faults["certificate of erp"] = [Unreachable("erp: not now")]
    time.monotonic += EVERY
    look.turn(servers.line())
    assert measured.certificates == {"source": END, "target": None}
    assert servers.faults["certificate of erp"] == []
