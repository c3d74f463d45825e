"""The demo's stage: two private servers with a filled ERP and a filled CRM, a service file, all of it in one temporary folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pymysql
from pymysql.connections import Connection

from demo import crm, erp
from demo.interrupt import undisturbed
from demo.servers import PASSWORD, MariaDB, PostgreSQL, free_port

ERP, CRM = "erp", "crm"
"""The databases' names."""
DAEMON = "cdc"
"""The daemon's login on both servers."""
_MAPPINGS = Path(__file__).parents[1] / "mappings"


@dataclass(frozen=True)
class Stage:
    folder: Path
    postgresql: PostgreSQL
    mariadb: MariaDB
    metrics_port: int
    cleanup: ExitStack

    @property
    def config(self) -> Path:
        return self.folder / "cdc.yaml"

    def erp(self, user: str = erp.APPLICATION, *, autocommit: bool = True) -> psycopg.Connection:
        """Connect to the ERP's database, as one of its users unless told otherwise."""
        return psycopg.connect(host="127.0.0.1", port=self.postgresql.port, user=user, password=PASSWORD, dbname=ERP, autocommit=autocommit,
                               options="-c datestyle=ISO -c timezone=UTC")  # fmt: skip

    def crm(self, user: str = crm.APPLICATION, *, autocommit: bool = True) -> Connection[Any]:
        """Connect to the CRM's database, as one of its users unless told otherwise."""
        return pymysql.connect(host="127.0.0.1", port=self.mariadb.port, user=user, password=PASSWORD, database=CRM, autocommit=autocommit,
                               charset="utf8mb4")  # fmt: skip

    def fill(self) -> tuple[dict[str, int], dict[str, int]]:
        """Make and fill both databases; return how many rows the tables of the ERP and of the CRM hold."""
        self.postgresql.create(ERP)
        self.mariadb.create(CRM)
        with self.erp(DAEMON) as on_erp, self.crm(DAEMON) as on_crm:
            erp.create(on_erp, PASSWORD)
            crm.create(on_crm, CRM, PASSWORD)
            return erp.seed(on_erp), crm.seed(on_crm)

    def keep(self) -> None:
        """Leave all of it as it is when the stage is left."""
        self.cleanup.pop_all()

    def write_config(self) -> str:
        """Write the service file, and return its text."""
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o600)
        text = f"""\
version: 1
databases:
  erp: {{url: "{self.postgresql.url(ERP)}", password: "${{file:{password}}}"}}
  crm: {{url: "{self.mariadb.url(CRM)}", password: "${{file:{password}}}", time_zone: UTC}}
pipelines:
  erp_to_crm: {{source: erp, target: crm, mappings: {_MAPPINGS / "erp_to_crm"}}}
  crm_to_erp: {{source: crm, target: erp, mappings: {_MAPPINGS / "crm_to_erp"}}}
metrics: {{listen: "127.0.0.1:{self.metrics_port}"}}
"""
        self.config.write_text(text)
        return text


@contextmanager
def stage() -> Iterator[Stage]:
    """Start both servers in a folder of their own; stop them and remove the folder at the end, whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="cdc-demo-"))
    folder.chmod(0o755)  # PostgreSQL runs as a user of its own when root starts us
    cleanup = ExitStack()
    try:
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        here = Stage(folder, PostgreSQL(folder / "postgresql"), MariaDB(folder / "mariadb"), free_port(), cleanup)
        cleanup.callback(here.postgresql.stop)
        cleanup.callback(here.mariadb.stop)
        with ThreadPoolExecutor() as both:
            started = both.submit(here.postgresql.start)
            both.submit(here.mariadb.start).result()
            started.result()
        yield here
    finally:
        with undisturbed():
            cleanup.close()
