"""One transaction that is too large to be held, through the real process: killed, stopped and cut off in its middle, it is seen whole or not at all."""

import json
import signal
import threading
from contextlib import closing

import pytest

from cdc.app.cli import invoke
from cdc.app.state import control
from cdc.failpoint import VARIABLE
from cdc.model.errors import Exit
from tests.series import series
from tests.service import Service

ROWS = 18_000
MAPPING = "version: 1\nmapping: entry\nsource: entry\ntarget: booking\nkey: [id]\nsame: [id, amount]\ndeletes: hard\n"
_FILL = "insert into entry select {key}, case when {key} % 2 = 0 then 1 else -1 end from {series}"
_SERIES = {"postgresql": ("s.key", f"generate_series(1, {ROWS}) s(key)"), "mysql": ("seq", series(ROWS))}
_AUDIT = {
    "postgresql": (
        "create function audit() returns trigger language plpgsql as $$begin insert into effect values (new.id); return null; end$$",
        "create trigger audit after insert or update on booking for each row execute function audit()",
    ),
    "mysql": (
        "create trigger audit after insert on booking for each row insert into effect values (new.id)",
        "create trigger audited after update on booking for each row insert into effect values (new.id)",
    ),
}


class Reader(threading.Thread):
    """Looks at the target all the time: the amounts of one transaction come to nothing, and all its rows are there or none."""

    def __init__(self, server, database):
        super().__init__(daemon=True)
        self.connect = lambda: server.connect(database)
        self.ended, self.seen, self.looks = threading.Event(), set(), 0

    def run(self):
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            while not self.ended.is_set():
                cursor.execute("select count(*), coalesce(sum(amount), 0) from booking")
                self.seen.add(tuple(map(int, cursor.fetchone())))
                self.looks += 1

    def end(self):
        self.ended.set()
        self.join()


@pytest.fixture(params=[pytest.param(("postgresql", "mariadb"), marks=pytest.mark.soak), ("mariadb", "postgresql")], ids="-to-".join)
def service(request, tmp_path):
    servers = dict(zip(("erp", "crm"), map(request.getfixturevalue, request.param), strict=True))
    made = Service(tmp_path, servers, {"p": ("erp", "crm", MAPPING)}, options="heartbeat: off, part_rows: 2000, batch_rows: 1000")
    made.sql("erp", "create table entry (id int primary key, amount int not null)")
    made.sql("crm", "create table booking (id int primary key, amount int not null)", "create table effect (id int)")
    made.sql("crm", *_AUDIT[servers["crm"].engine])
    yield made
    made.close()


def test_an_operator_who_asks_for_something_meanwhile_is_told_to_come_again(service, monkeypatch, capsys):
    monkeypatch.setattr(control, "PATIENCE", 1)
    key, numbers = _SERIES[service.servers["erp"].engine]
    service.once()
    service.sql("erp", _FILL.format(key=key, series=numbers))
    service.start({VARIABLE: "apply.part:2:sleep:600"})
    service.until(lambda: "failpoint apply.part" in service.log())
    name, audited = service.names["p"], f"select count(*) from cdc.audit_trail where pipeline = '{service.names['p']}'"
    before = service.sql("crm", audited)
    for words in (["pause", name], ["resync", name, "entry", "--no-wait", "--yes"], ["parked", "replay", "--mapping", "entry", "--yes"]):
        assert invoke(["-c", str(service.folder / "cdc.yaml"), *words]) == Exit.RETRY_LATER
        told = capsys.readouterr().err
        assert f"error: {name}: the pipeline is in the middle of a transaction, and 1 seconds were too short for its end" in told
        assert "stop the daemon" in told
    assert json.loads(service.command("status", "--format", "json").stdout)["pipelines"][name]["state"] == "streaming"
    service.kill()
    service.start()
    service.until(lambda: service.sql("crm", "select count(*) from booking") == [(ROWS,)])
    assert invoke(["-c", str(service.folder / "cdc.yaml"), "pause", name]) == Exit.OK
    assert service.sql("crm", audited)[0][0] == before[0][0] + 1
    service.stop()


# torture: J01 A01 D05


def test_a_large_transaction_is_there_whole_or_not_at_all(service):
    key, numbers = _SERIES[service.servers["erp"].engine]
    service.once()
    reader = Reader(service.servers["crm"], service.names["crm"])
    reader.start()
    service.sql("erp", _FILL.format(key=key, series=numbers), "insert into entry values (99999, 0)")

    service.start({VARIABLE: "apply.part:2:kill"})
    assert service.process.wait(60) == -signal.SIGKILL, service.log()
    assert reader.seen == {(0, 0)}

    service.start({VARIABLE: "apply.part:1:sleep:1"})
    service.until(lambda: service.log().count("failpoint apply.part") == 2)
    service.stop()
    assert "the pipeline stops" in service.log()
    assert reader.seen == {(0, 0)}

    service.start({VARIABLE: "apply.part:2:drop"})
    service.until(lambda: service.sql("crm", "select count(*) from booking") == [(ROWS + 1,)])
    reader.end()
    assert "a large transaction is written in parts" in service.log()
    assert reader.seen <= {(0, 0), (ROWS, 0), (ROWS + 1, 0)}
    assert reader.looks > 3
    assert service.sql("crm", "select count(*), count(distinct id) from effect") == [(ROWS + 1, ROWS + 1)]
    assert service.sql("crm", f"select count(*) from cdc.parked where pipeline = '{service.names['p']}'") == [(0,)]
    stored = f"select rows_applied from cdc.checkpoint where pipeline = '{service.names['p']}'"
    service.until(lambda: service.sql("crm", stored) == [(ROWS + 1,)])
    service.stop()
