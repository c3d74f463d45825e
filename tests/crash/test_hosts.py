"""What happens to hosts: a target that comes back from an older backup, a machine without memory."""

import re
import resource
import time
from pathlib import Path

import pytest

from tests.checker import Watcher

PAIRS = [("postgresql", "mariadb"), ("mariadb", "postgresql")]
LONGER = [PAIRS[0], pytest.param(PAIRS[1], marks=pytest.mark.soak)]
TABLES = "item", "account", "person", "effect"
WIDEN = {"postgresql": "alter column name type text", "mysql": "modify name longtext"}
CHECKPOINT = "seq", "position", "phase", "newest", "rows_applied"


class Backup:
    """The target's tables and our own rows there, as they are now."""

    def __init__(self, siege) -> None:
        self.siege, self.name, self.database = siege, siege.service.names["p"], siege.service.names["crm"]
        for table in TABLES:
            self.sql(f"create table saved_{table} as select * from {table}")
        self.sql(f"create table saved_crosswalk as select * from cdc.crosswalk where {self._ours()}")
        self.checkpoint = self.sql(f"select {', '.join(CHECKPOINT)} from cdc.checkpoint where pipeline = '{self.name}'")[0]

    def sql(self, *statements):
        return self.siege.service.sql("crm", *statements)

    def _ours(self):
        return "true" if self.siege.service.is_postgresql("crm") else f"home = '{self.database}'"

    def restore(self):
        for table in TABLES:
            overriding = " overriding system value" if self.siege.service.is_postgresql("crm") else ""
            self.sql(f"delete from {table}", f"insert into {table}{overriding} select * from saved_{table}")
        self.sql(f"delete from cdc.crosswalk where {self._ours()}", "insert into cdc.crosswalk select * from saved_crosswalk")
        given = ", ".join(f"{column} = '{text}'" for column, text in zip(CHECKPOINT, self.checkpoint, strict=True))
        self.sql(f"update cdc.checkpoint set {given} where pipeline = '{self.name}'")


@pytest.mark.parametrize("pair", LONGER, ids="-to-".join)
def test_a_target_that_comes_back_from_an_older_backup(siege, pair):
    """Where the source's log still reaches back, it goes on from there; else it is a gap, and repaired as one. torture: A21 C20"""
    siege = siege(pair)
    siege.load()
    siege.write()
    siege.start()
    siege.service.until(lambda: siege.checker.effect_count() > 100)
    siege.service.stop()
    backup = Backup(siege)
    siege.start()
    effects = siege.checker.effect_count()
    siege.service.until(lambda: siege.checker.effect_count() > effects + 200)
    siege.settle()
    siege.service.stop()
    siege.watcher.end()
    siege.judge()
    backup.restore()
    assert siege.checker.differences()
    if siege.service.is_postgresql("erp"):
        refused = siege.service.command("run", "--once")
        assert refused.returncode == 76, refused.stderr
        assert re.search(r"begins at .*, the checkpoint is at .*what lies between is gone", refused.stderr)
        repaired = siege.service.command("resync", backup.name, "--gap", "--delete", "--confirm", backup.name, "--yes")
        assert repaired.returncode == 0, repaired.stderr
        assert not siege.checker.differences()
    else:
        siege.service.once()
        siege.judge()
    siege.watcher = Watcher(siege.checker)
    siege.write()
    siege.start()
    effects = siege.checker.effect_count()
    siege.service.until(lambda: siege.checker.effect_count() > effects + 50)
    siege.settle()
    siege.end()


@pytest.mark.parametrize("pair", PAIRS[1:], ids="-to-".join)
def test_a_process_that_gets_no_more_memory_says_so_and_loses_nothing(siege, pair):
    """It ends, or says what keeps it; it never stands still in silence, and nothing is lost or doubled. torture: A23"""
    siege = siege(pair)
    siege.load()
    siege.write()
    siege.start()
    siege.service.until(lambda: siege.checker.effect_count() > 50)
    siege.rest()
    process = siege.service.process
    size = int(re.search(r"VmSize:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())[1])
    resource.prlimit(process.pid, resource.RLIMIT_AS, (size * 1024,) * 2)
    huge = f"insert into item (id, name, ver, active) values (100000, repeat('x', {50 << 20}), -1, true)"
    siege.service.sql(
        "erp", f"alter table item {WIDEN[siege.servers[0].engine]}", "begin", huge, "delete from item where id = 100000", "commit"
    )
    siege.write()
    deadline = time.monotonic() + 60
    while process.poll() is None and siege.service.state("p") != "backoff":
        assert time.monotonic() < deadline, siege.service.log()
        time.sleep(0.05)
    assert process.poll() != 0
    siege.service.kill()
    siege.start()
    siege.service.until(lambda: siege.service.state("p") == "streaming")
    siege.settle()
    siege.end()
