"""What keeps a pipeline from running: one line that says it, the statement or step that mends it, the exit code, and nothing left behind."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest
import structlog

from cdc.app.cli import invoke
from cdc.app.daemon import threads
from demo.servers import PASSWORD, MariaDB, PostgreSQL, Server, free_port, running

PAIRS = [("postgresql", "mariadb"), ("mariadb", "postgresql")]
SIDES = ["erp", "crm"]
MAPPING = """\
version: 1
mapping: item
source: item
target: item
key: [id]
columns:
  id: id
  name: name
"""
_QUICK = """
from cdc.source.postgresql import stream
stream._AUDIT = 0.2
from cdc.app.cli import main
main()
"""
"""The program with another time between two looks at the publication."""


class Make(Protocol):
    def __call__(self, source: str, target: str, *, shared: bool = False) -> Site: ...


def administer(server: Server, database: str | None = None) -> Any:
    """Connect without TLS: PyMySQL would read all of the host's certificates each time."""
    return server.connect(database or "postgres") if isinstance(server, PostgreSQL) else server.connect(database, ssl_disabled=True)


@dataclass(frozen=True)
class Login:
    """One end of the pipeline as the service file names it."""

    server: Server
    database: str
    user: str = "cdc"
    password: str = PASSWORD
    port: int | None = None

    @property
    def url(self) -> str:
        return f"{self.server.engine}://{self.user}@127.0.0.1:{self.port or self.server.port}/{self.database}"

    @property
    def postgresql(self) -> bool:
        return isinstance(self.server, PostgreSQL)

    @property
    def account(self) -> str:
        """The user as `grant` wants it."""
        return self.user if self.postgresql else f"'{self.user}'@'127.0.0.1'"

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as the server's administrator, in this database if it is there; return the last one's rows."""
        with administer(self.server, self.database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def traces(self) -> tuple[list[tuple[Any, ...]], set[Any]]:
        """Return what `cdc` has made on this server, and the sessions that are open."""
        if self.postgresql:
            made = self.sql(
                "select slot_name::text from pg_replication_slots union all select pubname::text from pg_publication"
                " union all select nspname::text from pg_namespace where nspname = 'cdc' order by 1"
            )
            sessions = self.sql(
                "select pid from pg_stat_activity where backend_type in ('client backend', 'walsender') and pid <> pg_backend_pid()"
            )
        else:
            made = self.sql("select schema_name from information_schema.schemata where schema_name = 'cdc'")
            sessions = self.sql("select id from information_schema.processlist where command <> 'Daemon' and id <> connection_id()")
        return made, {row[0] for row in sessions}


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    def errors(self) -> list[tuple[str, str]]:
        """Return what `check` says: each error's line, and its helps."""
        found: list[tuple[str, str]] = []
        for line in self.out.splitlines():
            if re.search(r": (error|warning)\[[a-z-]+\]: ", line):
                found.append((line, ""))
            elif "= help: " in line:
                found[-1] = found[-1][0], (found[-1][1] + "\n" + line.partition("= help: ")[2]).strip()
        return [(line, helps) for line, helps in found if ": error[" in line]

    def last(self) -> list[tuple[str, str]]:
        """Return the lines that `run` ends with: errors, and their hints."""
        return re.findall(r"^error: (.*)\n(?:hint: (.*)\n)?", self.err, re.MULTILINE)


def databases(source: Server, target: Server) -> dict[str, Login]:
    """Make a fresh database with a table on each server."""
    home = {name: Login(server, f"{name}{uuid4().hex[:10]}") for name, server in (("erp", source), ("crm", target))}
    for end in home.values():
        end.server.create(end.database)
        end.sql("create table item (id int primary key, name varchar(40))")
    home["erp"].sql("insert into item values (1, 'one'), (2, 'two')")
    return home


