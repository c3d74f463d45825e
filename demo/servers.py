"""Private PostgreSQL and MariaDB servers: own data directory, own free port, stopped by pid. Never one that happens to run here."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import psycopg
import pymysql

PASSWORD = "secret"
SYSTEM = Path("/")
"""The programs that are installed. Another folder is the root of an unpacked server (`.ci/servers`)."""


class MissingServerError(Exception):
    """A server program is not installed; the text says which package has it."""


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class PostgreSQL:
    """A private PostgreSQL server. Superuser `cdc`, password `secret`; TCP needs the password."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    root: Path = field(default_factory=lambda: Path(os.environ.get("CDC_POSTGRESQL", SYSTEM)))

    engine = "postgresql"
    written = "select pg_snapshot_xmax(pg_current_snapshot())::text"
    """A query whose answer changes with every transaction that writes."""

    def start(self) -> PostgreSQL:
        if not (self.folder / "data").exists():
            self._initialise()
        given = {
            "wal_level": "logical", "max_wal_senders": "30", "max_replication_slots": "30", "fsync": "on", "port": str(self.port),
            "listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder), "max_connections": "100",
            "wal_sender_timeout": "60s", "timezone": "Asia/Tokyo", "datestyle": "German", "shared_buffers": "128MB", **self.settings,
        }  # fmt: skip
        options = [part for key, text in given.items() for part in ("-c", f"{key}={text}")]
        self.process = _spawn([self.program("postgres"), "-D", str(self.folder / "data"), *options], self.folder / "log", _pg_user())
        _wait(self, self.connect)
        return self

    def program(self, name: str) -> str:
        """Return one of the programs that belong to the server, such as `pg_dump`."""
        newest = sorted(self.root.glob(f"usr/lib/postgresql/*/bin/{name}"), key=lambda path: float(path.parts[-3]))
        if newest:
            return str(newest[-1])
        return _program(name, "postgresql") if self.root == SYSTEM else str(self.root / "usr/bin" / name)

    def _initialise(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        user = _pg_user()
        if user:
            shutil.chown(self.folder, user)
            shutil.chown(secret, user)
        command = [self.program("initdb"), "-D", str(self.folder / "data"), "-U", "cdc", "-A", "scram-sha-256", f"--pwfile={secret}",
                   "--encoding=UTF8", "--locale=C", "--no-sync"]  # fmt: skip
        _run(command, user, self.folder)

    def connect(self, database: str = "postgres", **options: Any) -> psycopg.Connection:
        return psycopg.connect(host="127.0.0.1", port=self.port, user="cdc", password=PASSWORD, dbname=database, autocommit=True, **options)

    def create(self, database: str) -> str:
        """Make a database and return its URL without the password."""
        with self.connect() as connection:
            connection.execute(f'create database "{database}"')
        return self.url(database)

    def url(self, database: str) -> str:
        return f"postgresql://cdc@127.0.0.1:{self.port}/{quote(database)}"

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: SIGINT is PostgreSQL's fast shutdown, SIGKILL a crash."""
        _stop(self.process, how)
        self.process = None


@dataclass
class MariaDB:
    """A private MariaDB server, or MySQL where `root` has that one, set as `cdc` needs a source. User `cdc`, password `secret`, all privileges."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    root: Path = field(default_factory=lambda: Path(os.environ.get("CDC_MYSQL", SYSTEM)))

    engine = "mysql"

    def start(self) -> MariaDB:
        if not (self.folder / "data").exists():
            self._initialise()
        given = {
            "server-id": str(1 + self.port), "log-bin": "binlog", "binlog-format": "ROW", "binlog-row-image": "FULL", "binlog-row-metadata": "FULL",
            "innodb-buffer-pool-size": "128M", "max-allowed-packet": "64M", "character-set-server": "utf8mb4", "skip-name-resolve": "1",
            "sync-binlog": "1", "innodb-flush-log-at-trx-commit": "1", "performance-schema": "0", "default-time-zone": "+09:00",
            **(_MYSQL if self.is_mysql else _MARIADB), **self._tls, **self.settings,
        }  # fmt: skip
        options = [f"--{key}={text}" for key, text in given.items()]
        command = [*self._server(), f"--socket={self.socket}", f"--port={self.port}", "--bind-address=127.0.0.1", f"--pid-file={self.folder}/pid",
                   *options]  # fmt: skip
        self.socket.unlink(missing_ok=True)
        self.process = _spawn(command, self.folder / "log", None)
        _wait(self, self._first_answer)
        self._grant()
        return self

    @property
    def is_mysql(self) -> bool:
        return self.root != SYSTEM and not (self.root / "usr/sbin/mariadbd").exists()

    @property
    def _tls(self) -> Mapping[str, str]:
        """Without a certificate of ours, no TLS with one that newer servers make for themselves: a proxy before any server sees what passes."""
        if "ssl-cert" in self.settings:
            return {}
        return {"tls-version": ""} if self.is_mysql else {"ssl": "0"}

    @property
    def written(self) -> str:
        """A query whose answer changes with every transaction that writes."""
        return "select @@gtid_executed" if self.is_mysql else "select @@gtid_binlog_pos"

    @property
    def reset(self) -> str:
        """The statement that empties the binary log and begins it anew."""
        return "reset binary logs and gtids" if self.is_mysql else "reset master"

    def _server(self) -> list[str]:
        """Return the server's program with what both making and running its data need."""
        if self.root == SYSTEM:
            program, where = _program("mariadbd", "mariadb-server-core"), []
        else:
            share = "mysql-8.0" if (self.root / "usr/share/mysql-8.0").exists() else "mysql"
            program = str(self.root / "usr/sbin" / ("mysqld" if self.is_mysql else "mariadbd"))
            where = [f"--basedir={self.root}/usr", f"--lc-messages-dir={self.root}/usr/share/{share}"]
        return [program, "--no-defaults", f"--datadir={self.folder}/data", f"--tmpdir={self._temporary}", *where, *_as_root()]

    @property
    def socket(self) -> Path:
        return self.folder / "sock"

    @property
    def _temporary(self) -> Path:
        """Of its own: servers that are made at the same time use the same names for temporary tables, and crash (MariaDB 10.11)."""
        return self.folder / "tmp"

    def _first_answer(self) -> pymysql.connections.Connection[Any]:
        """Ask only when there is somebody to ask: PyMySQL forgets to close a socket that does not connect."""
        if not self.socket.exists():
            raise pymysql.err.OperationalError(2002, "no socket yet")
        return pymysql.connect(unix_socket=str(self.socket), user="root")

    def _initialise(self) -> None:
        self._temporary.mkdir(parents=True, exist_ok=True)
        if self.is_mysql:
            _run([*self._server(), "--initialize-insecure", "--secure-file-priv="], None, self.folder)
            return
        installs = (
            str(self.root / "usr/bin/mariadb-install-db") if self.root != SYSTEM else _program("mariadb-install-db", "mariadb-server-core")
        )
        where = [] if self.root == SYSTEM else [f"--basedir={self.root}/usr"]
        command = [installs, "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", f"--datadir={self.folder}/data",
                   f"--tmpdir={self._temporary}", *where, *_as_root()]  # fmt: skip
        _run(command, None, self.folder)

    def _grant(self) -> None:
        with pymysql.connect(unix_socket=str(self.socket), user="root") as connection, connection.cursor() as cursor:
            cursor.execute("set sql_log_bin = 0")
            cursor.execute(f"create user if not exists cdc@'127.0.0.1' identified by '{PASSWORD}'")
            cursor.execute("grant all on *.* to cdc@'127.0.0.1' with grant option")

    def connect(self, database: str | None = None, **options: Any) -> pymysql.connections.Connection[Any]:
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="cdc", password=PASSWORD, database=database, autocommit=True, **options
        )

    def create(self, database: str) -> str:
        """Make a database and return its URL without the password."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"create database `{database}`")
        return self.url(database)

    def url(self, database: str) -> str:
        return f"mysql://cdc@127.0.0.1:{self.port}/{quote(database)}"

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop: SIGTERM is a clean shutdown, SIGKILL a crash."""
        _stop(self.process, how)
        self.process = None


