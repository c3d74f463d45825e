"""pg_chameleon: MySQL or MariaDB into PostgreSQL, by way of a log of rows in JSON in the target's database, which a function there replays."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import yaml

from bench.peers.peer import Peer, Way, unprivileged
from bench.peers.process import Process, ran
from bench.workload import TABLE
from demo.servers import PASSWORD

_SOURCE, _SCHEMA = "erp", "copied"


class Chameleon(Peer):
    name, pairs = "pg_chameleon", ("my-pg",)
    table = f"{_SCHEMA}.{TABLE}"

    def __init__(self, folder: Path, way: Way) -> None:
        super().__init__(folder, way)
        self.environment = {**os.environ, "HOME": str(folder)}
        self.user = unprivileged()

    def prepare(self) -> None:
        self.way.target.create(self.way.target_database)
        own = self.folder / ".pg_chameleon"
        for name in ("configuration", "logs", "pid"):
            (own / name).mkdir(parents=True)
        (own / "configuration/default.yml").write_text(yaml.safe_dump(self._configuration(own)))
        if self.user:
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, self.user)
        for words in (("create_replica_schema",), ("add_source", "--source", _SOURCE), ("init_replica", "--source", _SOURCE)):
            ran(self._command(*words), folder=self.folder, environment=self.environment, user=self.user)

    def begin(self) -> Process:
        return Process(self._command("start_replica", "--source", _SOURCE), self.folder / "log", self.environment, self.user)

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop(signal.SIGINT)

    def _command(self, *words: str) -> list[str]:
        return [f"{self.home()}/bin/python", f"{self.home()}/bin/chameleon.py", *words]

    def _configuration(self, own: Path) -> dict[str, object]:
        source, target = self.way.source, self.way.target
        return {
            "pid_dir": str(own / "pid"), "log_dir": str(own / "logs"), "log_dest": "stdout", "log_level": "info", "log_days_keep": 1,
            "rollbar_key": "", "rollbar_env": "", "fillfactor": {},
            "type_override": {"tinyint(1)": {"override_to": "boolean", "override_tables": ["*"]}},
            "pg_conn": {"host": "127.0.0.1", "port": str(target.port), "user": "cdc", "password": PASSWORD,
                        "database": self.way.target_database, "charset": "utf8"},
            "sources": {_SOURCE: {
                "db_conn": {"host": "127.0.0.1", "port": str(source.port), "user": "cdc", "password": PASSWORD,
                            "charset": "utf8mb4", "connect_timeout": 10},
                "type": "mysql", "my_server_id": 7002, "schema_mappings": {self.way.source_database: _SCHEMA},
                "limit_tables": [f"{self.way.source_database}.{TABLE}"], "skip_tables": [], "grant_select_to": [],
                "replica_batch_size": 10_000, "replay_max_rows": 10_000, "batch_retention": "1 day", "sleep_loop": 1,
                "lock_timeout": "120s", "copy_max_memory": "300M", "copy_mode": "file", "out_dir": str(self.folder),
                "on_error_replay": "exit", "on_error_read": "exit", "auto_maintenance": "disabled", "gtid_enable": False,
                "keep_existing_schema": False, "net_read_timeout": 600,
            }},
        }  # fmt: skip