class Site:
    """A pipeline between two databases, and the commands, in this process, so that a session left open shows."""

    def __init__(self, folder: Path, home: Mapping[str, Login], capfd: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capfd = folder, capfd
        self.pipeline = f"p{uuid4().hex[:10]}"
        self.home = home
        """The administrators' logins."""
        self.ends = dict(home)
        """Those of the service file."""
        (folder / "mappings").mkdir(parents=True)
        self.mapping(MAPPING)
        self.write()

    def mapping(self, text: str, name: str = "item") -> None:
        (self.folder / "mappings" / f"{name}.yaml").write_text(text)

    def write(self, more: str = "") -> None:
        lines = ["version: 1", "databases:"]
        for name, end in self.ends.items():
            (self.folder / name).write_text(end.password)
            (self.folder / name).chmod(0o600)
            lines.append(f'  {name}: {{url: "{end.url}", password: "${{file:{name}}}"}}')
        lines += ["pipelines:", f"  {self.pipeline}: {{source: erp, target: crm, mappings: mappings}}", more]
        (self.folder / "cdc.yaml").write_text("\n".join(lines))

    def enter(self, name: str, **login: Any) -> Login:
        """Let the service file name another login at one end; what is not given stays."""
        self.ends[name] = replace(self.ends[name], **login)
        self.write()
        return self.ends[name]

    def restricted(self, name: str) -> Login:
        """Make an account that may log in and no more, and let the service file name it."""
        end = self.enter(name, user=f"u{uuid4().hex[:10]}")
        end.sql(
            f"create role {end.user} login password '{PASSWORD}'"
            if end.postgresql
            else f"create user {end.account} identified by '{PASSWORD}'"
        )
        return end

    def cdc(self, *words: str) -> Said:
        """Run a command to its end."""
        self.capfd.readouterr()
        code = invoke(["-c", str(self.folder / "cdc.yaml"), *words])
        said = Said(code, *self.capfd.readouterr())
        for text in (said.out, said.err):
            assert "Traceback" not in text
            assert "unexpected" not in text
            assert not any(end.password in text for end in self.ends.values())
        return said

    def refused(self, code: int, says: str, mend: str, *, setup: bool = True) -> str:
        """Assert that nothing runs and why; return what mends it. With `setup` the command `setup` does not run either."""
        before = self.traces()
        checked = self.cdc("check", "--connect")
        ((line, helps),) = checked.errors()
        assert (checked.code, says in line) == (code, True), line
        assert re.search(mend, helps), helps
        commands = [("run", "--once")] + [("setup",)] * setup
        for words in commands:
            ran = self.cdc(*words)
            ((error, hint),) = ran.last()
            assert (ran.code, says in error) == (code, True), error
            assert re.search(mend, hint), hint
        self.nothing_left(before)
        return helps

    def fits(self) -> None:
        checked = self.cdc("check", "--connect")
        assert (checked.code, checked.errors()) == (0, [])

    def runs(self) -> None:
        """Assert that all the source has arrives."""
        ran = self.cdc("run", "--once")
        assert ran.code == 0, ran.err
        rows = [end.sql("select id, name from item order by id") for end in self.ends.values()]
        assert rows[0] == rows[1]

    def traces(self) -> list[tuple[list[tuple[Any, ...]], set[Any]]]:
        """What is on both servers."""
        return [end.traces() for end in self.home.values()]

    def nothing_left(self, before: Sequence[tuple[list[tuple[Any, ...]], set[Any]]]) -> None:
        """Assert it; a server takes a moment to see that a session has ended."""
        deadline = time.monotonic() + 5
        while not all(made == had and sessions <= were for (made, sessions), (had, were) in zip(self.traces(), before, strict=True)):
            assert time.monotonic() < deadline, f"{before} became {self.traces()}"
            time.sleep(0.05)

    def close(self) -> None:
        self.ends = dict(self.home)
        self.write()
        for file in (self.folder / "mappings").iterdir():
            file.unlink()
        self.mapping(MAPPING)
        assert self.cdc("teardown", "--yes").code == 0


@pytest.fixture(scope="module")
def own(folder: Path) -> Iterator[dict[str, Server]]:
    """Servers that are not as a source must be, and one whose settings and log a test may spoil."""
    servers = {
        "replica": PostgreSQL(folder / "no-logical", {"fsync": "off", "wal_level": "replica"}),
        "silent": MariaDB(folder / "no-log", {"skip-log-bin": "1"}),
        "spoiled": MariaDB(folder / "spoiled"),
    }
    with running(*servers.values()):
        yield servers


@pytest.fixture(scope="module")
def untouched() -> dict[tuple[str, str], dict[str, Login]]:
    """Databases that tests share which leave nothing there, by the names of their servers."""
    return {}


@pytest.fixture
def make(
    request: pytest.FixtureRequest,
    untouched: dict[tuple[str, str], dict[str, Login]],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Make]:
    """Make a site from one server to another, with databases of its own or with `shared` ones; names are those of fixtures or of `own`."""
    made: list[Site] = []
    monkeypatch.setattr(threads, "TICK", 0.02)
    monkeypatch.setattr(threads, "_spare_the_collector", lambda: None)
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)  # they take longer than all the rest

    def site(source: str, target: str, *, shared: bool = False) -> Site:
        home = untouched.get((source, target)) if shared else None
        if home is None:
            servers = find(source), find(target)
            for server in servers:
                without_ours(server)
            home = databases(*servers)
        if shared:
            untouched[source, target] = home
        made.append(Site(tmp_path / str(len(made)), home, capfd))
        return made[-1]

    def find(name: str) -> Server:
        found: Server = request.getfixturevalue(name) if name in ("postgresql", "mariadb") else request.getfixturevalue("own")[name]
        return found

    yield site
    for each in made:
        each.close()
    structlog.reset_defaults()


