"""The servers' own replication, as the anchor of every ratio: a PostgreSQL subscription, a MariaDB replica with one applier."""

from __future__ import annotations

import time

from bench.workload import TABLE, execute
from demo.servers import PASSWORD, MariaDB, PostgreSQL


class PostgreSQLNative:
    """A subscription on the target's database; its slot stands on the source from the beginning and is read when started."""

    def __init__(self, source: PostgreSQL, source_database: str, target: PostgreSQL, target_database: str) -> None:
        self.source, self.source_database = source, source_database
        self.target, self.target_database = target, target_database

    def prepare(self) -> None:
        execute(
            self.source,
            self.source_database,
            f"create publication native for table {TABLE}",
            "select pg_create_logical_replication_slot('native', 'pgoutput')",
        )

    def start(self) -> None:
        where = f"host=127.0.0.1 port={self.source.port} dbname={self.source_database} user=cdc password={PASSWORD}"
        execute(
            self.target,
            self.target_database,
            f"create subscription native connection '{where}' publication native with (create_slot = false, slot_name = 'native', copy_data = false)",
        )

    def stop(self) -> None:
        execute(
            self.target,
            self.target_database,
            "alter subscription native disable",
            "alter subscription native set (slot_name = none)",
            "drop subscription native",
        )
        deadline = time.monotonic() + 10
        while execute(self.source, None, "select 1 from pg_replication_slots where slot_name = 'native' and active"):
            if time.monotonic() > deadline:
                raise TimeoutError("the native slot is still in use")
            time.sleep(0.1)
        execute(self.source, None, "select pg_drop_replication_slot('native')")


class MariaDBNative:
    """A replica with the same durability as the source, by default with one applier (`slave_parallel_threads = 0`)."""

    def __init__(self, source: MariaDB, source_database: str, target: MariaDB, appliers: int = 0) -> None:
        self.source, self.source_database, self.target, self.appliers = source, source_database, target, appliers
        self.position = ""

    def prepare(self) -> None:
        """Remember where the source's log stands."""
        file, offset, *_ = execute(self.source, None, "show master status")[0]
        self.position = f"master_log_file = '{file}', master_log_pos = {offset}"

    def start(self) -> None:
        where = f"master_host = '127.0.0.1', master_port = {self.source.port}, master_user = 'cdc', master_password = '{PASSWORD}'"
        execute(
            self.target,
            None,
            "set global gtid_strict_mode = 0",
            f"set global slave_parallel_threads = {self.appliers}",
            f"set global replicate_do_db = '{self.source_database}'",
            f"change master to {where}, {self.position}, master_use_gtid = no, master_ssl = 0, master_ssl_verify_server_cert = 0",
            "start slave",
        )

    def stop(self) -> None:
        execute(self.target, None, "stop slave", "reset slave all", "set global replicate_do_db = ''")
