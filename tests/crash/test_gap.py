"""A log that was lost while nobody followed it: the daemon refuses, `cdc resync --gap` repairs, killed in between and done twice."""

import re
import signal

import pytest

from cdc.failpoint import VARIABLE
from tests.checker import Watcher

PAIRS = [("postgresql", "mariadb"), ("mariadb", "postgresql")]
LONGER = [PAIRS[0], pytest.param(PAIRS[1], marks=pytest.mark.soak)]


def lose_log(siege):
    service = siege.service
    if service.is_postgresql("erp"):
        ((slot,),) = service.sql("erp", "select slot_name from pg_replication_slots where database = current_database()")
        service.sql("erp", f"select pg_drop_replication_slot('{slot}')")
        return
    service.sql("erp", "flush binary logs", "insert into wrote values (0)", "flush binary logs")
    ((file, *_),) = service.sql("erp", "show master status")
    # The server keeps what a reader is at, and may not have noticed that ours has ended.
    service.until(lambda: service.sql("erp", f"purge binary logs to '{file}'", "show binary logs")[0][0] == file)


@pytest.fixture(params=LONGER, ids="-to-".join)
def parted(request, siege):
    """A pipeline that was stopped while its writer went on, and whose source has lost the log in between."""
    made = siege(request.param)
    made.load()
    made.write()
    made.start()
    made.service.until(lambda: made.checker.effect_count() > 300)
    made.service.stop()
    made.service.process = None
    written = len(made.journal.read_text().splitlines())
    made.service.until(lambda: len(made.journal.read_text().splitlines()) > written + 600)
    made.rest()
    made.service.sql("crm", "insert into item (id, name, ver) values (9999, 'MINE', 1000000000)")
    made.watcher.end()
    assert made.watcher.problems == []
    lose_log(made)  # a slot that is made anew is ahead of the checkpoint until all is repaired
    return made


def test_a_gap_is_refused_and_repaired(parted, monkeypatch):
    """torture: B01 B04 I17"""
    name, command = parted.service.names["p"], parted.service.command
    refused = command("run", "--once")
    assert refused.returncode == 76
    assert f"cdc resync --gap {name}" in refused.stderr
    assert re.search(r"missing may be all that came after .*, about \d{4}-.* UTC, in account, item, person", refused.stderr)
    before = parted.checker.there()
    shown = command("resync", name, "--gap", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "missing may be all that came after" in shown.stderr
    assert all(f".{table}" in shown.stderr for table in ("item", "account", "person"))
    assert parted.checker.there() == before
    for point in ("resync.compared", "resync.done"):
        with monkeypatch.context() as patch:
            patch.setenv(VARIABLE, f"{point}:1:kill")
            assert command("resync", name, "--gap", "--yes").returncode == -signal.SIGKILL
        if point != "resync.done":
            assert command("run", "--once").returncode == 76, "half a repair is none"
    repaired = command("run", "--once")  # a load has begun, and any run ends it
    assert repaired.returncode == 0, repaired.stderr
    extra = set(parted.checker.there()["item"]) - set(parted.checker.wanted()["item"])
    assert 9999 in extra, "nobody can say that this row was ours"
    parted.service.sql("crm", "delete from item where id = 9999")
    again = command("resync", name, "--delete", "--confirm", name)
    assert again.returncode == 0, again.stderr
    parted.judge()
    parted.watcher = Watcher(parted.checker)
    effects = parted.checker.effect_count()
    assert command("resync", name, "--gap", "--yes").returncode == 0  # there is none any more
    assert command("resync", name, "--yes").returncode == 0
    assert parted.checker.effect_count() == effects, "what was right was written again"
    parted.write()
    parted.start()
    parted.service.until(lambda: parted.checker.effect_count() > effects + 50)
    parted.settle()
    parted.end()