def without_ours(server: Server) -> None:
    """Other tests' pipelines may have left our database on a MariaDB server."""
    if isinstance(server, MariaDB):
        with administer(server) as connection, connection.cursor() as cursor:
            cursor.execute("drop database if exists cdc")


pairs = pytest.mark.parametrize("pair", PAIRS, ids="-to-".join)
CHECK_LOGIN = "Check user and password in the service file"


@pairs
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("login", "code", "mend"),
    [
        ({"password": "canary"}, 77, CHECK_LOGIN),
        ({"user": "nobody"}, 77, CHECK_LOGIN),
        ({"port": free_port()}, 69, "Is the server up, does it listen there"),
        ({"database": "nosuch"}, 78, "Check the database's name in the service file's URL"),
    ],
    ids=["password", "user", "port", "database"],
)
def test_logins(make: Make, pair: tuple[str, str], side: str, login: dict[str, Any], code: int, mend: str) -> None:
    site = make(*pair, shared=True)
    site.enter(side, **login)
    site.refused(code, f"{side}: ", mend)


def test_a_source_without_logical_wal(make: Make) -> None:
    make("replica", "mariadb").refused(78, "wal_level is replica", r"^alter system set wal_level = 'logical'; then restart the server\.$")


def test_a_source_without_a_binary_log(make: Make) -> None:
    make("silent", "postgresql").refused(78, "log_bin is OFF", "Set log_bin in the server's configuration and restart it")


def test_a_target_needs_no_log(make: Make) -> None:
    make("postgresql", "silent").runs()
    make("mariadb", "replica").runs()


@pytest.mark.parametrize(
    ("variable", "good", "bad"),
    [("binlog_format", "ROW", "STATEMENT"), ("binlog_row_metadata", "FULL", "MINIMAL"), ("binlog_row_image", "FULL", "MINIMAL")],
)
def test_settings_of_a_binary_log(make: Make, variable: str, good: str, bad: str) -> None:
    site = make("spoiled", "postgresql")
    site.home["erp"].sql(f"set global {variable} = {bad}")
    try:
        statement = site.refused(78, f"{variable} is {bad}", f"^set global {variable} = {good};")
        site.home["erp"].sql(statement)
        site.fits()
        site.runs()
    finally:
        site.home["erp"].sql(f"set global {variable} = {good}")


def test_a_target_that_logs_statements(make: Make) -> None:
    site = make("postgresql", "spoiled")
    site.home["crm"].sql("set global binlog_format = STATEMENT")
    try:
        statement = site.refused(78, "binlog_format is STATEMENT", "^set global binlog_format = 'ROW';$")
        site.home["crm"].sql(statement)
        site.fits()
    finally:
        site.home["crm"].sql("set global binlog_format = ROW")