_MARIADB = {"gtid-strict-mode": "1", "log-slave-updates": "1", "innodb-log-file-size": "96M"}
_MYSQL = {"gtid-mode": "ON", "enforce-gtid-consistency": "ON", "secure-file-priv": "", "mysqlx": "OFF"}

Server: TypeAlias = PostgreSQL | MariaDB


@contextmanager
def running(*servers: Server) -> Iterator[None]:
    """Start the servers and stop them at the end, whatever happens."""
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in servers:
            server.stop()


def _run(command: Sequence[str], user: str | None, folder: Path) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, user=user, cwd=folder, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed with {done.returncode}:\n{done.stdout[-2000:]}")


def _spawn(command: Sequence[str], log: Path, user: str | None) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, user=user, cwd=log.parent, start_new_session=True
        )


def _stop(process: subprocess.Popen[bytes] | None, how: signal.Signals) -> None:
    if process is None or process.poll() is not None:
        return
    for signalled in (
        how,
        signal.SIGQUIT,
        signal.SIGKILL,
    ):  # a client that has vanished holds up a shutdown; SIGQUIT takes a server's children along
        process.send_signal(signalled)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
            return
    process.wait()


def _wait(server: PostgreSQL | MariaDB, connect: Any) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            connect().close()
        except (psycopg.OperationalError, pymysql.MySQLError):
            if server.process is None or server.process.poll() is not None or time.monotonic() > deadline:
                tail = (server.folder / "log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{type(server).__name__} did not start:\n{tail}") from None
            time.sleep(0.05)
        else:
            return


def _program(name: str, package: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/usr/libexec")
    if not found:
        raise MissingServerError(f"{name} is not installed; on Debian or Ubuntu: apt-get install {package}")
    return found


def _pg_user() -> str | None:
    """PostgreSQL refuses to run as root: then it runs as the package's own user."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return "nobody"


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []
