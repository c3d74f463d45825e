"""A pipeline that runs in this process while its tables change: one for many cases, each with a table and a mapping of its own."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from cdc.app.build import line
from cdc.app.cli import Options
from cdc.app.daemon.worker import Worker
from cdc.app.files import specs
from cdc.app.monitor.metrics import Meters, Metrics
from cdc.app.monitor.watch import Clock, State, Watch
from cdc.app.service import config
from cdc.mapping.files.problem import failed
from cdc.source.postgresql.names import slot_name
from demo.servers import PASSWORD, PostgreSQL, Server

SECONDS = 60.0
MAPPING = """\
version: 1
mapping: {table}
source: {source}
target: {table}
key: [id]
columns: {columns}
deletes: hard
{more}"""


class Drifting:
    """`{t}` in a statement or a mapping stands for the table of the case at hand."""

    def __init__(self, folder: Path, source: Server, target: Server) -> None:
        self.folder, self.table, self._number = folder, "", 0
        self.name = f"drift_{uuid4().hex[:8]}"
        self.names = names = {"erp": f"erp_{self.name}", "crm": f"crm_{self.name}"}
        self.servers = {"erp": source, "crm": target}
        urls = {side: server.create(names[side]) for side, server in self.servers.items()}
        self.connections: Mapping[str, Any] = {side: server.connect(names[side]) for side, server in self.servers.items()}
        (folder / "mappings").mkdir()
        lines = ["version: 1", "databases:", *(f'  {side}: {{url: "{url}", password: "{PASSWORD}"}}' for side, url in urls.items())]
        lines.append(f"pipelines: {{{self.name}: {{source: erp, target: crm, mappings: mappings}}}}")
        self.config = folder / "cdc.yaml"
        self.config.write_text("\n".join(lines) + "\n")
        self.config.chmod(0o600)
        for side, server in self.servers.items():
            if isinstance(server, PostgreSQL):
                self.sql(side, "set search_path = public")  # our user's own schema would be the program's
        if isinstance(source, PostgreSQL):
            self.sql("erp", f"create publication {slot_name(self.name)} for all tables with (publish_via_partition_root = true)")
        self.metrics = Metrics()
        self.worker: Worker | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def sql(self, side: str, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements; `begin` and `commit` are statements like others. Return the last one's rows."""
        cursor = self.connections[side].cursor()
        for statement in statements:
            text = re.sub(r"\{t\}", self.table, statement)
            cursor.execute(text)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def begins(self, source: Sequence[str], target: Sequence[str], columns: str, more: str = "") -> str:
        """Begin a case: make its tables and its mapping; return their name. Cases before it go on being followed."""
        self._number += 1
        self.table = f"t{self._number}"
        self.sql("erp", *source)
        self.sql("crm", *target)
        self.mapping(columns, more)
        return self.table

    def forgets(self) -> None:
        """Follow no table any more."""
        for file in (self.folder / "mappings").iterdir():
            file.unlink()

    def mapping(self, columns: str, more: str = "", table: str = "{t}") -> None:
        text = MAPPING.format(columns=columns, more=more, source=table, table="{t}")
        (self.folder / "mappings" / f"{self.table}.yaml").write_text(text.replace("{t}", self.table))

    def start(self) -> None:
        """Go on from the checkpoint."""
        settings, problems = config.load(self.config)
        assert settings is not None, problems
        assert not failed(problems), problems
        pipeline = settings.pipelines[self.name]
        watch = Watch(self.name, Clock())
        self.metrics = Metrics()
        meters = Meters(self.metrics, watch, source="erp", target="crm", mappings=[spec.name for spec in pipeline.specs])
        reread = partial(specs, Options(self.config, verbose=False, color=False), self.name)
        self.worker = Worker(line(pipeline), watch, meters, once=False, reread=reread)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.worker.work, args=(self._stop,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(SECONDS)
            assert not self._thread.is_alive()

    @property
    def watch(self) -> Watch:
        assert self.worker is not None
        return self.worker.watch

    def rows(self) -> list[tuple[Any, ...]]:
        return sorted(self.sql("crm", "select * from {t}"), key=repr)

    def arrives(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Wait until the target holds these rows."""
        self.until(lambda: self.rows() == sorted(rows, key=repr), lambda: f"the target has {self.rows()}, not {rows}")

    def waits(self, said: str) -> None:
        """Wait until the pipeline stands and says so."""

        def stands() -> bool:
            error = self.watch.error
            return error is not None and re.search(said, str(error)) is not None

        self.until(stands, lambda: f"no error of {said!r}")
        assert self.watch.state in (State.BACKOFF, State.FAILED)

    def drift(self) -> float | None:
        return self.metrics.registry.get_sample_value("cdc_schema_drift", {"pipeline": self.name, "mapping": self.table})

    def until(self, true: Any, what: Any) -> None:
        deadline = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < deadline, f"{what()}; {self.watch.state.value}, {self.watch.error!r}"
            time.sleep(0.01)

    def close(self) -> None:
        self.stop()
        if self.worker is not None:
            with self.worker.line.admins() as admins:
                for admin in admins:
                    for statement in admin.teardown():
                        admin.execute(statement)
        for connection in self.connections.values():
            with closing(connection):
                pass