GRANTS = {
    ("erp", True): (
        "alter role {u} replication", "alter table item owner to {u}", "grant create on database {d} to {u}",
    ),
    ("erp", False): ("grant select on {d}.item to {u}", "grant replication slave, replication client on *.* to {u}"),
    ("crm", True): ("grant select, insert, update, delete on item to {u}", "grant create on database {d} to {u}"),
    ("crm", False): (
        "grant select, insert, update, delete on {d}.item to {u}", "grant create temporary tables on {d}.* to {u}",
        "grant all privileges on cdc.* to {u}",
    ),
}  # fmt: skip
"""(end, on PostgreSQL) → what the daemon's account needs there."""
EVERY = "select, insert, update, delete"
TAKEN = [
    ("erp", "postgresql", "alter role {u} noreplication", "the role {u} may not replicate", "alter role {u} replication;"),
    ("erp", "postgresql", "revoke select on item from {u}", "public.item: may not be read", 'grant select on "public"."item" to {u};'),
    ("erp", "postgresql", "revoke usage on schema public from public", "its schema may not be used", 'grant usage on schema "public" to {u};'),
    ("erp", "postgresql", "revoke create on database {d} from {u}", "may not create in the database", "create publication "),
    ("erp", "mariadb", "revoke select on {d}.item from {u}", "may not read {d}.item", "grant select on `{d}`.`item` to {u};"),
    ("erp", "mariadb", "revoke replication slave on *.* from {u}", "lacks replication slave", "grant replication slave on *.* to {u};"),
    ("erp", "mariadb", "revoke replication client on *.* from {u}", "lacks {m}", "grant {m} on *.* to {u};"),
    *(
        ("crm", "postgresql", f"revoke {one} on item from {{u}}", f"the role {{u}} lacks {one}", f'grant {one} on "public"."item" to {{u}};')
        for one in (*EVERY.split(", "), EVERY)
    ),
    ("crm", "postgresql", "revoke create on database {d} from {u}", "may not make the schema cdc", "create schema cdc authorization {u};"),
    (
        "crm", "postgresql", "revoke temporary on database {d} from public", "may not make temporary tables",
        "grant temporary on database {d} to {u};",
    ),
    *(
        ("crm", "mariadb", f"revoke {one} on {{d}}.item from {{u}}", f"has no {one} on {{d}}.item", f"grant {one} on `{{d}}`.`item` to {{u}};")
        for one in (*EVERY.split(", "), EVERY)
    ),
    ("crm", "mariadb", "revoke all privileges on cdc.* from {u}", "may not make the database cdc", "grant all privileges on cdc.* to {u};"),
    (
        "crm", "mariadb", "revoke create temporary tables on {d}.* from {u}", "may not make temporary tables",
        "grant create temporary tables on `{d}`.* to {u};",
    ),
]  # fmt: skip
"""(end, server, what is taken from an account that has all it needs, what is said of it, what grants it again)."""


@pytest.mark.parametrize(
    ("side", "engine", "taken", "says", "mend"), TAKEN, ids=[f"{one[0]}-{one[1]}-{at}" for at, one in enumerate(TAKEN)]
)
def test_privileges(make: Make, side: str, engine: str, taken: str, says: str, mend: str) -> None:
    other = "mariadb" if engine == "postgresql" else "postgresql"
    site = make(*((engine, other) if side == "erp" else (other, engine)))
    end, home = site.restricted(side), site.home[side]
    names = {"u": end.account, "d": end.database, "m": "replication client" if getattr(end.server, "is_mysql", False) else "binlog monitor"}
    home.sql(*(grant.format(**names) for grant in GRANTS[side, end.postgresql]))
    site.fits()
    home.sql(taken.format(**names))
    statement = site.refused(77, says.format(**names), re.escape(mend.format(**names)))
    home.sql(statement)
    site.fits()


@pairs
def test_the_statements_are_all_that_an_account_needs(make: Make, pair: tuple[str, str]) -> None:
    site = make(*pair)
    for side in SIDES:
        site.restricted(side)
    for _ in range(3):  # a privilege may be seen to be missing only when another is there
        for line, helps in (checked := site.cdc("check", "--connect")).errors():
            side = next(side for side in SIDES if f": {side}: " in line)
            site.home[side].sql(helps)
    assert (checked.code, checked.errors()) == (0, [])
    site.runs()
    site.home["erp"].sql(
        "update item set name = 'changed' where id = 1", "delete from item where id = 2", "insert into item values (3, 'new')"
    )
    site.runs()


