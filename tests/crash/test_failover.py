"""Servers that are replaced under load: a standby or a replica is promoted, and the daemon goes on there, or says what is missing."""

import signal
from contextlib import closing
from dataclasses import replace

import pytest

from cdc.model.endpoint import Endpoint
from cdc.model.errors import Exit, Gap, Misconfigured
from cdc.model.table import TableName
from cdc.source.postgresql.admin import PostgreSQLSourceAdmin
from cdc.source.postgresql.position import place, position
from cdc.source.postgresql.source import PostgreSQLSource
from cdc.target.postgresql import PostgreSQLTargetAdmin
from demo.servers import PASSWORD
from tests.promotion import pair, replicated
from tests.siege import Siege


@pytest.fixture
def place_for_two(folder, tmp_path_factory):
    where = folder / tmp_path_factory.mktemp("pair").name
    where.mkdir(exist_ok=True)
    where.chmod(0o755)
    return where


@pytest.fixture
def postgresqls(place_for_two):
    with pair(place_for_two, copies=True, fsync="off") as made:
        yield made


def test_a_promoted_standby_goes_on_under_load(postgresqls, mariadb, tmp_path):
    """Nothing is lost or doubled, and the daemon never ends: the address leads elsewhere, and the slot is there."""
    postgresqls.attach()
    seen = postgresqls.vip, mariadb
    source = replace(postgresqls.vip)
    source.url = lambda database: type(postgresqls.vip).url(postgresqls.vip, database) + "?failover=true"
    siege = Siege(tmp_path, seen, 7, (source, mariadb))
    try:
        siege.load()
        siege.write()
        siege.start()
        siege.service.until(lambda: siege.service.state("p") == "streaming")
        slot = f"cdc_{siege.service.names['p']}"
        postgresqls.copied(slot)
        said = siege.service.command("check", "--connect")
        assert "[failover" not in said.stderr + said.stdout
        effects = siege.checker.effect_count()
        siege.service.until(lambda: siege.checker.effect_count() > effects + 200)
        siege.watcher.end()  # it asks where the slot is, and that may be behind on the standby
        pid = siege.service.process.pid
        postgresqls.promote()
        siege.service.connections["erp"].close()
        siege.service.connections["erp"] = postgresqls.vip.connect(siege.service.names["erp"])
        effects = siege.checker.effect_count()
        siege.service.until(lambda: siege.checker.effect_count() > effects + 200)
        assert siege.service.process.pid == pid
        of_pipeline = f"pipeline = '{siege.service.names['p']}'"
        position = siege.checker.ask(siege.checker.target, f"select position from cdc.checkpoint where {of_pipeline}")[0][0]
        assert position.split("/")[1] == "2"
        siege.settle()
        siege.end()
    finally:
        siege.close()


@pytest.fixture
def mysqls(place_for_two):
    with replicated(place_for_two) as made:
        yield made


def besieged(tmp_path, mysqls, target):
    siege = Siege(tmp_path, (mysqls.vip, target), 7)
    siege.watcher.end()  # it compares places in the log, and each server has its own
    return siege


def test_a_promoted_replica_goes_on_under_load(mysqls, postgresql, tmp_path):
    """By GTID, whatever files and offsets are there; the daemon never ends. torture: B06"""
    mysqls.attach()
    siege = besieged(tmp_path, mysqls, postgresql)
    try:
        siege.load()
        siege.write()
        siege.start()
        siege.service.until(lambda: siege.checker.effect_count() > 200)
        pid = siege.service.process.pid
        mysqls.promote()
        siege.service.connections["erp"].close()
        siege.service.connections["erp"] = mysqls.vip.connect(siege.service.names["erp"])
        effects = siege.checker.effect_count()
        siege.service.until(lambda: siege.checker.effect_count() > effects + 200)
        assert siege.service.process.pid == pid
        siege.settle()
        siege.end()
    finally:
        siege.close()


def test_a_promoted_replica_that_lacks_transactions_is_a_gap(mysqls, postgresql, tmp_path):
    """Even where it has given the numbers that it lacks to others by now; and it is repaired as any gap. torture: B06 I2"""
    mysqls.attach()
    siege = besieged(tmp_path, mysqls, postgresql)
    try:
        siege.load()
        siege.service.sql("erp", "insert into item values (1, 'both have it', 1, true)")
        siege.start()
        siege.service.until(lambda: siege.checker.there()["item"] == {1: ("BOTH HAVE IT", 1)})
        mysqls.detach()
        siege.service.sql("erp", *(f"insert into item values ({key}, 'lost', {key}, true)" for key in range(2, 12)))
        siege.service.until(lambda: len(siege.checker.there()["item"]) == 11)
        mysqls.primary.stop(signal.SIGKILL)
        database = siege.service.names["erp"]
        mysqls.ask(mysqls.replica, *(f"insert into {database}.item values ({key}, 'new', {key}, true)" for key in range(20, 50)))
        mysqls.proxy.server = mysqls.replica.port
        assert siege.service.process.wait(60) == Exit.GAP, siege.service.log()
        assert "cdc resync --gap" in siege.service.log()
        assert max(siege.checker.there()["item"]) == 11, "nothing of the other history was applied"
        siege.service.process = None
        name = siege.service.names["p"]
        repaired = siege.service.command("resync", name, "--gap", "--delete", "--confirm", name, "--yes")
        assert repaired.returncode == 0, repaired.stderr
        assert sorted(siege.checker.there()["item"]) == [1, *range(20, 50)]
    finally:
        siege.close()