@pairs
@pytest.mark.parametrize(
    ("old", "new", "place", "says", "mend"),
    [
        ("source: item", "source: itm", "3:9", "does not exist on the source", "did you mean '[a-z0-9]+.item'"),
        ("target: item", "target: Items", "4:9", "does not exist on the target", "did you mean '[a-z0-9]+.item'"),
        ("  name: name", "  name: nam", "8:9", "column 'nam' does not exist", "did you mean 'name'"),
        ("  name: name", "  nmae: name", "8:3", "column 'nmae' does not exist", "did you mean 'name'"),
        ("  name: name", "  name: name\nwhere: upper(nam) > 'A'", "9:14", "column 'nam' does not exist", "did you mean 'name'"),
        ("key: [id]", "key: [name]", "5:1", "has no unique index on exactly (name)", r"unique indexes there: \w+ \(id\)"),
    ],
    ids=["source", "target", "source-column", "target-column", "where", "key"],
)
def test_mappings(make: Make, pair: tuple[str, str], old: str, new: str, place: str, says: str, mend: str) -> None:
    site = make(*pair, shared=True)
    text = MAPPING.replace(old, new)
    site.mapping(text.replace("  name: name", "  name: cast(id as text)") if "key" in old else text)
    site.refused(78, says, mend)
    assert f"item.yaml:{place}: error" in site.cdc("check", "--connect").out


@pairs
def test_all_files_are_reported_at_once(make: Make, pair: tuple[str, str]) -> None:
    site = make(*pair)
    site.mapping(MAPPING.replace("  name: name", "  name: nam"))
    site.home["crm"].sql("create table other (id int primary key, name varchar(40))")
    second = MAPPING.replace("mapping: item", "mapping: second").replace("source: item", "source: itm")
    site.mapping(second.replace("target: item", "target: other"), "second")
    for words in (("check", "--connect"), ("run", "--once"), ("setup",)):
        said = site.cdc(*words)
        assert said.code == 78
        for found in ("item.yaml:8:9", "column 'nam' does not exist", "second.yaml:3:9", "itm does not exist on the source"):
            assert found in said.out + said.err


@pytest.mark.parametrize(
    ("broken", "mend"),
    [
        (["drop constraint item_pkey"], 'alter table "public"."item" replica identity full;'),
        (["replica identity nothing"], 'alter table "public"."item" replica identity default;'),
        (["drop constraint item_pkey", "add constraint u unique (id)"], 'alter table "public"."item" replica identity using index "u";'),
    ],
    ids=["no key", "nothing", "unique"],
)
def test_rows_that_postgresql_can_not_tell_apart(make: Make, broken: Sequence[str], mend: str) -> None:
    site = make("postgresql", "mariadb")
    site.home["erp"].sql(*(f"alter table item {change}" for change in broken))
    site.refused(78, "public.item: no old rows are logged", re.escape(mend))
    site.home["erp"].sql(mend)
    site.fits()


def test_rows_that_mariadb_can_not_tell_apart(make: Make) -> None:
    site = make("mariadb", "postgresql")
    table = f"`{site.home['erp'].database}`.`item`"
    site.home["erp"].sql("alter table item drop primary key")
    site.refused(78, "has no primary key", re.escape(f"alter table {table} add primary key (…);"))
    site.home["erp"].sql(f"alter table {table} add primary key (id)")
    site.fits()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ("alter publication cdc_{p} drop table item", "is not in the publication"),
        ("alter publication cdc_{p} set (publish = 'insert')", "leaves out inserts, updates, deletes or truncates"),
        ("alter publication cdc_{p} set table item where (id > 5)", "leaves out rows or columns"),
        ("drop publication cdc_{p}", "does not exist"),
    ],
    ids=["table", "operations", "rows", "all"],
)
def test_a_publication_that_lacks_something(make: Make, spoil: str, says: str) -> None:
    site = make("postgresql", "mariadb")
    assert site.cdc("setup").code == 0
    if "drop publication" not in spoil:
        site.home["erp"].sql(spoil.format(p=site.pipeline))
        assert says in site.cdc("check", "--connect").out
    site.runs()  # the first run sets up, and so mends it
    site.home["erp"].sql(spoil.format(p=site.pipeline))
    site.refused(78, says, r"`cdc setup` (mends|makes) it(.|\n)*changes are lost", setup=False)
    assert site.cdc("setup").code == 0
    if "set (publish" not in spoil:  # the publication does not tell what it published before
        site.refused(76, "left the publication and came back", "cdc resync --gap", setup=False)
        assert site.cdc("resync", "--gap", site.pipeline, "--yes").code == 0
    site.fits()
    site.runs()


def test_a_publication_that_loses_a_table_under_a_running_pipeline(make: Make) -> None:
    site = make("postgresql", "mariadb")
    command = [sys.executable, "-c", _QUICK, "-c", str(site.folder / "cdc.yaml"), "run"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        while "the pipeline streams" not in (line := process.stderr.readline()):
            assert line, "it has ended"
        site.home["erp"].sql(f"alter publication cdc_{site.pipeline} drop table item")
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    failed = json.loads(err.splitlines()[-1])
    assert (process.returncode, failed["event"], failed["exit"]) == (78, "the pipeline has failed", 78)
    assert failed["error"] == f"erp: the publication cdc_{site.pipeline} does not publish public.item"
    assert "`cdc setup`" in failed["hint"]


def _drop_slot(site: Site) -> None:
    site.home["erp"].sql(f"select pg_drop_replication_slot('cdc_{site.pipeline}')")


def _replace_slot(site: Site) -> None:
    _drop_slot(site)
    site.home["erp"].sql(
        "insert into item values (4, 'lost')", f"select pg_create_logical_replication_slot('cdc_{site.pipeline}', 'pgoutput')"
    )


def _purge(site: Site) -> None:
    site.home["erp"].sql(
        "insert into item values (4, 'lost')", "flush binary logs", "insert into item values (5, 'there')", "flush binary logs"
    )
    last = site.home["erp"].sql("show binary logs")[-1][0]
    site.home["erp"].sql(f"purge binary logs to '{last}'")


def _reset(site: Site) -> None:
    site.home["erp"].sql(site.home["erp"].server.reset, "insert into item values (4, 'lost')")


@pytest.mark.parametrize(
    ("pair", "spoil", "says"),
    [
        (("postgresql", "mariadb"), _drop_slot, "does not exist, so the log after"),
        (("postgresql", "mariadb"), _replace_slot, "what lies between is gone"),
        (("spoiled", "postgresql"), _purge, "the server has purged transactions that come after the checkpoint"),
        (("spoiled", "postgresql"), _reset, "it is another one, or it was reset"),
    ],
    ids=["slot dropped", "slot replaced", "purged", "reset"],
)
def test_a_log_that_does_not_reach_back(make: Make, pair: tuple[str, str], spoil: Callable[[Site], None], says: str) -> None:
    site = make(*pair)
    site.runs()
    spoil(site)
    site.refused(76, says, "cdc resync --gap")
    assert site.cdc("teardown", "--yes").code == 0
    assert site.cdc("setup").code == 0
    site.fits()
    site.runs()


def test_a_log_is_purged_as_far_as_it_was_read(make: Make) -> None:
    site = make("spoiled", "postgresql")
    site.home["erp"].sql("flush binary logs")
    site.runs()
    last = site.home["erp"].sql("flush binary logs", "show binary logs")[-1][0]
    site.home["erp"].sql(f"purge binary logs to '{last}'")
    site.fits()
    site.home["erp"].sql("insert into item values (4, 'new')")
    site.runs()


def test_of_several_the_one_to_mend_first_comes_first(make: Make) -> None:
    site = make("postgresql", "mariadb")
    site.runs()
    _drop_slot(site)
    closed = f'  nowhere: {{url: "postgresql://cdc@127.0.0.1:{free_port()}/x"}}'
    (site.folder / "other").mkdir()
    (site.folder / "other" / "item.yaml").write_text(MAPPING)

    def ends(*words: str) -> set[int]:
        text = (site.folder / "cdc.yaml").read_text().replace("pipelines:\n", f"{closed}\npipelines:\n")
        (site.folder / "cdc.yaml").write_text(text + "\n".join(words))
        return {site.cdc("check", "--connect").code, site.cdc("run", "--once").code}

    down = "  other: {source: nowhere, target: crm, mappings: other}\n"
    site.write()
    assert ends(down) == {76}
    site.enter("crm", password="canary")
    assert ends(down) == {77}
    site.enter("erp", database="nosuch")
    assert ends(down) == {78}
    site.ends = dict(site.home)
    site.enter("erp", port=free_port())
    assert ends(down) == {69}