T = TableName("app", "t")


class Erp:
    """A table on a pair, the pipeline's slot on it, and what a source that reads at the address gives."""

    def __init__(self, postgresqls):
        self.pair, self.database, self.pipeline = postgresqls, "erp", "p"
        postgresqls.primary.create("erp")
        self.options = {"failover": "true"}
        self.sql("create schema app", "create table app.t (id int primary key)")

    @property
    def endpoint(self):
        return Endpoint("erp", "postgresql", "127.0.0.1", self.pair.vip.port, "cdc", PASSWORD, self.database, self.options)

    def sql(self, *statements):
        with self.pair.vip.connect(self.database) as session:
            for statement in statements:
                cursor = session.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def set_up(self):
        with closing(PostgreSQLSourceAdmin(self.endpoint, self.pipeline)) as admin:
            statements = admin.setup([T])
            for statement in statements:
                admin.execute(statement)
            return statements, {finding.code for finding in admin.findings([]) if finding.code.startswith("failover")}

    def source(self):
        return closing(PostgreSQLSource(self.endpoint, self.pipeline, [T], "crm"))

    def head(self):
        with self.source() as source:
            return source.head()

    def read(self, after):
        with self.source() as source:
            return [change.new for item in source.read(after, source.head()) if hasattr(item, "changes") for change in item.changes]

    def confirm(self):
        with self.source() as source:
            head = source.head()
            source.confirm(head)
            list(source.read(head, head))

    def prove(self, after):
        with closing(PostgreSQLSourceAdmin(self.endpoint, self.pipeline)) as admin:
            admin.prove(after)


def test_a_promoted_standby_without_the_slot_is_a_gap(place_for_two):
    """Whatever the version: nobody copied it. Before that, a standby is neither read nor written. torture: B07 B22 C14"""
    with pair(place_for_two, copies=False, fsync="off") as both:
        erp = Erp(both)
        erp.options = {}
        erp.set_up()
        both.attach(synchronous=False)
        start = erp.head()
        standby = replace(erp.endpoint, port=both.standby.port)
        with closing(PostgreSQLSourceAdmin(standby, "p")) as source, closing(PostgreSQLTargetAdmin(standby, "p")) as target:
            assert ("standby", Exit.CONFIG) in {(finding.code, finding.exit) for finding in source.findings([])}
            assert ("standby", Exit.CONFIG) in {(finding.code, finding.exit) for finding in target.findings([])}
            with pytest.raises(Misconfigured, match="is a standby"):
                source.prove(start)
        awaited = replace(standby, options={"failover": "true"})
        with closing(PostgreSQLSourceAdmin(awaited, "p")) as source:
            assert ("standby", Exit.UNREACHABLE) in {(finding.code, finding.exit) for finding in source.findings([])}
        both.promote()
        assert place(erp.head()).timeline == 2
        with pytest.raises(Gap, match="the replication slot cdc_p does not exist"):
            erp.prove(start)
        with pytest.raises(Gap, match="does not exist"):
            erp.read(start)


def test_what_a_promotion_lost_is_a_gap(postgresqls):
    """A slot that was not copied, a standby that never had what the target has, a former primary that comes back. torture: B07 B02 B22"""
    erp = Erp(postgresqls)
    with closing(PostgreSQLSourceAdmin(replace(erp.endpoint, options={}), "p")) as admin:  # as an older file made it
        for statement in admin.setup([T]):
            admin.execute(statement)
    assert erp.set_up() == (['ALTER_REPLICATION_SLOT "cdc_p" (FAILOVER true)'], {"failover-standby", "failover-order"})
    assert erp.sql("select failover from pg_replication_slots") == [(True,)]
    postgresqls.attach(synchronous=False)
    erp.sql("insert into app.t values (1)")
    postgresqls.copied("cdc_p", erp.confirm)
    start = erp.head()
    assert erp.set_up() == ([], {"failover-order"})
    postgresqls.standby.stop()  # so that it never gets what follows
    erp.sql("insert into app.t values (2)")
    ahead = erp.head()
    assert erp.read(start) == [("2",)]
    postgresqls.primary.stop(signal.SIGKILL)
    postgresqls.standby.start()
    postgresqls.promote()
    here = place(erp.head())
    assert here.timeline == 2
    with pytest.raises(Gap, match="it never had changes that are on the target"):
        erp.read(ahead)
    erp.sql("insert into app.t values (3)")
    assert erp.read(start) == [("3",)]
    erp.prove(start)
    for wrong, words in [
        (replace(place(start), timeline=3), "which does not come of it"),
        (replace(here, timeline=1), "it never had changes"),
    ]:
        with pytest.raises(Gap, match=words) as caught:
            erp.prove(position(wrong))
        assert caught.value.exit is Exit.GAP
    erp.sql("select pg_drop_replication_slot('cdc_p')")
    with pytest.raises(Gap, match="does not exist"):
        erp.prove(start)
    erp.set_up()
    with pytest.raises(Gap, match="not copied from the former primary"):
        erp.prove(start)
